// SPDX-License-Identifier: Apache-2.0
// The only file that knows Paho's library. Its callbacks are set once, before connecting; they note
// what happened and ring, and never call back into the library. No token is ever waited for and no
// lock of ours is held while the library is called: it has locks of its own, held while it calls.
#include "bridge/mqtt/mqtt_client.h"

#include <fmt/format.h>
#include <mqtt/async_client.h>

#include <mutex>

namespace cw {
namespace {

constexpr std::chrono::seconds kKeepAlive{15};
constexpr std::chrono::seconds kConnectTimeout{5};

// Messages inside the library that are not yet on the socket. When a broker stops reading, send()
// refuses from here on, and the newest values wait where they are overwritten.
constexpr int kBufferedMost = 256;

// Paho names the schemes tcp and ssl, and guesses ports.
std::string paho_uri(std::string_view broker) {
  const bool tls = broker.starts_with("mqtts://");
  std::string_view host = broker.substr(broker.find("://") + 3);
  while (host.ends_with('/')) host.remove_suffix(1);
  const auto bracket = host.rfind(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view port = colon != std::string_view::npos ? std::string_view{}
                                : tls                           ? ":8883"
                                                                : ":1883";
  return fmt::format("{}://{}{}", tls ? "ssl" : "tcp", host, port);
}

mqtt::connect_options connect_options(const MqttAccount& account) {
  static constexpr std::string_view offline = "offline";
  mqtt::connect_options_builder builder;
  builder.mqtt_version(MQTTVERSION_3_1_1)
      .clean_session(true)
      .automatic_reconnect(false)
      .keep_alive_interval(kKeepAlive)
      .connect_timeout(kConnectTimeout)
      .will(mqtt::message(account.will_topic, offline.data(), offline.size(), 1, true));
  if (!account.username.empty()) builder.user_name(account.username);
  if (!account.password.empty()) builder.password(account.password);
  if (account.broker.starts_with("mqtts://")) {
    mqtt::ssl_options tls;
    tls.set_enable_server_cert_auth(true);
    tls.set_verify(true);  // the certificate is for this host
    builder.ssl(tls);
  }
  return builder.finalize();
}

class PahoClient final : public MqttClient {
 public:
  PahoClient(const MqttAccount& account, std::function<void()> wake, MqttArrived on_command)
      : options_(connect_options(account)),
        wake_(std::move(wake)),
        on_command_(std::move(on_command)),
        client_(paho_uri(account.broker), account.client_id,
                mqtt::create_options_builder()
                    .mqtt_version(MQTTVERSION_3_1_1)
                    .max_buffered_messages(kBufferedMost)
                    .finalize()) {
    // Not set_callback(): it calls the library under a lock that completions take the other way
    // round (eclipse-paho/paho.mqtt.cpp issue 356).
    client_.set_connection_lost_handler([this](const std::string& cause) { lost(cause); });
    client_.set_message_callback(
        [this](const mqtt::const_message_ptr& message) { arrived(*message); });
  }

  void connect() override {
    try {
      client_.connect(options_, nullptr, on_connect_);
    } catch (const mqtt::exception& error) {
      note([&](MqttNews& news) {
        news.failed = true;
        news.reason = error.what();
      });
    }
  }

  void listen_for_birth(const std::string& topic) override {
    {
      const std::lock_guard lock(mutex_);
      birth_topic_ = topic;
    }
    subscribe(topic);
  }

  void listen_for_commands(const std::string& filter) override { subscribe(filter); }

  bool send(const std::string& topic, std::string_view payload, Delivery delivery) override {
    try {
      if (delivery.reported)
        client_.publish(topic, payload.data(), payload.size(), delivery.qos, delivery.retain,
                        nullptr, on_acknowledge_);
      else
        client_.publish(topic, payload.data(), payload.size(), delivery.qos, delivery.retain);
      return true;
    } catch (const mqtt::exception&) {
      return false;  // full, or the connection is breaking, which is told on its own
    }
  }

  void disconnect(Millis patience) override {
    try {
      client_.disconnect(patience.count, nullptr, on_disconnect_);
    } catch (const mqtt::exception&) {
      note([](MqttNews& news) { news.disconnected = true; });
    }
  }

  MqttNews news() override {
    const std::lock_guard lock(mutex_);
    MqttNews taken = std::move(news_);
    news_ = MqttNews{};
    return taken;
  }

 private:
  // Runs a note on success and another on failure of one kind of operation.
  class Listener final : public mqtt::iaction_listener {
   public:
    using Note = void (*)(PahoClient&, const mqtt::token&);
    Listener(PahoClient& owner, Note success, Note failure)
        : owner_(owner), success_(success), failure_(failure) {}
    void on_success(const mqtt::token& token) override { success_(owner_, token); }
    void on_failure(const mqtt::token& token) override { failure_(owner_, token); }

   private:
    PahoClient& owner_;
    Note success_;
    Note failure_;
  };

  template <class Change>
  void note(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change(news_);
    }
    wake_();
  }

  static void connect_succeeded(PahoClient& self, const mqtt::token&) {
    self.note([](MqttNews& news) { news.connected = true; });
  }
  static void connect_failed(PahoClient& self, const mqtt::token& token) {
    const int code = token.get_return_code();  // above 0: the broker's own answer
    self.note([code](MqttNews& news) {
      news.failed = true;
      news.refused = code > 0;
      news.reason = reason_of(code);
    });
  }
  static void acknowledged(PahoClient& self, const mqtt::token&) {
    self.note([](MqttNews& news) {
      if (!news.undelivered) ++news.acknowledged;  // else it may be of one that comes later
    });
  }
  static void disconnected(PahoClient& self, const mqtt::token&) {
    self.note([](MqttNews& news) { news.disconnected = true; });
  }
  static void given_up(PahoClient& self, const mqtt::token&) {
    self.note([](MqttNews& news) { news.undelivered = true; });
  }

  // Answers to CONNECT of MQTT 3.1.1.
  static std::string reason_of(int code) {
    switch (code) {
      case 1: return "the broker does not speak MQTT 3.1.1";
      case 2: return "the broker refuses the client id";
      case 3: return "the broker is not available";
      case 4: return "wrong username or password";
      case 5: return "not authorised: check username and password";
      default: return "no answer";
    }
  }

  void lost(const std::string& cause) {
    note([&](MqttNews& news) {
      news.lost = true;
      news.reason = cause;
    });
  }

  void subscribe(const std::string& filter) {
    try {
      client_.subscribe(filter, 1);
    } catch (const mqtt::exception&) {
      // Only a connection that is breaking refuses; the next one asks again.
    }
  }

  bool is_birth(const std::string& topic) {
    const std::lock_guard lock(mutex_);
    return topic == birth_topic_;
  }

  // A retained birth is an old one, and a new connection announces everything anyway.
  void arrived(const mqtt::message& message) {
    const std::string& payload = message.get_payload_str();
    if (!is_birth(message.get_topic()))
      return on_command_(message.get_topic(), payload, message.is_retained());
    if (!message.is_retained() && payload == "online")
      note([](MqttNews& news) { news.birth = true; });
  }

  std::mutex mutex_;
  MqttNews news_;
  mqtt::connect_options options_;
  std::function<void()> wake_;
  MqttArrived on_command_;
  std::string birth_topic_;
  Listener on_connect_{*this, connect_succeeded, connect_failed};
  Listener on_acknowledge_{*this, acknowledged, given_up};
  Listener on_disconnect_{*this, disconnected, disconnected};
  mqtt::async_client client_;  // last: it calls the others until it is gone
};

}  // namespace

std::unique_ptr<MqttClient> make_mqtt_client(const MqttAccount& account, std::function<void()> wake,
                                             MqttArrived arrived) {
  return std::make_unique<PahoClient>(account, std::move(wake), std::move(arrived));
}

}  // namespace cw
