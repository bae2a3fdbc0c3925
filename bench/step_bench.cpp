// SPDX-License-Identifier: Apache-2.0
// What does deciding cost? One step of the guard (measure, then every rule), of the mirror beside
// it, and of the whole core as firmware runs it, for 1 and 64 packs; and how long it takes from the
// last byte of a frame to the call that drives a relay.
//
//   bench_step                     times
//   bench_step instructions N      N steps of guard and mirror and nothing else, for callgrind
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bench/paced_bms.h"
#include "core/bms.h"
#include "core/mirror.h"
#include "core/presets.h"
#include "daemon/gateway.h"
#include "drivers/session/line.h"

namespace cw::bench {
namespace {

using namespace literals;

// A pack of 16 cells whose values move, with a trip now and then, so that no branch is learnt.
struct Sample {
  Pack pack;
  Protection guard;
  Mirror mirror;
  Bms bms{{.heater = true, .charge = {{100'000}, {5'000}, {}}}, Start::clear};

  void hear(std::uint32_t number, Instant now) {
    PackScalars& s = pack.scalars;
    s.cell_count.set({16}, now);
    for (std::size_t i = 0; i < 16; ++i) {
      const auto wiggle = static_cast<std::int32_t>((number * 31 + i * 7) % 23);
      const std::int32_t high = number % 97 < 5 && i == 3 ? 380 : 0;
      pack.cell_voltage[i].set({3'300 + wiggle + high}, now);
    }
    s.voltage.set({52'900}, now);
    s.current.set({static_cast<std::int32_t>(number % 41 * 2'000) - 40'000}, now);
    s.soc.set({5'000}, now);
    s.capacity_full.set({100'000}, now);
    s.mosfet_temperature.set({300}, now);
    for (std::size_t i = 0; i < 3; ++i)
      pack.temperature[i].set({250 + static_cast<std::int32_t>(number % 9)}, now);
    s.charge_mosfet.set({true}, now);
    s.discharge_mosfet.set({true}, now);
    pack.alarms.set({}, now);
  }
};

ParameterSet limits() {
  ParameterSet set = preset_of(Chemistry::lfp, Generation::gateway).values;
  set.set(Parameter::cell_count, 16);
  set.set(Parameter::cell_overvoltage_delay, 0);
  return set;
}

void step_guard(Sample& sample, const ParameterSet& set, Instant now) {
  sample.guard.step(measure(sample.pack, now, 3_s), set, now);
}
void step_mirror(Sample& sample, const ParameterSet& set, Instant now) {
  (void)sample.mirror.step({.pack = sample.pack,
                            .usable_age = 3_s,
                            .max_age = 3_s,
                            .chemistry = Chemistry::lfp,
                            .demanded = set,
                            .current_elsewhere = {},
                            .refused_steps = 0},
                           now);
}
void step_bms(Sample& sample, const ParameterSet& set, Instant now) {
  BmsInputs in;
  in.measurements = measure(sample.pack, now, 3_s);
  (void)sample.bms.step(in, set, now);
}

double thread_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// The least of several rounds: the one that nobody disturbed.
template <class Step>
double ns_a_step(std::size_t packs, Step step) {
  const ParameterSet set = limits();
  double best = 1e18;
  for (int round = 0; round < 5; ++round) {
    std::vector<Sample> samples(packs);
    constexpr std::uint32_t kRounds = 64'000;
    double used = 0;
    std::uint32_t steps = 0;
    for (std::uint32_t number = 0; steps < kRounds; ++number) {
      const Instant now{std::int64_t{number} * 1'000};
      for (Sample& sample : samples) sample.hear(number, now);
      const double begin = thread_ns();
      for (Sample& sample : samples) step(sample, set, now);
      used += thread_ns() - begin;
      steps += static_cast<std::uint32_t>(packs);
    }
    best = std::min(best, used / steps);
  }
  return best;
}

// --- from the last byte to the relay -------------------------------------------------------------

Configuration one_relay() {
  Configuration configuration;
  configuration.mode = Mode::control;
  PackConfiguration pack;
  pack.name = "garage";
  pack.protocol = find_protocol("jk-uart");
  pack.policy = limits();
  configuration.packs.push_back(pack);
  RelayConfiguration relay;
  relay.name = "charge";
  relay.role = RelayRole::charge;
  relay.packs = {0};
  relay.limits.close_after = {};
  configuration.relays.push_back(relay);
  return configuration;
}

// The answer with every cell at `millivolts`.
std::vector<std::uint8_t> answer_with(std::uint16_t millivolts) {
  std::vector<std::uint8_t> frame = sample_answer();
  for (std::size_t cell = 0; cell < 16; ++cell) {
    frame[14 + 3 * cell] = static_cast<std::uint8_t>(millivolts >> 8);
    frame[15 + 3 * cell] = static_cast<std::uint8_t>(millivolts);
  }
  put_current(frame, 0);  // and the checksum
  return frame;
}

// One gateway whose relay is closed, and then the last byte of a frame that says: open.
std::optional<double> reaction_us(const Configuration& configuration) {
  Gateway gateway(configuration);
  ProtocolBox box(*find_protocol("jk-uart"), 0);
  Line line({}, 512);
  Instant now{1'000'000};
  line.add(*box, gateway.store().pack(0).pack, {}, now);
  line.on_up(now);
  gateway.start(now, 0);
  const auto hear = [&](std::span<const std::uint8_t> bytes) {
    line.on_bytes(bytes, now);
    for (const std::size_t station : line.completed()) gateway.on_frame(station, now);
    gateway.on_link(0, line.status(0), now);
    gateway.end_turn(now, 0);
  };
  const auto energised = [&] { return gateway.picture(now, 0).relays[0].energised; };
  // A cell may not jump: it gets there in steps that every frame confirms.
  for (const int millivolts : {3'300, 3'300, 3'450, 3'590}) {
    now = now + 1_s;
    (void)line.on_time(now);
    hear(answer_with(static_cast<std::uint16_t>(millivolts)));
  }
  if (!energised()) return std::nullopt;
  now = now + 1_s;
  (void)line.on_time(now);
  const std::vector<std::uint8_t> high = answer_with(3'700);
  hear(std::span(high).first(high.size() - 1));
  const double begin = monotonic_s();
  hear(std::span(high).last(1));
  const double took = (monotonic_s() - begin) * 1e6;
  if (energised()) return std::nullopt;
  return took;
}

int reactions() {
  const Configuration configuration = one_relay();
  std::vector<double> us;
  for (int i = 0; i < 2'000; ++i) {
    const auto took = reaction_us(configuration);
    if (!took) return std::puts("the relay did not do what it must"), 1;
    us.push_back(*took);
  }
  std::sort(us.begin(), us.end());
  std::printf("last byte to relay driven: p50 %.1f us, p99 %.1f us\n", us[us.size() / 2],
              us[us.size() * 99 / 100]);
  return 0;
}

}  // namespace
}  // namespace cw::bench

int main(int argc, char** argv) {
  using namespace cw;
  using namespace cw::bench;
  if (argc == 3 && std::string_view{argv[1]} == "instructions") {
    const ParameterSet set = limits();
    Sample sample;
    const long steps = std::strtol(argv[2], nullptr, 10);
    for (long i = 0; i < steps; ++i) {
      const Instant now{i * 1'000};
      sample.hear(static_cast<std::uint32_t>(i), now);
      step_guard(sample, set, now);
      step_mirror(sample, set, now);
    }
    return 0;
  }
  for (const std::size_t packs : {std::size_t{1}, std::size_t{64}}) {
    std::printf("step of %zu pack(s): guard %.0f ns, mirror %.0f ns, whole core %.0f ns\n", packs,
                ns_a_step(packs, step_guard), ns_a_step(packs, step_mirror),
                ns_a_step(packs, step_bms));
  }
  return reactions();
}
