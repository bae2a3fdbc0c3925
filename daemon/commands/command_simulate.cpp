// SPDX-License-Identifier: Apache-2.0
// `cellwarden simulate`: virtual packs that speak the real protocol, with faults on demand.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "daemon/commands/commands.h"
#include "daemon/commands/unix_client.h"
#include "daemon/configuration/suggestion.h"
#include "daemon/simulate/simulation.h"
#include "daemon/simulate/simulation_control.h"

namespace cw {
namespace {

constexpr int kUsage = 64;
constexpr int kNoInput = 66;
constexpr int kUnavailable = 69;
constexpr int kConfiguration = 78;

int fail(int status, std::string_view message) {
  fmt::print(stderr, "cellwarden simulate: {}\n", message);
  return status;
}

/// "127.0.0.1:7001" or "[::1]:7001"; false: it is neither.
bool read_listen(const std::string& text, SimulationOptions& options) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  options.listen_host = text.substr(0, colon);
  if (options.listen_host.front() == '[' && options.listen_host.back() == ']')
    options.listen_host = options.listen_host.substr(1, options.listen_host.size() - 2);
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, options.listen_port);
  return read.ec == std::errc{} && read.ptr == end;
}

/// 0, or the exit status after the faults were printed.
int load_script(const std::string& file, Simulation& simulation) {
  if (file.empty()) return 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(kNoInput, fmt::format("{}: cannot be read", file));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  ReadScript script = read_script(text, file, simulation.names());
  for (const std::string& fault : script.faults) fmt::print(stderr, "{}\n", fault);
  if (!script.faults.empty()) return kConfiguration;
  simulation.follow(std::move(script.orders));
  return 0;
}

void introduce(const Simulation& simulation) {
  for (std::size_t i = 0; i < simulation.names().size(); ++i) {
    const simulator::PackSpec& spec = simulation.pack(i).spec();
    fmt::print("{}\t{}\t{}S {}, {:g} Ah\n", spec.name, simulation.address(i), spec.cells,
               name(spec.chemistry), spec.capacity.count / 1000.0);
  }
  std::fflush(stdout);
}

// One order to a simulation that runs elsewhere; prints its answer.
int tell(const SimulateOptions& options) {
  if (options.control.empty())
    return fail(kUsage, "--tell needs --control SOCKET: the one the simulation was given");
  std::string answer;
  std::string error;
  if (!ask_unix_socket(options.control, options.tell + "\n", answer, error))
    return fail(kUnavailable,
                fmt::format("no simulation answers at {}: {}", options.control, error));
  fmt::print("{}", answer);
  return answer.rfind("error", 0) == 0 ? 1 : 0;
}

}  // namespace

int command_simulate(const SimulateOptions& options) {
  if (!options.tell.empty()) return tell(options);
  const DescribedPacks described = describe_packs(options.packs);
  if (!described.fault.empty()) return fail(kConfiguration, described.fault);
  SimulationOptions settings;
  settings.speed = options.speed;
  settings.seed = options.seed;
  if (!options.listen.empty() && !read_listen(options.listen, settings))
    return fail(kUsage, fmt::format("--listen {}: write HOST:PORT, for example 127.0.0.1:7001",
                                    in_quotes(options.listen)));
  if (settings.listen_port != 0 && settings.listen_port + described.packs.size() > 65'536)
    return fail(kUsage, "--listen: every pack needs a port, and the last would be above 65535");

  Loop loop;
  loop.on_stop_signal([&loop](int) { loop.stop(0); });
  Simulation simulation(loop, settings, described.packs);
  if (const int status = load_script(options.script, simulation); status != 0) return status;
  SimulationControl control(loop, options.control, [&simulation](std::string_view line) {
    return simulation.execute(line);
  });
  if (!options.control.empty() && !control.open()) return fail(kUnavailable, control.error());
  std::string error;
  if (!simulation.start(error)) return fail(kUnavailable, error);
  introduce(simulation);
  if (options.seconds) {
    const int end = loop.add_timer([&loop](Instant) { loop.stop(0); });
    loop.set_timer(end, {loop.now().ms + std::llround(*options.seconds * 1000)});
  }
  return loop.run();
}

std::string simulate_help() {
  std::string text = "Keys of --pack (an example each):\n";
  for (const SimulationKey& row : simulation_keys())
    text += fmt::format("  {:<34} {}\n", fmt::format("{}={}", row.key, row.example), row.help);
  text += "Orders on the control socket, one a line; in a script behind their time (10s):\n";
  text += "  status | state PACK | help | PACK clear [FAULT] | PACK FAULT [...], with faults\n";
  for (const simulator::FaultRow& row : simulator::kFaults)
    text += fmt::format("  {:<34} {}\n",
                        row.arguments.empty() ? std::string(row.name)
                                              : fmt::format("{} {}", row.name, row.arguments),
                        row.help);
  return text;
}

}  // namespace cw
