// SPDX-License-Identifier: Apache-2.0
// All wires towards inverters as one sink: each is told every picture, and each stays alone with
// its troubles.
#pragma once
#include <memory>
#include <vector>

#include "daemon/inverters/inverter_port.h"

namespace cw {

class InverterPorts final : public Sink {
 public:
  InverterPorts(Loop& loop, std::vector<InverterPortConfiguration> configurations);

  /// Opens all of them; none can fail for good.
  void start();

  void publish(const Picture& picture, std::span<const std::size_t> changed) override;
  void record(const Event& event) override;
  /// Of all: sick as soon as one is, and then its words. Without ports it is well.
  Health health() const override;

  std::size_t size() const { return ports_.size(); }
  /// In the order of the configuration.
  InverterPortState state(std::size_t port) const { return ports_[port]->state(); }
  /// All of them for the picture; valid until the next call.
  std::span<const InverterState> look();
  Health health(std::size_t port) const { return ports_[port]->health(); }

  /// The orderly end, after the loop has ended: says farewell on every port and returns when all is
  /// said, at the latest after `most` (an inverter that asks is waited for so long). Blocks.
  void say_farewell(Millis most = Millis{1'500});

 private:
  std::vector<std::unique_ptr<InverterPort>> ports_;
  std::vector<InverterState> states_;
};

}  // namespace cw
