// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/byd_registers.h"

#include <algorithm>
#include <array>

namespace cw::byd {
namespace {

struct Asked {
  const Told& told;
  const InverterOptions& options;
  State state;

  const BankRequest& request() const { return told.request(); }
  const BankMeasured& measured() const { return told.request().measured; }
};

using Value = std::optional<std::int64_t>;

constexpr std::int64_t kPowerMost = 30'000;  // W
constexpr std::int64_t kSocLeast = 100;      // 0.01 %: a real box never tells less than 1 %

Value energy_Wh(const Asked& asked, const std::optional<MilliampHours>& charge) {
  if (!charge) return std::nullopt;
  return std::int64_t{charge->count} * asked.request().nominal_voltage.count / 1'000'000;
}

/// A limit as power at the voltage there is, rounded down.
Value power_W(const Asked& asked, Milliamps limit, bool enabled) {
  if (!asked.measured().voltage) return std::nullopt;
  if (!enabled) return 0;
  const std::int64_t power =
      std::int64_t{limit.count} * asked.measured().voltage->count / 1'000'000;
  return std::clamp<std::int64_t>(power, 0, kPowerMost);
}

Value zero(const Asked&) { return 0; }
Value state(const Asked& asked) { return static_cast<std::int64_t>(asked.state); }
Value idle(const Asked&) { return 128; }
Value soc(const Asked& asked) {
  if (!asked.measured().soc) return std::nullopt;
  return std::max<std::int64_t>(asked.measured().soc->count, kSocLeast);
}
Value total(const Asked& asked) { return energy_Wh(asked, asked.measured().capacity); }
Value remaining(const Asked& asked) { return energy_Wh(asked, asked.measured().remaining); }
Value discharge_power(const Asked& asked) {
  return power_W(asked, asked.request().discharge_current.value, asked.request().discharge_enabled);
}
// There is no charge voltage that moves: at the one in force charging ends.
Value charge_power(const Asked& asked) {
  const BankRequest& request = asked.request();
  if (!asked.measured().voltage) return std::nullopt;
  const bool full = *asked.measured().voltage >= request.charge_voltage.value;
  return power_W(asked, request.charge_current.value, request.charge_enabled && !full);
}
Value inner_voltage(const Asked& asked) {
  const auto& voltage = asked.measured().voltage;
  return voltage ? Value{voltage->count / 100} : std::nullopt;
}
Value outer_voltage(const Asked& asked) {
  return asked.state == State::active ? inner_voltage(asked) : 0;
}
Value power(const Asked& asked) {  // charging is negative
  const BankMeasured& measured = asked.measured();
  if (!measured.voltage || !measured.current) return std::nullopt;
  const std::int64_t charging =
      std::int64_t{measured.voltage->count} * measured.current->count / 1'000'000;
  return std::clamp<std::int64_t>(-charging, -32'768, 32'767);
}
Value coldest(const Asked& asked) {
  const auto& extreme = asked.measured().temperature_min;
  return extreme ? Value{extreme->value.count} : std::nullopt;
}
Value hottest(const Asked& asked) {
  const auto& extreme = asked.measured().temperature_max;
  return extreme ? Value{extreme->value.count} : std::nullopt;
}
Value device_temperature(const Asked& asked) {
  const auto& temperature = asked.measured().temperature;
  return temperature ? Value{temperature->count} : std::nullopt;
}
// Boards that tell no health have nothing to say against it.
Value health(const Asked& asked) {
  return asked.measured().soh.value_or(CentiPercent{10'000}).count;
}
Value highest(const Asked& asked) { return highest_voltage(asked.told).count / 100; }
Value lowest(const Asked& asked) {
  return (asked.request().discharge_voltage.value.count + 99) / 100;
}

/// `count` registers: a text, a fixed number, or a value.
struct Row {
  std::uint16_t address;
  std::uint16_t count;
  std::string_view text{};
  std::uint16_t fixed = 0;
  Value (*value)(const Asked&) = nullptr;
};

// clang-format off
constexpr auto kRows = std::to_array<Row>({
    {100, 1, {}, 0x5349}, {101, 1, {}, 1},
    {102, 16, "BYD"},
    {118, 16, "BYD Battery-Box Premium HV"},
    {134, 8, "5.0"}, {142, 8, "3.16"},
    {150, 16, "CELLWARDEN"},
    {166, 1, {}, 1}, {167, 1},
    {200, 2},
    {202, 1, {}, 0, total},
    {203, 1, {}, 0x2800}, {204, 1, {}, 0x2800},
    {205, 1, {}, 0, highest},  // 0.1 V
    {206, 1, {}, 0, lowest},
    {207, 1, {}, 0x3400}, {208, 1, {}, 10}, {209, 1, {}, 0x3400}, {210, 1, {}, 10},
    {211, 2},
    {300, 1, {}, 0, state},
    {301, 1, {}, 0, zero},
    {302, 1, {}, 0, idle},
    {303, 1, {}, 0, soc},               // 0.01 %
    {304, 1, {}, 0, total},             // Wh
    {305, 1, {}, 0, remaining},
    {306, 1, {}, 0, discharge_power},   // W
    {307, 1, {}, 0, charge_power},
    {308, 1, {}, 0, outer_voltage},     // 0.1 V
    {309, 1, {}, 0, power},             // W
    {310, 1, {}, 0, inner_voltage},
    {311, 1, {}, 0, power},
    {312, 1, {}, 0, coldest},           // 0.1 °C
    {313, 1, {}, 0, hottest},
    {314, 8},                           // energies in Wh over its life: not counted
    {322, 1, {}, 0, device_temperature},
    {323, 1, {}, 0, health},            // 0.01 %
});
// clang-format on

// Rows follow one another without gaps but for those between blocks.
std::size_t end_of_block(std::size_t row) {
  while (row + 1 < kRows.size() && kRows[row + 1].address == kRows[row].address + kRows[row].count)
    ++row;
  return kRows[row].address + kRows[row].count;
}

const Row* find(std::uint16_t address) {
  const auto row = std::ranges::find_if(
      kRows, [&](const Row& r) { return address >= r.address && address < r.address + r.count; });
  return row == kRows.end() ? nullptr : &*row;
}

Value value_at(const Row& row, std::uint16_t address, const Asked& asked) {
  if (row.value != nullptr) return row.value(asked);
  if (row.text.empty()) return row.fixed;
  const std::size_t at = 2U * std::size_t{static_cast<std::uint16_t>(address - row.address)};
  const auto letter = [&](std::size_t i) -> std::int64_t {
    return i < row.text.size() ? static_cast<unsigned char>(row.text[i]) : 0;
  };
  return letter(at) << 8 | letter(at + 1);
}

}  // namespace

std::size_t readable(std::uint16_t address) {
  const Row* const row = find(address);
  if (row == nullptr) return 0;
  return end_of_block(static_cast<std::size_t>(row - kRows.data())) - address;
}

bool read(const Told& told, const InverterOptions& options, State state, std::uint16_t address,
          std::span<std::uint16_t> values) {
  const Asked asked{told, options, state};
  for (std::uint16_t& out : values) {
    const Row* const row = find(address);
    const Value value = row == nullptr ? std::nullopt : value_at(*row, address, asked);
    if (!value) return false;
    out = static_cast<std::uint16_t>(std::clamp<std::int64_t>(*value, -32'768, 0xFFFF));
    ++address;
  }
  return true;
}

Millivolts highest_voltage(const Told& told) {
  return std::max(told.request().charge_voltage_most, told.request().charge_voltage.value);
}

bool too_large(const Told& told) {
  const auto& capacity = told.request().measured.capacity;
  return capacity && std::int64_t{capacity->count} * told.request().nominal_voltage.count >
                         std::int64_t{0xFFFF} * 1'000'000;
}

}  // namespace cw::byd
