// SPDX-License-Identifier: Apache-2.0
// A private mosquitto and its command line clients, for tests. Every process started here is ended
// here; files live in a directory below /tmp that goes with the broker.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cw::mqtt_test {

using WallClock = std::chrono::steady_clock;

/// A child process; killed and collected by the destructor.
class Process {
 public:
  Process() = default;
  explicit Process(const std::vector<std::string>& command, int standard_output = -1);
  ~Process() { end(); }
  Process(Process&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Process& operator=(Process&& other) noexcept;
  void send_signal(int number) const;
  void end();
  /// Exit status, once it ended by itself.
  int wait();

 private:
  pid_t pid_ = -1;
};

/// A TCP port of the loopback interface that is ours until the end, whether the server that is told
/// of it lives or not: bound, never listening, so only a socket that reuses addresses (as servers
/// do) may listen on it, and the system gives it to nobody.
class ReservedPort {
 public:
  ReservedPort();
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;
  std::uint16_t number() const { return number_; }

 private:
  int socket_ = -1;
  std::uint16_t number_ = 0;
};

/// Empty, or what is not installed.
std::string missing_broker();

/// How long these tests wait for what will come: a busy machine takes its time.
inline constexpr std::chrono::seconds kPatience{30};

/// True as soon as `done` is; false after `limit`. Looks every few milliseconds.
bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& done);
inline bool eventually(const std::function<bool()>& done) { return eventually(kPatience, done); }

class Broker {
 public:
  /// `configuration`: lines added to its file. `{dir}` stands for the broker's directory.
  explicit Broker(const std::string& configuration = "");
  ~Broker();
  void start();
  void kill();  // as a power cut would
  void pause() const;
  void resume() const;
  std::uint16_t port() const { return port_.number(); }
  std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port()); }
  const std::string& directory() const { return directory_; }
  void publish(const std::string& topic, const std::string& payload) const;

 private:
  std::string directory_;
  ReservedPort port_;
  Process process_;
};

struct Observed {
  bool retained = false;  // as published
  std::string topic;
  std::string payload;
  WallClock::time_point when{};
};

/// mosquitto_sub on every topic. Subscribed when the constructor returns.
class Observer {
 public:
  explicit Observer(const Broker& broker);
  ~Observer();
  std::vector<Observed> of(const std::string& topic) const;
  std::vector<Observed> all() const;
  std::size_t count(const std::string& topic) const { return of(topic).size(); }
  /// The newest payload, or "".
  std::string last(const std::string& topic) const;
  /// How many messages came before the first of the topic.
  std::size_t before_first(const std::string& topic) const;

 private:
  void read();

  int pipe_ = -1;
  Process process_;
  mutable std::mutex mutex_;
  std::vector<Observed> messages_;
  std::thread reader_;
};

}  // namespace cw::mqtt_test
