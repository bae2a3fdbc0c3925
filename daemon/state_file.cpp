// SPDX-License-Identifier: Apache-2.0
#include "daemon/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace cw {
namespace {

constexpr std::size_t kLargest = 4'000'000;
constexpr std::chrono::seconds kRetryEvery{1};

std::string fault(const std::string& path, std::string_view what) {
  return fmt::format("{}: {}: {}", path, what, std::strerror(errno));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

// A rename is durable only when its directory is.
bool sync_directory(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  const bool done = ::fsync(directory) == 0;
  ::close(directory);
  return done;
}

}  // namespace

StateRead read_state_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {{}, errno == ENOENT ? "" : fault(path, "cannot be opened")};
  StateRead read{std::string(), {}};
  char part[4096];
  while (read.text) {
    const ssize_t got = ::read(file, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) break;
    const bool much = got > 0 && read.text->size() > kLargest;
    if (got < 0 || much)
      read = {{}, much ? path + ": too large to be ours" : fault(path, "cannot be read")};
    else
      read.text->append(part, static_cast<std::size_t>(got));
  }
  ::close(file);
  return read;
}

std::string write_state_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const int file =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (file < 0) return fault(temporary, "cannot be made");
  const bool written = write_all(file, text);
  std::string why = written ? "" : fault(temporary, "cannot be written");
  ::close(file);
  if (!written) {
    ::unlink(temporary.c_str());
    return why;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fault(path, "cannot be replaced");
  if (!sync_directory(path)) return fault(path, "its directory cannot be synchronised");
  return {};
}

StateFile::StateFile(std::string path) : path_(std::move(path)) {}

StateFile::~StateFile() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void StateFile::keep(std::string text) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(text);
    if (!thread_.joinable()) thread_ = std::thread([this] { write_on(); });
  }
  changed_.notify_one();
}

std::string StateFile::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void StateFile::write_on() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return waiting_ || ends_; });
    if (!waiting_) return;
    const std::string text = std::move(*waiting_);
    waiting_.reset();
    lock.unlock();
    const std::string why = write_state_file(path_, text);
    lock.lock();
    trouble_ = why;
    if (why.empty()) continue;
    if (ends_) return;
    if (!waiting_) waiting_ = text;
    changed_.wait_for(lock, kRetryEvery, [this] { return ends_; });
  }
}

}  // namespace cw
