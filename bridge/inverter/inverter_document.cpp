// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/inverter_document.h"

#include <fmt/format.h>

#include <iterator>

#include "bridge/inverter/can_profile.h"
#include "bridge/json.h"

namespace cw {
namespace {

constexpr std::string_view kIntroduction =
    "# What inverters are told\n"
    "\n"
    "An `[[inverter]]` of the configuration is told the limits of the bank in one of these\n"
    "protocols. On CAN (500 kbit/s, classic frames of 8 bytes) the gateway speaks by itself: the\n"
    "whole set once a period, spread over it, each frame with the newest values. On a serial line\n"
    "it answers as a battery does.\n"
    "\n"
    "| when | what is told |\n"
    "|---|---|\n"
    "| nothing was heard of any pack since the start | nothing |\n"
    "| at least one pack is heard | limits, state and warnings of the bank |\n"
    "| no pack is heard any more | currents 0, nothing allowed, the values last known, for the "
    "time "
    "of the option `blind_for` |\n"
    "| still none is heard after that | nothing: the time-out of the inverter decides |\n"
    "| the daemon is stopped in order | once more, with currents 0 and nothing allowed; then "
    "nothing |\n"
    "| the daemon hangs | nothing, 30 s after the last values; systemd starts it again |\n"
    "\n"
    "Limits are rounded so that they never get larger: charge voltage and currents down, the\n"
    "discharge voltage up; the state of charge down; what is measured to the nearest step. A "
    "number\n"
    "that does not fit its field is told as the nearest that does. A frame is left out as long as\n"
    "a value in it is not known; the status names it.\n"
    "\n"
    "The state of charge that is told is not always the one on MQTT and in the history, which is "
    "as\n"
    "the boards say it. Told is 100 % only when the bank is full and 99 % at most before, at "
    "least\n"
    "1 % while it may be discharged, and a jump of more than 5 %, as boards make it when they "
    "find\n"
    "themselves full, is passed on as a ramp within 60 s: inverters start and stop things by it.\n"
    "`status` shows both where they differ.\n";

// "0.1 V", "1 %", "1".
std::string step_of(const CanSlot& slot, std::int32_t step) {
  const UnitFacts unit = facts(facts(slot.number).unit);
  std::string text;
  unsigned decimals = unit.decimals;
  std::int32_t rest = step;
  for (; decimals > 0 && rest % 10 == 0; --decimals) rest /= 10;
  append_decimal(text, rest, decimals);
  if (slot.number == CanNumber::energy) return text + " Wh";
  if (!unit.symbol.empty()) text += fmt::format(" {}", unit.symbol);
  return text;
}

std::string place_of(const CanSlot& slot) {
  switch (slot.kind) {
    case SlotKind::bits:
      return fmt::format("{} bits {}–{}", slot.byte, slot.bit, slot.bit + slot.width - 1);
    case SlotKind::pair: return fmt::format("{} bits {}–{}", slot.byte, slot.bit, slot.bit + 1);
    case SlotKind::flag:
    case SlotKind::alarm: return fmt::format("{} mask {:02X}", slot.byte, slot.mask);
    default: break;
  }
  if (slot.width == 1) return fmt::format("{}", slot.byte);
  return fmt::format("{}–{}", slot.byte, slot.byte + slot.width - 1);
}

std::string names_of(CanAlarmBits alarms) {
  std::string names;
  for (std::size_t i = 0; i < kCanAlarmCount; ++i) {
    if ((alarms >> i & 1) == 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(kCanAlarms[i].name);
  }
  return names;
}

std::string meaning_of(const CanSlot& slot) {
  switch (slot.kind) {
    case SlotKind::number:
    case SlotKind::bits: return std::string(facts(slot.number).name);
    case SlotKind::flag: return std::string(name(slot.flag));
    case SlotKind::alarm:
    case SlotKind::pair:
      return fmt::format("{}: {}{}", slot.warning ? "warning" : "alarm", names_of(slot.alarms),
                         slot.kind == SlotKind::pair ? " (01 raised, 10 fine)" : "");
    case SlotKind::text:
      return slot.from == 0
                 ? std::string(name(slot.text))
                 : fmt::format("{}, from character {} on", name(slot.text), slot.from + 1);
    case SlotKind::fixed: return std::string(slot.meaning);
  }
  return {};
}

// "s16, 0.1 A, down"; only numbers have it.
std::string format_of(const CanSlot& slot) {
  if (slot.kind != SlotKind::number) return {};
  constexpr std::string_view roundings[] = {", down", ", up", ""};
  std::string text =
      fmt::format("{}{}, {}{}", slot.is_signed ? 's' : 'u', 8 * slot.width,
                  step_of(slot, slot.step), roundings[static_cast<std::size_t>(slot.rounding)]);
  if (slot.offset != 0) text += fmt::format(", {} added", slot.offset);
  if (slot.optional_step != 0)
    text += fmt::format(" (option: {})", step_of(slot, slot.optional_step));
  if (slot.unknown != kLeavesFrameOut) text += fmt::format("; {} if not known", slot.unknown);
  return text;
}

void print_frames(std::string& out, const CanProfile& profile) {
  const auto to = std::back_inserter(out);
  out += "| frame | | bytes | what | as |\n|---|---|---|---|---|\n";
  for (const CanFrameLayout& layout : profile.frames) {
    bool first = true;
    for (const CanSlot& slot : layout.slots) {
      fmt::format_to(to, "| {} | {} | {} | {} | {} |\n",
                     first ? fmt::format("`{:03X}`", layout.id) : "", first ? layout.title : "",
                     place_of(slot), meaning_of(slot), format_of(slot));
      first = false;
    }
    if (layout.fill != 0) fmt::format_to(to, "| | | the rest | | {:02X} |\n", layout.fill);
  }
}

void print_profile(std::string& out, const CanProfile& profile) {
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "\n## {}\n\n{}. Numbers are {}-endian.", profile.name, profile.title,
                 profile.big_endian ? "big" : "little");
  if (!profile.manufacturer.empty())
    fmt::format_to(to, " The manufacturer is `{}`, unless the option says otherwise.",
                   profile.manufacturer);
  if (profile.asks != 0)
    fmt::format_to(to, " A frame `{:03X}` of the inverter is answered with a set.", profile.asks);
  for (const CanRange& range : profile.accepted) {
    std::string least;
    std::string most;
    append_decimal(least, range.least, 3);
    append_decimal(most, range.most, 3);
    fmt::format_to(to, " The inverter takes a {} of {} to {} V.", facts(range.number).name, least,
                   most);
  }
  if (!profile.notes.empty()) fmt::format_to(to, " {}", profile.notes);
  fmt::format_to(to, "\n\nWhen the gateway dies: {}\n\n", profile.dies);
  print_frames(out, profile);
}

void print_overview(std::string& out) {
  const auto to = std::back_inserter(out);
  out += "\n## Protocols\n\n| protocol | bus | for |\n|---|---|---|\n";
  for (const InverterProtocolSpec& spec : inverter_protocols())
    fmt::format_to(to, "| `{}` | {} | {} |\n", spec.name, name(spec.bus), spec.title);
  out +=
      "\nOn a serial line a dead gateway answers nothing; the inverter raises its communication\n"
      "alarm after a time of its own, which few makers publish, and what it does then is set in\n"
      "it.\n"
      "\nNot offered: SEPLOS and the PCS protocol of Deye (units in the sources contradict each\n"
      "other), and the high-voltage sets of Pylontech, BYD, SMA, Schneider and Sofar.\n";
}

// Which protocols know an option: "all on CAN" would have to be kept true by hand.
void print_options(std::string& out) {
  const auto to = std::back_inserter(out);
  out +=
      "\n## Options\n"
      "\nAny other option of `[[inverter]]` than those every wire has is refused where the "
      "protocol\n"
      "does not know it. What they mean is in [configuration.md](configuration.md).\n"
      "\n| option | protocols |\n|---|---|\n";
  for (std::size_t i = 0; i < kInverterOptionCount; ++i) {
    std::string protocols;
    for (const InverterProtocolSpec& spec : inverter_protocols())
      if (spec.options.has(static_cast<InverterOption>(i)))
        protocols += fmt::format("{}`{}`", protocols.empty() ? "" : ", ", spec.name);
    fmt::format_to(to, "| `{}` | {} |\n", name(static_cast<InverterOption>(i)), protocols);
  }
}

void print_alarms(std::string& out) {
  const auto to = std::back_inserter(out);
  out +=
      "\n## Alarms on CAN\n"
      "\nAn alarm is told only if every pack that is heard has it, a warning if any has: "
      "inverters\n"
      "stop at an alarm. What concerns charging only is a warning as long as the bank may be\n"
      "discharged. A fault inside a pack, and a pack that is not heard, is a warning as long as\n"
      "another pack works. A current above what was told, by a tenth and 2 A for 20 s, is a "
      "warning\n"
      "of high current, a voltage 0.5 V above the charge voltage for a minute one of high "
      "voltage.\n"
      "\n| told as | alarms of a pack | |\n|---|---|---|\n";
  for (const CanAlarmRow& row : kCanAlarms) {
    std::string of;
    for (std::size_t i = 0; i < kAlarmCount; ++i)
      if (row.of.has(static_cast<Alarm>(i)))
        of += fmt::format("{}`{}`", of.empty() ? "" : ", ", kAlarmNames[i]);
    if (row.of.unknown != 0) of += ", those nobody can name";
    fmt::format_to(to, "| {} | {} | {} |\n", row.name, of,
                   row.warning    ? "never more than a warning"
                   : row.charging ? "concerns charging"
                                  : "");
  }
}

void member(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.text(value);
}

void write_slot(JsonWriter& json, const CanSlot& slot) {
  json.begin_object();
  member(json, "bytes", place_of(slot));
  member(json, "what", meaning_of(slot));
  member(json, "as", format_of(slot));
  json.end_object();
}

void write_profile(JsonWriter& json, const CanProfile& profile) {
  member(json, "byte_order", profile.big_endian ? "big" : "little");
  member(json, "manufacturer", profile.manufacturer);
  member(json, "when_the_gateway_dies", profile.dies);
  json.key("frames");
  json.begin_array();
  for (const CanFrameLayout& layout : profile.frames) {
    json.begin_object();
    json.key("id");
    json.integer(layout.id);
    member(json, "title", layout.title);
    json.key("slots");
    json.begin_array();
    for (const CanSlot& slot : layout.slots) write_slot(json, slot);
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

void write_options(JsonWriter& json, const InverterProtocolSpec& spec) {
  json.key("options");
  json.begin_array();
  for (std::size_t i = 0; i < kInverterOptionCount; ++i)
    if (const auto option = static_cast<InverterOption>(i); spec.options.has(option))
      json.text(name(option));
  json.end_array();
}

void print_json(std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.key("protocols");
  json.begin_array();
  for (const InverterProtocolSpec& spec : inverter_protocols()) {
    json.begin_object();
    member(json, "name", spec.name);
    member(json, "title", spec.title);
    member(json, "bus", name(spec.bus));
    write_options(json, spec);
    if (const CanProfile* const profile = find_can_profile(spec.name))
      write_profile(json, *profile);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.push_back('\n');
}

}  // namespace

void print_inverter_protocols(std::string& out, bool json) {
  if (json) return print_json(out);
  out += kIntroduction;
  print_overview(out);
  print_options(out);
  print_alarms(out);
  for (const CanProfile& profile : can_profiles()) print_profile(out, profile);
}

}  // namespace cw
