// SPDX-License-Identifier: Apache-2.0
// A pseudo-terminal as endpoint. The simulator keeps only the master: a terminal that it held open
// itself would also keep a lock that a killed gateway left on it.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "daemon/simulate/simulation_endpoint.h"

namespace cw {
namespace {

class Terminal final : public SimulationEndpoint {
 public:
  Terminal(Loop& loop, std::string link, Receive receive)
      : loop_(loop), link_(std::move(link)), receive_(std::move(receive)) {}
  ~Terminal() override { shut(); }

  bool open() override;
  void close() override { shut(); }
  bool is_open() const override { return master_ >= 0; }
  void send(std::span<const std::uint8_t> bytes) override;
  void tend() override;
  std::string address() const override { return link_.empty() ? path_ : link_; }

 private:
  bool fail(std::string_view what);
  bool make_link();
  void remove_link();
  void watch();
  void on_ready();
  void shut();

  Loop& loop_;
  std::string link_;
  Receive receive_;
  std::string path_;  // of the slave
  int master_ = -1;
  bool watched_ = false;  // somebody has the slave open
};

bool Terminal::fail(std::string_view what) {
  error_ = fmt::format("{}: {}", what, std::strerror(errno));
  shut();
  return false;
}

bool Terminal::open() {
  master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (master_ < 0) return fail("no pseudo-terminal");
  std::array<char, 128> path{};
  if (::grantpt(master_) != 0 || ::unlockpt(master_) != 0 ||
      ::ptsname_r(master_, path.data(), path.size()) != 0)
    return fail("no pseudo-terminal");
  path_ = path.data();
  // Raw from the start: nothing is echoed to a gateway that has not set it up yet.
  const int slave = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  if (slave < 0 || ::tcgetattr(slave, &settings) != 0) return fail(path_);
  ::cfmakeraw(&settings);
  ::tcsetattr(slave, TCSANOW, &settings);
  ::close(slave);
  return make_link();
}

// A link of an earlier run is replaced; anything else that stands there is somebody's.
bool Terminal::make_link() {
  if (link_.empty()) return true;
  struct stat there {};
  if (::lstat(link_.c_str(), &there) == 0 && !S_ISLNK(there.st_mode)) {
    error_ = fmt::format("{}: exists and is no symbolic link; choose another link=", link_);
    shut();
    return false;
  }
  const std::string fresh = link_ + ".new";
  ::unlink(fresh.c_str());
  if (::symlink(path_.c_str(), fresh.c_str()) != 0 || ::rename(fresh.c_str(), link_.c_str()) != 0)
    return fail(link_);
  return true;
}

void Terminal::remove_link() {
  std::array<char, 128> target{};
  const ssize_t size = ::readlink(link_.c_str(), target.data(), target.size());
  if (size > 0 && path_ == std::string_view(target.data(), static_cast<std::size_t>(size)))
    ::unlink(link_.c_str());
}

void Terminal::shut() {
  if (master_ < 0) return;
  if (watched_) loop_.forget(master_);
  watched_ = false;
  if (!link_.empty()) remove_link();
  ::close(master_);
  master_ = -1;
}

// While nobody has the slave open the master reports "hung up" without end, so it is not watched.
void Terminal::tend() {
  if (master_ < 0 || watched_) return;
  pollfd state{.fd = master_, .events = POLLIN, .revents = 0};
  if (::poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) == 0) watch();
}

void Terminal::watch() {
  watched_ = true;
  loop_.watch(master_, EPOLLIN, [this](std::uint32_t) { on_ready(); });
}

void Terminal::on_ready() {
  std::array<std::uint8_t, 512> room;  // NOLINT: filled by read()
  const ssize_t got = ::read(master_, room.data(), room.size());
  if (got > 0) return receive_(std::span(room).first(static_cast<std::size_t>(got)));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  loop_.forget(master_);
  watched_ = false;
}

void Terminal::send(std::span<const std::uint8_t> bytes) {
  if (!watched_) return;
  [[maybe_unused]] const ssize_t sent = ::write(master_, bytes.data(), bytes.size());
}

}  // namespace

std::unique_ptr<SimulationEndpoint> make_terminal(Loop& loop, std::string link,
                                                  SimulationEndpoint::Receive receive) {
  return std::make_unique<Terminal>(loop, std::move(link), std::move(receive));
}

}  // namespace cw
