// SPDX-License-Identifier: Apache-2.0
// The turn of the gateway in virtual time: what arrives is judged, decided upon, acted upon and
// published; what falls silent is noticed.
#include "daemon/gateway.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/presets.h"

namespace cw {
namespace {

using namespace literals;

// A sink that remembers what it was shown.
class Witness : public Sink {
 public:
  void publish(const Picture& picture, std::span<const std::size_t> changed) override {
    ++pictures;
    last_changed.assign(changed.begin(), changed.end());
    packs.assign(picture.packs.begin(), picture.packs.end());
    relays.assign(picture.relays.begin(), picture.relays.end());
    bank = picture.bank;
    now = picture.now;
  }
  void record(const Event& event) override { events.push_back(event); }
  Health health() const override { return {true, "", 0}; }

  int count(EventKind kind, std::string_view subject = {}) const {
    return static_cast<int>(std::count_if(events.begin(), events.end(), [&](const Event& event) {
      return event.kind == kind && (subject.empty() || event.subject.view() == subject);
    }));
  }

  int pictures = 0;
  std::vector<std::size_t> last_changed;
  std::vector<PackState> packs;
  std::vector<RelayState> relays;
  Bank bank;
  Instant now{};
  std::vector<Event> events;
};

Configuration two_packs(Mode mode) {
  Configuration configuration;
  configuration.mode = mode;
  for (const char* name : {"garage", "cellar"}) {
    PackConfiguration pack;
    pack.name = name;
    pack.protocol = find_protocol("jk-uart");
    pack.poll = 1_s;
    pack.stale_after = 3_s;
    pack.policy = preset_of(Chemistry::lfp, Generation::gateway).values;
    pack.policy.set(Parameter::cell_count, 4);
    pack.policy.set(Parameter::charge_overcurrent, 100'000);
    pack.policy.set(Parameter::discharge_overcurrent, 100'000);
    configuration.packs.push_back(pack);
  }
  configuration.relays = {{"charge", RelayRole::charge, {0, 1}, {}, false},
                          {"discharge", RelayRole::discharge, {0, 1}, {}, false},
                          {"lamp", RelayRole::alarm, {0, 1}, {}, false}};
  for (RelayConfiguration& relay : configuration.relays) relay.limits.close_after = {};
  return configuration;
}

class GatewayTest : public testing::Test {
 protected:
  explicit GatewayTest(Mode mode = Mode::control)
      : configuration(two_packs(mode)), gateway(configuration) {
    gateway.add(witness);
    gateway.start(now, 1'790'000'000'000);
  }

  // A healthy frame, but for what `change` does to it.
  template <class Change>
  void frame(std::size_t pack, Change change) {
    Pack& p = gateway.store().pack(pack).pack;
    p.scalars.voltage.set({13'320}, now);
    p.scalars.current.set({5'000}, now);
    p.scalars.soc.set({6'000}, now);
    p.scalars.capacity_full.set({280'000}, now);
    p.scalars.cell_count.set({4}, now);
    p.scalars.mosfet_temperature.set({300}, now);
    p.scalars.charge_mosfet.set({1}, now);
    p.scalars.discharge_mosfet.set({1}, now);
    for (std::size_t i = 0; i < 4; ++i) p.cell_voltage[i].set({3'330}, now);
    p.temperature[0].set({250}, now);
    p.alarms.set({}, now);
    change(p);
    links[pack].link = Link::up;
    links[pack].last_frame = now;
    ++links[pack].counts.frames;
    gateway.on_frame(pack, now);
    gateway.on_link(pack, links[pack], now);
    end_turn();
  }
  void healthy(std::size_t pack) {
    frame(pack, [](Pack&) {});
  }
  void end_turn() { gateway.end_turn(now, 1'790'000'000'000 + now.ms); }

  // Time passes with a tick every 100 ms; both packs answer once a second unless muted.
  void run(Millis span, std::vector<std::size_t> answering = {0, 1}) {
    run(span, answering, [](Pack&) {});
  }
  template <class Change>
  void run(Millis span, std::vector<std::size_t> answering, Change change) {
    for (const Instant end = now + span; now < end;) {
      now = now + kTick;
      if (now.ms % 1000 == 0)
        for (const std::size_t pack : answering) frame(pack, change);
      gateway.on_tick(now);
      end_turn();
    }
  }
  bool energised(std::size_t relay) const { return witness.relays[relay].energised; }

  Configuration configuration;
  Witness witness;
  Gateway gateway;
  Instant now{1'000'000};
  LinkStatus links[2];
};

TEST_F(GatewayTest, ShowsEverythingAbsentBeforeTheFirstFrame) {
  ASSERT_EQ(witness.packs.size(), 2u);
  EXPECT_EQ(witness.packs[0].link.link, Link::unheard);
  EXPECT_FALSE(witness.packs[0].pack.scalars.voltage.fresh(now, 3_s));
  EXPECT_FALSE(witness.packs[0].guard.decision().allows(Switches::charge));
  EXPECT_EQ(witness.bank.packs_in, 0);
  EXPECT_EQ(witness.count(EventKind::started), 1);
}

TEST_F(GatewayTest, KeepsRelaysOpenUntilEveryPackIsShownToBeSafe) {
  healthy(0);
  EXPECT_FALSE(energised(0));
  EXPECT_FALSE(energised(1));
  EXPECT_NE(witness.relays[0].reason.view().find("cellar"), std::string_view::npos);
  healthy(1);
  EXPECT_TRUE(energised(0));
  EXPECT_TRUE(energised(1));
}

TEST_F(GatewayTest, ATripOutlivesTheProcess) {
  const auto all_at = [](std::int32_t millivolts) {
    return [millivolts](Pack& pack) {
      for (std::size_t i = 0; i < 4; ++i)
        pack.cell_voltage[i].set({millivolts}, pack.scalars.soc.heard());
    };
  };
  run(3_s);
  run(8_s, {0, 1}, all_at(3'700));
  const auto memory = gateway.take_memory(now, 1'790'000'000'000);
  ASSERT_TRUE(memory.has_value());
  EXPECT_FALSE(gateway.take_memory(now, 1'790'000'000'000)) << "it is what it was";

  Gateway next(configuration);
  next.restore(*memory, now, 1'790'000'000'000);
  const auto hear = [&](std::int32_t millivolts) {
    now = now + 1_s;
    for (std::size_t pack = 0; pack < 2; ++pack) {
      Pack& p = next.store().pack(pack).pack;
      p = gateway.store().pack(pack).pack;
      p.scalars.cell_count.set({4}, now);
      for (std::size_t i = 0; i < 4; ++i) p.cell_voltage[i].set({millivolts}, now);
      links[pack].link = Link::up;
      links[pack].last_frame = now;
      next.on_frame(pack, now);
      next.on_link(pack, links[pack], now);
    }
    next.end_turn(now, 1'790'000'000'000);
    return next.store().packs()[0].guard;
  };
  const Protection inside = hear(3'450);  // below the limit of 3.6 V, not below the recovery
  EXPECT_TRUE(inside.decision().is_tripped(Rule::cell_overvoltage));
  EXPECT_EQ(inside.state(Rule::cell_overvoltage).cause, Cause::limit);
  EXPECT_EQ(inside.state(Rule::cell_overvoltage).evidence.value, 3'700);
  EXPECT_EQ(inside.state(Rule::cell_overvoltage).trips, 1U);
  const Protection recovered = hear(3'390);
  EXPECT_FALSE(recovered.decision().is_tripped(Rule::cell_overvoltage));
  EXPECT_EQ(recovered.state(Rule::cell_overvoltage).trips, 1U) << "it is still counted";
}

// Cells that were at the power-off voltage need a charge to come back, and a charge needs the
// relay.
TEST_F(GatewayTest, AnOperatorsResetLetsAPackBeChargedThatTurnedItselfOff) {
  const auto all_at = [](std::int32_t millivolts) {
    return [millivolts](Pack& pack) {
      for (std::size_t i = 0; i < 4; ++i)
        pack.cell_voltage[i].set({millivolts}, pack.scalars.soc.heard());
    };
  };
  run(3_s);
  run(30_s, {0, 1}, all_at(2'480));
  ASSERT_FALSE(energised(0));
  EXPECT_EQ(gateway.command("charge", RelayCommand::reset, "test", now), "");
  run(60_s, {0, 1}, all_at(2'490));
  EXPECT_TRUE(energised(0)) << witness.relays[0].reason.view();
  EXPECT_FALSE(energised(1)) << "it is still empty";
  run(600_s, {0, 1}, all_at(2'490));
  run(30_s, {0, 1}, all_at(2'490));
  EXPECT_FALSE(energised(0)) << "nobody charged it in ten minutes";
}

TEST_F(GatewayTest, AnEmergencyOfTheBmsIsFollowedWhereTheOperatorAllowedIt) {
  configuration.relays[1].limits.emergency = true;
  Gateway allowed(configuration);
  Witness seen;
  allowed.add(seen);
  allowed.start(now, 0);
  const auto hear = [&](std::int32_t emergency_s, std::int32_t millivolts) {
    now = now + 1_s;
    for (std::size_t pack = 0; pack < 2; ++pack) {
      healthy(pack);
      Pack& p = allowed.store().pack(pack).pack;
      p = gateway.store().pack(pack).pack;
      for (std::size_t i = 0; i < 4; ++i) p.cell_voltage[i].set({millivolts}, now);
      p.scalars.emergency_remaining.set({emergency_s}, now);
      links[pack].last_frame = now;
      allowed.on_frame(pack, now);
      allowed.on_link(pack, links[pack], now);
      allowed.end_turn(now, 0);
    }
  };
  for (int i = 0; i < 30; ++i) hear(0, 2'550);  // below under-voltage
  EXPECT_FALSE(seen.relays[1].wanted);
  hear(1'800, 2'550);
  EXPECT_TRUE(seen.relays[1].wanted) << "discharging follows";
  EXPECT_TRUE(seen.relays[0].wanted) << seen.relays[0].reason.view();
  hear(0, 2'550);
  EXPECT_FALSE(seen.relays[1].wanted);
}

TEST_F(GatewayTest, WarnsOfAPackThatIsNotHeardOnlyWhenItHadTimeToBe) {
  EXPECT_FALSE(energised(2));
  run(3_s, {1});
  EXPECT_FALSE(energised(2)) << "stale_after is not over";
  run(200_ms, {1});
  EXPECT_TRUE(energised(2));
}

TEST_F(GatewayTest, PublishesInTheTurnThatCompletedTheFrame) {
  const int before = witness.pictures;
  healthy(1);
  EXPECT_EQ(witness.pictures, before + 1);
  EXPECT_EQ(witness.last_changed, std::vector<std::size_t>{1});
  EXPECT_EQ(witness.now, now);
}

TEST_F(GatewayTest, PublishesNothingWhenNothingHappens) {
  run(1_s);
  const int before = witness.pictures;
  for (int i = 0; i < 5; ++i) {
    now = now + kTick;
    gateway.on_tick(now);
    end_turn();
  }
  EXPECT_EQ(witness.pictures, before);
}

TEST_F(GatewayTest, OpensOnlyWhatTheRuleNamesAndSaysWhy) {
  run(5_s);
  run(10_s, {0, 1}, [](Pack& p) { p.cell_voltage[2].set({3'700}, p.cell_voltage[2].heard()); });
  EXPECT_FALSE(energised(0));
  EXPECT_TRUE(energised(1));
  const std::string_view reason = witness.relays[0].reason.view();
  EXPECT_EQ(reason, "garage: cell_overvoltage: cell 3 at 3.700 V, limit 3.600 V");
  EXPECT_EQ(witness.count(EventKind::protection_tripped, "cell_overvoltage"), 2);
  EXPECT_TRUE(energised(2)) << "the lamp warns";
}

TEST_F(GatewayTest, ClosesAgainAfterTheRecoveryAndRecordsIt) {
  run(5_s);
  run(10_s, {0, 1}, [](Pack& p) { p.cell_voltage[2].set({3'700}, p.cell_voltage[2].heard()); });
  run(5_s);
  EXPECT_TRUE(energised(0));
  EXPECT_FALSE(energised(2));
  EXPECT_EQ(witness.count(EventKind::protection_released, "cell_overvoltage"), 2);
  EXPECT_EQ(witness.relays[0].operations, 3u) << "closed, opened, closed";
}

TEST_F(GatewayTest, ASilentPackIsLostWithinItsTimeAndTheRelaysOpenUnloadedOrTenSecondsLater) {
  run(5_s);
  const Instant muted = now;
  run(3_s, {1});
  EXPECT_TRUE(energised(0)) << "three seconds old is still young enough";
  run(100_ms, {1});
  EXPECT_EQ(witness.packs[0].link.link, Link::lost);
  EXPECT_FALSE(witness.packs[0].pack.scalars.voltage.fresh(now, 3_s));
  EXPECT_EQ(witness.relays[0].stage, "unloading");
  EXPECT_EQ(gateway.withheld()[0], Switches::both);
  EXPECT_LE(now.ms - muted.ms, 3'100);
  run(9'900_ms, {1});
  EXPECT_TRUE(energised(0));
  run(100_ms, {1});
  EXPECT_FALSE(energised(0));
  EXPECT_FALSE(energised(1));
  EXPECT_EQ(witness.count(EventKind::link_lost), 1);
  EXPECT_EQ(witness.count(EventKind::protection_tripped, "no_fresh_value"), 1)
      << "all rules go blind together: one event";
}

TEST_F(GatewayTest, AWireThatGoesAwayLosesItsPackBeforeItsValuesAreOld) {
  run(5_s);
  links[0].link = Link::lost;
  gateway.on_link(0, links[0], now);
  end_turn();
  EXPECT_FALSE(witness.packs[0].fresh(now));
  EXPECT_EQ(witness.relays[0].stage, "unloading") << "in the same turn";
  EXPECT_EQ(witness.relays[1].stage, "unloading");
}

TEST_F(GatewayTest, ALostPackThatAnswersAgainIsReportedAndAllowed) {
  run(5_s);
  run(20_s, {1});
  EXPECT_FALSE(energised(0));
  run(2_s);
  EXPECT_EQ(witness.packs[0].link.link, Link::up);
  EXPECT_TRUE(energised(0));
  EXPECT_EQ(witness.count(EventKind::link_up), 3) << "two at the start, one now";
  EXPECT_EQ(witness.count(EventKind::protection_released, "no_fresh_value"), 1);
}

TEST_F(GatewayTest, AnImplausibleValueIsNoValue) {
  run(5_s);
  run(12_s, {0, 1}, [](Pack& p) { p.cell_voltage[1].set({65'535}, p.cell_voltage[1].heard()); });
  EXPECT_EQ(witness.packs[0].pack.cell_voltage[1].quality(), Quality::implausible);
  EXPECT_FALSE(energised(0));
  EXPECT_FALSE(energised(1));
}

TEST_F(GatewayTest, AlarmsAreEventsWhenTheyComeAndGo) {
  run(3_s);
  const auto alarm = [this](AlarmSet set) {
    now = now + 1_s;
    frame(0, [&](Pack& p) { p.alarms.set(set, now); });
  };
  AlarmSet set;
  set.add(Alarm::mosfet_overtemperature);
  set.unknown = 1u << 14;
  alarm(set);
  alarm(set);
  alarm({});
  EXPECT_EQ(witness.count(EventKind::alarm_raised), 2);
  EXPECT_EQ(witness.count(EventKind::alarm_raised, "mosfet_overtemperature"), 1);
  EXPECT_EQ(witness.count(EventKind::alarm_raised, "unknown_jk_uart_bit_14"), 1);
  EXPECT_EQ(witness.count(EventKind::alarm_cleared), 2);
}

TEST_F(GatewayTest, AChangedSettingOfTheDeviceIsAnEventButTheFirstReadingIsNot) {
  const auto settings = [this](std::int32_t millivolts) {
    now = now + 1_s;
    frame(0, [&](Pack& p) {
      p.parameters.set(Parameter::cell_overvoltage, millivolts);
      p.parameters_heard = now;
    });
  };
  settings(3'650);
  EXPECT_EQ(witness.count(EventKind::settings_changed), 0);
  settings(3'650);
  settings(4'200);
  ASSERT_EQ(witness.count(EventKind::settings_changed), 1);
  const Event& event = witness.events.back();
  EXPECT_EQ(event.subject.view(), "cell_overvoltage_V");
  EXPECT_EQ(event.value, 4'200);
  EXPECT_EQ(event.limit, 3'650);
}

TEST_F(GatewayTest, AddsUpTheBankOverThePacksThatAreIn) {
  run(2_s);
  EXPECT_EQ(witness.bank.packs_in, 2);
  EXPECT_EQ(witness.bank.scalars.current.fresh(now, 1_s)->count, 10'000);
  EXPECT_EQ(witness.bank.scalars.voltage.fresh(now, 1_s)->count, 13'320);
  run(4_s, {1});
  EXPECT_EQ(witness.bank.packs_in, 1);
  EXPECT_EQ(witness.bank.scalars.current.fresh(now, 2_s)->count, 5'000);
}

TEST_F(GatewayTest, StopsWithEveryRelayAtItsSafeLevel) {
  run(3_s);
  ASSERT_TRUE(energised(0));
  gateway.stop(now, 0);
  EXPECT_FALSE(energised(0));
  EXPECT_FALSE(energised(1));
  EXPECT_EQ(witness.count(EventKind::stopped), 1);
}

TEST_F(GatewayTest, ASinkThatComesLateSeesEveryPackAtOnce) {
  run(2_s);
  Witness late;
  gateway.add(late);
  end_turn();
  EXPECT_EQ(late.last_changed, (std::vector<std::size_t>{0, 1}));
}

TEST_F(GatewayTest, ACriticalTripDoesNotWaitForZeroCurrent) {
  run(5_s);
  run(5_s, {0, 1}, [](Pack& p) { p.cell_voltage[2].set({3'700}, p.cell_voltage[2].heard()); });
  EXPECT_FALSE(energised(0)) << "5 A still flowed";
  EXPECT_EQ(witness.count(EventKind::relay_sequence), 0);
}

TEST_F(GatewayTest, AnOperatorsLockSurvivesARestart) {
  run(5_s);
  EXPECT_EQ(gateway.command("charge", RelayCommand::lock, "uid 0", now), "");
  EXPECT_NE(gateway.command("charger", RelayCommand::lock, "uid 0", now), "");
  run(11_s);
  EXPECT_FALSE(energised(0));
  const auto memory = gateway.take_memory(now, 1'790'000'000'000 + now.ms);
  ASSERT_TRUE(memory);
  EXPECT_FALSE(gateway.take_memory(now, 0)) << "nothing changed since";
  Gateway next(configuration);
  Witness after;
  next.add(after);
  next.restore(*memory, now, 1'790'000'000'000 + now.ms);
  next.start(now, 1'790'000'000'000 + now.ms);
  EXPECT_TRUE(after.relays[0].locked);
  EXPECT_FALSE(after.relays[1].locked);
  EXPECT_EQ(after.relays[0].operations, 2u);
}

TEST_F(GatewayTest, ADamagedMemoryIsLoudAndKeepsEveryRelaySafe) {
  Gateway next(configuration);
  Witness after;
  next.add(after);
  next.restore("cellwarden-state 1\nrelay charge no", now, 0);
  next.start(now, 0);
  EXPECT_EQ(after.count(EventKind::state_unreadable), 1);
  EXPECT_EQ(after.relays[0].latch, "unreadable_state");
  EXPECT_EQ(after.relays[1].latch, "unreadable_state");
  EXPECT_TRUE(after.relays[2].energised) << "the lamp";
}

class ObservingGatewayTest : public GatewayTest {
 protected:
  ObservingGatewayTest() : GatewayTest(Mode::observe) {}
};

TEST_F(ObservingGatewayTest, TouchesNothingButSaysWhatItWould) {
  run(5_s);
  EXPECT_TRUE(witness.relays[0].wanted);
  EXPECT_FALSE(energised(0));
  EXPECT_EQ(witness.relays[0].operations, 0u);
  EXPECT_EQ(witness.count(EventKind::relay_operated), 0);
}

}  // namespace
}  // namespace cw
