// SPDX-License-Identifier: Apache-2.0
// docs/mqtt.md: topics from the functions that build them, keys from the field table, and examples
// written by the code that writes the messages.
#include <fmt/format.h>

#include "bridge/mqtt/mqtt.h"
#include "bridge/mqtt/mqtt_payload.h"
#include "daemon/commands/documents.h"
#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

constexpr std::string_view kPack = "<pack>";

std::vector<Cell> topic_row(std::string_view topic, std::string_view payload, int qos,
                            std::string_view retained, std::string_view when) {
  return {Cell::name(topic), Cell::words(payload), Cell::count(qos), Cell::words(retained),
          Cell::words(when)};
}

DocumentPart topics_part() {
  const MqttOptions options;
  const GatewayTopics gateway = gateway_topics("<base>", "<gateway>");
  const PackTopics pack = pack_topics("<base>", "<gateway>", kPack);
  const auto group = [&pack](Group which) { return pack.groups[static_cast<std::size_t>(which)]; };
  const std::string_view optional = "with `retain_state`";
  DocumentPart part{"Topics",
                    fmt::format("`<base>` is `base_topic` (`{}`), `<gateway>` the gateway's name, "
                                "`<pack>` the pack's.",
                                options.base_topic),
                    {{"Topic", "Payload", "QoS", "Retained", "Sent"}, {}}};
  part.table.rows = {
      topic_row(gateway.status, "`online` or `offline`", 1, "yes",
                "connection, clean stop; `offline` is also the last will"),
      topic_row(gateway.info, "what runs here", 1, "yes", "connection"),
      topic_row(gateway.supervisor, "decisions and relays", 1, "yes", "change"),
      topic_row(gateway.bank, "all packs as one battery", 0, optional,
                "change, at most once a second; `beat`"),
      topic_row(gateway.limits,
                "with `[bank]`: what inverters are told, and why; in `inverters` by name whether "
                "each is heard (within 15 s), when that was (`heard_ts`, Unix seconds, to the "
                "minute) and what it is told after the options of its port",
                0, "no", "change, at most once a second; `beat`"),
      topic_row(gateway.event, "one event of the gateway", 1, "no", "when it happens"),
      topic_row(pack.status, "`online` or `offline`: is the BMS heard?", 1, "yes", "change"),
      topic_row(pack.info, "what the pack says it is", 1, "yes", "change"),
      topic_row(pack.alarms, "alarms the BMS reports", 1, "yes", "change"),
      topic_row(pack.parameters, "settings the BMS says it has", 1, "yes", "change, connection"),
      topic_row(pack.event, "one event of the pack", 1, "no", "when it happens"),
      topic_row(group(Group::state), "fast values", 0, optional,
                "change, not more often than `state_interval`; `beat`"),
      topic_row(group(Group::cells), "cells", 0, optional,
                "change, not more often than `cells_interval`; `beat`"),
      topic_row(group(Group::stats), "slow values", 0, optional,
                "change, not more often than `stats_interval`; `beat`"),
      topic_row(set_topic("<base>", "<gateway>", kPack, "<setting>"),
                "an order; the gateway listens, see below", 1, "never", "by others"),
      topic_row(pack.answer, "what became of an order", 1, "no", "twice an order at most"),
      topic_row(discovery_topic(options.discovery_prefix, "<device>"),
                "announcement to Home Assistant", 1, "yes",
                fmt::format("connection, change, Home Assistant's `online` on `{}`",
                            birth_topic(options.discovery_prefix)))};
  return part;
}

DocumentPart orders_part() {
  DocumentPart part{
      "Orders",
      "`mqtt = [\"switches\", \"cell_overvoltage\"]` in `[writes]` lets them be written; whoever "
      "may "
      "publish on the broker may then order them, so give it users and access lists. `<setting>` "
      "is "
      "a key of [parameters](parameters.md), or `charge_switch`, `discharge_switch`, "
      "`balance_switch`. The payload is a value in the unit of the key (`3.65`, `ON`), a value "
      "with "
      "its unit (`3650 mV`), or an object: `{\"value\": 3.65, \"id\": \"x1\", \"expires\": "
      "1790000030}`; `id` comes back in the answer, and with it a message that is delivered twice "
      "within a minute gets the same answer twice and is carried out once, or not at all if the "
      "answer was an error (to try again, choose another `id`); without `id` it may be carried out "
      "twice; from `expires` (Unix time) on it is not carried out. The answer says "
      "`accepted`, and then `done` or `error`; `done` at once if it is set so already. An order "
      "is checked by the rules of the core, read back and recorded, as any other. One that the "
      "broker had stored (retained) is recorded and not carried out (so never publish an order "
      "retained: a gateway that is connected gets it as any other); orders that were sent while "
      "the gateway was away do not arrive. A switch may be ordered once a second, another setting "
      "once in five. Home Assistant shows a number or a switch for each setting that may be "
      "ordered and that the board says it has, with the value that the board says. One that may be "
      "ordered no longer stays there, without effect, until it is deleted.",
      {{"Code", "Error"}, {}}};
  constexpr std::pair<std::string_view, std::string_view> codes[] = {
      {"parse", "the payload is no order, or no value of this setting"},
      {"unknown", "there is no such setting"},
      {"expired", "it came after `expires`"},
      {"rate", "it was ordered a moment ago"},
      {"offline", "the pack is not heard, or its wire is down"},
      {"busy", "another change of this pack is under way"},
      {"forbidden", "`[writes]` does not allow it"},
      {"rule", "a rule of the core, or the wire cannot carry it: `message` says which"},
      {"refused", "the board refused"},
      {"verify", "the board kept its value"},
      {"timeout",
       "no answer: it may have been taken; an event tells when the board is heard again"},
      {"link_lost", "the same: the link was lost before it was read back"}};
  for (const auto& [code, words] : codes)
    part.table.rows.push_back({Cell::name(code), Cell::words(words)});
  return part;
}

template <class Row>
std::vector<Cell> value_row(std::string_view key, Unit unit, const Row& row) {
  const bool entity = row.home_assistant.platform != HomeAssistant::Platform::none;
  const std::string_view enabled = row.home_assistant.enabled ? "enabled" : "disabled";
  return {Cell::name(key),
          Cell::words(facts(unit).symbol),
          {number_text(row.dead_band, unit), true, false},
          Cell::words(entity ? enabled : "none")};
}

DocumentPart group_part(Group group) {
  DocumentPart part;
  part.title = fmt::format("Keys of {}", name(group));
  part.table.columns = {"Key", "Unit", "Dead-band", "Entity"};
  for (const Field& field : kFields)
    if (field.facts.group == group)
      part.table.rows.push_back(value_row(field.facts.key, field.unit, field.facts));
  for (const SeriesFacts& series : kSeries)
    if (series.group == group)
      part.table.rows.push_back(value_row(series.key, series.unit, series));
  return part;
}

DocumentPart bank_part() {
  DocumentPart part{"Keys of bank",
                    "Beside these: `cell_voltage_max_pack`, `cell_voltage_min_pack` (numbers of "
                    "packs from 1), `packs`, `packs_in`, `alarms`.",
                    {{"Key", "Unit"}, {}}};
  for (const std::uint8_t i : kBankFields)
    part.table.rows.push_back(
        {Cell::name(kFields[i].facts.key), Cell::words(facts(kFields[i].unit).symbol)});
  return part;
}

std::string example(std::string_view of, const std::string& json) {
  return fmt::format("{}:\n\n```json\n{}\n```\n", of, json);
}

Event example_event() {
  Event event;
  event.kind = EventKind::protection_tripped;
  event.wall_ms = 1'767'225'600'000;
  event.pack.assign("garage");
  event.subject.assign("cell_overvoltage");
  event.value = 3'671;
  event.limit = 3'650;
  event.unit = Unit::millivolt;
  event.where = 7;
  event.detail.assign("cell_overvoltage: cell 7 at 3.671 V, limit 3.650 V");
  return event;
}

/// Before the first frame: what is not known is null.
DocumentPart examples_part() {
  PackState pack;
  pack.name.assign("garage");
  pack.protocol = "jk-uart";
  const Verdict verdict = verdict_of(pack);
  RelayState relay;
  relay.name.assign("charger");
  relay.reason.assign("garage: cell_overvoltage: not yet shown to be safe");
  const Moment at{{}, example_event().wall_ms};
  std::string text =
      "A pack that has not been heard yet: what is not known is `null`, and nothing is "
      "allowed.\n\n";
  const auto add = [&text](std::string_view of, auto write) {
    std::string json;
    write(json);
    text += example(of, json) + "\n";
  };
  add("`info` of the gateway", [&](std::string& out) {
    write_gateway_document(out, "cabin", "1.0", {&pack, 1});
  });
  add("`info` of a pack", [&](std::string& out) { write_info_document(out, pack, {}); });
  add("`alarms`",
      [&](std::string& out) { write_alarms_document(out, std::nullopt, pack.protocol, at); });
  add("`supervisor`", [&](std::string& out) {
    write_supervisor_document(out, Mode::observe, {&pack, 1}, {&verdict, 1}, {&relay, 1}, at);
  });
  add("`event`", [&](std::string& out) { write_event_document(out, example_event()); });
  text.resize(text.find_last_not_of('\n') + 1);
  return {"Examples", text, {}};
}

}  // namespace

Document mqtt_document() {
  Document document{
      "mqtt",
      "MQTT",
      "What the gateway publishes. Every document carries every key of its topic each time; what "
      "is not known or not fresh is `null`, and then the pack's `status` is `offline`. `ts` is "
      "Unix time in seconds: of the measurement, in events of the event, in `alarms` since when "
      "they are so. A value that moved less than its dead-band is repeated as it was said. Nothing "
      "is accepted unless `[writes]` says so: without `mqtt` there the gateway subscribes only to "
      "Home Assistant's birth message.",
      {topics_part(), orders_part()}};
  for (const Group group : {Group::state, Group::cells, Group::stats})
    document.parts.push_back(group_part(group));
  document.parts.push_back(bank_part());
  DocumentPart events{"Kinds of events", "", {{"Kind"}, {}}};
  for (std::size_t kind = 0; kind < kEventKindCount; ++kind)
    events.table.rows.push_back({Cell::name(name(static_cast<EventKind>(kind)))});
  document.parts.push_back(events);
  document.parts.push_back(examples_part());
  return document;
}

}  // namespace cw
