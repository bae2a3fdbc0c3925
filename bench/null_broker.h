// SPDX-License-Identifier: Apache-2.0
// An MQTT broker that only acknowledges (3.1.1 and 5), and notes when a current it has not seen yet
// is published. It measures; it is not a broker for anything else.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace cw::bench {

class NullBroker {
 public:
  NullBroker();
  ~NullBroker();
  NullBroker(const NullBroker&) = delete;
  NullBroker& operator=(const NullBroker&) = delete;

  std::uint16_t port() const { return port_; }
  void stop();

  /// First sight of each current in steps of 10 mA, seconds of the monotonic clock. After stop().
  const std::unordered_map<int, double>& seen_s() const { return seen_s_; }
  double first_value_s() const { return first_value_s_; }
  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void serve();
  bool take_packets(int client, std::string& buffer);
  void answer(int client, unsigned type, unsigned quality, const std::string& body);
  void note(const std::string& body);

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::map<int, std::string> clients_;
  std::unordered_map<int, double> seen_s_;
  double first_value_s_ = 0;
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::map<int, bool> version_5_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace cw::bench
