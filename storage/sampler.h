// SPDX-License-Identifier: Apache-2.0
// What goes into a row of the history, and when a pack gets one. Pure: time is an argument, and
// nothing here waits, allocates in steady state, or knows of a database.
#pragma once
#include <array>
#include <bitset>
#include <vector>

#include "core/picture.h"
#include "storage/columns.h"

namespace cw {

/// One row: the columns of one pack at one instant. A column that is not `known` is NULL.
struct Sample {
  Text<32> pack;
  std::int64_t wall_ms = 0;  // Unix time in UTC
  std::array<std::int32_t, kColumnCount> counts{};
  std::bitset<kColumnCount> known;
};

/// Every value that is fresh at `now`; the others stay unknown.
void fill_sample(Sample& sample, const PackState& state, Instant now, std::int64_t wall_ms);

/// A row in which nothing is known: here the record of this pack is interrupted.
void fill_gap(Sample& sample, const PackState& state, std::int64_t wall_ms);

class Sampler {
 public:
  enum class Row : std::uint8_t { none, sample, gap };

  /// `interval`: between two samples of a pack; 0 takes one every time a pack changes.
  explicit Sampler(Millis interval) : interval_(interval) {}

  /// Packs seen so far. A pack beyond it is new and decide() should be asked about it.
  std::size_t packs() const { return progress_.size(); }

  /// What to write about pack `index`, which is new or changed. A silent pack gets one gap, when it
  /// went silent or when it was silent from the start; after a gap the first values come at once.
  Row decide(std::size_t index, const PackState& state, Instant now);

 private:
  struct Progress {
    bool sampling = false;  // the last row had values
    bool gap = false;       // the last row was a gap
    Instant due{};          // of the next sample, while sampling
  };

  Millis interval_;
  std::vector<Progress> progress_;
};

}  // namespace cw
