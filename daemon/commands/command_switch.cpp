// SPDX-License-Identifier: Apache-2.0
// `cellwarden switch`: the switches of a BMS, which are settings like others with a shorter way.
#include "daemon/commands/commands.h"
#include "daemon/commands/settings_client.h"

namespace cw {

int command_switch(const SwitchOptions& options) {
  const std::string name = options.which == "emergency" ? options.which : options.which + "_switch";
  const NamedValue value{name, options.position};
  return change_settings(options.socket, options.pack, {&value, 1}, options.dry_run);
}

}  // namespace cw
