// SPDX-License-Identifier: Apache-2.0
// The Modbus server alone, with values that do not change, for clients and load generators:
// `modbus_test_server PORT [CLIENTS]`. Like the daemon it watches the server's one descriptor from
// a loop of its own. Prints the port; ends with SIGTERM.
#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "bridge/modbus/modbus_server.h"
#include "tests/unit/modbus_sample.h"

namespace {

cw::Instant clock_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

}  // namespace

int main(int argc, char** argv) {
  cw::ModbusOptions options;
  options.listen = "127.0.0.1";
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  options.clients_most = static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 64);
  std::string error;
  const auto server = cw::make_modbus_server(options, error);
  if (!server) return std::fprintf(stderr, "%s\n", error.c_str()), 1;
  std::printf("%u\n", static_cast<unsigned>(server->port()));
  std::fflush(stdout);
  const int loop = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(loop, EPOLL_CTL_ADD, server->descriptor(), &event);
  cw::Instant published{-1'000};
  for (;;) {
    if (::epoll_wait(loop, &event, 1, 500) > 0) server->on_ready(clock_now());
    const cw::Instant now = clock_now();
    if (now < published + cw::Millis{500}) continue;
    published = now;
    cw::sample::Sample sample;
    for (auto& pack : sample.packs) pack = cw::sample::pack(pack.name.view(), now);
    sample.now = now;
    sample.bank = cw::aggregate(sample.packs, now);
    const std::size_t changed[] = {0, 1};
    server->publish(sample.picture(), changed);
    server->on_tick(now);
  }
}
