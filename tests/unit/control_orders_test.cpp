// SPDX-License-Identifier: Apache-2.0
// What an operator may say on the control socket, and who may say it.
#include "daemon/control_orders.h"

#include <gtest/gtest.h>

namespace cw {
namespace {

class ControlOrders : public testing::Test {
 protected:
  ControlOrders() : gateway(configuration()) { gateway.start(now, 0); }

  static const Configuration& configuration() {
    static const Configuration one = [] {
      Configuration made;
      PackConfiguration pack;
      pack.name = "garage";
      pack.protocol = find_protocol("jk-uart");
      made.packs.push_back(pack);
      made.relays = {{"load", RelayRole::discharge, {0}, {}, false}};
      return made;
    }();
    return one;
  }
  std::string say(std::string_view line, bool trusted = true) {
    return answer_order({line, 1000, trusted}, gateway, now);
  }
  bool locked() const { return gateway.picture(now, 0).relays[0].locked; }
  void turn() {
    gateway.on_tick(now);
    gateway.end_turn(now, 0);
  }

  Instant now{1'000'000};
  Gateway gateway;
};

TEST_F(ControlOrders, LockAndUnlockARelay) {
  EXPECT_EQ(say("relay load lock"), "ok\n");
  turn();
  EXPECT_TRUE(locked());
  EXPECT_EQ(say("relay load unlock"), "ok\n");
  turn();
  EXPECT_FALSE(locked());
}

TEST_F(ControlOrders, AFullChargeNeedsABankAndTrust) {
  EXPECT_EQ(say("bank full-charge on"), "error: bank: no [bank] is configured\n");
  EXPECT_EQ(say("bank full-charge on", false),
            "error: only root and the gateway's own user may give orders; try sudo\n");
  EXPECT_EQ(say("bank full-charge").substr(0, 20), "error: unknown order");
}

TEST_F(ControlOrders, AreTakenFromNobodyElse) {
  EXPECT_EQ(say("relay load lock", false),
            "error: only root and the gateway's own user may give orders; try sudo\n");
  turn();
  EXPECT_FALSE(locked());
}

TEST_F(ControlOrders, ThatAreNotUnderstoodOrPointlessSayWhy) {
  EXPECT_EQ(say("relay load reset"),
            "error: load: it is not latched; it is proving: closes when this has held for 3 s: "
            "every pack it obeys allows it\n");
  EXPECT_EQ(say("relay shed lock"), "error: shed: there is no such relay\n");
  for (const char* line : {"relay", "relay load", "relay load open", "relay load lock now", "x"})
    EXPECT_EQ(
        say(line),
        "error: unknown order; known are: relay NAME lock|unlock|reset, bank full-charge on|off\n")
        << line;
}

}  // namespace
}  // namespace cw
