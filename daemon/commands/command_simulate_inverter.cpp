// SPDX-License-Identifier: Apache-2.0
// `cellwarden simulate inverter`: follows what a gateway tells it and drives simulated packs.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "daemon/commands/commands.h"
#include "daemon/commands/unix_client.h"
#include "daemon/configuration/suggestion.h"
#include "daemon/simulate/inverter_run.h"

namespace cw {
namespace {

constexpr int kUsage = 64;
constexpr int kUnavailable = 69;

int fail(int status, std::string_view message) {
  fmt::print(stderr, "cellwarden simulate inverter: {}\n", message);
  return status;
}

/// What the simulation says about a pack it does not have. Empty: it has them all, or it is not
/// there yet.
std::string unknown_pack(const SimulateInverterOptions& options) {
  for (const std::string& pack : options.packs) {
    std::string answer, error;
    if (!ask_unix_socket(options.control, fmt::format("state {}\n", pack), answer, error, 1))
      return {};
    if (answer.starts_with("error: ")) return answer.substr(7, answer.find('\n') - 7);
  }
  return {};
}

}  // namespace

int command_simulate_inverter(const SimulateInverterOptions& options) {
  if (simulator::find_inverter_reader(options.protocol) == nullptr)
    return fail(kUsage, fmt::format("--protocol {}: it can read {}", in_quotes(options.protocol),
                                    simulator::inverter_reader_names()));
  const auto ignores = simulator::find_ignores(options.ignores);
  if (!ignores)
    return fail(kUsage, fmt::format("--ignore {}: nothing, charge_voltage, charge_current, "
                                    "discharge_current or flags",
                                    in_quotes(options.ignores)));
  if (const std::string unknown = unknown_pack(options); !unknown.empty())
    return fail(kUsage, fmt::format("--pack: {}", unknown));
  InverterRunOptions run;
  run.protocol = options.protocol;
  run.port = options.port;
  run.baud = options.baud;
  run.unit = options.unit;
  run.control = options.control;
  run.packs = options.packs;
  run.speed = options.speed;
  run.plant.energy_Wh = options.energy_kWh * 1'000;
  run.plant.power_most_W = options.power_kW * 1'000;
  run.plant.start_hour = options.start_hour;
  run.plant.grid = options.grid;
  run.plant.ignores = *ignores;

  Loop loop;
  loop.on_stop_signal([&loop](int) { loop.stop(0); });
  InverterRun inverter(loop, run);
  std::string error;
  if (!inverter.start(error)) return fail(kUnavailable, error);
  if (options.seconds) {
    const int end = loop.add_timer([&loop](Instant) { loop.stop(0); });
    loop.set_timer(end, {loop.now().ms + std::llround(*options.seconds * 1000)});
  }
  return loop.run();
}

}  // namespace cw
