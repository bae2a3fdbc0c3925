// SPDX-License-Identifier: Apache-2.0
// A relay on a line of the kernel's GPIO character device. What the pin does when this program ends
// depends on the chip: wire relays so that a released pin is safe.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/gpio/gpio_chip.h"
#include "drivers/gpio/gpio_request.h"
#include "drivers/gpio/relay_line.h"

namespace cw {
namespace {

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
  std::string why;
  std::uint32_t line = 0;
  const int chip = open_chip_of(options_, line, why);
  if (chip < 0) return failed(why);
  line_ = take_line(chip, output_request(line, options_.active_low, energised), why);
  ::close(chip);
  if (line_ < 0) return failed(why);
  return confirm(energised);
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
