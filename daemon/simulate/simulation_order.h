// SPDX-License-Identifier: Apache-2.0
// What a person says to a running simulation, one line at a time: from the control socket or from a
// script. Turns words into orders; carries out nothing.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/units.h"
#include "simulator/fault.h"

namespace cw {

struct SimulationOrder {
  enum class Kind : std::uint8_t { status, state, help, inject, clear, clear_all };
  Kind kind = Kind::status;
  std::size_t pack = 0;  // index; of state, inject, clear and clear_all
  simulator::Fault fault{};
  std::size_t number = 0;
  std::int32_t value = 0;
};

struct ReadOrder {
  std::optional<SimulationOrder> order;
  std::string fault;       // else: what is wrong, and what would be right
  std::size_t column = 0;  // of the word it is about, from 0
};

/// "garage cell_voltage 3 3.70", "garage mute", "garage clear [FAULT]", "status", "state garage",
/// "help". `packs`: the names in order.
ReadOrder read_order(std::string_view line, std::span<const std::string> packs);

/// All that can be said, in one line.
std::string simulation_words();

/// "cell_voltage 3 3.7 V": a fault as it would be typed.
std::string fault_text(simulator::Fault fault, std::size_t number, std::int32_t value);

struct TimedOrder {
  Millis at;  // simulated time since the start
  SimulationOrder order;
};

struct ReadScript {
  std::vector<TimedOrder> orders;   // by time; those of one time in the order of the file
  std::vector<std::string> faults;  // "file:line:column: what"
};

/// Lines "TIME ORDER" ("10 s garage mute" or "10s garage mute"); # begins a comment.
ReadScript read_script(std::string_view text, std::string_view file,
                       std::span<const std::string> packs);

}  // namespace cw
