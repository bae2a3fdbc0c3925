// SPDX-License-Identifier: Apache-2.0
// Writing over JK's Bluetooth protocol: which register carries which setting in each of the three
// generations, and the commands that change them. The same number means different things in them
// (0x21 calibrates a voltage in one and delays a short circuit in another), so that nothing is
// written before the generation is known. Never written: presets, factory reset, shut-down,
// passcodes and the clock. No I/O, no clock. Source: syssi/esphome-jk-bms, components/jk_bms_ble,
// and logs of the maker's app.
#pragma once
#include <utility>

#include "drivers/protocol/jk_ble.h"
#include "drivers/protocol/jk_record.h"
#include "drivers/protocol/settings.h"

namespace cw::jk_ble {

class BleSettings final : public Settings {
 public:
  /// `layout`: of the board, as far as it is known; outlives this.
  explicit BleSettings(const std::optional<jk_record::Layout>& layout) : layout_(layout) {}

  Writing writing(Setting setting) const override;
  std::int32_t step(Setting setting) const override;
  std::optional<Order> order(const Change& change, const Pack& known, unsigned part) override;

  /// The settings were read: the last change is in them.
  void on_settings() { stale_ = false; }
  /// An order was given and the settings were not read since.
  bool stale() const { return stale_; }
  /// What is to be asked for next to see what came of an order; nothing: no order was given.
  std::optional<Command> take_question() { return std::exchange(question_, std::nullopt); }

 private:
  const std::optional<jk_record::Layout>& layout_;
  std::optional<Command> question_;
  bool stale_ = false;
};

}  // namespace cw::jk_ble
