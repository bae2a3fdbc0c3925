// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/can_health.h"

#include <fmt/format.h>
#include <linux/can/error.h>

namespace cw {

void CanHealth::on_error(const CanFrame& frame) {
  const std::uint8_t controller = (frame.id & CAN_ERR_CRTL) != 0 ? frame.data[1] : std::uint8_t{0};
  if ((controller & (CAN_ERR_CRTL_RX_OVERFLOW | CAN_ERR_CRTL_TX_OVERFLOW)) != 0)
    ++controller_overruns_;
  if ((controller & (CAN_ERR_CRTL_RX_PASSIVE | CAN_ERR_CRTL_TX_PASSIVE)) != 0)
    state_ = CanState::passive;
  else if ((controller & (CAN_ERR_CRTL_RX_WARNING | CAN_ERR_CRTL_TX_WARNING)) != 0)
    state_ = CanState::warning;
  else if ((controller & CAN_ERR_CRTL_ACTIVE) != 0)
    state_ = CanState::active;
  if ((frame.id & CAN_ERR_BUSOFF) != 0) {
    state_ = CanState::bus_off;
    ++bus_offs_;
  }
  if ((frame.id & CAN_ERR_RESTARTED) != 0) {
    state_ = CanState::active;
    ++restarts_;
  }
}

std::string CanHealth::text(const std::string& interface) const {
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!text.empty()) text += "; ";
    text += part;
  };
  if (state_ == CanState::bus_off)
    add(
        fmt::format("bus-off: nothing is sent or heard until it restarts (ip link set {} type can "
                    "restart-ms 100); check bit rate, wiring and termination",
                    interface));
  if (state_ == CanState::passive)
    add("error passive: many damaged frames, or nobody acknowledges; check bit rate, wiring and "
        "termination");
  if (state_ == CanState::warning) add("many damaged frames");
  if (bus_offs_ != 0) add(fmt::format("{} times bus-off, {} restarts", bus_offs_, restarts_));
  if (controller_overruns_ != 0)
    add(fmt::format("{} overflows in the controller", controller_overruns_));
  if (overruns_ != 0) add(fmt::format("{} frames came faster than they were read", overruns_));
  if (unsent_ != 0) add(fmt::format("{} frames could not be sent", unsent_));
  return text;
}

}  // namespace cw
