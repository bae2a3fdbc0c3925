// SPDX-License-Identifier: Apache-2.0
// A relay on a line of the kernel's GPIO character device. What the pin does when this program ends
// depends on the chip: wire relays so that a released pin is safe.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "drivers/gpio/gpio_request.h"
#include "drivers/gpio/relay_line.h"

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

class GpioLine final : public RelayLine {
 public:
  explicit GpioLine(const GpioOptions& options)
      : options_(options), name_(fmt::format("{} line {}", options.chip, options.line)) {
    if (options.active_low) name_ += ", active low";
  }
  ~GpioLine() override { release(); }
  GpioLine(const GpioLine&) = delete;
  GpioLine& operator=(const GpioLine&) = delete;

  bool open(bool energised) override;
  bool drive(bool energised) override;
  bool dry_run() const override { return false; }
  const std::string& error() const override { return error_; }
  const std::string& name() const override { return name_; }

 private:
  int open_chip();
  int open_labelled();
  std::optional<std::uint32_t> find_line(int chip);
  std::optional<std::uint32_t> find_named(int chip, std::uint32_t lines);
  bool take(int chip, std::uint32_t line, bool energised);
  bool confirm(bool energised);
  bool failed(std::string_view why);
  void release();

  GpioOptions options_;
  std::string name_;
  std::string error_;
  int line_ = -1;  // descriptor of the taken line
};

bool GpioLine::open(bool energised) {
  release();
  const int chip = open_chip();
  if (chip < 0) return false;
  const auto line = find_line(chip);
  const bool taken = line && take(chip, *line, energised);
  ::close(chip);
  return taken && confirm(energised);
}

bool GpioLine::drive(bool energised) {
  if (line_ < 0) return failed("not open");
  gpio_v2_line_values values = line_values(energised);
  if (::ioctl(line_, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) != 0)
    return failed(errno == ENODEV ? "the GPIO chip is gone" : std::strerror(errno));
  return confirm(energised);
}

// Reads the pin back: one that is shorted, or driven by something else, is a fault. A chip that
// cannot read its outputs says so, and is believed.
bool GpioLine::confirm(bool energised) {
  gpio_v2_line_values values = line_values(false);
  if (::ioctl(line_, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) == 0 &&
      (values.bits & 1) != (energised ? 1U : 0U))
    return failed(fmt::format("driven {}, but the pin reads {}", energised ? "on" : "off",
                              energised ? "off" : "on"));
  error_.clear();
  return true;
}

int GpioLine::open_chip() {
  const std::string path = chip_path(options_.chip);
  if (path.empty()) return open_labelled();
  const int chip = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (chip < 0) {
    failed(explain_chip(errno));
    return -1;
  }
  gpiochip_info info{};
  if (chip_info(chip, info)) return chip;
  failed(explain_chip(errno));
  ::close(chip);
  return -1;
}

int GpioLine::open_labelled() {
  int unreadable = 0;
  for (const std::string& path : all_chips()) {
    const int chip = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (chip < 0) {
      unreadable = errno;
      continue;
    }
    gpiochip_info info{};
    if (chip_info(chip, info) && kernel_text(info.label) == options_.chip) return chip;
    ::close(chip);
  }
  failed(unreadable != 0 ? explain_chip(unreadable) : "no GPIO chip has this label");
  return -1;
}

std::optional<std::uint32_t> GpioLine::find_line(int chip) {
  gpiochip_info info{};
  if (!chip_info(chip, info)) {
    failed(explain_chip(errno));
    return std::nullopt;
  }
  const auto number = line_number(options_.line);
  if (!number) return find_named(chip, info.lines);
  if (*number < info.lines) return number;
  failed(fmt::format("the chip has lines 0 to {} only", info.lines - 1));
  return std::nullopt;
}

std::optional<std::uint32_t> GpioLine::find_named(int chip, std::uint32_t lines) {
  std::optional<std::uint32_t> found;
  for (std::uint32_t line = 0; line < lines; ++line) {
    gpio_v2_line_info info{};
    if (!line_info(chip, line, info) || kernel_text(info.name) != options_.line) continue;
    if (found) {
      failed(fmt::format("lines {} and {} both have this name; give the number", *found, line));
      return std::nullopt;
    }
    found = line;
  }
  if (!found) failed("no line of the chip has this name");
  return found;
}

bool GpioLine::take(int chip, std::uint32_t line, bool energised) {
  gpio_v2_line_request request = output_request(line, options_.active_low, energised);
  if (::ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) == 0) {
    line_ = request.fd;
    return true;
  }
  const int number = errno;
  gpio_v2_line_info info{};
  if (number != EBUSY || !line_info(chip, line, info)) return failed(std::strerror(number));
  const std::string_view user = kernel_text(info.consumer);
  return failed(fmt::format("in use by '{}'", user.empty() ? "the kernel" : user));
}

bool GpioLine::failed(std::string_view why) {
  error_ = fmt::format("{}: {}", name_, why);
  return false;
}

void GpioLine::release() {
  if (line_ >= 0) ::close(line_);
  line_ = -1;
}

}  // namespace

std::unique_ptr<RelayLine> make_gpio_line(const GpioOptions& options) {
  if (options.chip.empty()) return make_dry_run_line(options.line);
  return std::make_unique<GpioLine>(options);
}

}  // namespace cw
