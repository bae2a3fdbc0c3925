// SPDX-License-Identifier: Apache-2.0
// The boards in words: docs/models.md, and what other subjects take from the maker's documents.
#include <fmt/format.h>

#include "core/error_code.h"
#include "core/models.h"
#include "core/validation.h"
#include "daemon/commands/documents.h"
#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

/// A number in the unit people use; nothing where no document states it.
Cell stated(std::int64_t count, Unit unit) {
  return count == 0 ? Cell{} : Cell{number_text(count, unit), true, false};
}

Cell number(std::int64_t count, Unit unit) { return {number_text(count, unit), true, false}; }

Cell range(const CellRange& cells) {
  return Cell::words(fmt::format("{} to {}", cells.fewest, cells.most));
}

Cell milliohms(MicroOhms resistance) {
  return resistance.count == 0 ? Cell{}
                               : Cell{number_text(resistance.count, Unit::millivolt), true, false};
}

/// "3 A, 200 W"; nothing for a board without a heater.
Cell heater_limits(const Model& model) {
  if (model.heater == Fitted::no || model.heater == Fitted::unknown) return {};
  const auto& [current, power] = model.heater_limits;
  std::string text = quantity_text(current.count, Unit::milliamp);
  if (power.count != 0) text += fmt::format(", {} W", number_text(power.count, Unit::milliwatt));
  return Cell::words(text);
}

Cell size(const BoardSize& board) {
  if (board.length == 0) return {};
  return Cell::words(fmt::format("{} x {} x {}", number_text(board.length, Unit::decicelsius),
                                 number_text(board.width, Unit::decicelsius),
                                 number_text(board.height, Unit::decicelsius)));
}

DocumentPart models_part() {
  DocumentPart part{"Catalogue",
                    "Fewest to most cells by chemistry. Continuous: charge and discharge alike; "
                    "peak: for two minutes; setting: the over-current limits the sheets offer. "
                    "Size in mm.",
                    {{"Model", "Li-ion", "LFP", "LTO", "Balance A", "Main mohm", "Continuous A",
                      "Peak A", "Setting from A", "Setting to A", "CAN", "RS485", "Heater",
                      "Heater carries", "Port", "Size", "Sources"},
                     {}}};
  for (const Model& model : all_models())
    part.table.rows.push_back(
        {Cell::name(model.name), range(model.li_ion), range(model.lfp), range(model.lto),
         number(model.balance_current.count, Unit::milliamp), milliohms(model.main_resistance),
         stated(model.continuous_current.count, Unit::milliamp),
         stated(model.peak_current.count, Unit::milliamp),
         stated(model.setting_lowest.count, Unit::milliamp),
         stated(model.setting_highest.count, Unit::milliamp), Cell::words(name(model.can)),
         Cell::words(name(model.rs485)), Cell::words(name(model.heater)), heater_limits(model),
         Cell::words(name(model.port)), size(model.size), Cell::words(model.sources)});
  return part;
}

DocumentPart families_part() {
  DocumentPart part{"Families",
                    "What the sheets give for many boards at once. The supply is no check on a "
                    "measured voltage.",
                    {{"Family", "Supply from V", "Supply to V", "Charger wakes at V above pack",
                      "One bus only", "Factory preset"},
                     {}}};
  for (const FamilyFacts& row : kFamilies)
    part.table.rows.push_back({Cell::words(row.title),
                               stated(row.supply_lowest.count, Unit::millivolt),
                               stated(row.supply_highest.count, Unit::millivolt),
                               stated(row.charger_above.count, Unit::millivolt),
                               Cell::yes_or_no(row.one_bus), Cell::words(name(row.factory))});
  return part;
}

}  // namespace

Document models_document() {
  return {"models",
          "Models",
          fmt::format(
              "The boards of the make JK, from the maker's sheets and manuals; empty is what no "
              "document states. A name is read by its parts: `JK-`, P for the inverter family, `B` "
              "and the balance current (`D4A` is 0.4 A, `2A` is 2 A), the most cells (`24S`), the "
              "continuous current in 10 A (`20P`; `RP`: relays), and what is fitted: H heating, C "
              "CAN, R RS485. A model that is not in the catalogue is taken by its name alone. All "
              "boards measure cells to {} and work from {} to {}.",
              quantity_text(kCellAccuracy.count, Unit::millivolt),
              quantity_text(kOperatingColdest.count, Unit::decicelsius),
              quantity_text(kOperatingHottest.count, Unit::decicelsius)),
          {models_part(), families_part()}};
}

DocumentPart error_codes_part() {
  DocumentPart part{"Error codes",
                    "What boards and their app show, as the manual words it.",
                    {{"Code", "Sentence", "Meaning", "Alarms"}, {}}};
  for (const ErrorCode& row : kErrorCodes) {
    std::string alarms;
    for (const Alarm alarm : row.alarms())
      alarms += fmt::format("{}{}", alarms.empty() ? "" : ", ", name(alarm));
    part.table.rows.push_back({Cell::count(row.code), Cell::words(row.sentence),
                               Cell::words(row.meaning), Cell::words(alarms)});
  }
  return part;
}

DocumentPart write_ranges_part() {
  DocumentPart part{"Ranges of writes",
                    "What boards accept, where it is less than they may report. The model may "
                    "allow less still (models.md).",
                    {{"Key", "Lowest", "Highest", "Writable"}, {}}};
  for (const WriteRange& row : kWriteRanges) {
    const ParameterFacts& parameter = facts(row.parameter);
    part.table.rows.push_back({Cell::name(parameter.key), number(row.lowest, parameter.unit),
                               number(row.highest, parameter.unit), Cell::yes_or_no(row.writable)});
  }
  return part;
}

}  // namespace cw
