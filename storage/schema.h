// SPDX-License-Identifier: Apache-2.0
// The tables of the history file as SQL text. Steps are append-only: a step that was ever released
// is never edited, because files made by it exist. Columns of values are not in the steps: they
// follow the field table and are added when a file lacks them.
#pragma once
#include <array>
#include <string>
#include <string_view>

namespace cw {

/// Marks a file as ours (PRAGMA application_id): "CWhi".
inline constexpr int kHistoryApplication = 0x43576869;

/// Step n brings a file from version n to n + 1; the version is kept in PRAGMA user_version.
inline constexpr auto kSchemaSteps = std::to_array<std::string_view>({
    R"sql(
CREATE TABLE pack (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE sample (
  time_ms INTEGER NOT NULL,  -- Unix time, UTC
  pack INTEGER NOT NULL REFERENCES pack (id),
  PRIMARY KEY (time_ms, pack)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  id INTEGER PRIMARY KEY,         -- the order in which things happened
  time_ms INTEGER NOT NULL,       -- Unix time, UTC; may step
  monotonic_ms INTEGER NOT NULL,  -- since the machine started; never steps
  pack INTEGER REFERENCES pack (id),  -- NULL: the gateway itself
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  value_counts INTEGER,
  limit_counts INTEGER,
  counts_per_unit INTEGER NOT NULL,
  unit TEXT NOT NULL,
  place INTEGER,  -- cell or sensor, from 1
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_time ON event (time_ms);
)sql",
    R"sql(
CREATE TABLE limit_sample (
  time_ms INTEGER PRIMARY KEY,  -- Unix time, UTC
  voice TEXT NOT NULL,
  stage TEXT NOT NULL,
  charge_voltage_limit_mV INTEGER,
  charge_voltage_limit_cause TEXT,
  charge_voltage_limit_pack INTEGER,  -- from 1; NULL: the bank
  discharge_voltage_limit_mV INTEGER,
  discharge_voltage_limit_cause TEXT,
  discharge_voltage_limit_pack INTEGER,
  charge_current_limit_mA INTEGER,
  charge_current_limit_cause TEXT,
  charge_current_limit_pack INTEGER,
  discharge_current_limit_mA INTEGER,
  discharge_current_limit_cause TEXT,
  discharge_current_limit_pack INTEGER
) STRICT;
)sql",
});

/// The view `samples`: the names and units every interface uses.
std::string samples_view();

/// The view `events`, likewise.
std::string events_view();

/// The statement that stores one sample: parameters are time, pack, then the columns in order. A
/// row whose key is taken stays as it is.
std::string insert_sample();

}  // namespace cw
