// SPDX-License-Identifier: Apache-2.0
// One input line from an auxiliary contact of a relay. It says what the contact is, or why it
// cannot; it judges nothing.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "drivers/gpio/relay_line.h"

namespace cw {

class ContactLine {
 public:
  virtual ~ContactLine() = default;

  /// The contact is closed. Takes the line first where it is not taken. Nothing: see error().
  virtual std::optional<bool> closed() = 0;
  virtual const std::string& error() const = 0;
};

/// `active_low`: the line is low while the contact is closed.
std::unique_ptr<ContactLine> make_gpio_contact(const GpioOptions& options);

}  // namespace cw
