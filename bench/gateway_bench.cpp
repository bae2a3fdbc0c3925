// SPDX-License-Identifier: Apache-2.0
// Measures the daemon as a whole process against what the line and the machine allow.
//
//   bench_gateway line      CELLWARDEN LINES SECONDS   polls a second of paced 115200-baud lines
//   bench_gateway age       CELLWARDEN SECONDS         last byte on the line to MQTT publish
//   bench_gateway footprint CELLWARDEN PACKS SECONDS   memory and CPU; all sinks on
//   bench_gateway first     CELLWARDEN                 first value after the first reply, and first
//                                                      limits after the start
//
// Prints "name: limit L ours O ratio R" lines and exits 1 if a limit is missed.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "bench/modbus_watch.h"
#include "bench/null_broker.h"
#include "bench/paced_bms.h"

namespace cw::bench {
namespace {

namespace fs = std::filesystem;

struct Process {
  pid_t pid = -1;
  double started_s = 0;

  explicit Process(const std::vector<std::string>& words, const fs::path& log) {
    started_s = monotonic_s();
    pid = fork();
    if (pid != 0) return;
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  ~Process() {
    kill(pid, SIGTERM);
    waitpid(pid, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool running() const { return kill(pid, 0) == 0 && waitpid(pid, nullptr, WNOHANG) == 0; }

  /// CPU time all its threads have used so far, seconds; exact to the scheduler's nanoseconds.
  double cpu_s() const {
    double nanoseconds = 0;
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
      std::ifstream in(task.path() / "schedstat");
      double used = 0;
      in >> used;
      nanoseconds += used;
    }
    return nanoseconds * 1e-9;
  }
  /// A line of /proc/PID/status in kB.
  double status_kB(const std::string& key) const {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);)
      if (line.rfind(key, 0) == 0) return std::atof(line.c_str() + key.size() + 1);
    return 0;
  }
};

std::uint16_t modbus_port() { return static_cast<std::uint16_t>(20000 + getpid() % 20000); }

struct Setup {
  fs::path folder;
  Setup() {
    char name[] = "/tmp/cellwarden-bench.XXXXXX";
    folder = mkdtemp(name);
  }
  ~Setup() { fs::remove_all(folder); }
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;

  std::string write(const std::vector<std::unique_ptr<PacedBms>>& boards, const std::string& poll,
                    std::uint16_t broker, bool all_sinks) const {
    const fs::path file = folder / "bench.toml";
    std::ofstream out(file);
    out << "[gateway]\nname = \"bench\"\ncontrol_socket = \"" << (folder / "control").string()
        << "\"\nstate_file = \"" << (folder / "state").string()
        << "\"\n[mqtt]\nenabled = true\nbroker = \"mqtt://127.0.0.1:" << broker << "\"\n";
    if (all_sinks)
      out << "[modbus]\nenabled = true\nlisten = \"127.0.0.1\"\nport = " << modbus_port()
          << "\n[history]\nenabled = true\npath = \"" << (folder / "history.db").string() << "\"\n";
    for (std::size_t i = 0; i < boards.size(); ++i)
      out << "[[pack]]\nname = \"pack" << i + 1 << "\"\nprotocol = \"jk-uart\"\nport = \""
          << boards[i]->tty() << "\"\npoll = \"" << poll
          << "\"\nstale_after = \"10 s\"\nchemistry = \"lfp\"\ncells = 16\ncapacity = \"280 Ah\"\n";
    return file.string();
  }

  /// The file of write() with the packs as a bank, and its limits on SunSpec.
  void add_bank() const {
    const fs::path file = folder / "bench.toml";
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    std::string lines = text.str();
    const std::string modbus = "[modbus]\n";
    lines.insert(lines.find(modbus) + modbus.size(), "sunspec = true\n");
    std::ofstream(file) << lines
                        << "charge_current = \"100 A\"\ndischarge_current = \"100 A\"\n[bank]\n";
  }
};

std::vector<std::unique_ptr<PacedBms>> boards(std::size_t count, const PacedOptions& options) {
  std::vector<std::unique_ptr<PacedBms>> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(std::make_unique<PacedBms>(options));
  return made;
}

bool g_missed = false;

// At most `limit` is good, or at least it.
void print(const std::string& name, double limit, double ours, bool at_most,
           const std::string& unit) {
  const bool kept = at_most ? ours <= limit : ours >= limit;
  if (!kept) g_missed = true;
  std::printf("%s: limit %s %.4g %s ours %.4g ratio %.3f%s\n", name.c_str(),
              at_most ? "<=" : ">=", limit, unit.c_str(), ours, ours / limit,
              kept ? "" : "  MISSED");
}

double percentile(const std::vector<double>& sorted, double part) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(static_cast<double>(sorted.size()) * part))];
}

std::vector<double> ages_ms(const PacedBms& board, const NullBroker& broker) {
  std::vector<double> ages;
  for (const auto& [current, seen] : broker.seen_s()) {
    const auto sent = board.last_byte_s().find(current);
    if (sent != board.last_byte_s().end()) ages.push_back((seen - sent->second) * 1e3);
  }
  std::sort(ages.begin(), ages.end());
  return ages;
}

bool wait_for_answers(const PacedBms& board, std::uint32_t count, double seconds) {
  const double end = monotonic_s() + seconds;
  while (board.answers() < count && monotonic_s() < end) sleep_until_s(monotonic_s() + 0.01);
  return board.answers() >= count;
}

int line(const std::string& program, std::size_t lines, double seconds) {
  const PacedOptions options;
  Setup setup;
  NullBroker broker;
  auto made = boards(lines, options);
  const std::string file = setup.write(made, "0 s", broker.port(), false);
  Process daemon({program, "run", "--config", file}, setup.folder / "log");
  for (const auto& board : made)
    if (!wait_for_answers(*board, 2, 10)) return std::puts("a line was never polled"), 1;
  const double cpu = daemon.cpu_s();
  const double begin = monotonic_s();
  std::vector<std::uint32_t> before;
  for (const auto& board : made) before.push_back(board->answers());
  sleep_until_s(begin + seconds);
  const double span = monotonic_s() - begin;
  double least = 1e9;
  for (std::size_t i = 0; i < made.size(); ++i)
    least = std::min(least, (made[i]->answers() - before[i]) / span);
  const double used = (daemon.cpu_s() - cpu) / span * 100 / static_cast<double>(lines);
  const std::string name = std::to_string(lines) + (lines == 1 ? " line" : " lines");
  print(name + ", polls/s of the slowest line", 0.97 * PacedBms::limit_per_s(options), least, false,
        "1/s");
  std::printf("%s, use of the line: %.4f of %.2f polls/s\n", name.c_str(),
              least / PacedBms::limit_per_s(options), PacedBms::limit_per_s(options));
  if (lines > 1)  // with one line it is mostly what the daemon needs anyway
    print(name + ", CPU a saturated line", 1.5, used, true, "%");
  else
    std::printf("%s, CPU of the daemon: %.2f %%\n", name.c_str(), used);
  return 0;
}

int age(const std::string& program, double seconds) {
  Setup setup;
  auto broker = std::make_unique<NullBroker>();
  auto made = boards(1, PacedOptions{});
  const std::string file = setup.write(made, "0 s", broker->port(), true);
  {
    Process daemon({program, "run", "--config", file}, setup.folder / "log");
    if (!wait_for_answers(*made[0], 2, 10)) return std::puts("the line was never polled"), 1;
    sleep_until_s(monotonic_s() + seconds);
    broker->stop();
    made[0]->stop();
  }
  const auto ages = ages_ms(*made[0], *broker);
  if (ages.size() < 20) return std::puts("too few values were published"), 1;
  std::printf("published %zu of %u answers\n", ages.size(), made[0]->answers());
  print("last byte to MQTT publish, p50", 1.0, percentile(ages, 0.5), true, "ms");
  print("last byte to MQTT publish, p90", 2.0, percentile(ages, 0.9), true, "ms");
  std::printf("last byte to MQTT publish, p99: %.3f ms, worst %.3f ms\n", percentile(ages, 0.99),
              ages.back());
  return 0;
}

int footprint(const std::string& program, std::size_t packs, double seconds) {
  Setup setup;
  NullBroker broker;
  PacedOptions options;
  options.paced = packs == 1;
  options.calm = true;
  auto made = boards(packs, options);
  const std::string file = setup.write(made, "1 s", broker.port(), true);
  Process daemon({program, "run", "--config", file}, setup.folder / "log");
  // The life of a daemon, and not its first seconds, when 128 packs are announced 50 ms apart.
  for (const auto& board : made)
    if (!wait_for_answers(*board, 15, 60)) return std::puts("a pack was never polled"), 1;
  const double cpu = daemon.cpu_s();
  const double begin = monotonic_s();
  const auto messages = broker.messages();
  const auto bytes = broker.bytes();
  const auto samples = made[0]->answers();
  sleep_until_s(begin + seconds);
  const double span = monotonic_s() - begin;
  const double used = (daemon.cpu_s() - cpu) / span * 100;
  const double memory = daemon.status_kB("VmRSS") / 1024;
  const double part = static_cast<double>(packs) / 128;
  const std::string name = std::to_string(packs) + (packs == 1 ? " pack" : " packs");
  // Between one pack and 128 the allowance grows evenly with the packs.
  print(name + ", resident memory", packs == 1 ? 14 : 14 + 10 * part, memory, true, "MB");
  print(name + ", CPU", packs == 1 ? 0.05 : 0.05 + 0.45 * part, used, true, "%");
  std::printf("%s: %.1f messages/s, %.0f bytes a sample\n", name.c_str(),
              static_cast<double>(broker.messages() - messages) / span,
              static_cast<double>(broker.bytes() - bytes) /
                  static_cast<double>(made[0]->answers() - samples) / static_cast<double>(packs));
  return 0;
}

// How long nobody knows anything after the BMS has spoken for the first time. Judged at Modbus, the
// sink inverters read; MQTT waits for its broker's welcome, which Paho may look at 0.1 s late
// (docs/decisions/0012): shown.
int first(const std::string& program) {
  for (int round = 0; round < 5; ++round) {
    Setup setup;
    NullBroker broker;
    auto made = boards(1, {});
    const std::string file = setup.write(made, "1 s", broker.port(), true);
    Process daemon({program, "run", "--config", file}, setup.folder / "log");
    const auto modbus_s = first_modbus_value_s(modbus_port(), 10);
    if (!modbus_s || !wait_for_answers(*made[0], 2, 20)) return std::puts("no value came"), 1;
    broker.stop();
    made[0]->stop();
    const double reply_s = made[0]->first_answer_s();
    print("first value on Modbus after the first reply", 30, (*modbus_s - reply_s) * 1e3, true,
          "ms");
    std::printf("first request %.1f ms after exec; first value on MQTT %.1f ms after the reply\n",
                (made[0]->first_request_s() - daemon.started_s) * 1e3,
                (broker.first_value_s() - reply_s) * 1e3);
  }
  return 0;
}

// What inverters wait for. From exec, as they were already there when the machine started.
int first_limits(const std::string& program) {
  constexpr double kMost_ms = 3'000;
  for (int round = 0; round < 3; ++round) {
    Setup setup;
    NullBroker broker;
    auto made = boards(1, {});
    const std::string file = setup.write(made, "1 s", broker.port(), true);
    setup.add_bank();
    Process daemon({program, "run", "--config", file}, setup.folder / "log");
    const auto limits_s = first_modbus_limits_s(modbus_port(), 10);
    broker.stop();
    made[0]->stop();
    if (!limits_s) return std::puts("no limits came"), 1;
    print("first limits on Modbus (SunSpec 802) after exec", kMost_ms,
          (*limits_s - daemon.started_s) * 1e3, true, "ms");
    std::printf("%.1f ms after the first reply\n", (*limits_s - made[0]->first_answer_s()) * 1e3);
  }
  return 0;
}

}  // namespace
}  // namespace cw::bench

int main(int argc, char** argv) {
  using namespace cw::bench;
  const std::string what = argc > 1 ? argv[1] : "";
  int status = 64;
  if (what == "line" && argc == 5)
    status = line(argv[2], static_cast<std::size_t>(std::atoi(argv[3])), std::atof(argv[4]));
  else if (what == "age" && argc == 4)
    status = age(argv[2], std::atof(argv[3]));
  else if (what == "footprint" && argc == 5)
    status = footprint(argv[2], static_cast<std::size_t>(std::atoi(argv[3])), std::atof(argv[4]));
  else if (what == "first" && argc == 3)
    status = std::max(first(argv[2]), first_limits(argv[2]));
  else
    std::fprintf(stderr, "bench_gateway line|age|footprint|first CELLWARDEN ...; see the source\n");
  return status != 0 ? status : g_missed ? 1 : 0;
}
