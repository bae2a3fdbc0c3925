// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/sunspec_map.h"

#include <algorithm>

#include "bridge/modbus/modbus_registers.h"
#include "core/assert.h"

namespace cw {
namespace {

using modbus::Registers;
using modbus::Round;
using modbus::scaled;
using sunspec::Point;
using sunspec::Type;

constexpr std::uint16_t kMarkerRegisters = 2;
constexpr std::uint16_t kEndRegisters = 2;
constexpr std::uint16_t kHeadRegisters = 2;  // ID and L

/// What the registers of a type can say, and what they say when there is nothing to say.
struct TypeFacts {
  std::int64_t least;
  std::int64_t most;
  std::uint32_t not_implemented;
};
constexpr TypeFacts facts_of(Type type) {
  switch (type) {
    case Type::uint16: return {0, 0xFFFE, 0xFFFF};
    case Type::int16: return {-0x7FFF, 0x7FFF, 0x8000};
    case Type::uint32: return {0, 0xFFFF'FFFE, 0xFFFF'FFFF};
    case Type::bitfield32: return {0, 0x7FFF'FFFF, 0xFFFF'FFFF};
    case Type::enum16: return {0, 0xFFFE, 0xFFFF};
    case Type::sunssf: return {-10, 10, 0x8000};
    case Type::string: return {0, 0, 0};
    case Type::pad: return {0, 0, 0x8000};
  }
  return {};
}

// A limit that its register cannot hold is told as the highest it can; a measured value is not
// told at all.
void put(const Point& point, int shift, Number value, Registers out) {
  const TypeFacts facts = facts_of(point.type);
  if (value) {
    value = scaled(*value, shift, point.round);
    if (point.round == Round::down) value = std::min(*value, facts.most);
    if (*value < facts.least || *value > facts.most) value.reset();
  }
  modbus::put_number(out, value ? static_cast<std::uint64_t>(*value) : facts.not_implemented);
}

// --- scale factors from the configuration

// Where a rating is not configured, more than a pack of this kind ever has.
constexpr std::int64_t kCapacityMost_mAh = 1'000'000;
constexpr std::int64_t kCurrentMost_mA = 500'000;
constexpr std::int64_t kCellMost_mV = 3'650;

// The least power of ten, from `least` on, with which `value` (in thousandths) fits below `most`.
std::int8_t scale_for(std::int64_t value, std::int64_t most, std::int8_t least) {
  std::int8_t scale = least;
  while (scale < 3 && scaled(value, 3 + scale, Round::up) > most) ++scale;
  return scale;
}

sunspec::Scales scales_for(const SunspecOptions& options) {
  std::int64_t capacity_mAh = 0;
  std::int64_t energy_mWh = 0;
  std::int64_t current_mA = 0;
  std::int64_t power_mW = 0;
  for (const ChargePackSettings& pack : options.packs) {
    const std::int64_t capacity = pack.capacity ? pack.capacity->count : kCapacityMost_mAh;
    const auto current_of = [](const std::optional<Milliamps>& limit) {
      return limit ? std::int64_t{limit->count} * 5 / 4 : kCurrentMost_mA;  // some is overshoot
    };
    const std::int64_t current =
        std::max(current_of(pack.charge_current), current_of(pack.discharge_current));
    capacity_mAh += capacity;
    energy_mWh += capacity * options.nominal_voltage.count * pack.cells / 1000;
    current_mA += current;
    power_mW += current * kCellMost_mV * pack.cells / 1000;
  }
  sunspec::Scales scales;
  scales.capacity = scale_for(capacity_mAh, 0xFFFE, -1);
  scales.energy = scale_for(energy_mWh, 0xFFFE, 0);
  scales.rating = scale_for(power_mW, 0xFFFE, 1);
  scales.current = scale_for(current_mA, 0x7FFF, -1);
  scales.power = scale_for(power_mW, 0x7FFF, 0);
  return scales;
}

std::size_t registers_of(std::span<const Point> points) {
  std::size_t sum = 0;
  for (const Point& point : points) sum += point.size;
  return sum;
}

}  // namespace

std::size_t sunspec_registers(const SunspecOptions& options) {
  std::size_t sum = kMarkerRegisters + kEndRegisters;
  for (const sunspec::Model& model : sunspec::kModels) {
    const std::size_t packs = options.packs.size();
    std::size_t groups = 0;
    if (model.repeats == sunspec::Repeats::once) groups = packs;
    if (model.repeats == sunspec::Repeats::each_pack) groups = packs;
    if (model.repeats == sunspec::Repeats::each_cell)
      for (const ChargePackSettings& pack : options.packs) groups += pack.cells;
    sum += registers_of(model.points) * (model.of_pack ? packs : 1);
    sum += registers_of(model.group) * groups;
  }
  return sum;
}

SunspecMap::SunspecMap(const SunspecOptions& options, std::uint8_t unit) : options_(options) {
  CW_ASSERT(!options_.packs.empty() && sunspec_registers(options_) <= kSunspecRegistersMost);
  chain_ = {unit,
            static_cast<std::uint16_t>(options_.packs.size()),
            options_.discharge_positive,
            options_.site,
            scales_for(options_),
            options_.nominal_voltage};
  size_ = kMarkerRegisters;
  for (const sunspec::Model& model : sunspec::kModels)
    if (!model.of_pack) add_block(model, 0);
  for (std::size_t pack = 0; pack < options_.packs.size(); ++pack)
    for (const sunspec::Model& model : sunspec::kModels)
      if (model.of_pack) add_block(model, pack);
  size_ += kEndRegisters;
  CW_ASSERT(size_ <= kSunspecRegistersMost && size_ == sunspec_registers(options_));
}

void SunspecMap::add_block(const sunspec::Model& model, std::size_t pack) {
  const std::size_t begin = size_;
  blocks_.push_back({&model, static_cast<std::uint16_t>(kSunspecBase + begin), 0,
                     static_cast<std::uint16_t>(pack)});
  add_places(model.points, pack, 0);
  switch (model.repeats) {
    case sunspec::Repeats::never: break;
    case sunspec::Repeats::once: add_places(model.group, pack, 0); break;
    case sunspec::Repeats::each_pack:
      for (std::size_t i = 0; i < options_.packs.size(); ++i) add_places(model.group, i, 0);
      break;
    case sunspec::Repeats::each_cell:
      for (std::size_t i = 0; i < options_.packs[pack].cells; ++i) add_places(model.group, pack, i);
      break;
  }
  blocks_.back().length = static_cast<std::uint16_t>(size_ - begin - kHeadRegisters);
}

void SunspecMap::add_places(std::span<const Point> points, std::size_t pack, std::size_t cell) {
  for (const Point& point : points) {
    places_.push_back({&point, static_cast<std::uint16_t>(kSunspecBase + size_),
                       static_cast<std::uint16_t>(blocks_.size() - 1),
                       static_cast<std::uint16_t>(pack), static_cast<std::uint16_t>(cell),
                       shift_of(*blocks_.back().model, point)});
    size_ += point.size;
  }
}

// Scale factors follow from the chain alone.
std::int8_t SunspecMap::shift_of(const sunspec::Model& model, const Point& point) const {
  if (point.scale.empty() || point.read == nullptr) return 0;
  const auto scale = std::ranges::find(model.points, point.scale, &Point::name);
  CW_ASSERT(scale != model.points.end() && scale->read != nullptr);
  const sunspec::View view{facts_, chain_};
  return static_cast<std::int8_t>(point.decimals + *scale->read(view));
}

const SunspecPlace* SunspecMap::place_at(std::uint16_t address) const {
  const auto place = std::ranges::lower_bound(places_, address, {}, &SunspecPlace::address);
  return place != places_.end() && place->address == address ? &*place : nullptr;
}

Instant SunspecMap::render(const Site& site, Instant now, Registers image) const {
  CW_ASSERT(site.packs.size() == options_.packs.size());
  find_facts(site, options_.packs, now, facts_);
  modbus::put_text(image.first(kMarkerRegisters), "SunS");
  image[size_ - 2] = 0xFFFF;
  image[size_ - 1] = 0;
  for (const SunspecPlace& place : places_) {
    const SunspecBlock& block = blocks_[place.block];
    const Point& point = *place.point;
    const sunspec::View view{facts_,
                             chain_,
                             block.model->id,
                             block.length,
                             place.pack,
                             place.cell,
                             options_.packs[place.pack].cells};
    const Registers out =
        image.subspan(static_cast<std::size_t>(place.address - kSunspecBase), point.size);
    if (point.type == Type::string)
      modbus::put_text(out, point.text == nullptr ? std::string_view{} : point.text(view));
    else
      put(point, place.shift, point.read == nullptr ? std::nullopt : point.read(view), out);
  }
  return facts_.hold_until;
}

}  // namespace cw
