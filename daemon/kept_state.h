// SPDX-License-Identifier: Apache-2.0
// What survives a restart, because a restart is no amnesty: latches, lock-outs, what was switched
// within the last hour, trips, where the bank is in its charge, who did not obey, what energy
// managers asked for. As lines of text with a checksum; no I/O (daemon/state_file.h does that).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/charge_stage.h"
#include "core/obedience.h"
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

/// How much of the bank's current one pack was seen to carry, rounded up to whole percent; 0: that
/// was never measured.
struct ShareMemory {
  std::string pack;
  std::array<std::uint8_t, 2> percent{};  // charging, discharging
  friend bool operator==(const ShareMemory&, const ShareMemory&) = default;
};

/// DisobedienceMemory of core/obedience.h on the wall.
struct IgnoredMemory {
  bool raised = false;
  std::optional<std::int64_t> cleared;
  std::int32_t lasted_ms = 0;
  std::uint32_t times = 0;
  friend bool operator==(const IgnoredMemory&, const IgnoredMemory&) = default;
};

struct BankMemory {
  ChargeMemory charge;
  bool full_charge = false;  // an operator ordered one that is not done yet
  std::vector<ShareMemory> shares;
  std::array<IgnoredMemory, kDisobeyedCount> ignored;
  friend bool operator==(const BankMemory&, const BankMemory&) = default;
};

/// What a client asked of the bank over Modbus, and when: its lease goes on.
enum class ClientOrder : std::uint8_t { soc_min, soc_max, disconnect, heartbeat };
inline constexpr std::size_t kClientOrderCount = 4;
constexpr std::string_view name(ClientOrder order) {
  constexpr std::string_view names[] = {"soc_min", "soc_max", "disconnect", "heartbeat"};
  return names[static_cast<std::size_t>(order)];
}
struct ClientOrderMemory {
  ClientOrder order{};
  std::int32_t value = 0;
  std::int64_t since = 0;
  std::string who;  // its address
  friend bool operator==(const ClientOrderMemory&, const ClientOrderMemory&) = default;
};

struct Memory {
  std::vector<RelayMemory> relays;
  std::vector<PackMemory> packs;
  std::optional<BankMemory> bank;  // nothing: none is configured
  std::vector<ClientOrderMemory> orders;
  friend bool operator==(const Memory&, const Memory&) = default;
};

/// What happened at `then` on the wall, on the clock of this process. A wall that stepped back
/// since knows nothing of its past: that counts as now.
Instant on_the_clock(std::int64_t then, Instant now, std::int64_t wall_ms);
std::int64_t on_the_wall(Instant then, Instant now, std::int64_t wall_ms);

std::string write_memory(const Memory& memory);

/// Nothing: damaged, cut, or of a version nobody here knows.
std::optional<Memory> read_memory(std::string_view text);

}  // namespace cw
