// SPDX-License-Identifier: Apache-2.0
#include "daemon/relays/role_wishes.h"

#include <algorithm>
#include <array>

#include "bridge/explain.h"
#include "bridge/format_reason.h"
#include "core/emergency.h"

namespace cw {
namespace {

using Packs = std::span<const PackState>;

bool tripped_by_limit(const Protection& guard, Rule rule) {
  return guard.decision().is_tripped(rule) && guard.state(rule).cause == Cause::limit;
}

// The gravest reason counts: one that is critical, else the first. Any limit makes it a trip; a
// pack that is not heard, or not yet, is none.
RelayWish refusal(const PackState& pack, Switches needed) {
  RelayWish wish{false, format_reason("{}: not allowed", pack.name.view())};
  bool found = false;
  for (std::size_t r = 0; r < kRuleCount; ++r) {
    const auto rule = static_cast<Rule>(r);
    if (!pack.guard.decision().is_tripped(rule) || !contains(kRules[r].opens, needed)) continue;
    const bool tripped = tripped_by_limit(pack.guard, rule);
    const bool critical = kRules[r].is(kCritical) && tripped;
    wish.tripped |= tripped;
    if (found && (!critical || wish.critical)) continue;
    found = true;
    wish.reason = format_reason("{}: {}", pack.name.view(), explain(pack.guard, rule).view());
    wish.critical = critical;
  }
  return wish;
}

// The operator pressed the button of the BMS, and allowed this relay to follow.
bool in_emergency(const RelayConfiguration& relay, const PackState& pack, Switches needed,
                  Instant now) {
  const auto left = pack.pack.scalars.emergency_remaining.fresh(now, pack.usable_age(now));
  if (!relay.limits.emergency || !left || left->count == 0) return false;
  return !contains(held_in_emergency(pack.guard.decision().tripped), needed);
}

RelayWish permission(const RelayConfiguration& relay, Packs packs, const RelayWish&, Instant now) {
  const Switches needed = relay.role == RelayRole::charge ? Switches::charge : Switches::discharge;
  RelayWish wish{true, format_reason("every pack it obeys allows it")};
  for (const std::size_t i : relay.packs)
    if (packs[i].disconnect)
      return {false, format_reason("an energy manager asked to disconnect the bank")};
  for (const std::size_t i : relay.packs)
    if (contains(packs[i].ignored, needed))
      return {false, format_reason("an inverter takes more than it was told"), false, true};
  for (const std::size_t i : relay.packs) {
    if (packs[i].guard.decision().allows(needed)) continue;
    if (in_emergency(relay, packs[i], needed, now)) continue;
    const RelayWish refused = refusal(packs[i], needed);
    const bool tripped = wish.tripped || refused.tripped;
    if (wish.wanted || (refused.critical && !wish.critical)) wish = refused;
    wish.tripped = tripped;
  }
  return wish;
}

// A pack that has had no time to be heard yet keeps relays open, but it is nothing to warn of.
bool is_still_starting(const PackState& state, Rule rule, Instant now) {
  const RuleState& rule_state = state.guard.state(rule);
  return rule_state.cause == Cause::start && now <= rule_state.since + state.max_age;
}

RelayWish warning(const RelayConfiguration& relay, Packs packs, const RelayWish&, Instant now) {
  for (const std::size_t i : relay.packs) {
    const PackState& state = packs[i];
    for (std::size_t r = 0; r < kRuleCount; ++r)
      if (state.guard.decision().is_tripped(static_cast<Rule>(r)) &&
          !is_still_starting(state, static_cast<Rule>(r), now))
        return {true, format_reason("{}: {}", state.name.view(),
                                    explain(state.guard, static_cast<Rule>(r)).view())};
    for (std::size_t d = 0; d < kDivergenceCount; ++d)
      if (state.divergences[d].raised && kDivergences[d].severity == DivergenceSeverity::alarm)
        return {true,
                format_reason("{}: BMS diverges: {}", state.name.view(), kDivergences[d].name)};
    const auto alarms = state.pack.alarms.fresh(now, state.usable_age(now));
    if (alarms && alarms->any())
      return {true, format_reason("{}: the BMS reports an alarm", state.name.view())};
  }
  return {false, format_reason("nothing to warn of")};
}

RelayWish generating(const RelayConfiguration& relay, Packs packs, const RelayWish& before,
                     Instant now) {
  const CentiPercent enough = before.wanted ? relay.limits.stop_soc : relay.limits.start_soc;
  RelayWish wish{false, format_reason("every pack has charge enough")};
  for (const std::size_t i : relay.packs) {
    const PackState& state = packs[i];
    const auto soc = state.pack.scalars.soc.fresh(now, state.usable_age(now));
    if (!soc) return {false, format_reason("{}: its charge is not known", state.name.view())};
    if (!state.guard.decision().allows(Switches::charge)) return refusal(state, Switches::charge);
    const bool low = before.wanted ? *soc < enough : *soc <= enough;
    if (low && !wish.wanted)
      wish = {true,
              format_reason("{}: charge below {:g} %", state.name.view(), enough.count / 100.0)};
  }
  return wish;
}

RelayWish beating(const RelayConfiguration& relay, Packs packs, const RelayWish&, Instant now) {
  for (const std::size_t i : relay.packs)
    if (!packs[i].fresh(now)) return {false, format_reason("{}: not heard", packs[i].name.view())};
  return {true, format_reason("every pack is heard and no relay is faulty")};
}

// Of roles that follow other relays, and of heaters: heater_wishes.h remembers for them.
RelayWish nothing(const RelayConfiguration&, Packs, const RelayWish&, Instant) { return {}; }

using MakeWish = RelayWish (*)(const RelayConfiguration&, Packs, const RelayWish&, Instant);
constexpr std::array<MakeWish, kRelayRoleCount> kWishes = {
    &permission, &permission, &warning, &nothing, &nothing, &generating, &beating, &nothing};

}  // namespace

RelayWish wish_of(const RelayConfiguration& relay, std::span<const PackState> packs,
                  const RelayWish& before, Instant now) {
  return kWishes[static_cast<std::size_t>(relay.role)](relay, packs, before, now);
}

}  // namespace cw
