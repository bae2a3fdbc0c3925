// SPDX-License-Identifier: Apache-2.0
#include "simulator/virtual_pack.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/assert.h"

namespace cw::simulator {
namespace {

constexpr double kHour_ms = 3'600'000;
constexpr std::size_t kPiece = 62;  // what an adapter on full-speed USB hands over at once

PlantOptions plant_options(const PackSpec& spec, std::uint64_t seed) {
  return {.chemistry = spec.chemistry,
          .cells = spec.cells,
          .capacity_Ah = spec.capacity.count / 1000.0,
          .soc = spec.soc.count / 10'000.0,
          .capacity_spread = spec.capacity_spread,
          .soc_spread = spec.soc_spread,
          .ambient_C = spec.ambient.count / 10.0,
          .seed = seed};
}

BoardOptions board_options(const PackSpec& spec) {
  BoardOptions options;
  options.settings = board_settings(spec.chemistry, spec.generation, spec.cells, spec.capacity);
  if (!spec.old_firmware) options.settings.set(Parameter::protocol_version, 1);
  Identity& identity = options.identity;
  identity.make.assign("JK");
  identity.name.assign(spec.user_data.substr(0, 8));
  identity.user_data.assign(spec.user_data);
  if (spec.speech == Speech::jk_modbus) {
    identity.model.assign("JK_PB2A16S20P");
    identity.hardware_version.assign("15A");
    identity.software_version.assign("15.30");
    identity.serial.assign(fmt::format("4{:010}", spec.modbus.address));
    options.settings.set(Parameter::board_address, spec.modbus.address);
  } else {
    identity.model.assign(spec.cells <= 8 ? "JK_B2A8S20P" : "JK_B2A24S20P");
    identity.hardware_version.assign(spec.old_firmware ? "7.X" : "11.XW");
    identity.software_version.assign(spec.old_firmware ? "7.1.0H" : "11.26");
  }
  if (!spec.model.empty()) identity.model.assign(spec.model);
  if (!spec.software.empty()) identity.software_version.assign(spec.software);
  options.soc = spec.soc;
  options.cycles = spec.cycles;
  options.current_step = spec.current_step;
  options.counts = !spec.hold;
  options.starting_up = spec.starting_up;
  options.heater = spec.heater_W > 0;
  options.sleeps = spec.sleeps;
  return options;
}

/// Element `i` of a list that gives one for all or one for each.
template <class Q>
std::int32_t element(const std::vector<Q>& list, std::size_t i) {
  return list.size() == 1 ? list[0].count : list[i].count;
}

std::variant<JkUartBoard, JkModbusBoard> make_wire(const PackSpec& spec) {
  if (spec.speech == Speech::jk_modbus) return JkModbusBoard(spec.modbus);
  return JkUartBoard({.old_firmware = spec.old_firmware});
}

Sensed held_state(const PackSpec& spec) {
  Sensed held;
  held.cell_count = spec.cells;
  const double rest_V = open_circuit_voltage_V(spec.chemistry, spec.soc.count / 10'000.0);
  for (std::size_t i = 0; i < spec.cells; ++i)
    held.cell_voltage_V[i] =
        spec.cell_voltages.empty() ? rest_V : element(spec.cell_voltages, i) / 1000.0;
  for (std::size_t i = 0; i < kSensors; ++i)
    held.temperature_C[i] =
        (spec.temperatures.empty() ? spec.ambient.count : element(spec.temperatures, i)) / 10.0;
  held.mosfet_temperature_C = spec.mosfet_temperature.value_or(spec.ambient).count / 10.0;
  held.current_A = spec.profile == ProfileKind::constant ? spec.current.count / 1000.0 : 0;
  return held;
}

/// What is wrong once in so many answers is so in as many rounds of its cells.
bool is_first_cells(const CanFrame& frame) {
  const auto sender = jk_can::sender_of(frame.id, frame.extended);
  return sender && sender->message == jk_can::Message::cells;
}

template <class Q>
bool inside(Q value, std::int32_t lowest, std::int32_t highest) {
  return value.count >= lowest && value.count <= highest;
}

}  // namespace

std::string fault_of(const PackSpec& spec) {
  if (spec.cells < 2 || spec.cells > kMaxCells) return "cells: from 2 to 32";
  if (spec.master && (spec.speech != Speech::jk_modbus || spec.modbus.address != 0))
    return "master: only a board with address 0 drives its line: add protocol=jk-modbus,address=0";
  if (!inside(spec.capacity, 1000, 2'000'000)) return "capacity: from 1 Ah to 2000 Ah";
  if (!inside(spec.soc, 0, 10'000)) return "soc: from 0 % to 100 %";
  if (!inside(spec.current, -320'000, 320'000)) return "current: from -320 A to 320 A";
  if (!inside(spec.current_step, 1, 1000)) return "current_step: from 0.001 A to 1 A";
  if (!inside(spec.ambient, -400, 990)) return "ambient: from -40 C to 99 C";
  if (!inside(spec.cycles, 0, 65'535)) return "cycles: from 0 to 65535";
  if (spec.start_hour < 0 || spec.start_hour >= 24) return "start_hour: from 0 to below 24";
  if (spec.capacity_spread < 0 || spec.capacity_spread > 0.2)
    return "capacity_spread: from 0 % to 20 %";
  if (spec.soc_spread < 0 || spec.soc_spread > 0.2) return "soc_spread: from 0 % to 20 %";
  if (spec.user_data.size() > 12) return "user_data: at most 12 characters";
  const std::size_t voltages = spec.cell_voltages.size();
  if (voltages > 1 && voltages != spec.cells)
    return fmt::format("cell_voltage: one for all cells or one for each of {}, not {}", spec.cells,
                       voltages);
  if (spec.temperatures.size() > kSensors) return "temperature: one for both sensors or one each";
  if (!spec.hold && (voltages != 0 || !spec.temperatures.empty() || spec.mosfet_temperature))
    return "cell_voltage, temperature and mosfet_temperature are for held packs: add hold=yes";
  if (spec.can && spec.can->address > jk_can::kHighestAddress) return "address: from 0 to 15";
  for (const Millivolts voltage : spec.cell_voltages)
    if (!inside(voltage, 0, 6000)) return "cell_voltage: from 0 V to 6 V";
  for (const DeciCelsius temperature : spec.temperatures)
    if (!inside(temperature, -400, 990)) return "temperature: from -40 C to 99 C";
  if (!inside(spec.mosfet_temperature.value_or(DeciCelsius{}), -400, 990))
    return "mosfet_temperature: from -40 C to 99 C";
  return {};
}

VirtualPack::VirtualPack(const PackSpec& spec, std::uint64_t seed, Instant start)
    : spec_(spec),
      seed_(seed),
      random_(seed ^ 0x57),
      plant_(plant_options(spec, seed)),
      board_(board_options(spec), start),
      wire_(make_wire(spec)),
      master_(spec.modbus),
      can_(spec.can.value_or(JkCanBoardOptions{}), seed, start),
      held_(held_state(spec)),
      start_(start),
      clock_(start) {
  CW_ASSERT(fault_of(spec).empty());
  board_.sample(spec_.hold ? held_ : plant_.sense(0), clock_);
}

void VirtualPack::advance(Instant now) {
  while (clock_ + spec_.step <= now) {
    clock_ = clock_ + spec_.step;
    step();
  }
}

void VirtualPack::step() {
  const double wanted = wanted_A();
  const double amps = lets_through(wanted) ? wanted : 0;
  if (!spec_.hold)
    plant_.step(spec_.step.count / 1000.0, amps, board_.transfer(),
                board_.bms().outputs().heater ? spec_.heater_W : 0);
  Sensed sensed = spec_.hold ? held_ : plant_.sense(amps);
  sensed.current_A = amps;
  sensed.charger = wanted > 0;
  distort(sensed);
  board_.sample(sensed, clock_);
}

double VirtualPack::wanted_A() const {
  if (const auto current = faults_.value(Fault::current)) return *current / 1000.0;
  if (spec_.hold) return held_.current_A;
  if (spec_.profile == ProfileKind::constant) return spec_.current.count / 1000.0;
  if (spec_.profile == ProfileKind::idle) return 0;
  const ChemistryFacts& what = facts(spec_.chemistry);
  const auto cells = static_cast<double>(spec_.cells);
  const double energy_Wh = what.nominal_voltage_V * cells * spec_.capacity.count / 1000.0;
  const double hour = spec_.start_hour + static_cast<double>(clock_.ms - start_.ms) / kHour_ms;
  const double wanted_W = wanted_power_W(spec_.profile, energy_Wh, hour, seed_);
  const double wanted = wanted_W / std::max(plant_.voltage_V(0), cells);  // never by nearly 0 V
  if (wanted <= 0) return wanted;
  const double absorption_A = plant_.current_to_reach_A(what.absorption_voltage_V * cells);
  return std::clamp(absorption_A, 0.0, wanted);
}

bool VirtualPack::lets_through(double amps) const {
  return board_.permits(amps) || (amps > 0 && faults_.has(Fault::charge_welded)) ||
         (amps < 0 && faults_.has(Fault::discharge_welded));
}

void VirtualPack::distort(Sensed& sensed) const {
  if (!faults_.any()) return;
  for (std::size_t i = 0; i < sensed.cell_count; ++i)
    if (const auto voltage = faults_.value(Fault::cell_voltage, i + 1))
      sensed.cell_voltage_V[i] = *voltage / 1000.0;
  for (std::size_t i = 0; i < kSensors; ++i)
    if (const auto temperature = faults_.value(Fault::temperature, i + 1))
      sensed.temperature_C[i] = *temperature / 10.0;
  if (const auto temperature = faults_.value(Fault::mosfet_temperature))
    sensed.mosfet_temperature_C = *temperature / 10.0;
  sensed.short_circuit = faults_.has(Fault::short_circuit);
  sensed.internal_fault = faults_.has(Fault::internal_fault);
}

Pack VirtualPack::truth() const {
  Pack pack = board_.pack();
  if (const auto soc = faults_.value(Fault::soc)) {
    pack.scalars.soc.set({*soc}, clock_);
    pack.scalars.capacity_remaining.set(
        {static_cast<std::int32_t>(std::int64_t{spec_.capacity.count} * *soc / 10'000)}, clock_);
  }
  lie(pack);
  if (const auto bits = faults_.value(Fault::alarm_bits)) {
    AlarmSet alarms = pack.alarms.fresh(clock_, {0}).value_or(AlarmSet{});
    const AlarmSet more = jk_uart::decode_alarms(static_cast<std::uint32_t>(*bits));
    alarms.named |= more.named;
    alarms.unknown |= more.unknown;
    pack.alarms.set(alarms, clock_);
  }
  return pack;
}

// What firmware tells although its measurements are right.
void VirtualPack::lie(Pack& pack) const {
  PackScalars& s = pack.scalars;
  if (const auto voltage = faults_.value(Fault::pack_voltage)) s.voltage.set({*voltage}, clock_);
  const auto current = s.current.fresh(clock_, {0});
  if (faults_.has(Fault::current_reversed) && current) s.current.set(-*current, clock_);
  const auto every = faults_.value(Fault::spike);
  const auto cell = pack.cell_voltage[0].fresh(clock_, {0});
  if (every && cell && answers_ % static_cast<std::uint32_t>(*every) == 0)
    pack.cell_voltage[0].set(*cell + Millivolts{1000}, clock_);
}

void VirtualPack::on_bytes(std::span<const std::uint8_t> in, Instant now,
                           std::vector<Answer>& answers) {
  if (faults_.has(Fault::echo)) answers.push_back({{in.begin(), in.end()}, {}, true});
  WireBoard& wire = std::visit([](WireBoard& each) -> WireBoard& { return each; }, wire_);
  if (spec_.master) master_.on_bytes(in);
  wire.on_bytes(in, now);
  while (wire.next_request()) {
    if (wire.wakes()) faults_.clear(Fault::sleep);
    board_.hear_request();
    if (silent()) continue;
    if (faults_.has(Fault::read_only) && wire.writes()) continue;
    Answer answer{wire.answer(told(), board_), {}};
    if (answer.bytes.empty()) continue;
    ++answers_;
    damage(answer.bytes);
    answer.delay = {faults_.value(Fault::slow).value_or(0)};
    answers.push_back(std::move(answer));
  }
}

// A held pack is there to be asked.
bool VirtualPack::silent() const {
  const bool off = !spec_.hold && !board_.answers();
  return off || faults_.has(Fault::mute) || faults_.has(Fault::sleep);
}

bool VirtualPack::pass_on(std::vector<std::uint8_t>& message) {
  if (silent()) return false;
  ++answers_;
  damage(message);
  return true;
}

std::vector<std::uint8_t> VirtualPack::speak(Instant now) {
  if (!spec_.master) return {};
  auto words = master_.on_time(now.ms, told());
  if (!words || silent()) return {};
  damage(*words);
  return *words;
}

void VirtualPack::broadcast(Instant now, std::vector<CanFrame>& out) {
  const std::size_t before = out.size();
  can_.broadcast(now, told(), out);
  if (silent()) out.resize(before);
  if (!faults_.any()) return;
  for (std::size_t i = before; i < out.size();) {
    if (is_first_cells(out[i])) ++answers_;
    if (damage(out[i]))
      ++i;
    else
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void VirtualPack::on_frame(const CanFrame& frame) {
  if (!silent() && !faults_.has(Fault::read_only)) JkCanBoard::hear(frame, board_);
}

/// False: nobody receives it, as its controller's checksum is wrong, or parts of it are missing.
bool VirtualPack::damage(CanFrame& frame) {
  if (faults_.has(Fault::bad_checksum)) return false;
  std::vector<std::uint8_t> bytes(frame.data.begin(), frame.data.begin() + frame.length);
  const bool truncated = faults_.has(Fault::truncate);
  damage(bytes);
  if (bytes.size() < frame.length && !truncated) return false;
  frame.length = static_cast<std::uint8_t>(bytes.size());
  frame.data = {};
  std::ranges::copy(bytes, frame.data.begin());
  return true;
}

void VirtualPack::damage(std::vector<std::uint8_t>& bytes) {
  if (faults_.has(Fault::garbage))
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_.below(256));
  if (faults_.has(Fault::bad_checksum)) bytes.back() ^= 0xFF;
  if (faults_.has(Fault::bit_flip)) {
    const std::uint32_t bit = random_.below(static_cast<std::uint32_t>(bytes.size()) * 8);
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
  }
  if (const auto size = faults_.value(Fault::truncate))
    bytes.resize(std::min(bytes.size(), static_cast<std::size_t>(*size)));
  if (const auto share = faults_.value(Fault::byte_loss))
    std::erase_if(bytes, [&](std::uint8_t) { return chance(*share); });
  if (const auto share = faults_.value(Fault::piece_loss);
      share && chance(*share) && !bytes.empty()) {
    const std::uint32_t from = random_.below(static_cast<std::uint32_t>(bytes.size()));
    const std::size_t to = std::min(bytes.size(), from + kPiece);
    bytes.erase(bytes.begin() + from, bytes.begin() + static_cast<std::ptrdiff_t>(to));
  }
}

void VirtualPack::misbehave() {
  board_.misbehave({.protection_off = faults_.has(Fault::protection_off),
                    .charge_open = faults_.has(Fault::charge_open),
                    .discharge_open = faults_.has(Fault::discharge_open)});
}

void VirtualPack::inject(Fault fault, std::size_t number, std::int32_t value) {
  if (fault == Fault::restart) return board_.restart(clock_);  // happens once, is not a state
  faults_.set(fault, number, value);
  misbehave();
  if (fault == Fault::freeze) frozen_ = truth();
}

void VirtualPack::clear(Fault fault) {
  faults_.clear(fault);
  misbehave();
  if (fault == Fault::freeze) frozen_.reset();
}

void VirtualPack::clear_faults() {
  faults_.clear_all();
  misbehave();
  frozen_.reset();
}

}  // namespace cw::simulator
