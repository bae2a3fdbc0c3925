// SPDX-License-Identifier: Apache-2.0
// Batteries, charge control and an inverter in one loop of virtual time: cells become readings,
// readings a request, the request words of a real protocol, those the current through the cells.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "bridge/inverter/inverter_protocol.h"
#include "core/picture.h"
#include "daemon/bank_control.h"
#include "simulator/inverter_reader.h"
#include "simulator/parallel_packs.h"
#include "tests/sim/closed_loop_account.h"

namespace cw::simulator {

struct ClosedLoopSite {
  std::vector<PlantOptions> packs = {{}, {}, {}};
  InverterPlant inverter{.energy_Wh = 3 * 14'336.0, .power_most_W = 20'000, .current_most_A = 400};
  std::string_view protocol = "pylontech-rs485";  // of simulator/inverter_reader.h
  double warmest_C = 20;                          // in the afternoon
  double coldest_C = 20;                          // twelve hours later
  EscalationLadder ladder;  // what is done about an inverter that does not obey
};

/// Rules that limits are there to keep from tripping.
inline constexpr Rule kPreventable[] = {Rule::cell_overvoltage,   Rule::cell_undervoltage,
                                        Rule::pack_overvoltage,   Rule::pack_undervoltage,
                                        Rule::charge_overcurrent, Rule::discharge_overcurrent};

class ClosedLoop {
 public:
  static constexpr Millis kMaxAge{5'000};
  static constexpr std::uint8_t kCells = 16;

  explicit ClosedLoop(const ClosedLoopSite& site)
      : site_(site),
        states_(site.packs.size()),
        mute_(site.packs.size(), false),
        control_(bank_of(site)),
        row_(*find_inverter_reader(site.protocol)),
        battery_(find_inverter_protocol(row_.gateway)->make(wire_of(site))),
        reader_(row_.make(row_.name, row_.unit)),
        inverter_(site.inverter, now_) {
    for (std::size_t i = 0; i < site.packs.size(); ++i) add(site.packs[i], i);
  }

  void second() {
    now_ = now_ + Millis{1'000};
    hour_ = std::fmod(hour_ + 1.0 / 3'600, 24.0);
    const auto reach_A = [this](double volts) { return bus_.current_to_reach_A(volts); };
    acted_on_ = inverter_.limits();
    const double wanted_A = through_relays(inverter_.current_A(bus_.voltage_V(), reach_A, now_));
    for (ParallelPack& pack : bus_.packs()) pack.plant.set_ambient(ambient_C());
    amps_ = bus_.step(1, wanted_A, now_);
    for (std::size_t i = 0; i < states_.size(); ++i) hear(i);
    events_.clear();
    (void)control_.step(states_, false, now_, kWallStart + now_.ms, events_);
    tell();
    watch();
  }
  void run(double hours) {
    for (int i = 0; i < static_cast<int>(hours * 3'600); ++i) second();
  }
  /// Until it is so; false: not within `hours`.
  template <class Done>
  bool run_until(double hours, const Done& done) {
    for (int i = 0; i < static_cast<int>(hours * 3'600) && !done(); ++i) second();
    return done();
  }

  void mute(std::size_t pack, bool on) { mute_[pack] = on; }
  void mute_all(bool on) { mute_.assign(mute_.size(), on); }

  const BankRequest& request() const { return *control_.request(); }
  double amps() const { return amps_; }
  double hour() const { return hour_; }
  Instant now() const { return now_; }
  ParallelPacks& bus() { return bus_; }
  Inverter& inverter() { return inverter_; }
  double soc(std::size_t pack) const { return bus_.packs()[pack].plant.soc(); }
  /// What was seen since the start. Limits are those the inverter had been told when it acted.
  struct Record {
    double highest_cell_V = 0, lowest_cell_V = 9;
    double charged_Ah = 0, discharged_Ah = 0;
    double frozen_Ah = 0;  // charged while a sensor showed 0 °C or less
    std::set<LimitCause> charge_causes, discharge_causes, voltage_causes;
    std::uint64_t disobeyed = 0;         // seconds of more current or voltage than was asked for
    std::uint32_t trips = 0;             // of rules that limits are there for
    std::uint32_t trips_of_obeying = 0;  // of those, without a disobedience in the minute before
    std::uint64_t told = 0;              // times
    bool was_full = false, force_charge = false;
  };
  const Record& seen() const { return seen_; }
  const ClosedLoopAccount& account() const { return account_; }

 private:
  static constexpr std::int64_t kWallStart = 1'700'000'000'000;

  static InverterOptions wire_of(const ClosedLoopSite& site) {
    InverterOptions wire;
    wire.unconfirmed = true;  // or Growatt's registers tell no charge voltage
    wire.modbus.enabled = wire.modbus.sunspec.enabled = wire.modbus.victron.enabled = true;
    wire.modbus.sunspec.packs.assign(site.packs.size(), {.cells = kCells});
    return wire;
  }

  static BankConfiguration bank_of(const ClosedLoopSite& site) {
    BankConfiguration bank;
    bank.enabled = true;
    bank.packs.assign(site.packs.size(), {.cells = kCells,
                                          .charge_current = Milliamps{140'000},
                                          .discharge_current = Milliamps{140'000}});
    bank.settings.ignored_flags_after = site.ladder.flags;
    bank.settings.ignored_soc_after = site.ladder.soc;
    bank.settings.ignored_silence_after = site.ladder.silence;
    bank.settings.ignored_relay_after = site.ladder.relay;
    return bank;
  }

  // One relay a direction, between the bank and the inverter.
  double through_relays(double amps) const {
    const Switches open = control_.ignored();
    const Switches way = amps > 0 ? Switches::charge : Switches::discharge;
    return open == Switches::both || open == way ? 0 : amps;
  }

  static BoardOptions board_options(const PlantOptions& plant) {
    BoardOptions options;
    options.settings = board_settings(plant.chemistry, Generation::board_15, kCells,
                                      {static_cast<std::int32_t>(plant.capacity_Ah * 1'000)});
    options.soc = {static_cast<std::int32_t>(plant.soc * 10'000)};
    return options;
  }

  void add(PlantOptions plant, std::size_t index) {
    plant.ambient_C = ambient_C();
    plant.seed = index + 1;
    bus_.add(plant, board_options(plant), now_);
    PackState& state = states_[index];
    state.max_age = kMaxAge;
    state.policy = bus_.packs().back().board.pack().parameters;
    state.pack.parameters = state.policy;
  }

  double ambient_C() const {
    const double middle = (site_.warmest_C + site_.coldest_C) / 2;
    const double swing = (site_.warmest_C - site_.coldest_C) / 2;
    return middle + swing * std::cos((hour_ - 15) / 12 * std::numbers::pi);
  }

  void hear(std::size_t index) {
    PackState& state = states_[index];
    if (!mute_[index]) {
      state.pack = bus_.packs()[index].board.pack();
      state.link.link = Link::up;
      state.link.last_frame = now_;
    } else if (now_ > state.link.last_frame + Millis{15'000}) {
      state.link.link = Link::lost;
    }
    state.guard.step(measure(state.pack, now_, state.usable_age(now_)), state.policy, now_);
  }

  void tell() {
    const Picture picture{now_, 0, Mode::control, states_, nobody_, {}, control_.request()};
    battery_->tell(picture, now_);
    battery_->receive(reader_->ask(), now_);
    // On CAN a set is spread over the second.
    for (int ms = 0; ms < 1'000; ms += 50) {
      const Instant then = now_ + Millis{ms};
      for (auto piece = battery_->next(then); !piece.empty(); piece = battery_->next(then))
        if (const auto limits = reader_->hear(piece)) {
          inverter_.hear(*limits, now_);
          ++seen_.told;
        }
    }
  }

  void watch() {
    for (const ParallelPack& pack : bus_.packs())
      for (const Cell& cell : pack.plant.cells()) {
        seen_.highest_cell_V = std::max(seen_.highest_cell_V, cell.voltage_V(pack.amps));
        seen_.lowest_cell_V = std::min(seen_.lowest_cell_V, cell.voltage_V(pack.amps));
      }
    (amps_ > 0 ? seen_.charged_Ah : seen_.discharged_Ah) += std::abs(amps_) / 3'600;
    const auto coldest = [](const ParallelPack& pack) {
      return std::ranges::min(pack.plant.sense(0).temperature_C);
    };
    if (amps_ > 0 && coldest(bus_.packs().front()) <= 0) seen_.frozen_Ah += amps_ / 3'600;
    const BankRequest& now = request();
    seen_.charge_causes.insert(now.charge_current.reason.cause);
    seen_.discharge_causes.insert(now.discharge_current.reason.cause);
    seen_.voltage_causes.insert(now.charge_voltage.reason.cause);
    account_.step(now, control_.ignored(), events_, states_, now_);
    seen_.was_full = seen_.was_full || now.full;
    seen_.force_charge = seen_.force_charge || now.force_charge;
    watch_trips();
  }

  void watch_trips() {
    if (disobeys()) {
      ++seen_.disobeyed;
      disobeyed_ = now_;
    }
    std::uint32_t trips = 0;
    for (std::size_t i = 0; i < states_.size(); ++i)
      for (const Rule rule : kPreventable)
        trips += bus_.packs()[i].board.protection().state(rule).trips +
                 states_[i].guard.state(rule).trips;
    const std::uint32_t more = trips - seen_.trips;
    seen_.trips = trips;
    if (!disobeyed_ || now_ > *disobeyed_ + Millis{60'000}) seen_.trips_of_obeying += more;
  }

  bool disobeys() const {
    if (!acted_on_) return false;
    constexpr double kMore_A = 1, kMore_V = 0.05;
    const auto& charge = acted_on_->charge_current;
    const auto& discharge = acted_on_->discharge_current;
    const auto& voltage = acted_on_->charge_voltage;
    return (charge && amps_ > charge->count / 1'000.0 + kMore_A) ||
           (discharge && -amps_ > discharge->count / 1'000.0 + kMore_A) ||
           (voltage && amps_ > kMore_A && bus_.voltage_V() > voltage->count / 1'000.0 + kMore_V);
  }

  ClosedLoopSite site_;
  Instant now_{1'000'000};
  double hour_ = 0;
  std::vector<PackState> states_;
  std::vector<bool> mute_;
  Bank nobody_;
  BankControl control_;
  std::vector<Event> events_;  // of this second
  const InverterReaderRow& row_;
  std::unique_ptr<InverterProtocol> battery_;
  std::unique_ptr<InverterReader> reader_;
  Inverter inverter_;
  ParallelPacks bus_;
  std::optional<InverterLimits> acted_on_;
  std::optional<Instant> disobeyed_;
  double amps_ = 0;
  Record seen_;
  ClosedLoopAccount account_;
};

}  // namespace cw::simulator
