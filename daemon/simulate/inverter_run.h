// SPDX-License-Identifier: Apache-2.0
// A simulated inverter on a real wire: reads what a gateway tells it, and drives the current of
// packs that are simulated elsewhere, through their control socket.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/loop.h"
#include "drivers/transport/transport.h"
#include "simulator/inverter_reader.h"

namespace cw {

struct InverterRunOptions {
  std::string protocol;            // of simulator/inverter_reader.h
  std::string port;                // CAN interface, serial device or tcp://HOST:PORT
  std::uint8_t unit = 0;           // Modbus; 0: the protocol's usual one
  std::uint32_t baud = 0;          // 0: the protocol's usual speed
  std::string control;             // socket of the simulation
  std::vector<std::string> packs;  // of it, in parallel; the current is divided evenly
  double speed = 1;                // of the simulation
  simulator::InverterPlant plant;
};

/// The first `voltage_V` in what a simulation answers to `state`.
std::optional<double> voltage_in(std::string_view answer);

/// Orders that let `amps` flow through the packs together.
std::string current_orders(const std::vector<std::string>& packs, double amps);

class InverterRun {
 public:
  /// The protocol has a reader.
  InverterRun(Loop& loop, InverterRunOptions options);
  ~InverterRun();
  InverterRun(const InverterRun&) = delete;
  InverterRun& operator=(const InverterRun&) = delete;

  /// False: `error` says why the port cannot be had.
  bool start(std::string& error);

 private:
  void on_ready(std::uint32_t events);
  void on_second(Instant now);
  void drive(Instant now);
  void report() const;
  Instant simulated(Instant now) const;

  Loop& loop_;
  InverterRunOptions options_;
  const simulator::InverterReaderRow& row_;
  std::unique_ptr<simulator::InverterReader> reader_;
  std::unique_ptr<Transport> transport_;
  simulator::Inverter inverter_;
  Instant started_;
  std::array<std::uint8_t, 1024> room_{};
  int timer_;
  int watched_ = -1;
  double amps_ = 0;
  std::optional<double> voltage_V_;
  std::string trouble_;
};

}  // namespace cw
