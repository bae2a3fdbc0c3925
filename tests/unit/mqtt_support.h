// SPDX-License-Identifier: Apache-2.0
// Packs, pictures and an outlet that remembers, for the tests of MQTT.
#pragma once
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "bridge/mqtt/mqtt_publisher.h"

namespace cw::mqtt_test {

using Json = nlohmann::ordered_json;
using namespace literals;

inline constexpr std::int64_t kWallOfZero = 1'790'000'000'000;  // Unix ms of instant 0

/// A pack that has said everything it can at `now`.
inline PackState heard_pack(std::string_view name, Instant now, std::size_t cells = 4,
                            std::string_view serial = "4051748012345") {
  PackState state;
  state.name.assign(name);
  state.protocol = "jk-uart";
  state.max_age = 3_s;
  state.link.link = Link::up;
  state.link.last_frame = now;
  for (const Field& field : kFields) field.store(state.pack.scalars, 1, now);
  PackScalars& values = state.pack.scalars;
  values.voltage.set({53'120}, now);
  values.current.set({-12'400}, now);
  values.power.set({-658'688}, now);
  values.soc.set({6'400}, now);
  for (std::size_t i = 0; i < cells; ++i) {
    state.pack.cell_voltage[i].set({3'320 + static_cast<std::int32_t>(i)}, now);
    state.pack.wire_resistance[i].set({300}, now);
  }
  state.pack.temperature[0].set({213}, now);
  state.pack.temperature[1].set({-45}, now);
  state.pack.alarms.set({}, now);
  state.pack.identity.make.assign("JK");
  state.pack.identity.model.assign("PB2A16S20P");
  state.pack.identity.hardware_version.assign("15A");
  state.pack.identity.software_version.assign("15.41");
  state.pack.identity.serial.assign(serial);
  return state;
}

inline PackState silent_pack(std::string_view name) {
  PackState state;
  state.name.assign(name);
  state.protocol = "jk-uart";
  state.max_age = 3_s;
  return state;
}

inline RelayState relay(std::string_view name) {
  RelayState state;
  state.name.assign(name);
  state.reason.assign("every pack it obeys allows it");
  return state;
}

/// What the daemon would show at `now`.
struct Scene {
  std::vector<PackState> packs;
  std::vector<RelayState> relays{relay("main")};
  Bank bank;
  Mode mode = Mode::observe;

  /// The frame of pack `i` at `now`, all values as they are.
  void hear(std::size_t i, Instant now) {
    PackState fresh = heard_pack(packs[i].name.view(), now);
    const auto counts = packs[i].link;
    fresh.guard = packs[i].guard;
    packs[i] = fresh;
    packs[i].link.counts = counts.counts;
  }
  Picture at(Instant now) {
    bank = aggregate(packs, now);
    return {now, kWallOfZero + now.ms, mode, packs, bank, relays};
  }
  std::vector<std::size_t> all() const {
    std::vector<std::size_t> indices(packs.size());
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
  }
};

struct Sent {
  std::string topic;
  std::string payload;
  Delivery delivery;
  Instant when;
};

class MemoryOutlet : public MqttOutlet {
 public:
  bool send(const std::string& topic, std::string_view payload, Delivery delivery) override {
    if (room == 0) return false;
    --room;
    sent.push_back({topic, std::string(payload), delivery, now});
    return true;
  }
  std::vector<Sent> of(std::string_view topic) const {
    std::vector<Sent> found;
    std::copy_if(sent.begin(), sent.end(), std::back_inserter(found),
                 [&](const Sent& message) { return message.topic == topic; });
    return found;
  }
  std::ptrdiff_t position(std::string_view topic) const {
    const auto at = std::find_if(sent.begin(), sent.end(),
                                 [&](const Sent& message) { return message.topic == topic; });
    return at == sent.end() ? -1 : at - sent.begin();
  }

  std::vector<Sent> sent;
  std::size_t room = SIZE_MAX;
  Instant now{};
};

inline MqttOptions test_options() {
  MqttOptions options;
  options.enabled = true;
  options.gateway_id = "cabin";
  return options;
}

inline constexpr const char* kState = "cellwarden/cabin/garage/state";
inline constexpr const char* kCells = "cellwarden/cabin/garage/cells";
inline constexpr const char* kStats = "cellwarden/cabin/garage/stats";
inline constexpr const char* kAlarms = "cellwarden/cabin/garage/alarms";
inline constexpr const char* kPackStatus = "cellwarden/cabin/garage/status";
inline constexpr const char* kPackEvent = "cellwarden/cabin/garage/event";
inline constexpr const char* kGatewayStatus = "cellwarden/cabin/status";
inline constexpr const char* kSupervisor = "cellwarden/cabin/supervisor";
inline constexpr const char* kPackConfig = "homeassistant/device/cellwarden_4051748012345/config";
inline constexpr const char* kGatewayConfig = "homeassistant/device/cellwarden_cabin/config";

}  // namespace cw::mqtt_test
