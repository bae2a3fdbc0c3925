// SPDX-License-Identifier: Apache-2.0
// The curves of [bank], drawn: how much of its current a pack may have over each measurement.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/commands/documents.h"
#include "daemon/configuration/options.h"
#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

struct CurveRow {
  std::string_view key;  // of [bank]; its unit and what it means are those of the option
  std::string_view title;
  Curve ChargeSettings::*member;
};
constexpr CurveRow kCurves[] = {
    {"charge_by_cell", "Charging, over the highest cell", &ChargeSettings::charge_by_cell},
    {"discharge_by_cell", "Discharging, over the lowest cell", &ChargeSettings::discharge_by_cell},
    {"charge_by_temperature", "Charging, over the coldest and the hottest sensor",
     &ChargeSettings::charge_by_temperature},
    {"discharge_by_temperature", "Discharging, over the coldest and the hottest sensor",
     &ChargeSettings::discharge_by_temperature},
    {"by_mosfet_temperature", "Both ways, over the temperature of the switches",
     &ChargeSettings::by_mosfet_temperature},
    {"charge_by_soc", "Charging, over the state of charge", &ChargeSettings::charge_by_soc},
    {"discharge_by_soc", "Discharging, over the state of charge",
     &ChargeSettings::discharge_by_soc},
};

constexpr std::int64_t kWidth = 60;  // columns from the left end to the right one

std::string percent(std::int32_t permille) {
  return permille % 10 == 0 ? fmt::format("{} %", permille / 10)
                            : fmt::format("{}.{} %", permille / 10, permille % 10);
}

/// What is on the x axis: the points, and a tenth of their span on both sides, where it is flat.
struct Axis {
  std::int64_t left;
  std::int64_t span;

  explicit Axis(std::span<const CurvePoint> points) {
    const std::int64_t between = std::int64_t{points.back().x} - points.front().x;
    const std::int64_t margin = std::max<std::int64_t>(between / 10, 1);
    left = points.front().x - margin;
    span = between + 2 * margin;
  }
  std::int32_t at(std::int64_t column) const {
    return static_cast<std::int32_t>(left + column * span / kWidth);
  }
  std::size_t column(std::int32_t x) const {
    return static_cast<std::size_t>(((x - left) * kWidth + span / 2) / span);
  }
};

/// A column is filled as high as the curve is at its place, in steps of a tenth, rounded down as
/// limits are; a step below 10 % that is not 0 is a dot.
std::string draw(const Curve& curve) {
  const Axis axis(curve.points());
  std::string out = "```text\n";
  for (std::int32_t step = 10; step > 0; --step) {
    out += fmt::format("{:>5} |", percent(step * 100));
    for (std::int64_t column = 0; column <= kWidth; ++column) {
      const std::int32_t permille = curve.permille(axis.at(column));
      out += permille >= step * 100 ? '#' : step == 1 && permille > 0 ? '.' : ' ';
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  out += fmt::format("{:>5} +{:-<{}}\n", percent(0), "", kWidth + 1);
  std::string marks(kWidth + 1, ' ');
  for (const CurvePoint& point : curve.points()) marks[axis.column(point.x)] = '^';
  marks.erase(marks.find_last_not_of(' ') + 1);
  return out + fmt::format("{:>7}{}\n```", "", marks);
}

DocumentPart curve_part(const CurveRow& row, const ChargeSettings& settings) {
  const Curve& curve = settings.*row.member;
  const Unit unit = find_option("bank", row.key)->unit;
  DocumentPart part{std::string(row.title), fmt::format("`{}`: no limit.", row.key), {}};
  part.table.columns = {"Curve", "Point", "Part"};
  if (curve.points().empty()) return part;
  part.text = fmt::format("`{}`, with its points marked below:\n\n{}", row.key, draw(curve));
  for (const CurvePoint& point : curve.points())
    part.table.rows.push_back({Cell::name(row.key), Cell::words(quantity_text(point.x, unit)),
                               Cell::words(percent(point.permille))});
  return part;
}

}  // namespace

Document curves_of(const ChargeSettings& settings, std::string_view whose) {
  Document document{
      "curves",
      "Curves",
      fmt::format(
          "How much of its current a pack may have, as the curves of [bank] say: those {}. "
          "Between two points it is a straight line, outside it is flat; of all that apply, "
          "the lowest counts.",
          whose),
      {}};
  for (const CurveRow& row : kCurves) document.parts.push_back(curve_part(row, settings));
  return document;
}

Document curves_document() {
  return curves_of({},
                   "that are the defaults, for lfp. `cellwarden docs curves --config FILE` draws "
                   "those of a configuration");
}

}  // namespace cw
