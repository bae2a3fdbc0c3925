// SPDX-License-Identifier: Apache-2.0
// Virtual packs on the wire, seen through the real decoder: what arrives is the true state within
// the resolution of the protocol, and every fault of the wire shows as what it is.
#include <gtest/gtest.h>

#include <bit>

#include "core/fields.h"
#include "drivers/protocol/registry.h"
#include "simulator/virtual_pack.h"

namespace cw::simulator {
namespace {

constexpr Chemistry kChemistries[] = {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto};

/// A gateway's end of the wire.
struct Gateway {
  ProtocolBox protocol{*find_protocol("jk-uart"), 0};
  Pack pack;
  std::vector<Answer> answers;
  std::vector<Fed> heard;

  /// Polls once; `heard` is the verdict on each piece of what came back.
  void poll(VirtualPack& device, Instant now) {
    send(device, protocol->next_request(now)->view(), now);
  }
  void send(VirtualPack& device, std::span<const std::uint8_t> request, Instant now) {
    answers.clear();
    heard.clear();
    device.on_bytes(request, now, answers);
    std::vector<std::uint8_t> received;
    for (const Answer& answer : answers)
      received.insert(received.end(), answer.bytes.begin(), answer.bytes.end());
    std::size_t used = 0;
    while (used < received.size()) {
      const Fed fed = protocol->feed(std::span(received).subspan(used), now, pack);
      heard.push_back(fed);
      if (fed.heard == Heard::need_more) break;
      used += fed.consumed;
    }
  }
  bool got_frame() const {
    for (const Fed& fed : heard)
      if (fed.heard == Heard::frame) return true;
    return false;
  }
  bool got(Heard what) const {
    for (const Fed& fed : heard)
      if (fed.heard == what) return true;
    return false;
  }
};

template <class Q>
std::int32_t told(const Reading<Q>& reading, Instant now) {
  const auto value = reading.fresh(now, {0});
  EXPECT_TRUE(value.has_value());
  return value ? value->count : INT32_MIN;
}

PackSpec random_spec(Random& random) {
  PackSpec spec;
  spec.hold = true;
  spec.cells = 7 + random.below(26);
  spec.chemistry = kChemistries[random.below(3)];
  spec.capacity = {static_cast<std::int32_t>(5'000 + random.below(1'000'000))};
  spec.soc = {static_cast<std::int32_t>(1 + random.below(10'000))};
  spec.profile = ProfileKind::constant;
  spec.current = {static_cast<std::int32_t>(random.below(200'000)) - 100'000};
  spec.temperatures = {{static_cast<std::int32_t>(random.below(1390)) - 400},
                       {static_cast<std::int32_t>(random.below(1390)) - 400}};
  spec.mosfet_temperature = DeciCelsius{static_cast<std::int32_t>(random.below(1390)) - 400};
  for (std::size_t i = 0; i < spec.cells; ++i)
    spec.cell_voltages.push_back({static_cast<std::int32_t>(random.below(5000))});
  spec.old_firmware = random.below(4) == 0;
  return spec;
}

void expect_same(const Pack& heard, const Pack& truth, Instant now) {
  const auto near = [&](auto member, std::int32_t resolution) {
    EXPECT_LT(std::abs(told(heard.scalars.*member, now) - told(truth.scalars.*member, now)),
              resolution);
  };
  const std::int32_t cells = told(truth.scalars.cell_count, now);
  EXPECT_EQ(told(heard.scalars.cell_count, now), cells);
  for (std::size_t i = 0; i < static_cast<std::size_t>(cells); ++i)
    EXPECT_EQ(told(heard.cell_voltage[i], now), told(truth.cell_voltage[i], now)) << i;
  near(&PackScalars::voltage, 10);
  near(&PackScalars::current, 6);
  near(&PackScalars::soc, 100);
  near(&PackScalars::cycle_count, 1);
  near(&PackScalars::cycle_capacity, 1000);
  near(&PackScalars::capacity_nominal, 1000);
  near(&PackScalars::runtime, 60);
  near(&PackScalars::mosfet_temperature, 6);
  near(&PackScalars::charge_mosfet, 1);
  near(&PackScalars::discharge_mosfet, 1);
  near(&PackScalars::balancing, 1);
  near(&PackScalars::charge_switch, 1);
  near(&PackScalars::discharge_switch, 1);
  near(&PackScalars::balance_switch, 1);
  for (std::size_t i = 0; i < kSensors; ++i)
    EXPECT_LE(std::abs(told(heard.temperature[i], now) - told(truth.temperature[i], now)), 5);
  // This wire has no bit for a wrong number of cells.
  const AlarmSet sendable =
      jk_uart::decode_alarms(jk_uart::encode_alarms(*truth.alarms.fresh(now, {0})));
  EXPECT_EQ(heard.alarms.fresh(now, {0}), sendable);
  EXPECT_LE(std::popcount(truth.alarms.fresh(now, {0})->named), std::popcount(sendable.named) + 1);
}

TEST(Wire, WhatIsDecodedIsTheTrueStateWithinTheResolution) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const PackSpec spec = random_spec(random);
    VirtualPack device(spec, seed, {0});
    const Instant now{100 + 100 * random.below(10'000)};
    device.advance(now);
    Gateway gateway;
    gateway.poll(device, now);
    ASSERT_EQ(gateway.heard.size(), 1U);
    ASSERT_EQ(gateway.heard[0].heard, Heard::frame) << gateway.heard[0].why;
    expect_same(gateway.pack, device.truth(), now);
    const std::size_t whole = spec.old_firmware ? 209 : 243;
    EXPECT_EQ(gateway.answers[0].bytes.size(), whole + 3 * spec.cells);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Wire, EverySettingOnTheWireArrivesExactly) {
  for (const Chemistry chemistry : kChemistries) {
    PackSpec spec;
    spec.chemistry = chemistry;
    VirtualPack device(spec, 1, {0});
    Gateway gateway;
    gateway.poll(device, {0});
    const ParameterSet& truth = device.board().pack().parameters;
    for (const jk_uart::Slot& slot : jk_uart::kSlots) {
      if (!slot.parameter || !slot.answered) continue;
      EXPECT_EQ(gateway.pack.parameters.get(*slot.parameter), truth.get(*slot.parameter))
          << slot.meaning;
    }
  }
}

TEST(Wire, TellsWhatItIs) {
  PackSpec spec;
  spec.user_data = "garage";
  VirtualPack device(spec, 1, {0});
  Gateway gateway;
  gateway.poll(device, {0});
  EXPECT_EQ(gateway.pack.identity.model.view(), "JK_B2A24S20P");
  EXPECT_EQ(gateway.pack.identity.hardware_version.view(), "11.XW");
  EXPECT_EQ(gateway.pack.identity.software_version.view(), "11.26");
  EXPECT_EQ(gateway.pack.identity.user_data.view(), "garage");
  EXPECT_EQ(gateway.pack.identity.name.view(), "garage");
}

TEST(Wire, ARequestInPiecesIsAnsweredOnceWhenItIsWhole) {
  VirtualPack device({}, 1, {0});
  const Request request = jk_uart::read_all_request();
  std::vector<Answer> answers;
  for (std::size_t i = 0; i + 1 < request.size; ++i)
    device.on_bytes(request.view().subspan(i, 1), {0}, answers);
  EXPECT_TRUE(answers.empty());
  device.on_bytes(request.view().last(1), {0}, answers);
  EXPECT_EQ(answers.size(), 1U);
}

TEST(Wire, HalfARequestIsForgottenAfterASilence) {
  VirtualPack device({}, 1, {0});
  const Request request = jk_uart::read_all_request();
  std::vector<Answer> answers;
  device.on_bytes(request.view().first(9), {0}, answers);
  device.on_bytes(request.view(), {1000}, answers);
  EXPECT_EQ(answers.size(), 1U);
}

TEST(Wire, DamagedAndForeignBytesAreNotAnswered) {
  VirtualPack device({}, 1, {0});
  Request request = jk_uart::read_all_request();
  request.bytes[20] ^= 1;
  std::vector<Answer> answers;
  device.on_bytes(request.view(), {0}, answers);
  const std::uint8_t noise[] = {0x55, 0xAA, 0x4E, 0x00, 0x13};
  device.on_bytes(noise, {1000}, answers);
  EXPECT_TRUE(answers.empty());
}

TEST(Wire, OneSlotIsAnsweredAlone) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  gateway.poll(device, {0});  // tells how the current is encoded
  gateway.send(device, jk_uart::read_one_request(jk_uart::kSoc).view(), {1000});
  ASSERT_TRUE(gateway.got_frame());
  EXPECT_EQ(gateway.answers[0].bytes.size(), 11U + 2U + 9U);
  EXPECT_EQ(told(gateway.pack.scalars.soc, {1000}), 6000);
  gateway.send(device, jk_uart::read_one_request(0x88).view(), {2000});
  EXPECT_TRUE(gateway.answers.empty());
}

TEST(Wire, SwitchesAreWrittenWithoutAPasswordAndSettingsOnlyAfterOne) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  gateway.send(device, jk_uart::write_request(jk_uart::kChargeSwitch, 0)->view(), {0});
  EXPECT_EQ(gateway.answers.size(), 1U);
  device.advance({100});
  EXPECT_EQ(told(device.truth().scalars.charge_mosfet, {100}), 0);
  const Request write = *jk_uart::write_request(0x90, 3500);
  gateway.send(device, write.view(), {1000});
  EXPECT_TRUE(gateway.answers.empty());
  gateway.send(device, jk_uart::password_request().view(), {2000});
  EXPECT_TRUE(gateway.answers.empty());
  gateway.send(device, write.view(), {3000});
  EXPECT_EQ(gateway.answers.size(), 1U);
  device.advance({3000});
  EXPECT_EQ(device.truth().parameters.get(Parameter::cell_overvoltage), 3500);
  gateway.send(device, jk_uart::write_request(0xA5, 0xFFEC)->view(), {4000});
  device.advance({4000});
  EXPECT_EQ(device.truth().parameters.get(Parameter::charge_undertemperature), -200);
}

struct WireFault {
  const char* title;
  Fault fault;
  std::int32_t value;
  Heard shows_as;
};

class EveryWireFault : public testing::TestWithParam<WireFault> {};
INSTANTIATE_TEST_SUITE_P(
    Wire, EveryWireFault,
    testing::Values(WireFault{"Garbage", Fault::garbage, 0, Heard::noise},
                    WireFault{"BadChecksum", Fault::bad_checksum, 0, Heard::bad_checksum},
                    WireFault{"Truncate", Fault::truncate, 63, Heard::need_more}),
    [](const auto& each) { return each.param.title; });

TEST_P(EveryWireFault, ShowsAsWhatItIsAndEndsWhenCleared) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(GetParam().fault, 0, GetParam().value);
  for (std::int64_t second = 0; second < 10; ++second) {
    gateway.poll(device, {second * 1000});
    EXPECT_TRUE(gateway.got(GetParam().shows_as));
    EXPECT_FALSE(gateway.got_frame());
  }
  device.clear_faults();
  gateway.poll(device, {10'000});
  EXPECT_TRUE(gateway.got_frame());
}

TEST(Wire, OneFlippedBitIsNeverTakenForAFrame) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(Fault::bit_flip, 0, 0);
  int taken = 0;
  for (std::int64_t i = 0; i < 1000; ++i) {
    gateway.poll(device, {i * 1000});
    // The upper half of the checksum is reserved and not looked at: 16 of 2328 bits.
    taken += gateway.got_frame() ? 1 : 0;
  }
  EXPECT_LT(taken, 25);
}

TEST(Wire, MuteIsSilenceUntilCleared) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(Fault::mute, 0, 0);
  gateway.poll(device, {0});
  EXPECT_TRUE(gateway.answers.empty());
  gateway.send(device, jk_uart::activate_request().view(), {500});
  gateway.poll(device, {1000});
  EXPECT_TRUE(gateway.answers.empty());
  device.clear(Fault::mute);
  gateway.poll(device, {2000});
  EXPECT_TRUE(gateway.got_frame());
}

TEST(Wire, ASleepingBoardWakesByActivation) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(Fault::sleep, 0, 0);
  gateway.poll(device, {0});
  EXPECT_TRUE(gateway.answers.empty());
  gateway.send(device, jk_uart::activate_request().view(), {500});
  gateway.poll(device, {1500});
  EXPECT_TRUE(gateway.got_frame());
}

TEST(Wire, AnEchoIsSomebodyElsesFrameBeforeTheAnswer) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(Fault::echo, 0, 0);
  gateway.poll(device, {0});
  ASSERT_EQ(gateway.heard.size(), 2U);
  EXPECT_EQ(gateway.heard[0].heard, Heard::not_for_us);
  EXPECT_EQ(gateway.heard[1].heard, Heard::frame);
}

TEST(Wire, AFrozenBoardRepeatsItselfByteForByteWhileTheTruthMovesOn) {
  PackSpec spec;
  spec.profile = ProfileKind::constant;
  spec.current = {-100'000};
  VirtualPack device(spec, 1, {0});
  device.advance({60'000});
  Gateway gateway;
  gateway.poll(device, {60'000});
  const auto before = gateway.answers[0].bytes;
  device.inject(Fault::freeze, 0, 0);
  device.advance({600'000});
  gateway.poll(device, {600'000});
  EXPECT_EQ(gateway.answers[0].bytes, before);
  EXPECT_LT(told(device.truth().scalars.soc, {600'000}), 5950);
  device.clear(Fault::freeze);
  gateway.poll(device, {601'000});
  EXPECT_NE(gateway.answers[0].bytes, before);
}

TEST(Wire, ASlowBoardAnswersLater) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(Fault::slow, 0, 700);
  gateway.poll(device, {0});
  EXPECT_EQ(gateway.answers[0].delay, Millis{700});
}

TEST(Wire, AlarmBitsNobodyCanNameArriveAsUnknown) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(Fault::alarm_bits, 0, 1 << 14 | 1 << 12);
  gateway.poll(device, {0});
  const auto alarms = gateway.pack.alarms.fresh({0}, {0});
  ASSERT_TRUE(alarms.has_value());
  EXPECT_EQ(alarms->unknown, 1U << 14);
  EXPECT_TRUE(alarms->has(Alarm::front_end_fault_a));
}

TEST(Wire, AToldStateOfChargeReplacesTheCounted) {
  VirtualPack device({}, 1, {0});
  Gateway gateway;
  device.inject(Fault::soc, 0, 1200);
  gateway.poll(device, {0});
  EXPECT_EQ(told(gateway.pack.scalars.soc, {0}), 1200);
}

}  // namespace
}  // namespace cw::simulator
