// SPDX-License-Identifier: Apache-2.0
// Finds the addresses of a host in a thread of its own, because the library call may block for half
// a minute. Nobody ever waits for that thread: it owns its share of the result and ends by itself.
#pragma once
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "drivers/transport/descriptor.h"

namespace cw {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

struct Addresses {
  std::vector<Address> list;
  std::string error;  // why the list is empty
};

class NameLookup {
 public:
  /// Begins. Null where no thread or descriptor can be had.
  static std::shared_ptr<NameLookup> start(std::string host, std::string port);

  /// Readable from the moment it is done.
  int descriptor() const { return done_event_.get(); }
  bool done() const { return done_; }

  /// Once done.
  Addresses take();

 private:
  void run(const std::string& host, const std::string& port);

  Descriptor done_event_;
  std::atomic<bool> done_{false};
  std::mutex mutex_;
  Addresses found_;
};

/// At once, without a name server. The list is empty unless `host` is a numeric address.
Addresses numeric_addresses(const std::string& host, const std::string& port);

}  // namespace cw
