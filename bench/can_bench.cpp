// SPDX-License-Identifier: Apache-2.0
// What a CAN frame costs the gateway's processor on a full bus of 250 kbit/s: through the line with
// fifteen boards on it, from the record to the pack.
#include <ctime>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "drivers/protocol/registry.h"
#include "drivers/session/line.h"
#include "simulator/virtual_pack.h"

namespace {

using cw::CanFrame;
using cw::Instant;
using cw::Millis;

constexpr std::uint8_t kBoards = 15;
constexpr std::int64_t kLimit_ns = 5'000;  // of processor time a frame
constexpr Instant kStart{1'000'000};

struct Timed {
  Instant at;
  cw::CanRecord record;
};

/// Ten seconds of fifteen boards of 16 cells: 92 frames a second each.
std::vector<Timed> make_traffic() {
  std::vector<std::unique_ptr<cw::simulator::VirtualPack>> boards;
  for (std::uint8_t address = 0; address < kBoards; ++address) {
    cw::simulator::PackSpec spec;
    spec.hold = true;
    spec.can = cw::simulator::JkCanBoardOptions{.address = address};
    boards.push_back(std::make_unique<cw::simulator::VirtualPack>(spec, address + 1U, kStart));
  }
  std::vector<Timed> traffic;
  std::vector<CanFrame> frames;
  for (Instant now = kStart; now < kStart + Millis{10'000}; now = now + Millis{1}) {
    for (const auto& board : boards) board->broadcast(now, frames);
    for (const CanFrame& frame : frames) traffic.push_back({now, cw::to_record(frame)});
    frames.clear();
  }
  return traffic;
}

class Gateway {
 public:
  Gateway() {
    for (std::uint8_t address = 0; address < kBoards; ++address) {
      protocols_.push_back(
          std::make_unique<cw::ProtocolBox>(*cw::find_protocol("jk-can"), address));
      line_.add(**protocols_.back(), packs_[address], {}, kStart);
    }
    line_.on_up(kStart);
  }
  /// Returns how many times a pack was told.
  std::int64_t hear(const std::vector<Timed>& traffic, Millis later) {
    std::int64_t told = 0;
    for (const Timed& timed : traffic) {
      const Instant now = timed.at + later;
      if (line_.deadline() <= now) (void)line_.on_time(now);
      line_.on_bytes(timed.record, now);
      told += static_cast<std::int64_t>(line_.completed().size());
    }
    return told;
  }

 private:
  cw::Line line_{cw::LineTimes{}, cw::kCanRecordSize};
  std::vector<std::unique_ptr<cw::ProtocolBox>> protocols_;
  std::vector<cw::Pack> packs_{kBoards};
};

double processor_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Timed> traffic = make_traffic();
  const int rounds =
      argc == 3 && std::string_view{argv[1]} == "instructions" ? std::atoi(argv[2]) : 50;
  Gateway gateway;
  const double start = processor_ns();
  std::int64_t told = 0;
  for (int round = 0; round < rounds; ++round)
    told += gateway.hear(traffic, Millis{round * 10'000});
  const double ns = (processor_ns() - start) / static_cast<double>(traffic.size()) / rounds;
  std::printf(
      "can time ns/frame limit %lld ours %.0f ratio %.2f (%zu frames a second, of 15 "
      "boards, told %lld times a second)\n",
      static_cast<long long>(kLimit_ns), ns, ns / static_cast<double>(kLimit_ns),
      traffic.size() / 10, static_cast<long long>(told / rounds / 10));
  return told > 0 && ns <= static_cast<double>(kLimit_ns) ? 0 : 1;
}
