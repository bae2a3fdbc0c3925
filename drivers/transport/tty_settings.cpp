// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/tty_settings.h"

#include <asm/termbits.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace cw {
namespace {

// A receiver samples up to ten bits after one start edge: beyond this it reads neighbours.
constexpr std::uint32_t kToleratedPercent = 3;

struct StandardSpeed {
  std::uint32_t baud;
  tcflag_t code;
};
// The speeds that every program knows by a code; any other is set by its number.
constexpr StandardSpeed kStandardSpeeds[] = {
    {1200, B1200},     {2400, B2400},     {4800, B4800},     {9600, B9600},
    {19200, B19200},   {38400, B38400},   {57600, B57600},   {115200, B115200},
    {230400, B230400}, {460800, B460800}, {921600, B921600},
};

tcflag_t speed_code(std::uint32_t baud) {
  for (const StandardSpeed& speed : kStandardSpeeds)
    if (speed.baud == baud) return speed.code;
  return BOTHER;
}

void make_raw(struct termios2& settings, std::uint32_t baud) {
  settings.c_iflag = IGNBRK;  // a floating line is not data
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  // CLOCAL: no modem may stop us. Without HUPCL closing leaves DTR and RTS as they are. The input
  // speed follows the output speed (the bits above IBSHIFT are 0).
  settings.c_cflag = CS8 | CREAD | CLOCAL | speed_code(baud);
  settings.c_ospeed = baud;
  settings.c_ispeed = baud;
  settings.c_cc[VMIN] = 1;  // a read of 0 bytes then means gone, not empty
  settings.c_cc[VTIME] = 0;
}

bool tolerable(std::uint32_t wanted, std::uint32_t got) {
  const std::uint64_t difference = wanted > got ? wanted - got : got - wanted;
  return difference * 100 <= std::uint64_t{wanted} * kToleratedPercent;
}

}  // namespace

std::string set_raw(int port, std::uint32_t baud) {
  struct termios2 settings {};
  if (::ioctl(port, TCGETS2, &settings) != 0)
    return errno == ENOTTY ? "not a serial port" : std::strerror(errno);
  if (baud == 0) return "0 baud is no speed";
  make_raw(settings, baud);
  if (::ioctl(port, TCSETS2, &settings) != 0)
    return fmt::format("cannot be set to {} baud: {}", baud, std::strerror(errno));
  struct termios2 result {};
  if (::ioctl(port, TCGETS2, &result) != 0) return std::strerror(errno);
  if (!tolerable(baud, result.c_ospeed))
    return fmt::format("cannot do {} baud, offers {}", baud, result.c_ospeed);
  if ((result.c_cflag & CSIZE) != CS8) return "cannot do 8 data bits";
  return {};
}

void flush_port(int port) { ::ioctl(port, TCFLSH, TCIOFLUSH); }

}  // namespace cw
