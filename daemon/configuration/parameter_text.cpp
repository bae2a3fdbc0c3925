// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/parameter_text.h"

#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

std::string key_and_value(Parameter parameter, const ParameterSet& set) {
  const ParameterFacts& row = facts(parameter);
  const auto value = set.get(parameter);
  return std::string{row.key} + ' ' + (value ? number_text(*value, row.unit) : "(unknown)");
}

}  // namespace

std::string violation_text(const Ordering& broken, const ParameterSet& set) {
  return key_and_value(broken.lower, set) + " must be below " + key_and_value(broken.upper, set);
}

}  // namespace cw
