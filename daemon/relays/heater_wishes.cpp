// SPDX-License-Identifier: Apache-2.0
#include "daemon/relays/heater_wishes.h"

#include <algorithm>

#include "bridge/explain.h"
#include "bridge/format_reason.h"

namespace cw {
namespace {

constexpr Millis kLookEvery{1'000};  // at the time a heater has been on

Heater::Power power_of(const PackState& state, Instant now) {
  const Millis age = state.usable_age(now);
  const auto plugged = state.pack.scalars.charger_plugged.fresh(now, age);
  return {plugged && plugged->count != 0, state.pack.scalars.soc.fresh(now, age)};
}

// A heater is on from when its relay is: while that rests, is locked out or only watched, the time
// does not run and nobody waits for warmth. Returns what it would like.
Heating advance(Heater& heater, const PackState& state, bool driven, Instant now) {
  const Measurements seen = measure(state.pack, now, state.usable_age(now));
  const auto step = [&](Heater& one, bool usable) {
    return one.step(state.guard, seen, state.policy, usable, power_of(state, now), now);
  };
  if (!driven && heater.is_on()) step(heater, false);
  Heater next = heater;
  const Heating heating = step(next, true);
  if (driven || !next.is_on()) heater = next;
  return heating;
}

bool knows_how_cold(const PackState& state) {
  return !state.guard.state(Rule::charge_undertemperature).blind;
}

RelayWish wish_for(const PackState& state, Heating heating) {
  const std::string_view name = state.name.view();
  switch (heating) {
    case Heating::idle:
      if (!knows_how_cold(state))
        return {false, format_reason("{}: its temperature is not known", name)};
      return {false, format_reason("no pack is known to be too cold to charge")};
    case Heating::heating:
      return {true, format_reason("{}: {}", name,
                                  explain(state.guard, Rule::charge_undertemperature).view())};
    case Heating::no_power:
      return {false, format_reason("{}: too cold, but nothing to heat with", name)};
    case Heating::spent: {
      const Millis longest{state.policy.get(Parameter::heater_time_max)
                               .value_or(static_cast<std::int32_t>(Heater::kLongest.count))};
      return {false, format_reason("{}: still too cold after heating for {}; off until it was warm",
                                   name, seconds_text(longest).view())};
    }
    case Heating::no_rise:
      return {false, format_reason("{}: not {:g} °C warmer after heating for {}; off until it was "
                                   "warm",
                                   name, Heater::kRise.count / 10.0,
                                   seconds_text(Heater::kRiseWithin).view())};
  }
  return {};
}

}  // namespace

HeaterWishes::HeaterWishes(const std::vector<RelayConfiguration>& relays) {
  for (std::size_t i = 0; i < relays.size(); ++i) {
    if (relays[i].role != RelayRole::heater) continue;
    HeaterRelay heater{i, {}};
    for (const std::size_t pack : relays[i].packs) heater.packs.push_back({pack, {}});
    heaters_.push_back(std::move(heater));
  }
}

// One relay heats all its packs: a pack for which it must stay off wins over one that is cold.
void HeaterWishes::step(std::span<RelayWish> wishes, std::span<const RelayOrder> orders,
                        std::span<const PackState> packs, Instant now) {
  for (HeaterRelay& relay : heaters_) {
    RelayWish wish{false, format_reason("no pack is known to be too cold to charge")};
    bool held = false;
    for (HeatedPack& one : relay.packs) {
      const PackState& state = packs[one.pack];
      const Heating heating = advance(one.heater, state, orders[relay.relay].active, now);
      const bool holds =
          heating == Heating::idle ? !knows_how_cold(state) : heating != Heating::heating;
      if (held || (!holds && heating == Heating::idle)) continue;
      if (holds || !wish.wanted) wish = wish_for(state, heating);
      held = holds;
    }
    wishes[relay.relay] = wish;
  }
}

std::optional<Instant> HeaterWishes::next_due(Instant now) const {
  for (const HeaterRelay& relay : heaters_)
    for (const HeatedPack& one : relay.packs)
      if (one.heater.is_on()) return now + kLookEvery;
  return std::nullopt;
}

}  // namespace cw
