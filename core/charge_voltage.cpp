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

Bounds<Millivolts> wishes(std::span<ChargePackState> packs, Millivolts float_voltage,
                          const ChargeSettings& settings) {
  Bounds<Millivolts> bounds;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const auto wish = wish_of(packs[i], float_voltage, settings);
    if (!wish) continue;
    const Measurement& cell = packs[i].input.cells->highest;
    bounds.add(*wish, {.cause = LimitCause::cell_ceiling,
                       .pack = static_cast<std::uint8_t>(i + 1),
                       .where = cell.where,
                       .value = cell.value,
                       .unit = Unit::millivolt});
  }
  return bounds;
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

BankLimit<Millivolts> ChargeVoltage::step(Millivolts stage, std::uint8_t cells,
                                          std::span<ChargePackState> packs,
                                          const ChargeSettings& settings, Instant now) {
  const Millivolts top{settings.absorption_voltage.count * cells};
  const Millivolts low{settings.float_voltage.count * cells};
  const Bounds<Millivolts> wanted = wishes(packs, low, settings);
  const Millivolts ceiling = wanted.any() ? std::min(top, wanted.limit().value) : top;
  const bool held = std::any_of(packs.begin(), packs.end(), [](const ChargePackState& pack) {
    return pack.input.presence == Presence::stale;
  });
  const std::int32_t target = std::max(low, ceiling).count;
  const Millivolts risen{ceiling_.step(
      held ? std::min(target, ceiling_.output()) : target,
      {.hold = settings.voltage_rise_after, .per_second = settings.voltage_rise_per_second.count},
      now)};
  Bounds<Millivolts> bounds;
  if (risen < std::max(low, ceiling))
    bounds.add(risen, {.cause = LimitCause::rising});
  else if (wanted.any() && risen < top)
    bounds.add(risen, wanted.limit().reason);
  add_unseen(bounds, packs, low);
  bounds.add(stage, {.cause = LimitCause::stage, .value = stage.count, .unit = Unit::millivolt});
  return bounds.limit();
}

}  // namespace cw
