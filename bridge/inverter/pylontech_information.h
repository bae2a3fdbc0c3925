// SPDX-License-Identifier: Apache-2.0
// What the commands of fixed length carry, as tables of slots: numbers as they are on the wire, big
// end first, one row a number (inverter-rs485.md, sections 3 and 4). The battery packs them, a
// reader unpacks them.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace cw::pylontech {

template <class Values>
struct Slot {
  std::uint8_t bytes;
  bool is_signed;
  std::int32_t Values::*member;
};

/// 0x92, and 0x63 without the number of the pack before it.
struct Management {
  std::int32_t charge_mV, discharge_mV, charge_current, discharge_current, status;
};
inline constexpr std::uint8_t kChargeEnable = 0x80;
inline constexpr std::uint8_t kDischargeEnable = 0x40;
inline constexpr std::uint8_t kChargeNow1 = 0x20;
inline constexpr std::uint8_t kChargeNow2 = 0x10;
inline constexpr std::uint8_t kFullChargeWanted = 0x08;

/// Modules say what they may give as a negative number.
inline constexpr std::array<Slot<Management>, 5> kManagementOfPack = {{
    {2, false, &Management::charge_mV},
    {2, false, &Management::discharge_mV},
    {2, true, &Management::charge_current},     // 0.1 A
    {2, true, &Management::discharge_current},  // 0.1 A, negative
    {1, false, &Management::status},
}};
inline constexpr std::array<Slot<Management>, 5> kManagementOfBank = {{
    {2, false, &Management::charge_mV},
    {2, false, &Management::discharge_mV},
    {2, false, &Management::charge_current},     // 0.1 A, or 0.01 A
    {2, false, &Management::discharge_current},  // the same, positive
    {1, false, &Management::status},
}};

/// 0x61. Temperatures in 0.1 K; `where` is module and cell, a byte each.
struct System {
  std::int32_t voltage_mV, current_cA, soc_pct;
  std::int32_t cycles_mean, cycles_max, soh_mean, soh_min;
  std::int32_t cell_max_mV, cell_max_where, cell_min_mV, cell_min_where;
  std::int32_t cell_mean_dK, cell_max_dK, cell_max_dK_where, cell_min_dK, cell_min_dK_where;
  std::int32_t mosfet_mean_dK, mosfet_max_dK, mosfet_max_where, mosfet_min_dK, mosfet_min_where;
  std::int32_t board_mean_dK, board_max_dK, board_max_where, board_min_dK, board_min_where;
};
inline constexpr std::array<Slot<System>, 26> kSystem = {{
    {2, false, &System::voltage_mV},       {2, true, &System::current_cA},
    {1, false, &System::soc_pct},          {2, false, &System::cycles_mean},
    {2, false, &System::cycles_max},       {1, false, &System::soh_mean},
    {1, false, &System::soh_min},          {2, false, &System::cell_max_mV},
    {2, false, &System::cell_max_where},   {2, false, &System::cell_min_mV},
    {2, false, &System::cell_min_where},   {2, false, &System::cell_mean_dK},
    {2, false, &System::cell_max_dK},      {2, false, &System::cell_max_dK_where},
    {2, false, &System::cell_min_dK},      {2, false, &System::cell_min_dK_where},
    {2, false, &System::mosfet_mean_dK},   {2, false, &System::mosfet_max_dK},
    {2, false, &System::mosfet_max_where}, {2, false, &System::mosfet_min_dK},
    {2, false, &System::mosfet_min_where}, {2, false, &System::board_mean_dK},
    {2, false, &System::board_max_dK},     {2, false, &System::board_max_where},
    {2, false, &System::board_min_dK},     {2, false, &System::board_min_where},
}};

/// 0x47. Currents in 0.1 A.
struct Limits {
  std::int32_t cell_high_mV, cell_low_mV, cell_under_mV;
  std::int32_t charge_high_dK, charge_low_dK, charge_current;
  std::int32_t module_high_mV, module_low_mV, module_under_mV;
  std::int32_t discharge_high_dK, discharge_low_dK, discharge_current;  // negative
};
inline constexpr std::array<Slot<Limits>, 12> kLimits = {{
    {2, false, &Limits::cell_high_mV},
    {2, false, &Limits::cell_low_mV},
    {2, false, &Limits::cell_under_mV},
    {2, false, &Limits::charge_high_dK},
    {2, false, &Limits::charge_low_dK},
    {2, true, &Limits::charge_current},
    {2, false, &Limits::module_high_mV},
    {2, false, &Limits::module_low_mV},
    {2, false, &Limits::module_under_mV},
    {2, false, &Limits::discharge_high_dK},
    {2, false, &Limits::discharge_low_dK},
    {2, true, &Limits::discharge_current},
}};

/// 0x42, what follows the cells and temperatures of a pack. Capacities in mAh; the long ones are
/// only sent with 4 items.
struct PackTail {
  std::int32_t current_dA, voltage_mV, remaining, items, total, cycles;
  std::int32_t remaining_long, total_long;
};
inline constexpr std::int32_t kShortItems = 2;
inline constexpr std::int32_t kLongItems = 4;
inline constexpr std::size_t kShortSlots = 6;  // of kPackTail
inline constexpr std::array<Slot<PackTail>, 8> kPackTail = {{
    {2, true, &PackTail::current_dA},
    {2, false, &PackTail::voltage_mV},
    {2, false, &PackTail::remaining},
    {1, false, &PackTail::items},
    {2, false, &PackTail::total},
    {2, false, &PackTail::cycles},
    {3, false, &PackTail::remaining_long},
    {3, false, &PackTail::total_long},
}};

inline constexpr std::int32_t kKelvinOffset = 2731;  // 0 °C in 0.1 K

/// Fills INFO from its front. What does not fit its slot is sent as the nearest that does, and
/// remembered.
class Packer {
 public:
  void put(std::int64_t value, unsigned bytes, bool is_signed = false);

  template <class Values>
  void put(const Values& values, std::span<const Slot<std::type_identity_t<Values>>> slots) {
    for (const Slot<Values>& slot : slots) put(values.*slot.member, slot.bytes, slot.is_signed);
  }

  bool held() const { return held_; }
  std::vector<std::uint8_t>& bytes() { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
  bool held_ = false;
};

/// The other way; false: there are fewer bytes than the slots need. What was read is taken off the
/// front of `bytes`.
template <class Values>
bool unpack(std::span<const std::uint8_t>& bytes,
            std::span<const Slot<std::type_identity_t<Values>>> slots, Values& values) {
  for (const Slot<Values>& slot : slots) {
    if (bytes.size() < slot.bytes) return false;
    const std::int32_t top = 1 << (8 * slot.bytes - 1);
    std::int32_t value = 0;
    for (unsigned i = 0; i < slot.bytes; ++i) value = value << 8 | bytes[i];
    values.*slot.member = slot.is_signed && value >= top ? value - 2 * top : value;
    bytes = bytes.subspan(slot.bytes);
  }
  return true;
}

}  // namespace cw::pylontech
