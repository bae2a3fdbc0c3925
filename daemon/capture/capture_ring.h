// SPDX-License-Identifier: Apache-2.0
// The last records of one wire in a fixed amount of memory: the oldest make room. Memory is touched
// only as it fills. Records are packed one behind the other, so that they are copied at once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/capture/capture_file.h"

namespace cw {

struct PackedRecord {
  std::uint64_t number = 0;  // counts over all wires: their order
  std::int64_t at_us = 0;
  std::uint8_t wire = 0;
  CaptureKind kind = CaptureKind::in;
  std::span<const std::uint8_t> payload{};  // bytes, or a text
};

class CaptureRing {
 public:
  explicit CaptureRing(std::size_t bytes);

  /// A record that does not fit into the whole ring is dropped like an old one.
  void add(const PackedRecord& record);

  void forget_before(std::int64_t at_us);

  /// Nothing was dropped or forgotten yet.
  bool complete() const { return complete_; }

  std::size_t used() const { return used_; }  // bytes

  /// A copy of everything from `from_us` on, for unpack().
  std::vector<std::uint8_t> newest(std::int64_t from_us) const;

 private:
  PackedRecord front(std::size_t& size) const;
  void drop_front();
  void put(std::size_t at, std::span<const std::uint8_t> bytes);
  void get(std::size_t at, std::span<std::uint8_t> bytes) const;

  std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t used_ = 0;
  bool complete_ = true;
};

/// The records of several rings in their order; the payloads are parts of `packed`.
std::vector<PackedRecord> unpack(std::span<const std::vector<std::uint8_t>> packed);

}  // namespace cw
