// SPDX-License-Identifier: Apache-2.0
// A protocol turns bytes into a Pack and requests into bytes. It performs no I/O, reads no clock,
// writes no log and owns no heap; time arrives as an argument. The same object file runs in the
// daemon, in the fuzzers, in replay and on a microcontroller.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/pack.h"

namespace cw {

enum class Heard : std::uint8_t {
  need_more,     // keep the bytes, wait for others
  frame,         // a whole answer was applied to the pack
  noise,         // these bytes begin nothing
  bad_checksum,  // looked like a frame, does not add up
  malformed,     // adds up, but its content cannot be understood
  not_for_us,    // a whole frame of somebody else (echo of our request, another address)
  acknowledged,  // the device took the order it was given last (drivers/protocol/settings.h)
  refused,       // it understood that order and will not obey
  part,          // ours, and kept: what it says comes with a later frame
};

struct Fed {
  std::size_t consumed = 0;  // bytes done with; at least 1 unless need_more
  Heard heard = Heard::need_more;
  std::string_view why{};  // for people: what is wrong or odd about it; static text
  // Two things that are worth counting although the answer was applied (Heard::frame):
  bool cut_short = false;    // an unknown identifier hides the rest; what came before is applied
  std::uint8_t refused = 0;  // values that cannot be true, left out (settings out of range)
};

/// Bytes to send, and how long the answer may take after the last of them has left.
struct Request {
  std::array<std::uint8_t, 64> bytes{};
  std::uint8_t size = 0;
  Millis reply_within{500};
  bool listen_on = false;  // the device says more than the answer: what comes behind it is heard

  constexpr void add(std::uint8_t byte) { bytes[size++] = byte; }
  constexpr std::span<const std::uint8_t> view() const { return {bytes.data(), size}; }
};

class Settings;

class Protocol {
 public:
  /// Looks at the oldest bytes of `in`. On `frame` the values are in `out`, heard at `now`; on
  /// anything else `out` is as it was.
  virtual Fed feed(std::span<const std::uint8_t> in, Instant now, Pack& out) = 0;

  /// What begins `in`, whoever it is of or for: `frame` a whole answer, `not_for_us` a whole
  /// request, with `consumed` its size. Takes and changes nothing: this is how a line notices that
  /// somebody else asks on it. A protocol that has a wire to itself need not tell.
  virtual Fed overhear(std::span<const std::uint8_t> in) const { return {in.size(), Heard::noise}; }

  /// What to ask next; empty: nothing to ask, just listen.
  virtual std::optional<Request> next_request(Instant now) = 0;

  /// What can be changed over this wire; nullptr: nothing.
  virtual Settings* settings() { return nullptr; }

 protected:
  // Never deleted through this type: protocols live in a ProtocolBox, and have no heap to free.
  ~Protocol() = default;
};

}  // namespace cw
