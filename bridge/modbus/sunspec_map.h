// SPDX-License-Identifier: Apache-2.0
// The SunSpec chain at 40000 as registers: marker, models 1, 802, 803, 713, then 804 and 805 of
// each pack, end. Laid out once from the configuration; what is not known or stale reads as the
// type's "not implemented". Sources: inverter-modbus.md, section 2, and the model definitions.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "bridge/modbus/modbus_map.h"
#include "bridge/modbus/modbus_options.h"
#include "bridge/modbus/sunspec_table.h"

namespace cw {

inline constexpr std::uint16_t kSunspecBase = 40'000;

/// Registers a chain takes; SunspecMap takes only what fits behind kSunspecBase.
std::size_t sunspec_registers(const SunspecOptions& options);
inline constexpr std::size_t kSunspecRegistersMost = 0x10000 - kSunspecBase;

/// One model as it stands in a chain.
struct SunspecBlock {
  const sunspec::Model* model = nullptr;
  std::uint16_t address = 0;  // of its ID
  std::uint16_t length = 0;   // what its L says: registers after L
  std::uint16_t pack = 0;     // of_pack: from 0
};

/// One point as it stands in a chain.
struct SunspecPlace {
  const sunspec::Point* point = nullptr;
  std::uint16_t address = 0;
  std::uint16_t block = 0;
  std::uint16_t pack = 0;
  std::uint16_t cell = 0;
  std::int8_t shift = 0;  // digits the point's reader gives too many; negative: too few
};

class SunspecMap : public RegisterMap {
 public:
  /// `unit`: what model 1 says its own address is.
  SunspecMap(const SunspecOptions& options, std::uint8_t unit);

  std::uint16_t first() const override { return kSunspecBase; }
  std::size_t size() const override { return size_; }
  std::size_t readable(std::uint16_t address) const override {
    const auto at = static_cast<std::size_t>(address - kSunspecBase);
    return address >= kSunspecBase && at < size_ ? size_ - at : 0;
  }
  Instant render(const Site& site, Instant now, std::span<std::uint16_t> image) const override;

  const std::vector<SunspecBlock>& blocks() const { return blocks_; }
  const std::vector<SunspecPlace>& places() const { return places_; }

  /// The point whose first register this is; nullptr: none begins there.
  const SunspecPlace* place_at(std::uint16_t address) const;
  const SunspecBlock& block_of(const SunspecPlace& place) const { return blocks_[place.block]; }

 private:
  void add_block(const sunspec::Model& model, std::size_t pack);
  void add_places(std::span<const sunspec::Point> points, std::size_t pack, std::size_t cell);
  std::int8_t shift_of(const sunspec::Model& model, const sunspec::Point& point) const;

  SunspecOptions options_;
  sunspec::Chain chain_;
  std::size_t size_ = 0;
  std::vector<SunspecBlock> blocks_;
  std::vector<SunspecPlace> places_;
  mutable SiteFacts facts_;  // keeps its memory from one image to the next
};

}  // namespace cw
