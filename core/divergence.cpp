// SPDX-License-Identifier: Apache-2.0
#include "core/divergence.h"

#include <algorithm>

namespace cw {
namespace {

constexpr Millis kJitter{10'000};         // polls, delays of the board and ours never coincide
constexpr Milliamps kFlows{1'000};        // less than this may be an offset of the measurement
constexpr std::int32_t kSumCell_mV = 20;  // how far a cell may be off; inverter boards say 20 mV
constexpr std::int32_t kSumPack_mV = 100;
constexpr Milliamps kMoving{5'000};   // a current that cannot leave every value as it is
constexpr Millis kFrozen{10'000};     // unchanged for so long counts as frozen; then the grace
constexpr Milliamps kStep{5'000};     // a change of current that tells something about its sign
constexpr Millis kStepWithin{5'000};  // between two frames: no cell moves by charge so fast
constexpr std::uint32_t kSteps = 6;   // so many of them tell enough
constexpr CentiPercent kDrift{1'000};
constexpr Switches kSwitch[] = {Switches::charge, Switches::discharge};

std::optional<bool> mosfet(const Reported& r, Switches which, Instant now) {
  const PackScalars& s = r.pack.scalars;
  const auto& reading = which == Switches::charge ? s.charge_mosfet : s.discharge_mosfet;
  const auto value = reading.fresh(now, r.usable_age);
  if (!value) return std::nullopt;
  return value->count != 0;
}

std::optional<bool> switch_setting(const Reported& r, Switches which, Instant now) {
  const PackScalars& s = r.pack.scalars;
  const auto& reading = which == Switches::charge ? s.charge_switch : s.discharge_switch;
  const auto value = reading.fresh(now, r.usable_age);
  if (!value) return std::nullopt;
  return value->count != 0;
}

bool in_emergency(const Reported& r, Instant now) {
  const auto remaining = r.pack.scalars.emergency_remaining.fresh(now, r.usable_age);
  return remaining && remaining->count > 0;
}

bool opens(std::size_t rule, Switches which) { return contains(kRules[rule].opens, which); }

std::optional<std::int32_t> cell_sum_mV(const Reported& r, Instant now) {
  const auto count = r.pack.scalars.cell_count.fresh(now, r.usable_age);
  if (!count || count->count < 1 || count->count > static_cast<std::int32_t>(kMaxCells))
    return std::nullopt;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count->count); ++i) {
    const auto cell = r.pack.cell_voltage[i].fresh(now, r.usable_age);
    if (!cell) return std::nullopt;
    sum += cell->count;
  }
  return sum;
}

// Whether a board with `set` protects less than one with `wanted`.
bool is_laxer(Parameter parameter, std::int32_t set, std::int32_t wanted) {
  if (parameter == Parameter::cell_count || parameter == Parameter::capacity) return set != wanted;
  for (const RuleRow& rule : kRules) {
    if (rule.wait == Wait::delay && rule.delay == parameter) return set > wanted;
    const bool is_limit = rule.limit.parameter == parameter && rule.limit.source != Source::zero;
    const bool is_leave = rule.leave.parameter == parameter && rule.leave.source != Source::zero;
    if (!is_limit && !is_leave) continue;
    if (rule.release == Release::by_time && is_leave && !is_limit) return set < wanted;
    return rule.direction == Direction::above ? set > wanted : set < wanted;
  }
  return false;
}

}  // namespace

void DivergenceWatch::step(const Reported& reported, Instant now) {
  if (!stepped_) refused_steps_ = reported.refused_steps;
  stepped_ = true;
  if (reported.usable_age < Millis{0}) {  // not heard: what was watched is interrupted
    openings_ = {};
    content_.reset();
    slope_ = {};
    for (DivergenceState& state : states_) state.since = now;
    return;
  }
  for (std::size_t i = 0; i < kDivergenceCount; ++i) {
    const auto kind = static_cast<Divergence>(i);
    judge(kind, find(kind, reported, now), now);
  }
}

void DivergenceWatch::judge(Divergence kind, const Finding& finding, Instant now) {
  DivergenceState& state = states_[static_cast<std::size_t>(kind)];
  const DivergenceRow& row = kDivergences[static_cast<std::size_t>(kind)];
  if (finding.has_value() != state.present) {
    state.present = finding.has_value();
    state.since = now;
  }
  if (finding) {
    state.evidence = *finding;
    if (state.raised || now < state.since + row.grace) return;
    state.raised = true;
    state.raised_at = now;
    ++state.times;
  } else if (state.raised && now >= state.since + row.clear) {
    state.raised = false;
  }
}

DivergenceWatch::Finding DivergenceWatch::find(Divergence kind, const Reported& reported,
                                               Instant now) {
  switch (kind) {
    case Divergence::missed_trip: return missed_trip(reported, now);
    case Divergence::unexplained_trip: return unexplained_trip(reported, now);
    case Divergence::settings_differ: return settings_differ(reported);
    case Divergence::switch_disobeyed: return switch_disobeyed(reported, now);
    case Divergence::cell_sum: return cell_sum(reported, now);
    case Divergence::frozen_values: return frozen_values(reported, now);
    case Divergence::impossible_step: return impossible_step(reported);
    case Divergence::current_sign: return current_sign(reported, now);
    case Divergence::soc_drift: return soc_drift(reported, now);
  }
  return std::nullopt;
}

// A rule that is left by time is missed only while its current flows: the board may have seen an
// interruption that we did not.
DivergenceWatch::Finding DivergenceWatch::missed_trip(const Reported& r, Instant now) const {
  if (in_emergency(r, now)) return std::nullopt;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleState& rule = r.mirror.state(static_cast<Rule>(i));
    const bool tripped = rule.cause == Cause::limit &&
                         (rule.phase == Phase::tripped || rule.phase == Phase::releasing);
    // Only what the BMS said itself accuses it, and only while it is still true.
    const RuleRow& row = kRules[i];
    const bool read =
        row.limit.source == Source::zero || r.pack.parameters.get(row.limit.parameter);
    const auto& value = r.seen[row.reads];
    const bool gone = row.release == Release::by_time &&
                      (!value || !is_beyond(row.direction, value->value, rule.limit));
    if (!tripped || rule.blind || !read || gone) continue;
    for (const Switches which : kSwitch) {
      if (!opens(i, which) || mosfet(r, which, now) != true) continue;
      return DivergenceEvidence{.value = shown(rule.evidence.value, kRules[i].unit),
                                .reference = shown(rule.limit, kRules[i].unit),
                                .unit = kRules[i].unit,
                                .where = rule.evidence.where,
                                .switches = which,
                                .rule = static_cast<Rule>(i),
                                .parameter = {},
                                .count = 0};
    }
  }
  return std::nullopt;
}

// A rule explains an open switch while the mirror sees it violated or tripped; for the rest of its
// release time after that, because the current is gone with the switch; and as long as its value
// has not recovered, because the trip may be older than we are.
bool DivergenceWatch::is_explained(Opening& opening, Switches which, const Reported& r,
                                   Instant now) const {
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const RuleRow& row = kRules[i];
    const auto limits = limits_of(row, r.settings);
    if (!opens(i, which) || !limits) continue;
    const RuleState& rule = r.mirror.state(static_cast<Rule>(i));
    const auto& value = r.seen[row.reads];
    const auto alarms = r.pack.alarms.fresh(now, r.usable_age);
    // It tripped before we were there: what the board says of it is all there is.
    const bool told =
        !opening.seen_closed && row.release == Release::by_time && alarms && alarms->has(row.alarm);
    const bool unrecovered = row.release == Release::by_recovery && value &&
                             row.leave.source != Source::zero &&
                             !is_inside(row.direction, value->value, limits->leave);
    if (!rule.violated && rule.cause != Cause::limit && !unrecovered && !told) continue;
    opening.explained_by = static_cast<Rule>(i);
    opening.explained_at = now;
    return true;
  }
  if (!opening.explained_by) return now < opening.since + kJitter;
  const RuleRow& row = row_of(*opening.explained_by);
  const auto limits = limits_of(row, r.settings);
  const bool timed = limits && row.release == Release::by_time;
  return now < opening.explained_at + Millis{timed ? limits->leave : 0} + kJitter;
}

DivergenceWatch::Finding DivergenceWatch::unexplained_trip(const Reported& r, Instant now) {
  Finding found;
  for (std::size_t i = 0; i < openings_.size(); ++i) {
    Opening& opening = openings_[i];
    const Switches which = kSwitch[i];
    const bool held = mosfet(r, which, now) == false && switch_setting(r, which, now) != false;
    if (!held) {
      // What is violated just before a switch opens is what opens it.
      opening = {};
      opening.since = now;
      opening.seen_closed = true;
      (void)is_explained(opening, which, r, now);
      continue;
    }
    if (!opening.open) opening.since = now;
    opening.open = true;
    if (is_explained(opening, which, r, now) || found) continue;
    const auto reported = r.pack.alarms.fresh(now, r.usable_age);
    found = DivergenceEvidence{.value = {},
                               .reference = {},
                               .unit = Unit::flag,
                               .where = 0,
                               .switches = which,
                               .rule = {},
                               .parameter = {},
                               .count = static_cast<std::uint8_t>(reported && reported->any())};
  }
  return found;
}

DivergenceWatch::Finding DivergenceWatch::settings_differ(const Reported& r) const {
  Finding found;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const auto wanted = r.demanded.get(parameter);
    const auto set = r.pack.parameters.get(parameter);
    if (!wanted || !set || !is_laxer(parameter, *set, *wanted)) continue;
    if (!found) {
      found.emplace();
      found->value = set;
      found->reference = wanted;
      found->unit = facts(parameter).unit;
      found->parameter = parameter;
    }
    ++found->count;
  }
  return found;
}

DivergenceWatch::Finding DivergenceWatch::switch_disobeyed(const Reported& r, Instant now) const {
  const auto current = r.pack.scalars.current.fresh(now, r.usable_age);
  for (const Switches which : kSwitch) {
    const auto closed = mosfet(r, which, now);
    DivergenceEvidence evidence;
    evidence.switches = which;
    evidence.unit = Unit::milliamp;
    if (current) evidence.value = current->count;
    if (closed == true && switch_setting(r, which, now) == false && !in_emergency(r, now))
      return evidence;
    if (closed != false || !current) continue;
    const bool flows =
        which == Switches::charge ? current->count > kFlows.count : current->count < -kFlows.count;
    if (flows) return evidence;
  }
  return std::nullopt;
}

DivergenceWatch::Finding DivergenceWatch::cell_sum(const Reported& r, Instant now) const {
  const auto voltage = r.pack.scalars.voltage.fresh(now, r.usable_age);
  const auto sum_mV = cell_sum_mV(r, now);
  if (!voltage || !sum_mV) return std::nullopt;
  const std::int32_t cells = r.pack.scalars.cell_count.fresh(now, r.usable_age)->count;
  const std::int32_t off_mV = voltage->count - *sum_mV;
  const std::int32_t tolerance_mV = kSumPack_mV + cells * kSumCell_mV;
  if (off_mV <= tolerance_mV && off_mV >= -tolerance_mV) return std::nullopt;
  DivergenceEvidence evidence;
  evidence.value = voltage->count;
  evidence.reference = sum_mV;
  evidence.unit = Unit::millivolt;
  return evidence;
}

DivergenceWatch::Finding DivergenceWatch::frozen_values(const Reported& r, Instant now) {
  const auto current = r.pack.scalars.current.fresh(now, r.usable_age);
  const auto voltage = r.pack.scalars.voltage.fresh(now, r.usable_age);
  if (!current || !voltage || !cell_sum_mV(r, now)) return std::nullopt;
  Content content{{}, current->count, voltage->count};
  for (std::size_t i = 0; i < kMaxCells; ++i)
    content.cell_mV[i] =
        r.pack.cell_voltage[i].fresh(now, r.usable_age).value_or(Millivolts{}).count;
  if (content_ != content) {
    content_ = content;
    content_since_ = now;
  }
  const std::int32_t here_mA = current->count < 0 ? -current->count : current->count;
  // What flows beside it says something only of a pack that carries a current itself: others may
  // rest, or stand in another bank.
  const bool beside = here_mA > kFlows.count;
  const std::int32_t elsewhere_mA = beside ? r.current_elsewhere.value_or(Milliamps{}).count : 0;
  const bool moving = here_mA > kMoving.count || elsewhere_mA > kMoving.count;
  if (!moving || now < content_since_ + kFrozen) return std::nullopt;
  DivergenceEvidence evidence;
  evidence.value = current->count;
  evidence.unit = Unit::milliamp;
  if (elsewhere_mA > kMoving.count) evidence.reference = elsewhere_mA;
  return evidence;
}

DivergenceWatch::Finding DivergenceWatch::impossible_step(const Reported& r) {
  if (r.refused_steps == refused_steps_) return std::nullopt;
  refused_steps_ = r.refused_steps;
  DivergenceEvidence evidence;
  evidence.value = static_cast<std::int32_t>(r.refused_steps & INT32_MAX);
  return evidence;
}

// More charging current lifts a cell: over many changes of current the slope is the resistance, and
// that is never negative.
DivergenceWatch::Finding DivergenceWatch::current_sign(const Reported& r, Instant now) {
  const auto current = r.pack.scalars.current.fresh(now, r.usable_age);
  const auto sum_mV = cell_sum_mV(r, now);
  const Instant heard = r.pack.scalars.current.heard();
  if (current && sum_mV && (!slope_.current || heard != slope_.heard)) {
    const bool near = slope_.current && heard <= slope_.heard + kStepWithin;
    const std::int32_t rise_mA = near ? current->count - slope_.current->count : 0;
    const std::int32_t rise_mV = near ? *sum_mV - slope_.voltage_mV : 0;
    if (rise_mA > kStep.count || rise_mA < -kStep.count) {
      slope_.current_x_voltage += std::int64_t{rise_mA} * rise_mV;
      slope_.current_squared += std::int64_t{rise_mA} * rise_mA / 1000;
      ++slope_.steps;
    }
    if (slope_.steps >= 2 * kSteps) {  // what was long ago counts less and less
      slope_.current_x_voltage /= 2;
      slope_.current_squared /= 2;
      slope_.steps /= 2;
    }
    slope_.current = *current;
    slope_.voltage_mV = *sum_mV;
    slope_.heard = heard;
  }
  // Beyond a twentieth of a milliohm a cell, the wrong way round: a charger that holds its voltage
  // makes a slope of nearly 0.
  const auto cells = r.pack.scalars.cell_count.fresh(now, r.usable_age).value_or(Count{});
  const bool wrong = slope_.current_x_voltage * 20 < -slope_.current_squared * cells.count;
  if (slope_.steps < kSteps || !wrong || !current) return std::nullopt;
  DivergenceEvidence evidence;
  evidence.value = current->count;
  evidence.unit = Unit::milliamp;
  evidence.count = static_cast<std::uint8_t>(slope_.steps);
  return evidence;
}

DivergenceWatch::Finding DivergenceWatch::soc_drift(const Reported& r, Instant now) const {
  const auto soc = r.pack.scalars.soc.fresh(now, r.usable_age);
  if (!soc || !r.counted_soc) return std::nullopt;
  const std::int32_t off = soc->count - r.counted_soc->count;
  if (off <= kDrift.count && off >= -kDrift.count) return std::nullopt;
  DivergenceEvidence evidence;
  evidence.value = soc->count;
  evidence.reference = r.counted_soc->count;
  evidence.unit = Unit::centipercent;
  return evidence;
}

}  // namespace cw
