// SPDX-License-Identifier: Apache-2.0
// A serial port of this machine. It is taken for this program alone and never waits for a modem.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/serial.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "drivers/transport/stream.h"
#include "drivers/transport/tty_settings.h"

namespace cw {
namespace {

// The name is resolved at each open: behind a by-id link may be another device every time.
std::string explain_open(int number) {
  switch (number) {
    case EBUSY: return "in use by another program";
    case EACCES: return "permission denied; the user must be in the group that owns it (dialout)";
    case ENXIO:
    case ENODEV: return "the device is not there";
    default: return std::strerror(number);
  }
}

// Adapters hold bytes back for up to 16 ms unless told not to. Where there is nothing to tell (a
// pseudo-terminal, another kind of driver) nothing is lost.
void ask_for_low_latency(int port) {
  serial_struct serial{};
  if (::ioctl(port, TIOCGSERIAL, &serial) != 0) return;
  serial.flags |= ASYNC_LOW_LATENCY;
  (void)::ioctl(port, TIOCSSERIAL, &serial);
}

bool enable_rs485(int port) {
  serial_rs485 settings{};
  settings.flags = SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
  return ::ioctl(port, TIOCSRS485, &settings) == 0;
}

class SerialTty final : public Stream {
 public:
  explicit SerialTty(const PortOptions& options)
      : Stream(fmt::format("{} at {} baud", options.name, options.baud)), options_(options) {}
  ~SerialTty() override { SerialTty::close(); }

  State open() override;

 protected:
  std::string explain(int number) const override {
    if (number == 0 || number == EIO || number == ENODEV || number == ENXIO)
      return "unplugged, or its other end was closed";
    return std::strerror(number);
  }
  void on_closing() noexcept override { ::ioctl(pipe_.get(), TIOCNXCL); }

 private:
  PortOptions options_;
};

Transport::State SerialTty::open() {
  close();
  const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  Descriptor port{::open(options_.name.c_str(), flags)};
  if (!port.valid()) return failed(options_.name, explain_open(errno));
  if (::isatty(port.get()) == 0) return failed(options_.name, "not a serial port");
  // The lock tells other programs that lock; TIOCEXCL stops those that do not (root excepted).
  if (::flock(port.get(), LOCK_EX | LOCK_NB) != 0)
    return failed(options_.name, explain_open(errno == EWOULDBLOCK ? EBUSY : errno));
  if (::ioctl(port.get(), TIOCEXCL) != 0) return failed(options_.name, std::strerror(errno));
  const std::string refused = set_raw(port.get(), options_.baud);
  if (!refused.empty()) {
    ::ioctl(port.get(), TIOCNXCL);
    return failed(options_.name, refused);
  }
  ask_for_low_latency(port.get());
  name_ = fmt::format("{} at {} baud", options_.name, options_.baud);
  if (options_.rs485 && !enable_rs485(port.get()))
    name_ += " (its driver has no RS485 mode; the adapter must switch direction by itself)";
  flush_port(port.get());
  return opened(std::move(port));
}

}  // namespace

std::unique_ptr<Transport> make_serial_tty(const PortOptions& options) {
  return std::make_unique<SerialTty>(options);
}

}  // namespace cw
