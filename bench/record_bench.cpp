// SPDX-License-Identifier: Apache-2.0
// What does it cost to turn one of JK's 300-byte records into a Pack, each type and generation?
// Beside the status of the newest boards (32 cells) runs a straight-line decoder that knows every
// offset of this one record: the limit. It reads no file and no line; records are made from a seed.
//
//   bench_record                        all, in turns; prints times, and the ratio to the limit
//   bench_record instructions NAME N    N decodes of one and nothing else, for callgrind
//                                       (bench/record.sh); NAME: limit, or one that is printed
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "drivers/protocol/jk_record.h"

namespace {

using cw::jk_record::Layout;
using cw::jk_record::Type;

constexpr std::size_t kCells = 32;
constexpr std::size_t kFrames = 64;  // different, so that no decoder learns one by heart
using Frame = std::array<std::uint8_t, cw::jk_record::kSize>;

struct Kind {
  std::string_view name;
  Type type;
  Layout layout;
};
constexpr Kind kKinds[] = {
    {"jk02-32s-status", Type::status, Layout::jk02_32s},
    {"jk02-32s-settings", Type::settings, Layout::jk02_32s},
    {"device", Type::device, Layout::jk02_32s},
    {"jk02-24s-status", Type::status, Layout::jk02_24s},
    {"jk02-24s-settings", Type::settings, Layout::jk02_24s},
    {"jk04-status", Type::status, Layout::jk04},
    {"jk04-settings", Type::settings, Layout::jk04},
};

// --- records -------------------------------------------------------------------------------------

cw::Pack told(std::mt19937& random) {
  cw::Pack pack;
  const cw::Instant now{1};
  const auto between = [&](std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (std::size_t i = 0; i < cw::kFieldCount; ++i)
    cw::kFields[i].store(pack.scalars, between(0, 1), now);
  for (std::size_t i = 0; i < kCells; ++i) {
    pack.cell_voltage[i].set({between(3280, 3320)}, now);
    pack.wire_resistance[i].set({between(50, 90) * 1000}, now);
  }
  for (auto& sensor : pack.temperature) sensor.set({between(50, 450)}, now);
  cw::PackScalars& s = pack.scalars;
  s.voltage.set({between(105'000, 106'000)}, now);
  s.current.set({between(-80'000, 80'000)}, now);
  s.soc.set({between(5, 99) * 100}, now);
  s.mosfet_temperature.set({between(100, 500)}, now);
  s.capacity_remaining.set({between(1'000, 280'000)}, now);
  s.capacity_full.set({280'000}, now);
  pack.alarms.set({}, now);
  for (std::size_t i = 0; i < cw::kParameterCount; ++i) {
    const cw::ParameterFacts& facts = cw::kParameters[i];
    pack.parameters.set(
        static_cast<cw::Parameter>(i),
        static_cast<std::int32_t>((std::int64_t{facts.lowest} + facts.highest) / 2));
  }
  pack.identity.model.assign("JK_PB2A16S20P");
  pack.identity.software_version.assign("15.30");
  pack.identity.serial.assign("40618460410");
  return pack;
}

std::vector<Frame> make_frames(const Kind& kind) {
  std::mt19937 random(20240501);
  std::vector<Frame> frames(kFrames);
  for (Frame& frame : frames) cw::jk_record::encode(frame, kind.type, kind.layout, 5, told(random));
  return frames;
}

// --- the limit: every offset known beforehand ----------------------------------------------------

struct Plain {
  std::array<float, kCells> cell, wire;
  std::array<float, 6> temperature;
  float voltage, current, power, balance_current, cell_highest, cell_lowest, remaining, full,
      throughput, heater_current;
  std::uint32_t mask, alarms, cycles, runtime, highest_index, lowest_index, emergency;
  std::uint8_t soc, soh, action, precharge, charge, discharge, heater, charger, sensors;
};

std::uint32_t two(const std::uint8_t* at) { return std::uint32_t{at[1]} << 8 | at[0]; }
std::uint32_t four(const std::uint8_t* at) { return two(at + 2) << 16 | two(at); }
float signed_two(const std::uint8_t* at) {
  return static_cast<float>(static_cast<std::int16_t>(two(at)));
}
float signed_four(const std::uint8_t* at) {
  return static_cast<float>(static_cast<std::int32_t>(four(at)));
}

bool adds_up(const std::uint8_t* frame) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < cw::jk_record::kSumAt; ++i) sum += frame[i];
  return (sum & 0xFF) == frame[cw::jk_record::kSumAt];
}

void plain_cells(const std::uint8_t* frame, Plain& out) {
  out.mask = four(frame + 70);
  out.cell_highest = 0;
  out.cell_lowest = 1e9F;
  for (std::uint32_t i = 0; i < kCells; ++i) {
    if ((out.mask >> i & 1) == 0) continue;
    const float volts = static_cast<float>(two(frame + 6 + std::size_t{2} * i)) * 0.001F;
    out.cell[i] = volts;
    out.wire[i] = static_cast<float>(two(frame + 80 + std::size_t{2} * i)) * 0.001F;
    if (volts > out.cell_highest) out.cell_highest = volts, out.highest_index = i;
    if (volts < out.cell_lowest) out.cell_lowest = volts, out.lowest_index = i;
  }
}

/// Not inlined, so that both decoders cost one call.
[[gnu::noinline]] bool plain_decode(const Frame& bytes, Plain& out) {
  const std::uint8_t* const frame = bytes.data();
  if (four(frame) != 0x90EBAA55 || frame[4] != 2 || !adds_up(frame)) return false;
  plain_cells(frame, out);
  out.temperature = {signed_two(frame + 144) * 0.1F, signed_two(frame + 162) * 0.1F,
                     signed_two(frame + 164) * 0.1F, signed_two(frame + 254) * 0.1F,
                     signed_two(frame + 256) * 0.1F, signed_two(frame + 258) * 0.1F};
  out.voltage = static_cast<float>(four(frame + 150)) * 0.001F;
  out.current = signed_four(frame + 158) * 0.001F;
  out.power = out.voltage * out.current;
  out.alarms = four(frame + 166);
  out.balance_current = signed_two(frame + 170) * 0.001F;
  out.action = frame[172];
  out.soc = frame[173];
  out.remaining = signed_four(frame + 174) * 0.001F;
  out.full = static_cast<float>(four(frame + 178)) * 0.001F;
  out.cycles = four(frame + 182);
  out.throughput = static_cast<float>(four(frame + 186)) * 0.001F;
  out.soh = frame[190];
  out.precharge = frame[191];
  out.runtime = four(frame + 194);
  out.charge = frame[198];
  out.discharge = frame[199];
  out.sensors = frame[214];
  out.heater = frame[215];
  out.emergency = two(frame + 218);
  out.heater_current = signed_two(frame + 236) * 0.001F;
  out.charger = frame[245];
  return true;
}

// --- both decoders, behind one shape -------------------------------------------------------------

struct Ours {
  Layout layout;
  cw::Pack pack{};

  bool decode(const Frame& frame, std::int64_t turn) {
    if (!cw::jk_record::is_sound(frame)) return false;
    cw::jk_record::apply(frame, layout, cw::Instant{turn}, pack);
    return true;
  }
};

struct Limit {
  Plain plain{};
  bool decode(const Frame& frame, std::int64_t) { return plain_decode(frame, plain); }
};

/// Aborts when a frame was refused: a decoder that refuses is fast for the wrong reason.
template <class Decoder>
void decode_many(Decoder& decoder, const std::vector<Frame>& frames, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (!decoder.decode(frames[static_cast<std::size_t>(i) % kFrames], i)) std::abort();
    asm volatile("" : : "r"(&decoder) : "memory");  // the result is wanted
  }
}

/// Processor time of this thread: what others do meanwhile does not count.
double processor_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// The rounds that others disturbed least: the slowest of the fastest tenth.
double undisturbed(std::vector<double> values) {
  const auto tenth = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 10);
  std::nth_element(values.begin(), tenth, values.end());
  return *tenth;
}

constexpr int kRounds = 201;
constexpr std::int64_t kDecodes = 2'000;

template <class Decoder>
double one_round(Decoder& decoder, const std::vector<Frame>& frames) {
  const double start = processor_ns();
  decode_many(decoder, frames, kDecodes);
  return (processor_ns() - start) / static_cast<double>(kDecodes);
}

/// Both must see the same battery before their times are compared.
bool agree() {
  Ours ours{Layout::jk02_32s};
  Limit limit;
  for (const Frame& frame : make_frames(kKinds[0])) {
    if (!ours.decode(frame, 1) || !limit.decode(frame, 1)) return false;
    const auto same = [](const auto& reading, float value, double scale) {
      const auto heard = reading.fresh(cw::Instant{1}, {0});
      return heard && std::lround(double{value} * scale) == heard->count;
    };
    bool good = same(ours.pack.scalars.voltage, limit.plain.voltage, 1000) &&
                same(ours.pack.scalars.current, limit.plain.current, 1000) &&
                same(ours.pack.scalars.capacity_remaining, limit.plain.remaining, 1000);
    for (std::size_t i = 0; i < kCells; ++i)
      good = good && same(ours.pack.cell_voltage[i], limit.plain.cell[i], 1000);
    if (!good) return false;
  }
  return true;
}

int compare_times() {
  // Even so it wanders on a machine shared with others; beyond this it is our fault.
  constexpr double kMargin = 1.3;
  Limit limit;
  std::vector<double> limit_ns;
  int status = 0;
  for (const Kind& kind : kKinds) {
    const std::vector<Frame> frames = make_frames(kind);
    const std::vector<Frame> statuses = make_frames(kKinds[0]);
    Ours ours{kind.layout};
    std::vector<double> ours_ns;
    limit_ns.clear();
    for (int round = 0; round < kRounds; ++round) {
      limit_ns.push_back(one_round(limit, statuses));
      ours_ns.push_back(one_round(ours, frames));
    }
    const double ratio = undisturbed(ours_ns) / undisturbed(limit_ns);
    std::printf("record %.*s time ns/frame limit %.1f ours %.1f ratio %.2f\n",
                static_cast<int>(kind.name.size()), kind.name.data(), undisturbed(limit_ns),
                undisturbed(ours_ns), ratio);
    if (&kind == &kKinds[0] && ratio > kMargin) status = 1;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (!agree()) {
    std::fprintf(stderr, "bench_record: the two decoders disagree\n");
    return 1;
  }
  if (argc == 1) return compare_times();
  if (argc == 4 && std::string_view{argv[1]} == "instructions") {
    const std::int64_t count = std::strtoll(argv[3], nullptr, 10);
    Limit limit;
    if (std::string_view{argv[2]} == "limit")
      return decode_many(limit, make_frames(kKinds[0]), count), 0;
    for (const Kind& kind : kKinds) {
      if (kind.name != argv[2]) continue;
      Ours ours{kind.layout};
      return decode_many(ours, make_frames(kind), count), 0;
    }
  }
  std::fprintf(stderr, "usage: bench_record [instructions limit|NAME COUNT]\n");
  return 64;
}
