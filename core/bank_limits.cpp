// SPDX-License-Identifier: Apache-2.0
#include "core/bank_limits.h"

#include <algorithm>
#include <cstdlib>

namespace cw {
namespace {

constexpr std::int64_t kShareFromPermille = 100;  // of the full limit must flow to measure shares
constexpr Millis kBetterFor{600'000};

// A current that was read to differ by more than this has moved.
constexpr Milliamps kMoved{2'000};
constexpr std::int64_t kMovedPermille = 100;

std::int64_t along(Flow flow, const ChargeInput& input) {
  if (!input.current) return 0;
  const std::int64_t current = input.current->value.count;
  return flow == Flow::charge ? current : -current;
}

// Heard, or lost while it took part: it holds the bank to what it allowed.
const PackLimit* binding_limit(Flow flow, const ChargePackState& pack) {
  const FlowState& way = pack.of(flow);
  if (pack.input.is_heard()) return way.now.takes_part ? &way.now : nullptr;
  return pack.is_lost() && way.last.takes_part ? &way.last : nullptr;
}

std::int32_t clamped(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, 0, INT32_MAX));
}

// How the current divides: by capacity, and as measured.
struct Division {
  std::int64_t capacity_sum = 0;
  bool capacity_known = true;  // of every pack that binds: else the whole may go through any one

  std::int64_t by_capacity(std::int64_t own_limit, const ChargePackState& pack) const {
    if (!capacity_known) return own_limit;
    return own_limit * capacity_sum / pack.input.capacity->count;
  }
};

Division division_of(Flow flow, std::span<const ChargePackState> packs) {
  Division division;
  for (const ChargePackState& pack : packs) {
    const PackLimit* const limit = binding_limit(flow, pack);
    if (limit == nullptr) continue;
    const bool known = pack.input.capacity && pack.input.capacity->count > 0;
    if (!known) division.capacity_known = false;
    if (known && pack.input.is_heard() && limit->counts)
      division.capacity_sum += pack.input.capacity->count;
  }
  return division;
}

constexpr PackShare kNoShare{};

bool is_setting(LimitCause cause) {
  return cause == LimitCause::setting || cause == LimitCause::board_setting ||
         cause == LimitCause::supervisor_setting;
}

// What a limit of one pack is as a limit of the bank, by the division that hurts more.
void add_scaled(Bounds<Milliamps>& bounds, Milliamps own_limit, LimitReason reason,
                const Division& division, const ChargePackState& pack, const PackShare& share) {
  const std::int64_t nominal = division.by_capacity(own_limit.count, pack);
  if (share.own.count > 0) {
    const std::int64_t measured =
        std::int64_t{own_limit.count} * share.total.count / share.own.count;
    if (measured < nominal) {
      if (is_setting(reason.cause)) {
        bounds.add({clamped(nominal)}, reason);
        reason.cause = LimitCause::share;
        reason.value = clamped(std::int64_t{share.own.count} * 10'000 / share.total.count);
        reason.unit = Unit::centipercent;
      }
      bounds.add({clamped(measured)}, reason);
      return;
    }
  }
  bounds.add({clamped(nominal)}, reason);
}

bool takes_part(Flow flow, const ChargePackState& pack) {
  return pack.input.is_heard() && pack.of(flow).now.takes_part;
}

// Each of them was read after the last of them was read to have moved.
bool is_steady(Flow flow, std::span<const ChargePackState> packs) {
  std::optional<Instant> moved;
  for (const ChargePackState& pack : packs)
    if (takes_part(flow, pack) && pack.carried.moved) moved = std::max(moved, pack.carried.moved);
  return !moved || std::all_of(packs.begin(), packs.end(), [&](const ChargePackState& pack) {
    return !takes_part(flow, pack) || pack.carried.heard > moved;
  });
}

void drop_shares_of_fewer(Flow flow, std::span<ChargePackState> packs, std::size_t among) {
  for (ChargePackState& pack : packs) {
    PackShare& share = pack.of(flow).share;
    if (share.own.count > 0 && share.among < among) share = {};
  }
}

// Where it was when nobody saw it any more.
BankLimit<Milliamps> lost(BankLimit<Milliamps> last) {
  last.next_value.reset();
  last.reason.cause = LimitCause::pack_lost;
  return last;
}

}  // namespace

void watch_current(ChargePackState& pack) {
  if (!pack.input.is_heard() || !pack.input.current) return;
  const auto& [current, heard] = *pack.input.current;
  CurrentWatch& carried = pack.carried;
  if (carried.heard == heard) return;
  const std::int64_t change = std::abs(std::int64_t{current.count} - carried.current.count);
  const std::int64_t least =
      kMoved.count + std::abs(std::int64_t{carried.current.count}) * kMovedPermille / 1000;
  if (carried.heard && change > least) carried.moved = heard;
  carried.heard = heard;
  carried.current = current;
}

void update_shares(Flow flow, std::span<ChargePackState> packs, Instant now) {
  std::int64_t total = 0;
  std::int64_t full = 0;
  std::size_t among = 0;
  bool all_heard = true;
  bool any_stale = false;  // its current is not that of now
  for (const ChargePackState& pack : packs) {
    const bool lost = pack.is_lost() || pack.input.presence == Presence::stale;
    if (lost) all_heard = false;
    any_stale |= pack.input.presence == Presence::stale && pack.of(flow).now.takes_part;
    if (!takes_part(flow, pack)) continue;
    ++among;
    total += along(flow, pack.input);
    full += pack.of(flow).now.base.count;
  }
  drop_shares_of_fewer(flow, packs, among);
  if (any_stale || !is_steady(flow, packs)) return;
  if (total <= 0 || total > INT32_MAX || total * 1000 < kShareFromPermille * full) return;
  for (ChargePackState& pack : packs) {
    if (!takes_part(flow, pack)) continue;
    PackShare& share = pack.of(flow).share;
    const std::int64_t own = std::max<std::int64_t>(along(flow, pack.input), 0);
    const std::int64_t mine = own * share.total.count;  // compared with the share that counts
    const std::int64_t counted = share.own.count * total;
    const bool worse = share.own.count == 0 || mine > counted;
    const bool better = all_heard && !worse && mine < counted - counted / 10;
    const bool proved = share.better.step(better, kBetterFor, now);
    if (!worse && !proved) continue;
    share.own = {clamped(own)};
    share.total = {clamped(total)};
    share.among = among;
    share.better.forget();
  }
}

Milliamps full_limit(Flow flow, std::span<const ChargePackState> packs) {
  std::int64_t sum = 0;
  for (const ChargePackState& pack : packs)
    if (const PackLimit* const limit = binding_limit(flow, pack)) sum += limit->base.count;
  return {clamped(sum)};
}

Bounds<Milliamps> shared_limit(Flow flow, std::span<const ChargePackState> packs) {
  Bounds<Milliamps> bounds;
  const bool any = std::any_of(packs.begin(), packs.end(),
                               [&](const ChargePackState& pack) { return takes_part(flow, pack); });
  if (!any) return bounds;
  const Division division = division_of(flow, packs);
  for (const ChargePackState& pack : packs) {
    const PackLimit* const limit = binding_limit(flow, pack);
    if (limit == nullptr) continue;
    const PackShare& share = pack.of(flow).share;
    const BankLimit<Milliamps> own = pack.input.is_heard() ? limit->limit : lost(limit->unaged);
    add_scaled(bounds, own.value, own.reason, division, pack, share);
    if (!own.next_value) continue;
    // Where the setting binds it is the share that is named, and next is what holds without it.
    const PackShare& left = is_setting(own.reason.cause) ? kNoShare : share;
    add_scaled(bounds, *own.next_value, own.next, division, pack, left);
  }
  return bounds;
}

}  // namespace cw
