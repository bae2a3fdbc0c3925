// SPDX-License-Identifier: Apache-2.0
// Files around the history, by plain system calls.
#include "storage/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <optional>

namespace cw {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kRoomNeeded = 1 << 20;

std::string utc_stamp(std::int64_t wall_ms) {
  const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return std::string(text, length);
}

std::string unused_name(const std::string& file, std::int64_t wall_ms) {
  const std::string stem = fmt::format("{}.unreadable-{}", file, utc_stamp(wall_ms));
  std::error_code error;
  for (int i = 1; i < 100; ++i) {
    std::string name = i == 1 ? stem : fmt::format("{}-{}", stem, i);
    if (!fs::exists(name, error) && !error) return name;
  }
  return {};
}

/// Bytes this user may still write beside `file`.
std::optional<std::uint64_t> free_bytes(const std::string& file) {
  const std::string folder = fs::path(file).parent_path().string();
  struct statvfs disk {};
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &disk) != 0) return std::nullopt;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

}  // namespace

bool Ballast::take() {
  struct stat status {};
  if (::stat(file_.c_str(), &status) == 0 && status.st_size == kBytes) return true;
  const auto space = free_bytes(file_);
  if (!space || *space < 2 * std::uint64_t{kBytes}) return false;
  const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool taken = ::posix_fallocate(fd, 0, kBytes) == 0;
  ::close(fd);
  if (!taken) ::unlink(file_.c_str());
  return taken;
}

bool Ballast::release() { return ::unlink(file_.c_str()) == 0; }

bool is_disk_full(const std::string& file) {
  const auto space = free_bytes(file);
  return space && *space < kRoomNeeded;
}

std::string move_aside(const std::string& file, std::int64_t wall_ms) {
  const std::string target = unused_name(file, wall_ms);
  std::error_code error;
  if (target.empty()) return {};
  // The log first: without its database it is harmless, the other way round it would be replayed
  // into the new file.
  for (const char* part : {"-wal", "-shm"}) {
    if (!fs::exists(file + part, error)) continue;
    fs::rename(file + part, target + part, error);
    if (error) return {};
  }
  fs::rename(file, target, error);
  return error ? std::string{} : target;
}

}  // namespace cw
