// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/growatt_rs485.h"

#include <algorithm>
#include <array>

#include "bridge/inverter/rtu_battery.h"
#include "bridge/inverter/told.h"

namespace cw {
namespace {

constexpr std::uint8_t kUnit = 1;
constexpr std::uint16_t kFirst = 0x10;
constexpr std::uint16_t kFirstSure = 0x13;  // inverters read from here
constexpr std::uint16_t kLastSure = 0x1E;
constexpr std::uint16_t kLast = 0x21;

using Value = std::optional<std::int32_t>;

std::int32_t as_signed_word(std::int32_t value) { return std::clamp(value, -32'768, 32'767); }
std::int32_t as_word(std::int32_t value) { return std::clamp(value, 0, 0xFFFF); }

Value status(const Told& told) {
  const BankRequest& request = told.request();
  constexpr std::int32_t kStandby = 1, kCharging = 2, kDischarging = 3, kFlows = 200;  // mA
  const std::int32_t current = request.measured.current.value_or(Milliamps{}).count;
  const std::int32_t state = current > kFlows    ? kCharging
                             : current < -kFlows ? kDischarging
                                                 : kStandby;
  const bool error = request.alarms.any() && !request.discharge_enabled;
  return state | (error ? 1 << 2 : 0) | (request.discharge_enabled ? 1 << 5 : 0) |
         (request.charge_enabled ? 1 << 6 : 0);
}
// Which bit means what nobody knows.
Value errors(const Told&) { return 0; }
Value soc(const Told& told) {
  const auto& soc = told.request().measured.soc;
  return soc ? Value{soc->count / 100} : std::nullopt;
}
Value voltage(const Told& told) {
  const auto& voltage = told.request().measured.voltage;
  return voltage ? Value{as_word(voltage->count / 10)} : std::nullopt;
}
Value current(const Told& told) {
  const auto& current = told.request().measured.current;
  return current ? Value{as_signed_word(current->count / 10)} : std::nullopt;
}
Value temperature(const Told& told) {
  const auto& temperature = told.request().measured.temperature;
  return temperature ? Value{temperature->count} : std::nullopt;
}
Value charge_current(const Told& told) {
  return as_word(told.request().charge_current.value.count / 10);
}
Value charge_in(const std::optional<MilliampHours>& charge) {
  return charge ? Value{as_word(charge->count / 10)} : std::nullopt;
}
Value remaining(const Told& told) { return charge_in(told.request().measured.remaining); }
Value capacity(const Told& told) { return charge_in(told.request().measured.capacity); }
Value nothing(const Told&) { return 0; }
Value cell_difference(const Told& told) {
  const BankMeasured& measured = told.request().measured;
  if (!measured.cell_max || !measured.cell_min) return std::nullopt;
  return (measured.cell_max->value - measured.cell_min->value).count;
}
Value cycles(const Told& told) { return told.request().measured.cycles.value_or(Count{}).count; }
// Boards that tell no health have nothing to say against it.
Value health(const Told& told) {
  return told.request().measured.soh.value_or(CentiPercent{10'000}).count / 100;
}
Value charge_voltage(const Told& told) {
  return as_word(told.request().charge_voltage.value.count / 10);
}

/// `sure`: seen to work. What is not reads 0, and is told only if the operator says so.
struct Row {
  bool sure;
  Value (*value)(const Told&);
};
constexpr std::array<Row, kLast - kFirst + 1> kRows = {{
    {false, current},          // 0x10 gauge current, 10 mA
    {false, nothing},          // 0x11 date
    {false, nothing},          // 0x12 time
    {true, status},            // 0x13
    {true, errors},            // 0x14
    {true, soc},               // 0x15 %
    {true, voltage},           // 0x16 10 mV
    {true, current},           // 0x17 10 mA
    {false, temperature},      // 0x18 0.1 °C; one reader takes whole degrees
    {true, charge_current},    // 0x19 10 mA
    {true, remaining},         // 0x1A 10 mAh
    {true, capacity},          // 0x1B 10 mAh
    {false, nothing},          // 0x1C version
    {false, cell_difference},  // 0x1D mV
    {true, cycles},            // 0x1E
    {false, nothing},          // 0x1F
    {false, health},           // 0x20 %
    {false, charge_voltage},   // 0x21 10 mV
}};

class GrowattRegisters final : public RtuMap {
 public:
  explicit GrowattRegisters(const InverterOptions& options)
      : RtuMap(options, kUnit), unconfirmed_(options.unconfirmed), told_(options) {}

  void tell(const Picture& picture, Instant now) override { told_.take(picture, now); }
  void stop() override { told_.end(); }
  const BankRequest* told() const override { return &told_.request(); }
  bool silent(Instant now) const override { return told_.silent(now); }

  std::size_t readable(std::uint16_t address) const override {
    const std::uint16_t first = unconfirmed_ ? kFirst : kFirstSure;
    const std::uint16_t last = unconfirmed_ ? kLast : kLastSure;
    return address < first || address > last ? 0U : last - address + 1U;
  }

  bool read(std::uint16_t address, std::span<std::uint16_t> values, Instant /*now*/) override {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Row& row = kRows[address - kFirst + i];
      const Value value = row.sure || unconfirmed_ ? row.value(told_) : 0;
      if (!value) return false;
      values[i] = static_cast<std::uint16_t>(*value);
    }
    return true;
  }

  std::string_view complaint(Instant /*now*/) const override {
    const auto& capacity = told_.request().measured.capacity;
    if (capacity && capacity->count / 10 > 0xFFFF)
      return "this protocol tells no more than 655.35 Ah";
    return {};
  }

 private:
  bool unconfirmed_;
  Told told_;
};

}  // namespace

std::unique_ptr<InverterProtocol> make_growatt_rs485(const InverterOptions& options) {
  return make_rtu_battery(std::make_unique<GrowattRegisters>(options));
}

}  // namespace cw
