// SPDX-License-Identifier: Apache-2.0
// A picture to look at through Modbus: packs with a different number in every value.
#pragma once
#include <vector>

#include "core/fields.h"
#include "core/picture.h"

namespace cw::sample {

inline constexpr Millis kMaxAge{5'000};

/// Field `i` holds 1000 + i, cell voltages 3301 and up, temperatures -10.5 °C and up.
inline PackState pack(std::string_view name, Instant heard) {
  PackState state;
  state.name.assign(name);
  state.protocol = "jk-uart";
  state.max_age = kMaxAge;
  state.link.link = Link::up;
  state.link.last_frame = heard;
  for (std::size_t i = 0; i < kFieldCount; ++i)
    kFields[i].store(state.pack.scalars, 1000 + static_cast<std::int32_t>(i), heard);
  state.pack.scalars.current.set({-12'345}, heard);
  for (std::size_t i = 0; i < 16; ++i)
    state.pack.cell_voltage[i].set({3301 + static_cast<std::int32_t>(i)}, heard);
  state.pack.temperature[0].set({-105}, heard);
  AlarmSet alarms;
  alarms.add(Alarm::cell_overvoltage);
  alarms.add(Alarm::front_end_fault_b);
  alarms.unknown = 0x4001;
  state.pack.alarms.set(alarms, heard);
  state.pack.identity.make.assign("JK");
  state.pack.identity.model.assign("BD6A24S10P");
  state.pack.identity.serial.assign("SN-1");
  return state;
}

/// Owns what a picture refers to.
struct Sample {
  std::vector<PackState> packs;
  std::vector<RelayState> relays;
  Bank bank;
  Instant now{100'000};

  explicit Sample(std::size_t count = 2) {
    for (std::size_t i = 0; i < count; ++i) packs.push_back(pack(i == 0 ? "house" : "shed", now));
    bank = aggregate(packs, now);
    RelayState relay;
    relay.name.assign("charger");
    relay.wanted = true;
    relay.energised = true;
    relay.operations = 70'000;
    relays.push_back(relay);
  }
  Picture picture() const { return {now, 1'700'000'000'000, Mode::control, packs, bank, relays}; }
};

}  // namespace cw::sample
