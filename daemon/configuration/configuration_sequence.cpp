// SPDX-License-Identifier: Apache-2.0
// How relays may be moved: what belongs to which role, and whether it fits together.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

using enum RelayRole;

constexpr auto kPacks = option("relay", "packs");
constexpr auto kLine = option("relay", "line");
constexpr auto kSafe = option("relay", "safe");
constexpr auto kPrecharge = option("relay", "precharge");
constexpr auto kPrechargeTime = option("relay", "precharge_time");
constexpr auto kMinimumOn = option("relay", "minimum_on");
constexpr auto kMinimumOff = option("relay", "minimum_off");
constexpr auto kLongestOn = option("relay", "longest_on");
constexpr auto kSwitchings = option("relay", "switchings_most");
constexpr auto kRetries = option("relay", "retries_most");
constexpr auto kEmergency = option("relay", "emergency");
constexpr auto kUnloadTime = option("relay", "unload_time");
constexpr auto kUnloadCurrent = option("relay", "unload_current");
constexpr auto kFeedbackLine = option("relay", "feedback_line");
constexpr auto kFeedbackChip = option("relay", "feedback_chip");
constexpr auto kFeedbackActiveLow = option("relay", "feedback_active_low");
constexpr auto kBothWays = option("relay", "both_ways");
constexpr auto kCloseAfter = option("relay", "close_after");
constexpr auto kSettle = option("relay", "settle");
constexpr auto kCutoffAfter = option("relay", "cutoff_after");
constexpr auto kCutoffCurrent = option("relay", "cutoff_current");
constexpr auto kPeriod = option("relay", "period");
constexpr auto kStartSoc = option("relay", "start_soc");
constexpr auto kStopSoc = option("relay", "stop_soc");

using Roles = unsigned;
constexpr Roles roles(std::initializer_list<RelayRole> list) {
  Roles bits = 0;
  for (const RelayRole role : list) bits |= 1U << static_cast<unsigned>(role);
  return bits;
}
constexpr Roles kMains = roles({charge, discharge});
constexpr Roles kSwitched = roles({charge, discharge, heater, generator});
constexpr Roles kContacts = kSwitched | roles({precharge});
constexpr Roles kAllButHeartbeat = kContacts | roles({alarm, cutoff});

/// An option that only some roles use; elsewhere it would look as if it did something.
struct RoleOption {
  std::size_t option;
  Roles roles;
};
constexpr auto kRoleOptions = std::to_array<RoleOption>({
    {kPacks, kAllButHeartbeat},
    {kPrecharge, kMains},
    {kPrechargeTime, roles({precharge})},
    {kMinimumOn, kSwitched},
    {kMinimumOff, kContacts},
    {kLongestOn, roles({heater, generator})},
    {kSwitchings, kContacts},
    {kRetries, kMains},
    {kEmergency, kMains},
    {kBothWays, kMains},
    {kCloseAfter, kMains},
    {kUnloadTime, kMains},
    {kUnloadCurrent, kMains},
    {kFeedbackLine, kContacts},
    {kFeedbackChip, kContacts},
    {kFeedbackActiveLow, kContacts},
    {kSettle, kContacts},
    {kCutoffAfter, roles({cutoff})},
    {kCutoffCurrent, roles({cutoff})},
    {kPeriod, roles({heartbeat})},
    {kStartSoc, roles({generator})},
    {kStopSoc, roles({generator})},
});

void check_roles(const SectionValues& relay, RelayRole role, FaultList& faults) {
  if (!relay.usable(option("relay", "role"))) return;
  for (const RoleOption& row : kRoleOptions) {
    if (!relay.given(row.option) || (row.roles & roles({role})) != 0) continue;
    const std::string why =
        row.option == kPacks ? "it watches every pack" : "it has no effect there";
    faults.add(relay[row.option].place,
               fmt::format("{} does not belong to a relay of role {}: {}; leave the line out",
                           kOptions[row.option].key, name(role), why));
  }
}

/// Between two options of which one must not be beyond the other.
void check_order(const SectionValues& relay, std::size_t lower, std::size_t higher, bool equal,
                 FaultList& faults) {
  if (!relay.usable(lower) || !relay.usable(higher)) return;
  const bool right = relay.number(lower) < relay.number(higher) ||
                     (equal && relay.number(lower) == relay.number(higher));
  if (right) return;
  const std::size_t at = relay.given(lower) ? lower : higher;
  const auto value = [&relay](std::size_t option) {
    return quantity_text(relay.number(option), kOptions[option].unit);
  };
  faults.add(relay[at].place,
             fmt::format("{} {} must be {} {} {}", kOptions[lower].key, value(lower),
                         equal ? "at most" : "below", kOptions[higher].key, value(higher)));
}

RelayLimits limits_of(const SectionValues& relay) {
  const auto number = [&relay](std::size_t option) {
    return static_cast<std::int32_t>(relay.number(option));
  };
  RelayLimits limits;
  limits.precharge_time = relay.span(kPrechargeTime);
  limits.close_after = relay.span(kCloseAfter);
  limits.settle = relay.span(kSettle);
  limits.minimum_on = relay.span(kMinimumOn);
  limits.minimum_off = relay.span(kMinimumOff);
  limits.longest_on = relay.span(kLongestOn);
  limits.switchings_most = static_cast<std::uint8_t>(number(kSwitchings));
  limits.retries_most = static_cast<std::uint8_t>(number(kRetries));
  limits.emergency = relay.boolean(kEmergency);
  limits.unload_time = relay.span(kUnloadTime);
  limits.unload_current = {number(kUnloadCurrent)};
  limits.cutoff_after = relay.span(kCutoffAfter);
  limits.cutoff_current = {number(kCutoffCurrent)};
  limits.period = relay.span(kPeriod);
  limits.start_soc = {number(kStartSoc)};
  limits.stop_soc = {number(kStopSoc)};
  return limits;
}

std::optional<std::size_t> find_precharge(const SectionValues& relay, const Configuration& all,
                                          FaultList& faults) {
  if (!relay.given(kPrecharge) || !relay.usable(kPrecharge)) return std::nullopt;
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < all.relays.size(); ++i) {
    const RelayConfiguration& other = all.relays[i];
    if (other.role == precharge) names.push_back(other.name);
    if (other.name != relay.text(kPrecharge)) continue;
    if (other.role == precharge) return i;
    faults.add(relay[kPrecharge].place,
               fmt::format("relay {} has the role {}: precharge names a relay of role precharge",
                           in_quotes(other.name), name(other.role)));
    return std::nullopt;
  }
  faults.add(relay[kPrecharge].place,
             fmt::format("unknown relay {}{}", in_quotes(relay.text(kPrecharge)),
                         names.empty() ? "; no [[relay]] has role = \"precharge\""
                                       : hint(relay.text(kPrecharge), names, "such relays")));
  return std::nullopt;
}

GpioOptions feedback_of(const SectionValues& relay, const RelayConfiguration& own,
                        FaultList& faults) {
  for (const std::size_t key : {kFeedbackChip, kFeedbackActiveLow})
    if (relay.given(key) && !relay.given(kFeedbackLine))
      faults.add(relay[key].place, fmt::format("{} belongs to feedback_line: add that, or leave "
                                               "this line out",
                                               kOptions[key].key));
  if (!relay.given(kFeedbackLine)) return {};
  if (relay.text(kSafe) == "closed")
    faults.add(relay[kFeedbackLine].place,
               "feedback_line needs safe = \"open\": of a relay that is safe with its coil on "
               "nobody can say which contact is welded");
  const bool chip_given = relay.given(kFeedbackChip);
  if (!chip_given && own.gpio.chip.empty()) {
    faults.add(relay[kFeedbackLine].place,
               "feedback_line has no chip: add feedback_chip, because a relay that is only a dry "
               "run has none");
    return {};
  }
  return {chip_given ? relay.text(kFeedbackChip) : own.gpio.chip, relay.text(kFeedbackLine),
          relay.boolean(kFeedbackActiveLow)};
}

/// An input is a line of its own.
void check_feedback_line(const Sections& sections, const Configuration& all, std::size_t i,
                         FaultList& faults) {
  const GpioOptions& feedback = all.relays[i].feedback;
  if (feedback.chip.empty()) return;
  for (std::size_t j = 0; j < all.relays.size(); ++j) {
    const RelayConfiguration& other = all.relays[j];
    const bool drives = !other.gpio.chip.empty() && same_line(feedback, other.gpio);
    const bool reads = j < i && !other.feedback.chip.empty() && same_line(feedback, other.feedback);
    if (!drives && !reads) continue;
    const std::string_view whose = i == j ? "this relay" : "relay ";
    return faults.add(
        sections.relays[i][kFeedbackLine].place,
        fmt::format("line {} of {} {} {}{} ({}): give the contact a line of its own", feedback.line,
                    feedback.chip, drives ? "drives" : "is the contact of", whose,
                    i == j ? "" : in_quotes(other.name),
                    line_text(drives ? sections.relays[j][kLine].place
                                     : sections.relays[j][kFeedbackLine].place)));
  }
}

/// Allowed, but it does not do what its owner may think.
void note_idle(const Sections& sections, const Configuration& out, std::size_t i,
               FaultList& notes) {
  const auto any = [&out](auto is) {
    return std::any_of(out.relays.begin(), out.relays.end(), is);
  };
  const TomlPlace place = sections.relays[i].place();
  if (out.relays[i].role == precharge &&
      !any([i](const RelayConfiguration& relay) { return relay.limits.precharge == i; }))
    notes.add(place, fmt::format("no relay closes through {}: name it in precharge = \"{}\"",
                                 in_quotes(out.relays[i].name), out.relays[i].name));
  if (out.relays[i].role == cutoff && !any([](const RelayConfiguration& relay) {
        return relay.role == charge || relay.role == discharge;
      }))
    notes.add(place, "a cut-off watches relays of role charge and discharge, and there are none");
}

}  // namespace

void configure_sequences(const Sections& sections, Configuration& out, Findings& findings) {
  FaultList& faults = findings.faults;
  for (std::size_t i = 0; i < out.relays.size(); ++i) {
    const SectionValues& relay = sections.relays[i];
    RelayConfiguration& own = out.relays[i];
    check_roles(relay, own.role, faults);
    own.limits = limits_of(relay);
    own.limits.precharge = find_precharge(relay, out, faults);
    own.feedback = feedback_of(relay, own, faults);
    if (own.limits.longest_on.count > 0) check_order(relay, kMinimumOn, kLongestOn, true, faults);
    check_order(relay, kStartSoc, kStopSoc, false, faults);
    check_feedback_line(sections, out, i, faults);
  }
  for (std::size_t i = 0; i < out.relays.size(); ++i) note_idle(sections, out, i, findings.notes);
}

}  // namespace cw
