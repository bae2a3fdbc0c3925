// SPDX-License-Identifier: Apache-2.0
// What the history does to files that are not rows: room kept for bad days, and getting an
// unreadable file out of the way. It never deletes a record.
#pragma once
#include <cstdint>
#include <string>

namespace cw {

/// Room on the disk that can be given back. SQLite needs space even to delete, so on a full disk
/// releasing this file is the only way to go on writing events.
class Ballast {
 public:
  static constexpr std::uint32_t kBytes = 4 << 20;

  /// The file lies beside the history: `history`.ballast.
  explicit Ballast(const std::string& history) : file_(history + ".ballast") {}

  /// True if the file is there afterwards. It is only made when twice its size is free.
  bool take();

  /// True if there was something to give back.
  bool release();

 private:
  std::string file_;
};

/// True if the disk `file` lies on has less than 1 MiB left for us: SQLite then fails in many ways.
bool is_disk_full(const std::string& file);

/// Renames `file` and its -wal and -shm to a name nobody has, made with `wall_ms`, and returns it.
/// Empty: the file could not be renamed.
std::string move_aside(const std::string& file, std::int64_t wall_ms);

}  // namespace cw
