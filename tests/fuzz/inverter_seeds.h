// SPDX-License-Identifier: Apache-2.0
// Sound requests of inverters to start from.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "bridge/inverter/pylontech_ascii.h"
#include "bridge/modbus/modbus_rtu.h"

namespace cw {

struct InverterSeed {
  std::vector<std::uint8_t> bytes;
  void (*mend)(std::vector<std::uint8_t>&);  // puts the sum right again
};

inline void mend_pylontech(std::vector<std::uint8_t>& bytes) {
  const auto begin = std::ranges::find(bytes, '~');
  const auto end = std::find(begin, bytes.end(), '\r');
  if (end - begin < 6 || end == bytes.end()) return;
  const std::string text(begin + 1, end - 4);
  constexpr char kDigits[] = "0123456789ABCDEF";
  const std::uint16_t sum = pylontech::checksum(text);
  for (int i = 0; i < 4; ++i)
    *(end - 4 + i) = static_cast<std::uint8_t>(kDigits[sum >> (12 - 4 * i) & 15]);
}

inline void mend_rtu(std::vector<std::uint8_t>& bytes) {
  if (bytes.size() < 4) return;
  bytes.resize(bytes.size() - 2);
  modbus::seal(bytes);
}

inline std::vector<InverterSeed> inverter_seeds() {
  std::vector<InverterSeed> seeds;
  using Frame = std::vector<std::uint8_t>;
  for (const Frame& frame : {Frame{1, 3, 0, 0x13, 0, 12}, Frame{21, 3, 1, 0x2C, 0, 24},
                             Frame{2, 4, 0, 100, 0, 60}, Frame{21, 6, 1, 0x91, 0, 0xFF},
                             Frame{0, 6, 1, 0x90, 0, 2}, Frame{21, 16, 1, 0x90, 0, 1, 2, 0, 2}}) {
    seeds.push_back({frame, mend_rtu});
    modbus::seal(seeds.back().bytes);
  }
  for (const int command : {0x42, 0x44, 0x47, 0x4F, 0x51, 0x61, 0x62, 0x63, 0x92, 0x93, 0x94, 0x96})
    for (const int pack : {2, 3, 9, 0xFF}) {
      const std::string line = pylontech::build(
          {0x20, 2, 0x46, static_cast<std::uint8_t>(command), {static_cast<std::uint8_t>(pack)}});
      seeds.push_back({{line.begin(), line.end()}, mend_pylontech});
    }
  return seeds;
}

}  // namespace cw
