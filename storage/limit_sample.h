// SPDX-License-Identifier: Apache-2.0
// What inverters were told, as rows of the history: which limit, and what bound it. Pure, like
// sampler.h.
#pragma once
#include <array>
#include <optional>
#include <string>

#include "core/limits_table.h"

namespace cw {

struct LimitSample {
  struct Row {
    std::int32_t value = 0;
    LimitCause cause = LimitCause::none;
    std::uint8_t pack = 0;  // from 1; 0: the bank
    friend constexpr bool operator==(const Row&, const Row&) = default;
  };
  std::int64_t wall_ms = 0;  // Unix time in UTC
  Voice voice = Voice::silent;
  ChargeStage stage = ChargeStage::bulk;
  std::array<Row, kLimitCount> limits{};

  /// Apart from the time.
  bool tells_as(const LimitSample& other) const {
    return voice == other.voice && stage == other.stage && limits == other.limits;
  }
};

class LimitSampler {
 public:
  /// `interval`: between two rows while limits change; 0 takes one with every change.
  explicit LimitSampler(Millis interval) : interval_(interval) {}

  /// The row that is due: limits that stay as they are get one every ten minutes.
  std::optional<LimitSample> decide(const BankRequest& request, Instant now, std::int64_t wall_ms);

 private:
  Millis interval_;
  std::optional<LimitSample> last_;
  Instant taken_{};
};

/// The names of the columns behind time, voice and stage: of each limit its value as a stored
/// integer, its cause and its pack, separated by commas.
std::string limit_columns();

/// The view `limits`: the names and units every interface uses.
std::string limits_view();

/// The statement that stores one row: time, voice, stage, then limit_columns(). Of two rows of the
/// same time the later one stays.
std::string insert_limits();

}  // namespace cw
