// SPDX-License-Identifier: Apache-2.0
#include "core/joining.h"

#include <algorithm>

#include "core/bank_limits.h"

namespace cw {
namespace {

// Where no board tells what the packs hold.
constexpr std::int64_t kLittleCurrent_mA = 2'000;

bool is_apart(Millivolts a, Millivolts b, Millivolts window) {
  return a - b >= window || b - a >= window;
}

}  // namespace

Joining may_join(std::size_t pack, std::span<const ChargePackState> packs,
                 const ChargeSettings& settings) {
  const ChargeInput& joining = packs[pack].input;
  if (joining.presence != Presence::fresh || !joining.voltage) return Joining::unknown;
  if (joining.is_in()) return Joining::is_in;
  std::int64_t current = 0;
  std::int64_t capacity = 0;
  bool apart = false;
  for (const ChargePackState& other : packs) {
    if (other.input.is_switched_off()) continue;
    if (other.input.presence != Presence::fresh || !other.input.voltage || !other.input.current)
      return Joining::unknown;
    apart =
        apart || is_apart(other.input.voltage->value, joining.voltage->value, settings.join_window);
    current += other.input.current->value.count;
    if (other.input.capacity) capacity += other.input.capacity->count;
  }
  if (apart) return Joining::voltages_apart;
  const std::int64_t part = capacity * settings.join_permille_per_hour / 1000;
  const std::int64_t most = capacity > 0 ? part : kLittleCurrent_mA;
  if (current >= most || -current >= most) return Joining::current_flows;
  return Joining::may;
}

}  // namespace cw
