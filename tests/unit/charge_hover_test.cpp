// SPDX-License-Identifier: Apache-2.0
// A value that hovers around a knee of its curve for an hour: limits move a few times, not always.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/charge_rig.h"
#include "tests/unit/core_random.h"

namespace cw {
namespace {

struct Knee {
  std::string what;
  std::function<void(ReportedPack&, std::int32_t)> hover;  // by -5 to 5
};

std::vector<Knee> knees() {
  std::vector<Knee> all;
  const ChargeSettings settings;
  for (const CurvePoint& point : settings.charge_by_cell.points())
    all.push_back({"highest cell " + std::to_string(point.x), [point](ReportedPack& p, auto by) {
                     p.cell_max_mV = point.x + by;
                     p.voltage_mV = 54'400 + by;
                   }});
  for (const CurvePoint& point : settings.discharge_by_cell.points())
    all.push_back({"lowest cell " + std::to_string(point.x),
                   [point](ReportedPack& p, auto by) { p.cell_min_mV = point.x + by; }});
  for (const CurvePoint& point : settings.charge_by_temperature.points())
    all.push_back({"temperature " + std::to_string(point.x), [point](ReportedPack& p, auto by) {
                     p.temperature_min_dC = p.temperature_max_dC = point.x + by;
                   }});
  for (const CurvePoint& point : settings.by_mosfet_temperature.points())
    all.push_back({"switches " + std::to_string(point.x),
                   [point](ReportedPack& p, auto by) { p.mosfet_dC = point.x + by; }});
  all.push_back({"share", [](ReportedPack& p, auto by) { p.current_mA = 70'000 + by * 500; }});
  all.push_back(
      {"small current", [](ReportedPack& p, auto by) { p.current_mA = 15'000 + by * 1'000; }});
  return all;
}

class Changes {
 public:
  void see(std::int32_t value) {
    if (seen_ && value != last_) ++count_;
    seen_ = true;
    last_ = value;
  }
  int count() const { return count_; }

 private:
  bool seen_ = false;
  std::int32_t last_ = 0;
  int count_ = 0;
};

// Until both ends were seen, what was measured before is not believed any more, and the charge
// voltage has risen from where it begins.
constexpr int kSettled = 1'800;

// `period` seconds a wave; 0: at random.
void expect_calm(const Knee& knee, int period, bool after_rest) {
  SCOPED_TRACE(knee.what + ", period " + std::to_string(period));
  Dice dice(7);
  ChargeRig rig(2);
  rig.reported[1].current_mA = 30'000;
  if (after_rest) rig.run(100);
  Changes charge, discharge, voltage;
  for (int second = 0; second < kSettled + 3'600; ++second) {
    const int phase = period == 0 ? dice.between(-5, 5) : (second % period * 2 < period ? -5 : 5);
    knee.hover(rig.reported[0], phase);
    const BankRequest& request = rig.run(1);
    if (second < kSettled) continue;
    charge.see(request.charge_current.value.count);
    discharge.see(request.discharge_current.value.count);
    voltage.see(request.charge_voltage.value.count);
  }
  EXPECT_LE(charge.count(), 6);
  EXPECT_LE(discharge.count(), 6);
  EXPECT_LE(voltage.count(), 6);
}

TEST(ChargeHover, AroundAnyKneeALimitMovesAtMostSixTimesAnHour) {
  for (const Knee& knee : knees())
    for (const int period : {0, 2, 10, 70, 200, 900}) expect_calm(knee, period, period == 10);
}

}  // namespace
}  // namespace cw
