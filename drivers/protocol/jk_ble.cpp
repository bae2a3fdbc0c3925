// SPDX-License-Identifier: Apache-2.0
// A JK board over Bluetooth: asked once who it is, then for its settings, it streams its state by
// itself. Which of three generations it is, its device information says, and its first status
// record must agree.
#include "drivers/protocol/jk_ble.h"

#include <algorithm>
#include <optional>

#include "drivers/protocol/jk_ble_settings.h"
#include "drivers/protocol/jk_record.h"
#include "drivers/protocol/registry.h"

namespace cw {
namespace jk_ble {
namespace {

using namespace std::string_view_literals;
using jk_record::Layout;

constexpr Millis kReplyWithin{3'000};
constexpr Millis kStreamPause{2'000};  // a stream that is silent for longer is asked for again
constexpr Millis kForgotten{10'000};   // after this silence it is asked who it is, too
constexpr Millis kSettingsEvery{60'000};
constexpr Millis kTakenWithin{1'000};  // every command is acknowledged, questions as well

constexpr std::string_view kGenerations[] = {name(Layout::jk04), name(Layout::jk02_24s),
                                             name(Layout::jk02_32s)};

std::optional<Layout> layout_named(std::string_view generation) {
  for (const Layout layout : {Layout::jk04, Layout::jk02_24s, Layout::jk02_32s})
    if (name(layout) == generation) return layout;
  return std::nullopt;
}

constexpr std::size_t kMark = 4;  // bytes of each mark

using Mark = std::array<std::uint8_t, kMark>;
constexpr const Mark* kMarks[] = {&jk_record::kStart, &kCommandStart, &kChatter};

/// `in` is this mark, or as much of it as there is.
bool begins(std::span<const std::uint8_t> in, const Mark& mark) {
  const std::size_t size = std::min(in.size(), mark.size());
  return std::equal(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(size), mark.begin());
}

bool begins_any(std::span<const std::uint8_t> in) {
  return std::any_of(std::begin(kMarks), std::end(kMarks),
                     [in](const Mark* mark) { return begins(in, *mark); });
}

/// What is at the front is none: give it up, to where the next one may begin.
Fed give_up(std::span<const std::uint8_t> in, Heard heard, std::string_view why) {
  std::size_t skip = 1;
  while (skip < in.size() && !begins_any(in.subspan(skip))) ++skip;
  return {.consumed = skip, .heard = heard, .why = why};
}

Fed open_record(std::span<const std::uint8_t> in, Front& front) {
  if (in.size() < jk_record::kSize) return {};
  if (!jk_record::is_sound(in.first<jk_record::kSize>()))
    return give_up(in, Heard::bad_checksum, "a record that does not add up"sv);
  front = Front::record;
  return {.consumed = jk_record::kSize, .heard = Heard::frame};
}

Fed open_command(std::span<const std::uint8_t> in, Front& front) {
  if (in.size() < kCommandSize) return {};
  if (!is_sound(in.first<kCommandSize>()))
    return give_up(in, Heard::bad_checksum, "an acknowledgement that does not add up"sv);
  front = Front::command;
  return {.consumed = kCommandSize, .heard = Heard::frame};
}

std::uint8_t sum(std::span<const std::uint8_t> bytes) {
  unsigned total = 0;
  for (const std::uint8_t byte : bytes) total += byte;
  return static_cast<std::uint8_t>(total);
}

// --- the protocol --------------------------------------------------------------------------------

class JkBle final : public Protocol {
 public:
  explicit JkBle(std::optional<Layout> layout) : layout_(layout) {}

  Fed feed(std::span<const std::uint8_t> in, Instant now, Pack& out) override;
  std::optional<Request> next_request(Instant now) override;
  Settings* settings() override { return &settings_; }

 private:
  Fed hear_acknowledgement(Instant now);
  std::optional<Command> question(Instant now);
  Fed hear_record(jk_record::Record record, Instant now, Pack& out);
  jk_record::Applied hear_device(jk_record::Record record, Instant now, Pack& out);

  std::optional<Layout> layout_;
  BleSettings settings_{layout_};
  unsigned owed_ = 0;                 // acknowledgements of questions
  Instant owed_until_{};              // that may still come
  std::optional<Instant> device_at_;  // when last heard, each
  std::optional<Instant> settings_at_;
  std::optional<Instant> heard_at_;  // any record
  Instant quiet_since_{};            // last status, or last question for the stream
};

Fed JkBle::feed(std::span<const std::uint8_t> in, Instant now, Pack& out) {
  Front front = Front::nothing;
  Fed fed = open_front(in, front);
  if (front == Front::record) return hear_record(in.first<jk_record::kSize>(), now, out);
  if (front != Front::command) return fed;
  if (in[kNumberAt] == static_cast<std::uint8_t>(Command::acknowledge))
    return hear_acknowledgement(now);
  fed.heard = Heard::not_for_us;
  fed.why = "a command, perhaps the echo of our own"sv;
  return fed;
}

// They come in the order of what they acknowledge, and do not say what that was. Questions have
// their answer: theirs must not be taken for that of an order behind them.
Fed JkBle::hear_acknowledgement(Instant now) {
  Fed fed{.consumed = kCommandSize, .heard = Heard::acknowledged, .why = "it took a command"sv};
  if (owed_ == 0 || now > owed_until_) return fed;
  --owed_;
  fed.heard = Heard::part;
  fed.why = "it took a question"sv;
  return fed;
}

Fed JkBle::hear_record(jk_record::Record record, Instant now, Pack& out) {
  Fed fed{.consumed = jk_record::kSize, .heard = Heard::frame};
  const auto type = jk_record::type_of(record);
  // What a status record says of itself is believed first: it adds up cell by cell.
  if (type == jk_record::Type::status)
    if (const auto shown = jk_record::layout_by_status(record)) layout_ = shown;
  if (type == jk_record::Type::log) {
    fed.heard = Heard::not_for_us;
    fed.why = "an event log"sv;
    return fed;
  }
  if (type != jk_record::Type::device && !layout_) {
    fed.heard = Heard::malformed;
    fed.why = "which generation it is of is not known: no device information was heard"sv;
    return fed;
  }
  const auto applied = type == jk_record::Type::device
                           ? hear_device(record, now, out)
                           : jk_record::apply(record, *layout_, now, out);
  if (type == jk_record::Type::settings) {
    settings_at_ = now;
    settings_.on_settings();
  }
  if (type == jk_record::Type::status) {
    quiet_since_ = now;
    if (!settings_.stale()) jk_record::hold_settings(out, now);
  }
  heard_at_ = now;
  fed.refused = applied.refused;
  fed.why = applied.why;
  return fed;
}

jk_record::Applied JkBle::hear_device(jk_record::Record record, Instant now, Pack& out) {
  const Layout used = layout_.value_or(Layout::jk02_32s);
  auto applied = jk_record::apply(record, used, now, out);
  if (!layout_) layout_ = jk_record::layout_by_version(out.identity);
  if (layout_ && *layout_ != used) applied = jk_record::apply(record, *layout_, now, out);
  device_at_ = now;
  return applied;
}

std::optional<Command> JkBle::question(Instant now) {
  if (!device_at_ || !heard_at_ || now > *heard_at_ + kForgotten) return Command::device;
  if (const auto ordered = settings_.take_question()) return ordered;
  const bool streams = now <= quiet_since_ + kStreamPause;
  const bool known = settings_at_ && now < *settings_at_ + kSettingsEvery && !settings_.stale();
  return known && streams ? std::nullopt : std::optional{Command::settings};
}

std::optional<Request> JkBle::next_request(Instant now) {
  const auto what = question(now);
  if (!what) return std::nullopt;
  if (*what == Command::settings) quiet_since_ = now;
  owed_ = now > owed_until_ ? 1 : owed_ + 1;
  owed_until_ = now + kTakenWithin;
  Request request = command(*what);
  request.reply_within = kReplyWithin;
  request.listen_on = true;
  return request;
}

}  // namespace

Request command(std::uint8_t number, std::span<const std::uint8_t> value) {
  Request request;
  for (const std::uint8_t byte : kCommandStart) request.add(byte);
  request.add(number);
  const std::size_t size = std::min(value.size(), kValueMost);
  request.add(static_cast<std::uint8_t>(size));
  for (const std::uint8_t byte : value.first(size)) request.add(byte);
  while (request.size < kCommandSize - 1) request.add(0);
  request.add(sum(request.view()));
  return request;
}

bool is_sound(std::span<const std::uint8_t, kCommandSize> bytes) {
  return begins(bytes, kCommandStart) && sum(bytes.first<kCommandSize - 1>()) == bytes.back();
}

Fed open_front(std::span<const std::uint8_t> in, Front& front) {
  front = Front::nothing;
  if (in.empty()) return {};
  if (!begins_any(in)) return give_up(in, Heard::noise, "no start mark"sv);
  if (in.size() < kMark) return {};
  if (begins(in, kChatter))
    return {.consumed = kMark, .heard = Heard::noise, .why = "chatter of the radio module"sv};
  return begins(in, kCommandStart) ? open_command(in, front) : open_record(in, front);
}

}  // namespace jk_ble

extern const ProtocolSpec kJkBle;
constinit const ProtocolSpec kJkBle = {
    .name = "jk-ble",
    .title = "JK Bluetooth LE",
    .devices =
        "JK boards of all generations with Bluetooth: active balancers (JK04), B1A, B2A, BD4A "
        "and BD6A (24S until software 10, 32S from 11 on), PB inverter boards",
    .bus = Bus::ble,
    .default_baud = 0,
    .longest_frame = jk_record::kSize,
    .maturity = Maturity::seen_in_captures,
    .addressed = false,
    .generations = jk_ble::kGenerations,
    .size = sizeof(jk_ble::JkBle),
    .construct = [](void* storage, const ProtocolOptions& options) -> Protocol* {
      return ProtocolBox::construct_in<jk_ble::JkBle>(storage,
                                                      jk_ble::layout_named(options.generation));
    },
};

}  // namespace cw
