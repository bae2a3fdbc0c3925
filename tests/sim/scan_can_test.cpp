// SPDX-License-Identifier: Apache-2.0
// A scan of a bus: simulated boards of both versions in virtual time, and one over a pair of
// sockets. What it prints can be pasted, and it never sends.
#include "daemon/scan/scan_can.h"

#include <gtest/gtest.h>
#include <linux/can.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/configuration/configuration.h"
#include "drivers/transport/can_socket.h"
#include "simulator/virtual_pack.h"

namespace cw {
namespace {

using simulator::VirtualPack;

VirtualPack board(std::uint8_t address, jk_can::Version version, std::size_t cells) {
  simulator::PackSpec spec;
  spec.hold = true;
  spec.cells = cells;
  spec.can = simulator::JkCanBoardOptions{.address = address, .version = version};
  return {spec, address + 1U, {0}};
}

std::vector<FoundDevice> heard(std::vector<VirtualPack>& boards, Millis span) {
  CanEars ears;
  std::vector<CanFrame> frames;
  for (std::int64_t ms = 0; ms < span.count; ++ms) {
    frames.clear();
    for (VirtualPack& each : boards) each.broadcast({ms}, frames);
    for (const CanFrame& frame : frames) ears.hear(to_record(frame), {ms});
  }
  return ears.found("can0");
}

TEST(ScanCan, BoardsAreFoundWithVersionAndAddressAndTheConfigurationIsRight) {
  std::vector<VirtualPack> boards;
  boards.push_back(board(0, jk_can::Version::v2, 16));
  boards.push_back(board(3, jk_can::Version::v1, 8));
  boards.push_back(board(15, jk_can::Version::v2, 8));
  const auto devices = heard(boards, kCanListen);
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0].remark, "V2 firmware");
  EXPECT_TRUE(devices[1].remark.starts_with("V1 firmware"));
  const std::string text = pack_blocks(devices, 1);
  const LoadedConfiguration loaded = parse_configuration(text, "pasted.toml");
  for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.text() << "\n" << text;
  ASSERT_EQ(loaded.configuration.packs.size(), 3U);
  const auto& packs = loaded.configuration.packs;
  EXPECT_EQ(packs[0].port.name, "can0");
  EXPECT_EQ(packs[0].policy.get(Parameter::cell_count), 16);
  EXPECT_EQ(packs[1].device.address, 3);
  EXPECT_EQ(packs[2].device.address, 15);
  EXPECT_EQ(packs[2].policy.get(Parameter::cell_count), 8);
  EXPECT_NE(text.find("capacity  = \"280 Ah\"  # what it holds when full"), std::string::npos);
  EXPECT_NE(text.find("did not say"), std::string::npos) << "V1 has no number of cells";
}

TEST(ScanCan, TimeEnoughForABoardThatLacksAFrame) {
  std::vector<VirtualPack> boards;
  boards.push_back(board(0, jk_can::Version::v2, 16));
  CanEars ears;
  std::vector<CanFrame> frames;
  for (std::int64_t ms = 0; ms < kCanListen.count; ++ms) {
    frames.clear();
    boards[0].broadcast({ms}, frames);
    for (const CanFrame& frame : frames)
      if (frame.id != 0x18F528F4) ears.hear(to_record(frame), {ms});
  }
  EXPECT_EQ(ears.found("can0").size(), 1U);
}

/// A bus with one simulated board, or none, on which everything we say would be seen.
class Bus2 {
 public:
  explicit Bus2(bool silent) : silent_(silent) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends_.data()), 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Bus2() {
    stop_ = true;
    thread_.join();
    ::close(ends_[0]);
  }
  Bus2(const Bus2&) = delete;
  Bus2& operator=(const Bus2&) = delete;
  std::unique_ptr<Transport> transport() {
    return make_can_socket({.name = "can0"}, [this](const PortOptions&, std::string&) {
      return Descriptor{ends_[1]};
    });
  }
  bool anything_said() const { return said_; }

 private:
  void run() {
    VirtualPack pack = board(2, jk_can::Version::v2, 8);
    std::vector<CanFrame> frames;
    for (std::int64_t ms = 0; !stop_; ++ms) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      frames.clear();
      if (!silent_) pack.broadcast({ms}, frames);
      for (const CanFrame& frame : frames) {
        can_frame out{};
        out.can_id = frame.id | (frame.extended ? CAN_EFF_FLAG : 0U);
        out.can_dlc = frame.length;
        std::memcpy(out.data, frame.data.data(), frame.data.size());
        (void)::send(ends_[0], &out, sizeof out, MSG_NOSIGNAL | MSG_DONTWAIT);
      }
      can_frame in{};
      if (::recv(ends_[0], &in, sizeof in, MSG_DONTWAIT) > 0) said_ = true;
    }
  }
  bool silent_;
  std::array<int, 2> ends_{};
  std::atomic<bool> stop_{false};
  std::atomic<bool> said_{false};
  std::thread thread_;
};

TEST(ScanCan, OfARealSocketNothingIsSaid) {
  Bus2 bus(false);
  const ScannedPort scanned = scan_can("can0", bus.transport());
  EXPECT_EQ(scanned.fault, "");
  EXPECT_EQ(scanned.advice, "");
  ASSERT_EQ(scanned.devices.size(), 1U);
  EXPECT_EQ(scanned.devices[0].address, 2);
  EXPECT_FALSE(bus.anything_said());
}

TEST(ScanCan, SilenceSaysHowToSetTheBitRate) {
  Bus2 bus(true);
  const ScannedPort scanned = scan_can("can0", bus.transport(), {300});
  EXPECT_TRUE(scanned.devices.empty());
  EXPECT_NE(scanned.advice.find("can0: silence"), std::string::npos) << scanned.advice;
  EXPECT_NE(scanned.advice.find("ip link set can0 up type can bitrate 250000"), std::string::npos);
}

TEST(ScanCan, AnInterfaceThatCannotBeHadIsAFault) {
  EXPECT_TRUE(scan_can("no-such-can").fault.starts_with("no-such-can: "));
}

TEST(ScanCan, InterfacesAreKnownByTheirTypeAndPortsByTheirNames) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("cw-scan-can-" + std::to_string(::getpid()));
  for (const auto& [name, type] : {std::pair{"can1", 280}, {"can0", 280}, {"eth0", 1}}) {
    std::filesystem::create_directories(folder / name);
    std::ofstream(folder / name / "type") << type << '\n';
  }
  EXPECT_EQ(can_interfaces(folder.string()), (std::vector<std::string>{"can0", "can1"}));
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(can_interfaces("/no/such/folder").empty());
  EXPECT_TRUE(is_can_name("can0"));
  EXPECT_FALSE(is_can_name("/dev/ttyUSB0"));
  EXPECT_FALSE(is_can_name("tcp://box:4196"));
}

}  // namespace
}  // namespace cw
