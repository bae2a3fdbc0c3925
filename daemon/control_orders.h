// SPDX-License-Identifier: Apache-2.0
// What may be said on the control socket besides asking for the status:
//   relay NAME lock|unlock|reset
//   bank full-charge on|off
// The answer is one line: "ok", or "error: " and why.
#pragma once
#include <string>
#include <string_view>

#include "daemon/gateway.h"
#include "daemon/status_server.h"

namespace cw {

/// The answer to whoever may not.
inline constexpr std::string_view kNotTrusted =
    "error: only root and the gateway's own user may give orders; try sudo\n";

std::string answer_order(const ControlRequest& request, Gateway& gateway, Instant now);

}  // namespace cw
