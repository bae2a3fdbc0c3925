// SPDX-License-Identifier: Apache-2.0
// From the bank's request to what one inverter is told: the options of its port, in the order of
// charge-control.md, section 12. The only places where a number gets larger again.
#pragma once
#include "bridge/inverter/inverter_protocol.h"

namespace cw {

/// Both currents zero, nothing enabled, nothing asked for.
void forbid_everything(BankRequest& request);

/// The state of charge within the bounds of the options; one that is an order to stop stays.
void keep_soc(BankRequest& request, const InverterOptions& options);

/// Blind: currents zero and no flag, whatever the request says. Then the charge voltage is kept
/// above the battery, then a current below 0.1 A becomes 0.1 A with its enable bit cleared, then
/// the state of charge is kept within its bounds.
BankRequest told_request(const BankRequest& request, const InverterOptions& options);

/// What of it people are shown.
InverterTold shown(const BankRequest& told);

/// The last words: both currents zero, nothing enabled, nothing asked for; then the options.
BankRequest farewell_request(const BankRequest& request, const InverterOptions& options);

}  // namespace cw
