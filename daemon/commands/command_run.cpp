// SPDX-License-Identifier: Apache-2.0
// `cellwarden run`: the daemon.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "daemon/commands/commands.h"
#include "daemon/configuration/configuration.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "daemon/version.h"
#include "daemon/wiring.h"

namespace cw {

int command_run(const RunOptions& options) {
  const LoadedConfiguration loaded = load_configuration(options.config);
  for (const ConfigurationFault& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.text());
  if (!loaded.faults.empty()) return 78;

  // A peer that closes its end is a value returned by send(), not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  Loop loop;
  loop.on_stop_signal([&loop](int) { loop.stop(0); });  // before any thread exists
  Wiring wiring(loaded.configuration, loop);
  if (!wiring.open()) {
    log(Severity::error, "gateway", "{}", wiring.error());
    return 69;
  }
  log(Severity::notice, "gateway", "cellwarden {} with {} pack{}, mode {}", kVersion,
      loaded.configuration.packs.size(), loaded.configuration.packs.size() == 1 ? "" : "s",
      name(loaded.configuration.mode));
  for (const ConfigurationFault& note : loaded.notes)
    log(Severity::warning, "configuration", "{}", note.text());
  if (loaded.configuration.packs.empty())
    log(Severity::warning, "gateway", "no packs configured; add [[pack]] to {}", options.config);
  wiring.start();
  loop.enable_watchdog();
  notify_ready();
  const int status = loop.run();
  notify_stopping();
  wiring.stop();
  return status;
}

}  // namespace cw
