// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace cw {

MqttInbox::MqttInbox() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

MqttInbox::~MqttInbox() {
  if (descriptor_ >= 0) close(descriptor_);
}

void MqttInbox::put(MqttCommand command) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() == kMost) {
      ++dropped_;
      return;
    }
    waiting_.push_back(std::move(command));
  }
  eventfd_write(descriptor_, 1);  // fails only where it is readable anyway
}

std::vector<MqttCommand> MqttInbox::take() {
  eventfd_t rung = 0;
  eventfd_read(descriptor_, &rung);  // before looking: what comes from here on rings again
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

std::uint64_t MqttInbox::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace cw
