// SPDX-License-Identifier: Apache-2.0
// Keeps account of every intervention: what a limit did must follow from the reason it names, and
// what the operator reads in the events must tell of it.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bridge/explain_limit.h"
#include "core/limits_table.h"
#include "daemon/bank_control.h"

namespace cw::simulator {

class ClosedLoopAccount {
 public:
  /// After every step of charge control, with the events of that step.
  void step(const BankRequest& request, Switches ignored, std::span<const Event> events,
            std::span<const PackState> packs, Instant now) {
    for (std::size_t i = 0; i < kLimitCount; ++i) {
      if (request.voice != Voice::silent) {
        step_limit(i, request, events, packs, now);
      } else {  // nobody is told any
        limits_[i].last.reset();
        limits_[i].untold.reset();
      }
    }
    step_enforcement(request, ignored, events, now);
  }

  std::uint64_t interventions() const { return interventions_; }
  std::uint64_t enforcements() const { return enforcements_; }
  /// What nothing explains; the first few.
  const std::vector<std::string>& unexplained() const { return unexplained_; }

 private:
  // As long as daemon/bank_control.cpp may wait, and a step.
  static constexpr Millis kTold{11'000};

  struct Limit {
    std::optional<LimitView> last;
    LimitReason told;
    std::optional<Instant> untold;  // since when another reason binds than was told
  };

  void complain(Instant now, std::string_view what, std::string_view about) {
    constexpr std::size_t kFew = 5;
    if (unexplained_.size() < kFew)
      unexplained_.push_back(std::to_string(now.ms / 1'000) + " s: " + std::string(what) + ": " +
                             std::string(about));
  }

  void step_limit(std::size_t index, const BankRequest& request, std::span<const Event> events,
                  std::span<const PackState> packs, Instant now) {
    const LimitRow& row = kRequestLimits[index];
    const LimitView view = row.view(request);
    Limit& limit = limits_[index];
    const bool changed = !limit.last || !same(limit.last->reason, view.reason);
    if (view.reason.cause == LimitCause::none ||
        (changed && explain(view.reason, packs).view().empty()))
      complain(now, row.name, "no reason is named");
    if (limit.last && view.value < limit.last->value && view.reason.cause == LimitCause::rising)
      complain(now, row.name, "it fell while it is said to rise");
    if (changed) ++interventions_;
    limit.last = view;
    for (const Event& event : events)
      if (event.kind == EventKind::limit_bound && event.subject.view() == row.name) {
        if (event.detail.view().empty()) complain(now, row.name, "an event without a reason");
        limit.told = view.reason;
      }
    if (same(limit.told, view.reason)) {
      limit.untold.reset();
    } else if (!limit.untold) {
      limit.untold = now;
    } else if (now > *limit.untold + kTold) {
      complain(now, row.name, "no event tells of " + std::string(name(view.reason.cause)));
    }
  }

  // Every step that can be seen from outside is one that an event told of.
  void step_enforcement(const BankRequest& request, Switches ignored, std::span<const Event> events,
                        Instant now) {
    const auto disobeyed = [](const BankLimit<Milliamps>& limit) {
      return limit.reason.cause == LimitCause::disobeyed;
    };
    const std::array<bool, 4> seen = {
        disobeyed(request.charge_current) || disobeyed(request.discharge_current),
        request.soc_ordered, request.voice == Voice::silent && request.not_obeyed != 0,
        ignored != Switches::none};
    for (const Event& event : events)
      if (event.kind == EventKind::limits_enforced) told_ = std::string(event.subject.view());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i] && !enforced_[i]) {
        ++enforcements_;
        if (rank(told_) < i + 1)
          complain(now, name(static_cast<Escalation>(i + 1)), "taken, and no event tells of it");
      }
      enforced_[i] = seen[i];
    }
  }

  static std::size_t rank(std::string_view step) {
    for (std::size_t i = 0; i < kEscalationCount; ++i)
      if (name(static_cast<Escalation>(i)) == step) return i;
    return 0;
  }
  static bool same(const LimitReason& a, const LimitReason& b) {
    return a.cause == b.cause && a.pack == b.pack;
  }

  std::array<Limit, kLimitCount> limits_{};
  std::array<bool, kEscalationCount - 1> enforced_{};
  std::string told_;  // the last step an event told of
  std::uint64_t interventions_ = 0;
  std::uint64_t enforcements_ = 0;
  std::vector<std::string> unexplained_;
};

}  // namespace cw::simulator
