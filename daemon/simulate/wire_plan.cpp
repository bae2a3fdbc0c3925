// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/wire_plan.h"

#include <algorithm>

namespace cw {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::size_t kWaitingMost = 16;
constexpr std::uint32_t kBitsPerByte = 10;  // 8N1

}  // namespace

WirePlan::WirePlan(std::uint32_t baud, std::int32_t turnaround_us)
    : byte_ns_(kSecond_ns * kBitsPerByte / baud),
      turnaround_ns_(std::int64_t{turnaround_us} * 1000) {}

void WirePlan::on_request(std::size_t bytes, std::int64_t now) {
  request_began_ = std::max(free_at_, now);
  free_at_ = request_began_ + static_cast<std::int64_t>(bytes) * byte_ns_;
}

bool WirePlan::add(std::vector<std::uint8_t> bytes, Millis delay, bool echo) {
  if (bytes.empty()) return true;
  if (waiting_.size() >= kWaitingMost) return false;
  const auto duration = static_cast<std::int64_t>(bytes.size()) * byte_ns_;
  std::int64_t start = request_began_;  // an echo runs along with the request
  if (!echo) {
    start = free_at_ + turnaround_ns_ + std::int64_t{delay.count} * 1'000'000;
    free_at_ = start + duration;
  }
  waiting_.push_back({std::move(bytes), start, echo});
  return true;
}

std::int64_t WirePlan::burst_end(const Waiting& waiting) const {
  const std::size_t end = std::min(waiting.sent + kBurst, waiting.bytes.size());
  return waiting.start + static_cast<std::int64_t>(end) * byte_ns_;
}

std::optional<std::int64_t> WirePlan::next() const {
  if (waiting_.empty()) return std::nullopt;
  return burst_end(waiting_.front());
}

std::span<const std::uint8_t> WirePlan::due(std::int64_t now) {
  leaving_.clear();
  said_.clear();
  while (!waiting_.empty() && burst_end(waiting_.front()) <= now) {
    Waiting& first = waiting_.front();
    const std::size_t end = std::min(first.sent + kBurst, first.bytes.size());
    const auto piece = std::span(first.bytes).subspan(first.sent, end - first.sent);
    leaving_.insert(leaving_.end(), piece.begin(), piece.end());
    if (!first.echo) said_.insert(said_.end(), piece.begin(), piece.end());
    first.sent = end;
    if (first.sent == first.bytes.size()) waiting_.pop_front();
  }
  return leaving_;
}

void WirePlan::say(std::vector<std::uint8_t> bytes, std::int64_t now) {
  if (bytes.empty() || waiting_.size() >= kWaitingMost) return;
  const std::int64_t start = std::max(free_at_, now);
  free_at_ = start + static_cast<std::int64_t>(bytes.size()) * byte_ns_;
  waiting_.push_back({std::move(bytes), start, false});
}

void WirePlan::garble() {
  for (Waiting& waiting : waiting_)
    for (std::size_t i = waiting.sent; i < waiting.bytes.size(); ++i)
      waiting.bytes[i] = static_cast<std::uint8_t>(waiting.bytes[i] * std::size_t{5} + i);
}

}  // namespace cw
