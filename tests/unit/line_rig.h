// SPDX-License-Identifier: Apache-2.0
// A protocol made for the tests of a line: small frames with an address and a number, so that every
// answer can be traced to the request it belongs to.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drivers/session/line.h"

namespace cw::test {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint8_t kRequestMark = 'Q';  // Q address number sum
inline constexpr std::uint8_t kAnswerMark = 'A';   // A address number length payload... sum
inline constexpr std::size_t kRequestSize = 4;
inline constexpr std::size_t kLongestFrame = 64;

inline std::uint8_t sum_of(std::span<const std::uint8_t> bytes) {
  unsigned sum = 0;
  for (const std::uint8_t byte : bytes) sum = sum * 31 + byte + 1;
  return static_cast<std::uint8_t>(sum);
}

inline Bytes answer(std::uint8_t address, std::uint8_t number, std::uint8_t payload = 3) {
  Bytes bytes{kAnswerMark, address, number, payload};
  for (std::uint8_t i = 0; i < payload; ++i) bytes.push_back(static_cast<std::uint8_t>(0x80 + i));
  bytes.push_back(sum_of(bytes));
  return bytes;
}

inline Bytes request_to(std::uint8_t address, std::uint8_t number) {
  Bytes bytes{kRequestMark, address, number};
  bytes.push_back(sum_of(bytes));
  return bytes;
}

// W address number sum is an order; w address number (1: taken, 0: refused) sum its answer.
inline constexpr std::uint8_t kOrderMark = 'W';
inline constexpr std::uint8_t kReplyMark = 'w';

inline Order order_to(std::uint8_t address, std::uint8_t number) {
  Order order;
  for (const std::uint8_t byte : {kOrderMark, address, number}) order.request.add(byte);
  order.request.add(sum_of(order.request.view()));
  order.request.reply_within = Millis{300};
  return order;
}

inline Bytes reply_to_order(std::uint8_t address, bool taken) {
  Bytes bytes{kReplyMark, address, static_cast<std::uint8_t>(taken ? 1 : 0)};
  bytes.push_back(sum_of(bytes));
  return bytes;
}

struct Heard {
  std::uint8_t address;
  std::uint8_t number;
  Instant when;
};

class FakeProtocol final : public Protocol {
 public:
  explicit FakeProtocol(std::uint8_t address) : address_(address) {}

  bool addressed = true;  // refuses the frames of others
  bool only_listens = false;
  bool babbles = false;  // wants more whatever it gets
  Millis reply_within{200};
  std::vector<Heard> heard;
  std::uint8_t number = 0;  // of the last request
  std::uint64_t requests = 0;
  std::uint64_t wrong = 0;  // answers of others, or to an older request
  std::uint64_t frames = 0;
  bool remembers = true;  // keeps `heard`

  Fed feed(std::span<const std::uint8_t> in, Instant now, Pack& out) override {
    if (babbles) return {};
    if (in[0] == kRequestMark) {
      if (in.size() < kRequestSize) return {};
      if (in[3] != sum_of(in.first(3))) return {1, cw::Heard::noise};
      return {kRequestSize, cw::Heard::not_for_us};
    }
    if (in[0] == kReplyMark) return feed_reply(in);
    if (in[0] != kAnswerMark) return {1, cw::Heard::noise};
    if (in.size() < 4) return {};
    if (in[3] > kLongestFrame - 5) return {1, cw::Heard::noise};
    const std::size_t size = std::size_t{in[3]} + 5;
    if (in.size() < size) return {};
    if (in[size - 1] != sum_of(in.first(size - 1))) return {1, cw::Heard::bad_checksum};
    if (addressed && in[1] != address_) return {size, cw::Heard::not_for_us};
    if (in[3] == 0) return {size, cw::Heard::malformed};
    take({in[1], in[2], now}, out);
    return {size, cw::Heard::frame};
  }

  Fed overhear(std::span<const std::uint8_t> in) const override {
    const bool request = in[0] == kRequestMark;
    if (!request && in[0] != kAnswerMark) return {1, cw::Heard::noise};
    if (in.size() < kRequestSize) return {};
    if (!request && in[3] > kLongestFrame - 5) return {1, cw::Heard::noise};
    const std::size_t size = request ? kRequestSize : std::size_t{in[3]} + 5;
    if (in.size() < size) return {};
    if (in[size - 1] != sum_of(in.first(size - 1))) return {1, cw::Heard::noise};
    return {size, request ? cw::Heard::not_for_us : cw::Heard::frame};
  }

  std::optional<Request> next_request(Instant) override {
    if (only_listens) return std::nullopt;
    ++requests;
    ++number;
    Request request;
    request.reply_within = reply_within;
    request.add(kRequestMark);
    request.add(address_);
    request.add(number);
    request.add(sum_of(request.view()));
    return request;
  }

 private:
  Fed feed_reply(std::span<const std::uint8_t> in) const {
    if (in.size() < kRequestSize) return {};
    if (in[3] != sum_of(in.first(3))) return {kRequestSize, cw::Heard::bad_checksum};
    if (in[1] != address_) return {kRequestSize, cw::Heard::not_for_us};
    if (in[2] == 0) return {kRequestSize, cw::Heard::refused, "it does not want to"};
    return {kRequestSize, cw::Heard::acknowledged, "it took it"};
  }

  void take(const cw::test::Heard& frame, Pack& out) {
    ++frames;
    if (frame.address != address_ || (!only_listens && frame.number != number)) ++wrong;
    if (remembers) heard.push_back(frame);
    out.scalars.cycle_count.set({frame.number}, frame.when);
  }

  std::uint8_t address_;
};

}  // namespace cw::test
