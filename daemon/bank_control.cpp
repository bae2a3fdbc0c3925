// SPDX-License-Identifier: Apache-2.0
#include "daemon/bank_control.h"

#include <algorithm>

#include "bridge/explain_limit.h"
#include "daemon/configuration/breach_text.h"

namespace cw {
namespace {

constexpr Millis kStep{1'000};

// Reasons may change with every step while two of them are close; each is told, but not more often.
constexpr Millis kTellReason{10'000};

Event bank_event(EventKind kind, Instant now, std::string_view subject, std::string_view detail) {
  Event event;
  event.kind = kind;
  event.when = now;
  event.subject.assign(subject);
  event.detail.assign(detail.substr(0, 160));
  return event;
}

EscalationLadder ladder_of(const ChargeSettings& settings) {
  return {settings.ignored_flags_after, settings.ignored_soc_after, settings.ignored_silence_after,
          settings.ignored_relay_after};
}

bool same_reason(const LimitReason& a, const LimitReason& b) {
  return a.cause == b.cause && a.pack == b.pack;
}

}  // namespace

BankControl::BankControl(const BankConfiguration& configuration)
    : enabled_(configuration.enabled),
      configuration_(configuration),
      states_(configuration.packs.size()),
      control_(configuration_.settings, configuration_.packs, states_),
      contradictions_(configuration.packs.size()) {}

std::string BankControl::order_full_charge(bool on, std::string_view origin, Instant now,
                                           std::vector<Event>& events) {
  if (!enabled_) return "no [bank] is configured";
  if (on == full_charge_) return on ? "it is ordered already" : "none is ordered";
  full_charge_ = on;
  stepped_.reset();
  events.push_back(bank_event(
      EventKind::bank_order, now, "full_charge",
      std::string{on ? "a full charge ordered by " : "no full charge any more, by "}.append(
          origin)));
  return {};
}

// Ordered once is done once: to be charged full again, it is ordered again.
void BankControl::note_full_charge(ChargeStage before, Instant now, std::vector<Event>& events) {
  const ChargeStage stage = control_.request().stage;
  if (!full_charge_ || before == stage || stage != ChargeStage::floating) return;
  full_charge_ = false;
  events.push_back(
      bank_event(EventKind::bank_order, now, "full_charge", "the bank is full, as was ordered"));
}

// A board tells its settings late, or somebody changes them.
void BankControl::note_contradictions(std::span<const PackState> packs, Instant now,
                                      std::vector<Event>& events) {
  const auto has = [](const ChargeBreaches& list, ChargeRule rule) {
    return std::any_of(list.begin(), list.end(),
                       [rule](const ChargeBreach& breach) { return breach.rule == rule; });
  };
  const auto tell = [&](EventKind kind, std::size_t pack, const ChargeBreach& breach) {
    Event event = bank_event(kind, now, row_of(breach.rule).name, breach_text(breach));
    event.pack = packs[pack].name;
    event.value = breach.value;
    event.limit = breach.bound;
    event.unit = breach.unit;
    events.push_back(event);
  };
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const ChargeBreaches& now_held = states_[i].contradictions;
    for (const ChargeBreach& breach : now_held)
      if (!has(contradictions_[i], breach.rule)) tell(EventKind::contradiction_raised, i, breach);
    for (const ChargeBreach& breach : contradictions_[i])
      if (!has(now_held, breach.rule)) tell(EventKind::contradiction_cleared, i, breach);
    contradictions_[i] = now_held;
  }
}

bool BankControl::order(const BankOrders& orders) {
  if (orders == orders_) return false;
  orders_ = orders;
  stepped_.reset();
  return true;
}

void BankControl::let_join(std::optional<std::size_t> pack) {
  joining_pack_ = pack ? static_cast<std::uint8_t>(*pack + 1) : 0;
}

Joining BankControl::joining(std::size_t pack) const {
  return enabled_ ? control_.joining(pack) : Joining::is_in;
}

bool BankControl::step(std::span<const PackState> packs, bool at_once, Instant now,
                       std::int64_t wall_ms, std::vector<Event>& events) {
  if (!enabled_) return false;
  if (!at_once && stepped_ && now < *stepped_ + kStep) return false;
  stepped_ = now;
  const BankRequest before = request_;
  BankOrders orders = orders_;
  orders.joining_pack = joining_pack_;
  orders.full_charge = full_charge_;
  control_.step(packs, orders, now, wall_ms);
  watch_obedience(now, events);
  note_full_charge(before.stage, now, events);
  note_contradictions(packs, now, events);
  note_memory();
  note_changes(packs, before, now, events);
  // Told every time: inverter ports fall silent by themselves when nobody tells them anything.
  return request_.voice != Voice::silent || before.voice != Voice::silent;
}

std::optional<Instant> BankControl::next_due() const {
  if (!enabled_) return std::nullopt;
  return stepped_ ? *stepped_ + kStep : Instant{};
}

// Judged by what charge control asks for; what is told may be less because of it.
void BankControl::watch_obedience(Instant now, std::vector<Event>& events) {
  const EscalationLadder ladder = ladder_of(configuration_.settings);
  std::array<bool, kDisobeyedCount> raised{};
  for (std::size_t i = 0; i < kDisobeyedCount; ++i)
    raised[i] = obedience_.of(static_cast<Disobeyed>(i)).raised;
  ObedienceInput input = obedience_input(control_.request());
  // A pack that is not heard just now carries nobody knows what.
  const auto stale = [](const ChargePackState& pack) {
    return pack.input.presence == Presence::stale;
  };
  if (std::ranges::any_of(states_, stale)) input.current.reset();
  obedience_.step(input, {}, now);
  request_ = escalated(control_.request(), obedience_, ladder);
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    const auto what = static_cast<Disobeyed>(i);
    const Disobedience& row = obedience_.of(what);
    if (row.raised) request_.not_obeyed |= static_cast<std::uint8_t>(1U << i);
    if (row.raised == raised[i]) continue;
    Event event = bank_event(row.raised ? EventKind::limits_ignored : EventKind::limits_obeyed, now,
                             name(what), "");
    event.value = row.worst;
    event.limit = row.limit;
    event.unit = what == Disobeyed::charge_voltage ? Unit::millivolt : Unit::milliamp;
    events.push_back(event);
  }
  enforce(ladder, now, events);
}

void BankControl::enforce(const EscalationLadder& ladder, Instant now, std::vector<Event>& events) {
  constexpr std::string_view flows[] = {"charge", "discharge"};
  constexpr Switches switches[] = {Switches::charge, Switches::discharge};
  ignored_ = Switches::none;
  for (const Flow flow : {Flow::charge, Flow::discharge}) {
    const auto index = static_cast<std::size_t>(flow);
    const Escalation step = escalation(flow, obedience_, ladder);
    if (step == Escalation::relay) ignored_ = ignored_ | switches[index];
    if (step == enforced_[index]) continue;
    events.push_back(
        bank_event(EventKind::limits_enforced, now, name(step),
                   std::string{flows[index]}.append(", before: ").append(name(enforced_[index]))));
    enforced_[index] = step;
  }
}

void BankControl::note_changes(std::span<const PackState> packs, const BankRequest& before,
                               Instant now, std::vector<Event>& events) {
  const BankRequest& request = request_;
  if (request.voice != before.voice)
    events.push_back(bank_event(EventKind::limits_told, now, name(request.voice),
                                std::string{"before: "}.append(name(before.voice))));
  if (request.stage != before.stage)
    events.push_back(bank_event(EventKind::charge_stage, now, name(request.stage),
                                std::string{"before: "}.append(name(before.stage))));
  if (request.voice == Voice::silent) return;
  for (std::size_t i = 0; i < kLimitCount; ++i) {
    const LimitView limit = kRequestLimits[i].view(request);
    Told& told = told_[i];
    if (same_reason(limit.reason, told.reason)) continue;
    const bool first = told.reason.cause == LimitCause::none;
    if (!first && limit.value != 0 && now < told.when + kTellReason) continue;
    told = {limit.reason, now};
    Event event = bank_event(EventKind::limit_bound, now, kRequestLimits[i].name,
                             explain(limit.reason, packs).view());
    event.value = limit.value;
    event.unit = kRequestLimits[i].unit;
    events.push_back(event);
  }
}

}  // namespace cw
