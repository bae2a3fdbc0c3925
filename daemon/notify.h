// SPDX-License-Identifier: Apache-2.0
// Tells systemd how the service is. Does nothing where there is no systemd.
#pragma once
#include <string_view>

namespace cw {

void notify_ready();
void notify_stopping();
/// One line for `systemctl status`.
void notify_status(std::string_view text);

}  // namespace cw
