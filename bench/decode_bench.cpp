// SPDX-License-Identifier: Apache-2.0
// What does it cost to turn one answer of a 16-cell board (291 bytes) into a Pack? Beside it runs a
// straight-line decoder that knows every offset of this one layout and takes nothing else: the
// limit. It reads no file and no line; the frames are made here from a seed.
//
//   bench_decode                        both, in turns; prints times and their ratio
//   bench_decode instructions ours N    N decodes and nothing else, for callgrind (bench/decode.sh)
//   bench_decode instructions limit N   the same with the straight-line decoder
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "drivers/protocol/jk_uart.h"
#include "drivers/protocol/registry.h"

namespace {

constexpr std::size_t kCells = 16;
constexpr std::size_t kFrames = 64;  // different, so that no decoder learns one by heart
constexpr std::size_t kFrameSize = 291;
using Frame = std::array<std::uint8_t, kFrameSize>;

// --- frames --------------------------------------------------------------------------------------

/// A value that a board would plausibly send in this slot.
std::uint32_t plausible(const cw::jk_uart::Slot& slot, std::mt19937& random) {
  const auto between = [&](std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random()) % (high - low + 1);
  };
  switch (slot.id) {
    case 0x80:
    case 0x81:
    case 0x82: return between(5, 45);
    case 0x83: return between(5180, 5340);
    case 0x84: return between(0, 8000) | (random() % 2 != 0 ? 0x8000 : 0);
    case 0x85: return between(5, 99);
    case 0x87: return between(1, 900);
    case 0x89: return between(1, 250'000);
    case 0x8A:
    case 0xA9: return kCells;
    case 0x8B: return 0;
    case 0x8C: return between(0, 7);
    case 0xB6: return between(10'000, 900'000);
    case 0xC0: return 1;
    default: break;
  }
  if (!slot.parameter) return between(0, 1);
  // The middle of the setting's range, as far as it fits.
  const cw::ParameterFacts& facts = cw::facts(*slot.parameter);
  const std::int64_t middle = (std::int64_t{facts.lowest} + facts.highest) / 2 / slot.scale;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(middle, 0, 200));
}

void append_slot(std::vector<std::uint8_t>& list, const cw::jk_uart::Slot& slot,
                 std::mt19937& random) {
  list.push_back(slot.id);
  if (slot.id == cw::jk_uart::kCells) {
    list.push_back(3 * kCells);
    for (std::size_t i = 1; i <= kCells; ++i) {
      const auto millivolts = static_cast<std::uint32_t>(3280 + random() % 41);
      list.insert(list.end(),
                  {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(millivolts >> 8),
                   static_cast<std::uint8_t>(millivolts)});
    }
    return;
  }
  std::string_view text;
  if (slot.id == cw::jk_uart::kDeviceName) text = "Shed bat";
  if (slot.id == cw::jk_uart::kSoftwareVersion) text = "11.XW_S11.26___";
  if (slot.id == cw::jk_uart::kVendorText) text = "Shed batteryJK_B2A20S20P";
  const std::uint32_t number = slot.width <= 4 ? plausible(slot, random) : 0;
  for (std::size_t i = 0; i < slot.width; ++i) {
    if (slot.width > 4)
      list.push_back(i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0);
    else
      list.push_back(static_cast<std::uint8_t>(number >> 8 * (slot.width - 1 - i)));
  }
}

std::vector<Frame> make_frames() {
  std::mt19937 random(20240501);
  std::vector<Frame> frames(kFrames);
  for (Frame& frame : frames) {
    std::vector<std::uint8_t> list;
    for (const auto& slot : cw::jk_uart::kSlots)
      if (slot.answered) append_slot(list, slot, random);
    using namespace cw::jk_uart;
    if (write_frame(frame, Command::read_all, Source::bms, Transport::answer, list) != kFrameSize)
      std::abort();
  }
  return frames;
}

// --- the limit: every offset known beforehand ----------------------------------------------------

struct Plain {
  std::array<float, kCells> cell;
  std::array<float, 3> temperature;
  float voltage, current, power, cell_highest, cell_lowest, capacity, throughput;
  std::uint32_t soc, cycles, minutes, alarms, state, highest_index, lowest_index;
  std::array<std::uint32_t, 38> setting;
  std::array<char, 8> name;
  std::array<char, 15> version;
  std::array<char, 24> vendor;
};

std::uint32_t two(const std::uint8_t* at) { return std::uint32_t{at[0]} << 8 | at[1]; }
std::uint32_t four(const std::uint8_t* at) { return two(at) << 16 | two(at + 2); }

bool adds_up(const std::uint8_t* frame) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kFrameSize - 4; ++i) sum += frame[i];
  return (sum & 0xFFFF) == two(frame + kFrameSize - 2) && frame[kFrameSize - 5] == 0x68;
}

float degrees(std::uint32_t raw) {
  return raw < 100 ? static_cast<float>(raw) : 100.0F - static_cast<float>(raw);
}

void plain_settings(const std::uint8_t* frame, Plain& out) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < 15; ++i) out.setting[next++] = two(frame + 98 + 3 * i);   // 8E..9C
  out.setting[next++] = frame[143];                                                     // 9D
  for (std::size_t i = 0; i < 11; ++i) out.setting[next++] = two(frame + 145 + 3 * i);  // 9E..A8
  out.setting[next++] = frame[178];                                                     // A9
  out.capacity = static_cast<float>(four(frame + 180));                                 // AA
  for (const std::size_t at : {185U, 187U, 192U, 194U, 199U, 212U, 281U})  // switches, codes
    out.setting[next++] = frame[at];
  out.setting[next++] = two(frame + 189);   // AD
  out.setting[next++] = two(frame + 196);   // B0
  out.setting[next++] = four(frame + 251);  // B9
}

/// Not inlined, so that both decoders cost one call.
[[gnu::noinline]] bool plain_decode(std::span<const std::uint8_t> bytes, Plain& out) {
  const std::uint8_t* const frame = bytes.data();
  if (bytes.size() != kFrameSize || frame[0] != 0x4E || frame[1] != 0x57) return false;
  if (two(frame + 2) + 2 != kFrameSize || !adds_up(frame)) return false;
  if (frame[11] != 0x79 || frame[12] != 3 * kCells) return false;
  out.cell_highest = 0;
  out.cell_lowest = 1e9F;
  for (std::uint32_t i = 0; i < kCells; ++i) {
    const float volts = static_cast<float>(two(frame + 14 + std::size_t{3} * i)) * 0.001F;
    out.cell[i] = volts;
    if (volts > out.cell_highest) out.cell_highest = volts, out.highest_index = i;
    if (volts < out.cell_lowest) out.cell_lowest = volts, out.lowest_index = i;
  }
  for (std::size_t i = 0; i < 3; ++i) out.temperature[i] = degrees(two(frame + 62 + 3 * i));
  out.voltage = static_cast<float>(two(frame + 71)) * 0.01F;
  const std::uint32_t current = two(frame + 74);
  const float amperes = static_cast<float>(current & 0x7FFF) * 0.01F;
  out.current = (current & 0x8000) != 0 ? amperes : -amperes;
  out.power = out.voltage * out.current;
  out.soc = frame[77];
  out.cycles = two(frame + 81);
  out.throughput = static_cast<float>(four(frame + 84));
  out.alarms = two(frame + 92);
  out.state = two(frame + 95);
  plain_settings(frame, out);
  std::memcpy(out.name.data(), frame + 214, out.name.size());
  out.minutes = four(frame + 228) * 60;
  std::memcpy(out.version.data(), frame + 233, out.version.size());
  std::memcpy(out.vendor.data(), frame + 256, out.vendor.size());
  return true;
}

// --- both decoders, behind one shape -------------------------------------------------------------

class Ours {
 public:
  bool decode(const Frame& frame, std::int64_t turn) {
    return protocol_->feed(frame, cw::Instant{turn}, pack_).heard == cw::Heard::frame;
  }
  cw::Pack& result() { return pack_; }

 private:
  cw::ProtocolBox protocol_{*cw::find_protocol("jk-uart"), 0};
  cw::Pack pack_;
};

class Limit {
 public:
  bool decode(const Frame& frame, std::int64_t) { return plain_decode(frame, plain_); }
  Plain& result() { return plain_; }

 private:
  Plain plain_{};
};

/// Aborts when a frame was refused: a decoder that refuses is fast for the wrong reason.
template <class Decoder>
void decode_many(Decoder& decoder, const std::vector<Frame>& frames, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (!decoder.decode(frames[static_cast<std::size_t>(i) % kFrames], i)) std::abort();
    asm volatile("" : : "r"(&decoder.result()) : "memory");  // the result is wanted
  }
}

/// Processor time of this thread: what others do meanwhile does not count.
double processor_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <class Decoder>
double nanoseconds_per_frame(Decoder& decoder, const std::vector<Frame>& frames,
                             std::int64_t count) {
  const double start = processor_ns();
  decode_many(decoder, frames, count);
  return (processor_ns() - start) / static_cast<double>(count);
}

/// Both decoders must see the same battery before their times are compared.
bool agree(Ours& ours, Limit& limit, const Frame& frame) {
  const cw::Instant now{1};
  if (!ours.decode(frame, now.ms) || !limit.decode(frame, now.ms)) return false;
  const cw::Pack& pack = ours.result();
  const Plain& plain = limit.result();
  const auto same = [&](const auto& reading, float value, double scale) {
    const auto heard = reading.fresh(now, {0});
    return heard && std::lround(double{value} * scale) == heard->count;
  };
  bool good = same(pack.scalars.voltage, plain.voltage, 1000) &&
              same(pack.scalars.current, plain.current, 1000) &&
              same(pack.scalars.soc, static_cast<float>(plain.soc), 100) &&
              same(pack.scalars.cycle_capacity, plain.throughput, 1000) &&
              same(pack.scalars.capacity_nominal, plain.capacity, 1000) &&
              same(pack.scalars.mosfet_temperature, plain.temperature[0], 10) &&
              pack.identity.model.view() == "JK_B2A20S20P";
  for (std::size_t i = 0; i < kCells; ++i)
    good = good && same(pack.cell_voltage[i], plain.cell[i], 1000);
  return good;
}

/// The rounds that others disturbed least: the slowest of the fastest tenth.
double undisturbed(std::vector<double> values) {
  const auto tenth = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 10);
  std::nth_element(values.begin(), tenth, values.end());
  return *tenth;
}

int compare_times(const std::vector<Frame>& frames) {
  constexpr int kRounds = 301;
  constexpr std::int64_t kDecodes = 5'000;  // about a millisecond: some rounds are not interrupted
  // Even so it wanders on a machine shared with others; beyond this it is our fault.
  constexpr double kMargin = 1.3;
  Ours ours;
  Limit limit;
  std::vector<double> ours_ns;
  std::vector<double> limit_ns;
  for (int round = 0; round < kRounds; ++round) {
    limit_ns.push_back(nanoseconds_per_frame(limit, frames, kDecodes));
    ours_ns.push_back(nanoseconds_per_frame(ours, frames, kDecodes));
  }
  const double ratio = undisturbed(ours_ns) / undisturbed(limit_ns);
  std::printf(
      "decode time ns/frame limit %.1f ours %.1f ratio %.2f (goal 1.00, fails above %.1f)\n",
      undisturbed(limit_ns), undisturbed(ours_ns), ratio, kMargin);
  return ratio <= kMargin ? 0 : 1;
}

int usage() {
  std::fprintf(stderr, "usage: bench_decode [instructions ours|limit COUNT]\n");
  return 64;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Frame> frames = make_frames();
  Ours ours;
  Limit limit;
  for (const Frame& frame : frames)
    if (!agree(ours, limit, frame)) {
      std::fprintf(stderr, "bench_decode: the two decoders disagree\n");
      return 1;
    }
  if (argc == 1) return compare_times(frames);
  if (argc != 4 || std::string_view{argv[1]} != "instructions") return usage();
  const std::int64_t count = std::strtoll(argv[3], nullptr, 10);
  if (std::string_view{argv[2]} == "ours")
    decode_many(ours, frames, count);
  else if (std::string_view{argv[2]} == "limit")
    decode_many(limit, frames, count);
  else
    return usage();
  return 0;
}
