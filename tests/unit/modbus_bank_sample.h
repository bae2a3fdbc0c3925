// SPDX-License-Identifier: Apache-2.0
// A bank with a request to look at through the maps of standards.
#pragma once
#include <cstdint>
#include <vector>

#include "bridge/modbus/modbus_options.h"
#include "bridge/modbus/modbus_site.h"

namespace cw::sample {

/// Two packs of 16 cells and 280 Ah, 200 A each, charging with 15.3 A and 14.8 A at 53.26 V.
struct BankSample {
  std::vector<PackState> packs;
  std::vector<RelayState> relays;
  BankRequest request;
  Bank bank;
  Instant now{100'000};
  std::uint8_t cells;

  explicit BankSample(std::size_t count = 2, std::uint8_t cells_of_each = 16)
      : cells(cells_of_each) {
    for (std::size_t i = 0; i < count; ++i) packs.push_back(pack(i));
    request.voice = Voice::speaking;
    request.cells = cells;
    request.charge_voltage.value = {55'200};
    request.discharge_voltage.value = {46'400};
    request.charge_current.value = {200'000};
    request.discharge_current.value = {400'000};
    request.charge_enabled = true;
    request.discharge_enabled = true;
    request.measured.voltage = Millivolts{53'260};
    request.measured.current = Milliamps{30'100};
    request.measured.soc = CentiPercent{7'640};
    refresh();
  }

  /// Every pack is heard at `now`.
  void refresh() {
    for (PackState& state : packs) hear(state);
    bank = aggregate(packs, now);
  }

  Picture picture() const {
    return {now, 1'700'000'000'000, Mode::control, packs, bank, relays, &request};
  }

  /// All units of a server for this bank, and as for a bank of configured ratings.
  ModbusOptions options() const {
    ModbusOptions out;
    out.sunspec.enabled = true;
    out.sunspec.site = "cabin";
    for (std::size_t i = 0; i < packs.size(); ++i) {
      ChargePackSettings pack;
      pack.cells = cells;
      pack.capacity = MilliampHours{280'000};
      pack.charge_current = Milliamps{200'000};
      pack.discharge_current = Milliamps{200'000};
      out.sunspec.packs.push_back(pack);
    }
    out.victron.enabled = true;
    return out;
  }

  Site site() const {
    Site out;
    out.take(picture(), {});
    return out;
  }

 private:
  PackState pack(std::size_t i) const {
    PackState state;
    state.name.assign(i == 0 ? "house" : "shed");
    state.max_age = {5'000};
    state.link.link = Link::up;
    state.pack.identity.serial.assign("SN-1");
    state.pack.scalars.current.set({i == 0 ? 15'300 : 14'800}, now);
    return state;
  }

  void hear(PackState& state) const {
    state.link.last_frame = now;
    PackScalars& s = state.pack.scalars;
    const auto current = s.current.fresh(s.current.heard(), {0});
    s.current.set(*current, now);
    s.voltage.set({53'260}, now);
    s.soc.set({7'640}, now);
    s.soh.set({9'900}, now);
    s.capacity_nominal.set({280'000}, now);
    s.cycle_count.set({213}, now);
    s.cell_count.set({cells}, now);
    s.charge_mosfet.set({1}, now);
    s.discharge_mosfet.set({1}, now);
    s.balancing.set({0}, now);
    for (std::size_t i = 0; i < cells; ++i)
      state.pack.cell_voltage[i].set({3'325 + static_cast<std::int32_t>(i)}, now);
    state.pack.temperature[0].set({236}, now);
    state.pack.temperature[1].set({238}, now);
    state.pack.alarms.set({}, now);
  }
};

}  // namespace cw::sample
