// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_site.h"

#include <algorithm>

#include "core/fields.h"

namespace cw {
namespace {

// All scalars with one time, so that the bank's values end together.
PackScalars stamped(const PackScalars& scalars, Instant heard) {
  PackScalars out;
  for (const Field& field : kFields)
    if (const auto when = field.heard(scalars))
      field.store(out, *field.fresh(scalars, *when, {0}), heard);
  return out;
}

Decision union_of_decisions(std::span<const PackState> packs) {
  if (packs.empty()) return {};
  Decision all{.open = Switches::none, .tripped = 0};
  for (const PackState& state : packs) {
    const Decision& one = state.guard.decision();
    all.open = all.open | one.open;
    all.tripped |= one.tripped;
    all.off |= one.off;
  }
  return all;
}

std::optional<std::uint8_t> known(std::uint8_t pack) {
  if (pack == 0) return std::nullopt;
  return pack;
}

}  // namespace

void copy_pack(const Picture& picture, std::size_t index, bool pack_too, UnitState& unit) {
  const PackState& state = picture.packs[index];
  unit.kind = UnitKind::pack;
  unit.mode = picture.mode;
  unit.packs = static_cast<std::uint8_t>(picture.packs.size());
  unit.name = state.name;
  unit.protocol = state.protocol;
  unit.link = state.link.link;
  unit.heard.reset();
  if (state.link.link != Link::unheard) unit.heard = state.link.last_frame;
  unit.max_age = state.max_age;
  unit.decision = state.guard.decision();
  if (pack_too) unit.pack = state.pack;
}

void copy_bank(const Picture& picture, UnitState& unit) {
  unit.kind = UnitKind::bank;
  unit.mode = picture.mode;
  unit.packs = picture.bank.packs;
  unit.packs_in = picture.bank.packs_in;
  unit.name.assign("bank");
  unit.decision = union_of_decisions(picture.packs);
  unit.cell_voltage_max_pack = known(picture.bank.cell_voltage_max_pack);
  unit.cell_voltage_min_pack = known(picture.bank.cell_voltage_min_pack);
  unit.relays.assign(picture.relays.begin(), picture.relays.end());
  // The sum is as old as its oldest part, and ends with the part that ends first.
  unit.heard.reset();
  std::optional<Instant> ends;
  for (const PackState& state : picture.packs) {
    if (!state.fresh(picture.now)) continue;
    const Instant frame = state.link.last_frame;
    unit.heard = std::min(unit.heard.value_or(frame), frame);
    ends = std::min(ends.value_or(frame + state.max_age), frame + state.max_age);
  }
  unit.max_age = {};
  unit.pack.scalars = {};
  unit.pack.alarms.clear();
  if (!unit.heard) return;
  unit.max_age = {static_cast<std::int32_t>(ends->ms - unit.heard->ms)};
  unit.pack.scalars = stamped(picture.bank.scalars, *unit.heard);
  const auto& alarms = picture.bank.alarms;
  if (const auto union_of_all = alarms.fresh(alarms.heard(), {0}))
    unit.pack.alarms.set(*union_of_all, *unit.heard);
}

void Site::take(const Picture& picture, std::span<const std::size_t> changed) {
  const bool all = packs.size() != picture.packs.size();
  packs.resize(picture.packs.size());
  // A guard may decide on a turn in which its pack said nothing, so the small things go always.
  for (std::size_t i = 0; i < packs.size(); ++i)
    copy_pack(picture, i, all || std::ranges::find(changed, i) != changed.end(), packs[i]);
  copy_bank(picture, bank);
  inverter_silent = std::ranges::any_of(picture.inverters, [](const InverterState& inverter) {
    return inverter.told && !inverter.present && inverter.protocol.ends_with("-can");
  });
  request.reset();
  if (picture.request != nullptr) request = *picture.request;
}

}  // namespace cw
