// SPDX-License-Identifier: Apache-2.0
// When to connect again, and whether somebody else uses our client id. Time is an argument.
#pragma once
#include <random>

#include "core/units.h"

namespace cw {

class MqttRetry {
 public:
  explicit MqttRetry(std::uint32_t seed) : random_(seed) {}

  void on_connected(Instant now) { connected_ = now; }

  /// When to try again after an attempt that failed. A broker that answers and refuses is asked
  /// ever less often, up to once a minute; one that does not answer costs nobody anything and is
  /// tried every few seconds, so that everything is back soon after it is.
  Instant on_failed(Instant now, bool refused);

  /// When to try again after a connection that was lost.
  Instant on_lost(Instant now);

  /// The last connections all broke soon: brokers do that to a client whose id another one brings.
  bool contested() const { return quick_losses_ >= 3; }

  /// The next attempt uses another id.
  void on_new_id();

 private:
  Instant next(Instant now, std::int32_t longest_ms);

  std::minstd_rand random_;
  Instant connected_{};
  unsigned failures_ = 0;  // in a row
  unsigned quick_losses_ = 0;
};

}  // namespace cw
