// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/pylontech_information.h"

#include <algorithm>

namespace cw::pylontech {

void Packer::put(std::int64_t value, unsigned bytes, bool is_signed) {
  const std::int64_t all = std::int64_t{1} << 8 * bytes;
  const std::int64_t lowest = is_signed ? -all / 2 : 0;
  const std::int64_t highest = is_signed ? all / 2 - 1 : all - 1;
  const std::int64_t fitting = std::clamp(value, lowest, highest);
  held_ = held_ || fitting != value;
  for (unsigned shift = 8 * bytes; shift > 0; shift -= 8)
    bytes_.push_back(static_cast<std::uint8_t>(fitting >> (shift - 8)));
}

}  // namespace cw::pylontech
