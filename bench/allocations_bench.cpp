// SPDX-License-Identifier: Apache-2.0
// Counts heap allocations a sample in a steady state: bytes of a JK answer into a line, the frame
// into the store, the decision, the relays, and publishing to MQTT, Modbus and the history. The
// main thread must allocate nothing; what the threads of MQTT and history take is shown beside it
// (Paho allocates every message, and is not ours).
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "bench/null_broker.h"
#include "bench/paced_bms.h"
#include "bridge/modbus/modbus_server.h"
#include "bridge/mqtt/mqtt.h"
#include "core/presets.h"
#include "daemon/gateway.h"
#include "drivers/session/line.h"
#include "storage/history.h"

namespace {
thread_local bool g_main_thread = false;
std::atomic<std::uint64_t> g_main{0};
std::atomic<std::uint64_t> g_others{0};

void* counted(std::size_t size) {
  (g_main_thread ? g_main : g_others).fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace cw::bench {
namespace {

using namespace literals;

Configuration one_pack(const std::filesystem::path& folder, std::uint16_t broker) {
  Configuration configuration;
  configuration.mode = Mode::control;
  PackConfiguration pack;
  pack.name = "garage";
  pack.protocol = find_protocol("jk-uart");
  pack.policy = preset_of(Chemistry::lfp, Generation::gateway).values;
  configuration.packs.push_back(pack);
  configuration.relays.push_back({"charge", RelayRole::charge, {0}, {}, false});
  configuration.mqtt.enabled = true;
  configuration.mqtt.broker = "mqtt://127.0.0.1:" + std::to_string(broker);
  configuration.mqtt.gateway_id = "bench";
  configuration.modbus.listen = "127.0.0.1";
  configuration.modbus.port = 0;
  configuration.history.path = (folder / "history.db").string();
  configuration.history.interval = 1_s;
  return configuration;
}

/// A line with one board that answers at once, wired to a gateway, in virtual time.
struct World {
  explicit World(Gateway& g)
      : gateway(g), box(*find_protocol("jk-uart"), 0), line({}, 512), frame(sample_answer()) {
    line.add(*box, gateway.store().pack(0).pack, {}, now);
    line.on_up(now);
  }
  void sample() {
    now = now + 1_s;
    if (!line.on_time(now)) std::abort();
    put_current(frame, static_cast<std::uint16_t>(current_of(number++)));
    line.on_bytes(frame, now);
    for (const std::size_t station : line.completed()) gateway.on_frame(station, now);
    gateway.on_link(0, line.status(0), now);
    gateway.end_turn(now, 1'790'000'000'000 + now.ms);
    gateway.on_tick(now);
    gateway.end_turn(now, 1'790'000'000'000 + now.ms);
  }
  Gateway& gateway;
  ProtocolBox box;
  Line line;
  std::vector<std::uint8_t> frame;
  Instant now{1'000'000};
  std::uint32_t number = 0;
};

int run(std::uint32_t samples) {
  char name[] = "/tmp/cellwarden-bench.XXXXXX";
  const std::filesystem::path folder = mkdtemp(name);
  NullBroker broker;
  const Configuration configuration = one_pack(folder, broker.port());
  std::string error;
  auto modbus = make_modbus_server(configuration.modbus, error);
  if (!modbus) return std::fprintf(stderr, "%s\n", error.c_str()), 69;
  auto mqtt = make_mqtt(configuration.mqtt);
  auto history = make_history(configuration.history);
  Gateway gateway(configuration);
  gateway.add(*modbus);
  gateway.add(*mqtt);
  gateway.add(*history);
  World world(gateway);
  gateway.start(world.now, 0);
  for (int i = 0; i < 2'000; ++i) world.sample();  // buffers grow to their size
  const std::uint64_t main_before = g_main;
  const std::uint64_t others_before = g_others;
  for (std::uint32_t i = 0; i < samples; ++i) world.sample();
  const auto per_sample = [samples](std::uint64_t count) {
    return static_cast<double>(count) / samples;
  };
  const double ours = per_sample(g_main - main_before);
  std::printf("allocations a sample, main thread: limit 0 ours %.6f over %u samples%s\n", ours,
              samples, ours == 0 ? "" : "  MISSED");
  std::printf("allocations a sample, threads of MQTT (with Paho) and history: %.3f\n",
              per_sample(g_others - others_before));
  mqtt.reset();
  history.reset();
  std::filesystem::remove_all(folder);
  return ours == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cw::bench

int main(int argc, char** argv) {
  g_main_thread = true;
  return cw::bench::run(argc > 1 ? static_cast<std::uint32_t>(std::atoi(argv[1])) : 100'000);
}
