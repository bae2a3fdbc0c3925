// SPDX-License-Identifier: Apache-2.0
// Virtual packs on real ports: lets their time pass, hands bytes over, carries out orders. The
// packs themselves know neither clock nor ports.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/loop.h"
#include "daemon/simulate/simulation_description.h"
#include "daemon/simulate/simulation_endpoint.h"
#include "daemon/simulate/simulation_line.h"
#include "daemon/simulate/simulation_order.h"

namespace cw {

struct SimulationOptions {
  double speed = 1;  // simulated seconds per second; the wires keep real time
  std::uint64_t seed = 1;
  std::string listen_host;        // empty: pseudo-terminals
  std::uint16_t listen_port = 0;  // of the first pack, the others follow; 0: any
};

class Simulation {
 public:
  Simulation(Loop& loop, const SimulationOptions& options, const std::vector<SimulatedPack>& packs);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// Opens every port and starts the time. False: `error` says which port and why.
  bool start(std::string& error);

  /// Orders to carry out at their simulated times. Before start().
  void follow(std::vector<TimedOrder> script) { script_ = std::move(script); }

  /// Carries out one line; the answer is one line.
  std::string execute(std::string_view line);

  /// Names in order, for read_order() and for people.
  const std::vector<std::string>& names() const { return names_; }
  std::string address(std::size_t pack) const { return stations_[pack]->port->endpoint->address(); }
  const simulator::VirtualPack& pack(std::size_t i) const { return stations_[i]->pack; }

 private:
  struct Port;
  struct Station {
    Station(const SimulatedPack& description, std::uint64_t seed);
    simulator::VirtualPack pack;
    Port* port = nullptr;
    std::string trouble;  // why its port could not be opened again
  };
  /// A port and the packs behind it.
  struct Port {
    Port(Loop& loop, const SimulatedPack& description);
    SharedWire wire;
    std::unique_ptr<SimulationEndpoint> endpoint;
    SimulationLine line;
    std::string name;  // of the line, if it has one
    std::vector<Station*> stations;
  };

  Instant simulated(Instant now) const;
  void on_tick(Instant now);
  Port& port_of(const SimulatedPack& description, simulator::VirtualPack& pack);
  void on_bytes(Port& port, std::span<const std::uint8_t> bytes);
  void follow_script(Instant time);
  std::string carry_out(const SimulationOrder& order);
  void plug(Station& station);
  std::string status() const;
  std::string state(const Station& station) const;

  Loop& loop_;
  SimulationOptions options_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Station>> stations_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<TimedOrder> script_;
  std::size_t next_order_ = 0;
  Instant started_{};
  int tick_;
};

}  // namespace cw
