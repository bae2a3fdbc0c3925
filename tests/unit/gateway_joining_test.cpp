// SPDX-License-Identifier: Apache-2.0
// Packs behind contactors of their own, in the whole gateway: who is off the bus is no part of it,
// and joins only what it fits.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "core/presets.h"
#include "daemon/gateway.h"

namespace cw {
namespace {

constexpr std::int64_t kWall_ms = 1'790'000'000'000;

// A line that is there and does what it is told.
class GoodLine : public RelayLine {
 public:
  bool open(bool) override { return true; }
  bool drive(bool) override { return true; }
  bool dry_run() const override { return false; }
  const std::string& error() const override { return none_; }
  const std::string& name() const override { return none_; }

 private:
  std::string none_;
};

class Contactors : public testing::Test, public Sink {
 protected:
  explicit Contactors(const ChargeSettings& settings = {})
      : configuration_(configured(settings)),
        gateway_(configuration_,
                 [](const RelayConfiguration&) { return std::make_unique<GoodLine>(); }) {
    gateway_.add(*this);
    gateway_.start(now_, kWall_ms);
  }

  static Configuration configured(const ChargeSettings& settings) {
    Configuration out;
    out.mode = Mode::control;
    out.bank.enabled = true;
    out.bank.settings = settings;
    out.bank.settings.start_grace = Millis{0};
    for (const char* name : {"garage", "cellar"}) {
      PackConfiguration pack;
      pack.name = name;
      pack.protocol = find_protocol("jk-uart");
      pack.stale_after = Millis{3'000};
      pack.policy = preset_of(Chemistry::lfp, Generation::gateway).values;
      pack.policy.set(Parameter::cell_count, 4);
      pack.policy.set(Parameter::charge_overcurrent, 100'000);
      pack.policy.set(Parameter::discharge_overcurrent, 100'000);
      out.packs.push_back(pack);
      out.bank.packs.push_back({.cells = 4,
                                .charge_current = Milliamps{80'000},
                                .discharge_current = Milliamps{80'000}});
      RelayConfiguration relay;
      relay.name = name;
      relay.role = RelayRole::discharge;
      relay.packs = {out.packs.size() - 1};
      relay.gpio.chip = "test";
      relay.both_ways = true;
      out.relays.push_back(relay);
    }
    return out;
  }

  static ModbusOptions that_takes(std::vector<std::string> points) {
    ModbusOptions out;
    out.enabled = true;
    out.sunspec.enabled = true;
    out.orders.from = {"192.0.2.10"};
    out.orders.points = std::move(points);
    return out;
  }

  void publish(const Picture& picture, std::span<const std::size_t>) override {
    relays_.assign(picture.relays.begin(), picture.relays.end());
    request_ = *picture.request;
  }
  void record(const Event& event) override { events_.push_back(event); }
  Health health() const override { return {true, "", 0}; }

  void frame(std::size_t pack) {
    Pack& p = gateway_.store().pack(pack).pack;
    p.scalars.voltage.set({cell_mV_[pack] * 4}, now_);
    p.scalars.current.set({current_mA_[pack]}, now_);
    p.scalars.soc.set({6'000}, now_);
    p.scalars.capacity_full.set({280'000}, now_);
    p.scalars.cell_count.set({4}, now_);
    p.scalars.mosfet_temperature.set({300}, now_);
    p.scalars.charge_mosfet.set({1}, now_);
    p.scalars.discharge_mosfet.set({1}, now_);
    for (std::size_t i = 0; i < 4; ++i) p.cell_voltage[i].set({cell_mV_[pack]}, now_);
    p.temperature[0].set({250}, now_);
    p.alarms.set({}, now_);
    LinkStatus link = gateway_.store().packs()[pack].link;
    link.link = Link::up;
    link.last_frame = now_;
    ++link.counts.frames;
    gateway_.on_frame(pack, now_);
    gateway_.on_link(pack, link, now_);
    gateway_.end_turn(now_, kWall_ms + now_.ms);
  }
  void run(int seconds) {
    for (const Instant end = now_ + Millis{seconds * 1'000}; now_ < end;) {
      now_ = now_ + kTick;
      if (now_.ms % 1'000 == 0)
        for (const std::size_t pack : answering_) frame(pack);
      gateway_.on_tick(now_);
      gateway_.end_turn(now_, kWall_ms + now_.ms);
    }
  }
  /// Seconds until `relay` is closed, at most `seconds`; meanwhile `each` looks at every one.
  template <class Each>
  void run_until_closed(std::size_t relay, int seconds, Each each) {
    for (int i = 0; i < seconds && !closed(relay); ++i) {
      run(1);
      if (!closed(relay)) each();
    }
  }
  bool closed(std::size_t relay) const { return relays_[relay].stage == "on"; }
  bool was_told(std::string_view detail) const {
    return std::ranges::any_of(events_, [&](const Event& event) {
      return event.detail.view().find(detail) != std::string_view::npos;
    });
  }

  Configuration configuration_;
  Gateway gateway_;
  std::vector<RelayState> relays_;
  BankRequest request_;
  std::vector<Event> events_;
  std::vector<std::size_t> answering_{0, 1};
  std::int32_t cell_mV_[2] = {3'300, 3'300};
  std::int32_t current_mA_[2] = {0, 0};
  Instant now_{1'000'000};
};

TEST_F(Contactors, PacksThatFitJoinOneAfterTheOther) {
  run(10);
  EXPECT_TRUE(closed(0));
  EXPECT_TRUE(closed(1));
  EXPECT_EQ(request_.packs_online, 2);
}

TEST_F(Contactors, APackBehindItsOpenContactorIsNoPartOfTheBankThoughItsSwitchesAreClosed) {
  cell_mV_[1] = 3'450;  // 0.6 V above the other: it would charge it with hundreds of amperes
  run(60);
  EXPECT_TRUE(closed(0));
  EXPECT_FALSE(closed(1));
  EXPECT_EQ(request_.packs_online, 1);
  EXPECT_EQ(request_.charge_current.value.count, 80'000);
  EXPECT_EQ(request_.measured.cell_max->value.count, 3'300) << "its cells are not on the bus";
  EXPECT_EQ(relays_[1].reason.view(), "waits to join the bus: voltages apart");
  EXPECT_TRUE(was_told("waits to join the bus: voltages apart"));
  cell_mV_[0] = 3'390;  // the bus has come up to it
  run(5);
  EXPECT_TRUE(closed(1));
  EXPECT_EQ(request_.packs_online, 2);
}

// Its contactor proves for three seconds that it may close, and is open all the while.
TEST_F(Contactors, APackThatIsHeardAgainIsNoPartOfTheBankBeforeItHasJoined) {
  answering_ = {0};
  run(60);
  ASSERT_TRUE(closed(0));
  ASSERT_EQ(request_.discharge_current.value.count, 80'000);
  answering_ = {0, 1};
  cell_mV_[1] = 3'450;
  run_until_closed(1, 10, [this] {
    EXPECT_EQ(request_.discharge_current.value.count, 80'000) << "the house goes on";
    EXPECT_EQ(request_.packs_online, 1);
  });
  EXPECT_FALSE(closed(1)) << "0.6 V above the other";
  cell_mV_[1] = 3'300;
  run_until_closed(1, 10, [this] { EXPECT_EQ(request_.discharge_current.value.count, 80'000); });
  EXPECT_TRUE(closed(1));
  run(5);
  EXPECT_GE(request_.discharge_current.value.count, 80'000);
}

TEST_F(Contactors, TheLowerOneWaitsForTheHigherOneJustTheSame) {
  cell_mV_[1] = 3'150;
  run(60);
  EXPECT_TRUE(closed(0));
  EXPECT_FALSE(closed(1));
  EXPECT_EQ(relays_[1].reason.view(), "waits to join the bus: voltages apart");
}

TEST_F(Contactors, CurrentIsBroughtDownForAPackThatWaitsButNotForEver) {
  answering_ = {0};
  current_mA_[0] = 30'000;  // more than a twentieth of 280 Ah
  run(10);
  ASSERT_TRUE(closed(0));
  answering_ = {0, 1};
  run(20);
  EXPECT_FALSE(closed(1));
  EXPECT_EQ(relays_[1].reason.view(), "waits to join the bus: current flows");
  EXPECT_EQ(request_.charge_current.value.count, 0);
  EXPECT_EQ(request_.charge_current.reason.cause, LimitCause::joining);
  run(120);  // the inverter does not care
  EXPECT_FALSE(closed(1));
  EXPECT_GT(request_.charge_current.value.count, 0);
  current_mA_[0] = 5'000;
  run(5);
  EXPECT_TRUE(closed(1));
  run(120);
  // Alone it carried everything: that share is kept until another one is proved.
  EXPECT_GE(request_.charge_current.value.count, 80'000);
}

// Who took the bank off keeps it off, though the port on which to ask is not to be had again.
TEST_F(Contactors, WhatWasAskedOfTheBankHoldsFromTheFirstMomentAfterARestart) {
  configuration_.modbus = that_takes({"802.SetOp"});
  ClientOrders orders;
  orders.disconnect = BankOrdersBook::Standing<bool>{true, {}, now_};
  gateway_.keep_orders(orders);
  const auto memory = gateway_.take_memory(now_, kWall_ms + now_.ms);
  Gateway again(configuration_);
  again.restore(*memory, now_, kWall_ms + now_.ms);
  EXPECT_FALSE(again.take_memory(now_, kWall_ms + now_.ms)) << "all of it is still kept";
  again.start(now_, kWall_ms + now_.ms);
  EXPECT_TRUE(again.store().packs().front().disconnect);
}

TEST_F(Contactors, WhatMayNotBeAskedOfTheBankAnyMoreEndsWithARestart) {
  ClientOrders orders;
  orders.disconnect = BankOrdersBook::Standing<bool>{true, {}, now_};
  gateway_.keep_orders(orders);
  const auto memory = gateway_.take_memory(now_, kWall_ms + now_.ms);
  Gateway again(configuration_);
  again.add(*this);
  again.restore(*memory, now_, kWall_ms + now_.ms);
  again.start(now_, kWall_ms + now_.ms);
  EXPECT_FALSE(again.store().packs().front().disconnect);
  EXPECT_TRUE(was_told("what may not be asked for over Modbus any more has ended"));
  EXPECT_EQ(again.kept_orders(), ClientOrders{});
  EXPECT_TRUE(again.take_memory(now_, kWall_ms + now_.ms)) << "the file forgets it too";
}

TEST_F(Contactors, WhatWasAskedOfTheBankSurvivesARestart) {
  configuration_.modbus = that_takes({"802.SoCRsvMin"});
  run(5);
  ClientOrders orders;
  orders.soc_min = BankOrdersBook::Standing<CentiPercent>{CentiPercent{3'000}, {}, now_};
  orders.soc_min->who.assign("192.0.2.10");
  gateway_.keep_orders(orders);
  EXPECT_EQ(gateway_.order_full_charge(true, "uid 0", now_), "");
  run(1);
  const auto memory = gateway_.take_memory(now_, kWall_ms + now_.ms);
  ASSERT_TRUE(memory);
  EXPECT_FALSE(gateway_.take_memory(now_, kWall_ms + now_.ms)) << "it has not changed since";
  Gateway again(configuration_);
  again.restore(*memory, now_, kWall_ms + now_.ms);
  EXPECT_EQ(again.kept_orders(), orders);
  EXPECT_EQ(again.order_full_charge(true, "uid 0", now_), "it is ordered already");
}

ChargeSettings with_the_ladder_of_the_manual() {
  ChargeSettings settings;
  settings.ignored_flags_after = Millis{10'000};
  settings.ignored_soc_after = Millis{30'000};
  settings.ignored_silence_after = Millis{60'000};
  settings.ignored_relay_after = Millis{180'000};
  settings.charge_current_most = Milliamps{5'000};
  return settings;
}

class ContactorsAndALadder : public Contactors {
 protected:
  ContactorsAndALadder() : Contactors(with_the_ladder_of_the_manual()) {}
};

// A house without a grid cannot do without its load because a pack would like to join.
TEST_F(ContactorsAndALadder, ALoadThatStaysWhileAPackWaitsToJoinIsNoDisobedience) {
  answering_ = {0};
  current_mA_[0] = -30'000;
  run(60);
  answering_ = {0, 1};
  bool asked = false;
  for (int second = 0; second < 300; ++second) {
    run(1);
    asked |= request_.discharge_current.reason.cause == LimitCause::joining;
    ASSERT_EQ(request_.not_obeyed, 0) << second;
    ASSERT_EQ(request_.voice, Voice::speaking) << second;
  }
  EXPECT_TRUE(asked) << "zero was asked for all the same";
  current_mA_[0] = -120'000;  // more than is allowed while nobody asks for zero
  run(30);
  EXPECT_NE(request_.not_obeyed, 0);
}

TEST_F(ContactorsAndALadder, WhoMayJoinIsJudgedWhileInvertersAreToldNothing) {
  run(10);
  ASSERT_TRUE(closed(0) && closed(1));
  EXPECT_EQ(gateway_.command("cellar", RelayCommand::lock, "uid 0", now_), "");
  current_mA_[0] = 13'000;  // more than is allowed, and little enough to join
  run(100);
  ASSERT_EQ(request_.voice, Voice::silent);
  ASSERT_FALSE(closed(1));
  cell_mV_[1] = 3'450;  // it fitted when something was last told
  run(5);
  EXPECT_EQ(gateway_.command("cellar", RelayCommand::unlock, "uid 0", now_), "");
  run(10);
  EXPECT_EQ(request_.voice, Voice::silent);
  EXPECT_FALSE(closed(1));
  EXPECT_EQ(relays_[1].reason.view(), "waits to join the bus: voltages apart");
}

TEST_F(Contactors, WhatIsNotHeardJoinsNothing) {
  answering_ = {0};
  run(10);
  EXPECT_TRUE(closed(0));
  answering_ = {};
  run(5);
  answering_ = {1};
  run(2);
  EXPECT_FALSE(closed(1)) << "the bus is not known now";
}

}  // namespace
}  // namespace cw
