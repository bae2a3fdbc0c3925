// SPDX-License-Identifier: Apache-2.0
// A scan of real pseudo-terminals and a TCP port with simulated boards behind them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "daemon/scan/scan_port.h"
#include "daemon/simulate/simulation.h"
#include "drivers/transport/descriptor.h"
#include "drivers/transport/transport.h"

namespace cw {
namespace {

/// One simulated pack that runs until the end of the test.
class Board {
 public:
  explicit Board(SimulationOptions options = {}) {
    thread_ = std::thread([this, options] { run(options); });
    while (!ready_) std::this_thread::yield();
  }
  ~Board() {
    stop_ = true;
    thread_.join();
  }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;
  const std::string& address() const { return address_; }

 private:
  void run(const SimulationOptions& options) {
    Loop loop;
    const DescribedPacks described =
        describe_packs({"name=garage,chemistry=lfp,cells=16,capacity=280"});
    EXPECT_EQ(described.fault, "");
    Simulation simulation(loop, options, described.packs);
    std::string error;
    EXPECT_TRUE(simulation.start(error)) << error;
    address_ = simulation.address(0);
    ready_ = true;
    int timer = -1;
    timer = loop.add_timer([&](Instant now) {
      if (stop_) return loop.stop(0);
      loop.set_timer(timer, now + Millis{20});
    });
    loop.set_timer(timer, loop.now());
    loop.run();
  }

  std::atomic<bool> ready_{false};
  std::atomic<bool> stop_{false};
  std::string address_;
  std::thread thread_;
};

/// A line on which something speaks all the time, and which notes whether anybody else does.
class Babble {
 public:
  Babble() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(master_.get()), 0);
    EXPECT_EQ(::unlockpt(master_.get()), 0);
    port_ = ::ptsname(master_.get());
    slave_ = Descriptor{::open(port_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    termios raw{};
    EXPECT_EQ(::tcgetattr(slave_.get(), &raw), 0);
    ::cfmakeraw(&raw);
    EXPECT_EQ(::tcsetattr(slave_.get(), TCSANOW, &raw), 0);
    thread_ = std::thread([this] {
      while (!stop_) {
        const std::uint8_t words[] = {0x01, 0x10, 0x16, 0x20, 0x00, 0x01};
        (void)!::write(master_.get(), words, sizeof words);
        std::uint8_t heard[64];
        if (::read(master_.get(), heard, sizeof heard) > 0) spoken_to_ = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    });
  }
  ~Babble() {
    stop_ = true;
    thread_.join();
  }
  Babble(const Babble&) = delete;
  Babble& operator=(const Babble&) = delete;
  const std::string& port() const { return port_; }
  bool spoken_to() const { return spoken_to_; }

 private:
  Descriptor master_;
  Descriptor slave_;
  std::string port_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> spoken_to_{false};
  std::thread thread_;
};

ScannedPort scan(const std::string& port) {
  return scan_port(port, Bus::serial, [](const ScanStep&, std::size_t, std::size_t) {});
}

void expect_the_board(const ScannedPort& scanned) {
  EXPECT_EQ(scanned.fault, "");
  EXPECT_FALSE(scanned.foreign);
  ASSERT_EQ(scanned.devices.size(), 1U);
  EXPECT_EQ(scanned.devices[0].protocol->name, "jk-uart");
  const std::string text = pack_blocks(scanned.devices, 1);
  EXPECT_NE(text.find("cells     = 16\n"), std::string::npos) << text;
  EXPECT_NE(text.find("chemistry = \"lfp\""), std::string::npos) << text;
  EXPECT_NE(text.find("capacity  = \"280 Ah\""), std::string::npos) << text;
}

TEST(ScanPort, FindsABoardOnASerialPort) {
  const Board board;
  expect_the_board(scan(board.address()));
}

TEST(ScanPort, FindsABoardBehindASerialServer) {
  SimulationOptions options;
  options.listen_host = "127.0.0.1";
  const Board board(options);
  ASSERT_TRUE(board.address().starts_with("tcp://")) << board.address();
  expect_the_board(scan(board.address()));
}

TEST(ScanPort, APortThatIsTakenIsTold) {
  const Board board;
  PortOptions options;
  options.name = board.address();
  const auto other = make_transport(Bus::serial, options);
  ASSERT_EQ(other->open(), Transport::State::open);
  const ScannedPort scanned = scan(board.address());
  EXPECT_NE(scanned.fault.find("in use by another program"), std::string::npos) << scanned.fault;
  EXPECT_TRUE(scanned.devices.empty());
}

TEST(ScanPort, NothingIsSentWhereSomebodyElseSpeaks) {
  const Babble line;
  const ScannedPort scanned = scan(line.port());
  EXPECT_EQ(scanned.fault, "");
  EXPECT_TRUE(scanned.foreign);
  EXPECT_TRUE(scanned.devices.empty());
  EXPECT_FALSE(line.spoken_to());
}

TEST(ScanPort, APortThatIsNotThereIsTold) { EXPECT_NE(scan("/dev/no-such-port").fault, ""); }

}  // namespace
}  // namespace cw
