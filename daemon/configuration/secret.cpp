// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace cw {
namespace {

constexpr std::size_t kLongest = 4096;  // bytes; a password, not a document

Secret fault(std::string text) { return {{}, std::move(text)}; }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Secret first_line(int fd) {
  std::array<char, kLongest + 1> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(fd, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fault(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  std::string value(buffer.data(), size);
  const auto end = value.find('\n');
  if (end == std::string::npos && size > kLongest)
    return fault("has no password in its first line");
  value.resize(end == std::string::npos ? size : end);
  if (!value.empty() && value.back() == '\r') value.pop_back();
  if (value.empty()) return fault("is empty: write the password into its first line");
  return {std::move(value), {}};
}

Secret read_from(const std::string& path, bool private_file) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return fault(fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return fault("is not a regular file");
  if (private_file && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fault(fmt::format("may be read by others (mode {:04o}): chmod 600 {}",
                             facts.st_mode & 07777u, path));
  return first_line(file.get());
}

}  // namespace

Secret read_secret_file(const std::string& path) { return read_from(path, true); }

Secret read_credential(const std::string& name) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0')
    return fault(
        "is a credential, and this process has none: they exist only inside the systemd service "
        "(LoadCredential=); elsewhere set CREDENTIALS_DIRECTORY");
  // What systemd puts there is already for this service alone; its access list shows as group bits.
  return read_from(fmt::format("{}/{}", directory, name), false);
}

}  // namespace cw
