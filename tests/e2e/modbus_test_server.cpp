// SPDX-License-Identifier: Apache-2.0
// The Modbus server alone, with values that do not change, for clients and load generators:
// `modbus_test_server PORT [CLIENTS [PACKS CELLS]]`. With PACKS it serves a bank of so many, with
// all units, and 127.0.0.1 may write. Like the daemon it watches the server's one descriptor from a
// loop of its own. Prints the port; ends with SIGTERM.
#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "bridge/modbus/modbus_server.h"
#include "tests/unit/modbus_bank_sample.h"
#include "tests/unit/modbus_sample.h"

namespace {

cw::Instant clock_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

int number(int argc, char** argv, int i, int fallback) {
  return argc > i ? std::atoi(argv[i]) : fallback;
}

void publish_native(cw::ModbusServer& server, cw::Instant now) {
  cw::sample::Sample sample;
  for (auto& pack : sample.packs) pack = cw::sample::pack(pack.name.view(), now);
  sample.now = now;
  sample.bank = cw::aggregate(sample.packs, now);
  const std::size_t changed[] = {0, 1};
  server.publish(sample.picture(), changed);
}

void publish_bank(cw::ModbusServer& server, cw::sample::BankSample& bank, cw::Instant now) {
  bank.now = now;
  bank.refresh();
  std::vector<std::size_t> changed(bank.packs.size());
  std::iota(changed.begin(), changed.end(), 0);
  server.publish(bank.picture(), changed);
}

}  // namespace

int main(int argc, char** argv) {
  const int packs = number(argc, argv, 3, 0);
  cw::sample::BankSample bank(static_cast<std::size_t>(packs == 0 ? 2 : packs),
                              static_cast<std::uint8_t>(number(argc, argv, 4, 16)));
  cw::ModbusOptions options;
  if (packs != 0) {
    options = bank.options();
    options.orders.from = {"127.0.0.1"};
    options.orders.points = {"802.SoCRsvMin", "802.SocRsvMax"};
  }
  options.listen = "127.0.0.1";
  options.port = static_cast<std::uint16_t>(number(argc, argv, 1, 0));
  options.clients_most = static_cast<std::uint16_t>(number(argc, argv, 2, 64));
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
    if (packs == 0)
      publish_native(*server, now);
    else
      publish_bank(*server, bank, now);
    server->on_tick(now);
  }
}
