// SPDX-License-Identifier: Apache-2.0
// Writing the settings and switches of JK's "inverter" boards, one register a change. Nothing else
// is ever written: the commands behind 0x1600 mean different things in two versions of the document
// (0x160A loads one chemistry's preset or another's), and 0x1108 and 0x14B2 would change where the
// board is found.
#pragma once
#include <utility>

#include "drivers/protocol/jk_modbus.h"
#include "drivers/protocol/settings.h"

namespace cw::jk_modbus {

class ModbusSettings final : public Settings {
 public:
  explicit ModbusSettings(std::uint8_t address) : address_(address) {}

  Writing writing(Setting setting) const override;
  std::int32_t step(Setting setting) const override;
  std::optional<Order> order(const Change& change, const Pack& known, unsigned part) override;

  /// Acknowledged or refused, if this message of the board answers the last order.
  std::optional<Heard> answer_to_order(const Message& message);

  /// The settings were read, the last change is in them.
  void on_settings(jk_record::Record record);

  /// An order was given and the settings were not read since.
  bool stale() const { return stale_; }

  /// True once behind each order: the settings are to be read next.
  bool take_ordered() { return std::exchange(read_next_, false); }

 private:
  const jk_record::Slot* slot_of(Setting setting) const;

  std::uint8_t address_;
  std::optional<std::uint16_t> ordered_;  // register of the order that is not answered
  std::optional<std::uint8_t> flags_;     // the byte that shares a word with the smart-sleep delay
  bool stale_ = false;
  bool read_next_ = false;
};

}  // namespace cw::jk_modbus
