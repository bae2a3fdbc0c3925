// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation.h"

#include <fmt/format.h>

#include <cmath>

#include "bridge/pack_json.h"
#include "daemon/simulate/simulation_can.h"
#include "daemon/simulate/simulation_radio.h"
#include "simulator/random.h"

namespace cw {
namespace {

using simulator::Fault;
using simulator::kFaults;

constexpr Millis kTick{100};
std::string_view protocol_of(const simulator::PackSpec& spec) {
  if (spec.can) return "jk-can";
  return spec.speech == simulator::Speech::jk_modbus ? "jk-modbus" : "jk-uart";
}

void write_faults(JsonWriter& json, const simulator::FaultSet& faults) {
  json.key("faults");
  json.begin_array();
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    const auto fault = static_cast<Fault>(i);
    if (!faults.has(fault)) continue;
    for (std::size_t number = 0; number <= kMaxCells; ++number)
      if (const auto value = faults.value(fault, number))
        json.text(fault_text(fault, number, *value));
  }
  json.end_array();
}

}  // namespace

Simulation::Station::Station(const SimulatedPack& description, std::uint64_t seed)
    : pack(description.spec, seed, {0}) {}

Simulation::Port::Port(Loop& loop, const SimulatedPack& description)
    : wire(WirePlan(description.baud, description.turnaround_us)),
      line(loop, wire, [this](std::span<const std::uint8_t> bytes) { endpoint->send(bytes); }),
      name(description.line) {}

Simulation::Simulation(Loop& loop, const SimulationOptions& options,
                       const std::vector<SimulatedPack>& packs)
    : loop_(loop), options_(options), tick_(loop.add_timer([this](Instant now) { on_tick(now); })) {
  for (std::size_t i = 0; i < packs.size(); ++i) {
    names_.push_back(packs[i].spec.name);
    stations_.push_back(std::make_unique<Station>(packs[i], simulator::mixed(options.seed + i)));
    Station& station = *stations_.back();
    station.port = &port_of(packs[i], station.pack);
    station.port->stations.push_back(&station);
    station.port->wire.add(station.pack);
  }
}

/// The port of its line, made with the first pack of it.
Simulation::Port& Simulation::port_of(const SimulatedPack& description,
                                      simulator::VirtualPack& pack) {
  for (const auto& port : ports_)
    if (!port->name.empty() && port->name == description.line) return *port;
  const auto number = static_cast<std::uint16_t>(
      options_.listen_port == 0 ? 0 : options_.listen_port + ports_.size());
  ports_.push_back(std::make_unique<Port>(loop_, description));
  Port& port = *ports_.back();
  const auto receive = [this, &port](std::span<const std::uint8_t> bytes) {
    on_bytes(port, bytes);
  };
  if (!description.adapter.empty())
    port.endpoint = make_radio(loop_, description.adapter, description.radio, pack);
  else if (description.spec.can)
    port.endpoint = make_can_node(loop_, description.port, pack);
  else if (!description.port.empty())
    port.endpoint = make_device(
        loop_, description.port,
        make_transport(Bus::serial, {.name = description.port, .baud = description.baud}), receive);
  else if (options_.listen_host.empty())
    port.endpoint = make_terminal(loop_, description.link, receive);
  else
    port.endpoint = make_tcp_port(loop_, options_.listen_host, number, receive);
  return port;
}

Simulation::~Simulation() { loop_.stop_timer(tick_); }

bool Simulation::start(std::string& error) {
  for (const auto& port : ports_) {
    port->line.start();
    if (port->endpoint->open()) continue;
    error = fmt::format("{}: {}", port->stations[0]->pack.spec().name, port->endpoint->error());
    return false;
  }
  started_ = loop_.now();
  follow_script({0});
  loop_.set_timer(tick_, started_ + kTick);
  return true;
}

Instant Simulation::simulated(Instant now) const {
  return {std::llround(static_cast<double>(now.ms - started_.ms) * options_.speed)};
}

void Simulation::on_tick(Instant now) {
  const Instant time = simulated(now);
  follow_script(time);
  for (const auto& station : stations_) {
    station->pack.advance(time);
  }
  for (const auto& port : ports_) port->endpoint->tend();
  loop_.set_timer(tick_, now + kTick);
}

// Every order finds the packs at its own time, however coarse the ticks are.
void Simulation::follow_script(Instant time) {
  for (; next_order_ < script_.size(); ++next_order_) {
    const TimedOrder& timed = script_[next_order_];
    const Instant at = Instant{} + timed.at;
    if (at > time) return;
    stations_[timed.order.pack]->pack.advance(at);
    carry_out(timed.order);
  }
}

void Simulation::on_bytes(Port& port, std::span<const std::uint8_t> bytes) {
  const Instant time = simulated(loop_.now());
  for (Station* station : port.stations) station->pack.advance(time);
  port.line.on_bytes(bytes);
}

std::string Simulation::execute(std::string_view line) {
  const ReadOrder read = read_order(line, names_);
  if (!read.order) return fmt::format("error: {}", read.fault);
  const auto kind = read.order->kind;
  if (kind == SimulationOrder::Kind::status) return status();
  if (kind == SimulationOrder::Kind::help) return simulation_words();
  stations_[read.order->pack]->pack.advance(simulated(loop_.now()));
  return carry_out(*read.order);
}

std::string Simulation::carry_out(const SimulationOrder& order) {
  Station& station = *stations_[order.pack];
  const bool acts = order.kind != SimulationOrder::Kind::inject || !station.pack.spec().can ||
                    simulator::acts_on_can(order.fault);
  if (!acts) return "error: a board on CAN is not asked, and so has no answer to spoil like this";
  switch (order.kind) {
    case SimulationOrder::Kind::status: return status();
    case SimulationOrder::Kind::help: return simulation_words();
    case SimulationOrder::Kind::state: return state(station);
    case SimulationOrder::Kind::inject:
      station.pack.inject(order.fault, order.number, order.value);
      break;
    case SimulationOrder::Kind::clear: station.pack.clear(order.fault); break;
    case SimulationOrder::Kind::clear_all: station.pack.clear_faults(); break;
  }
  plug(station);
  return station.trouble.empty() ? "ok" : fmt::format("error: {}", station.trouble);
}

/// Opens or closes the port as the fault says. One of several on a line leaves alone.
void Simulation::plug(Station& station) {
  Port& port = *station.port;
  const bool plugged = port.wire.is_shared() || !station.pack.faults().has(Fault::unplug);
  station.trouble.clear();
  if (plugged == port.endpoint->is_open()) return;
  if (!plugged) {
    port.endpoint->close();
    port.line.clear();
  } else if (!port.endpoint->open()) {
    station.trouble = port.endpoint->error();
  }
}

std::string Simulation::status() const {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("packs");
  json.begin_array();
  for (const auto& station : stations_) {
    json.begin_object();
    json.key("name");
    json.text(station->pack.spec().name);
    json.key("port");
    json.text(station->port->endpoint->address());
    json.key("open");
    json.boolean(station->port->endpoint->is_open());
    write_faults(json, station->pack.faults());
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return text;
}

std::string Simulation::state(const Station& station) const {
  std::string text;
  JsonWriter json(text);
  const Pack truth = station.pack.truth();
  const Instant time = station.pack.time();
  json.begin_object();
  json.key("pack");
  json.text(station.pack.spec().name);
  json.key("time_s");
  json.quantity(static_cast<std::int32_t>(time.ms / 1000), Unit::second);
  write_values(json, truth, time, {0});
  write_alarms(json, truth.alarms, protocol_of(station.pack.spec()), time, {0});
  write_identity(json, truth.identity);
  write_parameters(json, "parameters", truth.parameters);
  write_faults(json, station.pack.faults());
  json.end_object();
  return text;
}

}  // namespace cw
