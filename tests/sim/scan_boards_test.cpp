// SPDX-License-Identifier: Apache-2.0
// Several boards with addresses on one line, on a real pseudo-terminal: each is found once, and
// what is printed of them is a configuration.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "daemon/configuration/configuration.h"
#include "daemon/scan/scan_port.h"
#include "drivers/transport/descriptor.h"
#include "tests/unit/jk_modbus_rig.h"

namespace cw {
namespace {

/// Boards that answer what asks for their records, and nothing else.
class BoardLine {
 public:
  explicit BoardLine(std::vector<std::uint8_t> addresses)
      : addresses_(std::move(addresses)),
        master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
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
        serve();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  ~BoardLine() {
    stop_ = true;
    thread_.join();
  }
  BoardLine(const BoardLine&) = delete;
  BoardLine& operator=(const BoardLine&) = delete;
  const std::string& port() const { return port_; }

 private:
  void serve() {
    std::uint8_t heard[256];
    const ssize_t got = ::read(master_.get(), heard, sizeof heard);
    if (got < 8 || heard[1] != 0x10) return;
    for (const std::uint8_t address : addresses_) {
      if (heard[0] != address) continue;
      const auto first = static_cast<std::uint16_t>(heard[2] << 8 | heard[3]);
      for (const auto type :
           {jk_record::Type::status, jk_record::Type::settings, jk_record::Type::device}) {
        if (jk_modbus::trigger_of(type) != first) continue;
        const Wire bytes = answer(address, type, told_);
        (void)!::write(master_.get(), bytes.data(), bytes.size());
      }
    }
  }

  std::vector<std::uint8_t> addresses_;
  Descriptor master_;
  Descriptor slave_;
  std::string port_;
  Pack told_ = told_by_a_board();
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST(ScanBoards, EachAddressIsFoundOnce) {
  const BoardLine line({2, 5, 15});
  const ScannedPort scanned =
      scan_port(line.port(), Bus::serial, [](const ScanStep&, std::size_t, std::size_t) {});
  EXPECT_EQ(scanned.fault, "");
  EXPECT_FALSE(scanned.foreign);
  std::vector<int> addresses;
  for (const FoundDevice& device : scanned.devices) addresses.push_back(device.address);
  EXPECT_EQ(addresses, (std::vector<int>{2, 5, 15}));
  const LoadedConfiguration loaded =
      parse_configuration(pack_blocks(scanned.devices, 1), "pasted.toml");
  for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.text();
  ASSERT_EQ(loaded.configuration.packs.size(), 3U);
  EXPECT_EQ(loaded.configuration.packs[1].device.address, 5);
  EXPECT_EQ(loaded.configuration.packs[1].protocol->name, "jk-modbus");
}

}  // namespace
}  // namespace cw
