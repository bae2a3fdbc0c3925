// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/can_presence.h"

#include <fmt/format.h>

#include <algorithm>

namespace cw {
namespace {

constexpr Millis kPresentFor{15'000};  // some pause for more than 5 s around midnight
constexpr Millis kComplainAfter{60'000};

enum class Says : std::uint8_t { alive, shutdown, quick_stop };

struct Row {
  std::uint32_t id;
  bool also_extended;
  Says says;
};
constexpr Row kRows[] = {
    {0x305, true, Says::alive},       // most; Schneider with 29 bits
    {0x306, false, Says::alive},      // Victron, SMA
    {0x307, false, Says::alive},      // Victron, SMA
    {0x301, false, Says::alive},      // Growatt
    {0x310, true, Says::alive},       // Schneider
    {0x300, false, Says::shutdown},   // Luxpower: byte 0, bit 0
    {0x00F, false, Says::quick_stop}  // SMA
};

bool within(const std::optional<Instant>& when, Millis span, Instant now) {
  return when && now <= *when + span;
}

}  // namespace

bool CanPresence::receive(const CanFrame& frame, Instant now) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& one) {
    return one.id == frame.id && (!frame.extended || one.also_extended);
  });
  if (row == std::end(kRows)) return false;
  heard_ = now;
  if (row->says == Says::quick_stop) quick_stop_ = now;
  if (row->says == Says::shutdown && frame.length > 0 && (frame.data[0] & 1) != 0) shutdown_ = now;
  return true;
}

void CanPresence::other_sender(std::uint32_t id, Instant now) {
  other_ = now;
  other_id_ = id;
}

bool CanPresence::present(Instant now) const { return within(heard_, kPresentFor, now); }

std::string CanPresence::complaint(Instant now) const {
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!text.empty()) text += "; ";
    text += part;
  };
  const Instant since = std::max(heard_.value_or(Instant{}), expected_since_.value_or(now));
  if (expected_since_ && now > since + kComplainAfter)
    add(
        fmt::format("no inverter was heard for {} s: check bit rate, wiring, termination and the "
                    "battery type set in it",
                    (now.ms - since.ms) / 1000));
  if (within(other_, kPresentFor, now))
    add(
        fmt::format("somebody else sends 0x{:03X} on this bus: never connect two batteries to one "
                    "inverter",
                    other_id_));
  if (within(shutdown_, kPresentFor, now)) add("the inverter asks for a rapid shutdown (0x300)");
  if (within(quick_stop_, kPresentFor, now)) add("the inverter was stopped quickly (0x00F)");
  return text;
}

}  // namespace cw
