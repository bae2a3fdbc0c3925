// SPDX-License-Identifier: Apache-2.0
// Decides what is sent when: announcements in their order, changes at once or at their interval,
// beats, events until they are acknowledged. Time and the way out are arguments; it owns no
// thread, no clock and no connection, and never queues state: only the newest is ever sent.
#pragma once
#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "bridge/mqtt/homeassistant.h"
#include "bridge/mqtt/mqtt.h"
#include "bridge/mqtt/mqtt_mailbox.h"

namespace cw {

struct Delivery {
  int qos = 0;
  bool retain = false;
  bool reported = false;  // its acknowledgement is told to on_acknowledged()
};

/// A way to the broker.
class MqttOutlet {
 public:
  virtual ~MqttOutlet() = default;
  /// False: not now, try again later. The message is taken whole or not at all.
  virtual bool send(const std::string& topic, std::string_view payload, Delivery delivery) = 0;
};

class MqttPublisher {
 public:
  MqttPublisher(const MqttOptions& options, std::string_view version, std::uint32_t seed);

  const std::string& birth_topic() const { return birth_topic_; }
  const GatewayTopics& topics() const { return source_.topics; }

  /// A connection stands: everything is announced again.
  void on_connected(Instant now);
  void on_lost();
  /// Home Assistant came back: an announcement after a random delay, at most one in 10 s.
  void on_birth(Instant now);
  /// The broker has taken the oldest `count` reported messages.
  void on_acknowledged(std::size_t count);

  /// How many events it takes now; the others wait in the mailbox.
  std::size_t room_for_events() const;

  /// Notes what is new. Sends nothing.
  void apply(const MqttModel& model, const Taken& taken, Instant now);

  /// Sends what is due and returns when it wants to be called again at the latest.
  Instant send_due(const MqttModel& model, const Moment& at, MqttOutlet& out);

 private:
  struct GroupOut {
    explicit GroupOut(Group which) : group(which), document(which) {}
    Group group;
    GroupDocument document;
    Instant sent{};
    bool forced = true;
  };
  struct PackOut {
    std::string name;
    PackTopics topics;
    std::string device;  // chosen once, when the pack was heard; empty: not yet
    std::optional<Instant> first_heard;
    bool discovery_due = false;
    std::optional<Instant> discovered;
    Shape shape;
    std::array<GroupOut, kGroupCount> groups{GroupOut{Group::state}, GroupOut{Group::cells},
                                             GroupOut{Group::stats}};
    std::string info;
    bool info_due = true;
    bool writable = false;                      // on a wire that can write
    std::vector<const MqttSettable*> settable;  // of what may be ordered, what the board says
    ParameterSet parameters;
    bool parameters_due = false;
    std::optional<AlarmSet> alarms;
    std::optional<Moment> alarms_since;  // when `alarms` became so; none: never looked
    bool alarms_due = true;
    bool online = false;
    bool status_due = true;
    Instant check_at{};  // nothing to do before this unless the pack changes
  };
  /// The steps of an announcement, in their order.
  enum class Stage : std::uint8_t { idle, gateway, bank, packs, statuses, info, online };

  // Announcing (mqtt_announcement.cpp). Like all that send: false if the outlet refused.
  void start_announcement(Instant now);
  bool announce(const MqttModel& model, const Moment& at);
  bool step(const MqttModel& model, const Moment& at);
  bool announce_pack(const MqttModel& model, const Moment& at);
  bool announce_online(Instant now);
  bool discover(const PackState& state, PackOut& pack, Instant now);
  bool discover_late(const MqttModel& model, std::size_t i, Instant now);
  void choose_device(const PackState& state, PackOut& pack, Instant now);
  void force_groups();

  // From then on (mqtt_publisher.cpp).
  void prepare(const MqttModel& model);
  void note_pack(const PackState& state, PackOut& pack, Instant now);
  bool send_all(const MqttModel& model, const Moment& at);
  bool send_pack(const MqttModel& model, std::size_t i, const Moment& at);
  bool send_status(const PackState& state, PackOut& pack, Instant now);
  bool send_alarms(const PackState& state, PackOut& pack, const Moment& at);
  bool send_info(PackOut& pack);
  bool send_parameters(PackOut& pack, const Moment& at);
  bool send_answers();
  void note_settings(const PackState& state, PackOut& pack);
  bool send_group(const PackState& state, PackOut& pack, GroupOut& group, const Moment& at);
  bool send_supervisor(const MqttModel& model, const Moment& at);
  bool send_bank(const MqttModel& model, const Moment& at);
  bool send_limits(const MqttModel& model, const Moment& at);
  bool send_events();
  bool send(const std::string& topic, Delivery delivery);
  bool send_word(const std::string& topic, bool online);
  Millis interval(Group group) const;
  void want(Instant at) { next_ = std::min(next_, at); }
  void want(PackOut& pack, Instant at) { pack.check_at = std::min(pack.check_at, at); }

  MqttOptions options_;
  DiscoverySource source_;
  std::string birth_topic_;
  std::minstd_rand random_;
  std::string payload_;
  std::string scratch_;
  std::vector<PackOut> packs_;

  bool connected_ = false;
  bool online_ = false;  // this connection has said online: values may flow
  Stage stage_ = Stage::idle;
  std::size_t next_pack_ = 0;
  Instant step_at_{};
  Instant announced_{};                 // when the last announcement began
  std::optional<Instant> announce_at_;  // one more is wanted then
  std::optional<Instant> repeat_at_;    // values are sent once more then

  bool supervisor_due_ = true;
  BankDocument bank_;
  Instant bank_sent_{};
  bool bank_forced_ = true;
  std::string limits_said_;  // without its time
  Instant limits_sent_{};
  bool limits_forced_ = true;
  std::deque<MqttAnswer> answers_;  // to be sent
  std::deque<Event> events_;        // not yet acknowledged, oldest first
  std::size_t events_sent_ = 0;

  MqttOutlet* out_ = nullptr;  // during send_due() only
  Instant next_{};
};

}  // namespace cw
