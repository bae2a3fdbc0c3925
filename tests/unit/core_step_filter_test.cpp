// SPDX-License-Identifier: Apache-2.0
// Readings that passed every checksum and still cannot be true.
#include <gtest/gtest.h>

#include <vector>

#include "core/step_filter.h"

namespace cw {
namespace {

constexpr std::size_t kCell = 4;
constexpr std::int32_t kTrue_mV = 3'300;
constexpr std::int32_t kFalse_mV = 4'100;

class StepFilterOfACell : public testing::Test {
 protected:
  // One frame a second; the next one says `millivolts`.
  const Reading<Millivolts>& hear(std::int32_t millivolts) {
    now = now + Millis{1000};
    pack.cell_voltage[kCell].set({millivolts}, now);
    filter.filter(pack, now);
    return pack.cell_voltage[kCell];
  }
  // What is known after a frame; -1: nothing.
  std::int32_t known(std::int32_t millivolts) {
    const auto value = hear(millivolts).fresh(now, Millis{5'000});
    return value ? value->count : -1;
  }

  Pack pack{};
  StepFilter filter{};
  Instant now{1'000'000};
};

TEST_F(StepFilterOfACell, OneJumpIsLeftOutAndKeepsTheAgeOfTheLastValue) {
  hear(kTrue_mV);
  const Instant before = now;
  EXPECT_EQ(known(kFalse_mV), kTrue_mV);
  EXPECT_EQ(pack.cell_voltage[kCell].heard(), before);
  EXPECT_EQ(known(kTrue_mV), kTrue_mV);
  EXPECT_EQ(filter.refused(), 1U);
}

TEST_F(StepFilterOfACell, AJumpThatTheNextFrameConfirmsIsTrue) {
  hear(kTrue_mV);
  EXPECT_EQ(known(kFalse_mV), kTrue_mV);
  EXPECT_EQ(known(kFalse_mV), kFalse_mV);
  EXPECT_EQ(filter.refused(), 0U);
}

TEST_F(StepFilterOfACell, ThatAlternatesIsUnknownWithinEightFramesAndStaysSo) {
  hear(kTrue_mV);
  for (int frame = 0; frame < 8; ++frame) known(frame % 2 == 0 ? kFalse_mV : kTrue_mV);
  for (int frame = 0; frame < 100; ++frame)
    EXPECT_EQ(known(frame % 2 == 0 ? kFalse_mV : kTrue_mV), -1) << frame;
}

TEST_F(StepFilterOfACell, ThatIsSomethingElseEveryTimeIsUnknown) {
  hear(kTrue_mV);
  std::int32_t last = 0;
  for (int frame = 0; frame < 8; ++frame) last = known(1'500 + 450 * frame);
  EXPECT_EQ(last, -1);
}

TEST_F(StepFilterOfACell, ThatAgreesWithItselfAgainIsKnownAgainWithinEightFrames) {
  hear(kTrue_mV);
  for (int frame = 0; frame < 20; ++frame) known(frame % 2 == 0 ? kFalse_mV : kTrue_mV);
  std::int32_t last = -1;
  for (int frame = 0; frame < 8; ++frame) last = known(kTrue_mV);
  EXPECT_EQ(last, kTrue_mV);
}

TEST_F(StepFilterOfACell, WithASpikeInEveryFourthFrameStaysKnown) {
  hear(kTrue_mV);
  for (int frame = 1; frame < 100; ++frame)
    EXPECT_EQ(known(frame % 4 == 0 ? kFalse_mV : kTrue_mV), kTrue_mV) << frame;
}

TEST_F(StepFilterOfACell, ThatWasSilentForLongIsBelievedWhateverItSays) {
  hear(kTrue_mV);
  now = now + StepFilter::kCompared;
  EXPECT_EQ(known(kFalse_mV), kFalse_mV);
}

}  // namespace
}  // namespace cw
