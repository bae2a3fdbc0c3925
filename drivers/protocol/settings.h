// SPDX-License-Identifier: Apache-2.0
// What of a device can be changed, and the capability of a protocol to change it. A protocol only
// encodes and recognises: whether something may be written is decided before (CommandGate), when it
// is sent by the line, and whether it came true is seen in the Pack that later frames fill.
#pragma once
#include <cstdint>
#include <optional>

#include "core/pack.h"
#include "drivers/protocol/protocol.h"

namespace cw {

enum class Control : std::uint8_t {
  parameter,            // a row of kParameters, in its unit
  charge_switch,        // 0 or 1
  discharge_switch,     // 0 or 1
  balance_switch,       // 0 or 1
  emergency,            // 1 begins it, 0 ends it
  voltage_calibration,  // the true voltage of the pack, mV
  current_calibration,  // the true current, mA
  name,                 // a text
};
inline constexpr std::size_t kControlCount = 8;

constexpr std::string_view name(Control control) {
  constexpr std::string_view names[kControlCount] = {
      "parameter", "charge_switch",       "discharge_switch",    "balance_switch",
      "emergency", "voltage_calibration", "current_calibration", "name"};
  return names[static_cast<std::size_t>(control)];
}

struct Setting {
  Control control = Control::parameter;
  Parameter parameter{};  // only of Control::parameter
  friend constexpr bool operator==(const Setting&, const Setting&) = default;
};
constexpr Setting setting_of(Parameter parameter) { return {Control::parameter, parameter}; }
constexpr Setting setting_of(Control control) { return {control, {}}; }

struct Change {
  Setting setting;
  std::int32_t value = 0;  // in the unit of the setting
  Text<24> text{};         // only of Control::name
};

/// What is known about writing a setting over a wire. unverified: documented, or copied from one
/// source, and nobody has seen a board obey.
enum class Writing : std::uint8_t { impossible, unverified, verified };

/// A request that changes something. A board that should answer it does so within
/// `request.reply_within`; what it says to one that is not `answered` is heard as well.
struct Order {
  Request request;
  bool answered = true;
  Millis quiet{0};  // nothing is sent for so long behind it, the next part included
};

class Settings {
 public:
  /// How well this wire can write it, to the device as it is known now: a protocol that does not
  /// know yet what stands at the other end says `impossible`.
  virtual Writing writing(Setting setting) const = 0;

  /// The device counts it in multiples of this, in the unit of the setting; at least 1.
  virtual std::int32_t step(Setting setting) const = 0;

  /// What to send for a change, part by part from 0; the parts together are the whole change.
  /// Empty: there is no such part, or (part 0) the change cannot be carried. `known` is the device
  /// as it was last heard, for what can only be written together with its neighbour.
  ///
  /// From then on feed() knows the answer: Heard::acknowledged or Heard::refused, with the reason.
  /// And the next next_request() asks for whatever shows the effect of the change.
  virtual std::optional<Order> order(const Change& change, const Pack& known, unsigned part) = 0;

 protected:
  ~Settings() = default;
};

/// False: nothing that a device sends shows whether it came true; its acknowledgement must do.
constexpr bool is_reported(Setting setting) {
  return setting.control != Control::voltage_calibration &&
         setting.control != Control::current_calibration;
}

/// What the device says it is set to, if it said so at `since` or later. Of a name: absent.
constexpr std::optional<std::int32_t> reported(const Pack& pack, Setting setting, Instant since) {
  const auto flag = [&](const Reading<Flag>& reading) -> std::optional<std::int32_t> {
    const auto value = reading.fresh(reading.heard(), {0});
    if (!value || reading.heard() < since) return std::nullopt;
    return value->count;
  };
  switch (setting.control) {
    case Control::parameter:
      if (pack.parameters_heard < since) return std::nullopt;
      return pack.parameters.get(setting.parameter);
    case Control::charge_switch: return flag(pack.scalars.charge_switch);
    case Control::discharge_switch: return flag(pack.scalars.discharge_switch);
    case Control::balance_switch: return flag(pack.scalars.balance_switch);
    case Control::emergency: {
      const Reading<Seconds>& left = pack.scalars.emergency_remaining;
      const auto value = left.fresh(left.heard(), {0});
      if (!value || left.heard() < since) return std::nullopt;
      return value->count > 0 ? 1 : 0;
    }
    case Control::voltage_calibration:
    case Control::current_calibration:
    case Control::name: break;
  }
  return std::nullopt;
}

}  // namespace cw
