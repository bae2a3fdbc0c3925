// SPDX-License-Identifier: Apache-2.0
#include "simulator/fault.h"

#include "core/assert.h"

namespace cw::simulator {

std::optional<Fault> find_fault(std::string_view name) {
  for (std::size_t i = 0; i < kFaultCount; ++i)
    if (kFaults[i].name == name) return static_cast<Fault>(i);
  return std::nullopt;
}

void FaultSet::set(Fault fault, std::size_t number, std::int32_t value) {
  const FaultRow& row = facts(fault);
  CW_ASSERT(row.form == FaultForm::numbered_value ? number >= 1 && number <= row.numbers
                                                  : number == 0);
  CW_ASSERT(value >= row.lowest && value <= row.highest);
  values_[static_cast<std::size_t>(fault)][number] = value;
  active_ |= std::uint32_t{1} << static_cast<unsigned>(fault);
}

void FaultSet::clear(Fault fault) {
  values_[static_cast<std::size_t>(fault)] = {};
  active_ &= ~(std::uint32_t{1} << static_cast<unsigned>(fault));
}

}  // namespace cw::simulator
