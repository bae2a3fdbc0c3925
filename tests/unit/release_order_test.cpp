// SPDX-License-Identifier: Apache-2.0
// How an order to let go of a BMS is read: a pack, and minutes.
#include "daemon/release_order.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

TEST(ReleaseOrder, HasAPackAndMinutes) {
  const ReleaseOrder order = parse_release_order("release garage 10");
  EXPECT_EQ(order.fault, "");
  EXPECT_EQ(order.pack, "garage");
  EXPECT_EQ(order.time, Millis{600'000});
  EXPECT_EQ(parse_release_order("release garage 1440").time, Millis{86'400'000});
}

TEST(ReleaseOrder, ZeroTakesItBack) {
  const ReleaseOrder order = parse_release_order("release garage 0");
  EXPECT_EQ(order.fault, "");
  EXPECT_EQ(order.time, Millis{0});
}

TEST(ReleaseOrder, AnythingElseIsAFaultThatSaysWhatIsRight) {
  for (const std::string_view line :
       {"release ", "release garage", "release 10", "release garage ", "release garage ten",
        "release garage 10 ", "release garage 10m", "release garage -1", "release garage 1441",
        "release garage 2147483647", "release garage 99999999999999999999", "release garage 1.5"}) {
    const ReleaseOrder order = parse_release_order(line);
    EXPECT_NE(order.fault.find("release PACK MINUTES"), std::string::npos) << line;
    EXPECT_EQ(order.time, Millis{0}) << line;
  }
}

TEST(ReleaseOrder, IsKnownByItsFirstWord) {
  EXPECT_TRUE(is_release_order("release garage 10"));
  EXPECT_FALSE(is_release_order("released garage 10"));
  EXPECT_FALSE(is_release_order("relay garage lock"));
  EXPECT_FALSE(is_release_order(""));
}

}  // namespace
}  // namespace cw
