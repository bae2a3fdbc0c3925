// SPDX-License-Identifier: Apache-2.0
#include "daemon/inverters/inverter_ports.h"

#include "daemon/inverters/inverter_farewell.h"

namespace cw {

InverterPorts::InverterPorts(Loop& loop, std::vector<InverterPortConfiguration> configurations) {
  for (InverterPortConfiguration& configuration : configurations)
    ports_.push_back(std::make_unique<InverterPort>(loop, std::move(configuration)));
}

void InverterPorts::start() {
  for (const auto& port : ports_) port->start();
}

void InverterPorts::publish(const Picture& picture, std::span<const std::size_t>) {
  for (const auto& port : ports_) port->tell(picture);
}

void InverterPorts::record(const Event&) {}

Health InverterPorts::health() const {
  Health all;
  all.ok = true;
  for (const auto& port : ports_) {
    const Health one = port->health();
    all.dropped += one.dropped;
    if (one.ok || !all.ok) continue;
    all.ok = false;
    all.detail = one.detail;
  }
  return all;
}

std::span<const InverterState> InverterPorts::look() {
  states_.resize(ports_.size());
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const InverterPortState port = ports_[i]->state();
    InverterState& state = states_[i];
    state.name.assign(port.name);
    state.protocol = port.protocol;
    state.open = port.open;
    state.present = port.inverter.present;
    state.heard = port.inverter.heard;
    state.told = port.inverter.told;
  }
  return states_;
}

void InverterPorts::say_farewell(Millis most) {
  std::vector<InverterPort*> ports;
  for (const auto& port : ports_) ports.push_back(port.get());
  cw::say_farewell(ports, most);
}

}  // namespace cw
