// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/capture_hub.h"

#include <fmt/format.h>

#include <algorithm>

namespace cw {
CaptureHub::CaptureHub(Clock clock, CaptureHeader base, std::function<void(bool)> switched)
    : clock_(std::move(clock)), base_(std::move(base)), switched_(std::move(switched)) {}

void CaptureHub::add(CaptureListener& listener) {
  listeners_.push_back(&listener);
  if (listeners_.size() == 1) switched_(true);
}

void CaptureHub::remove(CaptureListener& listener) {
  listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), &listener), listeners_.end());
  if (listeners_.empty()) switched_(false);
}

// A recording begins with a whole millisecond, so that its times round to the same milliseconds.
CaptureHeader CaptureHub::header(std::int64_t from_us) const {
  CaptureHeader header = base_;
  header.clock_ms = from_us / 1000;
  header.wall_ms = base_.wall_ms + (header.clock_ms - base_.clock_ms);
  return header;
}

void CaptureHub::note(std::uint8_t wire, CaptureKind kind, std::span<const std::uint8_t> bytes,
                      std::string_view text) {
  const bool is_text = row_of(kind).payload == CapturePayload::text;
  const auto* const letters = reinterpret_cast<const std::uint8_t*>(text.data());
  const PackedRecord record{number_++, clock_(), wire, kind,
                            is_text ? std::span{letters, text.size()} : bytes};
  for (CaptureListener* listener : listeners_) listener->take(record);
}

void CaptureHub::record(const Event& event) {
  if (listeners_.empty()) return;
  note(0, CaptureKind::event, {}, capture_text(event));
  for (CaptureListener* listener : listeners_) listener->take(event);
}

std::string capture_text(const Event& event) {
  const auto or_dash = [](std::string_view text) { return text.empty() ? "-" : text; };
  return fmt::format("{} {} {} {}", or_dash(event.pack.view()), name(event.kind),
                     or_dash(event.subject.view()), event.detail.view());
}

void write_packed(std::string& out, const CaptureHeader& header, const PackedRecord& record) {
  const auto* const letters = reinterpret_cast<const char*>(record.payload.data());
  write_capture_record(out, record.at_us - header.clock_ms * 1000, record.wire, record.kind,
                       record.payload, {letters, record.payload.size()});
}

}  // namespace cw
