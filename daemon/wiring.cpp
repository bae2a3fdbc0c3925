// SPDX-License-Identifier: Apache-2.0
#include "daemon/wiring.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <set>

#include "daemon/client_orders_memory.h"
#include "daemon/control_orders.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/release_order.h"
#include "daemon/wire_layout.h"
#include "daemon/writes/write_orders.h"

namespace cw {
namespace {

// Housekeeping is due this long after the last and joins the next turn then, so that a gateway that
// is polling anyway is not woken for it; it waits for none longer than that.
constexpr Millis kHouseEvery{500};
constexpr Millis kHouseMost{1'200};
// Boards show a change of theirs within a second.
constexpr Millis kLookAgainAfter{200};
// An inverter that is there has answered by then, even one that starts when it is told something.
constexpr Millis kHeardWithin{60'000};

CaptureHeader capture_header(const Configuration& configuration, const Loop& loop) {
  CaptureHeader header;
  header.wall_ms = Loop::wall_ms();
  header.clock_ms = loop.now().ms;
  header.configuration = configuration.excerpt;
  for (const WireLayout& layout : lay_wires(configuration)) {
    std::set<std::string_view> protocols;
    for (const std::size_t i : layout.packs)
      protocols.insert(configuration.packs[i].protocol->name);
    header.wires.push_back({fmt::format("{}", fmt::join(protocols, ",")), layout.port.name});
  }
  return header;
}

}  // namespace

Wiring::Wiring(const Configuration& configuration, Loop& loop)
    : configuration_(configuration),
      loop_(loop),
      wire_of_(configuration.packs.size()),
      inverters_(loop, configuration.inverters),
      inverter_present_(configuration.inverters.size(), false),
      inverter_unheard_(configuration.inverters.size(), false),
      state_file_(configuration.state_file),
      hub_([&loop] { return loop.now_us(); }, capture_header(configuration, loop),
           [this](bool on) { switch_recording(on); }),
      gateway_(configuration),
      mqtt_orders_(
          gateway_, [this](const MqttAnswer& answer) { mqtt_->answer(answer); }, Loop::wall_ms),
      status_(loop, configuration.control_socket,
              [this](const ControlRequest& request, std::string& out) { answer(request, out); }),
      live_(hub_, status_),
      tick_timer_(loop.add_timer([this](Instant now) {
        probe_.note(CaptureKind::tick);
        gateway_.on_tick(now);
      })),
      house_timer_(loop.add_timer([](Instant) {})) {
  make_wires();
  gateway_.gate().connect(*this);
  loop.at_end_of_turn([this] { end_turn(); });
}

Wiring::~Wiring() {
  if (modbus_) loop_.forget(modbus_->descriptor());
  if (mqtt_ && mqtt_->descriptor() >= 0) loop_.forget(mqtt_->descriptor());
}

// A bad port of one wire must not keep the others from working, so nothing here can fail.
void Wiring::make_wires() {
  for (const WireLayout& layout : lay_wires(configuration_)) {
    const ProtocolSpec& first = *configuration_.packs[layout.packs.front()].protocol;
    wires_.push_back(std::make_unique<Wire>(loop_, gateway_, make_transport(first.bus, layout.port),
                                            layout.times, layout.longest_frame));
    for (const std::size_t i : layout.packs) {
      wires_.back()->add(i, configuration_.packs[i], gateway_.store().pack(i).pack);
      wire_of_[i] = wires_.back().get();
    }
  }
  gateway_.add(hub_);
  if (configuration_.black_box.enabled)
    black_box_ = std::make_unique<BlackBox>(configuration_.black_box, hub_, wires_.size());
}

// Recording begins or ends: the wires and the gateway tell the hub, or nobody.
void Wiring::switch_recording(bool on) {
  CaptureTap* const tap = on ? &hub_ : nullptr;
  probe_ = {tap, 0};
  for (std::size_t i = 0; i < wires_.size(); ++i)
    wires_[i]->record({tap, static_cast<std::uint8_t>(i + 1)});
}

// Only what plan() found to be on a wire is ordered.
Settings* Wiring::settings(std::size_t pack) {
  return wire_of_[pack] == nullptr ? nullptr : wire_of_[pack]->settings(pack);
}

bool Wiring::order(std::size_t pack, const Order& order) {
  return wire_of_[pack]->order(pack, order);
}

void Wiring::look_again(std::size_t pack) {
  wire_of_[pack]->ask_at(pack, loop_.now() + kLookAgainAfter);
}

bool Wiring::open() {
  if (!status_.open()) {
    error_ = status_.error();
    return false;
  }
  restore();  // sinks take over what clients asked for
  make_sinks();
  return true;
}

// A port that is taken stays this sink's own trouble: it is tried again about every second.
void Wiring::open_modbus() {
  if (!configuration_.modbus.enabled || modbus_) return;
  std::string trouble;
  modbus_ = make_modbus_server(configuration_.modbus, trouble, modbus_hooks());
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

// Every write is recorded, whatever became of it. Latches are an operator's to reset: nobody does
// it over Modbus.
ModbusHooks Wiring::modbus_hooks() {
  ModbusHooks hooks;
  hooks.kept = gateway_.kept_orders();
  if (hooks.kept.alive) hooks.kept.alive->since = loop_.now();  // nobody could give one until now
  hooks.on_write = [this](const ModbusWrite& write) {
    const bool done = write.outcome == modbus::Exception::none;
    note(EventKind::bank_order,
         fmt::format(
             "{} wrote {} to {}{}{}", write.source, write.value,
             write.point.empty() ? fmt::format("register {}", write.address)
                                 : std::string(write.point),
             write.before ? fmt::format(", before {}", *write.before) : "",
             done ? "" : fmt::format(": refused, exception {}", static_cast<int>(write.outcome))),
         loop_.now());
  };
  hooks.on_end = [this](BankOrdersBook::Ended ended) { note_end(ended); };
  return hooks;
}

void Wiring::note_end(BankOrdersBook::Ended ended) {
  note(EventKind::bank_order,
       ended == BankOrdersBook::Ended::client
           ? "its client shows no sign of life: what it asked for ends"
           : "the time of what was asked for is over",
       loop_.now());
}

// As long as the port is taken, what a former process kept holds by its leases alone.
void Wiring::take_orders(Instant now) {
  if (modbus_) {
    gateway_.order(modbus_->orders(now));
    return gateway_.keep_orders(modbus_->standing());
  }
  BankOrdersBook held = held_orders(gateway_.kept_orders(), configuration_.modbus);
  if (const auto ended = held.step(now); ended != BankOrdersBook::Ended::nothing) note_end(ended);
  gateway_.order(held.orders());
  gateway_.keep_orders(held.standing());
}

void Wiring::open_mqtt() {
  if (!configuration_.mqtt.enabled) return;
  MqttOptions options = configuration_.mqtt;
  for (std::size_t i = 0; i < configuration_.packs.size(); ++i)
    if (settings(i) != nullptr) options.writable.push_back(configuration_.packs[i].name);
  mqtt_ = make_mqtt(options);
  gateway_.add(*mqtt_);
  if (mqtt_->descriptor() < 0) return;
  loop_.watch(mqtt_->descriptor(), EPOLLIN, [this](std::uint32_t) {
    for (const MqttCommand& command : mqtt_->take()) mqtt_orders_.take(command, loop_.now());
  });
}

void Wiring::make_sinks() {
  open_modbus();
  if (inverters_.size() > 0) gateway_.add(inverters_);
  open_mqtt();
  if (configuration_.history.enabled) {
    history_ = make_history(configuration_.history);
    gateway_.add(*history_);
  }
}

void Wiring::start() {
  started_ = loop_.now();
  probe_.note(CaptureKind::start);
  gateway_.show_inverters(inverters_.look());
  gateway_.start(started_, Loop::wall_ms());
  for (const auto& wire : wires_) wire->start();
  inverters_.start();
  keep_house(started_);
}

bool Wiring::has_memory() const {
  return !configuration_.relays.empty() || configuration_.bank.enabled;
}

// The first start has no file, and nothing to keep before there is a relay or a bank.
void Wiring::restore() {
  if (!has_memory()) return;
  const Instant now = loop_.now();
  const StateRead read = read_state_file(configuration_.state_file);
  if (!read.error.empty()) {
    probe_.note(CaptureKind::unknown, read.error);
    gateway_.distrust(read.error, now);
  }
  if (!read.text) return;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(read.text->data());
  probe_.note(CaptureKind::memory, std::span{bytes, read.text->size()});
  gateway_.restore(*read.text, now, Loop::wall_ms());
}

// Inverters first: a current that nobody asks for any more is none for a relay to break.
void Wiring::stop() {
  inverters_.say_farewell();
  probe_.note(CaptureKind::stop);
  gateway_.stop(loop_.now(), Loop::wall_ms());
  keep_state(loop_.now());
}

void Wiring::keep_state(Instant now) {
  if (!has_memory()) return;
  if (auto memory = gateway_.take_memory(now, Loop::wall_ms())) state_file_.keep(*memory);
}

// Decided at this very moment: values and what follows from them agree.
void Wiring::answer(const ControlRequest& request, std::string& out) {
  const Instant now = loop_.now();
  if (is_release_order(request.line)) {
    out = release(request);
    return;
  }
  if (live_.begin(request, configuration_, out)) return;
  if (request.line.starts_with("parameters ")) {
    answer_write_order(request, gateway_, now, request.later());
  } else if (!request.line.empty()) {
    if (request.trusted)
      probe_.note(CaptureKind::order, fmt::format("{} {}", request.uid, request.line));
    out = answer_order(request, gateway_, now);
  }
  probe_.note(CaptureKind::tick);
  gateway_.on_tick(now);
  probe_.note(CaptureKind::decide);
  gateway_.end_turn(now, Loop::wall_ms());
  if (request.line.empty()) write_status(out, gateway_.picture(now, Loop::wall_ms()), details());
}

// Everybody on the same wire is let go with it.
std::string Wiring::release(const ControlRequest& request) {
  const ReleaseOrder order = parse_release_order(request.line);
  if (!order.fault.empty()) return fmt::format("error: {}\n", order.fault);
  if (!request.trusted) return std::string(kNotTrusted);
  for (std::size_t i = 0; i < configuration_.packs.size(); ++i) {
    if (configuration_.packs[i].name != order.pack) continue;
    wire_of_[i]->release(order.time);
    return "ok\n";
  }
  return fmt::format("error: {}: there is no such pack\n", order.pack);
}

void Wiring::end_turn() {
  const Instant now = loop_.now();
  if (now >= kept_house_ + kHouseEvery) keep_house(now);
  take_orders(now);
  if (gateway_.has_news()) probe_.note(CaptureKind::decide);
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
  note_inverters(now);
  log_health("mqtt", mqtt_.get(), mqtt_in_trouble_);
  log_health("history", history_.get(), history_in_trouble_);
  if (const std::string trouble = state_file_.trouble(); trouble != state_trouble_) {
    note(EventKind::state_unkept, trouble.empty() ? "it is kept again" : trouble, now);
    state_trouble_ = trouble;
  }
  if (black_box_)
    for (const std::string& news : black_box_->tend(now)) note(EventKind::black_box, news, now);
  std::size_t fresh = 0;
  for (const PackState& pack : gateway_.store().packs()) fresh += pack.fresh(now) ? 1 : 0;
  const auto line = fmt::format("{} of {} packs heard, mode {}", fresh,
                                gateway_.store().packs().size(), name(configuration_.mode));
  if (line != status_line_) notify_status(line);
  status_line_ = line;
  kept_house_ = now;
  loop_.set_timer(house_timer_, now + kHouseMost);
}

// Whether an inverter answers says nothing about what it is told; people want to know.
void Wiring::note_inverters(Instant now) {
  gateway_.show_inverters(inverters_.look());
  for (std::size_t i = 0; i < inverters_.size(); ++i) {
    const InverterPortState state = inverters_.state(i);
    const bool unheard = !state.inverter.heard && now >= started_ + kHeardWithin;
    if (unheard && !inverter_unheard_[i]) {
      inverter_unheard_[i] = true;
      note(EventKind::inverter_silent,
           fmt::format("{} on {}: not heard since the start", state.name, state.port), now);
    }
    if (state.inverter.present == inverter_present_[i]) continue;
    inverter_present_[i] = state.inverter.present;
    note(state.inverter.present ? EventKind::inverter_heard : EventKind::inverter_silent,
         fmt::format("{} on {}", state.name, state.port), now);
  }
}

void Wiring::note(EventKind kind, std::string_view detail, Instant now) {
  probe_.note(CaptureKind::note, detail);
  gateway_.note(kind, detail, now);
}

// A sink in trouble is news once, and once when it is over.
void Wiring::log_health(std::string_view name, const Sink* sink, bool& in_trouble) {
  if (sink == nullptr) return;
  const Health health = sink->health();
  if (health.ok == !in_trouble) return;
  in_trouble = !health.ok;
  log(in_trouble ? Severity::warning : Severity::notice, name, "{}", health.detail);
}

namespace {

std::optional<SocBoundOrder> shown_order(
    const std::optional<BankOrdersBook::Standing<CentiPercent>>& order) {
  if (!order) return std::nullopt;
  return SocBoundOrder{order->value, std::string(order->who.view()), order->since};
}

}  // namespace

StatusDetails Wiring::details() const {
  StatusDetails details;
  details.started = started_;
  details.relays = configuration_.relays;
  if (mqtt_) details.sinks.push_back({"mqtt", mqtt_->health()});
  details.soc_min = shown_order(gateway_.kept_orders().soc_min);
  details.soc_max = shown_order(gateway_.kept_orders().soc_max);
  if (modbus_) details.sinks.push_back({"modbus", modbus_->health()});
  if (!modbus_trouble_.empty()) details.sinks.push_back({"modbus", {false, modbus_trouble_, 0}});
  if (history_) details.sinks.push_back({"history", history_->health()});
  for (const auto& wire : wires_)
    details.wires.push_back({wire->name(), wire->is_open(), wire->trouble()});
  for (std::size_t i = 0; i < inverters_.size(); ++i)
    details.inverters.push_back(inverters_.state(i));
  return details;
}

}  // namespace cw
