// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/name_lookup.h"

#include <netdb.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

namespace cw {
namespace {

Addresses look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* first = nullptr;
  Addresses found;
  const int status = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &first);
  if (status != 0) {
    found.error = status == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(status);
    return found;
  }
  for (const addrinfo* info = first; info != nullptr; info = info->ai_next) {
    Address address;
    if (info->ai_addrlen > sizeof address.storage) continue;
    std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
    address.size = info->ai_addrlen;
    found.list.push_back(address);
  }
  ::freeaddrinfo(first);
  if (found.list.empty()) found.error = "has no address";
  return found;
}

}  // namespace

std::shared_ptr<NameLookup> NameLookup::start(std::string host, std::string port) {
  auto lookup = std::make_shared<NameLookup>();
  lookup->done_event_ = Descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!lookup->done_event_.valid()) return nullptr;
  try {
    std::thread([lookup, host = std::move(host), port = std::move(port)] {
      lookup->run(host, port);
    }).detach();
  } catch (const std::system_error&) {
    return nullptr;  // no more threads: the owner tries again later
  }
  return lookup;
}

void NameLookup::run(const std::string& host, const std::string& port) {
  Addresses found = look_up(host, port, 0);
  {
    const std::lock_guard lock(mutex_);
    found_ = std::move(found);
  }
  done_ = true;
  const std::uint64_t one = 1;
  (void)!::write(done_event_.get(), &one, sizeof one);
}

Addresses NameLookup::take() {
  const std::lock_guard lock(mutex_);
  return std::move(found_);
}

Addresses numeric_addresses(const std::string& host, const std::string& port) {
  return look_up(host, port, AI_NUMERICHOST);
}

}  // namespace cw
