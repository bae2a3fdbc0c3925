// SPDX-License-Identifier: Apache-2.0
// A battery that is asked over Modbus-RTU: what every map has in common. Finds requests for its
// units, answers them after the turnaround of the line, and obeys the silence of its maps.
#pragma once
#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "bridge/inverter/inverter_protocol.h"
#include "bridge/modbus/modbus_frame.h"

namespace cw {

/// The registers of one unit.
class RtuRegisters {
 public:
  virtual ~RtuRegisters() = default;

  /// How many registers from `address` on can be read in one piece; 0: this one cannot.
  virtual std::size_t readable(std::uint16_t address) const = 0;
  /// Only of readable ones. False: a value is not known, and none is invented.
  virtual bool read(std::uint16_t address, std::span<std::uint16_t> values, Instant now) = 0;

  /// False: functions that write are not offered.
  virtual bool takes_writes() const { return false; }
  virtual modbus::Exception write(std::uint16_t /*address*/,
                                  std::span<const std::uint16_t> /*values*/, Instant /*now*/) {
    return modbus::Exception::illegal_address;
  }
};

/// Every unit of a line.
class RtuUnits {
 public:
  virtual ~RtuUnits() = default;

  virtual void tell(const Picture& picture, Instant now) = 0;
  /// From now on it says farewell.
  virtual void stop() = 0;
  /// Not a word may be said at `now`.
  virtual bool silent(Instant now) const = 0;

  /// nullptr: the number is not one of ours. Valid until the next call of anything.
  virtual RtuRegisters* find(std::uint8_t number) = 0;
  /// Whom a broadcast is for; nullptr: nobody who could carry one out.
  virtual RtuRegisters* everybody() { return nullptr; }

  /// What it tells; nullptr: nothing that concerns the bank. Valid until the next call.
  virtual const BankRequest* told() const { return nullptr; }

  /// What is wrong with what it is to tell, for people; empty: nothing.
  virtual std::string_view complaint(Instant /*now*/) const { return {}; }
};

/// One map under one or several numbers.
class RtuMap : public RtuUnits, public RtuRegisters {
 public:
  /// Under every address of `options`, or under `usual` if it names none.
  RtuMap(const InverterOptions& options, std::uint8_t usual) : numbers_(options.addresses) {
    if (numbers_.empty()) numbers_ = {usual};
  }

  RtuRegisters* find(std::uint8_t number) override {
    return std::ranges::count(numbers_, number) != 0 ? this : nullptr;
  }
  RtuRegisters* everybody() override { return this; }

 private:
  std::vector<std::uint8_t> numbers_;
};

/// The answer to `request` (unit, function, data; without CRC), to be sealed.
std::vector<std::uint8_t> answer_rtu(std::span<const std::uint8_t> request, RtuRegisters& registers,
                                     Instant now);

std::unique_ptr<InverterProtocol> make_rtu_battery(std::unique_ptr<RtuUnits> units);

}  // namespace cw
