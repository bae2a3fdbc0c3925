// SPDX-License-Identifier: Apache-2.0
// What a battery answers to each command of Pylontech's ASCII protocol: a table of commands over
// what the bank asks for (inverter-rs485.md, sections 3 to 5). No I/O, no clock.
#pragma once
#include <string_view>

#include "bridge/inverter/inverter_protocol.h"
#include "bridge/inverter/pylontech_ascii.h"
#include "bridge/inverter/told.h"

namespace cw::pylontech {

struct Answer {
  Return result = Return::normal;
  std::vector<std::uint8_t> information;
  std::string_view complaint{};  // what the protocol cannot carry; static; empty: nothing
};

inline constexpr std::uint8_t kUsualAddress = 2;  // the master of a single group

/// The answer to a request that is for us and was whole. The first of `options.addresses` (there is
/// one) is the first pack, the others follow. A value that is not known makes the answer
/// `internal_communication`: nothing is invented.
Answer answer(const Frame& request, const Told& told, const InverterOptions& options);

/// True for a number that is a return code: a frame with it is an answer (of another battery, or
/// our own echo), not a request.
bool is_return_code(std::uint8_t command);

}  // namespace cw::pylontech
