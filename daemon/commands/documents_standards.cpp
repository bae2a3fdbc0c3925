// SPDX-License-Identifier: Apache-2.0
// The maps of standards that the Modbus server carries beside its own.
#include <fmt/format.h>

#include "bridge/modbus/modbus_writes.h"
#include "bridge/modbus/victron_table.h"
#include "daemon/commands/documents.h"

namespace cw {
namespace {

/// Offsets count from `first`.
DocumentPart points_part(std::string title, std::string text,
                         std::span<const sunspec::Point> points, std::size_t first) {
  DocumentPart part{
      std::move(title),
      std::move(text),
      {{"Offset", "Point", "Type", "Registers", "Scale factor", "Mandatory", "Sent"}, {}}};
  for (const sunspec::Point& point : points) {
    const bool sent = point.read != nullptr || point.text != nullptr ||
                      point.type == sunspec::Type::string || point.type == sunspec::Type::pad;
    part.table.rows.push_back({Cell::count(static_cast<std::int64_t>(first)),
                               Cell::name(point.name), Cell::words(sunspec::name(point.type)),
                               Cell::count(point.size), Cell::words(point.scale),
                               Cell::yes_or_no(point.mandatory()),
                               Cell::words(sent ? point.sends : "never implemented")});
    first += point.size;
  }
  return part;
}

std::string_view repeated_for(sunspec::Repeats repeats) {
  constexpr std::string_view words[] = {"", "Once for each pack.", "Once: a pack is one module.",
                                        "Once for each cell."};
  return words[static_cast<std::size_t>(repeats)];
}

DocumentPart writable_part() {
  DocumentPart part{"Points that can be opened to clients",
                    "By `write_from` and `writable` of [modbus]; nothing by default.",
                    {{"Point", "Lowest", "Highest", "Means"}, {}}};
  for (const WritablePoint& point : writable_points())
    part.table.rows.push_back({Cell::name(point.name), Cell::count(point.lowest),
                               Cell::count(point.highest), Cell::words(point.means)});
  return part;
}

DocumentPart registers_part(std::string title, std::span<const victron::Row> rows) {
  DocumentPart part{
      std::move(title), "", {{"Register", "Type", "Registers", "Scale", "Shows", "Known"}, {}}};
  for (const victron::Row& row : rows)
    part.table.rows.push_back({Cell::count(row.address), Cell::words(victron::name(row.type)),
                               Cell::count(row.registers), Cell::words(row.scale),
                               Cell::words(row.title),
                               Cell::yes_or_no(row.read != nullptr || row.text != nullptr)});
  return part;
}

}  // namespace

Document sunspec_document() {
  Document document{
      "sunspec",
      "SunSpec",
      "The chain begins at register 40000 with the letters SunS: models 1, 802, 803 and 713, then "
      "804 and 805 of each pack, then FFFF and 0. It is unit `sunspec_unit` of [modbus], and unit "
      "1 "
      "as well on a port of its own. A value is its register times ten to the power of its scale "
      "factor, which never changes while the program runs. What is not known or stale reads as not "
      "implemented; limits are those of [bank], rounded to the safe side, and 0 when no pack is "
      "heard. The state of charge is the one inverters are told: 100 % only when the bank is full, "
      "and "
      "a jump of the measured one passed on within 60 s (inverters.md). The heartbeat Hb stops "
      "when the last pack falls silent.\n\n"
      "A read that leaves the chain gets exception 02, no or more than 125 registers 03, a "
      "function "
      "that is not open to the client 01, a unit that does not exist 0A.",
      {}};
  for (const sunspec::Model& model : sunspec::kModels) {
    document.parts.push_back(points_part(fmt::format("Model {}: {}", model.id, model.title),
                                         model.of_pack ? "One for each pack." : "", model.points,
                                         0));
    if (model.repeats == sunspec::Repeats::never) continue;
    std::size_t first = 0;
    for (const sunspec::Point& point : model.points) first += point.size;
    document.parts.push_back(points_part(fmt::format("Model {}: group", model.id),
                                         std::string(repeated_for(model.repeats)), model.group,
                                         first));
  }
  document.parts.push_back(writable_part());
  return document;
}

Document victron_document() {
  return {
      "victron",
      "Victron registers",
      "The registers a Victron GX serves for a battery and for its system, with `victron = true` "
      "in [modbus]. A register holds the value times its scale, high word first, text two "
      "characters a register; positive current charges. What is not known reads 0, as there. "
      "Limits are those of [bank]; without it they are 0. Alarms: 0 none, 2 alarm, 1 a warning "
      "where it says so. The state of charge is the one inverters are told (inverters.md). Nothing "
      "can be written but 2901, and that only where `writable` of "
      "[modbus] "
      "names `victron.2901`: it then is the same bound as 802.SoCRsvMin of SunSpec, under the same "
      "rules. A register not listed gets exception 02.",
      {registers_part("Battery, unit 225", victron::rows::kBattery),
       registers_part("System, units 100 and 0", victron::rows::kSystem)}};
}

}  // namespace cw
