// SPDX-License-Identifier: Apache-2.0
#include "core/charge_validation.h"

#include <algorithm>

#include "core/assert.h"

namespace cw {
namespace {

constexpr std::int32_t kCurveBelowOvervoltage_mV = 20;
constexpr std::int32_t kCeilingBelowOvervoltage_mV = 50;
constexpr std::int32_t kCurveAboveUndervoltage_mV = 100;

// The first point from which on, to the right, the curve does what it must not; nothing: it is
// right everywhere.
template <class Wrong>
const CurvePoint* first_wrong(const Curve& curve, Wrong wrong) {
  const auto points = curve.points();
  for (std::size_t i = 1; i < points.size(); ++i)
    if (wrong(points[i - 1].permille, points[i].permille)) return &points[i];
  return nullptr;
}

bool rises(std::int32_t left, std::int32_t right) { return right > left; }
bool falls(std::int32_t left, std::int32_t right) { return right < left; }

const CurvePoint* rises_after_a_fall(const Curve& curve) {
  bool fell = false;
  return first_wrong(curve, [&fell](std::int32_t left, std::int32_t right) {
    fell = fell || right < left;
    return fell && right > left;
  });
}

void check_shape(ChargeBreaches& found, ChargeRule rule, const CurvePoint* wrong, Unit unit) {
  if (wrong != nullptr) found.add({rule, 0, wrong->x, 0, unit});
}

void check_below(ChargeBreaches& found, ChargeRule rule, Millivolts lower, Millivolts upper,
                 std::uint8_t pack = 0) {
  if (lower >= upper) found.add({rule, pack, lower.count, upper.count, Unit::millivolt});
}

void check_curves(ChargeBreaches& found, const ChargeSettings& s) {
  using enum ChargeRule;
  const auto charge = s.charge_by_cell.points();
  if (charge.empty() || charge.back().permille != 0)
    found.add({charge_curve_ends, 0, charge.empty() ? 0 : charge.back().x, 0, Unit::millivolt});
  const auto discharge = s.discharge_by_cell.points();
  if (discharge.empty() || discharge.front().permille != 0)
    found.add({discharge_curve_begins, 0, discharge.empty() ? 0 : discharge.front().x, 0,
               Unit::millivolt});
  check_shape(found, charge_curve_falls, first_wrong(s.charge_by_cell, rises), Unit::millivolt);
  check_shape(found, discharge_curve_rises, first_wrong(s.discharge_by_cell, falls),
              Unit::millivolt);
  check_shape(found, mosfet_curve_falls, first_wrong(s.by_mosfet_temperature, rises),
              Unit::decicelsius);
  for (const Curve* curve : {&s.charge_by_temperature, &s.discharge_by_temperature})
    check_shape(found, temperature_curves_peak, rises_after_a_fall(*curve), Unit::decicelsius);
  check_shape(found, soc_curves, first_wrong(s.charge_by_soc, rises), Unit::centipercent);
  check_shape(found, soc_curves, first_wrong(s.discharge_by_soc, falls), Unit::centipercent);
}

}  // namespace

ChargeBreaches check_charge(const ChargeSettings& s) {
  using enum ChargeRule;
  ChargeBreaches found;
  check_below(found, float_below_absorption, s.float_voltage, s.absorption_voltage);
  check_below(found, absorption_below_ceiling, s.absorption_voltage, s.ceiling_voltage);
  check_below(found, discharge_below_float, s.discharge_voltage, s.float_voltage);
  check_curves(found, s);
  if (s.soc_min >= s.soc_max)
    found.add({soc_window, 0, s.soc_min.count, s.soc_max.count, Unit::centipercent});
  if (s.force_charge_soc >= s.force_charge_until_soc)
    found.add({force_charge_window, 0, s.force_charge_soc.count, s.force_charge_until_soc.count,
               Unit::centipercent});
  check_below(found, force_charge_window, s.force_charge_voltage, s.force_charge_until_voltage);
  return found;
}

ChargeBreaches check_charge(const ChargeSettings& s, const ParameterSet& protections,
                            std::uint8_t pack) {
  using enum ChargeRule;
  ChargeBreaches found;
  const auto charge = s.charge_by_cell.points();
  const auto discharge = s.discharge_by_cell.points();
  if (const auto high = protections.get(Parameter::cell_overvoltage)) {
    const std::int32_t curve_most = *high - kCurveBelowOvervoltage_mV;
    const std::int32_t ceiling_most = *high - kCeilingBelowOvervoltage_mV;
    if (!charge.empty() && charge.back().x > curve_most)
      found.add(
          {charge_curve_below_overvoltage, pack, charge.back().x, curve_most, Unit::millivolt});
    if (s.ceiling_voltage.count > ceiling_most)
      found.add({ceiling_below_overvoltage, pack, s.ceiling_voltage.count, ceiling_most,
                 Unit::millivolt});
  }
  if (const auto low = protections.get(Parameter::cell_undervoltage)) {
    const std::int32_t least = *low + kCurveAboveUndervoltage_mV;
    if (!discharge.empty() && discharge.front().x < least)
      found.add(
          {discharge_curve_above_undervoltage, pack, discharge.front().x, least, Unit::millivolt});
  }
  return found;
}

ChargeBreaches check_mix(const ChargeSettings& settings, std::span<const ChargePackSettings> packs,
                         std::uint8_t pack) {
  using enum ChargeRule;
  CW_ASSERT(pack >= 1 && pack <= packs.size());
  ChargeBreaches found;
  const ChargePackSettings& first = packs.front();
  const ChargePackSettings& own = packs[pack - 1U];
  if (own.cells == 0 || own.cells != first.cells)
    found.add({cells_equal, pack, own.cells, first.cells, Unit::count});
  if (own.chemistry != first.chemistry && !settings.mixed_chemistries)
    found.add({chemistries_equal, pack, own.chemistry, first.chemistry, Unit::count});
  const bool for_lfp = settings.absorption_voltage == ChargeSettings{}.absorption_voltage ||
                       settings.charge_by_cell == ChargeSettings{}.charge_by_cell ||
                       settings.discharge_by_cell == ChargeSettings{}.discharge_by_cell;
  if (own.chemistry != static_cast<std::uint8_t>(Chemistry::lfp) && for_lfp)
    found.add(
        {chemistry_has_voltages, pack, settings.absorption_voltage.count, 0, Unit::millivolt});
  return found;
}

}  // namespace cw
