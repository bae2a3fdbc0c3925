// SPDX-License-Identifier: Apache-2.0
// Charge control over restarts.
#include <algorithm>
#include <array>

#include "daemon/bank_control.h"

namespace cw {
namespace {

constexpr Milliamps kShareOf{100'000};  // a share that was kept is of this much
constexpr Millis kLastedStep{10'000};   // a disobedience that goes on is written so often

std::uint8_t percent_of(const PackShare& share) {
  if (share.own.count <= 0 || share.total.count <= 0) return 0;
  const std::int64_t percent =
      (std::int64_t{share.own.count} * 100 + share.total.count - 1) / share.total.count;
  return static_cast<std::uint8_t>(std::min<std::int64_t>(percent, 100));
}

// `among`: the packs of which a share was kept.
void restore_share(PackShare& share, std::uint8_t percent, std::size_t among) {
  if (percent == 0) return;
  share.among = among;
  share.own = {kShareOf.count / 100 * std::min<std::int32_t>(percent, 100)};
  share.total = kShareOf;
}

}  // namespace

BankControl::Kept BankControl::kept() const {
  Kept kept{control_.memory(), full_charge_, obedience_.memory(), {}};
  for (const ChargePackState& state : states_)
    kept.shares.push_back({percent_of(state.charge.share), percent_of(state.discharge.share)});
  for (DisobedienceMemory& row : kept.obedience)
    row.lasted.count -= row.lasted.count % kLastedStep.count;
  return kept;
}

// In whole percent, so that a share that trembles is not written again and again.
void BankControl::note_memory() {
  Kept now = kept();
  if (now == kept_) return;
  kept_ = std::move(now);
  ++revision_;
}

void BankControl::restore(const BankMemory& memory, std::span<const PackState> packs, Instant now,
                          std::int64_t wall_ms) {
  if (!enabled_) return;
  control_.restore(memory.charge);
  full_charge_ = memory.full_charge;
  std::array<std::size_t, 2> among{};
  for (const ShareMemory& share : memory.shares)
    for (std::size_t flow = 0; flow < among.size(); ++flow)
      if (share.percent[flow] > 0) ++among[flow];
  for (const ShareMemory& share : memory.shares)
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (packs[i].name.view() != share.pack) continue;
      restore_share(states_[i].charge.share, share.percent[0], among[0]);
      restore_share(states_[i].discharge.share, share.percent[1], among[1]);
    }
  ObedienceMemory obedience;
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    const IgnoredMemory& row = memory.ignored[i];
    obedience[i].raised = row.raised;
    if (row.cleared) obedience[i].cleared = on_the_clock(*row.cleared, now, wall_ms);
    obedience[i].lasted = {row.lasted_ms};
    obedience[i].times = row.times;
  }
  obedience_.restore(obedience);
  kept_ = kept();
}

std::optional<BankMemory> BankControl::memory(std::span<const PackState> packs, Instant now,
                                              std::int64_t wall_ms) const {
  if (!enabled_) return std::nullopt;
  BankMemory memory;
  memory.charge = kept_.charge;
  memory.full_charge = full_charge_;
  for (std::size_t i = 0; i < kept_.shares.size(); ++i)
    if (kept_.shares[i] != std::array<std::uint8_t, 2>{})
      memory.shares.push_back({std::string{packs[i].name.view()}, kept_.shares[i]});
  const ObedienceMemory obedience = obedience_.memory();
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    const DisobedienceMemory& row = obedience[i];
    IgnoredMemory& out = memory.ignored[i];
    out.raised = row.raised;
    if (row.cleared) out.cleared = on_the_wall(*row.cleared, now, wall_ms);
    out.lasted_ms = row.lasted.count;
    out.times = row.times;
  }
  return memory;
}

}  // namespace cw
