// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_retry.h"

#include <algorithm>

namespace cw {
namespace {

constexpr std::int32_t kFirst_ms = 1'000;
constexpr std::int32_t kSilent_ms = 4'000;
constexpr std::int32_t kRefused_ms = 60'000;
constexpr Millis kQuick{10'000};  // a connection lost within this never really stood
constexpr unsigned kDoublingsMost = 6;

}  // namespace

Instant MqttRetry::on_failed(Instant now, bool refused) {
  return next(now, refused ? kRefused_ms : kSilent_ms);
}

Instant MqttRetry::on_lost(Instant now) {
  if (now <= connected_ + kQuick) {
    ++quick_losses_;
  } else {
    quick_losses_ = 0;
    failures_ = 0;
  }
  return next(now, kRefused_ms);
}

void MqttRetry::on_new_id() {
  quick_losses_ = 0;
  failures_ = 0;
}

// Doubling, with jitter over the upper half so that many gateways do not come back as one.
Instant MqttRetry::next(Instant now, std::int32_t longest_ms) {
  const std::int32_t most = std::min(longest_ms, kFirst_ms << std::min(failures_, kDoublingsMost));
  ++failures_;
  return now + Millis{std::uniform_int_distribution<std::int32_t>(most / 2, most)(random_)};
}

}  // namespace cw
