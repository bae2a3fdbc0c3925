// SPDX-License-Identifier: Apache-2.0
// Speaks any profile on CAN: the whole set every period, spread over it, each frame with the newest
// values; silent where there is nothing to tell (inverter-can.md, sections 1, 9 and 10).
#pragma once
#include "bridge/inverter/can_profile.h"

namespace cw {

/// `profile` must outlive it. Of the manufacturer 8 and of the battery's name 16 characters are
/// told; the rest has no place.
std::unique_ptr<InverterProtocol> make_can_inverter(const CanProfile& profile,
                                                    const InverterOptions& options);

/// All profiles, for the list of protocols.
void add_can_protocols(std::vector<InverterProtocolSpec>& list);

}  // namespace cw
