// SPDX-License-Identifier: Apache-2.0
// A wire with devices on it, in virtual time of microseconds: bytes take their time, cables flip
// bits, devices come and go. Drives a Line exactly as its owner does and checks, at every step,
// what must hold whatever happens.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "tests/unit/line_rig.h"

namespace cw::test {

struct Cable {
  double bit_error = 0;    // of one bit
  double no_answer = 0;    // of one request
  double late_answer = 0;  // of one request: up to 1.9 times reply_within
  double noise = 0;        // of one request: some bytes before the answer
  double unplugged = 0;    // of one request: the wire goes down for a minute
  bool echo = false;
  bool split = true;  // answers arrive in pieces
};

struct Device {
  bool alive = true;
  std::uint8_t payload = 3;
  std::uint64_t asked = 0;
};

class LineWorld {
 public:
  LineWorld(std::size_t stations, StationTimes times, Cable cable, std::uint32_t seed,
            LineTimes line_times = {}, Millis reply_within = {200})
      : line(line_times, kLongestFrame), devices(stations), cable_(cable), random_(seed) {
    for (std::size_t i = 0; i < stations; ++i) {
      protocols.push_back(std::make_unique<FakeProtocol>(static_cast<std::uint8_t>(i + 1)));
      protocols[i]->remembers = false;
      protocols[i]->reply_within = reply_within;
      packs.push_back(std::make_unique<Pack>());
      line.add(*protocols[i], *packs[i], times, now());
    }
    line.on_up(now());
  }

  Instant now() const { return {now_us_ / 1000}; }

  void run(std::int64_t milliseconds) {
    const std::int64_t end_us = now_us_ + milliseconds * 1000;
    while (!testing::Test::HasFailure()) {
      const std::int64_t timer_us = std::max(line.deadline().ms * 1000, now_us_);
      const std::int64_t arrival_us = head_ < tail_ ? at(head_).at_us : kNever_us;
      const std::int64_t next_us = std::min({timer_us, arrival_us, plug_at_us_});
      if (next_us > end_us) break;
      now_us_ = next_us;
      if (plug_at_us_ == next_us) {
        plug_at_us_ = kNever_us;
        line.on_up(now());
      } else if (arrival_us == next_us) {
        const Piece& piece = at(head_++);
        line.on_bytes({piece.bytes.data(), piece.size}, now());
      }
      take_turn();
    }
    now_us_ = end_us;
  }

  Line line;
  std::vector<Device> devices;
  std::vector<std::unique_ptr<FakeProtocol>> protocols;
  std::vector<std::unique_ptr<Pack>> packs;
  std::uint64_t turns = 0;
  std::uint64_t unplugged = 0;
  std::int64_t byte_us = 87;  // 115200 baud
  std::int64_t turnaround_us = 500;

 private:
  struct Piece {
    std::int64_t at_us = 0;
    std::size_t size = 0;
    std::array<std::uint8_t, kLongestFrame> bytes{};
  };
  static constexpr std::int64_t kNever_us = std::int64_t{1} << 62;

  void take_turn() {
    ++turns;
    const bool waiting = line.asking().has_value();
    const Instant by = line.deadline();
    const auto request = line.on_time(now());
    if (!request) {
      EXPECT_GT(line.deadline(), now()) << "the owner would spin";
      return;
    }
    EXPECT_TRUE(!waiting || by <= now()) << "two requests outstanding";
    if (chance(cable_.unplugged)) return unplug();
    answer_to(*request);
  }

  void unplug() {
    ++unplugged;
    line.on_down(now());
    head_ = tail_ = 0;
    plug_at_us_ = now_us_ + 60'000'000;
  }

  void answer_to(const Request& request) {
    std::int64_t at_us = now_us_ + request.size * byte_us;
    if (cable_.echo) send(request.view(), at_us);
    Device& device = devices[request.bytes[1] - 1U];
    ++device.asked;
    if (chance(cable_.noise)) {
      std::array<std::uint8_t, 5> noise{};
      for (auto& byte : noise) byte = static_cast<std::uint8_t>(random_());
      send(std::span{noise}.first(1 + random_() % noise.size()), at_us + 100);
    }
    if (!device.alive || chance(cable_.no_answer)) return;
    at_us += turnaround_us;
    if (chance(cable_.late_answer))
      at_us += std::int64_t{request.reply_within.count} * (1000 + random_() % 900);
    build_answer(request.bytes[1], request.bytes[2], device.payload);
    damage();
    if (!cable_.split) return send(frame(), at_us + static_cast<std::int64_t>(size_) * byte_us);
    std::size_t sent = 0;
    while (sent < size_) {
      const std::size_t piece = std::min<std::size_t>(1 + random_() % 24, size_ - sent);
      at_us += static_cast<std::int64_t>(piece) * byte_us;
      send(frame().subspan(sent, piece), at_us);
      sent += piece;
    }
  }

  void build_answer(std::uint8_t address, std::uint8_t number, std::uint8_t payload) {
    size_ = 0;
    for (const std::uint8_t byte : {kAnswerMark, address, number, payload}) frame_[size_++] = byte;
    for (std::uint8_t i = 0; i < payload; ++i)
      frame_[size_++] = static_cast<std::uint8_t>(0x80 + i);
    frame_[size_] = sum_of(frame());
    ++size_;
  }
  std::span<const std::uint8_t> frame() const { return std::span{frame_}.first(size_); }

  // One bit of a frame at most, so that the weak checksum of the tests' frames is never deceived.
  void damage() {
    if (!chance(cable_.bit_error * 8 * static_cast<double>(size_))) return;
    frame_[random_() % size_] ^= static_cast<std::uint8_t>(1U << random_() % 8);
  }

  bool chance(double probability) {
    return probability > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < probability;
  }

  // Pieces wait in a ring in order of arrival, without a heap.
  Piece& at(std::size_t index) { return pieces_[index % pieces_.size()]; }
  void send(std::span<const std::uint8_t> bytes, std::int64_t at_us) {
    ASSERT_LT(tail_ - head_, pieces_.size());
    std::size_t place = tail_++;
    for (; place > head_ && at(place - 1).at_us > at_us; --place) at(place) = at(place - 1);
    at(place).at_us = at_us;
    at(place).size = bytes.size();
    std::copy(bytes.begin(), bytes.end(), at(place).bytes.begin());
  }

  Cable cable_;
  std::mt19937 random_;
  std::int64_t now_us_ = 1'000'000'000;
  std::int64_t plug_at_us_ = kNever_us;
  std::array<Piece, 256> pieces_{};
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::array<std::uint8_t, kLongestFrame> frame_{};
  std::size_t size_ = 0;
};

}  // namespace cw::test
