// SPDX-License-Identifier: Apache-2.0
#include "firmware/host/day_recorder.h"

#include <algorithm>
#include <cmath>

#include "simulator/profile.h"

namespace cw::firmware {
namespace {

using namespace simulator;

constexpr std::uint64_t kSeed = 7;
constexpr double kDay_s = 24 * 3600;
constexpr double kEnd_s = kDay_s + 27 * 3600;  // a board sleeps after 26 hours without use
constexpr int kInvented = 10'000;              // records of mad sensors after that
constexpr double kHeater_W = 400;
constexpr double kShed_C = -22;  // a winter morning

constexpr double at(int hour, int minute, int second = 0) {
  return hour * 3600 + minute * 60 + second;
}

/// Who is outside wants a current of its own instead of what a house wants.
struct Wish {
  double from_s, lasts_s;
  double amps;  // positive: a charger is there
};
constexpr Wish kWishes[] = {
    {at(4, 40), 20 * 60, 0},      {at(5, 0), 3 * 3600, 30},     // charges when it is warm enough
    {at(8, 30), 45, 60},          {at(8, 40), 20, 60},          // too much; not for long enough
    {at(9, 0), 310, -110},        {at(10, 0), 3.5 * 3600, 40},  // until a cell is too high
    {at(17, 30), 3 * 3600, -45},                                // until a cell is too low
    {at(21, 10), 10 * 60, 5},                                   // what wakes the board
    {at(22, 30), 45 * 60, 20},                                  // for a heater that is broken
    {at(23, 15), 40 * 60, 20},     // enough to be on while nobody is at home
    {kDay_s, kEnd_s - kDay_s, 0},  // nobody is at home
};

/// Something that is not as the plant has it.
struct Happening {
  double from_s, lasts_s;
  void (*apply)(Record& record);
};

void tell(Record& record, unsigned happens) {
  record.happens = static_cast<std::uint16_t>(record.happens | happens);
}
void lose(Record& record) { record.happens &= static_cast<std::uint16_t>(~kHeard); }
void set_temperatures(Record& record, std::int16_t dC) { record.temperature_dC.fill(dC); }

// clang-format off
constexpr Happening kHappenings[] = {
    {at(3, 0),      2,    [](Record& r) { lose(r); }},                       // younger than kMaxAge
    {at(3, 10),     8,    [](Record& r) { lose(r); }},                       // blind
    {at(3, 20),     300,  [](Record& r) { lose(r); }},                       // and a gap in the count
    {at(3, 30),     2,    [](Record& r) { tell(r, kRestart); }},
    {at(9, 20),     1,    [](Record& r) { tell(r, kShortCircuit); }},
    {at(9, 25),     1,    [](Record& r) { r.current_mA = -450'000; }},
    {at(9, 30),     1,    [](Record& r) { tell(r, kChargeShortCircuit); }},
    {at(10, 30),    60,   [](Record& r) { r.wire_mOhm = 5'000; }},           // while it balances
    {at(10, 40),    60,   [](Record& r) { tell(r, kBalanceOff); }},
    {at(10, 50),    60,   [](Record& r) { tell(r, kChargeOff); }},
    {at(11, 0),     60,   [](Record& r) { tell(r, kDischargeOff); }},
    {at(13, 40),    10,   [](Record& r) { r.cell_voltage_mV.fill(3'650); }},
    {at(14, 0),     5,    [](Record& r) { tell(r, kInternalFault); }},
    {at(14, 30),    30,   [](Record& r) { r.cell_voltage_mV[2] = static_cast<std::uint16_t>(r.cell_voltage_mV[2] - 400); }},
    {at(15, 0),     120,  [](Record& r) { set_temperatures(r, 720); }},
    {at(15, 10),    2,    [](Record& r) { set_temperatures(r, 720); }},      // shorter than the delay
    {at(15, 20),    60,   [](Record& r) { r.mosfet_dC = 1'050; }},
    {at(15, 30),    60,   [](Record& r) { r.temperature_dC[1] = 3'000; }},   // no temperature
    {at(20, 35),    10,   [](Record& r) { r.cell_voltage_mV.fill(2'550); }},
    {at(20, 50),    1800, [](Record& r) { r.cell_voltage_mV[6] = 2'450; }},  // off
    {at(21, 5),     5,    [](Record& r) { tell(r, kButton); }},
    {at(21, 6),     1,    [](Record& r) { tell(r, kEmergency); }},
    {at(21, 8),     1,    [](Record& r) { tell(r, kEmergencyOver); }},
    {at(21, 30),    1,    [](Record& r) { tell(r, kEmergency); }},           // until it ends by itself
    {at(22, 10),    20,   [](Record& r) { r.cell_voltage_mV[11] = 0; }},     // a wire came off
    {at(22, 20),    2,    [](Record& r) { r.cell_voltage_mV[11] = 0; }},     // for fewer samples
    {at(22, 30),    2700, [](Record& r) { set_temperatures(r, -220); }},
    {at(22, 40),    60,   [](Record& r) { tell(r, kHeaterOff); }},
    {at(23, 59, 50), 30,  [](Record& r) { tell(r, kCommunication); }},       // the last that stirs
    {at(50, 30),    30,   [](Record& r) { tell(r, kButton); }},              // wakes it
};
// clang-format on

template <class Row>
bool is_on(const Row& row, double now_s) {
  return now_s >= row.from_s && now_s < row.from_s + row.lasts_s;
}

// The morning is cold after a night that was not; then the sun comes in.
double warmer_K(double now_s) {
  if (now_s < at(4, 40)) return 8;
  return std::clamp((now_s - at(9, 0)) / 240, 0.0, 35.0);
}

template <class T>
T rounded(double value) {
  return static_cast<T>(std::lround(value));
}

Transfer transfer_of(const Balance& balance) {
  if (balance.action == BalanceAction::idle) return {};
  return {balance.action, std::size_t{balance.cell()} - 1,
          std::abs(balance.current.count) / 1000.0};
}

}  // namespace

DayRecorder::DayRecorder()
    : plant_({.cells = kCells,
              .capacity_Ah = Day::kCapacity.count / 1000.0,
              .soc = 0.55,
              .soc_spread = 0.01,
              .ambient_C = kShed_C,
              .seed = kSeed}),
      random_(kSeed) {}

std::optional<Record> DayRecorder::next() {
  if (now_s() >= kEnd_s && invented_++ >= kInvented) return std::nullopt;
  const Record record = invented_ > 0 ? invent() : live();
  day_.hear(record);
  day_.step();
  return record;
}

double DayRecorder::wanted_A() const {
  const Wish* wish = std::find_if(std::begin(kWishes), std::end(kWishes),
                                  [this](const Wish& row) { return is_on(row, now_s()); });
  if (wish != std::end(kWishes)) return wish->amps;
  const double rest_V = plant_.voltage_V(0);
  const double energy_Wh = Day::kCapacity.count / 1000.0 * rest_V;
  const double wanted_W = wanted_power_W(ProfileKind::home, energy_Wh, now_s() / 3600, kSeed);
  const double absorption_A =
      plant_.current_to_reach_A(facts(Chemistry::lfp).absorption_voltage_V * kCells);
  return std::min(wanted_W / rest_V, std::max(absorption_A, 0.0));
}

Record DayRecorder::live() {
  const double wanted = wanted_A();
  const bool resting = now_s() >= kDay_s + 60;
  const auto passed_ms =
      static_cast<std::uint16_t>(resting ? 8'000 : 900 + random_.below(201));  // no perfect clock
  Record record = sense(wanted, passed_ms);
  for (const Happening& row : kHappenings)
    if (is_on(row, now_s())) row.apply(record);
  return record;
}

Record DayRecorder::sense(double wanted_A, std::uint16_t passed_ms) {
  const BmsOutputs& out = day_.bms().outputs();
  const bool flows = wanted_A > 0 ? out.charge : out.discharge;
  const double amps = flows ? wanted_A : 0;
  plant_.step(passed_ms / 1000.0, amps, transfer_of(out.balance), out.heater ? kHeater_W : 0);
  const Sensed sensed = plant_.sense(amps);
  Record record{.passed_ms = passed_ms, .happens = kHeard, .wire_mOhm = 90};
  if (wanted_A > 0) tell(record, kCharger);
  record.current_mA = rounded<std::int32_t>(amps * 1000);
  const double warmer = warmer_K(now_s());
  record.mosfet_dC = rounded<std::int16_t>((sensed.mosfet_temperature_C + warmer) * 10);
  // Both sensors are on the battery: the box's is not what the core asks for.
  const double battery_C = sensed.temperature_C[1] + warmer;
  record.temperature_dC = {rounded<std::int16_t>(battery_C * 10),
                           rounded<std::int16_t>(battery_C * 10 - 7)};
  for (std::size_t i = 0; i < kCells; ++i)
    record.cell_voltage_mV[i] = rounded<std::uint16_t>(sensed.cell_voltage_V[i] * 1000);
  return record;
}

// Mostly around what can be, so that rules trip and release; sometimes anything at all.
Record DayRecorder::invent() {
  const auto about = [this](std::int32_t lowest, std::int32_t highest) {
    if (random_.below(64) == 0) return static_cast<std::int32_t>(random_.next());
    return lowest + static_cast<std::int32_t>(
                        random_.below(static_cast<std::uint32_t>(highest - lowest) + 1));
  };
  Record record;
  record.passed_ms = static_cast<std::uint16_t>(about(1, 5'000));
  // Each bit in one of eight records, a restart in one of 64; heard in seven of eight.
  const std::uint64_t chance = random_.next() & random_.next() & random_.next();
  record.happens = static_cast<std::uint16_t>((chance & (kRestart - 1)) ^ kHeard);
  if (random_.below(64) == 0) tell(record, kRestart);
  record.current_mA = about(-150'000, 80'000);
  record.wire_mOhm = static_cast<std::uint16_t>(about(0, 2'200));
  record.mosfet_dC = static_cast<std::int16_t>(about(-300, 1'050));
  for (auto& temperature : record.temperature_dC)
    temperature = static_cast<std::int16_t>(about(-250, 750));
  const std::uint32_t level_mV = 2'400 + random_.below(1'301);
  for (auto& cell : record.cell_voltage_mV) {
    const bool mad = random_.below(512) == 0;
    cell = static_cast<std::uint16_t>(mad ? random_.next() : level_mV + random_.below(51));
  }
  return record;
}

}  // namespace cw::firmware
