// SPDX-License-Identifier: Apache-2.0
#include "daemon/wiring.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <map>

#include "daemon/control_orders.h"
#include "daemon/log.h"
#include "daemon/notify.h"

namespace cw {
namespace {

// Housekeeping is due this long after the last and then waits a while for a turn to join, so that a
// gateway that is polling anyway is not woken for it.
constexpr Millis kHouseEvery{500};
constexpr Millis kHouseSlack{700};
constexpr std::uint32_t kBitsPerByte = 10;  // a start bit, eight data bits, a stop bit

// A bad port of one wire must not keep the others from working, so nothing here can fail.
std::map<std::string, std::vector<std::size_t>> packs_by_port(const Configuration& configuration) {
  std::map<std::string, std::vector<std::size_t>> ports;
  for (std::size_t i = 0; i < configuration.packs.size(); ++i)
    ports[configuration.packs[i].port.name].push_back(i);
  return ports;
}

}  // namespace

Wiring::Wiring(const Configuration& configuration, Loop& loop)
    : configuration_(configuration),
      loop_(loop),
      state_file_(configuration.state_file),
      gateway_(configuration),
      status_(loop, configuration.control_socket,
              [this](const ControlRequest& request, std::string& out) { answer(request, out); }),
      tick_timer_(loop.add_timer([this](Instant now) { gateway_.on_tick(now); })),
      house_timer_(loop.add_timer([this](Instant now) { keep_house(now); }, kHouseSlack)) {
  make_wires();
  loop.at_end_of_turn([this] { end_turn(); });
}

Wiring::~Wiring() {
  if (modbus_) loop_.forget(modbus_->descriptor());
}

void Wiring::make_wires() {
  for (const auto& [port, packs] : packs_by_port(configuration_)) {
    const PackConfiguration& first = configuration_.packs[packs.front()];
    std::size_t longest = 0;
    LineTimes times;
    PortOptions options = first.port;
    if (options.baud != 0) times.byte_us = kBitsPerByte * 1'000'000 / options.baud;
    for (const std::size_t i : packs) {
      longest = std::max(longest, configuration_.packs[i].protocol->longest_frame);
      times.addressed &= configuration_.packs[i].protocol->addressed;
      const auto filters = configuration_.packs[i].protocol->can_filters;
      options.can_filters.insert(options.can_filters.end(), filters.begin(), filters.end());
    }
    wires_.push_back(std::make_unique<Wire>(
        loop_, gateway_, make_transport(first.protocol->bus, options), times, longest));
    for (const std::size_t i : packs)
      wires_.back()->add(i, configuration_.packs[i], gateway_.store().pack(i).pack);
  }
}

bool Wiring::open() {
  if (!status_.open()) {
    error_ = status_.error();
    return false;
  }
  make_sinks();
  return true;
}

// A port that is taken stays this sink's own trouble: it is tried again about every second.
void Wiring::open_modbus() {
  if (!configuration_.modbus.enabled || modbus_) return;
  std::string trouble;
  modbus_ = make_modbus_server(configuration_.modbus, trouble);
  if (!modbus_) {
    if (modbus_trouble_.empty()) log(Severity::error, "modbus", "{}; trying again", trouble);
    modbus_trouble_ = trouble;
    return;
  }
  modbus_trouble_.clear();
  loop_.watch(modbus_->descriptor(), EPOLLIN,
              [this](std::uint32_t) { modbus_->on_ready(loop_.now()); });
  gateway_.add(*modbus_);
  log(Severity::info, "modbus", "listening on {} port {}", configuration_.modbus.listen,
      modbus_->port());
}

void Wiring::make_sinks() {
  open_modbus();
  if (configuration_.mqtt.enabled) {
    mqtt_ = make_mqtt(configuration_.mqtt);
    gateway_.add(*mqtt_);
  }
  if (configuration_.history.enabled) {
    history_ = make_history(configuration_.history);
    gateway_.add(*history_);
  }
}

void Wiring::start() {
  started_ = loop_.now();
  restore();
  gateway_.start(started_, Loop::wall_ms());
  for (const auto& wire : wires_) wire->start();
  loop_.set_timer(house_timer_, started_ + kHouseEvery);
}

// The first start has no file, and nothing to keep before there is a relay.
void Wiring::restore() {
  if (configuration_.relays.empty()) return;
  const StateRead read = read_state_file(configuration_.state_file);
  if (!read.error.empty()) gateway_.distrust(read.error, started_);
  if (read.text) gateway_.restore(*read.text, started_, Loop::wall_ms());
}

void Wiring::stop() {
  gateway_.stop(loop_.now(), Loop::wall_ms());
  keep_state(loop_.now());
}

void Wiring::keep_state(Instant now) {
  if (configuration_.relays.empty()) return;
  if (auto memory = gateway_.take_memory(now, Loop::wall_ms())) state_file_.keep(*memory);
}

// Decided at this very moment: values and what follows from them agree.
void Wiring::answer(const ControlRequest& request, std::string& out) {
  const Instant now = loop_.now();
  if (!request.line.empty()) out = answer_order(request, gateway_, now);
  gateway_.on_tick(now);
  gateway_.end_turn(now, Loop::wall_ms());
  if (request.line.empty()) write_status(out, gateway_.picture(now, Loop::wall_ms()), details());
}

void Wiring::end_turn() {
  const Instant now = loop_.now();
  gateway_.end_turn(now, Loop::wall_ms());
  keep_state(now);
  if (const auto tick = gateway_.next_tick(now))
    loop_.set_timer(tick_timer_, *tick);
  else
    loop_.stop_timer(tick_timer_);
}

void Wiring::keep_house(Instant now) {
  open_modbus();
  if (modbus_) modbus_->on_tick(now);
  log_health("mqtt", mqtt_.get(), mqtt_in_trouble_);
  log_health("history", history_.get(), history_in_trouble_);
  if (const std::string trouble = state_file_.trouble(); trouble != state_trouble_) {
    gateway_.note(EventKind::state_unkept, trouble.empty() ? "it is kept again" : trouble, now);
    state_trouble_ = trouble;
  }
  std::size_t fresh = 0;
  for (const PackState& pack : gateway_.store().packs()) fresh += pack.fresh(now) ? 1 : 0;
  const auto line = fmt::format("{} of {} packs heard, mode {}", fresh,
                                gateway_.store().packs().size(), name(configuration_.mode));
  if (line != status_line_) notify_status(line);
  status_line_ = line;
  loop_.set_timer(house_timer_, now + kHouseEvery);
}

// A sink in trouble is news once, and once when it is over.
void Wiring::log_health(std::string_view name, const Sink* sink, bool& in_trouble) {
  if (sink == nullptr) return;
  const Health health = sink->health();
  if (health.ok == !in_trouble) return;
  in_trouble = !health.ok;
  log(in_trouble ? Severity::warning : Severity::notice, name, "{}", health.detail);
}

StatusDetails Wiring::details() const {
  StatusDetails details;
  details.started = started_;
  details.relays = configuration_.relays;
  if (mqtt_) details.sinks.push_back({"mqtt", mqtt_->health()});
  if (modbus_) details.sinks.push_back({"modbus", modbus_->health()});
  if (!modbus_trouble_.empty()) details.sinks.push_back({"modbus", {false, modbus_trouble_, 0}});
  if (history_) details.sinks.push_back({"history", history_->health()});
  for (const auto& wire : wires_)
    details.wires.push_back({wire->name(), wire->is_open(), wire->trouble()});
  return details;
}

}  // namespace cw
