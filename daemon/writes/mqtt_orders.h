// SPDX-License-Identifier: Apache-2.0
// Settings ordered over MQTT: each order is judged and answered; one with an id is carried out at
// most once, however often it is delivered within a minute. What may be written and how it is
// verified, the gate knows; here is what is special about a broker, which repeats, stores and
// delays, and lets many speak. Reads no clock.
#pragma once
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "bridge/mqtt/mqtt_inbox.h"
#include "bridge/mqtt/mqtt_request.h"
#include "daemon/gateway.h"

namespace cw {

class MqttOrders {
 public:
  using Answer = std::function<void(const MqttAnswer&)>;

  /// `wall_ms`: Unix time. Both must work as long as the gate may answer.
  MqttOrders(Gateway& gateway, Answer answer, std::function<std::int64_t()> wall_ms)
      : gateway_(gateway), answer_(std::move(answer)), wall_ms_(std::move(wall_ms)) {}

  /// One message. It is answered with `error`, `accepted` and later its end, or `done` at once;
  /// what names no pack and what the broker had stored is recorded and not answered.
  void take(const MqttCommand& command, Instant now);

 private:
  /// An order that has a pack.
  struct Order {
    std::size_t pack = 0;
    std::string key;
    std::string id{};
    std::optional<Change> change{};
  };
  /// What was answered last to an id.
  struct Said {
    Order order;
    Instant when{};
    MqttAnswer answer;
  };
  /// When a setting was last ordered.
  struct Last {
    std::size_t pack = 0;
    Setting setting;
    Instant when{};
  };

  bool repeated(const Order& order, Instant now);
  std::string too_soon(const Order& order, Instant now);
  void carry_out(const Order& order, Instant now);
  void refuse(const Order& order, std::string_view code, std::string_view why, Instant now);
  void note(std::string_view pack, std::string_view key, std::string_view why, Instant now);
  void say(const Order& order, std::string_view status, std::string_view code,
           std::string_view message, Instant now);

  Gateway& gateway_;
  Answer answer_;
  std::function<std::int64_t()> wall_ms_;
  std::deque<Said> said_;
  std::vector<Last> last_;
  Instant notes_since_{};  // of the minute in which `notes_` were recorded
  std::uint32_t notes_ = 0;
  std::uint32_t unnoted_ = 0;
};

}  // namespace cw
