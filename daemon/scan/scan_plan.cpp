// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/scan_plan.h"

#include <algorithm>

#include "core/assert.h"

namespace cw {
namespace {

// A master that goes round 15 boards speaks every second or more often (product documents and
// observed rounds); a CAN bus or a board that talks by itself does so more often still.
constexpr Millis kListen{1'500};
constexpr Millis kOverhear{2'500};  // at each speed, once it is known that somebody speaks
// What a board takes to begin. Nobody waits out the whole reply_within of a protocol: that is for a
// device that is known to be there; where addresses are many, each gets less.
constexpr Millis kTurnaround{150};
constexpr Millis kTurnaroundAlone{400};
constexpr std::uint8_t kLikelyAddresses = 16;
constexpr std::uint32_t kBitsPerByte = 10;
constexpr std::uint32_t kOtherBauds[] = {115'200, 9'600, 19'200, 57'600, 38'400};

Millis answer_time(const ProtocolSpec& protocol, std::uint32_t baud) {
  const Millis turnaround = protocol.addressed ? kTurnaround : kTurnaroundAlone;
  if (baud == 0) return turnaround + kTurnaroundAlone;  // across a network, at an unknown speed
  const std::uint64_t bits = std::uint64_t{protocol.longest_frame} * kBitsPerByte;
  // The first bytes tell that somebody is there: the prober waits for the rest on its own account.
  return turnaround +
         Millis{static_cast<std::int32_t>(std::min<std::uint64_t>(bits * 1000 / baud, 200))};
}

/// The speeds worth trying: each protocol's usual one, then the common ones.
std::vector<std::uint32_t> speeds(std::span<const ProtocolSpec* const> protocols, bool has_speed) {
  if (!has_speed) return {0};
  std::vector<std::uint32_t> bauds;
  const auto add = [&](std::uint32_t baud) {
    if (baud != 0 && std::find(bauds.begin(), bauds.end(), baud) == bauds.end())
      bauds.push_back(baud);
  };
  for (const ProtocolSpec* protocol : protocols) add(protocol->default_baud);
  for (const std::uint32_t baud : kOtherBauds) add(baud);
  return bauds;
}

}  // namespace

ScanPlan::ScanPlan(std::span<const ProtocolSpec* const> protocols, bool has_speed) {
  const auto bauds = speeds(protocols, has_speed);
  steps_.push_back({nullptr, bauds.front(), 0, kListen});
  for (const std::uint32_t baud : bauds) {
    for (const ProtocolSpec* protocol : protocols) {
      if (protocol->bus != Bus::serial) continue;  // the others talk by themselves
      const auto last = protocol->addressed
                            ? std::min<std::uint8_t>(protocol->highest_address, kLikelyAddresses)
                            : std::uint8_t{0};
      // Addresses begin with 1 where there are any; 0 is the broadcast, or a board never set up.
      for (unsigned address = protocol->addressed ? 1 : 0; address <= last; ++address)
        steps_.push_back(
            {protocol, baud, static_cast<std::uint8_t>(address), answer_time(*protocol, baud)});
      if (protocol->addressed) steps_.push_back({protocol, baud, 0, answer_time(*protocol, baud)});
    }
  }
  for (const std::uint32_t baud : bauds) steps_.push_back({nullptr, baud, 0, kOverhear});
}

std::optional<ScanStep> ScanPlan::next() const {
  if (done_ == steps_.size()) return std::nullopt;
  return steps_[done_];
}

void ScanPlan::report(ScanOutcome outcome) {
  CW_ASSERT(done_ < steps_.size());
  const ScanStep& step = steps_[done_];
  // Whoever speaks although nobody asked: another master, or a board that needs none.
  if (step.protocol == nullptr && outcome != ScanOutcome::silence) foreign_ = true;
  if (outcome == ScanOutcome::found) hit_ = step;
  ++done_;
  while (done_ < steps_.size() && !is_wanted(steps_[done_])) ++done_;
}

bool ScanPlan::is_wanted(const ScanStep& step) const {
  const bool asks = step.protocol != nullptr;
  if (asks == foreign_) return false;
  if (!hit_) return true;
  if (!asks) return false;  // overheard at this speed: at the others is nothing
  return step.protocol == hit_->protocol && step.baud == hit_->baud && step.protocol->addressed;
}

Millis ScanPlan::worst_case() const {
  const auto sum_of = [&](bool listening) {
    Millis sum{0};
    for (std::size_t i = done_; i < steps_.size(); ++i)
      if (i == 0 || (steps_[i].protocol == nullptr) == listening) sum = sum + steps_[i].within;
    return sum;
  };
  if (foreign_) return sum_of(true);
  if (done_ > 0) return sum_of(false);
  return std::max(sum_of(true), sum_of(false));
}

}  // namespace cw
