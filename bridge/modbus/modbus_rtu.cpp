// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_rtu.h"

#include <algorithm>

namespace cw::modbus {
namespace {

constexpr std::size_t kShortest = 4;  // unit, function, CRC
constexpr std::size_t kLongest = 256;
constexpr std::size_t kWaitingMost = 8;
constexpr Millis kEchoWithin{500};  // the longest answer at 9600 takes 270 ms

/// How long a request is. `known` false: only silence tells.
struct Length {
  bool known = false;
  std::size_t bytes = 0;  // 0: more must be seen first
};

Length length_of(std::span<const std::uint8_t> bytes) {
  const auto counted = [&](std::size_t at, std::size_t rest) {
    return Length{true, bytes.size() <= at ? 0 : rest + bytes[at]};
  };
  if (bytes.size() < 2) return {true, 0};
  switch (bytes[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6: return {true, 8};
    case 15:
    case 16: return counted(6, 9);
    case 22: return {true, 10};
    case 23: return counted(10, 13);
    default: return {};
  }
}

}  // namespace

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
  unsigned crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
  }
  return static_cast<std::uint16_t>(crc);
}

void seal(std::vector<std::uint8_t>& frame) {
  const std::uint16_t crc = crc16(frame);
  frame.push_back(static_cast<std::uint8_t>(crc));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
}

void RtuFinder::feed(std::span<const std::uint8_t> bytes, Instant now) {
  if (now > last_ + kSilence) scan(true);
  last_ = now;
  for (const std::uint8_t byte : without_echo(bytes, now)) {
    buffer_.push_back(byte);
    if (buffer_.size() >= kLongest) scan(false);
    if (buffer_.size() > kLongest) skip();
  }
  scan(false);
}

std::optional<std::vector<std::uint8_t>> RtuFinder::next(Instant now) {
  if (now > last_ + kSilence) scan(true);
  if (found_.empty()) return std::nullopt;
  std::vector<std::uint8_t> frame = std::move(found_.front());
  found_.pop_front();
  return frame;
}

std::optional<Instant> RtuFinder::next_due() const {
  if (!found_.empty()) return last_;
  if (buffer_.empty()) return std::nullopt;
  return last_ + Millis{kSilence.count + 1};
}

void RtuFinder::sent(std::span<const std::uint8_t> sent, Instant now) {
  echo_.assign(sent.begin(), sent.end());
  echo_until_ = now + kEchoWithin;
}

// What is not the echo after all was the beginning of something else.
std::span<const std::uint8_t> RtuFinder::without_echo(std::span<const std::uint8_t> bytes,
                                                      Instant now) {
  if (echo_.empty()) return bytes;
  const std::size_t size = std::min(echo_.size(), bytes.size());
  if (now > echo_until_ ||
      !std::equal(bytes.begin(), bytes.begin() + static_cast<long>(size), echo_.begin())) {
    echo_.clear();
    return bytes;
  }
  echo_.erase(echo_.begin(), echo_.begin() + static_cast<long>(size));
  return bytes.subspan(size);
}

// Takes every request off the front; `ended`: nothing more will come to what is there.
void RtuFinder::scan(bool ended) {
  while (!buffer_.empty()) {
    const Length length = length_of(buffer_);
    if (!length.known || length.bytes == 0 || length.bytes > buffer_.size()) {
      if (!ended && length.bytes <= kLongest) return;
      if (ended && buffer_.size() >= kShortest && crc16(buffer_) == 0)
        take(buffer_.size());
      else
        skip();
    } else if (crc16(std::span{buffer_}.first(length.bytes)) == 0) {
      take(length.bytes);
    } else {
      skip();
    }
  }
  skipping_ = false;
}

void RtuFinder::take(std::size_t size) {
  skipping_ = false;
  const auto end = buffer_.begin() + static_cast<long>(size);
  if (found_.size() == kWaitingMost) found_.pop_front();
  found_.emplace_back(buffer_.begin(), end - 2);
  buffer_.erase(buffer_.begin(), end);
}

void RtuFinder::skip() {
  if (!skipping_) ++refused_;
  skipping_ = true;
  buffer_.erase(buffer_.begin());
}

}  // namespace cw::modbus
