// SPDX-License-Identifier: Apache-2.0
// The only way from the MQTT library's threads to the loop: orders as they came, a bounded queue of
// them, and a descriptor that is readable while there are any.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace cw {

/// A message on a set topic, as it came.
struct MqttCommand {
  std::string pack;     // the levels of the topic; they need not exist
  std::string setting;  // "cell_overvoltage_V"
  std::string payload;  // cut behind kPayloadMost bytes, which no good one is as long as
  bool retained = false;

  static constexpr std::size_t kPayloadMost = 512;
};

/// What is said to one, on the answer topic of a pack.
struct MqttAnswer {
  std::size_t pack = 0;
  std::string payload;
  bool refused = false;  // who asked may show it as done: what the pack says is sent once more
};

class MqttInbox {
 public:
  static constexpr std::size_t kMost = 64;

  MqttInbox();
  ~MqttInbox();
  MqttInbox(const MqttInbox&) = delete;
  MqttInbox& operator=(const MqttInbox&) = delete;

  /// -1: the system gives none, and nothing is to be put.
  int descriptor() const { return descriptor_; }

  /// Any thread. When full the order is dropped and counted: who is not answered asks again.
  void put(MqttCommand command);
  /// The loop's thread.
  std::vector<MqttCommand> take();
  std::uint64_t dropped() const;

 private:
  int descriptor_;
  mutable std::mutex mutex_;
  std::vector<MqttCommand> waiting_;
  std::uint64_t dropped_ = 0;
};

}  // namespace cw
