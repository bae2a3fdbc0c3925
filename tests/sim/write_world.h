// SPDX-License-Identifier: Apache-2.0
// A gateway, a line and a simulated board in virtual time: settings go through the real gate, the
// real session and the real protocol, and come back the same way.
#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/gateway.h"
#include "daemon/writes/setting_text.h"
#include "simulator/jk_ble_board.h"
#include "simulator/virtual_pack.h"
#include "tests/sim/jk_modbus_write_board.h"

namespace cw::test {

inline constexpr Millis kFlight{26};  // of an answer, at 115200 baud

/// Everything that was recorded.
class Records final : public Sink {
 public:
  void publish(const Picture&, std::span<const std::size_t>) override {}
  void record(const Event& event) override { all.push_back(event); }
  Health health() const override { return {true, "", 0}; }

  std::vector<Event> of(EventKind kind) const {
    std::vector<Event> found;
    for (const Event& event : all)
      if (event.kind == kind) found.push_back(event);
    return found;
  }
  std::vector<Event> all;
};

class WriteWorld final : private OrderDesk {
 public:
  explicit WriteWorld(const WriteOptions& options, std::string_view protocol = "jk-uart",
                      std::string_view generation = {})
      : configuration_(configuration(options, protocol)),
        gateway(configuration_),
        board(quiet_pack(generation), 1, Instant{0}),
        radio({.layout = layout_of(generation)}),
        protocol_(*configuration_.packs[0].protocol, std::uint8_t{1}),
        line({}, configuration_.packs[0].protocol->longest_frame) {
    if (is_radio()) tell_all();
    gateway.add(records);
    line.add(*protocol_, gateway.store().pack(0).pack, {}, now);
    gateway.gate().connect(*this);
    gateway.start(now, 0);
    up();
    run(3'000);
  }

  static jk_record::Layout layout_of(std::string_view generation) {
    using jk_record::Layout;
    for (const Layout layout : {Layout::jk04, Layout::jk02_24s})
      if (generation == name(layout)) return layout;
    return Layout::jk02_32s;
  }
  /// Over Bluetooth it is found by what the board says of itself.
  static simulator::PackSpec quiet_pack(std::string_view generation) {
    simulator::PackSpec spec;
    spec.profile = simulator::ProfileKind::constant;
    if (generation == "jk04") spec.model = "JK-B2A24S", spec.software = "3.3.0";
    if (generation == "jk02-24s") spec.software = "10.07";
    return spec;
  }
  static WriteOptions everything() {
    WriteOptions options;
    options.allowed[0].parameters.fill(true);
    options.allowed[0].controls.fill(true);
    options.unverified = true;
    return options;
  }

  const PackState& state() { return gateway.store().pack(0); }
  Settings& settings() { return *protocol_->settings(); }
  std::optional<std::int32_t> heard(Setting setting) {
    return reported(state().pack, setting, {INT64_MIN});
  }
  /// What the board really is set to.
  std::optional<std::int32_t> truth(Setting setting) {
    return reported(is_modbus() ? modbus.told : board.truth(), setting, {INT64_MIN});
  }
  bool is_radio() const { return configuration_.packs[0].protocol->name == "jk-ble"; }
  bool is_modbus() const { return configuration_.packs[0].protocol->name == "jk-modbus"; }
  /// Says nothing; obeys no write.
  void mute() {
    modbus.mute = true;
    board.inject(simulator::Fault::mute, 0, 0);
  }
  void obey_nothing() {
    modbus.read_only = true;
    board.inject(simulator::Fault::read_only, 0, 0);
  }
  void heal() {
    modbus.mute = modbus.read_only = false;
    board.clear_faults();
  }

  /// Begins a write; what it ends with is in `result`.
  void begin(std::vector<Change> changes) {
    result.reset();
    answers = 0;
    gateway.gate().write({0, WriteOrigin::control_socket, "uid 0", std::move(changes)}, state(),
                         now, [this](const WriteResult& ended) {
                           result = ended;
                           ++answers;
                         });
    settle();
  }
  /// Until it is answered; ten seconds at most.
  const WriteResult& write(std::vector<Change> changes) {
    begin(std::move(changes));
    for (int i = 0; i < 1'000 && !result; ++i) run(10);
    if (!result) result.emplace().plan.faults.emplace_back("never answered");
    return *result;
  }

  void run(int ms) {
    for (const Instant end = now + Millis{ms}; now < end;) {
      now = now + Millis{1};
      step();
    }
  }

  /// The wire goes down, and comes back.
  void down() {
    in_flight_.clear();
    radio.disconnect();
    line.on_down(now);
    tell();
    settle();
  }
  void up() {
    radio.connect(now);
    line.on_up(now);
    settle();
  }

  std::function<void()> when_acknowledged = [] {};
  Instant now{0};
  Records records;

 private:
  /// Gives the board what firmware of our simulated ones leaves untold.
  void tell_all() {
    using enum Parameter;
    const ParameterSet own = board.truth().parameters;
    const std::int32_t low = *own.get(cell_undervoltage);
    const std::int32_t top = *own.get(cell_overvoltage);
    const std::int32_t recovery = *own.get(cell_overvoltage_recovery);
    const std::int32_t third = (top - recovery) / 3;
    const std::pair<Parameter, std::int32_t> rows[] = {
        {soc_0_voltage, (low + *own.get(cell_undervoltage_recovery)) / 2},
        {soc_100_voltage, recovery + third},
        {request_charge_voltage, recovery + 2 * third},
        {request_float_voltage, recovery - third},
        {sleep_delay, 24 * 3'600}};
    for (const auto& [parameter, value] : rows) (void)board.board().write(parameter, value);
  }

  struct InFlight {
    Instant at;
    std::vector<std::uint8_t> bytes;
  };

  static Configuration configuration(const WriteOptions& options, std::string_view protocol) {
    Configuration made;
    PackConfiguration pack;
    pack.name = "garage";
    pack.protocol = find_protocol(protocol);
    made.packs.push_back(pack);
    made.writes = options;
    return made;
  }

  Settings* settings(std::size_t) override { return protocol_->settings(); }
  bool order(std::size_t pack, const Order& order) override {
    ++orders;
    return line.order(pack, order);
  }
  void look_again(std::size_t pack) override { line.ask_at(pack, now + Millis{200}); }

  void speak() {
    for (auto& message : radio.due(now, board.told()))
      if (board.pass_on(message)) in_flight_.push_back({now + kFlight, std::move(message)});
  }
  void step() {
    if (is_radio()) speak();
    while (!in_flight_.empty() && in_flight_.front().at <= now) {
      const std::vector<std::uint8_t> bytes = std::move(in_flight_.front().bytes);
      in_flight_.pop_front();
      line.on_bytes(bytes, now);
      for (const std::size_t pack : line.completed()) gateway.on_frame(pack, now);
      tell();
    }
    if (line.deadline() <= now) send();
    if (const auto tick = gateway.next_tick(Instant{now.ms - 1}); tick && *tick <= now)
      gateway.on_tick(now);
    settle();
  }
  void send() {
    if (const auto request = line.on_time(now)) {
      std::vector<simulator::Answer> given;
      board.advance(now);
      if (is_radio() && board.hears())
        radio.on_write(request->view(), now, board.board(), board.obeys());
      else if (is_modbus())
        given.push_back({modbus.answer_to(request->view()), {}});
      else if (!is_radio())
        board.on_bytes(request->view(), now, given);
      for (simulator::Answer& answer : given)
        if (!answer.bytes.empty()) in_flight_.push_back({now + kFlight, std::move(answer.bytes)});
    }
    tell();
  }
  void tell() {
    while (const auto report = line.take_report()) {
      gateway.on_order(0, *report, now);
      if (report->end == OrderEnd::acknowledged) when_acknowledged();
    }
    gateway.on_link(0, line.status(0), now);
  }
  void settle() { gateway.end_turn(now, 0); }

  const Configuration configuration_;

 public:
  Gateway gateway;
  simulator::VirtualPack board;  // of jk-uart and jk-ble
  simulator::JkBleBoard radio;   // of jk-ble
  ModbusWriteBoard modbus{1};    // of jk-modbus
  std::optional<WriteResult> result;
  int answers = 0;
  int orders = 0;  // given to the line

 private:
  ProtocolBox protocol_;

 public:
  Line line;

 private:
  std::deque<InFlight> in_flight_;
};

}  // namespace cw::test
