// SPDX-License-Identifier: Apache-2.0
// Quantities as people write them: "3.65 V", "30 s", "-5 °C". Parsed exactly onto the integer grid
// of their unit; never through floating point, and never rounded.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/units.h"

namespace cw {

struct QuantityText {
  std::optional<std::int32_t> count;  // in the unit that was asked for
  std::string fault;                  // else: what is wrong with the text, and what would be right
};

/// `text` in any unit of the dimension of `unit`. A value that lies between two counts is a fault.
QuantityText parse_quantity(std::string_view text, Unit unit);

/// The shortest text that parse_quantity() turns back into `count`: "3.65 V", "50 ms".
std::string quantity_text(std::int64_t count, Unit unit);

/// The number alone, in the unit people use and without needless zeros: 3650 mV is "3.65".
std::string number_text(std::int64_t count, Unit unit);

/// What may be written for the dimension of `unit`: "V or mV".
std::string accepted_units(Unit unit);

/// What a number without its unit probably meant: the first unit that puts it between `lowest` and
/// `highest`. Empty: none does, or `number` is not a number.
std::string probably_meant(std::string_view number, Unit unit, std::int64_t lowest,
                           std::int64_t highest);

/// "voltage", "time", ...: the dimension of `unit` for people.
std::string_view dimension_name(Unit unit);

}  // namespace cw
