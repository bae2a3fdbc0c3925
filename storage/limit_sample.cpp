// SPDX-License-Identifier: Apache-2.0
#include "storage/limit_sample.h"

#include <fmt/format.h>

#include "storage/columns.h"

namespace cw {
namespace {

constexpr Millis kBeat{600'000};

/// "charge_current_limit_mA": what is stored says its step.
std::string stored_value(const LimitRow& row) {
  return fmt::format("{}_m{}", row.name, facts(row.unit).suffix);
}

}  // namespace

std::optional<LimitSample> LimitSampler::decide(const BankRequest& request, Instant now,
                                                std::int64_t wall_ms) {
  LimitSample sample;
  sample.wall_ms = wall_ms;
  sample.voice = request.voice;
  sample.stage = request.stage;
  for (std::size_t i = 0; i < kLimitCount; ++i) {
    const LimitView limit = kRequestLimits[i].view(request);
    sample.limits[i] = {limit.value, limit.reason.cause, limit.reason.pack};
  }
  const bool first = !last_;
  const bool spoke = !first && last_->voice != sample.voice;
  const Millis shortest = !first && sample.tells_as(*last_) ? kBeat : interval_;
  if (!first && !spoke && now < taken_ + shortest) return std::nullopt;
  last_ = sample;
  taken_ = now;
  return sample;
}

std::string limit_columns() {
  std::string names;
  for (const LimitRow& row : kRequestLimits)
    names += fmt::format(", {}, {}_cause, {}_pack", stored_value(row), row.name, row.name);
  return names.substr(2);
}

std::string limits_view() {
  std::string sql =
      "CREATE VIEW limits AS SELECT time_ms, strftime('%Y-%m-%dT%H:%M:%fZ', time_ms / 1000.0, "
      "'unixepoch') AS time, voice, stage";
  for (const LimitRow& row : kRequestLimits)
    sql += fmt::format(", {} / {}.0 AS {}, {}_cause, {}_pack", stored_value(row),
                       counts_per_unit(row.unit), row.key, row.name, row.name);
  return sql + " FROM limit_sample";
}

std::string insert_limits() {
  std::string places = "?1, ?2, ?3";
  for (std::size_t i = 0; i < 3 * kLimitCount; ++i) places += fmt::format(", ?{}", i + 4);
  return fmt::format("INSERT OR REPLACE INTO limit_sample (time_ms, voice, stage, {}) VALUES ({})",
                     limit_columns(), places);
}

}  // namespace cw
