// SPDX-License-Identifier: Apache-2.0
// A session of simulated packs, in virtual time and with the real classes, on which everything goes
// wrong; what was recorded of it is played again and must give the same pictures, one by one.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <random>

#include "daemon/capture/capture_hub.h"
#include "daemon/capture/replay.h"
#include "daemon/status_json.h"
#include "daemon/wire_layout.h"
#include "simulator/virtual_pack.h"

namespace cw {
namespace {

constexpr std::string_view kPlant = R"([[pack]]
name = "garage"
protocol = "jk-uart"
port = "/dev/a"
chemistry = "lfp"
cells = 16
capacity = "280 Ah"
poll = "500 ms"
[pack.policy]
cell_overvoltage = "3.55 V"
[[pack]]
name = "cellar"
protocol = "jk-uart"
port = "/dev/b"
chemistry = "lfp"
cells = 16
poll = "1 s"
[[pack]]
name = "attic"
protocol = "jk-uart"
port = "/dev/c"
chemistry = "lfp"
cells = 16
[[relay]]
name = "charger"
role = "charge"
dry_run = true
[[relay]]
name = "load"
role = "discharge"
dry_run = true
[[relay]]
name = "lamp"
role = "alarm"
dry_run = true
[supervisor]
mode = "control"
)";

/// Every picture as the document that `status --json` prints, and every event.
class Notebook final : public Sink {
 public:
  void publish(const Picture& picture, std::span<const std::size_t> changed) override {
    std::string text;
    Picture same = picture;
    same.wall_ms = 0;
    write_status(text, same, {});
    for (const std::size_t i : changed) text += std::to_string(i) + " ";
    lines.push_back(std::move(text));
  }
  void record(const Event& event) override { lines.push_back(capture_text(event)); }
  Health health() const override { return {}; }
  std::vector<std::string> lines;
};

class TextListener final : public CaptureListener {
 public:
  explicit TextListener(CaptureHeader header)
      : header_(std::move(header)), text(write_capture_header(header_)) {}
  void take(const PackedRecord& record) override { write_packed(text, header_, record); }
  void take(const Event&) override {}

 private:
  CaptureHeader header_;

 public:
  std::string text;
};

/// What the loop, the wires and the boards do, with a clock that is only a number.
class Session {
 public:
  explicit Session(std::uint32_t seed)
      : random_(seed),
        loaded_(parse_configuration(configuration_text(), "plant.toml")),
        hub_([this] { return now_us_; }, header(), [](bool) {}),
        gateway_(loaded_.configuration),
        text(hub_.header(now_us_)) {
    EXPECT_TRUE(loaded_.faults.empty());
    hub_.add(text);
    gateway_.add(hub_);
    gateway_.add(notebook);
    std::uint8_t number = 0;
    for (const WireLayout& layout : lay_wires(loaded_.configuration)) {
      Wire& wire = wires_.emplace_back();
      wire.packs = std::make_unique<WirePacks>(gateway_, layout.times, layout.longest_frame);
      wire.packs->add(layout.packs[0], loaded_.configuration.packs[layout.packs[0]],
                      gateway_.store().pack(layout.packs[0]).pack, now());
      wire.probe = {&hub_, ++number};
      simulator::PackSpec spec;
      spec.profile = simulator::ProfileKind::constant;
      spec.current = Milliamps{number == 1 ? 20'000 : -15'000};
      wire.board = std::make_unique<simulator::VirtualPack>(spec, seed + number, now());
    }
    CaptureProbe{&hub_, 0}.note(CaptureKind::start);
    gateway_.start(now(), 0);
    for (Wire& wire : wires_) up(wire);
  }

  static std::string configuration_text() { return std::string{kPlant}; }
  simulator::VirtualPack& board(std::size_t i) { return *wires_[i].board; }
  Instant now() const { return {now_us_ / 1000}; }

  void order(std::string_view line) {
    CaptureProbe{&hub_, 0}.note(CaptureKind::order, "1000 " + std::string{line});
    EXPECT_EQ(gateway_.command("charger", RelayCommand::lock, "uid 1000", now()), "");
    end_turn();
  }

  void unplug(std::size_t i) {
    Wire& wire = wires_[i];
    wire.is_up = false;
    wire.coming.clear();
    wire.probe.note(CaptureKind::down, "unplugged");
    wire.packs->on_down(now());
    end_turn();
  }
  void plug(std::size_t i) { up(wires_[i]); }

  void run(std::int64_t seconds) {
    const std::int64_t end_us = now_us_ + seconds * 1'000'000;
    for (;;) {
      std::int64_t next_us = end_us;
      Wire* due = nullptr;
      bool bytes = false;
      for (Wire& wire : wires_) {
        if (!wire.is_up) continue;
        const std::int64_t timer_us = wire.packs->line().deadline().ms * 1000 + wire.late_us;
        const std::int64_t arrival_us = wire.coming.empty() ? end_us : wire.coming.front().at_us;
        if (std::min(timer_us, arrival_us) >= next_us) continue;
        next_us = std::min(timer_us, arrival_us);
        bytes = arrival_us <= timer_us;
        due = &wire;
      }
      const auto tick = gateway_.next_tick(now());
      const bool ticks = tick && tick->ms * 1000 + tick_late_us_ < next_us;
      if (!ticks && due == nullptr) break;
      now_us_ = std::max(now_us_, ticks ? tick->ms * 1000 + tick_late_us_ : next_us);
      if (ticks)
        on_tick();
      else if (bytes)
        receive(*due);
      else
        ask(*due);
      end_turn();
    }
    now_us_ = end_us;
  }

  Notebook notebook;

 private:
  struct Piece {
    std::int64_t at_us;
    std::vector<std::uint8_t> bytes;
  };
  struct Wire {
    std::unique_ptr<WirePacks> packs;
    std::unique_ptr<simulator::VirtualPack> board;
    CaptureProbe probe;
    std::deque<Piece> coming;
    std::int64_t late_us = 0;  // how late the next timer is
    bool is_up = false;
  };

  CaptureHeader header() const {
    CaptureHeader made;
    made.wall_ms = 1'790'000'000'000;
    made.clock_ms = now_us_ / 1000;
    made.wires = {{"jk-uart", "/dev/a"}, {"jk-uart", "/dev/b"}, {"jk-uart", "/dev/c"}};
    made.configuration = loaded_.configuration.excerpt;
    return made;
  }

  void up(Wire& wire) {
    wire.is_up = true;
    wire.probe.note(CaptureKind::up);
    wire.packs->on_up(now());
    ask(wire);
    end_turn();
  }

  void ask(Wire& wire) {
    wire.probe.note(CaptureKind::turn);
    wire.late_us = static_cast<std::int64_t>(random_() % 4000);
    send(wire);
  }

  void send(Wire& wire) {
    if (const auto request = wire.packs->ask(now())) {
      wire.probe.note(CaptureKind::out, request->view());
      wire.board->advance(now());
      std::vector<simulator::Answer> answers;
      wire.board->on_bytes(request->view(), now(), answers);
      for (const simulator::Answer& answer : answers) deliver(wire, answer);
    }
    wire.packs->report(now());
  }

  // In pieces, now and then with bytes of nobody before it.
  void deliver(Wire& wire, const simulator::Answer& answer) {
    std::int64_t at_us = now_us_ + 1'500 + std::int64_t{answer.delay.count} * 1000;
    if (!wire.coming.empty()) at_us = std::max(at_us, wire.coming.back().at_us + 1);
    if (random_() % 20 == 0) wire.coming.push_back({at_us, {0x4E, 0x00, 0x57, 0x4E, 0x57}});
    std::size_t sent = 0;
    while (sent < answer.bytes.size()) {
      const auto size = std::min<std::size_t>(1 + random_() % 90, answer.bytes.size() - sent);
      at_us += static_cast<std::int64_t>(size) * 87 + static_cast<std::int64_t>(random_() % 700);
      const auto begin = answer.bytes.begin() + static_cast<std::ptrdiff_t>(sent);
      wire.coming.push_back({at_us, {begin, begin + static_cast<std::ptrdiff_t>(size)}});
      sent += size;
    }
  }

  void receive(Wire& wire) {
    const Piece piece = std::move(wire.coming.front());
    wire.coming.pop_front();
    wire.probe.note(CaptureKind::in, piece.bytes);
    wire.packs->on_bytes(piece.bytes, now());
    ask(wire);
  }

  void on_tick() {
    CaptureProbe{&hub_, 0}.note(CaptureKind::tick);
    gateway_.on_tick(now());
    tick_late_us_ = static_cast<std::int64_t>(random_() % 7000);
  }

  void end_turn() {
    if (!gateway_.has_news()) return;
    CaptureProbe{&hub_, 0}.note(CaptureKind::decide);
    gateway_.end_turn(now(), 0);
  }

  std::int64_t now_us_ = 4'711'000'333;
  std::mt19937 random_;
  std::int64_t tick_late_us_ = 0;
  LoadedConfiguration loaded_;
  CaptureHub hub_;
  Gateway gateway_;
  std::vector<Wire> wires_;

 public:
  TextListener text;
};

/// Everything goes wrong once.
void let_things_happen(Session& session) {
  using simulator::Fault;
  session.run(20);
  session.board(0).inject(Fault::cell_voltage, 3, 3'600);
  session.run(30);
  session.board(0).clear(Fault::cell_voltage);
  session.board(1).inject(Fault::bit_flip, 0, 0);
  session.run(20);
  session.board(1).clear(Fault::bit_flip);
  session.board(1).inject(Fault::mute, 0, 0);
  session.board(2).inject(Fault::truncate, 0, 120);
  session.run(30);
  session.board(2).clear(Fault::truncate);
  session.board(1).clear(Fault::mute);
  session.unplug(2);
  session.order("relay charger lock");
  session.run(15);
  session.plug(2);
  session.board(2).inject(Fault::garbage, 0, 0);
  session.run(20);
  session.board(2).clear(Fault::garbage);
  session.board(0).inject(Fault::slow, 0, 700);
  session.board(2).inject(Fault::current, 0, -150'000);
  session.run(60);
}

struct Replayed {
  Notebook notebook;
  ReplayReport report;
};
std::unique_ptr<Replayed> replay(const std::string& text) {
  auto done = std::make_unique<Replayed>();
  const ReadCapture read = read_capture(text, "session.capture");
  EXPECT_EQ(read.fault, "");
  const LoadedConfiguration loaded = replay_configuration(read.capture.header, "session.capture");
  EXPECT_TRUE(loaded.faults.empty());
  Replay replay(loaded.configuration, read.capture);
  replay.gateway().add(done->notebook);
  while (replay.next()) replay.step();
  done->report = replay.report();
  return done;
}

TEST(CaptureReplay, ARecordedSessionGivesTheSamePicturesOneByOne) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    Session session(seed);
    let_things_happen(session);
    const auto again = replay(session.text.text);
    EXPECT_TRUE(again->report.from_start);
    EXPECT_EQ(again->report.different, 0U) << again->report.first_difference;
    EXPECT_GT(again->report.requests, 300U);
    EXPECT_GT(again->report.events, 20U);
    const auto& live = session.notebook.lines;
    EXPECT_GT(live.size(), 500U);
    ASSERT_EQ(again->notebook.lines.size(), live.size()) << "seed " << seed;
    for (std::size_t i = 0; i < live.size(); ++i)
      ASSERT_EQ(again->notebook.lines[i], live[i]) << "picture " << i << ", seed " << seed;
  }
}

TEST(CaptureReplay, AChangedByteIsTold) {
  Session session(1);
  session.run(10);
  std::string text = session.text.text;
  const std::size_t out = text.find(" out ", text.find(" in "));
  text[out + 12] = text[out + 12] == '0' ? '1' : '0';
  const auto again = replay(text);
  EXPECT_EQ(again->report.different, 1U);
  EXPECT_NE(again->report.first_difference.find("was sent, and now"), std::string::npos);
}

TEST(CaptureReplay, ARecordingFromTheMiddleComesToTheSameValues) {
  Session session(3);
  session.run(40);
  std::string text = session.text.text;
  const std::size_t records = text.find("records\n") + 8;
  const std::size_t middle = text.find('\n', (records + text.size()) / 2) + 1;
  text.erase(records, middle - records);
  const auto again = replay(text);
  EXPECT_FALSE(again->report.from_start);
  ASSERT_FALSE(again->notebook.lines.empty());
  const auto values = [](const std::string& line) {
    const std::size_t from = line.find("\"voltage_V\"");
    return line.substr(from, line.find("\"cycle_count\"") - from);
  };
  EXPECT_EQ(values(again->notebook.lines.back()), values(session.notebook.lines.back()));
}

TEST(CaptureReplay, WithoutTheGatewaysRecordsItDecidesAtTimesOfItsOwn) {
  Session session(2);
  session.run(30);
  std::string wire_only;
  std::string_view rest = session.text.text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    const std::size_t space = line.find(' ');
    const bool of_gateway =
        line.front() >= '0' && line.front() <= '9' && line.substr(space, 3) == " 0 ";
    if (!of_gateway) wire_only.append(line);
  }
  const auto again = replay(wire_only);
  EXPECT_FALSE(again->report.gateway_recorded);
  EXPECT_GT(again->report.requests, 50U);
  EXPECT_GT(again->notebook.lines.size(), 50U);
}

}  // namespace
}  // namespace cw
