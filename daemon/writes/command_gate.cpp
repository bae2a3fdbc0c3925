// SPDX-License-Identifier: Apache-2.0
#include "daemon/writes/command_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "daemon/writes/setting_text.h"

namespace cw {
namespace {

constexpr unsigned kAttempts = 2;
constexpr Millis kLookFor{1'000};
// What a board derives from a setting of ours follows within this time.
constexpr Millis kFollowWithin{5'000};

/// Whether the device says that it has what was ordered; absent: it did not speak of it since.
std::optional<bool> seen(const Pack& pack, const Change& change, Instant since) {
  if (change.setting.control == Control::name)
    return pack.identity.name == change.text || pack.identity.user_data == change.text;
  if (const auto value = reported(pack, change.setting, since)) return *value == change.value;
  return std::nullopt;
}

/// An event holds 160 characters; what is longer loses its end, never the event its text.
void assign(Text<160>& text, std::string_view detail) {
  CW_ASSERT(text.assign(detail.substr(0, 160)));
}

}  // namespace

CommandGate::CommandGate(WriteOptions options, std::span<const Plant> plants,
                         std::vector<Event>& events)
    : options_(options), events_(events) {
  for (const Plant& plant : plants) packs_.push_back({.plant = plant});
}

WritePlan CommandGate::plan(const WriteRequest& request, const PackState& state,
                            Instant now) const {
  WritePlan plan;
  const PerPack& pack = packs_[request.pack];
  if (!state.fresh(now))
    plan.faults.emplace_back("the pack is not heard: nothing is written to what cannot be read");
  if (pack.job) plan.faults.emplace_back("another change of this pack is under way");
  if (!plan.good()) return plan;
  Plant plant = pack.plant;
  const FoundModel found = find_model(state.pack.identity.model.view());
  if (found.match != ModelMatch::unknown) plant.model = &found.model;
  const Settings* settings = desk_ == nullptr ? nullptr : desk_->settings(request.pack);
  return plan_writes(request.changes, {state.pack, settings, plant}, request.origin, options_);
}

void CommandGate::write(const WriteRequest& request, const PackState& state, Instant now,
                        Answer answer) {
  PerPack& pack = packs_[request.pack];
  pack.name = state.name;
  WriteResult result{plan(request, state, now), {}};
  if (!result.plan.good()) refuse(request, state, result.plan, now);
  if (!result.plan.good() || result.plan.steps.empty()) return answer(result);
  for (const PlannedChange& planned : result.plan.steps) result.steps.push_back({planned});
  pack.known = state.pack;
  pack.job = Job{.request = request, .result = std::move(result), .answer = std::move(answer)};
  begin_step(request.pack, now);
}

void CommandGate::refuse(const WriteRequest& request, const PackState& state, const WritePlan& plan,
                         Instant now) {
  for (const Change& change : request.changes) {
    const auto before = reported(state.pack, change.setting, {INT64_MIN});
    record(EventKind::setting_outcome, request.pack, {change, before},
           fmt::format("refused by rule, by {}: {}", request.who, plan.faults.front()), now);
  }
}

void CommandGate::note_refusal(std::string_view pack, std::string_view subject,
                               std::string_view detail, Instant now) {
  Event event;
  event.kind = EventKind::setting_outcome;
  event.when = now;
  event.pack.assign(pack.substr(0, 32));
  event.subject.assign(subject.substr(0, 64));
  assign(event.detail, detail);
  events_.push_back(event);
}

void CommandGate::begin_step(std::size_t number, Instant now) {
  Job& job = *packs_[number].job;
  if (job.step == job.result.steps.size()) return finish(number, now);
  const PlannedChange& planned = job.result.steps[job.step].planned;
  record(EventKind::setting_ordered, number, planned,
         fmt::format("by {} over {}", job.request.who, name(job.request.origin)), now);
  packs_[number].last_write = now;
  job.attempt = 1;
  job.part = 0;
  job.acknowledged = false;
  job.contradicted = false;
  send_part(number, now);
}

void CommandGate::send_part(std::size_t number, Instant now) {
  PerPack& pack = packs_[number];
  Job& job = *pack.job;
  const Change& change = job.result.steps[job.step].planned.change;
  Settings* settings = desk_->settings(number);
  const auto order =
      settings == nullptr ? std::nullopt : settings->order(change, pack.known, job.part);
  if (!order && job.part != 0) return look(number, now);
  if (!order) return end_step(number, WriteEnd::not_sent, "the wire cannot carry this value", now);
  job.looking = false;
  if (!desk_->order(number, *order))
    end_step(number, WriteEnd::not_sent, "the wire is down, or busy with another order", now);
}

void CommandGate::look(std::size_t number, Instant now) {
  Job& job = *packs_[number].job;
  const Change& change = job.result.steps[job.step].planned.change;
  if (!is_reported(change.setting))
    return end_step(number, job.acknowledged ? WriteEnd::acknowledged : WriteEnd::no_answer, {},
                    now);
  job.looking = true;
  job.since = now + Millis{1};
  job.deadline = now + kLookFor;
}

void CommandGate::on_report(std::size_t number, const OrderReport& report, Instant now) {
  PerPack& pack = packs_[number];
  if (!pack.job) return;
  switch (report.end) {
    case OrderEnd::refused: return end_step(number, WriteEnd::refused, report.why, now);
    case OrderEnd::not_sent:
      return end_step(number, WriteEnd::not_sent,
                      report.why.empty() ? "the wire is down" : report.why, now);
    case OrderEnd::cut_off: return end_step(number, WriteEnd::unknown, {}, now);
    case OrderEnd::acknowledged: pack.job->acknowledged = true; break;
    case OrderEnd::unanswered:
    case OrderEnd::sent: break;
  }
  ++pack.job->part;
  send_part(number, now);
}

void CommandGate::on_frame(std::size_t number, const PackState& state, std::span<Event> news,
                           Instant now) {
  PerPack& pack = packs_[number];
  pack.name = state.name;
  for (Event& event : news)
    if (event.kind == EventKind::settings_changed) name_author(number, event, now);
  settle_open(number, state.pack, now);
  if (!pack.job) return;
  pack.known = state.pack;
  Job& job = *pack.job;
  if (!job.looking) return;
  const auto matches = seen(state.pack, job.result.steps[job.step].planned.change, job.since);
  if (matches == true) return end_step(number, WriteEnd::verified, {}, now);
  job.contradicted |= matches == false;
  desk_->look_again(number);
}

void CommandGate::on_link(std::size_t number, const PackState& state, Instant now) {
  const PerPack& pack = packs_[number];
  if (pack.job && pack.job->looking && !state.fresh(now))
    end_step(number, WriteEnd::unknown, {}, now);
}

void CommandGate::on_time(Instant now) {
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    auto& job = packs_[i].job;
    if (!job || !job->looking || now < job->deadline) continue;
    if (job->attempt < kAttempts) {
      ++job->attempt;
      job->part = 0;
      send_part(i, now);
    } else {
      end_step(i, job->contradicted ? WriteEnd::not_taken : WriteEnd::no_answer, {}, now);
    }
  }
}

void CommandGate::stop(Instant now) {
  for (std::size_t i = 0; i < packs_.size(); ++i)
    if (packs_[i].job) end_step(i, WriteEnd::unknown, "the gateway stops", now);
}

std::optional<Instant> CommandGate::next_due() const {
  std::optional<Instant> first;
  for (const PerPack& pack : packs_)
    if (pack.job && pack.job->looking)
      first = std::min(first.value_or(pack.job->deadline), pack.job->deadline);
  return first;
}

void CommandGate::end_step(std::size_t number, WriteEnd end, std::string_view why, Instant now) {
  PerPack& pack = packs_[number];
  Job& job = *pack.job;
  WriteStep& step = job.result.steps[job.step];
  step.end = end;
  step.why = why;
  job.looking = false;
  pack.last_write = now;
  if (is_open(end)) {
    std::erase_if(pack.open, [&](const Open& one) {
      return one.change.setting == step.planned.change.setting;
    });
    pack.open.push_back({step.planned.change, job.request.who, now + Millis{1}});
  }
  record(EventKind::setting_outcome, number, step.planned,
         fmt::format("{}{}{}; by {}", name(end), why.empty() ? "" : ": ", why, job.request.who),
         now);
  if (!is_good(end)) return finish(number, now);
  ++job.step;
  begin_step(number, now);
}

// The answer may ask for the next change at once.
void CommandGate::finish(std::size_t number, Instant now) {
  const Job job = std::move(*packs_[number].job);
  packs_[number].job.reset();
  for (std::size_t i = job.step + 1; i < job.result.steps.size(); ++i)
    record(EventKind::setting_outcome, number, job.result.steps[i].planned,
           fmt::format("not sent: the one before failed; by {}", job.request.who), now);
  job.answer(job.result);
}

// The device is heard again: what it says now is what became of the change.
void CommandGate::settle_open(std::size_t number, const Pack& heard, Instant now) {
  std::vector<Open>& open = packs_[number].open;
  std::erase_if(open, [&](const Open& one) {
    const auto matches = seen(heard, one.change, one.since);
    if (!matches) return false;
    record(EventKind::setting_outcome, number,
           {one.change, reported(heard, one.change.setting, one.since)},
           fmt::format("heard again: {}; by {}",
                       *matches ? "the change was taken" : "the change was not taken", one.who),
           now);
    return true;
  });
}

// Before open changes are settled, so that those are still known to be ours.
void CommandGate::name_author(std::size_t number, Event& event, Instant now) const {
  const PerPack& pack = packs_[number];
  const auto setting = find_setting(event.subject.view());
  if (!setting) return;
  const auto is_it = [&](const Change& change) {
    return change.setting == *setting && event.value == change.value;
  };
  if (pack.job && is_it(pack.job->result.steps[pack.job->step].planned.change))
    return assign(event.detail, fmt::format("by {}", pack.job->request.who));
  for (const Open& one : pack.open)
    if (is_it(one.change)) return assign(event.detail, fmt::format("by {}", one.who));
  if (pack.job || (pack.last_write && now <= *pack.last_write + kFollowWithin))
    return assign(event.detail, "right behind a change of ours: by the board, or by someone else");
  std::string offer = "changed by someone else";
  if (event.limit)
    offer +=
        fmt::format("; `cellwarden parameters {} set {} \"{}\"` puts it back", event.pack.view(),
                    setting_file_key(*setting), value_text(*setting, *event.limit));
  assign(event.detail, offer);
}

void CommandGate::record(EventKind kind, std::size_t pack, const PlannedChange& planned,
                         std::string_view detail, Instant now) {
  Event event;
  event.kind = kind;
  event.when = now;
  event.pack = packs_[pack].name;
  event.subject.assign(setting_key(planned.change.setting));
  event.unit = setting_unit(planned.change.setting);
  if (planned.change.setting.control != Control::name) event.value = planned.change.value;
  event.limit = planned.before;
  assign(event.detail, detail);
  events_.push_back(event);
}

}  // namespace cw
