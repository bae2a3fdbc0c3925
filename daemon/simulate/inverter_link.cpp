// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/inverter_link.h"

#include <array>
#include <string>

#include "bridge/inverter/pylontech_ascii.h"
#include "bridge/inverter/pylontech_information.h"
#include "drivers/protocol/can_frame.h"

namespace cw {
namespace {

using simulator::InverterLimits;

/// Asks 0x63, like the hybrid inverters of the makes that speak it.
class PylontechLink final : public InverterLink {
 public:
  PylontechLink() {
    const std::string line = pylontech::build({0x20, 2, pylontech::kBatteryData, 0x63, {}});
    request_.assign(line.begin(), line.end());
  }

  std::span<const std::uint8_t> ask() override { return request_; }

  std::optional<InverterLimits> hear(std::span<const std::uint8_t> bytes) override {
    std::optional<InverterLimits> told;
    for (const std::uint8_t byte : bytes)
      if (const auto text = finder_.push(byte))
        if (const auto limits = decode(pylontech::parse(*text))) told = limits;
    return told;
  }

 private:
  static std::optional<InverterLimits> decode(const pylontech::Parsed& answer) {
    if (answer.fault != pylontech::Return::normal || answer.frame.command != 0) return std::nullopt;
    pylontech::Management values{};
    std::span<const std::uint8_t> rest = answer.frame.information;
    if (!pylontech::unpack(rest, pylontech::kManagementOfBank, values) || !rest.empty())
      return std::nullopt;
    const auto flag = [&](std::uint8_t bit) { return (values.status & bit) != 0; };
    return InverterLimits{{values.charge_mV},
                          {values.discharge_mV},
                          {values.charge_current * 100},
                          {values.discharge_current * 100},
                          flag(pylontech::kChargeEnable),
                          flag(pylontech::kDischargeEnable),
                          flag(pylontech::kChargeNow1) || flag(pylontech::kChargeNow2)};
  }

  std::vector<std::uint8_t> request_;
  pylontech::TextFinder finder_;
};

/// The frames nearly all low-voltage inverters read: 351 with the limits, 35C with the flags
/// (inverter-can.md, section 3). Little end first. Without flags a limit of 0 forbids by itself. It
/// says that it is there with 305, as most do.
class PylontechCanLink final : public InverterLink {
 public:
  std::span<const std::uint8_t> ask() override { return alive_; }

  std::optional<InverterLimits> hear(std::span<const std::uint8_t> bytes) override {
    const auto frame = from_record(bytes);
    if (!frame) return std::nullopt;
    if (frame->id == 0x35C && frame->length >= 1) flags_ = frame->data[0];
    if (frame->id != 0x351 || frame->length < 8) return std::nullopt;
    const auto word = [&](std::size_t at) {
      return static_cast<std::int32_t>(frame->data[at] | frame->data[at + 1] << 8);
    };
    const auto flag = [&](unsigned bit) { return (flags_ >> bit & 1) != 0; };
    return InverterLimits{{word(0) * 100}, {word(6) * 100}, {word(2) * 100},   {word(4) * 100},
                          flag(7),         flag(6),         flag(5) || flag(4)};
  }

 private:
  unsigned flags_ = 0xC0;
  CanRecord alive_ = to_record({.id = 0x305, .length = 8});
};

template <class Link>
std::unique_ptr<InverterLink> make() {
  return std::make_unique<Link>();
}

struct Row {
  std::string_view protocol;
  std::unique_ptr<InverterLink> (*make)();
};
constexpr std::array kLinks = {
    Row{"pylontech-rs485", make<PylontechLink>},
    Row{"pylontech-can", make<PylontechCanLink>},
    Row{"victron-can", make<PylontechCanLink>},
};

}  // namespace

std::unique_ptr<InverterLink> make_inverter_link(std::string_view protocol) {
  for (const Row& row : kLinks)
    if (row.protocol == protocol) return row.make();
  return nullptr;
}

}  // namespace cw
