// SPDX-License-Identifier: Apache-2.0
// Limits and their reasons in words.
#include <gtest/gtest.h>

#include <string>

#include "bridge/explain_limit.h"
#include "tests/unit/charge_rig.h"

namespace cw {
namespace {

std::string words(const LimitReason& reason, std::span<const PackState> packs = {}) {
  return std::string(explain(reason, packs).view());
}

TEST(ChargeWords, ACellIsNamedWithItsPackAndItsVoltage) {
  const LimitReason reason{.cause = LimitCause::cell_voltage,
                           .pack = 2,
                           .where = 7,
                           .value = 3'512,
                           .unit = Unit::millivolt};
  EXPECT_EQ(words(reason), "cell 7 of pack 2 at 3.512 V");
  std::vector<PackState> packs(2);
  packs[1].name.assign("cellar");
  EXPECT_EQ(words(reason, packs), "cell 7 of cellar at 3.512 V");
}

TEST(ChargeWords, EveryCauseHasWords) {
  for (std::size_t i = 0; i < kLimitCauseCount; ++i) {
    const LimitReason reason{.cause = static_cast<LimitCause>(i), .pack = 1};
    EXPECT_FALSE(words(reason).empty()) << i;
    EXPECT_FALSE(name(reason.cause).empty()) << i;
  }
}

TEST(ChargeWords, ALimitIsToldWithWhatBindsItAndWhatWouldBindNext) {
  ChargeRig rig(2);
  rig.reported[0].cell_max_mV = 3'425;
  rig.reported[0].temperature_min_dC = 120;
  const BankRequest& request = rig.step();
  EXPECT_EQ(explain("charge current", request.charge_current, rig.packs).view(),
            "charge current 210.000 A: cell 7 of pack 1 at 3.425 V; "
            "then 228.000 A: sensor 1 of pack 1 at 12.0 °C");
  EXPECT_EQ(explain("charge voltage", request.charge_voltage, rig.packs).view(),
            "charge voltage 55.200 V: the stage of charge asks for 55.200 V");
}

}  // namespace
}  // namespace cw
