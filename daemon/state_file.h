// SPDX-License-Identifier: Apache-2.0
// Keeps one text over restarts. Writing has a thread of its own, where only the latest text counts:
// a disk that hangs or is full holds up nobody. A file is either the old one or the new one, whole.
#pragma once
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace cw {

struct StateRead {
  std::optional<std::string> text;  // absent: there is no such file, or `error`
  std::string error;                // why it cannot be read; empty: it can, or is not there
};
StateRead read_state_file(const std::string& path);

/// Temporary file, fsync, rename, fsync of the directory. Empty: done; else why not.
std::string write_state_file(const std::string& path, const std::string& text);

class StateFile {
 public:
  /// Nothing is opened before the first keep().
  explicit StateFile(std::string path);
  /// Waits until what was last given is written, or could not be.
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  /// Never blocks on the disk. What could not be written is tried again every second.
  void keep(std::string text);

  /// Why the last attempt failed; empty: it did not.
  std::string trouble() const;

 private:
  void write_on();

  const std::string path_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> waiting_;
  std::string trouble_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace cw
