// SPDX-License-Identifier: Apache-2.0
// The MQTT thread: keeps one connection to the broker and feeds it from the mailbox. It may be held
// up by the network or a name server for as long as they like; nobody waits for it.
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "bridge/mqtt/mqtt_client.h"
#include "bridge/mqtt/mqtt_retry.h"

namespace cw {

class MqttWorker {
 public:
  MqttWorker(const MqttOptions& options, std::string_view version, std::uint32_t seed);

  MqttMailbox& mailbox() { return mailbox_; }
  MqttInbox& inbox() { return inbox_; }
  Health health() const;

  /// The thread's life: until stop(), then `offline` is said and the connection closed.
  void run();
  void stop();
  /// False if run() has not ended after `patience`.
  bool ended_within(Millis patience);

 private:
  using Clock = MqttMailbox::Clock;
  enum class State : std::uint8_t { resting, connecting, connected };

  void turn();
  void attempt(Instant now);
  void arrived(std::string_view topic, std::string_view payload, bool retained);
  void handle(const MqttNews& news, Instant now);
  void rest_until(Instant retry, std::string detail);
  void change_id();
  Clock::time_point exchange();
  void say_goodbye();
  void report(bool ok, std::string detail);

  MqttOptions options_;
  MqttMailbox mailbox_;
  MqttInbox inbox_;
  MqttPublisher publisher_;
  MqttRetry retry_;
  std::minstd_rand random_;
  MqttAccount account_;
  std::unique_ptr<MqttClient> client_;
  State state_ = State::resting;
  Instant retry_at_{};
  Instant attempted_{};
  Clock::time_point deadline_{};
  MqttModel model_;
  Taken taken_;
  std::string note_;  // appended to the health, for as long as the process lives

  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable ended_news_;
  bool ended_ = false;
  bool ok_ = false;
  std::string detail_ = "not connected yet";
};

}  // namespace cw
