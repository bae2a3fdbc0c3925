// SPDX-License-Identifier: Apache-2.0
// The serial transport on real pseudo-terminals: what it does to the port, and what becomes of it
// when the port is taken, wrong, or pulled out.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "drivers/transport/descriptor.h"
#include "tests/fault/transport_rig.h"

namespace cw::test {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator listing{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(listing), end(listing)));
}

namespace {

using State = Transport::State;

// The other end of a serial port: what would be the wire.
struct PseudoTerminal {
  PseudoTerminal() : master{::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)} {
    EXPECT_EQ(::grantpt(master.get()), 0);
    EXPECT_EQ(::unlockpt(master.get()), 0);
    std::array<char, 64> name{};
    EXPECT_EQ(::ptsname_r(master.get(), name.data(), name.size()), 0);
    path = name.data();
  }

  Bytes read() const {
    Bytes bytes(65'536);
    const ssize_t got = ::read(master.get(), bytes.data(), bytes.size());
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  void write(const Bytes& bytes) const {
    ASSERT_EQ(::write(master.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  Descriptor master;
  std::string path;
};

class SerialTty : public testing::Test {
 protected:
  PseudoTerminal wire;
  Owner owner{{.name = wire.path}};
};

TEST_F(SerialTty, IsOpenAtOnceAndSaysWhatItIs) {
  EXPECT_EQ(owner.transport->descriptor(), -1);
  EXPECT_EQ(owner.transport->open(), State::open);
  EXPECT_GE(owner.transport->descriptor(), 0);
  EXPECT_EQ(owner.transport->name(), wire.path + " at 115200 baud");
  EXPECT_EQ(owner.transport->error(), "");
  EXPECT_EQ(owner.transport->interest(), std::uint32_t{EPOLLIN});
}

TEST_F(SerialTty, EveryByteComesThroughUnchanged) {
  ASSERT_TRUE(owner.open());
  wire.write(every_byte());
  EXPECT_TRUE(owner.until([this] { return owner.received.size() >= 256; }));
  EXPECT_EQ(owner.received, every_byte());
}

TEST_F(SerialTty, EveryByteGoesOutUnchanged) {
  ASSERT_TRUE(owner.open());
  EXPECT_TRUE(owner.transport->send(every_byte()));
  Bytes got;
  EXPECT_TRUE(owner.until([&] {
    const Bytes more = wire.read();
    got.insert(got.end(), more.begin(), more.end());
    return got.size() >= 256;
  }));
  EXPECT_EQ(got, every_byte());
}

TEST_F(SerialTty, NothingThatIsReceivedIsEchoed) {
  ASSERT_TRUE(owner.open());
  wire.write({'a', '\n', 3});
  ASSERT_TRUE(owner.until([this] { return owner.received.size() == 3; }));
  EXPECT_TRUE(wire.read().empty());
}

TEST_F(SerialTty, BurstsLongerThanTheRoomComeInPieces) {
  ASSERT_TRUE(owner.open());
  Bytes burst(3000);
  std::iota(burst.begin(), burst.end(), std::uint8_t{0});
  wire.write(burst);
  EXPECT_TRUE(owner.until([&] { return owner.received.size() >= burst.size(); }));
  EXPECT_EQ(owner.received, burst);
}

TEST_F(SerialTty, IsSetToEightBitsNoParityOneStopBitAndNoModem) {
  ASSERT_TRUE(owner.open());
  termios settings{};
  ASSERT_EQ(::tcgetattr(owner.transport->descriptor(), &settings), 0);
  EXPECT_EQ(settings.c_cflag & (CSIZE | PARENB | CSTOPB | CLOCAL | CREAD | HUPCL),
            static_cast<tcflag_t>(CS8 | CLOCAL | CREAD));
  EXPECT_EQ(settings.c_lflag & (ICANON | ECHO | ISIG), 0U);
  EXPECT_EQ(settings.c_oflag & OPOST, 0U);
  EXPECT_EQ(::cfgetospeed(&settings), static_cast<speed_t>(B115200));
}

TEST_F(SerialTty, KnowsStandardAndUnusualSpeeds) {
  for (const std::uint32_t baud : {1200U, 9600U, 19'200U, 115'200U, 250'000U, 921'600U, 12'345U}) {
    SCOPED_TRACE(baud);
    Owner other{{.name = wire.path, .baud = baud}};
    EXPECT_TRUE(other.open()) << other.transport->error();
  }
}

TEST_F(SerialTty, RefusesASpeedOfZero) {
  Owner other{{.name = wire.path, .baud = 0}};
  EXPECT_FALSE(other.open());
  EXPECT_EQ(other.transport->error(), wire.path + ": 0 baud is no speed");
}

TEST_F(SerialTty, SaysInItsNameThatTheDriverHasNoRs485Mode) {
  Owner other{{.name = wire.path, .rs485 = true}};
  EXPECT_TRUE(other.open());
  EXPECT_NE(other.transport->name().find("no RS485 mode"), std::string::npos);
}

TEST_F(SerialTty, WhatWasReceivedBeforeItWasOpenedIsDropped) {
  const Descriptor earlier{::open(wire.path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK)};
  wire.write({'o', 'l', 'd', '\n'});
  pollfd arrived{earlier.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&arrived, 1, 30'000), 1);
  ASSERT_TRUE(owner.open());
  wire.write({'n', 'e', 'w'});
  ASSERT_TRUE(owner.until([this] { return owner.received.size() >= 3; }));
  EXPECT_EQ(owner.received, (Bytes{'n', 'e', 'w'}));
}

TEST_F(SerialTty, ASecondOpenIsToldThatThePortIsInUse) {
  ASSERT_TRUE(owner.open());
  Owner second{{.name = wire.path}};
  EXPECT_FALSE(second.open());
  EXPECT_EQ(second.transport->error(), wire.path + ": in use by another program");
  owner.transport->close();
  EXPECT_TRUE(second.open());
}

TEST_F(SerialTty, AProgramThatDoesNotLockIsKeptOut) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  ASSERT_TRUE(owner.open());
  ASSERT_EQ(::chmod(wire.path.c_str(), 0666), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool refused = ::setuid(65'534) == 0 &&
                         ::open(wire.path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK) < 0 &&
                         errno == EBUSY;
    ::_exit(refused ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(SerialTty, AMissingPermissionIsSaidWithTheCure) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  ASSERT_EQ(::chmod(wire.path.c_str(), 0600), 0);
  ASSERT_EQ(::seteuid(65'534), 0);
  const bool opened = owner.open();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_FALSE(opened);
  EXPECT_NE(owner.transport->error().find("permission denied"), std::string::npos);
  EXPECT_NE(owner.transport->error().find("dialout"), std::string::npos);
}

TEST(SerialTtyErrors, AMissingDeviceIsNamed) {
  Owner owner{{.name = "/dev/ttyNotThere7"}};
  EXPECT_FALSE(owner.open());
  EXPECT_EQ(owner.transport->error(), "/dev/ttyNotThere7: No such file or directory");
  EXPECT_EQ(owner.transport->descriptor(), -1);
  EXPECT_EQ(owner.transport->interest(), 0U);
}

TEST(SerialTtyErrors, WhatIsNoSerialPortIsRefused) {
  for (const char* path : {"/dev/null", "/dev/zero", "/etc/hostname"}) {
    Owner owner{{.name = path}};
    EXPECT_FALSE(owner.open());
    EXPECT_EQ(owner.transport->error(), std::string{path} + ": not a serial port");
  }
}

TEST_F(SerialTty, AnAdapterThatIsPulledOutClosesThePort) {
  ASSERT_TRUE(owner.open());
  wire.master.reset();
  EXPECT_TRUE(owner.until([this] { return owner.is(State::closed); }));
  EXPECT_EQ(owner.transport->error(),
            owner.transport->name() + ": unplugged, or its other end was closed");
  EXPECT_EQ(owner.transport->descriptor(), -1);
  EXPECT_FALSE(owner.transport->send(Bytes{1}));
}

TEST_F(SerialTty, AnAdapterThatIsPulledOutWhileSomethingWaitsToBeSentClosesThePort) {
  ASSERT_TRUE(owner.open());
  wire.master.reset();
  owner.transport->send(Bytes{1, 2, 3});
  EXPECT_TRUE(owner.until([this] { return owner.is(State::closed); }));
}

TEST_F(SerialTty, NothingIsSentOrWatchedOnAClosedPort) {
  EXPECT_FALSE(owner.transport->send(Bytes{1}));
  ASSERT_TRUE(owner.open());
  owner.transport->close();
  EXPECT_TRUE(owner.is(State::closed));
  EXPECT_EQ(owner.transport->error(), "");
  EXPECT_FALSE(owner.transport->send(Bytes{1}));
  EXPECT_TRUE(owner.transport->on_ready(EPOLLIN, owner.room).empty());
}

TEST_F(SerialTty, WhatThePortDoesNotTakeWaitsAndGoesOutInOrder) {
  ASSERT_TRUE(owner.open());
  const Bytes request(64, 0);
  Bytes sent;
  std::uint8_t number = 0;
  while (sent.size() < 1'000'000) {  // nobody reads the other end: it fills up
    const Bytes next(64, number++);
    if (!owner.transport->send(next)) break;
    sent.insert(sent.end(), next.begin(), next.end());
  }
  ASSERT_LT(sent.size(), 1'000'000U) << "nothing bounds what waits";
  EXPECT_EQ(owner.transport->interest(), std::uint32_t{EPOLLIN} | std::uint32_t{EPOLLOUT});
  Bytes got;
  EXPECT_TRUE(owner.until([&] {
    const Bytes more = wire.read();
    got.insert(got.end(), more.begin(), more.end());
    return got.size() >= sent.size();
  }));
  EXPECT_EQ(got, sent);
  EXPECT_EQ(owner.transport->interest(), std::uint32_t{EPOLLIN});
}

TEST_F(SerialTty, NoRequestQueuesUpBehindOneThatStillWaits) {
  ASSERT_TRUE(owner.open());
  const auto waits = [this] { return (owner.transport->interest() & EPOLLOUT) != 0; };
  Bytes sent;
  while (!waits() && sent.size() < 1'000'000) {  // nobody reads the other end: it fills up
    const Bytes next(100, 'r');
    ASSERT_TRUE(owner.transport->send(next));
    sent.insert(sent.end(), next.begin(), next.end());
  }
  ASSERT_TRUE(waits());
  for (int late = 0; late < 10; ++late) EXPECT_FALSE(owner.transport->send(Bytes{'l'}));
  Bytes got;
  const auto drain = [&] {
    const Bytes more = wire.read();
    got.insert(got.end(), more.begin(), more.end());
    return got.size() >= sent.size() && !waits();
  };
  EXPECT_TRUE(owner.until(drain));
  EXPECT_TRUE(owner.transport->send(Bytes{'n'})) << "what waited is out";
  sent.push_back('n');
  EXPECT_TRUE(owner.until(drain));
  EXPECT_EQ(got, sent) << "and nothing of what was refused";
}

TEST_F(SerialTty, RefusesWhatWillNeverFitTheQueue) {
  ASSERT_TRUE(owner.open());
  EXPECT_FALSE(owner.transport->send(Bytes(5000, 1)));
  EXPECT_TRUE(wire.read().empty()) << "all or nothing";
}

// The adapter comes back under another name; the link that names it by its identity stays.
TEST(SerialTtyReplug, AThousandReplugsBehindALinkLeakNothing) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("cw-replug-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::filesystem::path link = folder / "usb-adapter-if00";
  Owner owner{{.name = link.string()}};
  std::size_t descriptors = 0;
  for (int round = 0; round < 1000 && !testing::Test::HasFailure(); ++round) {
    PseudoTerminal wire;
    std::filesystem::remove(link);
    std::filesystem::create_symlink(wire.path, link);
    ASSERT_TRUE(owner.open()) << owner.transport->error();
    wire.write({42});
    ASSERT_TRUE(owner.until([&] { return !owner.received.empty(); }));
    owner.received.clear();
    wire.master.reset();
    ASSERT_TRUE(owner.until([&] { return owner.is(State::closed); }));
    if (round <= 10) descriptors = open_descriptors();
    ASSERT_LE(open_descriptors(), descriptors);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cw::test
