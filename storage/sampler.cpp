// SPDX-License-Identifier: Apache-2.0
// Turns the state of a pack into a row, and decides when one is due.
#include "storage/sampler.h"

namespace cw {
namespace {

std::optional<std::int32_t> fresh_count_of(const Column& column, const PackState& state,
                                           Instant now) {
  if (column.series)
    return fresh_element(state.pack, *column.series, column.index, now, state.usable_age(now));
  return kFields[column.index].fresh(state.pack.scalars, now, state.usable_age(now));
}

}  // namespace

void fill_sample(Sample& sample, const PackState& state, Instant now, std::int64_t wall_ms) {
  fill_gap(sample, state, wall_ms);
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (const auto count = fresh_count_of(kColumns[i], state, now)) {
      sample.counts[i] = *count;
      sample.known.set(i);
    }
  }
}

void fill_gap(Sample& sample, const PackState& state, std::int64_t wall_ms) {
  sample.pack = state.name;
  sample.wall_ms = wall_ms;
  sample.known.reset();
}

Sampler::Row Sampler::decide(std::size_t index, const PackState& state, Instant now) {
  if (index >= progress_.size()) progress_.resize(index + 1);
  Progress& progress = progress_[index];
  if (!state.fresh(now)) {
    if (progress.gap) return Row::none;
    progress = {.sampling = false, .gap = true, .due = {}};
    return Row::gap;
  }
  if (progress.sampling && now < progress.due) return Row::none;
  // On a grid, so that samples do not drift by the poll's phase; a late one starts a new grid.
  const Instant on_grid = progress.due + interval_;
  const bool keeps_grid = progress.sampling && on_grid > now;
  progress = {.sampling = true, .gap = false, .due = keeps_grid ? on_grid : now + interval_};
  return Row::sample;
}

}  // namespace cw
