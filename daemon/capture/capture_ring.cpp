// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/capture_ring.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace cw {
namespace {

// number, time, size of the payload, wire, kind
constexpr std::size_t kHead = 8 + 8 + 2 + 1 + 1;
constexpr std::size_t kPayloadMost = std::numeric_limits<std::uint16_t>::max();
using Head = std::array<std::uint8_t, kHead>;

Head pack_head(const PackedRecord& record, std::size_t size) {
  Head head{};
  const auto payload = static_cast<std::uint16_t>(size);
  std::memcpy(head.data(), &record.number, 8);
  std::memcpy(head.data() + 8, &record.at_us, 8);
  std::memcpy(head.data() + 16, &payload, 2);
  head[18] = record.wire;
  head[19] = static_cast<std::uint8_t>(record.kind);
  return head;
}

PackedRecord unpack_head(const Head& head, std::size_t& payload) {
  PackedRecord record;
  std::uint16_t size = 0;
  std::memcpy(&record.number, head.data(), 8);
  std::memcpy(&record.at_us, head.data() + 8, 8);
  std::memcpy(&size, head.data() + 16, 2);
  record.wire = head[18];
  record.kind = static_cast<CaptureKind>(head[19]);
  payload = size;
  return record;
}

}  // namespace

CaptureRing::CaptureRing(std::size_t bytes)
    : capacity_(bytes), bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(bytes)) {}

void CaptureRing::add(const PackedRecord& record) {
  const auto payload = record.payload.first(std::min(record.payload.size(), kPayloadMost));
  const std::size_t size = kHead + payload.size();
  if (size > capacity_) {
    complete_ = false;
    return;
  }
  while (used_ + size > capacity_) drop_front();
  put(used_, pack_head(record, payload.size()));
  put(used_ + kHead, payload);
  used_ += size;
}

void CaptureRing::forget_before(std::int64_t at_us) {
  std::size_t size = 0;
  while (used_ > 0 && front(size).at_us < at_us) drop_front();
}

std::vector<std::uint8_t> CaptureRing::newest(std::int64_t from_us) const {
  std::size_t skipped = 0;
  while (skipped < used_) {
    Head head{};
    get(skipped, head);
    std::size_t payload = 0;
    if (unpack_head(head, payload).at_us >= from_us) break;
    skipped += kHead + payload;
  }
  std::vector<std::uint8_t> copy(used_ - skipped);
  get(skipped, copy);
  return copy;
}

PackedRecord CaptureRing::front(std::size_t& size) const {
  Head head{};
  get(0, head);
  std::size_t payload = 0;
  const PackedRecord record = unpack_head(head, payload);
  size = kHead + payload;
  return record;
}

void CaptureRing::drop_front() {
  std::size_t size = 0;
  (void)front(size);
  begin_ = (begin_ + size) % capacity_;
  used_ -= size;
  complete_ = false;
}

// `at` counts from the oldest record.
void CaptureRing::put(std::size_t at, std::span<const std::uint8_t> bytes) {
  const std::size_t place = (begin_ + at) % capacity_;
  const std::size_t until_end = std::min(bytes.size(), capacity_ - place);
  std::copy_n(bytes.begin(), until_end, bytes_.get() + place);
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(until_end), bytes.end(), bytes_.get());
}

void CaptureRing::get(std::size_t at, std::span<std::uint8_t> bytes) const {
  const std::size_t place = (begin_ + at) % capacity_;
  const std::size_t until_end = std::min(bytes.size(), capacity_ - place);
  std::copy_n(bytes_.get() + place, until_end, bytes.begin());
  std::copy_n(bytes_.get(), bytes.size() - until_end,
              bytes.begin() + static_cast<std::ptrdiff_t>(until_end));
}

std::vector<PackedRecord> unpack(std::span<const std::vector<std::uint8_t>> packed) {
  std::vector<PackedRecord> records;
  for (const std::vector<std::uint8_t>& ring : packed) {
    std::span<const std::uint8_t> rest{ring};
    while (rest.size() >= kHead) {
      Head head{};
      std::copy_n(rest.begin(), kHead, head.begin());
      std::size_t payload = 0;
      PackedRecord record = unpack_head(head, payload);
      record.payload = rest.subspan(kHead, payload);
      rest = rest.subspan(kHead + payload);
      records.push_back(record);
    }
  }
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return records;
}

}  // namespace cw
