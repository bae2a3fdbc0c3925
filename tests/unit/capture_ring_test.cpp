// SPDX-License-Identifier: Apache-2.0
// The ring keeps the newest records that fit, whole and in their order.
#include "daemon/capture/capture_ring.h"

#include <gtest/gtest.h>

#include <random>

namespace cw {
namespace {

TEST(CaptureRing, KeepsTheNewestThatFit) {
  std::mt19937 random(7);
  CaptureRing ring(1'000);
  std::vector<std::vector<std::uint8_t>> payloads;
  for (std::uint64_t number = 0; number < 5'000; ++number) {
    std::vector<std::uint8_t> payload(random() % 120);
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(random());
    payloads.push_back(payload);
    ring.add({number, static_cast<std::int64_t>(number * 10), 2, CaptureKind::out, payload});
    ASSERT_LE(ring.used(), 1'000U);
    const std::vector<std::vector<std::uint8_t>> packed{ring.newest(0)};
    const auto records = unpack(packed);
    ASSERT_FALSE(records.empty());
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(records[i].number, number + 1 - records.size() + i);
      ASSERT_EQ(records[i].at_us, static_cast<std::int64_t>(records[i].number * 10));
      ASSERT_EQ(records[i].wire, 2);
      ASSERT_EQ(records[i].kind, CaptureKind::out);
      const auto& expected = payloads[records[i].number];
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), records[i].payload.begin(),
                             records[i].payload.end()));
      bytes += expected.size();
    }
    if (number > 50) {
      ASSERT_GT(bytes, 400U);
    }
  }
  EXPECT_FALSE(ring.complete());
}

TEST(CaptureRing, ForgetsWhatIsTooOldAndCopiesFromATimeOn) {
  CaptureRing ring(10'000);
  for (std::uint64_t n = 0; n < 10; ++n)
    ring.add({n, static_cast<std::int64_t>(n), 1, CaptureKind::turn, {}});
  EXPECT_TRUE(ring.complete());
  ring.forget_before(3);
  EXPECT_FALSE(ring.complete());
  const std::vector<std::vector<std::uint8_t>> packed{ring.newest(7)};
  const auto records = unpack(packed);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].number, 7U);
}

TEST(CaptureRing, ARecordLargerThanTheRingIsDroppedAndThatIsKnown) {
  CaptureRing ring(50);
  const std::vector<std::uint8_t> large(100);
  ring.add({1, 1, 1, CaptureKind::in, large});
  EXPECT_EQ(ring.used(), 0U);
  EXPECT_FALSE(ring.complete());
}

TEST(CaptureRing, SeveralRingsAreMergedInTheOrderOfTheirRecords) {
  std::vector<CaptureRing> rings;
  for (int i = 0; i < 3; ++i) rings.emplace_back(5'000);
  for (std::uint64_t n = 0; n < 90; ++n)
    rings[n * 7 % 3].add({n, 5, static_cast<std::uint8_t>(n * 7 % 3), CaptureKind::turn, {}});
  std::vector<std::vector<std::uint8_t>> packed;
  for (const CaptureRing& ring : rings) packed.push_back(ring.newest(0));
  const auto records = unpack(packed);
  ASSERT_EQ(records.size(), 90U);
  for (std::uint64_t n = 0; n < 90; ++n) EXPECT_EQ(records[n].number, n);
}

}  // namespace
}  // namespace cw
