// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/can_socket.h"

#include <fmt/format.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "drivers/transport/can_health.h"

namespace cw {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 32;        // frames a system call
constexpr std::size_t kWaitingMost = 64;  // identifiers
constexpr std::chrono::seconds kWaitMost{1};
constexpr int kReceiveBuffer = 512 * 1024;  // a second of a full bus and more

static_assert(kCanExtended == CAN_EFF_FLAG && kCanRemote == CAN_RTR_FLAG &&
              kCanError == CAN_ERR_FLAG);

can_frame to_kernel(const CanFrame& frame) {
  can_frame out{};
  out.can_id = frame.id | (frame.extended ? CAN_EFF_FLAG : 0U) | (frame.remote ? CAN_RTR_FLAG : 0U);
  out.can_dlc = frame.length;
  std::memcpy(out.data, frame.data.data(), frame.data.size());
  return out;
}

CanFrame from_kernel(const can_frame& in) {
  CanFrame frame;
  frame.extended = (in.can_id & CAN_EFF_FLAG) != 0;
  frame.remote = (in.can_id & CAN_RTR_FLAG) != 0;
  frame.error = (in.can_id & CAN_ERR_FLAG) != 0;
  frame.id = in.can_id & (frame.extended || frame.error ? CAN_EFF_MASK : CAN_SFF_MASK);
  frame.length = std::min<std::uint8_t>(in.can_dlc, CAN_MAX_DLEN);
  std::memcpy(frame.data.data(), in.data, frame.length);
  return frame;
}

std::string explain(int number, const std::string& interface) {
  switch (number) {
    case ENODEV:
    case ENXIO:
      return fmt::format(
          "the interface is not there; `ip link` lists those that are (a virtual one: ip link add "
          "{} type vcan)",
          interface);
    case ENETDOWN:
      return fmt::format(
          "the interface is down; bring it up (ip link set {} up type can bitrate 250000; towards "
          "inverters 500000)",
          interface);
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT: return "this kernel has no CAN (modprobe can-raw)";
    default: return std::strerror(number);
  }
}

// Standard and extended identifiers are told apart, and remote frames are nobody's.
void set_filters(int socket, const std::vector<CanFilter>& wanted) {
  if (wanted.empty()) return;
  std::vector<can_filter> filters;
  filters.reserve(wanted.size());
  for (const CanFilter& filter : wanted)
    filters.push_back({filter.id | (filter.extended ? CAN_EFF_FLAG : 0U),
                       filter.mask | CAN_EFF_FLAG | CAN_RTR_FLAG});
  // Without them more is heard than needed, which the protocols sort out.
  (void)::setsockopt(socket, SOL_CAN_RAW, CAN_RAW_FILTER, filters.data(),
                     static_cast<socklen_t>(filters.size() * sizeof(can_filter)));
}

void set_options(int socket, const PortOptions& options) {
  set_filters(socket, options.can_filters);
  const can_err_mask_t errors = CAN_ERR_CRTL | CAN_ERR_BUSOFF | CAN_ERR_RESTARTED;
  (void)::setsockopt(socket, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors);
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  (void)::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
}

class CanSocket final : public Transport {
 public:
  CanSocket(const PortOptions& options, OpenCan open)
      : options_(options), open_(std::move(open)), name_(options.name) {}

  State open() override;
  State state() const override { return socket_.valid() ? State::open : State::closed; }
  int descriptor() const override { return socket_.get(); }
  std::uint32_t interest() const override;
  std::span<const std::uint8_t> on_ready(std::uint32_t events,
                                         std::span<std::uint8_t> room) override;
  bool send(std::span<const std::uint8_t> bytes) override;
  void close() noexcept override {
    shut();
    error_.clear();
  }
  const std::string& error() const override { return error_; }
  const std::string& name() const override { return name_; }
  std::string complaint() const override { return health_.text(name_); }

 private:
  struct Waiting {
    can_frame frame;
    Clock::time_point since;
  };
  std::span<const std::uint8_t> receive(std::span<std::uint8_t> room);
  void note_overruns(msghdr& header);
  bool add(const CanFrame& frame);
  void flush();
  State failed(const std::string& why);
  void shut() noexcept {
    socket_.reset();
    waiting_.clear();
    full_ = false;
    lost_ = 0;
  }

  PortOptions options_;
  OpenCan open_;
  std::string name_;
  std::string error_;
  Descriptor socket_;
  CanHealth health_;
  std::vector<Waiting> waiting_;  // in the order in which they go out
  bool full_ = false;             // the socket's own buffer is: it says when there is room
  int lost_ = 0;  // why sending found the interface gone: to be handled by on_ready()
};

Transport::State CanSocket::failed(const std::string& why) {
  shut();
  error_ = name_ + ": " + why;
  return State::closed;
}

Transport::State CanSocket::open() {
  close();
  health_ = {};
  std::string why;
  Descriptor socket = open_(options_, why);
  if (!socket.valid()) return failed(why);
  socket_ = std::move(socket);
  return State::open;
}

std::uint32_t CanSocket::interest() const {
  if (!socket_.valid()) return 0;
  return full_ || lost_ != 0 ? std::uint32_t{EPOLLIN} | EPOLLOUT : std::uint32_t{EPOLLIN};
}

std::span<const std::uint8_t> CanSocket::on_ready(std::uint32_t events,
                                                  std::span<std::uint8_t> room) {
  if (!socket_.valid()) return {};
  if (!waiting_.empty()) flush();
  if (lost_ != 0) {
    failed(explain(lost_, name_));
    return {};
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return {};
  return receive(room);
}

std::span<const std::uint8_t> CanSocket::receive(std::span<std::uint8_t> room) {
  struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> bytes;
  };
  std::array<mmsghdr, kBatch> messages{};
  std::array<can_frame, kBatch> frames;
  std::array<iovec, kBatch> places;
  std::array<Control, kBatch> controls;
  const std::size_t most = std::min(kBatch, room.size() / kCanRecordSize);
  for (std::size_t i = 0; i < most; ++i) {
    places[i] = {&frames[i], sizeof frames[i]};
    msghdr& header = messages[i].msg_hdr;
    header.msg_iov = &places[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i].bytes.data();
    header.msg_controllen = controls[i].bytes.size();
  }
  const int got = ::recvmmsg(socket_.get(), messages.data(), static_cast<unsigned>(most),
                             MSG_DONTWAIT, nullptr);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) failed(explain(errno, name_));
    return {};
  }
  std::size_t size = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
    if (messages[i].msg_len == 0) {  // only a stand-in for the bus ever says goodbye
      failed("the other end is gone");
      return room.first(size);
    }
    if (messages[i].msg_len != sizeof(can_frame)) continue;  // CAN FD, which was not asked for
    note_overruns(messages[i].msg_hdr);
    const CanFrame frame = from_kernel(frames[i]);
    if (frame.error) {
      health_.on_error(frame);
      continue;
    }
    health_.on_frame();
    const CanRecord record = to_record(frame);
    std::copy(record.begin(), record.end(), room.begin() + static_cast<std::ptrdiff_t>(size));
    size += kCanRecordSize;
  }
  return room.first(size);
}

void CanSocket::note_overruns(msghdr& header) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t total = 0;
    std::memcpy(&total, CMSG_DATA(part), sizeof total);
    health_.on_overrun(total);
  }
}

bool CanSocket::send(std::span<const std::uint8_t> bytes) {
  if (!socket_.valid() || bytes.empty() || bytes.size() % kCanRecordSize != 0) return false;
  if (waiting_.size() + bytes.size() / kCanRecordSize > kWaitingMost) flush();
  if (waiting_.size() + bytes.size() / kCanRecordSize > kWaitingMost) return false;
  for (std::size_t at = 0; at < bytes.size(); at += kCanRecordSize)
    if (!from_record(bytes.subspan(at))) return false;
  for (; !bytes.empty(); bytes = bytes.subspan(kCanRecordSize)) {
    const can_frame frame = to_kernel(*from_record(bytes));
    const auto same = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& older) {
      return older.frame.can_id == frame.can_id;
    });
    if (same != waiting_.end()) waiting_.erase(same);  // the newer one says it
    waiting_.push_back({frame, Clock::now()});
  }
  flush();
  return true;
}

// A frame that waited too long is worse than none: it would give an old order.
void CanSocket::flush() {
  full_ = false;
  std::size_t done = 0;
  for (; done < waiting_.size(); ++done) {
    const Waiting& next = waiting_[done];
    if (Clock::now() > next.since + kWaitMost) {
      health_.on_unsent();
      continue;
    }
    if (::send(socket_.get(), &next.frame, sizeof next.frame, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
      continue;
    full_ = errno == EAGAIN;
    // No room in the interface's queue: nobody tells when there is. A bus on which nothing is
    // heard has nobody to send to, and everything that is heard comes through on_ready().
    if (full_ || errno == ENOBUFS || errno == EINTR) break;
    // The kernel tells once that an interface went down: who hears it here will not read it.
    if (errno == ENETDOWN || errno == ENODEV || errno == ENXIO) lost_ = errno;
    health_.on_unsent();
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace

Descriptor open_can_interface(const PortOptions& options, std::string& why) {
  const auto refuse = [&](int number) {
    why = explain(number, options.name);
    return Descriptor{};
  };
  Descriptor socket{::socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW)};
  if (!socket.valid()) return refuse(errno);
  ifreq interface {};
  options.name.copy(interface.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(socket.get(), SIOCGIFINDEX, &interface) != 0) return refuse(errno);
  sockaddr_can address{};
  address.can_family = AF_CAN;
  address.can_ifindex = interface.ifr_ifindex;
  if (::ioctl(socket.get(), SIOCGIFHWADDR, &interface) == 0 &&
      interface.ifr_hwaddr.sa_family != ARPHRD_CAN) {
    why = "is no CAN interface";
    return {};
  }
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &interface) == 0 && (interface.ifr_flags & IFF_UP) == 0)
    return refuse(ENETDOWN);
  set_options(socket.get(), options);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return refuse(errno);
  return socket;
}

std::unique_ptr<Transport> make_can_socket(const PortOptions& options, OpenCan open) {
  return std::make_unique<CanSocket>(options, std::move(open));
}

}  // namespace cw
