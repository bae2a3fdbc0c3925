// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify.h"

#include <systemd/sd-daemon.h>

namespace cw {

void notify_ready() { sd_notify(0, "READY=1"); }
void notify_stopping() { sd_notify(0, "STOPPING=1"); }
void notify_status(std::string_view text) {
  sd_notifyf(0, "STATUS=%.*s", static_cast<int>(text.size()), text.data());
}

}  // namespace cw
