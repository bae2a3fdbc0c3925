// SPDX-License-Identifier: Apache-2.0
// What the operator says about charging the bank. The defaults are those for LFP
// (charge-control.md, sections 6 to 11); for other chemistries every voltage and every curve over
// cell voltages must be given. Voltages are those of one cell.
#pragma once
#include <optional>
#include <string_view>

#include "core/curve.h"
#include "core/units.h"

namespace cw {

struct ChargeSettings {
  using Ms = Millis;

  // Voltages of a cell.
  Millivolts absorption_voltage{3'450};
  Millivolts float_voltage{3'350};
  Millivolts ceiling_voltage{3'500};    // a cell above it pulls the charge voltage down
  Millivolts discharge_voltage{2'900};  // DVL
  Millivolts nominal_voltage{3'200};    // for energies

  // Factors of a pack's currents, each over one measurement.
  Curve charge_by_cell{{3'400, 1000}, {3'450, 400}, {3'500, 100}, {3'550, 20}, {3'580, 0}};
  Curve discharge_by_cell{{2'900, 0}, {3'000, 200}, {3'100, 600}, {3'150, 1000}};
  Curve charge_by_temperature{{0, 0},      {50, 250},  {100, 600}, {150, 1000},
                              {450, 1000}, {500, 500}, {550, 0}};
  Curve discharge_by_temperature{{-200, 0},   {-100, 300}, {0, 700}, {100, 1000},
                                 {500, 1000}, {550, 500},  {600, 0}};
  Curve by_mosfet_temperature{{700, 1000}, {800, 250}, {900, 0}};
  Curve charge_by_soc{};  // over 0.01 %; none: the state of charge is the least reliable input
  Curve discharge_by_soc{};

  // The whole bank.
  std::optional<Milliamps> charge_current_most;
  std::optional<Milliamps> discharge_current_most;
  std::int32_t board_share_pct = 90;  // of a board's over-current setting that is asked for
  bool mixed_chemistries = false;     // packs of different kinds may share a bus
  bool alarm_if_any = false;          // one pack's protection is an alarm of the bank

  // Data that get old.
  Ms lost_after{30'000};  // from the last data to a pack that counts as lost
  Ms blind_for{60'000};   // zeros are sent for so long after the last pack was lost
  Ms ride_through{0};     // half of the last limits for so long, if all was well when it happened
  Millivolts ride_cell_least{3'225};  // "well": every cell and sensor within these
  Millivolts ride_cell_most{3'375};
  DeciCelsius ride_temperature_least{50};
  DeciCelsius ride_temperature_most{400};
  Ms start_grace{30'000};  // packs not yet heard do not count as lost for so long

  // The stages.
  Millivolts absorption_enter_below{100};  // of the bank, below the absorption voltage
  Ms absorption_enter_after{10'000};
  Millivolts absorption_leave_below{500};
  Ms absorption_leave_after{60'000};
  Ms absorption_least{600'000};
  Ms absorption_most{7'200'000};
  std::int32_t tail_permille_per_hour = 50;  // of the capacity: 0.05 C
  Ms tail_for{60'000};
  Millivolts full_cell_difference{30};
  CentiPercent bulk_again_soc{9'000};
  std::int32_t full_charge_due_days = 14;     // float is left at the next chance
  std::int32_t full_charge_wanted_days = 30;  // the inverter is asked for it

  // When an inverter takes more than it was told: how long after that each step is taken; absent:
  // never (core/obedience.h).
  std::optional<Ms> ignored_flags_after;
  std::optional<Ms> ignored_soc_after;
  std::optional<Ms> ignored_silence_after;
  std::optional<Ms> ignored_relay_after;

  // How limits rise. They fall at once.
  Ms rise_after{30'000};
  Milliamps rise_per_second{5'000};
  std::int32_t rise_from_zero_permille = 20;  // of the full limit
  Ms voltage_rise_after{60'000};
  Millivolts voltage_rise_per_second{1};

  // The window of the state of charge, and charging that must be.
  CentiPercent soc_min{0};
  CentiPercent soc_max{10'000};
  CentiPercent force_charge_soc{500};
  CentiPercent force_charge_until_soc{1'200};
  Millivolts force_charge_voltage{2'900};
  Millivolts force_charge_until_voltage{3'100};
  Ms force_charge_after{60'000};

  // Packs that join.
  Millivolts join_window{500};               // of the packs, towards the bus
  std::int32_t join_permille_per_hour = 50;  // most current of the bank while one joins
  Ms join_zero_most{60'000};                 // zero currents are asked for no longer than this,
  Ms join_again_after{1'800'000};            // and for the same pack not again before this is over

  // A bank that fell asleep because nothing was asked of it.
  std::int32_t wake_permille_per_hour = 50;  // of the smallest pack's capacity; 0: never
  Ms wake_every{1'800'000};                  // of silence: so often it is offered,
  Ms wake_for{120'000};                      // for so long
  Milliamps wake_idle_most{2'000};           // by magnitude, of each pack, when it was last heard
};

/// What belongs to one pack and not to the bank.
struct ChargePackSettings {
  std::uint8_t cells = 0;
  std::uint8_t chemistry = 0;  // Chemistry of core/presets.h
  std::optional<Milliamps>
      charge_current{};  // most the operator allows; absent: the board's setting
  std::optional<Milliamps> discharge_current{};
  std::optional<MilliampHours> capacity{};  // where the board does not tell
};

}  // namespace cw
