// SPDX-License-Identifier: Apache-2.0
// One connection to a broker, from connect to loss; for the next one make another client, so that
// nothing of an old connection is ever sent on a new one. Nothing here waits for the network.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "bridge/mqtt/mqtt_publisher.h"

namespace cw {

struct MqttAccount {
  std::string broker;  // mqtt://host[:port] or mqtts://host[:port]
  std::string client_id;
  std::string username;
  std::string password;
  std::string will_topic;  // gets a retained `offline` when the connection breaks
};

/// What happened to a client since it was last asked.
struct MqttNews {
  bool connected = false;
  bool failed = false;   // the attempt to connect
  bool refused = false;  // with `failed`: a broker answered, and said no
  bool lost = false;
  bool disconnected = false;     // as asked for
  bool birth = false;            // Home Assistant said `online`
  std::size_t acknowledged = 0;  // before the first undelivered one
  bool undelivered = false;      // a reported message was given up; which one is not known
  std::string reason;            // with `failed` and `lost`, for people
};

class MqttClient : public MqttOutlet {
 public:
  virtual void connect() = 0;
  virtual void listen_for_birth(const std::string& topic) = 0;
  /// What arrives on these topics goes to `arrived` of make_mqtt_client().
  virtual void listen_for_commands(const std::string& filter) = 0;
  /// Sends what is under way, for at most `patience`, then says goodbye: no will is sent.
  virtual void disconnect(Millis patience) = 0;
  virtual MqttNews news() = 0;
};

/// Both are called from foreign threads: `wake` whenever there is news, it must only ring a bell;
/// `arrived` with what came on a topic of listen_for_commands(), it must only put it somewhere.
using MqttArrived =
    std::function<void(std::string_view topic, std::string_view payload, bool retained)>;
std::unique_ptr<MqttClient> make_mqtt_client(const MqttAccount& account, std::function<void()> wake,
                                             MqttArrived arrived);

}  // namespace cw
