// SPDX-License-Identifier: Apache-2.0
#include "daemon/parameter_text.h"

#include "bridge/json.h"

namespace cw {
namespace {

// The digits alone. Volts keep two decimals because people write them so.
std::string digits(std::int32_t count, Unit unit) {
  const unsigned decimals = facts(unit).decimals;
  const unsigned kept = unit == Unit::millivolt ? 2 : 0;
  std::string text;
  append_decimal(text, count, decimals);
  for (unsigned left = decimals; left > kept && text.back() == '0'; --left) text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string key_and_value(Parameter parameter, const ParameterSet& set) {
  std::string text{facts(parameter).key};
  const auto value = set.get(parameter);
  text += ' ';
  text += value ? digits(*value, facts(parameter).unit) : "(unknown)";
  return text;
}

}  // namespace

std::string format_quantity(std::int32_t count, Unit unit) {
  if (unit == Unit::flag) return count != 0 ? "on" : "off";
  std::string text = digits(count, unit);
  if (const auto symbol = facts(unit).symbol; !symbol.empty()) {
    text += ' ';
    text += symbol;
  }
  return text;
}

std::string violation_text(const Ordering& broken, const ParameterSet& set) {
  return key_and_value(broken.lower, set) + " must be below " + key_and_value(broken.upper, set);
}

}  // namespace cw
