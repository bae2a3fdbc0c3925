// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "daemon/capture/capture_hub.h"
#include "daemon/control_orders.h"
#include "daemon/wire_layout.h"

namespace cw {
namespace {

bool contains(const Capture& capture, auto&& wanted) {
  return std::any_of(capture.records.begin(), capture.records.end(), wanted);
}

/// Events that are no consequence of what a recording holds.
bool is_from_outside(EventKind kind) {
  return kind == EventKind::state_unkept || kind == EventKind::state_unreadable ||
         kind == EventKind::black_box;
}
bool is_from_outside(std::string_view text) {
  const std::size_t kind = text.find(' ') + 1;
  const std::string_view word = text.substr(kind, text.find(' ', kind) - kind);
  for (std::size_t i = 0; i < kEventKindCount; ++i)
    if (name(static_cast<EventKind>(i)) == word) return is_from_outside(static_cast<EventKind>(i));
  return false;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  return fmt::format("{:02X}", fmt::join(bytes, ""));
}

/// A pack a wire, as far as the protocols are known.
std::string assumed_configuration(const CaptureHeader& header) {
  std::string text;
  for (std::size_t i = 0; i < header.wires.size(); ++i) {
    const CaptureWire& wire = header.wires[i];
    if (find_protocol(wire.protocols) == nullptr) continue;
    text += fmt::format(
        "[[pack]]\nname = \"pack-{}\"\nprotocol = \"{}\"\nport = \"{}\"\nchemistry = \"lfp\"\n"
        "cells = 16\n",
        i + 1, wire.protocols, wire.port);
  }
  return text;
}

}  // namespace

LoadedConfiguration replay_configuration(const CaptureHeader& header, const std::string& file) {
  const bool carried = !header.configuration.empty();
  return without_lines(parse_configuration(
      carried ? header.configuration : assumed_configuration(header), file + " (config)"));
}

LoadedConfiguration without_lines(LoadedConfiguration loaded) {
  for (RelayConfiguration& relay : loaded.configuration.relays) relay.gpio = relay.feedback = {};
  return loaded;
}

Replay::Replay(const Configuration& configuration, const Capture& capture)
    : capture_(capture), gateway_(configuration) {
  gateway_.add(heard_);
  const auto layouts = lay_wires(configuration);
  for (std::size_t i = 0; i < capture.header.wires.size(); ++i) {
    Port& port = ports_.emplace_back();
    const auto layout =
        std::find_if(layouts.begin(), layouts.end(), [&](const WireLayout& candidate) {
          return candidate.port.name == capture.header.wires[i].port;
        });
    if (layout == layouts.end()) continue;
    port.packs = std::make_unique<WirePacks>(gateway_, layout->times, layout->longest_frame);
    for (const std::size_t pack : layout->packs)
      port.packs->add(pack, configuration.packs[pack], gateway_.store().pack(pack).pack,
                      {capture.header.clock_ms});
    port.recorded = contains(capture, [&](const CaptureRecord& record) {
      return record.wire == i + 1 && record.kind == CaptureKind::turn;
    });
  }
  report_.gateway_recorded = contains(
      capture, [](const CaptureRecord& record) { return record.kind == CaptureKind::decide; });
  report_.from_start = contains(
      capture, [](const CaptureRecord& record) { return record.kind == CaptureKind::start; });
}

std::optional<Instant> Replay::next() const {
  if (at_ == capture_.records.size()) return std::nullopt;
  return Instant{capture_.header.clock_ms + capture_.records[at_].at_us / 1000};
}

std::int64_t Replay::wall_ms() const {
  return capture_.header.wall_ms + (now_.ms - capture_.header.clock_ms);
}

void Replay::step() {
  const auto due = next();
  CW_ASSERT(due);
  if (!begun_) {
    now_ = *due;
    begin();
  }
  live_until(*due);
  now_ = *due;
  play(capture_.records[at_++]);
  turn_over();
  if (next() || !report_.gateway_recorded) return;
  for (const std::string& event : heard_.events) differ("not in the recording: " + event);
}

void Replay::begin() {
  begun_ = true;
  if (!report_.from_start) gateway_.start(now_, wall_ms());
  if (!report_.from_start) heard_.events.clear();
}

// What was not recorded happens at times of its own: turns of wires that were only listened to, and
// those of the gateway.
void Replay::live_until(Instant until) {
  for (;;) {
    Instant first = until;
    Port* due = nullptr;
    for (Port& port : ports_) {
      if (!port.packs || port.recorded || !port.up) continue;
      if (port.packs->line().deadline() >= first) continue;
      first = port.packs->line().deadline();
      due = &port;
    }
    const bool running = begun_ && !report_.gateway_recorded;
    const auto tick = running ? gateway_.next_tick(now_) : std::nullopt;
    const bool tick_first = tick && *tick < first;
    if (!tick_first && due == nullptr) return;
    now_ = std::max(now_, tick_first ? *tick : first);
    if (tick_first) {
      gateway_.on_tick(now_);
    } else {
      ask(*due);
      due->asked.reset();
    }
    turn_over();
  }
}

void Replay::turn_over() {
  if (!report_.gateway_recorded) gateway_.end_turn(now_, wall_ms());
}

void Replay::play(const CaptureRecord& record) {
  if (record.wire == 0) return play_gateway(record);
  Port& port = ports_[record.wire - 1U];
  if (!port.packs) return;
  play_wire(record, port);
}

void Replay::play_wire(const CaptureRecord& record, Port& port) {
  if (record.kind == CaptureKind::out) return compare_request(record, port);
  if (port.asked)
    differ(fmt::format("{} was asked for, and not recorded", hex(port.asked->view())));
  port.asked.reset();
  switch (record.kind) {
    case CaptureKind::up: return come_up(port);
    case CaptureKind::down: port.up = false; return port.packs->on_down(now_);
    default: break;
  }
  come_up(port);
  if (record.kind == CaptureKind::in) port.packs->on_bytes(record.bytes, now_);
  if (record.kind == CaptureKind::turn) ask(port);
}

// Of a recording that begins while the wire is up: it learns so with the first record.
void Replay::come_up(Port& port) {
  if (port.up) return;
  port.up = true;
  port.packs->on_up(now_);
}

void Replay::ask(Port& port) {
  port.asked = port.packs->ask(now_);
  port.packs->report(now_);
  if (!port.recorded) port.asked.reset();
}

void Replay::compare_request(const CaptureRecord& record, Port& port) {
  if (!port.recorded) return;
  if (!port.up) {  // it began between a turn and its request
    come_up(port);
    ask(port);
  }
  const auto asked = std::exchange(port.asked, std::nullopt);
  const auto same = [&](const Request& request) {
    return std::equal(record.bytes.begin(), record.bytes.end(), request.view().begin(),
                      request.view().end());
  };
  if (asked && same(*asked))
    ++report_.requests;
  else
    differ(fmt::format("{} was sent, and now {}", hex(record.bytes),
                       asked ? hex(asked->view()) : "nothing"));
}

void Replay::play_gateway(const CaptureRecord& record) {
  const std::string_view bytes{reinterpret_cast<const char*>(record.bytes.data()),
                               record.bytes.size()};
  switch (record.kind) {
    case CaptureKind::start: return gateway_.start(now_, wall_ms());
    case CaptureKind::stop: return gateway_.stop(now_, wall_ms());
    case CaptureKind::memory: return gateway_.restore(bytes, now_, wall_ms());
    case CaptureKind::unknown: return gateway_.distrust(record.text, now_);
    case CaptureKind::tick: return gateway_.on_tick(now_);
    case CaptureKind::decide: return gateway_.end_turn(now_, wall_ms());
    case CaptureKind::note: return gateway_.note(EventKind::black_box, record.text, now_);
    case CaptureKind::event: return compare_event(record.text);
    case CaptureKind::order: {
      const std::size_t space = std::min(record.text.find(' '), record.text.size());
      std::uint32_t user = 0;
      for (const char digit : record.text.substr(0, space))
        user = user * 10 + static_cast<std::uint32_t>(digit - '0');
      const std::string line = record.text.substr(std::min(space + 1, record.text.size()));
      (void)answer_order({line, user, true}, gateway_, now_);
      return;
    }
    default: return;
  }
}

void Replay::compare_event(const std::string& recorded) {
  if (is_from_outside(recorded)) return;
  if (heard_.events.empty()) return differ("only in the recording: " + recorded);
  const std::string mine = std::move(heard_.events.front());
  heard_.events.pop_front();
  if (mine == recorded)
    ++report_.events;
  else
    differ(fmt::format("recorded was \"{}\", and now \"{}\"", recorded, mine));
}

void Replay::differ(std::string what) {
  ++report_.different;
  if (report_.first_difference.empty())
    report_.first_difference = fmt::format(
        "{:.3f} s: {}", static_cast<double>(now_.ms - capture_.header.clock_ms) / 1000, what);
}

void Replay::Listener::record(const Event& event) {
  if (!is_from_outside(event.kind)) events.push_back(capture_text(event));
}

}  // namespace cw
