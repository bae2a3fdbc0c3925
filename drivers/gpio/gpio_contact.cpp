// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "drivers/gpio/contact_line.h"
#include "drivers/gpio/gpio_chip.h"
#include "drivers/gpio/gpio_request.h"

namespace cw {
namespace {

class GpioContact final : public ContactLine {
 public:
  explicit GpioContact(const GpioOptions& options) : options_(options) {}
  ~GpioContact() override { release(); }
  GpioContact(const GpioContact&) = delete;
  GpioContact& operator=(const GpioContact&) = delete;

  std::optional<bool> closed() override;
  const std::string& error() const override { return error_; }

 private:
  bool open();
  void release();
  std::nullopt_t failed(std::string_view why);

  GpioOptions options_;
  std::string error_;
  int line_ = -1;  // descriptor of the taken line
};

std::optional<bool> GpioContact::closed() {
  if (line_ < 0 && !open()) return std::nullopt;
  gpio_v2_line_values values = line_values(false);
  if (::ioctl(line_, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) != 0)
    return failed(errno == ENODEV ? "the GPIO chip is gone" : std::strerror(errno));
  error_.clear();
  return (values.bits & 1) != 0;
}

bool GpioContact::open() {
  std::string why;
  std::uint32_t line = 0;
  const int chip = open_chip_of(options_, line, why);
  if (chip >= 0) {
    line_ = take_line(chip, input_request(line, options_.active_low), why);
    ::close(chip);
  }
  if (line_ < 0) failed(why);
  return line_ >= 0;
}

// The line is taken again from the start: the chip may come back.
std::nullopt_t GpioContact::failed(std::string_view why) {
  error_ = fmt::format("{} line {} (contact): {}", options_.chip, options_.line, why);
  release();
  return std::nullopt;
}

void GpioContact::release() {
  if (line_ >= 0) ::close(line_);
  line_ = -1;
}

}  // namespace

std::unique_ptr<ContactLine> make_gpio_contact(const GpioOptions& options) {
  return std::make_unique<GpioContact>(options);
}

}  // namespace cw
