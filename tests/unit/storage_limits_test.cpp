// SPDX-License-Identifier: Apache-2.0
// What inverters were told is kept: which limit, and what bound it, so that a day can be asked how
// long a cell held the charger back.
#include "storage/limit_sample.h"
#include "storage_support.h"

namespace cw::storage_test {
namespace {

constexpr std::int64_t kTenMinutes_ms = 600'000;

BankRequest request(std::int32_t charge_mA, LimitCause cause, std::uint8_t pack) {
  BankRequest request;
  request.voice = Voice::speaking;
  request.charge_current = {{charge_mA}, {cause, pack, 7, 3'512, Unit::millivolt}, {}, {}};
  request.charge_voltage = {{55'200}, {LimitCause::stage, 0, 0, {}, Unit::count}, {}, {}};
  return request;
}

std::string rows(const Folder& folder) {
  return Reader(folder.file())
      .text(
          "SELECT voice, charge_current_limit_A, charge_current_limit_cause, "
          "charge_current_limit_pack, charge_voltage_limit_V FROM limits ORDER BY time_ms");
}

TEST(HistoryOfLimits, ARowSaysTheLimitAndWhatBindsIt) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    bench.request = request(40'000, LimitCause::cell_voltage, 2);
    bench.publish(*history);
  }
  EXPECT_EQ(rows(folder), "speaking|40.0|cell_voltage|2|55.2");
}

TEST(HistoryOfLimits, WithoutABankThereAreNoRows) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    bench.hear(53'000);
    bench.publish(*history);
  }
  EXPECT_EQ(rows(folder), "");
}

TEST(HistoryOfLimits, WhileNothingIsToldTheLimitsAreAbsentAndNotZero) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    bench.request = BankRequest{};
    bench.publish(*history);
  }
  EXPECT_EQ(rows(folder), "silent|null|none|null|null");
}

TEST(HistoryOfLimits, WhatStaysAsItIsGetsARowEveryTenMinutes) {
  LimitSampler sampler(Millis{10'000});
  const BankRequest steady = request(40'000, LimitCause::setting, 1);
  int taken = 0;
  for (std::int64_t ms = 0; ms < 6 * kTenMinutes_ms; ms += 1'000)
    taken += sampler.decide(steady, {ms}, ms) ? 1 : 0;
  EXPECT_EQ(taken, 6);
}

TEST(HistoryOfLimits, WhatChangesGetsARowEveryInterval) {
  LimitSampler sampler(Millis{10'000});
  int taken = 0;
  for (int second = 0; second < 60; ++second)
    taken += sampler.decide(request(1'000 * second, LimitCause::rising, 0),
                            {std::int64_t{second} * 1'000}, 0)
                 ? 1
                 : 0;
  EXPECT_EQ(taken, 6);
}

TEST(HistoryOfLimits, FallingSilentIsARowAtOnce) {
  LimitSampler sampler(Millis{10'000});
  EXPECT_TRUE(sampler.decide(request(40'000, LimitCause::setting, 1), {0}, 0));
  BankRequest blind = request(0, LimitCause::all_lost, 0);
  blind.voice = Voice::blind;
  const auto row = sampler.decide(blind, {1'000}, 1'000);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->voice, Voice::blind);
}

}  // namespace
}  // namespace cw::storage_test
