// SPDX-License-Identifier: Apache-2.0
// What is said to an inverter on one wire, and what it says: bytes and times, no I/O and no clock.
// On CAN a piece is one record (drivers/protocol/can_frame.h), on a serial line one answer.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/inverter/inverter_option.h"
#include "bridge/modbus/modbus_options.h"
#include "core/picture.h"
#include "drivers/protocol/bus.h"

namespace cw {

/// What differs from one inverter to the next although they speak the same protocol; of these, a
/// protocol understands those in its InverterProtocolSpec::options
/// (inverter-can.md, section 2; inverter-rs485.md, sections 4 and 8).
struct InverterOptions {
  Text<32> name;                       // of the port, for people
  std::string manufacturer;            // empty: that of the protocol
  std::string battery_name;            // where a protocol shows one
  Millis period{1'000};                // from one set of frames to the next; not below 200 ms
  bool tenth_volt = false;             // voltages of 0x356 in 0.1 V in place of 0.01 V
  bool least_current = false;          // 0.1 A in place of 0 A, with the enable bit cleared
  bool voltage_above_battery = false;  // the charge voltage never less than 0.2 V above the battery
  CentiPercent soc_most{10'000};       // what is told is kept within
  CentiPercent soc_least{0};
  bool limits_a_pack = false;     // RS485: each pack gets its share in place of the bank's limits
  bool one_battery = false;       // RS485: all packs are told as one
  bool hundredth_ampere = false;  // RS485: currents of 0x63 in 0.01 A in place of 0.1 A
  std::vector<std::uint8_t> addresses;  // RS485: those we answer to, the first is the first pack;
                                        // none: the protocol's usual one
  bool unconfirmed = false;             // RS485: registers nobody has confirmed are told too
  std::uint8_t answer_as = 0;  // RS485: the address in every answer; 0: the one that was asked
  ModbusOptions modbus;        // modbus-rtu: which units there are, as on the server
};

/// How the inverter is doing, as far as its protocol lets it tell.
struct InverterStatus {
  bool present = false;              // heard within 15 s (inverter-can.md, section 9)
  std::optional<Instant> heard;      // last
  std::uint64_t sent = 0;            // pieces
  std::uint64_t received = 0;        // that meant something
  std::uint64_t refused = 0;         // whole but wrong: checksum, length, address of nobody
  std::string complaint;             // for people; empty: nothing
  std::optional<InverterTold> told;  // absent: nothing is told
};

class InverterProtocol {
 public:
  virtual ~InverterProtocol() = default;

  /// What is told from now on. `picture.request` is there. Copies what it needs.
  virtual void tell(const Picture& picture, Instant now) = 0;

  /// Bytes as they came; on CAN exactly one record.
  virtual void receive(std::span<const std::uint8_t> bytes, Instant now) = 0;

  /// The piece that is due at `now`, valid until the next call; empty: none. One that could not be
  /// sent is not kept: the newest values follow with the next.
  virtual std::span<const std::uint8_t> next(Instant now) = 0;

  /// When next() may have something; nothing: only after receive() or tell().
  virtual std::optional<Instant> next_due(Instant now) const = 0;

  /// An orderly end: what follows from next() is the farewell (currents zero, nothing enabled),
  /// then nothing any more.
  virtual void stop(Instant now) = 0;

  virtual InverterStatus status(Instant now) const = 0;
};

struct InverterProtocolSpec {
  std::string_view name;   // "pylontech-can"
  std::string_view title;  // for people, with the inverters it is for
  Bus bus;
  std::uint32_t baud;  // serial: the usual speed; can: 500'000, set outside
  std::unique_ptr<InverterProtocol> (*make)(const InverterOptions& options);
  InverterOptionSet options{};    // that it understands
  VoltageRange charge_voltage{};  // of the bank, that the inverters take
  VoltageRange discharge_voltage{};
};

/// All that can be configured (inverter_registry.cpp).
std::span<const InverterProtocolSpec> inverter_protocols();
const InverterProtocolSpec* find_inverter_protocol(std::string_view name);

}  // namespace cw
