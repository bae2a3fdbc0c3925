// SPDX-License-Identifier: Apache-2.0
#include "drivers/gpio/gpio_chip.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

namespace cw {
namespace {

std::string explain_chip(int number) {
  switch (number) {
    case ENOENT: return "no such GPIO chip; `ls /dev/gpiochip*` shows those there are";
    case EACCES: return "permission denied; the user must be in the group that owns it (gpio)";
    case ENODEV:
    case ENXIO: return "the GPIO chip is gone";
    case ENOTTY:
    case EINVAL: return "not a GPIO chip";
    default: return std::strerror(number);
  }
}

bool chip_info(int chip, gpiochip_info& info) {
  return ::ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) == 0;
}

bool line_info(int chip, std::uint32_t line, gpio_v2_line_info& info) {
  info = {};
  info.offset = line;
  return ::ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, &info) == 0;
}

// Paths of all GPIO chips, in order.
std::vector<std::string> all_chips() {
  std::vector<std::string> paths;
  DIR* folder = ::opendir("/dev");
  if (folder == nullptr) return paths;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string path = chip_path(entry->d_name);
    if (!path.empty()) paths.push_back(path);
  }
  ::closedir(folder);
  std::sort(paths.begin(), paths.end());
  return paths;
}

int open_labelled(const GpioOptions& options, std::string& error) {
  int unreadable = 0;
  for (const std::string& path : all_chips()) {
    const int chip = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (chip < 0) {
      unreadable = errno;
      continue;
    }
    gpiochip_info info{};
    if (chip_info(chip, info) && kernel_text(info.label) == options.chip) return chip;
    ::close(chip);
  }
  error = unreadable != 0 ? explain_chip(unreadable) : "no GPIO chip has this label";
  return -1;
}

int open_chip(const GpioOptions& options, std::string& error) {
  const std::string path = chip_path(options.chip);
  if (path.empty()) return open_labelled(options, error);
  const int chip = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (chip < 0) {
    error = explain_chip(errno);
    return -1;
  }
  gpiochip_info info{};
  if (chip_info(chip, info)) return chip;
  error = explain_chip(errno);
  ::close(chip);
  return -1;
}

std::optional<std::uint32_t> find_named(int chip, std::uint32_t lines, const GpioOptions& options,
                                        std::string& error) {
  std::optional<std::uint32_t> found;
  for (std::uint32_t line = 0; line < lines; ++line) {
    gpio_v2_line_info info{};
    if (!line_info(chip, line, info) || kernel_text(info.name) != options.line) continue;
    if (found) {
      error = fmt::format("lines {} and {} both have this name; give the number", *found, line);
      return std::nullopt;
    }
    found = line;
  }
  if (!found) error = "no line of the chip has this name";
  return found;
}

std::optional<std::uint32_t> find_line(int chip, const GpioOptions& options, std::string& error) {
  gpiochip_info info{};
  if (!chip_info(chip, info)) {
    error = explain_chip(errno);
    return std::nullopt;
  }
  const auto number = line_number(options.line);
  if (!number) return find_named(chip, info.lines, options, error);
  if (*number < info.lines) return number;
  error = fmt::format("the chip has lines 0 to {} only", info.lines - 1);
  return std::nullopt;
}

}  // namespace

int open_chip_of(const GpioOptions& options, std::uint32_t& line, std::string& error) {
  const int chip = open_chip(options, error);
  if (chip < 0) return -1;
  const auto found = find_line(chip, options, error);
  if (!found) {
    ::close(chip);
    return -1;
  }
  line = *found;
  return chip;
}

int take_line(int chip, gpio_v2_line_request request, std::string& error) {
  if (::ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) == 0) return request.fd;
  const int number = errno;
  gpio_v2_line_info info{};
  if (number != EBUSY || !line_info(chip, request.offsets[0], info)) {
    error = std::strerror(number);
    return -1;
  }
  const std::string_view user = kernel_text(info.consumer);
  error = fmt::format("in use by '{}'", user.empty() ? "the kernel" : user);
  return -1;
}

}  // namespace cw
