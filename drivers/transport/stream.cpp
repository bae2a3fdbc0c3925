// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/stream.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

namespace cw {

std::uint32_t Stream::interest() const {
  if (state_ == State::closed) return 0;
  const std::uint32_t out = queued_ > 0 ? std::uint32_t{EPOLLOUT} : 0U;
  return EPOLLIN | out;
}

std::span<const std::uint8_t> Stream::on_ready(std::uint32_t events, std::span<std::uint8_t> room) {
  if (state_ == State::opening) on_opening(events);
  if (state_ != State::open) return {};
  if ((events & EPOLLOUT) != 0) flush();
  if (state_ != State::open) return {};
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return {};
  return receive(events, room);
}

// The last bytes before a hang-up are still delivered; the hang-up itself is reported again.
std::span<const std::uint8_t> Stream::receive(std::uint32_t events, std::span<std::uint8_t> room) {
  const ssize_t got = ::read(pipe_.get(), room.data(), room.size());
  if (got > 0) return room.first(static_cast<std::size_t>(got));
  if (got == 0) {
    failed(name_, explain(0));
    return {};
  }
  const int number = errno;
  const bool nothing_yet = number == EAGAIN || number == EINTR;
  if (!nothing_yet)
    failed(name_, explain(number));
  else if ((events & EPOLLHUP) != 0)
    failed(name_, explain(0));
  return {};
}

bool Stream::send(std::span<const std::uint8_t> bytes) {
  // Requests that went out together, after a port came unstuck, would all be answered too late.
  if (state_ != State::open || queued_ > 0 || bytes.size() > kQueue) return false;
  std::copy(bytes.begin(), bytes.end(), queue_.begin());
  queued_ = bytes.size();
  // A failure here is met again, and handled, by on_ready(): the owner learns of it in one place.
  write_queue();
  return true;
}

void Stream::flush() {
  if (queued_ == 0) return;
  if (write_queue() < 0 && errno != EAGAIN && errno != EINTR) failed(name_, explain(errno));
}

// Writes what the kernel takes of the queue; the rest moves to its front.
ssize_t Stream::write_queue() {
  const ssize_t sent = write_some({queue_.data(), queued_});
  if (sent <= 0) return sent;
  std::copy(queue_.begin() + sent, queue_.begin() + static_cast<std::ptrdiff_t>(queued_),
            queue_.begin());
  queued_ -= static_cast<std::size_t>(sent);
  return sent;
}

ssize_t Stream::write_some(std::span<const std::uint8_t> bytes) {
  return ::write(pipe_.get(), bytes.data(), bytes.size());
}

Transport::State Stream::opened(Descriptor pipe) {
  pipe_ = std::move(pipe);
  queued_ = 0;
  error_.clear();
  return state_ = State::open;
}

Transport::State Stream::failed(std::string_view name, std::string_view why) {
  std::string text{name};
  text.append(": ").append(why);
  shut();
  error_ = std::move(text);
  return state_;
}

void Stream::close() noexcept {
  shut();
  error_.clear();
}

void Stream::shut() noexcept {
  if (pipe_.valid()) on_closing();
  pipe_.reset();
  queued_ = 0;
  state_ = State::closed;
}

}  // namespace cw
