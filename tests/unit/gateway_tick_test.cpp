// SPDX-License-Identifier: Apache-2.0
// A gateway that is only woken when time may have changed something is, to the tick, the gateway
// that is woken every 100 ms: the same decisions, relays, events and publications at the same
// moments, over random packs and banks, silences, violations, alarms and relay faults.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "bridge/mqtt/mqtt_payload.h"
#include "core/limits_table.h"
#include "core/presets.h"
#include "daemon/gateway.h"

namespace cw {
namespace {

using namespace literals;

constexpr Instant kStart{1'000'037};  // off any round figure

// Writes down everything a sink is shown.
class Scribe : public Sink {
 public:
  void publish(const Picture& picture, std::span<const std::size_t> changed) override {
    std::string line = "at " + std::to_string(picture.now.ms) + " changed";
    for (const std::size_t i : changed) line += ' ' + std::to_string(i);
    for (const PackState& pack : picture.packs) line += " | " + words_of(pack);
    for (const RelayState& relay : picture.relays) line += " | " + words_of(relay);
    line += " | bank " + std::to_string(picture.bank.packs_in) + ' ' +
            words_of(picture.bank.scalars.voltage) + ' ' + words_of(picture.bank.scalars.current) +
            ' ' + std::to_string(picture.bank.alarms.heard().ms);
    if (picture.request != nullptr) line += words_of(*picture.request);
    lines.push_back(std::move(line));
    expect_all_verdicts(picture);
  }
  void record(const Event& event) override {
    lines.push_back("event " + std::string(name(event.kind)) + ' ' +
                    std::string(event.subject.view()) + ' ' + std::string(event.pack.view()) + ' ' +
                    std::to_string(event.when.ms) + ' ' + std::string(event.detail.view()));
  }
  Health health() const override { return {true, "", 0}; }

  std::vector<std::string> lines;

 private:
  // Who follows only the packs that were judged knows the verdict on every pack.
  void expect_all_verdicts(const Picture& picture) {
    const bool first = verdicts_.empty();
    verdicts_.resize(picture.packs.size());
    for (std::size_t i = 0; first && i < verdicts_.size(); ++i)
      verdicts_[i] = verdict_of(picture.packs[i]);
    for (const std::size_t i : picture.judged) verdicts_[i] = verdict_of(picture.packs[i]);
    for (std::size_t i = 0; i < verdicts_.size(); ++i)
      EXPECT_TRUE(verdicts_[i] == verdict_of(picture.packs[i]))
          << "pack " << i << " at " << picture.now.ms;
  }

  static std::string words_of(const PackState& pack) {
    std::string words = std::string(name(pack.link.link)) + ' ' +
                        std::to_string(static_cast<int>(pack.guard.decision().open)) + ' ' +
                        std::to_string(pack.guard.decision().tripped);
    for (std::size_t i = 0; i < kRuleCount; ++i) {
      const RuleState& rule = pack.guard.state(static_cast<Rule>(i));
      words += ' ' + std::string(name(rule.phase)) + ',' + std::string(name(rule.cause)) + ',' +
               std::to_string(rule.since.ms) + ',' + std::to_string(rule.trips);
    }
    return words;
  }
  static std::string words_of(const RelayState& relay) {
    return std::string(relay.name.view()) + ' ' + std::to_string(relay.wanted) +
           std::to_string(relay.energised) + std::to_string(relay.fault) + ' ' +
           std::to_string(relay.since.ms) + ' ' + std::to_string(relay.operations) + ' ' +
           std::string(relay.reason.view());
  }
  static std::string words_of(const BankRequest& request) {
    std::string words =
        " | " + std::string(name(request.voice)) + ' ' + std::string(name(request.stage)) + ' ' +
        std::to_string(request.not_obeyed) + std::to_string(request.charge_enabled) +
        std::to_string(request.discharge_enabled);
    for (const LimitRow& row : kRequestLimits) {
      const LimitView limit = row.view(request);
      words += ' ' + std::to_string(limit.value) + ',' + std::string(name(limit.reason.cause)) +
               ',' + std::to_string(limit.reason.pack);
    }
    return words;
  }
  template <class T>
  static std::string words_of(const Reading<T>& reading) {
    const auto value = reading.fresh(reading.heard(), {0});
    return std::to_string(reading.heard().ms) + '=' + (value ? std::to_string(value->count) : "-");
  }

  std::vector<Verdict> verdicts_;
};

Configuration random_bank(std::mt19937& random) {
  Configuration configuration;
  configuration.mode = random() % 4 == 0 ? Mode::observe : Mode::control;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < 1 + random() % 4; ++i) {
    PackConfiguration pack;
    pack.name = "pack" + std::to_string(i);
    pack.protocol = find_protocol("jk-uart");
    pack.stale_after = Millis{static_cast<std::int32_t>(1'000 + random() % 4'000)};
    pack.policy = preset_of(Chemistry::lfp, Generation::gateway).values;
    pack.policy.set(Parameter::cell_count, 4);
    pack.policy.set(Parameter::charge_overcurrent, 100'000);
    if (random() % 3 != 0) pack.policy.set(Parameter::discharge_overcurrent, 100'000);
    configuration.packs.push_back(pack);
    all.push_back(i);
  }
  configuration.relays = {{"charge", RelayRole::charge, all, {}, false},
                          {"discharge", RelayRole::discharge, all, {}, false},
                          {"lamp", RelayRole::alarm, all, {}, false}};
  if (random() % 3 == 0) configuration.relays[0].gpio.chip = "/nonexistent/gpiochip";
  configuration.bank.enabled = random() % 2 == 0;
  if (!configuration.bank.enabled) return configuration;
  configuration.bank.packs.assign(configuration.packs.size(), {.cells = 4});
  configuration.bank.settings.lost_after =
      Millis{static_cast<std::int32_t>(3'000 + random() % 20'000)};
  if (random() % 2 == 0) configuration.bank.settings.ignored_relay_after = 5_s;
  return configuration;
}

// What happens to a pack at one moment.
struct Happening {
  std::size_t pack;
  bool link_lost;
  std::int32_t cell_mv;
  std::int32_t current_ma;
  std::int32_t celsius10;
  bool partial;  // an answer that holds the current alone
  bool alarm;
};

Happening random_happening(std::mt19937& random, std::size_t packs, bool troubled) {
  const auto one_of = [&](auto... values) {
    const std::int32_t list[] = {values...};
    return list[random() % std::size(list)];
  };
  Happening h{random() % packs, false, 3'330, 5'000, 250, random() % 8 == 0, false};
  if (!troubled) return h;
  h.link_lost = random() % 20 == 0;
  h.cell_mv = one_of(3'330, 3'330, 3'700, 3'560, 2'300, 65'535);
  h.current_ma = one_of(5'000, 5'000, 120'000, -120'000);
  h.celsius10 = one_of(250, 250, 250, 700, -300);
  h.alarm = random() % 10 == 0;
  return h;
}

class Side {
 public:
  Side(const Configuration& configuration, bool every_tick)
      : every_tick_(every_tick), links_(configuration.packs.size()), gateway_(configuration) {
    gateway_.add(scribe);
    gateway_.start(kStart, kStart.ms);
    next_ = gateway_.next_tick(kStart);
  }

  // One millisecond: a turn for the tick if it is time, then one for what happened.
  void step(Instant now, const std::vector<Happening>& happenings) {
    const bool on_grid = (now.ms - kStart.ms) % kTick.count == 0;
    const bool tick = every_tick_ ? on_grid : next_ && now >= *next_;
    if (tick && !on_grid) ADD_FAILURE() << "a tick off the grid at " << now.ms;
    if (tick) {
      ++ticks;
      gateway_.on_tick(now);
      end_turn(now);
    }
    for (const Happening& happening : happenings) apply(happening, now);
    if (!happenings.empty()) end_turn(now);
  }

  Scribe scribe;
  int ticks = 0;

 private:
  void end_turn(Instant now) {
    gateway_.end_turn(now, now.ms);
    next_ = gateway_.next_tick(now);
  }
  void apply(const Happening& h, Instant now) {
    LinkStatus& link = links_[h.pack];
    if (h.link_lost) {
      if (link.link != Link::unheard) link.link = Link::lost;
      return gateway_.on_link(h.pack, link, now);
    }
    Pack& p = gateway_.store().pack(h.pack).pack;
    p.scalars.current.set({h.current_ma}, now);
    if (!h.partial) {
      p.scalars.voltage.set({4 * h.cell_mv}, now);
      p.scalars.cell_count.set({4}, now);
      p.scalars.mosfet_temperature.set({300}, now);
      for (std::size_t i = 0; i < 4; ++i) p.cell_voltage[i].set({i == 2 ? h.cell_mv : 3'330}, now);
      p.temperature[0].set({h.celsius10}, now);
      AlarmSet alarms;
      if (h.alarm) alarms.add(Alarm::mosfet_overtemperature);
      p.alarms.set(alarms, now);
    }
    link.link = Link::up;
    link.last_frame = now;
    gateway_.on_link(h.pack, link, now);
    gateway_.on_frame(h.pack, now);
  }

  bool every_tick_;
  std::vector<LinkStatus> links_;
  Gateway gateway_;
  std::optional<Instant> next_;
};

// `seconds` of one random life. Frames come about once a second and pack, in spells of silence not
// at all.
void compare(unsigned seed, int seconds, bool troubled) {
  std::mt19937 random(seed);
  const Configuration configuration = random_bank(random);
  Side ticking(configuration, true);
  Side dozing(configuration, false);
  const std::size_t packs = configuration.packs.size();
  bool silent = false;
  for (int ms = 1; ms <= seconds * 1000; ++ms) {
    const Instant now = kStart + Millis{ms};
    if (troubled && random() % 4'000 == 0) silent = !silent;
    std::vector<Happening> happenings;
    while (!silent && random() % (1'000 / packs) == 0)
      happenings.push_back(random_happening(random, packs, troubled));
    ticking.step(now, happenings);
    dozing.step(now, happenings);
  }
  EXPECT_FALSE(ticking.scribe.lines.empty());
  EXPECT_EQ(ticking.scribe.lines.size(), dozing.scribe.lines.size()) << "seed " << seed;
  for (std::size_t i = 0; i < std::min(ticking.scribe.lines.size(), dozing.scribe.lines.size());
       ++i)
    if (ticking.scribe.lines[i] != dozing.scribe.lines[i]) {
      ADD_FAILURE() << "seed " << seed << "\nticking: " << ticking.scribe.lines[i]
                    << "\ndozing:  " << dozing.scribe.lines[i];
      break;
    }
}

TEST(GatewayTick, IsTheSameGatewayWhetherOrNotItSleepsThroughQuietTicks) {
  for (unsigned seed = 1; seed <= 150 && !testing::Test::HasFailure(); ++seed)
    compare(seed, 60, seed % 5 != 0);
}

TEST(GatewayTick, IsNotWokenForAHealthyPack) {
  Configuration one;
  std::mt19937 random(1);
  do one = random_bank(random);
  while (one.packs.size() != 1 || !one.relays[0].gpio.chip.empty() || one.bank.enabled);
  Side side(one, false);
  for (int ms = 1; ms <= 60'000; ++ms) {
    std::vector<Happening> happenings;
    if (ms % 1'000 == 0) happenings.push_back({0, false, 3'330, 5'000, 250, false, false});
    side.step(kStart + Millis{ms}, happenings);
  }
  EXPECT_LE(side.ticks, 2) << "one pack that answers every second needs no tick";
}

TEST(GatewayTick, ComesWhenASilentPackBecomesOld) {
  std::mt19937 random(3);
  Configuration one = random_bank(random);
  one.packs.resize(1);
  one.bank = {};
  for (RelayConfiguration& relay : one.relays) relay = {relay.name, relay.role, {0}, {}, false};
  one.packs[0].stale_after = 3_s;
  Gateway gateway(one);
  gateway.start(kStart, 0);
  Pack& pack = gateway.store().pack(0).pack;
  const Instant heard = kStart + 40_ms;
  pack.scalars.current.set({1'000}, heard);
  LinkStatus link;
  link.link = Link::up;
  link.last_frame = heard;
  gateway.on_link(0, link, heard);
  gateway.on_frame(0, heard);
  gateway.end_turn(heard, 0);
  EXPECT_EQ(gateway.next_tick(heard), kStart + 3'100_ms) << "3.04 s is still young enough";
}

}  // namespace
}  // namespace cw
