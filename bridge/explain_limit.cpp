// SPDX-License-Identifier: Apache-2.0
#include "bridge/explain_limit.h"

#include "bridge/format_reason.h"

namespace cw {
namespace {

/// How a cause is told: what it is, and what its place is called.
struct CauseWords {
  std::string_view words;
  std::string_view place;
};

/// In the order of LimitCause.
constexpr std::array<CauseWords, kLimitCauseCount> kWords = {{
    {"nothing is known yet", ""},
    {"the setting of the pack", ""},
    {"the setting of the bank", ""},
    {"nine tenths of the over-current setting of the BMS", ""},
    {"the BMS asks for it", ""},
    {"cell voltage", "cell"},
    {"temperature", "sensor"},
    {"temperature of the MOSFETs", ""},
    {"state of charge", ""},
    {"stage of charge", ""},
    {"a cell above the ceiling", "cell"},
    {"its share of the current", ""},
    {"its data are old", ""},
    {"not heard", ""},
    {"no pack is heard", ""},
    {"a protection forbids it", ""},
    {"zero before a relay opens", ""},
    {"zero while a pack joins", ""},
    {"on the way up", ""},
    {"settings of the BMS contradict the curves", ""},
    {"asked for over the network", ""},
    {"a value it follows from is not known", ""},
    {"the inverter takes more than it is told", ""},
    {"nine tenths of the over-current limit of the supervisor", ""},
    {"no pack is heard; a small charge to wake them", ""},
}};

std::string_view pack_name(const LimitReason& reason, std::span<const PackState> packs) {
  if (reason.pack == 0 || reason.pack > packs.size()) return {};
  return packs[reason.pack - 1U].name.view();
}

}  // namespace

Reason explain(const LimitReason& reason, std::span<const PackState> packs) {
  const CauseWords& words = kWords[static_cast<std::size_t>(reason.cause)];
  const std::string_view pack = pack_name(reason, packs);
  Reason place;
  if (reason.where != 0 && !words.place.empty())
    place = format_reason("{} {}{}", words.place, reason.where, pack.empty() ? "" : " of ");
  const bool placed = !place.empty() || !pack.empty();
  Reason value;
  if (reason.value)
    value = format_reason("{} {}", placed ? " at" : ":",
                          amount_text(*reason.value, reason.unit).view());
  return format_reason("{}{}{}{}{}", words.words, placed ? ": " : "", place.view(), pack,
                       value.view());
}

}  // namespace cw
