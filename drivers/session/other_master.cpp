// SPDX-License-Identifier: Apache-2.0
#include "drivers/session/other_master.h"

#include <algorithm>

namespace cw {
namespace {

constexpr std::uint32_t kSuspicious = 2;
// The slowest cycle known of a bus master is 15 s, with at least four frames in it.
constexpr Millis kSuspectFor{30'000};
// Later than this an answer is not on its way any more, whatever lies between.
constexpr Millis kOwedFor{10'000};
constexpr std::uint32_t kOwedMost = 16;
// Back sooner than this it was not gone, only silent.
constexpr Millis kBackSoon{600'000};
constexpr std::int32_t kPatienceMost = 8;

}  // namespace

void OtherMaster::on_request(const Request& request) {
  asked_ = request;
  echo_may_come_ = true;
}

void OtherMaster::on_exchange_over(bool owed, Instant now) {
  echo_may_come_ = false;
  if (!owed) return;
  owed_ = now > owed_until_ ? 1 : std::min(owed_ + 1, kOwedMost);
  owed_until_ = now + kOwedFor;
}

bool OtherMaster::explained(std::span<const std::uint8_t> frame, bool is_request, Instant now) {
  if (is_request) {
    const auto asked = asked_.view();
    const bool echo =
        echo_may_come_ && std::equal(frame.begin(), frame.end(), asked.begin(), asked.end());
    if (echo) echo_may_come_ = false;
    return echo;
  }
  if (owed_ == 0 || now > owed_until_) return false;
  --owed_;
  return true;
}

void OtherMaster::on_frame(std::span<const std::uint8_t> frame, bool is_request, Instant now) {
  if (explained(frame, is_request, now)) return;
  last_ = now;
  if (talks_) return;
  if (suspicious_ == 0 || now > suspected_ + kSuspectFor) {
    suspicious_ = 0;
    suspected_ = now;
  }
  if (++suspicious_ < kSuspicious) return;
  talks_ = true;
  const bool soon = was_here_ && now < gone_since_ + kBackSoon;
  const std::int32_t most = static_cast<std::int32_t>(
      std::min<std::int64_t>(std::int64_t{quiet_.count} * kPatienceMost, INT32_MAX));
  needed_ = soon ? Millis{needed_.count > most / 2 ? most : needed_.count * 2} : quiet_;
}

void OtherMaster::on_time(Instant now) {
  if (!talks_ || now < gone_at()) return;
  talks_ = false;
  was_here_ = true;
  gone_since_ = now;
  suspicious_ = 0;
}

}  // namespace cw
