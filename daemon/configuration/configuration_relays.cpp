// SPDX-License-Identifier: Apache-2.0
// Relays: their lines, the packs they obey and which position is safe.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/configuration/configuration_parts.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr auto kName = option("relay", "name");
constexpr auto kRole = option("relay", "role");
constexpr auto kPacks = option("relay", "packs");
constexpr auto kChip = option("relay", "chip");
constexpr auto kLine = option("relay", "line");
constexpr auto kDryRun = option("relay", "dry_run");
constexpr auto kSafe = option("relay", "safe");
constexpr auto kSafeReason = option("relay", "safe_reason");
constexpr auto kMode = option("supervisor", "mode");

RelayRole role_of(std::string_view word) {
  for (std::size_t i = 0; i < kRelayRoleCount; ++i)
    if (name(static_cast<RelayRole>(i)) == word) return static_cast<RelayRole>(i);
  return RelayRole::charge;  // reported where it was read
}

/// "/dev/gpiochip0" and "gpiochip0" are the same chip.
std::string_view chip_name(std::string_view chip) {
  if (chip.starts_with("/dev/")) chip.remove_prefix(5);
  return chip;
}

void find_packs(const SectionValues& relay, const Configuration& all, RelayConfiguration& out,
                FaultList& faults) {
  if (!relay.given(kPacks)) {
    for (std::size_t i = 0; i < all.packs.size(); ++i) out.packs.push_back(i);
    if (out.packs.empty())
      faults.add(relay.place(), "this [[relay]] has no pack to obey: add a [[pack]]");
    return;
  }
  std::vector<std::string_view> names;
  for (const PackConfiguration& pack : all.packs) names.push_back(pack.name);
  for (const ListedName& listed : relay[kPacks].names) {
    const auto found = std::find(names.begin(), names.end(), listed.name);
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (found == names.end())
      faults.add(listed.place, fmt::format("unknown pack {}{}", in_quotes(listed.name),
                                           names.empty() ? "; no [[pack]] is configured"
                                                         : hint(listed.name, names, "the packs")));
    else if (std::find(out.packs.begin(), out.packs.end(), index) != out.packs.end())
      faults.add(listed.place,
                 fmt::format("pack {} stands here twice: once is enough", in_quotes(listed.name)));
    else
      out.packs.push_back(index);
  }
}

void check_line(const SectionValues& relay, FaultList& faults) {
  const bool dry_run = relay.boolean(kDryRun);
  for (const std::size_t key : {kChip, kLine}) {
    if (dry_run && relay.given(key))
      faults.add(relay[key].place,
                 fmt::format("{0} has no effect with dry_run = true: leave one of them out",
                             kOptions[key].key));
    if (!dry_run && !relay.given(key))
      faults.add(relay.place(), fmt::format("[[relay]] has no {0}: add a line like {0} = {1}, or "
                                            "dry_run = true to only log what it would do",
                                            kOptions[key].key, kOptions[key].example));
  }
}

void check_safe(const SectionValues& relay, FaultList& faults) {
  const bool closed = relay.text(kSafe) == "closed";
  if (closed && !relay.given(kSafeReason))
    faults.add(relay[kSafe].place,
               "safe \"closed\" means that this relay is not safe without power: wire it so that "
               "open is safe, or say why not in safe_reason = \"...\"");
  if (!closed && relay.given(kSafeReason) && relay.usable(kSafe))
    faults.add(relay[kSafeReason].place,
               "safe_reason belongs to safe = \"closed\": leave the line out");
}

RelayConfiguration configure_relay(const SectionValues& relay, const Configuration& all,
                                   FaultList& faults) {
  RelayConfiguration out;
  out.name = relay.text(kName);
  out.role = role_of(relay.text(kRole));
  out.gpio.chip = relay.text(kChip);
  out.gpio.line = relay.text(kLine);
  out.gpio.active_low = relay.boolean(option("relay", "active_low"));
  out.safe_energised = relay.text(kSafe) == "closed";
  out.both_ways = relay.boolean(option("relay", "both_ways"));
  find_packs(relay, all, out, faults);
  check_line(relay, faults);
  check_safe(relay, faults);
  return out;
}

/// Against the relays before it: a name and a line of its own.
void check_against_earlier(const Sections& sections, const Configuration& out, std::size_t i,
                           FaultList& faults) {
  const SectionValues& relay = sections.relays[i];
  bool name_reported = !relay.usable(kName);
  bool line_reported = !relay.usable(kChip) || !relay.usable(kLine);
  for (std::size_t j = 0; j < i; ++j) {
    const SectionValues& earlier = sections.relays[j];
    if (!name_reported && earlier.text(kName) == relay.text(kName)) {
      name_reported = true;
      faults.add(relay[kName].place,
                 fmt::format("name {} is taken by the relay in {}: give each a name of its own",
                             in_quotes(relay.text(kName)), line_text(earlier.place())));
    }
    if (!line_reported && earlier.given(kLine) &&
        same_line(out.relays[j].gpio, out.relays[i].gpio)) {
      line_reported = true;
      faults.add(relay[kLine].place,
                 fmt::format("line {} of {} is taken by relay {} ({}): one line drives one relay",
                             relay.text(kLine), relay.text(kChip), in_quotes(out.relays[j].name),
                             line_text(earlier.place())));
    }
  }
}

/// In `control`, somebody counts on the relays.
void check_control(const Sections& sections, const Configuration& out, Findings& findings) {
  if (out.mode != Mode::control) return;
  const TomlPlace place = sections.supervisor[kMode].place;
  if (sections.relays.empty())
    return findings.faults.add(place,
                               "mode \"control\" has no relay to drive: add a [[relay]], or write "
                               "mode = \"observe\"");
  for (std::size_t p = 0; p < out.packs.size(); ++p) {
    for (const RelayRole role : {RelayRole::charge, RelayRole::discharge}) {
      const bool obeyed = std::any_of(
          out.relays.begin(), out.relays.end(), [p, role](const RelayConfiguration& relay) {
            return relay.role == role &&
                   std::find(relay.packs.begin(), relay.packs.end(), p) != relay.packs.end();
          });
      if (!obeyed)
        findings.notes.add(place, fmt::format("no relay of role {} obeys pack {}: nothing is "
                                              "opened when the supervisor forbids it",
                                              name(role), in_quotes(out.packs[p].name)));
    }
  }
}

}  // namespace

bool same_line(const GpioOptions& a, const GpioOptions& b) {
  return a.line == b.line && chip_name(a.chip) == chip_name(b.chip);
}

void configure_relays(const Sections& sections, Configuration& out, Findings& findings) {
  for (std::size_t i = 0; i < sections.relays.size(); ++i) {
    out.relays.push_back(configure_relay(sections.relays[i], out, findings.faults));
    check_against_earlier(sections, out, i, findings.faults);
  }
  configure_sequences(sections, out, findings);
  check_control(sections, out, findings);
}

}  // namespace cw
