// SPDX-License-Identifier: Apache-2.0
// Sound requests of inverters to start from.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "bridge/inverter/pylontech_ascii.h"

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

inline std::vector<InverterSeed> inverter_seeds() {
  std::vector<InverterSeed> seeds;
  for (const int command : {0x42, 0x44, 0x47, 0x4F, 0x51, 0x61, 0x62, 0x63, 0x92, 0x93, 0x94, 0x96})
    for (const int pack : {2, 3, 9, 0xFF}) {
      const std::string line = pylontech::build(
          {0x20, 2, 0x46, static_cast<std::uint8_t>(command), {static_cast<std::uint8_t>(pack)}});
      seeds.push_back({{line.begin(), line.end()}, mend_pylontech});
    }
  return seeds;
}

}  // namespace cw
