// SPDX-License-Identifier: Apache-2.0
#include "core/pack_limit.h"

#include <algorithm>

#include "core/bounds.h"

namespace cw {
namespace {

constexpr std::int32_t kContradictingPermille = 100;

Milliamps part(Milliamps whole, std::int64_t permille) {
  return {static_cast<std::int32_t>(whole.count * permille / 1000)};
}

// Factors in permille, each with its reason; the full limit is no reason.
class Factors {
 public:
  explicit Factors(std::uint8_t pack) : pack_(pack) {}
  void add(std::int32_t permille, LimitReason reason) {
    if (permille >= 1000) return;
    reason.pack = pack_;
    bounds_.add(Count{permille}, reason);
  }
  void add(std::int32_t permille, LimitCause cause) { add(permille, LimitReason{.cause = cause}); }
  const Bounds<Count>& bounds() const { return bounds_; }

 private:
  std::uint8_t pack_;
  Bounds<Count> bounds_;
};

void add_cells(Factors& factors, Flow flow, const ChargeInput& input, CurveInputs& seen,
               const ChargeSettings& settings) {
  if (!input.cells) return factors.add(0, LimitCause::unknown);
  const bool charge = flow == Flow::charge;
  const Measurement& cell = charge ? input.cells->highest : input.cells->lowest;
  const std::int32_t value = charge ? seen.cell_max.worse_above(cell.value, kCellPlay_mV)
                                    : seen.cell_min.worse_below(cell.value, kCellPlay_mV);
  const Curve& curve = charge ? settings.charge_by_cell : settings.discharge_by_cell;
  factors.add(curve.permille(value), {.cause = LimitCause::cell_voltage,
                                      .where = cell.where,
                                      .value = value,
                                      .unit = Unit::millivolt});
}

// No sensor counts as too cold to charge, and for discharging as the temperature at which the
// charge curve begins; but never as better than what was seen last.
void add_unknown_temperature(Factors& factors, Flow flow, const CurveInputs& seen,
                             const ChargeSettings& settings) {
  if (flow == Flow::charge) return factors.add(0, LimitCause::unknown);
  const Curve& curve = settings.discharge_by_temperature;
  const auto points = settings.charge_by_temperature.points();
  std::int32_t left = curve.permille(points.empty() ? 0 : points.front().x);
  for (const auto& last : {seen.coldest.held(), seen.hottest.held()})
    if (last) left = std::min(left, curve.permille(*last));
  factors.add(left, LimitCause::unknown);
}

void add_temperatures(Factors& factors, Flow flow, const ChargeInput& input, CurveInputs& seen,
                      const ChargeSettings& settings) {
  if (!input.temperatures) return add_unknown_temperature(factors, flow, seen, settings);
  const bool charge = flow == Flow::charge;
  const Curve& curve = charge ? settings.charge_by_temperature : settings.discharge_by_temperature;
  const auto add = [&](std::int32_t value, std::uint8_t sensor) {
    factors.add(curve.permille(value), {.cause = LimitCause::temperature,
                                        .where = sensor,
                                        .value = value,
                                        .unit = Unit::decicelsius});
  };
  const TemperaturesSeen& now = *input.temperatures;
  add(seen.coldest.worse_below(now.coldest.value, kTemperaturePlay_dC), now.coldest.where);
  add(seen.hottest.worse_above(now.hottest.value, kTemperaturePlay_dC), now.hottest.where);
}

void add_mosfet(Factors& factors, const ChargeInput& input, CurveInputs& seen,
                const ChargeSettings& settings) {
  if (!input.mosfet_fitted) return;
  if (!input.mosfet) return factors.add(0, LimitCause::unknown);
  const auto value = seen.mosfet.worse_above(input.mosfet->value, kTemperaturePlay_dC);
  factors.add(settings.by_mosfet_temperature.permille(value),
              {.cause = LimitCause::mosfet_temperature, .value = value, .unit = Unit::decicelsius});
}

void add_soc(Factors& factors, Flow flow, const ChargeInput& input, CurveInputs& seen,
             const ChargeSettings& settings) {
  const bool charge = flow == Flow::charge;
  const Curve& curve = charge ? settings.charge_by_soc : settings.discharge_by_soc;
  if (curve.points().empty()) return;
  if (!input.soc) return factors.add(0, LimitCause::unknown);
  const std::int32_t soc = input.soc->value.count;
  const auto value = charge ? seen.soc_high.worse_above(soc, kSocPlay_centi)
                            : seen.soc_low.worse_below(soc, kSocPlay_centi);
  factors.add(curve.permille(value),
              {.cause = LimitCause::charge_state, .value = value, .unit = Unit::centipercent});
}

// What the settings allow; without any, nothing.
Bounds<Milliamps> settings_of(Flow flow, const ChargeInput& input, const ChargePackSettings& own,
                              const ChargeSettings& settings, std::uint8_t pack) {
  Bounds<Milliamps> bounds;
  const auto setting = flow == Flow::charge ? own.charge_current : own.discharge_current;
  const auto add = [&](Milliamps value, LimitCause cause, Milliamps source) {
    bounds.add(value,
               {.cause = cause, .pack = pack, .value = source.count, .unit = Unit::milliamp});
  };
  if (setting) add(*setting, LimitCause::setting, *setting);
  if (const auto board = input.of(flow).board_setting)
    add(part(*board, std::int64_t{10} * settings.board_share_pct),
        input.of(flow).setting_is_ours ? LimitCause::supervisor_setting : LimitCause::board_setting,
        *board);
  if (!bounds.any()) bounds.add({}, {.cause = LimitCause::unknown, .pack = pack});
  return bounds;
}

// Any factor below one binds before the settings do.
BankLimit<Milliamps> combine(const BankLimit<Milliamps>& base, const Bounds<Count>& factors) {
  if (!factors.any()) return base;
  const BankLimit<Count>& factor = factors.limit();
  BankLimit<Milliamps> limit;
  limit.value = part(base.value, factor.value.count);
  limit.reason = factor.reason;
  limit.next_value = factor.next_value ? part(base.value, factor.next_value->count) : base.value;
  limit.next = factor.next_value ? factor.next : base.reason;
  return limit;
}

// 1000 while young, 0 when lost: what is left of a limit whose values are so old.
std::int32_t validity_permille(Millis age, Millis max_age, Millis lost_after) {
  if (age <= max_age) return 1000;
  if (age >= lost_after) return 0;
  return static_cast<std::int32_t>(std::int64_t{1000} * (lost_after.count - age.count) /
                                   (lost_after.count - max_age.count));
}

BankLimit<Milliamps> aged(const BankLimit<Milliamps>& unaged, std::int32_t permille, Millis age,
                          std::uint8_t pack) {
  if (permille >= 1000) return unaged;
  return {.value = part(unaged.value, permille),
          .reason = {.cause = LimitCause::stale_data,
                     .pack = pack,
                     .value = age.count,
                     .unit = Unit::millisecond},
          .next_value = unaged.value,
          .next = unaged.reason};
}

}  // namespace

PackLimit pack_limit(Flow flow, const ChargeInput& input, CurveInputs& seen,
                     const ChargePackSettings& own, const ChargeSettings& settings, Millis max_age,
                     std::uint8_t pack, bool contradicts) {
  PackLimit result;
  if (!input.is_heard()) return result;
  const FlowSeen& way = input.of(flow);
  Factors factors(pack);
  if (way.withheld) factors.add(0, LimitCause::opening);
  if (way.forbidden) factors.add(0, way.why);
  add_cells(factors, flow, input, seen, settings);
  add_temperatures(factors, flow, input, seen, settings);
  add_mosfet(factors, input, seen, settings);
  add_soc(factors, flow, input, seen, settings);
  if (contradicts) factors.add(kContradictingPermille, LimitCause::configuration);
  const auto base = settings_of(flow, input, own, settings, pack).limit();
  result.takes_part = way.closed.value_or(true);
  result.counts = way.closed.value_or(false);
  result.base = base.value;
  result.unaged = combine(base, factors.bounds());
  result.limit = aged(result.unaged, validity_permille(input.age, max_age, settings.lost_after),
                      input.age, pack);
  return result;
}

}  // namespace cw
