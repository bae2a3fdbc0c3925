// SPDX-License-Identifier: Apache-2.0
// The TCP transport against real sockets on the loopback interface: refusals, hang-ups, resets and
// names that cannot be found.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "drivers/transport/descriptor.h"
#include "tests/fault/transport_rig.h"

namespace cw::test {
namespace {

using State = Transport::State;

// A serial server on a free port of the loopback interface.
class Server {
 public:
  explicit Server(int family = AF_INET, bool listening = true)
      : listener_{::socket(family, SOCK_STREAM, 0)} {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    const bool six = family == AF_INET6;
    const auto* where =
        six ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
    usable = ::bind(listener_.get(), where, six ? sizeof v6 : sizeof v4) == 0 &&
             (!listening || ::listen(listener_.get(), 4) == 0);
    sockaddr_in6 bound{};
    socklen_t size = sizeof bound;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = std::to_string(ntohs(bound.sin6_port));  // at the same place in both families
  }

  std::string url(const std::string& host = "127.0.0.1") const {
    return "tcp://" + host + ":" + port_;
  }
  void accept() { client_ = Descriptor{::accept(listener_.get(), nullptr, nullptr)}; }
  void hang_up() { client_.reset(); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_.reset();
  }
  void write(const Bytes& bytes) {
    EXPECT_EQ(::write(client_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  // What there is, at once.
  Bytes read() {
    Bytes bytes(65'536);
    const ssize_t got = ::recv(client_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

  bool usable = false;

 private:
  Descriptor listener_;
  Descriptor client_;
  std::string port_;
};

class TcpClient : public testing::Test {
 protected:
  void connect() {
    ASSERT_TRUE(owner.open()) << owner.transport->error();
    server.accept();
  }
  int option(int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(owner.transport->descriptor(), level, name, &value, &size);
    return value;
  }

  Server server;
  Owner owner{{.name = server.url()}};
};

TEST_F(TcpClient, EveryByteComesThroughUnchangedBothWays) {
  connect();
  EXPECT_EQ(owner.transport->name(), server.url());
  server.write(every_byte());
  EXPECT_TRUE(owner.until([this] { return owner.received.size() >= 256; }));
  EXPECT_EQ(owner.received, every_byte());
  EXPECT_TRUE(owner.transport->send(every_byte()));
  Bytes got;
  EXPECT_TRUE(owner.until([&] {
    const Bytes more = server.read();
    got.insert(got.end(), more.begin(), more.end());
    return got.size() >= 256;
  }));
  EXPECT_EQ(got, every_byte());
}

TEST_F(TcpClient, ANameIsLookedUpOffTheLoop) {
  Owner named{{.name = server.url("localhost")}};
  EXPECT_EQ(named.transport->open(), State::opening);
  EXPECT_GE(named.transport->descriptor(), 0);
  EXPECT_TRUE(named.until([&] { return named.is(State::open); })) << named.transport->error();
}

TEST_F(TcpClient, SixthVersionAddressesGoIntoBrackets) {
  Server six{AF_INET6};
  if (!six.usable) GTEST_SKIP() << "no IPv6 on this machine";
  Owner bracketed{{.name = six.url("[::1]")}};
  EXPECT_TRUE(bracketed.open()) << bracketed.transport->error();
  Owner bare{{.name = six.url("::1")}};
  EXPECT_FALSE(bare.open());
  EXPECT_NE(bare.transport->error().find("brackets"), std::string::npos);
}

TEST_F(TcpClient, ARefusedConnectionIsExplained) {
  const Server deaf{AF_INET, false};
  Owner refused{{.name = deaf.url()}};
  EXPECT_FALSE(refused.open());
  EXPECT_EQ(refused.transport->error(),
            deaf.url() +
                ": connection refused; nobody listens on that port, or the box serves another "
                "client");
  EXPECT_EQ(refused.transport->descriptor(), -1);
}

TEST_F(TcpClient, AHangUpClosesItAfterTheLastBytes) {
  connect();
  server.write({1, 2, 3});
  server.hang_up();
  EXPECT_TRUE(owner.until([this] { return owner.is(State::closed); }));
  EXPECT_EQ(owner.received, (Bytes{1, 2, 3}));
  EXPECT_EQ(owner.transport->error(), server.url() + ": the other end closed the connection");
}

TEST_F(TcpClient, AResetClosesIt) {
  connect();
  server.reset();
  EXPECT_TRUE(owner.until([this] { return owner.is(State::closed); }));
  EXPECT_NE(owner.transport->error().find("reset"), std::string::npos);
}

TEST_F(TcpClient, SendingToAnEndThatIsGoneClosesItAndKillsNobody) {
  connect();
  server.reset();
  for (int i = 0; i < 3; ++i) owner.transport->send(Bytes{1, 2, 3});
  EXPECT_TRUE(owner.until([this] { return owner.is(State::closed); }));
}

TEST_F(TcpClient, CanBeOpenedAgainAfterARestartOfTheBox) {
  connect();
  server.hang_up();
  EXPECT_TRUE(owner.until([this] { return owner.is(State::closed); }));
  connect();
  server.write({7});
  EXPECT_TRUE(owner.until([this] { return !owner.received.empty(); }));
  EXPECT_EQ(owner.transport->error(), "");
}

// What a box without power does cannot be shown on the loopback interface: the kernel's own
// watch over a silent connection is set, and adds up to less than ten seconds.
TEST_F(TcpClient, ABoxThatVanishesIsNoticedWithinTenSeconds) {
  connect();
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  const int silence_s = option(IPPROTO_TCP, TCP_KEEPIDLE) +
                        option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT);
  EXPECT_LT(silence_s, 10);
  EXPECT_GT(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  EXPECT_LT(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 10'000);
}

TEST_F(TcpClient, SmallRequestsAreSentAtOnce) {
  connect();
  EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(TcpClient, WhatTheOtherEndDoesNotReadWaitsAndGoesOutInOrder) {
  connect();
  Bytes sent;
  std::uint8_t number = 0;
  while (sent.size() < 100'000'000) {
    const Bytes next(1000, number++);
    if (!owner.transport->send(next)) break;
    sent.insert(sent.end(), next.begin(), next.end());
  }
  ASSERT_LT(sent.size(), 100'000'000U) << "nothing bounds what waits";
  Bytes got;
  EXPECT_TRUE(owner.until([&] {
    const Bytes more = server.read();
    got.insert(got.end(), more.begin(), more.end());
    return got.size() >= sent.size();
  }));
  EXPECT_TRUE(got == sent);
}

TEST_F(TcpClient, ClosedWhileItConnectsItStaysClosed) {
  owner.transport->open();
  owner.transport->close();
  EXPECT_TRUE(owner.is(State::closed));
  EXPECT_EQ(owner.transport->descriptor(), -1);
  EXPECT_EQ(owner.transport->error(), "");
}

TEST_F(TcpClient, ClosedAndDestroyedWhileANameIsLookedUpNothingIsWaitedFor) {
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    Owner named{{.name = server.url("localhost")}};
    named.transport->open();
    if (i % 2 == 0) named.transport->close();
  }
  // A name server that is silent takes half a minute for each of them.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes(2));
}

TEST_F(TcpClient, OpenedAgainWhileANameIsStillLookedUpItConnects) {
  Owner named{{.name = server.url("localhost")}};
  for (int i = 0; i < 20; ++i) {
    named.transport->open();
    named.transport->close();
  }
  EXPECT_TRUE(named.open()) << named.transport->error();
}

TEST(TcpClientNames, ANameThatDoesNotExistIsSaid) {
  Owner owner{{.name = "tcp://no-such-box.invalid:8899"}};
  EXPECT_EQ(owner.transport->open(), State::opening);
  EXPECT_TRUE(owner.until([&] { return owner.is(State::closed); }, 120));
  EXPECT_TRUE(owner.transport->error().starts_with("tcp://no-such-box.invalid:8899: "));
}

TEST(TcpClientNames, WhatIsWrongWithThePortIsSaid) {
  const struct {
    const char* port;
    const char* why;
  } cases[] = {
      {"tcp://box", "has no port; write tcp://host:port"},
      {"tcp://[::1]", "has no port; write tcp://host:port"},
      {"tcp://:8899", "has no host; write tcp://host:port"},
      {"tcp://box:", "'' is no port; a port is 1 to 65535"},
      {"tcp://box:0", "'0' is no port; a port is 1 to 65535"},
      {"tcp://box:65536", "'65536' is no port; a port is 1 to 65535"},
      {"tcp://box:88x", "'88x' is no port; a port is 1 to 65535"},
  };
  for (const auto& each : cases) {
    Owner owner{{.name = each.port}};
    EXPECT_FALSE(owner.open());
    EXPECT_EQ(owner.transport->error(), std::string{each.port} + ": " + each.why);
  }
}

TEST(TcpClientDescriptors, AThousandConnectionsLeakNothing) {
  Server server;
  Owner owner{{.name = server.url()}};
  std::size_t descriptors = 0;
  for (int round = 0; round < 1000 && !testing::Test::HasFailure(); ++round) {
    ASSERT_TRUE(owner.open()) << owner.transport->error();
    server.accept();
    server.hang_up();
    ASSERT_TRUE(owner.until([&] { return owner.is(State::closed); }));
    if (round <= 10) descriptors = open_descriptors();
    ASSERT_LE(open_descriptors(), descriptors);
  }
}

}  // namespace
}  // namespace cw::test
