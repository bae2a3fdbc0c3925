// SPDX-License-Identifier: Apache-2.0
// Publishes the picture to an MQTT broker, and to Home Assistant through it. Paho's library and all
// waiting live on a thread of this sink; publish() only copies.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bridge/mqtt/mqtt_inbox.h"
#include "bridge/sink.h"
#include "core/parameters.h"

namespace cw {

/// A setting that may be ordered over MQTT, as subscribers know it.
struct MqttSettable {
  std::string key;                       // "cell_overvoltage_V", "charge_switch"
  std::optional<Parameter> parameter{};  // none: a switch, which is also a field of that key
};

struct MqttOptions {
  bool enabled = false;
  std::string broker = "mqtt://127.0.0.1:1883";  // mqtt:// or mqtts://
  std::string username;
  std::string password;
  std::string base_topic = "cellwarden";
  std::string gateway_id;      // topic level and identity; never empty
  bool home_assistant = true;  // publish discovery
  std::string discovery_prefix = "homeassistant";
  bool retain_state = false;
  Millis state_interval{0};  // shortest time between two messages of a group; 0: every frame
  Millis cells_interval{10'000};
  Millis stats_interval{60'000};
  Millis beat{60'000};  // a group is repeated after this even if nothing changed

  // Orders. Without these the gateway subscribes to none.
  bool commands = false;               // something may be ordered
  std::vector<MqttSettable> settable;  // has an entity in Home Assistant
  std::vector<std::string> writable;   // packs on wires that can write
};

class MqttSink : public Sink {
 public:
  /// Readable when take() has something; -1: nothing may be ordered.
  virtual int descriptor() const = 0;
  /// What arrived since it was last called, in order.
  virtual std::vector<MqttCommand> take() = 0;
  virtual void answer(const MqttAnswer& answer) = 0;
};

/// Starts its thread. Names and identities are taken from the pictures.
std::unique_ptr<MqttSink> make_mqtt(const MqttOptions& options);

}  // namespace cw
