// SPDX-License-Identifier: Apache-2.0
// The Modbus server under load beside the floor (modbus_floor.h): bench_modbus [SECONDS [READS]].
// Each runs as a process of its own on one processor, the clients on another; rounds take turns,
// and medians count. READS replies are looked through for two pictures in one. Ends with 1 if a
// limit is missed.
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "bench/modbus_floor.h"
#include "bench/modbus_load.h"
#include "bridge/modbus/modbus_server.h"
#include "bridge/modbus/modbus_socket.h"
#include "tests/unit/modbus_bank_sample.h"

namespace cw::bench {
namespace {

constexpr int kRounds = 5;

Instant clock_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

void run_on_processor(std::size_t which) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(which, &here);
  ::sched_setaffinity(0, sizeof here, &here);  // with one processor alone it stays where it is
}

/// A server in a process of its own; the processor time it took is known when it has ended.
class Process {
 public:
  explicit Process(const std::function<void(int report)>& serve) {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      run_on_processor(0);
      serve(ends[1]);
      ::_exit(1);
    }
    if (::read(ends[0], &port_, sizeof port_) != sizeof port_) std::abort();
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::uint16_t port() const { return port_; }
  double end() {
    rusage use{};
    ::kill(pid_, SIGTERM);
    ::wait4(pid_, nullptr, 0, &use);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
  }

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

void report_port(int to, std::uint16_t port) {
  if (::write(to, &port, sizeof port) != sizeof port) ::_exit(1);
}

void run_floor(int report) {
  modbus::Descriptor listener;
  std::string error;
  if (!modbus::listen_on("127.0.0.1", 0, listener, error)) ::_exit(1);
  report_port(report, modbus::port_of(listener));
  serve_floor(listener.get());
}

// Each picture has another state of charge everywhere.
void publish(ModbusServer& server, sample::BankSample& bank, int turn) {
  const std::size_t changed[] = {0, 1};
  bank.now = clock_now();
  bank.refresh();
  bank.request.measured.soc = CentiPercent{turn % 1'000 * 10};
  for (PackState& pack : bank.packs) pack.pack.scalars.soc.set({turn % 1'000 * 10}, bank.now);
  server.publish(bank.picture(), changed);
}

void run_ours(int report, Millis period) {
  sample::BankSample bank;
  ModbusOptions options = bank.options();
  options.listen = "127.0.0.1";
  options.port = 0;
  options.clients_most = 300;
  std::string error;
  const auto server = make_modbus_server(options, error);
  if (!server) ::_exit(1);
  int turn = 0;
  publish(*server, bank, turn);
  report_port(report, server->port());
  const int loop = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(loop, EPOLL_CTL_ADD, server->descriptor(), &event);
  for (Instant next = clock_now();;) {
    if (::epoll_wait(loop, &event, 1, period.count) > 0) server->on_ready(clock_now());
    const Instant now = clock_now();
    if (now < next) continue;
    next = now + period;
    publish(*server, bank, ++turn);
    server->on_tick(now);
  }
}

struct Figures {
  std::vector<double> rate, p50_us, p99_us, cpu_us;
  std::int64_t errors = 0;

  void add(const LoadResult& result, double cpu_s) {
    rate.push_back(result.rate);
    p50_us.push_back(result.p50_us);
    p99_us.push_back(result.p99_us);
    cpu_us.push_back(cpu_s * 1e6 / static_cast<double>(std::max<std::int64_t>(result.replies, 1)));
    errors += result.errors;
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Limits {
  double rate_least = 0, p99_most = 0, cpu_most = 0;  // ratios; 0: none
};

bool compare(const char* name, LoadPlan plan, const Limits& limits) {
  Figures floor;
  Figures ours;
  for (int round = 0; round < kRounds; ++round) {
    Process bare(&run_floor);
    plan.port = bare.port();
    const LoadResult of_floor = load(plan);
    floor.add(of_floor, bare.end());
    Process full([](int report) { run_ours(report, {100}); });
    plan.port = full.port();
    const LoadResult of_ours = load(plan);
    ours.add(of_ours, full.end());
  }
  const double rate = median(ours.rate) / median(floor.rate);
  const double p99 = median(ours.p99_us) / median(floor.p99_us);
  const double cpu = median(ours.cpu_us) / median(floor.cpu_us);
  const bool kept = (limits.rate_least == 0 || rate >= limits.rate_least) &&
                    (limits.p99_most == 0 || p99 <= limits.p99_most) &&
                    (limits.cpu_most == 0 || cpu <= limits.cpu_most) && ours.errors == 0;
  std::printf(
      "%-18s %8.0f/s p50 %6.0f us p99 %6.0f us  floor %8.0f/s p50 %6.0f us p99 %6.0f us  "
      "rate %.2f p99 %.2f cpu %.2f  %lld errors  %s\n",
      name, median(ours.rate), median(ours.p50_us), median(ours.p99_us), median(floor.rate),
      median(floor.p50_us), median(floor.p99_us), rate, p99, cpu,
      static_cast<long long>(ours.errors), kept ? "kept" : "MISSED");
  std::fflush(stdout);
  return kept;
}

bool look_for_torn_images(std::int64_t reads) {
  Process full([](int report) { run_ours(report, {1}); });
  LoadPlan plan{.port = full.port(), .clients = 8, .reads = reads, .same_picture = true};
  plan.trickling = plan.hostile = 4;
  const LoadResult result = load(plan);
  full.end();
  const bool kept = result.torn == 0 && result.errors == 0 && result.replies >= reads;
  std::printf("%lld reads over 1000 pictures a second: %lld torn, %lld errors  %s\n",
              static_cast<long long>(result.replies), static_cast<long long>(result.torn),
              static_cast<long long>(result.errors), kept ? "kept" : "MISSED");
  return kept;
}

}  // namespace
}  // namespace cw::bench

int main(int argc, char** argv) {
  using namespace cw::bench;
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const std::int64_t reads = argc > 2 ? std::atoll(argv[2]) : 300'000;
  run_on_processor(1);
  LoadPlan plan;
  plan.seconds = seconds;
  plan.trickling = plan.hostile = 4;
  bool kept = true;
  for (const int clients : {1, 8, 64, 256}) {
    plan.clients = clients;
    const std::string name = std::to_string(clients) + " clients";
    kept &= compare(name.c_str(), plan, clients == 64 ? Limits{0.90, 1.3, 0} : Limits{});
  }
  plan.rate = 2'560;
  kept &= compare("256 x 10/s", plan, {0, 1.5, 1.3});
  kept &= look_for_torn_images(reads);
  return kept ? 0 : 1;
}
