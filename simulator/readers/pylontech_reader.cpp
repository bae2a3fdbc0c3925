// SPDX-License-Identifier: Apache-2.0
// Pylontech's ASCII protocol, as hybrid inverters ask it: system command 63, every second
// (inverter-rs485.md, sections 2 and 4).
#include <algorithm>
#include <numeric>

#include "simulator/readers/readers.h"

namespace cw::simulator {
namespace {

constexpr std::string_view kRequest = "~200246630000FDA9\r";
constexpr std::size_t kLongest = 4'096;
constexpr std::size_t kHead = 12;         // VER ADR CID1 RTN LENGTH
constexpr std::size_t kSum = 4;           // CHKSUM
constexpr std::size_t kInformation = 18;  // of 63: CVL DVL CCL DCL status
constexpr std::int32_t kTenth_mA = 100;

std::optional<std::int32_t> hexadecimal(std::string_view digits) {
  constexpr std::string_view all = "0123456789ABCDEF";
  std::int32_t value = 0;
  for (const char digit : digits) {
    const std::size_t at = all.find(digit);
    if (at == std::string_view::npos) return std::nullopt;
    value = value << 4 | static_cast<std::int32_t>(at);
  }
  return value;
}

bool is_whole(std::string_view line) {
  if (line.size() < kHead + kSum) return false;
  const std::string_view body = line.substr(0, line.size() - kSum);
  const std::int32_t sum = std::accumulate(body.begin(), body.end(), 0);
  if (hexadecimal(line.substr(body.size())) != ((0x1'0000 - sum) & 0xFFFF)) return false;
  const auto length = hexadecimal(line.substr(8, 4));
  if (!length || static_cast<std::size_t>(*length & 0xFFF) != body.size() - kHead) return false;
  const std::int32_t digits = (*length >> 8 & 15) + (*length >> 4 & 15) + (*length & 15);
  return (*length >> 12) == (16 - digits % 16) % 16;
}

std::optional<InverterLimits> limits_in(std::string_view line) {
  constexpr std::string_view kBatteryIsWell = "4600";  // CID1, RTN
  if (!is_whole(line) || line.substr(4, 4) != kBatteryIsWell) return std::nullopt;
  const std::string_view information = line.substr(kHead, line.size() - kHead - kSum);
  if (information.size() != kInformation) return std::nullopt;
  const auto word = [&](std::size_t at) {
    return hexadecimal(information.substr(4 * at, 4)).value_or(0);
  };
  const std::int32_t status = hexadecimal(information.substr(16, 2)).value_or(0);
  return InverterLimits{.charge_voltage = Millivolts{word(0)},
                        .discharge_voltage = Millivolts{word(1)},
                        .charge_current = Milliamps{word(2) * kTenth_mA},
                        .discharge_current = Milliamps{word(3) * kTenth_mA},
                        .charge_enabled = (status & 0x80) != 0,
                        .discharge_enabled = (status & 0x40) != 0,
                        .force_charge = (status & 0x30) != 0};
}

class PylontechReader final : public InverterReader {
 public:
  std::span<const std::uint8_t> ask() override {
    return {reinterpret_cast<const std::uint8_t*>(kRequest.data()), kRequest.size()};
  }

  std::optional<InverterLimits> hear(std::span<const std::uint8_t> bytes) override {
    std::optional<InverterLimits> told;
    for (const std::uint8_t byte : bytes) {
      if (byte == '~') {
        line_.emplace();
      } else if (byte == '\r' && line_) {
        if (const auto limits = limits_in(*line_)) told = limits;
        line_.reset();
      } else if (line_) {
        line_->push_back(static_cast<char>(byte));
        if (line_->size() > kLongest) line_.reset();
      }
    }
    return told;
  }

 private:
  std::optional<std::string> line_;  // behind its "~"
};

}  // namespace

std::unique_ptr<InverterReader> make_pylontech_reader(std::string_view /*name*/,
                                                      std::uint8_t /*unit*/) {
  return std::make_unique<PylontechReader>();
}

}  // namespace cw::simulator
