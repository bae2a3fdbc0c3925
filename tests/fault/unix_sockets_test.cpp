// SPDX-License-Identifier: Apache-2.0
// The sockets of the daemon and of a simulation on real files: whose file is replaced and whose is
// not, and what becomes of the loop when there are no descriptors left.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>

#include "daemon/simulate/simulation_control.h"
#include "daemon/socket_path.h"
#include "daemon/status_server.h"
#include "drivers/transport/descriptor.h"

namespace cw {
namespace {

class UnixSockets : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cw-sockets-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    path = name + "/socket";
    ASSERT_TRUE(fill_address(address, path));
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  const sockaddr* where() const { return reinterpret_cast<const sockaddr*>(&address); }
  Descriptor stream() const {
    return Descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  }
  Descriptor listener(int backlog) const {
    Descriptor made = stream();
    EXPECT_EQ(::bind(made.get(), where(), sizeof address), 0);
    EXPECT_EQ(::listen(made.get(), backlog), 0);
    return made;
  }
  // The error of a client; 0: connected.
  int connect(const Descriptor& client) const {
    return ::connect(client.get(), where(), sizeof address) == 0 ? 0 : errno;
  }

  // What each says about the path; empty: it could be opened.
  std::string status_server() {
    StatusServer server(loop, path, [](const ControlRequest&, std::string&) {});
    return server.open() ? "" : server.error();
  }
  std::string simulation_control() {
    SimulationControl control(loop, path, [](std::string_view) { return std::string(); });
    return control.open() ? "" : control.error();
  }

  Loop loop;
  std::filesystem::path folder;
  std::string path;
  sockaddr_un address{};
};

TEST_F(UnixSockets, OfAProcessThatIsTooBusyToAnswerAreLeftToIt) {
  const Descriptor busy = listener(0);
  const Descriptor first = stream();
  ASSERT_EQ(connect(first), 0);
  ASSERT_EQ(connect(stream()), EAGAIN) << "its queue is not full";
  EXPECT_EQ(status_server(), path + ": another cellwarden is running");
  EXPECT_EQ(simulation_control(), path + ": in use; choose another --control");
  const Descriptor taken{::accept(busy.get(), nullptr, nullptr)};
  EXPECT_EQ(connect(stream()), 0) << "the file still leads to it";
}

TEST_F(UnixSockets, LeftBehindByAKilledProcessAreReplaced) {
  listener(1).reset();
  ASSERT_TRUE(std::filesystem::is_socket(path));
  EXPECT_EQ(status_server(), "");
  listener(1).reset();
  EXPECT_EQ(simulation_control(), "");
}

TEST_F(UnixSockets, NeverReplaceAFileThatIsNoSocket) {
  std::ofstream(path) << "precious";
  EXPECT_NE(status_server().find("File exists"), std::string::npos);
  EXPECT_NE(simulation_control().find("File exists"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST_F(UnixSockets, OfAnotherKindAreLeftAlone) {
  const Descriptor datagrams{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(datagrams.get(), where(), sizeof address), 0);
  EXPECT_NE(status_server(), "");
  EXPECT_NE(simulation_control(), "");
  EXPECT_TRUE(std::filesystem::is_socket(path));
}

// While it lives this process cannot have another descriptor.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(UnixSockets, WithoutDescriptorsAClientWaitsAndTheLoopRests) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself needs a descriptor to look at an object";
#endif
  StatusServer server(loop, path, [](const ControlRequest&, std::string& out) { out = "{}"; });
  ASSERT_TRUE(server.open()) << server.error();
  const Descriptor client = stream();
  ASSERT_EQ(connect(client), 0);
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  auto shortage = std::make_unique<NoMoreDescriptors>();
  const int relief = loop.add_timer([&](Instant) { shortage.reset(); });
  loop.set_timer(relief, loop.now() + Millis{300});
  const int patience = loop.add_timer([&](Instant) { loop.stop(1); });
  loop.set_timer(patience, loop.now() + Millis{60'000});
  std::string received;
  loop.watch(client.get(), EPOLLIN, [&](std::uint32_t) {
    char room[16];
    const auto got = ::recv(client.get(), room, sizeof room, 0);
    if (got > 0) received.append(room, static_cast<std::size_t>(got));
    loop.stop(0);
  });
  int turns = 0;
  loop.at_end_of_turn([&] { ++turns; });
  EXPECT_EQ(loop.run(), 0) << "the client was forgotten";
  EXPECT_EQ(received, "{}");
  EXPECT_LT(turns, 20);
}

}  // namespace
}  // namespace cw
