// SPDX-License-Identifier: Apache-2.0
// A bank of two packs, all of whose values are known, as inverters are told about it.
#pragma once
#include <vector>

#include "core/picture.h"

namespace cw::sample {

struct InverterBank {
  static constexpr Millis kMaxAge{5'000};
  std::vector<PackState> packs;
  Bank bank;
  BankRequest request;
  Instant now{100'000};

  InverterBank() {
    packs.push_back(pack("house", 3'302, {12'340}, {281'000}, {140'500}, {213}, now));
    packs.push_back(pack("shed", 3'298, {-2'340}, {60'000}, {31'000}, {11}, now));
    fill_request();
  }

  Picture picture() const { return {now, 0, Mode::control, packs, bank, {}, &request}; }

  /// As long as it is heard.
  void hear(std::size_t index) {
    packs[index] = index == 0 ? pack("house", 3'302, {12'340}, {281'000}, {140'500}, {213}, now)
                              : pack("shed", 3'298, {-2'340}, {60'000}, {31'000}, {11}, now);
  }
  void lose(std::size_t index) { packs[index].link.link = Link::lost; }

  /// Charge control says so when no pack is heard; its values stay the last known.
  void go_blind() {
    lose(0);
    lose(1);
    request.voice = Voice::blind;
    request.packs_offline = 2;
  }

 private:
  static PackState pack(std::string_view name, std::int32_t cell_mV, Milliamps current,
                        MilliampHours capacity, MilliampHours remaining, Count cycles,
                        Instant heard) {
    PackState state;
    state.name.assign(name);
    state.max_age = kMaxAge;
    state.link.link = Link::up;
    state.link.last_frame = heard;
    PackScalars& s = state.pack.scalars;
    s.voltage.set({16 * cell_mV}, heard);
    s.current.set(current, heard);
    s.capacity_full.set(capacity, heard);
    s.capacity_nominal.set(capacity, heard);
    s.capacity_remaining.set(remaining, heard);
    s.cycle_count.set(cycles, heard);
    s.soh.set({9'800}, heard);
    s.cell_count.set({16}, heard);
    s.mosfet_temperature.set({310}, heard);
    s.charge_mosfet.set({1}, heard);
    s.discharge_mosfet.set({1}, heard);
    for (std::size_t i = 0; i < 16; ++i) state.pack.cell_voltage[i].set({cell_mV}, heard);
    state.pack.temperature[0].set({251}, heard);
    state.pack.temperature[1].set({-12}, heard);
    state.pack.alarms.set({}, heard);
    state.pack.identity.serial.assign("SN-2024-0000000042");
    const std::pair<Parameter, std::int32_t> policy[] = {
        {Parameter::cell_overvoltage, 3'650},        {Parameter::cell_undervoltage, 2'700},
        {Parameter::charge_overtemperature, 600},    {Parameter::charge_undertemperature, 0},
        {Parameter::discharge_overtemperature, 650}, {Parameter::discharge_undertemperature, -200}};
    for (const auto& [parameter, value] : policy) state.policy.set(parameter, value);
    return state;
  }

  void fill_request() {
    request.voice = Voice::speaking;
    request.cells = 16;
    request.charge_voltage.value = {56'000};
    request.discharge_voltage.value = {44'800};
    request.charge_current.value = {123'450};
    request.discharge_current.value = {200'990};
    request.charge_enabled = true;
    request.discharge_enabled = true;
    request.packs = 2;
    request.packs_online = 2;
    BankMeasured& m = request.measured;
    m.voltage = {52'800};
    m.current = {10'000};
    m.soc = {5'079};
    m.soh = {9'800};
    m.capacity = {341'000};
    m.remaining = {171'500};
    m.cycles = {213};
    m.temperature = {119};
    m.temperature_max = {{251}, 1, 1};
    m.temperature_min = {{-12}, 2, 2};
    m.cell_max = {{3'302}, 1, 4};
    m.cell_min = {{3'298}, 2, 11};
  }
};

}  // namespace cw::sample
