// SPDX-License-Identifier: Apache-2.0
// A whole battery pack without hardware: plant or held state, board, protocol and faults behind one
// object. A function of its description, its seed, the time and the bytes it is given; no I/O and
// no clock.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "simulator/fault.h"
#include "simulator/jk_bus_master.h"
#include "simulator/jk_can_board.h"
#include "simulator/jk_uart_board.h"
#include "simulator/profile.h"
#include "simulator/random.h"

namespace cw::simulator {

/// What its board speaks.
enum class Speech : std::uint8_t { jk_uart, jk_modbus };

struct PackSpec {
  std::string name = "pack";
  Speech speech = Speech::jk_uart;
  JkModbusBoardOptions modbus;  // of jk_modbus
  bool master = false;          // jk_modbus: it drives its line without being asked
  Chemistry chemistry = Chemistry::lfp;
  Generation generation = Generation::board_11;
  std::size_t cells = 16;
  MilliampHours capacity{280'000};
  CentiPercent soc{6000};
  Count cycles{42};
  ProfileKind profile = ProfileKind::home;
  Milliamps current{};     // of the profile `constant`
  double start_hour = 10;  // time of day at the start
  Millis step{100};        // of physics and firmware
  DeciCelsius ambient{200};
  double capacity_spread = 0.01;  // standard deviation over the cells, relative
  double soc_spread = 0.002;      // the same, absolute
  Milliamps current_step{10};
  double heater_W = 0;  // 0: none is fitted
  bool sleeps = false;  // after 26 h without use
  bool starting_up = false;
  bool old_firmware = false;
  std::string user_data = "Cellwarden";
  std::string model;     // what the board says it is; empty: a board of 2020
  std::string software;  //

  std::optional<JkCanBoardOptions> can;  // it broadcasts on CAN

  // A held pack has no physics: its sensors are exposed to exactly this, for ever.
  bool hold = false;
  std::vector<Millivolts> cell_voltages;  // none: the resting voltage; one: all cells; or each
  std::vector<DeciCelsius> temperatures;  // none: ambient; one: both sensors; or each
  std::optional<DeciCelsius> mosfet_temperature;
};

/// What is wrong with a description and what would be right; empty: nothing.
std::string fault_of(const PackSpec& spec);

struct Answer {
  std::vector<std::uint8_t> bytes;
  Millis delay{};     // on top of the line's own turnaround
  bool echo = false;  // of the request, at once
};

class VirtualPack {
 public:
  /// `spec` must be without fault.
  VirtualPack(const PackSpec& spec, std::uint64_t seed, Instant start);

  /// Lets the time pass until `now`, in steps of spec().step.
  void advance(Instant now);

  /// Bytes from the wire; what the board answers is appended to `answers`.
  void on_bytes(std::span<const std::uint8_t> in, Instant now, std::vector<Answer>& answers);

  /// For boards that speak by themselves: what they say of themselves, as frozen where they are.
  Pack told() const { return frozen_ ? *frozen_ : truth(); }
  /// A message of theirs on its way out, damaged as the faults want. False: it is not sent.
  bool pass_on(std::vector<std::uint8_t>& message);
  /// Whether what is written to its board arrives, and then whether it obeys.
  bool hears() const { return !silent(); }
  bool obeys() const { return !faults_.has(Fault::read_only); }
  Board& board() { return board_; }  // for what is written to it
  /// What a board that drives its line says of its own accord, if it is time. Empty: nothing.
  std::vector<std::uint8_t> speak(Instant now);
  /// When speak() has something again; only of a spec().master.
  Instant speaks_at() const { return {master_.next_ms()}; }
  /// Of a board on CAN: appends the frames that are due at `now`, which is the time of the bus.
  void broadcast(Instant now, std::vector<CanFrame>& out);
  Instant next_broadcast() const { return can_.next(); }
  void on_frame(const CanFrame& frame);

  /// `number` and `value` must be in the ranges of the fault's row.
  void inject(Fault fault, std::size_t number, std::int32_t value);
  void clear(Fault fault);
  void clear_faults();

  /// What a healthy wire would carry now, exactly: the state of the board, whatever is frozen or
  /// mute. Heard at time().
  Pack truth() const;
  Instant time() const { return clock_; }

  const PackSpec& spec() const { return spec_; }
  const Plant& plant() const { return plant_; }
  const Board& board() const { return board_; }
  const FaultSet& faults() const { return faults_; }

 private:
  void step();
  double wanted_A() const;
  bool lets_through(double amps) const;
  void distort(Sensed& sensed) const;
  void lie(Pack& pack) const;
  void misbehave();
  bool silent() const;
  bool chance(std::int32_t centipercent) {
    return random_.below(10'000) < static_cast<std::uint32_t>(centipercent);
  }
  void damage(std::vector<std::uint8_t>& bytes);
  bool damage(CanFrame& frame);

  PackSpec spec_;
  std::uint64_t seed_;
  Random random_;
  Plant plant_;
  Board board_;
  std::variant<JkUartBoard, JkModbusBoard> wire_;
  JkBusMaster master_;
  JkCanBoard can_;
  FaultSet faults_;
  Sensed held_;
  std::optional<Pack> frozen_;
  std::uint32_t answers_ = 0;  // told so far: every so many of them may be wrong
  Instant start_;
  Instant clock_;
};

}  // namespace cw::simulator
