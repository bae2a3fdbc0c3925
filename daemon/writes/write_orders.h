// SPDX-License-Identifier: Apache-2.0
// What may be said on the control socket about settings, a line each; values as people write them,
// changes separated by tabs:
//   parameters PACK get [KEY ...]
//   parameters PACK plan KEY=VALUE[<tab>KEY=VALUE ...]
//   parameters PACK set  KEY=VALUE[<tab>KEY=VALUE ...]
// `get` is answered with a file of parameters, as `cellwarden parameters PACK restore` takes it.
// The others are answered with a line for each change, and a last line that says how it ended:
// "ok", "refused" (nothing was sent), "failed" or "unknown".
#pragma once
#include <functional>
#include <string>

#include "daemon/gateway.h"
#include "daemon/status_server.h"

namespace cw {

/// True: the line is one of these, and `reply` is called once, now or later.
bool answer_write_order(const ControlRequest& request, Gateway& gateway, Instant now,
                        const std::function<void(std::string)>& reply);

/// The settings of a pack as a file of parameters, the switches as comments.
std::string parameter_file(const PackState& state, Instant now);

}  // namespace cw
