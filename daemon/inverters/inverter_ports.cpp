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

void InverterPorts::say_farewell(Millis most) {
  std::vector<InverterPort*> ports;
  for (const auto& port : ports_) ports.push_back(port.get());
  cw::say_farewell(ports, most);
}

}  // namespace cw
