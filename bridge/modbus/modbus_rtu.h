// SPDX-License-Identifier: Apache-2.0
// Requests of Modbus-RTU in a stream of bytes: no I/O, no clock.
//
//   0 unit  1 function  2 ...  n-2 CRC, low byte first
//
// The standard ends a frame by a silence of 3.5 characters. Adapters hand bytes over in pieces, up
// to 16 ms late, and may hand over two requests at once; so a request also ends where its function
// and its sum say, and only a longer silence gives up on one
// (MODBUS over Serial Line V1.02, section 2.5.1; inverter-modbus.md, section 1.1).
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "core/units.h"

namespace cw::modbus {

/// Polynomial A001, begun with FFFF; over a frame with its CRC: 0.
std::uint16_t crc16(std::span<const std::uint8_t> bytes);

/// Appends the CRC.
void seal(std::vector<std::uint8_t>& frame);

class RtuFinder {
 public:
  static constexpr Millis kSilence{20};

  /// Bytes that came together at `now`, which never goes back.
  void feed(std::span<const std::uint8_t> bytes, Instant now);

  /// The next request, without its CRC: at least unit and function.
  std::optional<std::vector<std::uint8_t>> next(Instant now);

  /// When silence may complete what is there; nothing: there is nothing.
  std::optional<Instant> next_due() const;

  /// `sent` went out at `now`: if it comes back first, the adapter echoes.
  void sent(std::span<const std::uint8_t> sent, Instant now);

  /// Stretches of bytes that were no request.
  std::uint64_t refused() const { return refused_; }

 private:
  std::span<const std::uint8_t> without_echo(std::span<const std::uint8_t> bytes, Instant now);
  void scan(bool ended);
  void take(std::size_t size);
  void skip();

  std::vector<std::uint8_t> buffer_;
  std::deque<std::vector<std::uint8_t>> found_;
  std::vector<std::uint8_t> echo_;  // still to come back
  Instant echo_until_{};
  Instant last_{};
  bool skipping_ = false;
  std::uint64_t refused_ = 0;
};

}  // namespace cw::modbus
