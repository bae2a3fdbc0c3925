// SPDX-License-Identifier: Apache-2.0
#include "core/charge_voltage.h"

#include <algorithm>

#include "core/bounds.h"

namespace cw {
namespace {

constexpr std::int32_t kVoltagePlay_mV = 50;

// What a pack with a cell above the ceiling asks for: its voltage without what is too much.
std::optional<Millivolts> wish_of(ChargePackState& pack, Millivolts float_voltage,
                                  const ChargeSettings& settings) {
  if (!pack.input.is_in() || !pack.input.cells) return std::nullopt;
  const CellsSeen& cells = *pack.input.cells;
  const bool near = cells.highest.value > settings.ceiling_voltage.count - kCellPlay_mV;
  pack.over_ceiling = cells.over_ceiling_mV > 0 || (pack.over_ceiling && near);
  if (!pack.over_ceiling) {
    pack.ceiling.forget();
    return std::nullopt;
  }
  if (!pack.input.voltage) return float_voltage;
  const std::int32_t wish = pack.input.voltage->value.count - cells.over_ceiling_mV;
  return Millivolts{pack.ceiling.worse_below(wish, kVoltagePlay_mV)};
}

void add_wishes(Bounds<Millivolts>& bounds, std::span<ChargePackState> packs,
                Millivolts float_voltage, const ChargeSettings& settings) {
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const auto wish = wish_of(packs[i], float_voltage, settings);
    if (!wish) continue;
    const Measurement& cell = packs[i].input.cells->highest;
    bounds.add(std::max(*wish, float_voltage), {.cause = LimitCause::cell_ceiling,
                                                .pack = static_cast<std::uint8_t>(i + 1),
                                                .where = cell.where,
                                                .value = cell.value,
                                                .unit = Unit::millivolt});
  }
}

// Cells that nobody sees may be high, and without voltage or current no stage would end.
void add_unseen(Bounds<Millivolts>& bounds, std::span<const ChargePackState> packs,
                Millivolts float_voltage) {
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const auto number = static_cast<std::uint8_t>(i + 1);
    const ChargeInput& pack = packs[i].input;
    if (packs[i].is_lost())
      bounds.add(float_voltage, {.cause = LimitCause::pack_lost, .pack = number});
    else if (pack.is_in() && (!pack.cells || !pack.voltage || !pack.current))
      bounds.add(float_voltage, {.cause = LimitCause::unknown, .pack = number});
  }
}

}  // namespace

Millivolts ChargeVoltage::rise(Millivolts target, const ChargeSettings& settings, Instant now) {
  return {slew_.step(
      target.count,
      {.hold = settings.voltage_rise_after, .per_second = settings.voltage_rise_per_second.count},
      now)};
}

BankLimit<Millivolts> ChargeVoltage::step_blind(std::uint8_t cells, const ChargeSettings& settings,
                                                Instant now) {
  const Millivolts low{settings.float_voltage.count * cells};
  return {.value = rise(low, settings, now), .reason = {.cause = LimitCause::all_lost}};
}

BankLimit<Millivolts> ChargeVoltage::step(Millivolts stage, std::uint8_t cells,
                                          std::span<ChargePackState> packs,
                                          const ChargeSettings& settings, Instant now) {
  const Millivolts low{settings.float_voltage.count * cells};
  if (!slew_.has_started()) rise(low, settings, now);
  Bounds<Millivolts> bounds;
  add_wishes(bounds, packs, low, settings);
  add_unseen(bounds, packs, low);
  bounds.add(stage, {.cause = LimitCause::stage, .value = stage.count, .unit = Unit::millivolt});
  const BankLimit<Millivolts>& target = bounds.limit();
  const bool stale = std::any_of(packs.begin(), packs.end(), [](const ChargePackState& pack) {
    return pack.input.presence == Presence::stale;
  });
  const Millivolts before{slew_.output()};
  const bool held = stale && before < target.value;
  const Millivolts out = rise(held ? before : target.value, settings, now);
  if (out == target.value) return target;
  return {.value = out,
          .reason = {.cause = held ? LimitCause::stale_data : LimitCause::rising},
          .next_value = target.value,
          .next = target.reason};
}

}  // namespace cw
