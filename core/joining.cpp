// SPDX-License-Identifier: Apache-2.0
#include "core/joining.h"

namespace cw {
namespace {

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
    if (other.is_lost() || other.input.presence == Presence::awaited) return Joining::unknown;
    if (!other.input.is_in()) continue;
    const bool young = other.input.presence == Presence::fresh;
    if (!young || !other.input.voltage || !other.input.current || !other.input.capacity)
      return Joining::unknown;
    apart =
        apart || is_apart(other.input.voltage->value, joining.voltage->value, settings.join_window);
    current += other.input.current->value.count;
    capacity += other.input.capacity->count;
  }
  if (apart) return Joining::voltages_apart;
  const std::int64_t most = capacity * settings.join_permille_per_hour / 1000;
  if (capacity > 0 && (current >= most || -current >= most)) return Joining::current_flows;
  return Joining::may;
}

}  // namespace cw
