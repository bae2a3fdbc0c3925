// SPDX-License-Identifier: Apache-2.0
// What we tell in each protocol against readers that were written from the papers alone: the
// numbers agree within the resolution of the protocol, and no limit grows on its way.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "bridge/inverter/inverter_protocol.h"
#include "drivers/protocol/can_frame.h"
#include "simulator/inverter_reader.h"
#include "tests/unit/inverter_bank.h"

namespace cw::simulator {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// What gets lost on the way.
struct Resolution {
  std::string_view name;
  std::int32_t voltage_mV = 100;
  std::int32_t current_mA = 100;
  bool lowest_voltage = true;
  bool discharge_current = true;
  bool force = true;
};
constexpr Resolution kCoarse[] = {
    {.name = "sma-can", .force = false},
    {.name = "goodwe-can", .force = false},
    {.name = "growatt-can", .lowest_voltage = false},
    {.name = "pylontech-rs485", .voltage_mV = 1},
    {.name = "growatt-rs485",
     .voltage_mV = 10,
     .current_mA = 10,
     .lowest_voltage = false,
     .discharge_current = false,
     .force = false},
    {.name = "byd-rs485", .current_mA = 10, .force = false},
    {.name = "sunspec-rtu", .voltage_mV = 10},
    {.name = "sunspec-tcp", .voltage_mV = 10},
    {.name = "victron-rtu", .force = false},
    {.name = "victron-tcp", .force = false},
};

Resolution resolution_of(std::string_view name) {
  const auto found = std::ranges::find(kCoarse, name, &Resolution::name);
  return found == std::end(kCoarse) ? Resolution{.name = name} : *found;
}

std::uint16_t crc(std::span<const std::uint8_t> bytes) {
  unsigned sum = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    sum ^= byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1) != 0 ? sum >> 1 ^ 0xA001 : sum >> 1;
  }
  return static_cast<std::uint16_t>(sum);
}

// A converter between TCP and the serial line on which the same units are.
class Converter {
 public:
  Bytes to_line(std::span<const std::uint8_t> request) {
    header_.assign(request.begin(), request.begin() + 4);
    Bytes out(request.begin() + 6, request.end());
    const unsigned sum = crc(out);
    out.push_back(static_cast<std::uint8_t>(sum));
    out.push_back(static_cast<std::uint8_t>(sum >> 8));
    return out;
  }
  Bytes to_tcp(std::span<const std::uint8_t> answer) {
    if (answer.size() < 4) return {};
    const auto body = answer.first(answer.size() - 2);
    Bytes out = header_;
    out.push_back(static_cast<std::uint8_t>(body.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(body.size()));
    out.insert(out.end(), body.begin(), body.end());
    return out;
  }

 private:
  Bytes header_;
};

InverterOptions options_of_site() {
  InverterOptions options;
  options.unconfirmed = true;
  options.modbus.enabled = true;
  options.modbus.sunspec.enabled = true;
  options.modbus.sunspec.packs = {{.cells = 16}, {.cells = 16}};
  options.modbus.victron.enabled = true;
  return options;
}

class Reading : public testing::TestWithParam<InverterReaderRow> {
 protected:
  Reading() : random_(7) {
    const std::string_view told_in = row_.gateway == "[modbus]" ? "modbus-rtu" : row_.gateway;
    battery_ = find_inverter_protocol(told_in)->make(options_of_site());
  }

  std::int32_t between(std::int32_t least, std::int32_t most) {
    return std::uniform_int_distribution<std::int32_t>(least, most)(random_);
  }

  // As charge control says it: a direction is enabled where its limit is above zero.
  void ask_for_something() {
    BankRequest& request = bank_.request;
    const bool high = row_.name == "byd-rs485";
    const std::int32_t scale = high ? 4 : 1;
    request.charge_voltage.value = {scale * between(48'001, 60'000)};
    request.charge_voltage_most = request.charge_voltage.value;
    request.discharge_voltage.value = {scale * between(41'000, 47'900)};
    request.charge_current.value = {between(0, 4) == 0 ? 0 : between(200, high ? 90'000 : 600'000)};
    request.discharge_current.value = {between(0, 4) == 0 ? 0
                                                          : between(200, high ? 90'000 : 600'000)};
    request.charge_enabled = request.charge_current.value.count > 0;
    request.discharge_enabled = request.discharge_current.value.count > 0;
    request.force_charge = between(0, 3) == 0;
    request.measured.voltage = {scale * 100 * between(480, 480)};
  }

  Bytes damaged(Bytes bytes) {
    const auto at =
        static_cast<std::size_t>(between(0, static_cast<std::int32_t>(bytes.size()) - 1));
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << between(0, 7));
    return bytes;
  }

  // What was heard in so many seconds, cut anywhere on its way.
  std::optional<InverterLimits> listen(int seconds, bool damage = false) {
    const bool tcp = row_.gateway == "[modbus]";
    std::optional<InverterLimits> told;
    for (int second = 0; second < seconds; ++second) {
      bank_.now = bank_.now + Millis{1'000};
      bank_.hear(0);
      bank_.hear(1);
      battery_->tell(bank_.picture(), bank_.now);
      const auto request = reader_->ask();
      battery_->receive(tcp ? converter_.to_line(request) : Bytes(request.begin(), request.end()),
                        bank_.now);
      for (int ms = 0; ms < 1'000; ms += 25) {
        const auto piece = battery_->next(bank_.now + Millis{ms});
        if (piece.empty()) continue;
        Bytes bytes = tcp ? converter_.to_tcp(piece) : Bytes(piece.begin(), piece.end());
        if (damage) bytes = damaged(std::move(bytes));
        const std::size_t cut =
            row_.bus == Bus::can
                ? bytes.size()
                : static_cast<std::size_t>(between(1, static_cast<std::int32_t>(bytes.size())));
        for (const auto& part : {std::span(bytes).first(cut), std::span(bytes).subspan(cut)})
          if (!part.empty())
            if (const auto limits = reader_->hear(part)) told = limits;
      }
    }
    return told;
  }

  void expect_told(const std::optional<InverterLimits>& told) {
    ASSERT_TRUE(told);
    const Resolution resolution = resolution_of(row_.name);
    const BankRequest& asked = bank_.request;
    ASSERT_TRUE(told->charge_voltage);
    expect_below(told->charge_voltage->count, asked.charge_voltage.value.count,
                 resolution.voltage_mV);
    ASSERT_EQ(told->discharge_voltage.has_value(), resolution.lowest_voltage);
    if (told->discharge_voltage)
      expect_below(-told->discharge_voltage->count, -asked.discharge_voltage.value.count,
                   resolution.voltage_mV);
    expect_current(told->charge_current, told->charge_enabled, asked.charge_current.value,
                   resolution.current_mA);
    ASSERT_EQ(told->discharge_current.has_value(), resolution.discharge_current);
    EXPECT_EQ(told->discharge_enabled, asked.discharge_enabled);
    if (told->discharge_current)
      expect_current(told->discharge_current, told->discharge_enabled,
                     asked.discharge_current.value, resolution.current_mA);
    EXPECT_EQ(told->force_charge, resolution.force && asked.force_charge);
  }

  const InverterReaderRow& row_ = *find_inverter_reader(GetParam().name);
  sample::InverterBank bank_;
  std::unique_ptr<InverterProtocol> battery_;
  std::unique_ptr<InverterReader> reader_ = row_.make(row_.name, row_.unit);
  Converter converter_;
  std::mt19937 random_;

 private:
  static void expect_below(std::int32_t told, std::int32_t asked, std::int32_t step) {
    EXPECT_LE(told, asked);
    EXPECT_GT(told, asked - step);
  }
  static void expect_current(const std::optional<Milliamps>& told, bool enabled, Milliamps asked,
                             std::int32_t step) {
    ASSERT_TRUE(told);
    EXPECT_EQ(enabled, asked.count > 0);
    expect_below(told->count, asked.count, step);
  }
};

TEST_P(Reading, WhatIsToldIsWhatWasAskedFor) {
  ask_for_something();
  (void)listen(8);  // a walk along a chain, a start-up
  for (int round = 0; round < 150; ++round) {
    ask_for_something();
    const auto told = listen(3);
    SCOPED_TRACE(round);
    expect_told(told);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

// Frames on CAN and TCP are guarded by others.
class Damaged : public Reading {};

TEST_P(Damaged, TellsNothing) {
  ask_for_something();
  (void)listen(8);
  for (int round = 0; round < 150; ++round) EXPECT_FALSE(listen(1, true)) << round;
  EXPECT_TRUE(listen(8));
}

TEST_P(Reading, OfABatteryThatIsSilentNothingIsHeard) {
  bank_.request.voice = Voice::silent;
  if (row_.gateway == "[modbus]" || row_.gateway == "modbus-rtu") {
    // Units answer; what is forbidden is zero, and nothing is enabled.
    const auto told = listen(8);
    EXPECT_TRUE(!told || (!told->charge_enabled && !told->discharge_enabled));
    return;
  }
  EXPECT_FALSE(listen(8));
}

std::vector<InverterReaderRow> on_lines() {
  std::vector<InverterReaderRow> rows;
  for (const InverterReaderRow& row : inverter_readers())
    if (row.bus == Bus::serial && row.gateway != "[modbus]") rows.push_back(row);
  return rows;
}

std::string test_name(const testing::TestParamInfo<InverterReaderRow>& what) {
  std::string name(what.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Inverter, Reading,
                         testing::ValuesIn(inverter_readers().begin(), inverter_readers().end()),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Inverter, Damaged, testing::ValuesIn(on_lines()), test_name);

TEST(InverterReader, EveryProtocolOfAnInverterHasOne) {
  for (const InverterProtocolSpec& spec : inverter_protocols())
    EXPECT_NE(std::ranges::find(inverter_readers(), spec.name, &InverterReaderRow::gateway),
              inverter_readers().end())
        << spec.name;
}

}  // namespace
}  // namespace cw::simulator
