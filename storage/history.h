// SPDX-License-Identifier: Apache-2.0
// Keeps samples and events in SQLite on a thread of its own. Samples are committed in batches,
// events at once. A full disk or a broken file stays here: it is reported, never waited for.
#pragma once
#include <memory>
#include <string>

#include "bridge/sink.h"

namespace cw {

struct HistoryOptions {
  bool enabled = false;
  std::string path = "/var/lib/cellwarden/history.db";
  Millis interval{10'000};      // between two samples of a pack
  Millis commit_every{10'000};  // what a power cut may cost
};

/// Starts its thread; the file is opened there, so a bad path shows in health(), not here.
std::unique_ptr<Sink> make_history(const HistoryOptions& options);

}  // namespace cw
