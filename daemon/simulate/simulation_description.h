// SPDX-License-Identifier: Apache-2.0
// What a person writes of a virtual pack ("name=garage,chemistry=lfp,cells=16") becomes its
// description: one table of keys, walked by the parser and by --help. Opens nothing.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/units.h"
#include "simulator/jk_ble_board.h"
#include "simulator/virtual_pack.h"

namespace cw {

inline constexpr std::int32_t kBoardTurnaround_us = 500;
inline constexpr std::int32_t kModbusTurnaround_us = 8'000;

/// A virtual pack and the port it speaks on.
struct SimulatedPack {
  simulator::PackSpec spec;
  std::string port;     // of this machine, wired to a gateway's, or a CAN interface; else made
  std::string adapter;  // of BlueZ, for a board on Bluetooth; empty: it has a wire
  simulator::JkBleBoardOptions radio;
  bool on_can = false;
  simulator::JkCanBoardOptions can;
  std::string link;  // symbolic link to its terminal; empty: none
  std::uint32_t baud = 115'200;
  std::int32_t turnaround_us = kBoardTurnaround_us;  // from the end of a request to the answer
  std::size_t count = 1;                             // so many of them: name-1, name-2, ...
  std::string line;  // packs with the same one share a port; empty: one of its own
};

struct SimulationKey {
  std::string_view key;
  std::string_view example;
  std::string_view help;
  /// Empty: done; else what is wrong with `value` and what would be right.
  std::string (*set)(SimulatedPack& pack, std::string_view value);
};
std::span<const SimulationKey> simulation_keys();

struct DescribedPacks {
  std::vector<SimulatedPack> packs;
  std::string fault;  // empty: none; names the pack, the key and the fix
};

/// None given: three packs, 8S LTO, 16S LFP and 24S Li-ion.
DescribedPacks describe_packs(const std::vector<std::string>& texts);

/// A quantity as people type it on a command line: with its unit, or without in the unit's own
/// symbol ("3.7" is 3.7 V). Else empty, and `fault` says why.
std::optional<std::int32_t> read_quantity(std::string_view text, Unit unit, std::string& fault);

}  // namespace cw
