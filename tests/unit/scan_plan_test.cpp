// SPDX-License-Identifier: Apache-2.0
// What a scan does in which order, and that it is over in time, whatever answers.
#include "daemon/scan/scan_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace cw {
namespace {

constexpr Millis kPromised{30'000};

// Like the protocols there are, and will be: an unaddressed one, and one with 16 addresses.
constexpr ProtocolSpec kLonely{.name = "lonely",
                               .title = "",
                               .devices = "",
                               .bus = Bus::serial,
                               .default_baud = 115'200,
                               .longest_frame = 420,
                               .maturity = Maturity::from_document,
                               .addressed = false,
                               .size = 0,
                               .construct = nullptr};
constexpr ProtocolSpec kBoards = [] {
  ProtocolSpec spec = kLonely;
  spec.name = "boards";
  spec.longest_frame = 320;
  spec.addressed = true;
  spec.highest_address = 15;
  return spec;
}();
constexpr const ProtocolSpec* kBoth[] = {&kLonely, &kBoards};

std::vector<const ProtocolSpec*> serial_protocols() {
  std::vector<const ProtocolSpec*> found;
  for (const ProtocolSpec* spec : all_protocols())
    if (spec->bus == Bus::serial) found.push_back(spec);
  return found;
}

TEST(ScanPlan, ListensBeforeItAsks) {
  ScanPlan plan(kBoth, true);
  ASSERT_TRUE(plan.next());
  EXPECT_EQ(plan.next()->protocol, nullptr);
  EXPECT_EQ(plan.next()->baud, 115'200U);
  plan.report(ScanOutcome::silence);
  EXPECT_EQ(plan.next()->protocol, &kLonely);
}

TEST(ScanPlan, AsksNothingWhereSomebodyElseSpeaks) {
  ScanPlan plan(kBoth, true);
  plan.report(ScanOutcome::bytes);
  EXPECT_TRUE(plan.only_listens());
  int steps = 0;
  for (; plan.next(); ++steps) {
    EXPECT_EQ(plan.next()->protocol, nullptr);
    plan.report(ScanOutcome::bytes);
  }
  EXPECT_EQ(steps, 5) << "each speed is listened to";
}

TEST(ScanPlan, LooksOnlyForNeighboursOfWhatItFound) {
  ScanPlan plan(kBoth, true);
  plan.report(ScanOutcome::silence);
  while (plan.next()->protocol != &kBoards || plan.next()->address != 3)
    plan.report(ScanOutcome::silence);
  plan.report(ScanOutcome::found);
  std::vector<std::uint8_t> addresses;
  for (; plan.next(); plan.report(ScanOutcome::silence)) {
    EXPECT_EQ(plan.next()->protocol, &kBoards);
    EXPECT_EQ(plan.next()->baud, 115'200U);
    addresses.push_back(plan.next()->address);
  }
  EXPECT_EQ(addresses, (std::vector<std::uint8_t>{4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0}));
}

TEST(ScanPlan, OneUnaddressedDeviceIsAllThereIs) {
  ScanPlan plan(kBoth, true);
  plan.report(ScanOutcome::silence);
  plan.report(ScanOutcome::found);
  EXPECT_FALSE(plan.next());
}

TEST(ScanPlan, IsOverInTimeWhateverHappens) {
  const auto real = serial_protocols();
  std::mt19937 random(11);
  for (const auto& protocols :
       {std::span<const ProtocolSpec* const>{kBoth}, std::span<const ProtocolSpec* const>{real}}) {
    for (const bool has_speed : {true, false}) {
      const ScanPlan fresh(protocols, has_speed);
      EXPECT_LT(fresh.worst_case(), kPromised);
      for (int round = 0; round < 500; ++round) {
        ScanPlan plan(protocols, has_speed);
        Millis spent{0};
        while (const auto step = plan.next()) {
          const Millis before = plan.worst_case();
          spent = spent + step->within;
          const auto outcome = random() % 40 == 0  ? ScanOutcome::found
                               : random() % 8 == 0 ? ScanOutcome::bytes
                                                   : ScanOutcome::silence;
          plan.report(outcome);
          EXPECT_LE(plan.worst_case() + step->within, before);
        }
        EXPECT_LE(spent, fresh.worst_case());
      }
    }
  }
}

}  // namespace
}  // namespace cw
