// SPDX-License-Identifier: Apache-2.0
// One output line to a relay. It does what it is told and reports whether it could; it decides
// nothing. The kernel's GPIO character device (v2) or a dry run.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace cw {

class RelayLine {
 public:
  virtual ~RelayLine() = default;

  /// Takes the line and drives `energised` at once. False: see error().
  virtual bool open(bool energised) = 0;

  /// False: the line could not be driven; see error().
  virtual bool drive(bool energised) = 0;

  virtual bool dry_run() const = 0;
  virtual const std::string& error() const = 0;

  /// For people: "/dev/gpiochip0 line 17, active low".
  virtual const std::string& name() const = 0;
};

struct GpioOptions {
  std::string chip;         // "/dev/gpiochip0", "gpiochip0" or the chip's label; empty: dry run
  std::string line;         // number, or the line's name
  bool active_low = false;  // energised drives the pin low
};

std::unique_ptr<RelayLine> make_gpio_line(const GpioOptions& options);
std::unique_ptr<RelayLine> make_dry_run_line(const std::string& name);

}  // namespace cw
