// SPDX-License-Identifier: Apache-2.0
// Publishes the picture to an MQTT broker, and to Home Assistant through it. Paho's library and all
// waiting live on a thread of this sink; publish() only copies.
#pragma once
#include <memory>
#include <string>

#include "bridge/sink.h"

namespace cw {

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
};

/// Starts its thread. `packs`: the configured packs in order; names and identities are taken from
/// the pictures.
std::unique_ptr<Sink> make_mqtt(const MqttOptions& options);

}  // namespace cw
