// SPDX-License-Identifier: Apache-2.0
#include "simulator/readers/modbus_master.h"

#include <algorithm>

namespace cw::simulator {
namespace {

constexpr std::uint8_t kRead = 3;
constexpr std::uint8_t kWrite = 16;
constexpr std::uint8_t kRefused = 0x80;
constexpr std::size_t kHeader = 6;  // of TCP: transaction, protocol 0, length
constexpr std::size_t kSum = 2;     // of a serial line

void append(std::vector<std::uint8_t>& bytes, unsigned word) {
  bytes.push_back(static_cast<std::uint8_t>(word >> 8));
  bytes.push_back(static_cast<std::uint8_t>(word));
}

std::uint16_t word_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  unsigned sum = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    sum ^= byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1) != 0 ? sum >> 1 ^ 0xA001 : sum >> 1;
  }
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

std::span<const std::uint8_t> ModbusMaster::read(std::uint16_t address, std::uint16_t quantity) {
  std::vector<std::uint8_t> request = {unit_, kRead};
  append(request, address);
  append(request, quantity);
  return send(std::move(request));
}

std::span<const std::uint8_t> ModbusMaster::write(std::uint16_t address,
                                                  std::span<const std::uint16_t> values) {
  std::vector<std::uint8_t> request = {unit_, kWrite};
  append(request, address);
  append(request, static_cast<unsigned>(values.size()));
  request.push_back(static_cast<std::uint8_t>(2 * values.size()));
  for (const std::uint16_t value : values) append(request, value);
  return send(std::move(request));
}

std::span<const std::uint8_t> ModbusMaster::send(std::vector<std::uint8_t> request) {
  heard_.clear();
  sent_.clear();
  asked_ = std::move(request);
  if (framing_ == Framing::tcp) {
    append(sent_, ++transaction_);
    append(sent_, 0);
    append(sent_, static_cast<unsigned>(asked_.size()));
  }
  sent_.insert(sent_.end(), asked_.begin(), asked_.end());
  if (framing_ == Framing::rtu) {
    const unsigned sum = checksum(asked_);
    sent_.push_back(static_cast<std::uint8_t>(sum));
    sent_.push_back(static_cast<std::uint8_t>(sum >> 8));
  }
  return sent_;
}

std::optional<ModbusAnswer> ModbusMaster::hear(std::span<const std::uint8_t> bytes) {
  if (asked_.empty()) return std::nullopt;
  heard_.insert(heard_.end(), bytes.begin(), bytes.end());
  const auto size = size_of_answer();
  if (!size || heard_.size() < *size) return std::nullopt;
  const std::span<const std::uint8_t> whole{heard_.data(), *size};
  const bool tcp = framing_ == Framing::tcp;
  const bool good = tcp ? word_at(whole, 0) == transaction_ && word_at(whole, 2) == 0
                        : checksum(whole) == 0;  // over a frame with its own sum
  const auto body = tcp ? whole.subspan(kHeader) : whole.first(whole.size() - kSum);
  auto answer = good ? take(asked_, body) : std::nullopt;
  heard_.clear();
  if (answer) asked_.clear();
  return answer;
}

// Nothing: too little was heard to know.
std::optional<std::size_t> ModbusMaster::size_of_answer() const {
  if (framing_ == Framing::tcp) {
    if (heard_.size() < kHeader) return std::nullopt;
    return kHeader + std::max<std::size_t>(word_at(heard_, 4), 3);
  }
  if (heard_.size() < 3) return std::nullopt;
  if ((heard_[1] & kRefused) != 0) return 3 + kSum;
  return heard_[1] == kRead ? 3U + heard_[2] + kSum : 6 + kSum;
}

std::optional<ModbusAnswer> ModbusMaster::take(std::span<const std::uint8_t> request,
                                               std::span<const std::uint8_t> answer) {
  if (answer.size() < 3 || answer[0] != request[0]) return std::nullopt;
  ModbusAnswer out{.address = word_at(request, 2), .exception = 0, .values = {}};
  if (answer[1] == (request[1] | kRefused)) {
    out.exception = answer[2];
    return out;
  }
  if (answer[1] != request[1]) return std::nullopt;
  if (answer[1] == kWrite) return out;
  const std::size_t quantity = word_at(request, 4);
  if (answer[2] != 2 * quantity || answer.size() != 3 + 2 * quantity) return std::nullopt;
  for (std::size_t i = 0; i < quantity; ++i) out.values.push_back(word_at(answer, 3 + 2 * i));
  return out;
}

}  // namespace cw::simulator
