// SPDX-License-Identifier: Apache-2.0
// A board on JK's CAN bus, as it is heard. It broadcasts each of its frames at a pace of its own,
// 92 a second in all; they are kept as they come, and ten times a second what is new of them
// becomes one `frame`: more often is no news, and every one costs the gateway a turn. Alarms,
// faults and switches that change do not wait for that.
#include "drivers/protocol/jk_can.h"

#include <algorithm>

#include "core/assert.h"
#include "drivers/protocol/registry.h"

namespace cw {
namespace jk_can {
namespace {

using namespace std::string_view_literals;

constexpr Millis kReportEvery{100};
// Without an extended frame for this long it is V1 firmware.
constexpr Millis kVersion1After{3'000};
// Nothing is told before every frame was heard, but no longer than this: some boards may lack one.
constexpr Millis kWaitForAll{5'000};
// After a silence like this it may be another board.
constexpr Millis kForgetAfter{5'000};
// One full second in which each frame of cells comes once, and what a full bus may delay.
constexpr Millis kCellWindow{1'200};
// A voltage on the bus has steps of 0.1 V: a sum of cells that agrees with it is the finer one.
constexpr std::int32_t kVoltageStep_mV = 100;

constexpr std::uint32_t bit(Message message) {
  return std::uint32_t{1} << static_cast<unsigned>(message);
}
constexpr std::uint32_t kNeededV1 =
    bit(Message::battery) | bit(Message::cell_extremes) | bit(Message::cell_temperatures);
constexpr std::uint32_t kNeededV2 =
    kNeededV1 | bit(Message::capacity) | bit(Message::temperatures) | bit(Message::switches);
constexpr std::uint32_t kCellMessages = ((std::uint32_t{1} << kCellFrames) - 1)
                                        << static_cast<unsigned>(Message::cells);

/// How many cells a V2 board has: the highest place that was not 0 within a full second. Believed
/// at once the first time, and then only if two seconds in a row agree on another number.
class CellCounter {
 public:
  void hear(std::size_t frame, std::span<const std::uint8_t> data, Instant now) {
    if (!began_) began_ = now;
    if (now >= *began_ + kCellWindow) close(now);
    for (std::size_t i = 0; i < kCellsPerFrame; ++i)
      if (number_at(data, 2 * i, 2) != 0)
        highest_ = std::max(highest_, kCellsPerFrame * frame + i + 1);
  }
  /// 0: not known yet.
  std::size_t count() const { return count_; }

 private:
  void close(Instant now) {
    if (count_ == 0 || highest_ == rival_) count_ = highest_;
    rival_ = highest_;
    highest_ = 0;
    began_ = now;
  }
  std::optional<Instant> began_;
  std::size_t highest_ = 0;  // in this window
  std::size_t rival_ = 0;    // in the last
  std::size_t count_ = 0;
};

class JkCan final : public Protocol {
 public:
  explicit JkCan(const ProtocolOptions& options) : options_(options) {}

  Fed feed(std::span<const std::uint8_t> in, Instant now, Pack& out) override;
  std::optional<Request> next_request(Instant) override { return std::nullopt; }

 private:
  struct Kept {
    std::array<std::uint8_t, kLength> data{};
    Instant heard{};
  };

  Kept& kept(Message message) { return kept_[static_cast<std::size_t>(message)]; }
  bool heard_within(Message message, Millis span, Instant now) const {
    const Kept& kept = kept_[static_cast<std::size_t>(message)];
    return (known_ & bit(message)) != 0 && now <= kept.heard + span;
  }
  bool is_known(Message message, Instant now) const {
    return heard_within(message, row(message).silent_after, now);
  }
  std::optional<Version> version(Instant now) const;
  bool keep(Message message, const CanFrame& frame, Instant now);
  std::string_view missing(Instant now) const;
  std::uint8_t tell(Instant now, Pack& pack);
  std::uint8_t tell_cells(Instant now, Pack& pack);
  void tell_current(Instant now, Pack& pack) const;
  void tell_temperatures(Instant now, Pack& pack);
  void tell_alarms(Instant now, Pack& pack);
  void refine_voltage(Instant now, Pack& pack) const;
  std::uint32_t cell_messages() const {
    const std::size_t frames = (cells_.count() + kCellsPerFrame - 1) / kCellsPerFrame;
    return ((std::uint32_t{1} << frames) - 1) << static_cast<unsigned>(Message::cells);
  }

  ProtocolOptions options_;
  std::array<Kept, kMessageCount> kept_{};
  std::uint32_t known_ = 0;  // bit n: message n was heard
  std::uint32_t fresh_ = 0;  // bit n: since it was told last
  CellCounter cells_;
  std::optional<Instant> began_;     // the first frame
  std::optional<Instant> extended_;  // the last one
  Instant heard_{};                  // the last frame
  std::optional<Instant> told_;
  bool whole_ = false;
};

std::optional<Version> JkCan::version(Instant now) const {
  if (extended_ && now <= *extended_ + kVersion1After) return Version::v2;
  if (began_ && now >= *began_ + kVersion1After) return Version::v1;
  return std::nullopt;
}

/// True: it changes something that must not wait.
bool JkCan::keep(Message message, const CanFrame& frame, Instant now) {
  if (began_ && now > heard_ + kForgetAfter) *this = JkCan(options_);
  if (!began_) began_ = now;
  heard_ = now;
  if (frame.extended) extended_ = now;
  Kept& slot = kept(message);
  const bool urgent =
      message == Message::alarms || message == Message::faults || message == Message::switches;
  const bool changed = urgent && (!is_known(message, now) || slot.data != frame.data);
  slot = {frame.data, now};
  known_ |= bit(message);
  fresh_ |= bit(message);
  if (is_cells(message))
    cells_.hear(static_cast<std::size_t>(message) - static_cast<std::size_t>(Message::cells),
                frame.data, now);
  return changed;
}

Fed JkCan::feed(std::span<const std::uint8_t> in, Instant now, Pack& out) {
  if (in.size() < kCanRecordSize) return {};
  Fed fed{.consumed = kCanRecordSize};
  const auto answer = [&fed](Heard heard, std::string_view why) {
    fed.heard = heard;
    fed.why = why;
    return fed;
  };
  const auto frame = from_record(in);
  if (!frame) return answer(Heard::malformed, "these 16 bytes are no CAN frame"sv);
  if (frame->remote || frame->error) return answer(Heard::not_for_us, "a frame without content"sv);
  const auto sender = sender_of(frame->id, frame->extended);
  if (!sender) return answer(Heard::not_for_us, "an identifier that is no JK board's"sv);
  if (sender->message == Message::control)
    return answer(Heard::not_for_us, "an order to a board, perhaps our own"sv);
  if (sender->address != options_.address)
    return answer(Heard::not_for_us, "a board of another address"sv);
  if (frame->length != kLength) return answer(Heard::malformed, "a frame of less than 8 bytes"sv);
  const bool urgent = keep(sender->message, *frame, now);
  const std::string_view lacking = whole_ ? ""sv : missing(now);
  whole_ = lacking.empty();
  if (!whole_ && now < *began_ + kWaitForAll) return answer(Heard::part, {});
  if (!urgent && told_ && now < *told_ + kReportEvery) return answer(Heard::part, {});
  told_ = now;
  fed.refused = tell(now, out);
  if (fed.refused != 0) return answer(Heard::frame, "values that cannot be true were left out"sv);
  return answer(Heard::frame, lacking);
}

/// Of what a board of this version always sends; empty: nothing.
std::string_view JkCan::missing(Instant now) const {
  const auto firmware = version(now);
  if (!firmware) return "not known yet whether it is V1 firmware"sv;
  if (firmware == Version::v1)
    return (known_ & kNeededV1) == kNeededV1 ? ""sv : "one of the standard frames is missing"sv;
  if ((known_ & kNeededV2) != kNeededV2) return "one of the V2 frames is missing"sv;
  if (cells_.count() == 0) return "the number of cells is not known yet"sv;
  return (known_ & cell_messages()) == cell_messages() ? ""sv : "a frame of cells is missing"sv;
}

/// What is new goes into the pack, what has fallen silent out of it. Returns how many values cannot
/// be true.
std::uint8_t JkCan::tell(Instant now, Pack& pack) {
  std::uint8_t refused = 0;
  // V1's sensors are those of another frame.
  const std::uint32_t sensors = version(now) == Version::v1 ? bit(Message::temperatures) : 0U;
  const std::uint32_t apart = kCellMessages | bit(Message::cell_temperatures) |
                              bit(Message::alarms) | bit(Message::faults) | sensors;
  // In the order of the table, but switches first: the heating current counts only while it heats.
  if ((fresh_ & bit(Message::switches)) != 0)
    apply(Message::switches, kept(Message::switches).data, now, pack);
  for (std::size_t i = 0; i < kMessageCount; ++i) {
    const auto message = static_cast<Message>(i);
    if ((apart & bit(message)) != 0) continue;
    if (!is_known(message, now))
      clear(message, pack);
    else if ((fresh_ & bit(message)) != 0)
      refused = static_cast<std::uint8_t>(refused + apply(message, kept_[i].data, now, pack));
  }
  fresh_ &= apart;
  pack.identity.make.assign("JK");
  refused = static_cast<std::uint8_t>(refused + tell_cells(now, pack));
  tell_temperatures(now, pack);
  tell_alarms(now, pack);
  refine_voltage(now, pack);
  tell_current(now, pack);
  return refused;
}

/// All cells at once, when each of their frames came again: what is compared with each other must
/// be of one time.
std::uint8_t JkCan::tell_cells(Instant now, Pack& pack) {
  const std::uint32_t wanted = cell_messages();
  for (std::size_t i = 0; i < kCellFrames; ++i)
    if (const Message message = cell_message(i);
        (wanted & bit(message)) == 0 || !is_known(message, now))
      clear(message, pack);
  if (version(now) != Version::v2 || wanted == 0) {
    pack.scalars.cell_count.clear();
    return 0;
  }
  if ((fresh_ & wanted) != wanted) return 0;
  fresh_ &= ~kCellMessages;
  std::uint8_t broken = 0;
  for (std::size_t i = 0; i < cells_.count(); ++i) {
    const auto& data = kept(cell_message(i / kCellsPerFrame)).data;
    const std::uint32_t voltage = number_at(data, 2 * (i % kCellsPerFrame), 2);
    if (voltage != 0) {
      pack.cell_voltage[i].set({static_cast<std::int32_t>(voltage)}, now);
    } else {  // a cell between others, and nothing on its wire
      pack.cell_voltage[i].reject(now);
      ++broken;
    }
  }
  pack.scalars.cell_count.set({static_cast<std::int32_t>(cells_.count())}, now);
  return broken;
}

/// V2 sends its sensors one by one. V1 has only the extremes and which sensors they are of; where
/// that cannot be, they take the first two places: the extremes must not be lost.
void JkCan::tell_temperatures(Instant now, Pack& pack) {
  const Message message = Message::cell_temperatures;
  if (version(now) != Version::v1) return;
  if (!is_known(message, now)) return clear(message, pack);
  if ((fresh_ & bit(message)) == 0) return;
  fresh_ &= ~bit(message);
  const auto& data = kept(message).data;
  clear(Message::temperatures, pack);  // also what it said as V2
  std::size_t highest = data[1];
  std::size_t lowest = data[3];
  const bool odd = highest >= kMaxTemperatures || lowest >= kMaxTemperatures ||
                   (highest == lowest && data[0] != data[2]);
  if (odd) {
    highest = 0;
    lowest = 1;
  }
  pack.temperature[lowest].set(temperature_of(data[2]), now);
  pack.temperature[highest].set(temperature_of(data[0]), now);
}

/// What ALM_INFO and BMSERR_INFO say together. A board that sends neither has no alarm if it would
/// send one: V1 cannot where the address moves ALM_INFO beyond 11 bits, V2 always sends its faults.
void JkCan::tell_alarms(Instant now, Pack& pack) {
  AlarmSet alarms;
  const bool levels = is_known(Message::alarms, now);
  const bool faults = is_known(Message::faults, now);
  if (levels) add_levels(kept(Message::alarms).data, alarms);
  if (faults) add_faults(kept(Message::faults).data, alarms);
  fresh_ &= ~(bit(Message::alarms) | bit(Message::faults));
  const bool silence_is_health = version(now) == Version::v1 &&
                                 id_of(Message::alarms, options_.address) &&
                                 is_known(Message::battery, now);
  if (levels || faults || silence_is_health)
    pack.alarms.set(alarms, now);
  else
    pack.alarms.clear();
}

void JkCan::refine_voltage(Instant now, Pack& pack) const {
  const auto coarse = pack.scalars.voltage.fresh(now, {0});
  if (!coarse || cells_.count() == 0) return;
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < cells_.count(); ++i) {
    const auto cell =
        pack.cell_voltage[i].fresh(now, row(cell_message(i / kCellsPerFrame)).silent_after);
    if (!cell) return;
    sum += cell->count;
  }
  const std::int32_t apart = sum - coarse->count;
  if (apart <= kVoltageStep_mV && apart >= -kVoltageStep_mV) pack.scalars.voltage.set({sum}, now);
}

/// V1's documents call discharging positive, all others and every capture charging.
void JkCan::tell_current(Instant now, Pack& pack) const {
  if (!options_.discharge_positive || version(now) != Version::v1) return;
  if (const auto current = pack.scalars.current.fresh(now, {0}))
    pack.scalars.current.set({-current->count}, now);
}

/// The kernel lets these through, of every address.
constexpr auto kFilters = [] {
  // 0x?F4 + 0 ... 15 lies in two blocks of 16; the extended ones in two as well.
  std::array<CanFilter, 2 * kMessageCount - 1> filters{};
  std::size_t size = 0;
  for (std::size_t i = 0; i + 1 < kMessageCount; ++i) {
    const bool extended = kMessages[i].since == Version::v2;
    const std::uint32_t all = extended ? kCanIdMost : kCanStandardIdMost;
    const std::uint32_t block = kMessages[i].id & all & ~0xFU;
    const std::uint32_t next = block + 0x10 > all ? block : block + 0x10;
    filters[size++] = {block, all & ~0xFU, extended};
    filters[size++] = {next, all & ~0xFU, extended};
  }
  filters[size] = {row(Message::control).id, kCanIdMost, true};
  return filters;
}();

}  // namespace
}  // namespace jk_can

extern const ProtocolSpec kJkCan;
constinit const ProtocolSpec kJkCan = {
    .name = "jk-can",
    .title = "JK CAN V1 and V2",
    .devices =
        "JK boards with CAN: an ordered option of BD and B boards, built into PB boards "
        "(CAN protocol 000)",
    .bus = Bus::can,
    .default_baud = 0,
    .longest_frame = kCanRecordSize,
    .maturity = Maturity::seen_in_captures,
    .addressed = true,
    .highest_address = jk_can::kHighestAddress,
    .can_filters = jk_can::kFilters,
    .size = sizeof(jk_can::JkCan),
    .construct = [](void* storage, const ProtocolOptions& options) -> Protocol* {
      return ProtocolBox::construct_in<jk_can::JkCan>(storage, options);
    },
};

}  // namespace cw
