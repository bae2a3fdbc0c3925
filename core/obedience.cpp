// SPDX-License-Identifier: Apache-2.0
#include "core/obedience.h"

#include <algorithm>

namespace cw {
namespace {

std::int32_t allowed_current(Milliamps limit, const ObedienceSettings& settings) {
  const std::int64_t more = std::int64_t{limit.count} * settings.over_permille / 1000;
  const std::int64_t allowed = limit.count + more + settings.over.count;
  return static_cast<std::int32_t>(std::min<std::int64_t>(allowed, INT32_MAX));
}

bool is_due(std::optional<Millis> after, Millis lasted) {
  return after && lasted.count >= after->count;
}

// The sum of two spans, as far as it is counted.
Millis counted(Millis lasted, std::int64_t more_ms) {
  return {static_cast<std::int32_t>(
      std::clamp<std::int64_t>(lasted.count + more_ms, 0, kLongestLadder.count))};
}

bool takes(const EscalationLadder& ladder, Escalation step) {
  switch (step) {
    case Escalation::none: return true;
    case Escalation::flags: return ladder.flags.has_value();
    case Escalation::soc: return ladder.soc.has_value();
    case Escalation::silence: return ladder.silence.has_value();
    case Escalation::relay: return ladder.relay.has_value();
  }
  return false;
}

Escalation strongest(const Disobedience& disobedience, const EscalationLadder& ladder) {
  if (!disobedience.raised) return Escalation::none;
  if (is_due(ladder.relay, disobedience.lasted)) return Escalation::relay;
  if (is_due(ladder.silence, disobedience.lasted)) return Escalation::silence;
  if (is_due(ladder.soc, disobedience.lasted)) return Escalation::soc;
  if (is_due(ladder.flags, disobedience.lasted)) return Escalation::flags;
  return Escalation::none;
}

void forbid(BankLimit<Milliamps>& limit) {
  if (limit.value.count == 0) return;
  limit = {.value = {},
           .reason = {.cause = LimitCause::disobeyed},
           .next_value = limit.value,
           .next = limit.reason};
}

void escalate(BankRequest& request, Flow flow, Escalation step, const EscalationLadder& ladder) {
  const bool charge = flow == Flow::charge;
  const auto in_force = [&](Escalation milder) { return step >= milder && takes(ladder, milder); };
  if (in_force(Escalation::flags)) {
    (charge ? request.charge_enabled : request.discharge_enabled) = false;
    forbid(charge ? request.charge_current : request.discharge_current);
    if (charge) request.force_charge = request.full_charge_wanted = false;
  }
  if (in_force(Escalation::soc)) {
    request.measured.soc = CentiPercent{charge ? 10'000 : 0};
    request.soc_ordered = true;
  }
  if (in_force(Escalation::silence)) request.voice = Voice::silent;
}

// A limit on its way up, and the zero that makes room for a pack, forbid nothing that is not
// allowed: a load that comes back at once, or that stays, is none of disobedience.
Milliamps judged(const BankLimit<Milliamps>& limit) {
  const LimitCause cause = limit.reason.cause;
  const bool forbids = cause != LimitCause::rising && cause != LimitCause::joining;
  return forbids ? limit.value : limit.next_value.value_or(limit.value);
}

}  // namespace

ObedienceInput obedience_input(const BankRequest& request) {
  const bool speaking = request.voice == Voice::speaking;
  ObedienceInput input{.told = speaking,
                       .charge_limit = judged(request.charge_current),
                       .discharge_limit = judged(request.discharge_current),
                       .voltage_limit = request.charge_voltage.value,
                       .current = std::nullopt,
                       .voltage = std::nullopt};
  if (!speaking) return input;  // what is told then is not measured now
  input.current = request.measured.current;
  input.voltage = request.measured.voltage;
  return input;
}

// Raised again soon after, it goes on as if the time between had not been.
void Obedience::step_row(Row& row, const Sample& sample, const ObedienceSettings& settings,
                         Millis passed, Instant now) {
  const bool over = sample.value > sample.allowed;
  const bool raise = row.over.step(over, sample.after, now);
  const bool clear = row.within.step(!over, settings.clear_after, now);
  // Who keeps to it now, and is only not believed yet, climbs no further.
  if (row.now.raised && over) row.now.lasted = counted(row.now.lasted, passed.count);
  if (!row.now.raised && raise) {
    const bool again = row.cleared && now < *row.cleared + settings.remember_for;
    row.now = {.raised = true,
               .lasted = again ? row.now.lasted : Millis{},
               .worst = sample.value,
               .limit = sample.limit,
               .times = row.now.times + 1};
  }
  if (row.now.raised && sample.value > row.now.worst) {
    row.now.worst = sample.value;
    row.now.limit = sample.limit;
  }
  if (row.now.raised && clear) {
    row.now.raised = false;
    row.cleared = now;
  }
}

void Obedience::step(const ObedienceInput& input, const ObedienceSettings& settings, Instant now) {
  const Millis passed = counted({}, stepped_ ? now.ms - stepped_->ms : 0);
  stepped_ = now;
  if (!input.told || !input.current) return blind();
  const auto step = [&](Disobeyed what, const Sample& sample) {
    step_row(rows_[static_cast<std::size_t>(what)], sample, settings, passed, now);
  };
  const std::int32_t current = input.current->count;
  step(Disobeyed::charge_current, {current, input.charge_limit.count,
                                   allowed_current(input.charge_limit, settings), settings.after});
  step(Disobeyed::discharge_current,
       {-current, input.discharge_limit.count, allowed_current(input.discharge_limit, settings),
        settings.after});
  if (!input.voltage) return;
  // A battery that rests above a charge voltage that fell is no disobedience.
  const bool charging = current > settings.over.count;
  const std::int32_t limit = input.voltage_limit.count;
  step(Disobeyed::charge_voltage, {charging ? input.voltage->count : 0, limit,
                                   limit + settings.voltage_over.count, settings.voltage_after});
}

void Obedience::restore(const ObedienceMemory& memory) {
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    const DisobedienceMemory& kept = memory[i];
    rows_[i].now = {.raised = kept.raised, .lasted = counted(kept.lasted, 0), .times = kept.times};
    rows_[i].cleared = kept.cleared;
  }
}

ObedienceMemory Obedience::memory() const {
  ObedienceMemory memory;
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    const Row& row = rows_[i];
    memory[i] = {.raised = row.now.raised,
                 .lasted = row.now.lasted,
                 .cleared = row.cleared,
                 .times = row.now.times};
  }
  return memory;
}

// What is not measured is held against nobody: nothing is raised because of it, and what is raised
// gets no older.
void Obedience::blind() {
  for (Row& row : rows_) row.over.forget();
}

bool Obedience::any() const {
  return std::any_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.now.raised; });
}

Escalation escalation(Flow flow, const Obedience& obedience, const EscalationLadder& ladder) {
  if (flow == Flow::discharge) return strongest(obedience.of(Disobeyed::discharge_current), ladder);
  return std::max(strongest(obedience.of(Disobeyed::charge_current), ladder),
                  strongest(obedience.of(Disobeyed::charge_voltage), ladder));
}

BankRequest escalated(const BankRequest& request, const Obedience& obedience,
                      const EscalationLadder& ladder) {
  BankRequest told = request;
  for (const Flow flow : {Flow::charge, Flow::discharge})
    escalate(told, flow, escalation(flow, obedience, ladder), ladder);
  return told;
}

}  // namespace cw
