// SPDX-License-Identifier: Apache-2.0
// The history file: opens it, brings its tables up to date, and commits batches. It has no thread
// and no clock, retries nothing and deletes nothing; what failed is told to the caller.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/event.h"
#include "storage/limit_sample.h"
#include "storage/sampler.h"
#include "storage/schema.h"

namespace cw {

/// What happened, by what is to be done next.
enum class DatabaseResult : std::uint8_t {
  done,
  full,        // no space: give some back, then again
  failed,      // again later: locked, input/output error, read-only, path missing
  unreadable,  // not a database, or a damaged one: this file will not get better
  refused,     // a good file that is not ours to write: newer, or another program's
};

struct Batch {
  std::span<const Sample> samples;
  std::span<const Event> events;
  std::span<const LimitSample> limits{};
  std::uint64_t events_lost = 0;  // leaves a row `events_lost` after the events
  // When it was put together: the time of that row if there are no events it comes after.
  Instant now{};
  std::int64_t wall_ms = 0;
};

class Database {
 public:
  Database();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Creates what is missing, including the file, and migrates what is old in one transaction.
  DatabaseResult open(const std::string& path,
                      std::span<const std::string_view> steps = kSchemaSteps);

  /// All of it, durable, or nothing. A sample whose time another row of its pack has (the clock
  /// went back) is stored at the next free millisecond.
  DatabaseResult commit(const Batch& batch);

  /// For people; why the last call was not `done`.
  const std::string& error() const;

  bool is_open() const;

  /// False once the open file no longer has the name it was opened by: what is committed from then
  /// on would be lost.
  bool is_in_place() const;

  void close();

  /// Leaves a write-ahead log as it is, for whoever examines an unreadable file.
  void close_untouched();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace cw
