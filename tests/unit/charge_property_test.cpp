// SPDX-License-Identifier: Apache-2.0
// What must hold for any bank and any day: random packs with random troubles.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/bank_measured.h"
#include "tests/unit/charge_rig.h"
#include "tests/unit/core_random.h"

namespace cw {
namespace {

constexpr int kBanks = CW_RANDOM_STEPS / 2'000;
constexpr int kSecondsEach = 100;

// Around every knee, and now and then far from it.
std::int32_t near(Dice& dice, std::initializer_list<std::int32_t> knees, std::int32_t spread) {
  const auto knee = knees.begin() + dice.between(0, static_cast<int>(knees.size()) - 1);
  return *knee + dice.between(-spread, spread);
}

void shuffle_pack(Dice& dice, ReportedPack& pack) {
  pack.cell_max_mV = near(dice, {3'330, 3'400, 3'450, 3'500, 3'550, 3'580}, 30);
  pack.cell_min_mV =
      std::min(pack.cell_max_mV, near(dice, {2'900, 3'000, 3'100, 3'150, 3'300}, 30));
  pack.voltage_mV = (pack.cell_max_mV + pack.cell_min_mV) * 8;
  pack.temperature_min_dC = near(dice, {-200, -100, 0, 50, 100, 150, 230}, 20);
  pack.temperature_max_dC = *pack.temperature_min_dC + dice.between(0, dice.once_in(4) ? 400 : 30);
  pack.mosfet_dC = near(dice, {300, 700, 800, 900}, 20);
  pack.current_mA = dice.between(-200'000, 200'000);
}

std::unique_ptr<ChargeRig> random_bank(Dice& dice) {
  auto rig = std::make_unique<ChargeRig>(static_cast<std::size_t>(dice.between(1, 5)));
  if (dice.once_in(3)) rig->settings.charge_current_most = Milliamps{dice.between(0, 400'000)};
  if (dice.once_in(3)) rig->settings.soc_max = CentiPercent{dice.between(5'000, 10'000)};
  if (dice.once_in(3)) rig->settings.soc_min = CentiPercent{dice.between(0, 4'000)};
  for (std::size_t i = 0; i < rig->packs.size(); ++i) {
    shuffle_pack(dice, rig->reported[i]);
    if (dice.once_in(4)) rig->own[i].charge_current.reset();
    const std::int32_t capacity = dice.between(50'000, 600'000);
    if (!dice.once_in(8)) rig->reported[i].capacity_mAh = capacity;
    rig->reported[i].remaining_mAh = dice.between(0, capacity);
    rig->own[i].discharge_current = Milliamps{dice.between(10'000, 300'000)};
  }
  return rig;
}

// Something happens to one pack, or nothing.
void trouble(Dice& dice, ChargeRig& rig) {
  const auto i = static_cast<std::size_t>(dice.between(0, static_cast<int>(rig.packs.size()) - 1));
  ReportedPack& pack = rig.reported[i];
  switch (dice.between(1, 12)) {
    case 1: shuffle_pack(dice, pack); break;
    case 2: pack.charge_on = !dice.once_in(3); break;
    case 3: pack.discharge_on = !dice.once_in(3); break;
    case 4: rig.silence(i); break;
    case 5: rig.silent.assign(rig.packs.size(), false); break;
    case 6: rig.packs[i].guard = guard_tripped(dice.once_in(2) ? 3'700 : 3'300); break;
    case 7: rig.packs[i].withheld = dice.once_in(2) ? Switches::both : Switches::none; break;
    case 8: pack.current_mA += dice.between(-5'000, 5'000); break;
    case 9: pack.cell_max_mV += dice.between(-5, 5); break;
    default: break;
  }
}

void expect_within_packs(Flow flow, Milliamps limit, const ChargeRig& rig) {
  std::int64_t sum = 0;
  std::int64_t capacity = 0;
  for (const ChargePackState& pack : rig.states) {
    if (!pack.of(flow).now.takes_part) continue;
    sum += pack.of(flow).now.limit.value.count;
    capacity += pack.input.capacity.value_or(MilliampHours{}).count;
  }
  EXPECT_LE(limit.count, sum);
  for (const ChargePackState& pack : rig.states) {
    if (!pack.of(flow).now.takes_part || !pack.input.capacity) continue;
    const auto part = std::int64_t{limit.count} * pack.input.capacity->count / capacity;
    EXPECT_LE(part, pack.of(flow).now.limit.value.count);
  }
}

void expect_sound(const BankRequest& now, const ChargeRig& rig) {
  expect_within_packs(Flow::charge, now.charge_current.value, rig);
  expect_within_packs(Flow::discharge, now.discharge_current.value, rig);
  EXPECT_GE(now.charge_voltage.value.count, 16 * 3'350);
  EXPECT_LE(now.charge_voltage.value.count, 16 * 3'450);
  const Milliamps most = rig.settings.charge_current_most.value_or(Milliamps{INT32_MAX});
  EXPECT_LE(now.charge_current.value, most);
  if (now.voice != Voice::silent) {
    EXPECT_NE(now.charge_current.reason.cause, LimitCause::none);
    EXPECT_NE(now.discharge_current.reason.cause, LimitCause::none);
    EXPECT_NE(now.charge_voltage.reason.cause, LimitCause::none);
    EXPECT_NE(now.discharge_voltage.reason.cause, LimitCause::none);
  }
  if (now.charge_current.next_value) {
    EXPECT_LE(now.charge_current.value, *now.charge_current.next_value);
    EXPECT_NE(now.charge_current.next.cause, LimitCause::none);
  }
  const bool speaking = now.voice == Voice::speaking;
  EXPECT_EQ(now.charge_enabled, speaking && now.charge_current.value.count > 0);
  EXPECT_EQ(now.discharge_enabled, speaking && now.discharge_current.value.count > 0);
}

TEST(ChargeProperties, NoLimitIsAboveWhatThePacksAllowAndNoneRisesFasterThanItMay) {
  Dice dice(seed());
  for (int bank = 0; bank < kBanks && !HasFailure(); ++bank) {
    SCOPED_TRACE(bank);
    const auto rig = random_bank(dice);
    BankRequest before = rig->step();
    for (int second = 0; second < kSecondsEach && !HasFailure(); ++second) {
      SCOPED_TRACE(second);
      trouble(dice, *rig);
      const BankRequest now = rig->run(1);
      expect_sound(now, *rig);
      const bool first = before.voice == Voice::silent;
      if (!first) {
        EXPECT_LE(now.charge_current.value.count, before.charge_current.value.count + 5'000);
        EXPECT_LE(now.discharge_current.value.count, before.discharge_current.value.count + 5'000);
        EXPECT_LE(now.charge_voltage.value.count, before.charge_voltage.value.count + 1);
      }
      before = now;
    }
  }
}

TEST(ChargeProperties, TheStateOfChargeLiesBetweenThoseOfThePacks) {
  Dice dice(seed());
  for (int bank = 0; bank < kBanks; ++bank) {
    const auto rig = random_bank(dice);
    for (ReportedPack& pack : rig->reported)
      pack.remaining_mAh = std::min(*pack.remaining_mAh, *pack.capacity_mAh);
    rig->step();
    const auto soc = measure_bank(rig->states).soc;
    ASSERT_TRUE(soc);
    std::int64_t lowest = 10'000, highest = 0;
    for (const ReportedPack& pack : rig->reported) {
      const auto own = std::int64_t{*pack.remaining_mAh} * 10'000 / *pack.capacity_mAh;
      lowest = std::min(lowest, own);
      highest = std::max(highest, own);
    }
    EXPECT_GE(soc->count, lowest);
    EXPECT_LE(soc->count, highest + 1);
  }
}

// What can go wrong with one pack that must never let the others have more.
void harm(ChargeRig& rig, std::size_t i, int kind) {
  const auto spoil = [&](auto& reading) { reading.reject(rig.now); };
  PackState& pack = rig.packs[i];
  switch (kind) {
    case 1: break;  // only silence
    case 2: pack.guard = guard_tripped(3'700); break;
    case 3: pack.withheld = Switches::both; break;
    case 4: spoil(pack.pack.temperature[0]); break;
    case 5: spoil(pack.pack.scalars.cell_voltage_max); break;
    case 6: spoil(pack.pack.scalars.voltage); break;
    case 7: spoil(pack.pack.scalars.current); break;
    case 8: spoil(pack.pack.scalars.charge_mosfet); break;
    case 9: spoil(pack.pack.scalars.mosfet_temperature); break;
    default: break;
  }
}

// A pack that is harmed and heard goes on being heard, with that one value spoilt.
void step_harmed(ChargeRig& rig, std::size_t i, int kind) {
  rig.now = rig.now + Millis{1'000};
  for (std::size_t k = 0; k < rig.packs.size(); ++k)
    if (k != i || kind != 1)
      if (k >= rig.silent.size() || !rig.silent[k]) report(rig.packs[k], rig.reported[k], rig.now);
  harm(rig, i, kind);
  rig.control.step(rig.packs, rig.orders, rig.now, rig.wall_ms + rig.now.ms);
}

template <class Q>
void expect_no_wider(const BankLimit<Q>& less, const BankLimit<Q>& more) {
  EXPECT_LE(less.value.count, more.value.count)
      << name(less.reason.cause) << " of pack " << int{less.reason.pack} << ", next "
      << name(less.next.cause) << " of pack " << int{less.next.pack} << "; unharmed "
      << name(more.reason.cause) << " of pack " << int{more.reason.pack} << ", next "
      << name(more.next.cause) << " of pack " << int{more.next.pack} << " at "
      << more.next_value.value_or(Q{}).count;
}

TEST(ChargeProperties, NothingThatHappensToOnePackWidensAnything) {
  Dice dice(seed());
  for (int bank = 0; bank < kBanks && !HasFailure(); ++bank) {
    SCOPED_TRACE(bank);
    const auto history = static_cast<std::uint64_t>(dice.between(0, INT32_MAX));
    Dice one(history), other(history);
    const auto healthy = random_bank(one), harmed = random_bank(other);
    for (int second = dice.between(1, 60); second > 0; --second) {  // all were heard once
      trouble(one, *healthy);
      trouble(other, *harmed);
      healthy->run(1);
      harmed->run(1);
    }
    healthy->run(2);  // what flows is read twice, so that both have measured the same shares
    harmed->run(2);
    const auto i =
        static_cast<std::size_t>(dice.between(0, static_cast<int>(harmed->packs.size()) - 1));
    const int kind = dice.between(1, 9);
    SCOPED_TRACE(testing::Message()
                 << "pack " << i << " of " << harmed->packs.size() << " harm " << kind);
    for (int second = 0; second < kSecondsEach && !HasFailure(); ++second) {
      SCOPED_TRACE(second);
      const BankRequest& less = (step_harmed(*harmed, i, kind), harmed->control.request());
      const BankRequest& more = healthy->run(1);
      expect_no_wider(less.charge_current, more.charge_current);
      expect_no_wider(less.discharge_current, more.discharge_current);
      expect_no_wider(less.charge_voltage, more.charge_voltage);
    }
  }
}

TEST(ChargeProperties, TheOrderOfThePacksChangesNothing) {
  Dice dice(seed());
  for (int bank = 0; bank < kBanks && !HasFailure(); ++bank) {
    SCOPED_TRACE(bank);
    const auto history = static_cast<std::uint64_t>(dice.between(0, INT32_MAX));
    Dice one(history), other(history);
    const auto rig = random_bank(one), turned = random_bank(other);
    std::reverse(turned->own.begin(), turned->own.end());
    std::reverse(turned->reported.begin(), turned->reported.end());
    for (int second = 0; second < 20; ++second) {
      const BankRequest& a = rig->run(1);
      const BankRequest& b = turned->run(1);
      EXPECT_EQ(a.charge_current.value, b.charge_current.value);
      EXPECT_EQ(a.discharge_current.value, b.discharge_current.value);
      EXPECT_EQ(a.charge_voltage.value, b.charge_voltage.value);
      EXPECT_EQ(a.charge_current.next_value, b.charge_current.next_value);
      EXPECT_EQ(a.measured.soc, b.measured.soc);
      EXPECT_EQ(a.measured.voltage, b.measured.voltage);
      for (std::size_t i = 0; i < rig->reported.size(); ++i) {
        ReportedPack& pack = rig->reported[i];
        shuffle_pack(one, pack);
        turned->reported[rig->reported.size() - 1 - i] = pack;
      }
    }
  }
}

}  // namespace
}  // namespace cw
