// SPDX-License-Identifier: Apache-2.0
// Makes answers of a JK board slot by slot, sound or not, for tests. Built from the table of the
// protocol; it knows nothing of the decoder.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "drivers/protocol/jk_uart.h"
#include "drivers/protocol/registry.h"

namespace cw {

using Bytes = std::vector<std::uint8_t>;

inline Bytes big_endian(std::uint32_t value, std::size_t width) {
  Bytes bytes(width);
  for (std::size_t i = width; i-- > 0; value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
  return bytes;
}

inline Bytes framed(std::span<const std::uint8_t> information,
                    jk_uart::Command command = jk_uart::Command::read_all,
                    jk_uart::Transport transport = jk_uart::Transport::answer) {
  Bytes frame(jk_uart::kLongestFrame);
  frame.resize(jk_uart::write_frame(frame, command, jk_uart::Source::bms, transport, information));
  return frame;
}

/// A whole answer of a healthy 16-cell board, to be changed slot by slot.
class BoardAnswer {
 public:
  explicit BoardAnswer(std::size_t cells = 16) {
    for (const jk_uart::Slot& slot : jk_uart::kSlots)
      if (slot.answered) data_[slot.id] = Bytes(slot.width);
    set_cells(std::vector<std::uint32_t>(cells, 3300));
    set(0x80, 31).set(0x81, 24).set(0x82, 23);
    set(0x83, static_cast<std::uint32_t>(330 * cells)).set(0x84, 0x8000 | 1234);
    set(0x85, 57).set(0x86, 2).set(0x87, 42).set(0x89, 11'760).set(0x8C, 3);
    set(0x8E, static_cast<std::uint32_t>(365 * cells));
    set(0x8F, static_cast<std::uint32_t>(260 * cells));
    set(0x90, 3650).set(0x91, 3500).set(0x92, 5).set(0x93, 2600).set(0x94, 2700).set(0x95, 6);
    set(0x96, 300).set(0x97, 150).set(0x98, 300).set(0x99, 100).set(0x9A, 30);
    set(0x9B, 3400).set(0x9C, 8).set(0x9D, 1).set(0x9E, 90).set(0x9F, 70);
    set(0xA0, 100).set(0xA1, 99).set(0xA2, 20).set(0xA3, 65).set(0xA4, 70);
    set(0xA5, 0xFFFB).set(0xA6, 1).set(0xA7, 0xFFEC).set(0xA8, 0xFFF6);
    set(0xAA, 280).set(0xAB, 1).set(0xAC, 1).set(0xAD, 1041).set(0xAE, 1).set(0xB0, 10);
    set(0xB1, 20).set(0xB6, 57'856).set(0xB9, 276).set(0xC0, 1);
    set_text(0xB2, "s3cret").set_text(0xB4, "Shed bat").set_text(0xB5, "2405");
    set_text(0xB7, "11.XW_S11.26___").set_text(0xBA, "Shed batteryJK_B2A20S20P");
  }

  BoardAnswer& set(std::uint8_t id, std::uint32_t value) {
    data_[id] = big_endian(value, jk_uart::kWidths[id]);
    return *this;
  }
  BoardAnswer& set_text(std::uint8_t id, std::string_view text) {
    Bytes bytes(text.begin(), text.end());
    bytes.resize(jk_uart::kWidths[id]);
    data_[id] = bytes;
    return *this;
  }
  /// The list of cells, and both numbers that must agree with it.
  BoardAnswer& set_cells(const std::vector<std::uint32_t>& millivolts) {
    Bytes bytes{static_cast<std::uint8_t>(3 * millivolts.size())};
    for (std::size_t i = 0; i < millivolts.size(); ++i) {
      bytes.push_back(static_cast<std::uint8_t>(i + 1));
      const Bytes value = big_endian(millivolts[i], 2);
      bytes.insert(bytes.end(), value.begin(), value.end());
    }
    data_[0x79] = bytes;
    set(0x8A, static_cast<std::uint32_t>(millivolts.size()));
    return set(0xA9, static_cast<std::uint32_t>(millivolts.size()));
  }
  BoardAnswer& set_raw(std::uint8_t id, Bytes data) {
    data_[id] = std::move(data);
    return *this;
  }
  BoardAnswer& without(std::uint8_t id) {
    data_.erase(id);
    return *this;
  }
  /// As firmware before 2020 sends it: the list ends after 0xB7, the current is an offset.
  BoardAnswer& as_old_firmware(std::uint32_t raw_current) {
    for (const std::uint8_t id : Bytes{0xB8, 0xB9, 0xBA, 0xC0}) without(id);
    return set(0x84, raw_current);
  }

  Bytes information() const {
    Bytes list;
    for (const auto& [id, data] : data_) {
      list.push_back(id);
      list.insert(list.end(), data.begin(), data.end());
    }
    return list;
  }
  Bytes frame() const { return framed(information()); }

 private:
  std::map<std::uint8_t, Bytes> data_;  // boards send ascending identifiers
};

/// A protocol with the pack it fills, and a clock.
class Board {
 public:
  Fed hear(std::span<const std::uint8_t> bytes) { return protocol_->feed(bytes, now, pack); }
  Fed hear(const BoardAnswer& answer) { return hear(answer.frame()); }

  /// The count of a reading heard now; absent when it was not.
  template <class Q>
  std::optional<std::int32_t> now_of(const Reading<Q>& reading) const {
    const auto value = reading.fresh(now, {0});
    return value ? std::optional{value->count} : std::nullopt;
  }

  Instant now{1000};
  Pack pack;

 private:
  ProtocolBox protocol_{*find_protocol("jk-uart"), 0};
};

/// Everything a pack says, byte for byte comparable.
inline bool same_readings(const Pack& a, const Pack& b) {
  const auto same = [](const auto& x, const auto& y) {
    return x.quality() == y.quality() &&
           (x.quality() == Quality::absent || x.heard() == y.heard()) &&
           x.fresh(x.heard(), {0}) == y.fresh(y.heard(), {0});
  };
  bool equal = same(a.alarms, b.alarms) && a.parameters == b.parameters &&
               a.parameters_heard == b.parameters_heard;
  for (const Field& field : kFields) {
    equal = equal && field.heard(a.scalars) == field.heard(b.scalars);
    const auto heard = field.heard(a.scalars);
    if (heard)
      equal = equal && field.fresh(a.scalars, *heard, {0}) == field.fresh(b.scalars, *heard, {0});
  }
  for (std::size_t i = 0; i < kMaxCells; ++i)
    equal = equal && same(a.cell_voltage[i], b.cell_voltage[i]);
  for (std::size_t i = 0; i < kMaxTemperatures; ++i)
    equal = equal && same(a.temperature[i], b.temperature[i]);
  const Identity& x = a.identity;
  const Identity& y = b.identity;
  return equal && x.make == y.make && x.model == y.model && x.name == y.name &&
         x.hardware_version == y.hardware_version && x.software_version == y.software_version &&
         x.user_data == y.user_data && x.serial == y.serial;
}

}  // namespace cw
