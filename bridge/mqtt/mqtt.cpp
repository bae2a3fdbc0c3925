// SPDX-License-Identifier: Apache-2.0
// The sink of MQTT as the loop sees it: copies into the mailbox, and a thread behind it.
#include "bridge/mqtt/mqtt.h"

#include <pthread.h>
#include <signal.h>

#include <thread>

#include "bridge/mqtt/mqtt_worker.h"

namespace cw {
namespace {

// Longer than an orderly goodbye takes, shorter than any service manager's patience.
constexpr Millis kStopMost{3'000};

// Signals belong to the loop's thread; the threads the library makes inherit this.
std::thread start_without_signals(std::shared_ptr<MqttWorker> worker) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([worker = std::move(worker)] {
    pthread_setname_np(pthread_self(), "mqtt");
    worker->run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

class ThreadedMqtt final : public MqttSink {
 public:
  explicit ThreadedMqtt(const MqttOptions& options)
      : commands_(options.commands),
        worker_(std::make_shared<MqttWorker>(options, CW_VERSION, std::random_device{}())),
        thread_(start_without_signals(worker_)) {}

  // A thread that hangs in a name server's silence is left behind: it owns all it touches.
  ~ThreadedMqtt() override {
    worker_->stop();
    if (worker_->ended_within(kStopMost))
      thread_.join();
    else
      thread_.detach();
  }

  ThreadedMqtt(const ThreadedMqtt&) = delete;
  ThreadedMqtt& operator=(const ThreadedMqtt&) = delete;

  void publish(const Picture& picture, std::span<const std::size_t> changed) override {
    worker_->mailbox().put(picture, changed);
  }
  void record(const Event& event) override { worker_->mailbox().put(event); }
  Health health() const override { return worker_->health(); }

  int descriptor() const override { return commands_ ? worker_->inbox().descriptor() : -1; }
  std::vector<MqttCommand> take() override { return worker_->inbox().take(); }
  void answer(const MqttAnswer& answer) override { worker_->mailbox().put(answer); }

 private:
  bool commands_;
  std::shared_ptr<MqttWorker> worker_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<MqttSink> make_mqtt(const MqttOptions& options) {
  return std::make_unique<ThreadedMqtt>(options);
}

}  // namespace cw
