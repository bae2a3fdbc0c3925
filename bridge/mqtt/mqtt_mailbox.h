// SPDX-License-Identifier: Apache-2.0
// The only way from the loop's thread to the MQTT thread: the newest state of each pack and a
// bounded queue of events. Putting copies and returns; it waits for nobody but the copy of one pack
// on the other side, and allocates nothing once it has seen every pack.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "bridge/mqtt/mqtt_inbox.h"
#include "bridge/mqtt/mqtt_payload.h"
#include "bridge/sink.h"

namespace cw {

/// The picture as the MQTT thread keeps it.
struct MqttModel {
  bool seen = false;  // a picture has arrived; the packs are known
  Mode mode = Mode::observe;
  std::vector<PackState> packs;
  std::vector<Verdict> verdicts;
  std::vector<RelayState> relays;
  Bank bank;
  std::vector<InverterState> inverters;
  std::optional<BankRequest> request;  // none: there is no [bank]
  Millis bank_max_age{};
};

/// What take() brought into the model.
struct Taken {
  std::vector<std::size_t> packs;  // indices of the packs that are new
  std::vector<Event> events;
  std::vector<MqttAnswer> answers;
  bool supervisor = false;  // verdicts, relays or mode are not as they were
};

class MqttMailbox {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kEventsMost = 1'000;
  static constexpr std::size_t kAnswersMost = 256;

  // The loop's thread.
  void put(const Picture& picture, std::span<const std::size_t> changed);
  /// When full the oldest event makes room and is counted.
  void put(const Event& event);
  /// The same; and ends a wait.
  void put(const MqttAnswer& answer);
  std::uint64_t dropped() const;

  // Any thread.
  /// Ends a wait.
  void wake();

  // The MQTT thread.
  /// Until something was put, somebody woke it, or `deadline`.
  void wait_until(Clock::time_point deadline);
  /// Brings the model up to date, one pack at a time so that nobody waits for long. At most
  /// `events_most` events are taken; the others stay.
  void take(MqttModel& model, Taken& taken, std::size_t events_most);
  /// The time of the pictures at `when`, which moves on even if no picture comes.
  Moment moment(Clock::time_point when) const;
  /// False: news need not end a wait (there is no connection to send them on).
  void listen(bool to_news);

 private:
  struct Slot {
    PackState state;
    Verdict verdict;
    bool changed = false;
  };

  bool take_pack(MqttModel& model, Taken& taken, std::size_t from);
  void prepare(const Picture& picture);
  void take_verdict(std::size_t i, const PackState& state);
  bool copy_relays(std::span<const RelayState> relays);

  mutable std::mutex mutex_;
  std::condition_variable news_;
  bool woken_ = false;
  bool waiting_ = false;
  bool listening_ = false;
  bool seen_ = false;
  bool supervisor_moved_ = false;
  Mode mode_ = Mode::observe;
  std::vector<Slot> slots_;
  std::vector<RelayState> relays_;
  Bank bank_;
  std::optional<BankRequest> request_;
  std::vector<InverterState> inverters_;
  Millis bank_max_age_{};
  Moment anchor_{};
  Clock::time_point anchored_{};
  std::deque<Event> events_;
  std::deque<MqttAnswer> answers_;
  std::uint64_t dropped_ = 0;
};

}  // namespace cw
