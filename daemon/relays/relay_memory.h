// SPDX-License-Identifier: Apache-2.0
// What survives a restart, because a restart is no amnesty: latches, lock-outs, what was switched
// within the last hour. As lines of text with a checksum; no I/O (daemon/state_file.h does that).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/charge_stage.h"
#include "daemon/relays/relay_stage.h"

namespace cw {

/// Of one relay. Times are Unix time in milliseconds: no other clock goes on over a restart.
struct RelayMemory {
  std::string name;
  Latch latch = Latch::none;
  bool locked = false;
  bool tripped = false;  // it was opened by a trip: closing again is a retry
  std::uint32_t operations = 0;
  std::vector<std::int64_t> switchings;
  std::vector<std::int64_t> retries;
  friend bool operator==(const RelayMemory&, const RelayMemory&) = default;
};

/// Of one pack: what its protections want to keep, in words of their own without a line's end.
struct PackMemory {
  std::string name;
  std::string text;
  friend bool operator==(const PackMemory&, const PackMemory&) = default;
};

struct Memory {
  std::vector<RelayMemory> relays;
  std::vector<PackMemory> packs;
  std::optional<ChargeMemory> charge;  // of the bank; nothing: it has none yet
  friend bool operator==(const Memory&, const Memory&) = default;
};

std::string write_memory(const Memory& memory);

/// Nothing: damaged, cut, or of a version nobody here knows.
std::optional<Memory> read_memory(std::string_view text);

}  // namespace cw
