// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/scan_can.h"

#include <fmt/format.h>
#include <net/if_arp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "drivers/protocol/jk_can.h"

namespace cw {
namespace {

Instant clock_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

/// What to do where nothing of a board is heard.
std::string advice(const std::string& port, const CanEars& ears, const std::string& complaint) {
  const std::string heard =
      ears.frames() == 0
          ? "silence"
          : fmt::format("{} frames, and none of them of a board that is known", ears.frames());
  return fmt::format(
      "{}: {}{}{}. Boards of JK send at 250 kbit/s, PB boards also at 500; the bit rate is set "
      "from outside: ip link set {} down; ip link set {} up type can bitrate 250000. Check CAN-H, "
      "CAN-L and 120 ohm at both ends as well, and that the board has its CAN protocol chosen",
      port, heard, complaint.empty() ? "" : "; ", complaint, port, port);
}

}  // namespace

struct CanEars::Ear {
  Ear(const ProtocolSpec& protocol, std::uint8_t number)
      : spec(&protocol), address(number), box(protocol, number) {}
  const ProtocolSpec* spec;
  std::uint8_t address;
  ProtocolBox box;
  Pack pack{};
  std::optional<Instant> told{};
  bool extended = false;
};

CanEars::CanEars() {
  for (const ProtocolSpec* spec : all_protocols()) {
    if (spec->bus != Bus::can) continue;
    for (unsigned address = 0; address <= (spec->addressed ? spec->highest_address : 0U); ++address)
      ears_.push_back(std::make_unique<Ear>(*spec, static_cast<std::uint8_t>(address)));
  }
}

CanEars::~CanEars() = default;

void CanEars::hear(std::span<const std::uint8_t> records, Instant now) {
  for (; records.size() >= kCanRecordSize; records = records.subspan(kCanRecordSize)) {
    ++frames_;
    const auto frame = from_record(records);
    for (const auto& ear : ears_) {
      const Heard heard = ear->box->feed(records.first(kCanRecordSize), now, ear->pack).heard;
      if (heard != Heard::part && heard != Heard::frame) continue;
      if (heard == Heard::frame) ear->told = now;
      ear->extended |= frame && frame->extended;
    }
  }
}

std::vector<FoundDevice> CanEars::found(const std::string& port) const {
  std::vector<FoundDevice> devices;
  for (const auto& ear : ears_) {
    if (!ear->told) continue;
    FoundDevice device{ear->spec, port, 0, ear->address, false, ear->pack, *ear->told, {}};
    device.remark = ear->extended ? "V2 firmware"
                                  : "V1 firmware: where it charges and the current is negative, "
                                    "add discharge_positive = true";
    devices.push_back(std::move(device));
  }
  return devices;
}

ScannedPort scan_can(const std::string& port, std::unique_ptr<Transport> bus, Millis listen) {
  ScannedPort result;
  if (bus->open() == Transport::State::closed) {
    result.fault = bus->error();
    return result;
  }
  CanEars ears;
  std::array<std::uint8_t, 1024> room{};
  const Instant until = clock_now() + listen;
  for (Instant now = clock_now(); now < until; now = clock_now()) {
    pollfd watched{bus->descriptor(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(until.ms - now.ms)) <= 0) continue;
    ears.hear(bus->on_ready(static_cast<std::uint32_t>(watched.revents), room), clock_now());
    if (bus->state() != Transport::State::closed) continue;
    result.fault = bus->error();
    break;
  }
  result.devices = ears.found(port);
  if (result.devices.empty() && result.fault.empty())
    result.advice = advice(port, ears, bus->complaint());
  return result;
}

ScannedPort scan_can(const std::string& port) {
  return scan_can(port, make_transport(Bus::can, {.name = port}));
}

std::vector<std::string> can_interfaces(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    int type = 0;
    std::ifstream(entry.path() / "type") >> type;
    if (type == ARPHRD_CAN) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_can_name(std::string_view port) { return port.find('/') == std::string_view::npos; }

}  // namespace cw
