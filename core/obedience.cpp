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

bool is_due(std::optional<Millis> after, Instant since, Instant now) {
  return after && now >= since + *after;
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

Escalation strongest(const Disobedience& disobedience, const EscalationLadder& ladder,
                     Instant now) {
  if (!disobedience.raised) return Escalation::none;
  if (is_due(ladder.relay, disobedience.since, now)) return Escalation::relay;
  if (is_due(ladder.silence, disobedience.since, now)) return Escalation::silence;
  if (is_due(ladder.soc, disobedience.since, now)) return Escalation::soc;
  if (is_due(ladder.flags, disobedience.since, now)) return Escalation::flags;
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

// A limit on its way up forbids nothing that is not allowed: a load that comes back at once is none
// of disobedience.
Milliamps judged(const BankLimit<Milliamps>& limit) {
  const bool rising = limit.reason.cause == LimitCause::rising && limit.next_value;
  return rising ? *limit.next_value : limit.value;
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
void Obedience::step_row(Row& row, std::int32_t value, std::int32_t limit, std::int32_t allowed,
                         Millis after, const ObedienceSettings& settings, Instant now) {
  const bool over = value > allowed;
  const bool raise = row.over.step(over, after, now);
  const bool clear = row.within.step(!over, settings.clear_after, now);
  if (!row.now.raised && raise) {
    const bool again = row.cleared && now < *row.cleared + settings.remember_for;
    const std::int32_t times = static_cast<std::int32_t>(row.now.times);
    row.now = {.raised = true,
               .since = again ? now + -row.lasted : now,
               .worst = value,
               .limit = limit,
               .times = static_cast<std::uint32_t>(times + 1)};
  }
  if (row.now.raised && value > row.now.worst) {
    row.now.worst = value;
    row.now.limit = limit;
  }
  if (row.now.raised && clear) {
    row.now.raised = false;
    row.cleared = now;
    // The time it took to believe that it listens again is not held against it.
    const std::int64_t lasted =
        std::max<std::int64_t>(0, now.ms - row.now.since.ms - settings.clear_after.count);
    row.lasted = {static_cast<std::int32_t>(std::min<std::int64_t>(lasted, INT32_MAX))};
  }
}

void Obedience::step(const ObedienceInput& input, const ObedienceSettings& settings, Instant now) {
  if (!input.told || !input.current) return blind();
  const std::int32_t current = input.current->count;
  step_row(rows_[0], current, input.charge_limit.count,
           allowed_current(input.charge_limit, settings), settings.after, settings, now);
  step_row(rows_[1], -current, input.discharge_limit.count,
           allowed_current(input.discharge_limit, settings), settings.after, settings, now);
  if (!input.voltage) return;
  // A battery that rests above a charge voltage that fell is no disobedience.
  const bool charging = current > settings.over.count;
  const std::int32_t voltage = charging ? input.voltage->count : 0;
  step_row(rows_[2], voltage, input.voltage_limit.count,
           input.voltage_limit.count + settings.voltage_over.count, settings.voltage_after,
           settings, now);
}

void Obedience::restore(const ObedienceMemory& memory) {
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    rows_[i].now = {.raised = memory[i].raised, .since = memory[i].since, .times = memory[i].times};
    rows_[i].cleared = memory[i].cleared;
    rows_[i].lasted = memory[i].lasted;
  }
}

ObedienceMemory Obedience::memory() const {
  ObedienceMemory memory;
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    const Row& row = rows_[i];
    memory[i] = {.raised = row.now.raised,
                 .since = row.now.since,
                 .cleared = row.cleared,
                 .lasted = row.lasted,
                 .times = row.now.times};
  }
  return memory;
}

// What is not measured is not held against anybody, and no time passes for it.
void Obedience::blind() {
  for (Row& row : rows_) row.over.forget();
}

bool Obedience::any() const {
  return std::any_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.now.raised; });
}

Escalation escalation(Flow flow, const Obedience& obedience, const EscalationLadder& ladder,
                      Instant now) {
  if (flow == Flow::discharge)
    return strongest(obedience.of(Disobeyed::discharge_current), ladder, now);
  return std::max(strongest(obedience.of(Disobeyed::charge_current), ladder, now),
                  strongest(obedience.of(Disobeyed::charge_voltage), ladder, now));
}

BankRequest escalated(const BankRequest& request, const Obedience& obedience,
                      const EscalationLadder& ladder, Instant now) {
  BankRequest told = request;
  for (const Flow flow : {Flow::charge, Flow::discharge})
    escalate(told, flow, escalation(flow, obedience, ladder, now), ladder);
  return told;
}

}  // namespace cw
