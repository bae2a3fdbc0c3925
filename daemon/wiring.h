// SPDX-License-Identifier: Apache-2.0
// The whole program in one place: which object exists and who is connected to whom. Everything else
// is told what it needs through its constructor.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "daemon/capture/black_box.h"
#include "daemon/capture/capture_hub.h"
#include "daemon/capture/live_capture.h"
#include "daemon/configuration/configuration.h"
#include "daemon/gateway.h"
#include "daemon/inverters/inverter_ports.h"
#include "daemon/loop.h"
#include "daemon/state_file.h"
#include "daemon/status_json.h"
#include "daemon/status_server.h"
#include "daemon/wire.h"
#include "daemon/writes/mqtt_orders.h"

namespace cw {

class Wiring final : private OrderDesk {
 public:
  /// Makes everything and opens nothing.
  Wiring(const Configuration& configuration, Loop& loop);
  ~Wiring();

  /// Takes the control socket, which also shows that no other daemon runs, and makes the sinks.
  /// False: see error().
  bool open();
  const std::string& error() const { return error_; }

  /// Relays safe, wires opening, sinks publishing.
  void start();
  void stop();

 private:
  Settings* settings(std::size_t pack) override;
  bool order(std::size_t pack, const Order& order) override;
  void look_again(std::size_t pack) override;

  void make_wires();
  void make_sinks();
  void open_modbus();
  void open_mqtt();
  ModbusHooks modbus_hooks();
  void take_orders(Instant now);
  void note_end(BankOrdersBook::Ended ended);
  void switch_recording(bool on);
  void note_inverters(Instant now);
  void note(EventKind kind, std::string_view detail, Instant now);
  bool has_memory() const;
  void end_turn();
  void keep_house(Instant now);
  static void log_health(std::string_view name, const Sink* sink, bool& in_trouble);
  void answer(const ControlRequest& request, std::string& out);
  std::string release(const ControlRequest& request);
  void restore();
  void keep_state(Instant now);
  StatusDetails details() const;

  const Configuration& configuration_;
  Loop& loop_;
  std::vector<Wire*> wire_of_;  // by pack
  std::string error_;
  std::string modbus_trouble_;
  bool mqtt_in_trouble_ = false;
  bool history_in_trouble_ = false;
  Instant started_{};
  // Sinks outlive the gateway that publishes to them; wires go first, they call the gateway.
  std::unique_ptr<MqttSink> mqtt_;
  std::unique_ptr<ModbusServer> modbus_;
  std::unique_ptr<Sink> history_;
  InverterPorts inverters_;
  std::vector<bool> inverter_present_;  // as it was noted
  std::vector<bool> inverter_unheard_;  // that one was never heard has been told
  StateFile state_file_;
  std::string state_trouble_;
  CaptureHub hub_;
  CaptureProbe probe_;  // of the gateway
  Gateway gateway_;
  MqttOrders mqtt_orders_;
  std::vector<std::unique_ptr<Wire>> wires_;
  std::unique_ptr<BlackBox> black_box_;
  StatusServer status_;
  LiveCaptures live_;
  int tick_timer_;
  int house_timer_;  // wakes the loop if no turn came
  Instant kept_house_{};
  std::string status_line_;
};

}  // namespace cw
