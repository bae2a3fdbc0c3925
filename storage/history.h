// SPDX-License-Identifier: Apache-2.0
// Keeps samples and events in SQLite on a thread of its own. Samples are committed in batches,
// events at once. A full disk or a broken file stays here: it is reported, never waited for.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "bridge/sink.h"

namespace cw {

struct HistoryOptions {
  bool enabled = false;
  std::string path = "/var/lib/cellwarden/history.db";
  Millis interval{10'000};      // between two samples of a pack
  Millis commit_every{10'000};  // what a power cut may cost
  Millis retry{5'000};          // wait after a failed attempt
  // What may wait in memory while the file cannot be written; beyond it the oldest samples give
  // way, and new events. Both are counted, and lost events leave a row in the log.
  std::size_t samples_most = 4'096;
  std::size_t events_most = 16'384;
};

struct HistoryCounts {
  std::uint64_t samples_committed = 0;  // rows that survive a power cut from now on
  std::uint64_t events_committed = 0;   // likewise; the first so many of those recorded
  std::uint64_t samples_dropped = 0;
  std::uint64_t events_dropped = 0;
};

class HistorySink : public Sink {
 public:
  /// Since the start. From any thread.
  virtual HistoryCounts counts() const = 0;
};

/// Starts its thread; the file is opened there, so a bad path shows in health(), not here. The
/// destructor commits what waits, once, and joins the thread.
std::unique_ptr<HistorySink> make_history(const HistoryOptions& options);

}  // namespace cw
