// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bridge/modbus/sunspec_map.h"
#include "tests/unit/modbus_bank_sample.h"

namespace cw {
namespace {

using sample::BankSample;

/// The chain of a bank at an instant, to be asked for points by name.
struct Chain {
  SunspecMap map;
  std::vector<std::uint16_t> image;
  Instant holds;

  Chain(const BankSample& bank, Instant now, SunspecOptions options)
      : map(options, 126), image(map.size(), 0xDEAD), holds(map.render(bank.site(), now, image)) {}
  explicit Chain(const BankSample& bank) : Chain(bank, bank.now) {}
  Chain(const BankSample& bank, Instant now) : Chain(bank, now, bank.options().sunspec) {}

  std::uint16_t at(std::uint16_t address) const {
    return image[static_cast<std::size_t>(address - kSunspecBase)];
  }
  const SunspecPlace& place(unsigned model, std::string_view name, std::size_t pack = 0,
                            std::size_t cell = 0) const {
    for (const SunspecPlace& place : map.places())
      if (map.block_of(place).model->id == model && place.point->name == name &&
          place.pack == pack && place.cell == cell)
        return place;
    ADD_FAILURE() << "no point " << model << "." << name;
    return map.places()[0];
  }
  std::uint64_t raw(unsigned model, std::string_view name, std::size_t pack = 0,
                    std::size_t cell = 0) const {
    const SunspecPlace& found = place(model, name, pack, cell);
    std::uint64_t bits = 0;
    for (std::uint16_t i = 0; i < found.point->size; ++i)
      bits = bits << 16 | at(static_cast<std::uint16_t>(found.address + i));
    return bits;
  }
  std::string text(unsigned model, std::string_view name, std::size_t pack = 0) const {
    const SunspecPlace& found = place(model, name, pack);
    std::string out;
    for (std::uint16_t i = 0; i < found.point->size; ++i) {
      out.push_back(static_cast<char>(at(static_cast<std::uint16_t>(found.address + i)) >> 8));
      out.push_back(static_cast<char>(at(static_cast<std::uint16_t>(found.address + i)) & 0xFF));
    }
    return out.substr(0, out.find('\0'));
  }
};

// --- layout

TEST(SunspecMap, LiesWhereTheDocumentSaysForTwoPacksOfSixteenCells) {
  const Chain chain{BankSample{}};
  EXPECT_EQ(chain.at(40'000), 0x5375);
  EXPECT_EQ(chain.at(40'001), 0x6E53);
  const struct {
    std::uint16_t address, model, length;
  } heads[] = {{40'002, 1, 66},   {40'070, 802, 62},  {40'134, 803, 90}, {40'226, 713, 7},
               {40'235, 804, 62}, {40'299, 805, 106}, {40'407, 804, 62}, {40'471, 805, 106}};
  for (const auto& head : heads) {
    EXPECT_EQ(chain.at(head.address), head.model);
    EXPECT_EQ(chain.at(static_cast<std::uint16_t>(head.address + 1)), head.length);
  }
  EXPECT_EQ(chain.at(40'579), 0xFFFF);
  EXPECT_EQ(chain.at(40'580), 0);
  EXPECT_EQ(chain.map.size(), 581U);
}

TEST(SunspecMap, ChainsTogetherForAnyNumberOfPacksAndCells) {
  for (const std::size_t packs : {1, 3, 16, 40})
    for (const unsigned cells : {4, 8, 15, 16, 24, 32}) {
      const BankSample bank(packs, static_cast<std::uint8_t>(cells));
      const Chain chain(bank);
      std::vector<std::uint16_t> models;
      std::uint16_t address = 40'002;
      while (chain.at(address) != 0xFFFF) {
        models.push_back(chain.at(address));
        const std::uint16_t length = chain.at(static_cast<std::uint16_t>(address + 1));
        if (models.back() == 805) {
          EXPECT_EQ(length, 42 + 4 * cells);
        }
        if (models.back() == 803) {
          EXPECT_EQ(length, 26 + 32 * packs);
        }
        address = static_cast<std::uint16_t>(address + 2 + length);
      }
      EXPECT_EQ(models.size(), 4 + 2 * packs);
      EXPECT_EQ(chain.at(static_cast<std::uint16_t>(address + 1)), 0);
      EXPECT_EQ(address + 2U, kSunspecBase + chain.map.size());
      EXPECT_EQ(chain.raw(805, "CellV", packs - 1, cells - 1U), 3'325U + cells - 1U);
      EXPECT_EQ(chain.raw(805, "NCell", packs - 1), cells);
      if (packs == 16 && cells == 16) {
        EXPECT_EQ(address, 43'435) << "40134 + 540 + 9 + 16 x 172";
      }
    }
}

TEST(SunspecMap, KnowsHowManyPacksFit) {
  EXPECT_EQ(sunspec_registers(BankSample(2, 16).options().sunspec), 581U);
  EXPECT_LE(sunspec_registers(BankSample(124, 16).options().sunspec), kSunspecRegistersMost);
  EXPECT_GT(sunspec_registers(BankSample(125, 16).options().sunspec), kSunspecRegistersMost);
  const Chain chain{BankSample(124, 16)};
  EXPECT_EQ(chain.raw(805, "NCell", 123), 16U);
}

TEST(SunspecMap, CanBeReadInOnePieceAndNotBeyondItsEnd) {
  const Chain chain{BankSample{}};
  EXPECT_EQ(chain.map.readable(39'999), 0U);
  EXPECT_EQ(chain.map.readable(40'000), 581U);
  EXPECT_EQ(chain.map.readable(40'580), 1U);
  EXPECT_EQ(chain.map.readable(40'581), 0U);
  EXPECT_EQ(chain.map.readable(0), 0U);
}

TEST(SunspecMap, NeverMovesWhilePacksComeAndGo) {
  BankSample bank;
  const Chain before(bank);
  bank.packs[0].link.link = Link::lost;
  bank.packs[1].pack.scalars.cell_count.set({8}, bank.now);
  const Chain after(bank);
  for (const SunspecBlock& block : before.map.blocks()) {
    EXPECT_EQ(after.at(block.address), before.at(block.address));
    EXPECT_EQ(after.at(static_cast<std::uint16_t>(block.address + 1)), block.length);
  }
}

// --- values, worked out by hand (inverter-modbus.md, section 2.13)

TEST(SunspecMap, TellsTheWorkedValues) {
  const Chain chain{BankSample{}};
  EXPECT_EQ(chain.raw(802, "V"), 0x14CEU);
  EXPECT_EQ(chain.raw(802, "A"), 0xFED3U);
  EXPECT_EQ(chain.raw(802, "W"), 0xF9BDU);
  EXPECT_EQ(chain.raw(802, "SoC"), 0x02FCU);
  EXPECT_EQ(chain.raw(802, "AChaMax"), 0x07D0U);
  EXPECT_EQ(chain.raw(802, "ADisChaMax"), 0x0FA0U);
  EXPECT_EQ(chain.raw(802, "NCyc"), 0x0000'00D5U);
  EXPECT_EQ(chain.raw(802, "V_SF"), 0xFFFEU);
  EXPECT_EQ(chain.raw(802, "A_SF"), 0xFFFFU);
  EXPECT_EQ(chain.raw(802, "CellV_SF"), 0xFFFDU);
  EXPECT_EQ(chain.raw(802, "W_SF"), 0U);
  EXPECT_EQ(chain.raw(805, "CellV"), 0x0CFDU);
  EXPECT_EQ(chain.raw(805, "CellTmp"), 0x00EDU);
  EXPECT_EQ(chain.raw(805, "CellSt"), 0U);
}

TEST(SunspecMap, TellsRatingsAndWhatIsLeft) {
  const Chain chain{BankSample{}};
  EXPECT_EQ(chain.raw(802, "AHRtg"), 5'600U) << "0.1 Ah";
  EXPECT_EQ(chain.raw(802, "WHRtg"), 28'672U) << "560 Ah x 51.2 V";
  EXPECT_EQ(chain.raw(802, "WChaRteMax"), 2'048U) << "400 A x 51.2 V in steps of 10 W";
  EXPECT_EQ(chain.raw(713, "WHAvail"), 21'686U) << "28 672 Wh x 76.4 % x 99 %";
  EXPECT_EQ(chain.raw(802, "DoD"), 236U);
  EXPECT_EQ(chain.raw(802, "SoH"), 990U);
  EXPECT_EQ(chain.raw(802, "VMax"), 5'520U);
  EXPECT_EQ(chain.raw(802, "VMin"), 4'640U);
  EXPECT_EQ(chain.raw(802, "CellVMax"), 3'340U);
  EXPECT_EQ(chain.raw(802, "CellVAvg"), 3'333U) << "332.5 and 334.0 average to 3332.5";
  EXPECT_EQ(chain.raw(803, "NStrCon"), 2U);
  EXPECT_EQ(chain.raw(803, "StrA", 0), 0xFF67U) << "-15.3 A";
  EXPECT_EQ(chain.raw(803, "StrAMin"), 0xFF67U);
  EXPECT_EQ(chain.raw(803, "StrAMinStr"), 1U);
  EXPECT_EQ(chain.raw(803, "StrAMax"), 0xFF6CU) << "-14.8 A";
  EXPECT_EQ(chain.raw(803, "StrAMaxStr"), 2U);
  EXPECT_EQ(chain.raw(804, "ModCellVMaxCell"), 16U);
  EXPECT_EQ(chain.raw(804, "Idx", 1), 2U);
  EXPECT_EQ(chain.text(1, "Mn"), "Cellwarden");
  EXPECT_EQ(chain.text(1, "SN"), "cabin");
  EXPECT_EQ(chain.raw(1, "DA"), 126U);
  EXPECT_EQ(chain.raw(1, "Pad"), 0x8000U);
  EXPECT_EQ(chain.text(805, "SN", 1), "SN-1");
}

TEST(SunspecMap, ShowsChargingAsPositiveIfTheOperatorSaysSo) {
  const BankSample bank;
  SunspecOptions options = bank.options().sunspec;
  options.discharge_positive = false;
  const Chain chain(bank, bank.now, options);
  EXPECT_EQ(chain.raw(802, "A"), 301U);
  EXPECT_EQ(chain.raw(802, "W"), 1'603U);
  EXPECT_EQ(chain.raw(803, "StrAMaxStr"), 1U);
  EXPECT_EQ(chain.raw(804, "A"), 153U);
}

TEST(SunspecMap, RoundsLimitsOnlyToTheSafeSide) {
  BankSample bank;
  bank.request.charge_current.value = {99'999};
  bank.request.charge_voltage.value = {55'209};
  bank.request.discharge_voltage.value = {46'401};
  bank.request.discharge_current.value = {7'000'000};
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(802, "AChaMax"), 999U);
  EXPECT_EQ(chain.raw(802, "VMax"), 5'520U);
  EXPECT_EQ(chain.raw(802, "VMin"), 4'641U);
  EXPECT_EQ(chain.raw(802, "ADisChaMax"), 0xFFFEU) << "more than the register holds";
}

TEST(SunspecMap, TakesCoarserScalesForALargeBank) {
  const BankSample bank(40);
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(802, "AHRtg_SF"), 0U);
  EXPECT_EQ(chain.raw(802, "AHRtg"), 11'200U);
  EXPECT_EQ(chain.raw(802, "WHRtg_SF"), 1U);
  EXPECT_EQ(chain.raw(802, "WHRtg"), 57'344U);
  EXPECT_EQ(chain.raw(802, "A_SF"), 0U);
  EXPECT_EQ(chain.raw(802, "AChaMax"), 200U);
  EXPECT_EQ(chain.raw(802, "A"), 0xFFE2U) << "-30 A";
}

// --- data that are old

bool is_not_implemented(const Chain& chain, const SunspecPlace& place) {
  const std::uint64_t raw =
      chain.raw(chain.map.block_of(place).model->id, place.point->name, place.pack, place.cell);
  switch (place.point->type) {
    case sunspec::Type::int16:
    case sunspec::Type::sunssf:
    case sunspec::Type::pad: return raw == 0x8000;
    case sunspec::Type::uint16:
    case sunspec::Type::enum16: return raw == 0xFFFF;
    case sunspec::Type::uint32:
    case sunspec::Type::bitfield32: return raw == 0xFFFF'FFFF;
    case sunspec::Type::string: return raw == 0;
  }
  return false;
}

TEST(SunspecMap, ShowsNothingMeasuredOfAPackAsSoonAsItIsStale) {
  BankSample bank;
  bank.packs[1].link.last_frame = {bank.now.ms - 5'001};
  const Chain chain(bank);
  for (const char* name : {"StrSt", "StrSoC", "StrSoH", "StrA", "StrCellVMax", "StrCellVMin",
                           "StrCellVAvg", "StrModTmpMax", "StrModTmpMin", "StrModTmpAvg"}) {
    EXPECT_TRUE(is_not_implemented(chain, chain.place(803, name, 1))) << name;
    EXPECT_FALSE(is_not_implemented(chain, chain.place(803, name, 0))) << name;
  }
  for (const char* name : {"St", "SoC", "DoD", "NCyc", "A", "V", "CellVMax", "ModTmpAvg", "ConSt",
                           "NCellBal", "ModSoC", "ModCellVMaxCell"})
    EXPECT_TRUE(is_not_implemented(chain, chain.place(804, name, 1))) << name;
  for (const char* name : {"SoC", "V", "CellVMin", "CellTmpMin", "CellV", "CellTmp", "CellSt"})
    EXPECT_TRUE(is_not_implemented(chain, chain.place(805, name, 1))) << name;
  EXPECT_EQ(chain.raw(804, "Evt1", 1), 1U) << "communication error";
  EXPECT_EQ(chain.raw(804, "Evt1", 0), 0U);
  EXPECT_EQ(chain.raw(802, "Evt1"), 1U);
  EXPECT_EQ(chain.raw(803, "NStr"), 2U);
  EXPECT_EQ(chain.raw(803, "NStrCon"), 1U);
  EXPECT_EQ(chain.raw(805, "NCell", 1), 16U);
}

TEST(SunspecMap, EndsTheValuesOfAPackByTimeAlone) {
  BankSample bank;
  const Site site = bank.site();
  const SunspecMap map(bank.options().sunspec, 126);
  std::vector<std::uint16_t> image(map.size());
  const Instant holds = map.render(site, bank.now, image);
  EXPECT_EQ(holds.ms, 100'999) << "then the heart beats";
  EXPECT_EQ(map.render(site, {104'500}, image).ms, 104'999);
  EXPECT_EQ(map.render(site, {105'000}, image).ms, 105'000) << "then the packs end";
  EXPECT_EQ(image[40'081 - 40'000], 0x02FC);
  map.render(site, {105'001}, image);
  EXPECT_EQ(image[40'081 - 40'000], 0xFFFF);
}

TEST(SunspecMap, AsksForZeroCurrentsWhenAllIsLost) {
  BankSample bank;
  for (PackState& pack : bank.packs) pack.link.link = Link::lost;
  bank.request.voice = Voice::blind;
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(802, "AChaMax"), 0U);
  EXPECT_EQ(chain.raw(802, "ADisChaMax"), 0U);
  for (const char* name : {"V", "A", "W", "SoC", "CellVMax", "CellVMin", "CellVAvg", "SoH"})
    EXPECT_TRUE(is_not_implemented(chain, chain.place(802, name))) << name;
  EXPECT_EQ(chain.raw(802, "State"), 99U);
  EXPECT_EQ(chain.raw(802, "ChaSt"), 1U);
  EXPECT_EQ(chain.raw(802, "Evt1"), 1U);
  EXPECT_EQ(chain.raw(803, "NStrCon"), 0U);
}

TEST(SunspecMap, SaysThatItIsStartingBeforeAnyPackWasHeard) {
  BankSample bank;
  for (PackState& pack : bank.packs) pack.link.link = Link::unheard;
  bank.request = {};
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(802, "State"), 2U);
  EXPECT_EQ(chain.raw(802, "Hb"), 0U);
  EXPECT_EQ(chain.raw(802, "AChaMax"), 0U);
  EXPECT_TRUE(is_not_implemented(chain, chain.place(802, "VMax")));
}

TEST(SunspecMap, BeatsOnceASecondUntilTheLastPackIsStale) {
  const BankSample bank;
  const auto beat = [&](std::int64_t ms) {
    return Chain(bank, Instant{bank.now.ms + ms}).raw(802, "Hb");
  };
  EXPECT_EQ(beat(0), 100U);
  EXPECT_EQ(beat(999), 100U);
  EXPECT_EQ(beat(1'000), 101U);
  EXPECT_EQ(beat(5'000), 105U);
  EXPECT_EQ(beat(9'000), 105U);
  EXPECT_EQ(beat(90'000), 105U);
}

TEST(SunspecMap, NeverShowsAHeartbeatThatLooksLikeNone) {
  BankSample bank;
  bank.now = {65'535'000};
  bank.refresh();
  EXPECT_EQ(Chain(bank).raw(802, "Hb"), 0U);
}

TEST(SunspecMap, LeavesLimitsOutWhereNoBankIsConfigured) {
  const BankSample bank;
  Site site = bank.site();
  site.request.reset();
  const SunspecMap map(bank.options().sunspec, 126);
  std::vector<std::uint16_t> image(map.size());
  map.render(site, bank.now, image);
  EXPECT_EQ(image[115], 0xFFFF) << "AChaMax";
  EXPECT_EQ(image[116], 0xFFFF) << "ADisChaMax";
  EXPECT_EQ(image[81], 0x02FC) << "the state of charge is still told";
}

// --- states and events

struct StateCase {
  const char* why;
  void (*make)(BankSample&);
  unsigned charging, state;
};

TEST(SunspecMap, TellsChargingAndState) {
  const StateCase cases[] = {
      {"charging", [](BankSample&) {}, 4, 3},
      {"discharging", [](BankSample& b) { b.request.measured.current = Milliamps{-501}; }, 3, 3},
      {"at rest", [](BankSample& b) { b.request.measured.current = Milliamps{500}; }, 6, 3},
      {"full",
       [](BankSample& b) {
         b.request.measured.current = Milliamps{0};
         b.request.stage = ChargeStage::floating;
         b.request.full = true;
       },
       5, 3},
      {"empty",
       [](BankSample& b) {
         b.request.measured.current = Milliamps{0};
         b.request.discharge_current.value = {0};
         b.request.discharge_current.reason.cause = LimitCause::cell_voltage;
       },
       2, 3},
      {"at its reserve",
       [](BankSample& b) {
         b.request.measured.current = Milliamps{0};
         b.request.discharge_current.value = {0};
         b.request.discharge_current.reason.cause = LimitCause::charge_state;
       },
       2, 5},
      {"both directions forbidden without an alarm",
       [](BankSample& b) {
         b.request.charge_enabled = b.request.discharge_enabled = false;
         b.request.measured.current = Milliamps{0};
       },
       6, 4},
      {"both directions forbidden by an alarm",
       [](BankSample& b) {
         b.request.charge_enabled = b.request.discharge_enabled = false;
         b.request.measured.current = Milliamps{0};
         b.request.alarms.add(Alarm::mosfet_overtemperature);
       },
       6, 99},
      {"switched off by command",
       [](BankSample& b) {
         for (PackState& pack : b.packs)
           for (auto* flag :
                {&pack.pack.scalars.charge_mosfet, &pack.pack.scalars.discharge_mosfet,
                 &pack.pack.scalars.charge_switch, &pack.pack.scalars.discharge_switch})
             flag->set({0}, b.now);
       },
       1, 1},
  };
  for (const StateCase& c : cases) {
    BankSample bank;
    c.make(bank);
    const Chain chain(bank);
    EXPECT_EQ(chain.raw(802, "ChaSt"), c.charging) << c.why;
    EXPECT_EQ(chain.raw(802, "State"), c.state) << c.why;
  }
}

TEST(SunspecMap, TellsTheAlarmOfOnePackAsAWarningOfTheBank) {
  BankSample bank;
  AlarmSet alarms;
  alarms.add(Alarm::cell_overvoltage);
  alarms.add(Alarm::charge_mosfet_fault);
  bank.packs[1].pack.alarms.set(alarms, bank.now);
  bank.request.warnings = alarms;
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(803, "StrEvt1", 1), 1U << 9 | 1U << 20);
  EXPECT_EQ(chain.raw(803, "StrEvt1", 0), 0U);
  EXPECT_EQ(chain.raw(803, "StrConFail", 1), 6U);
  EXPECT_EQ(chain.raw(802, "Evt1"), 1U << 10 | 1U << 20);
}

TEST(SunspecMap, TellsAnAlarmOfTheWholeBankAsOne) {
  BankSample bank;
  bank.request.alarms.add(Alarm::discharge_undertemperature);
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(802, "Evt1"), 1U << 3);
  EXPECT_EQ(chain.raw(713, "Sta"), 2U);
}

TEST(SunspecMap, WarnsOfWhatBindsALimit) {
  BankSample bank;
  bank.request.charge_current.reason = {LimitCause::temperature, 1, 1, 60, Unit::decicelsius};
  bank.request.discharge_current.reason = {LimitCause::mosfet_temperature, 2, 0, 750,
                                           Unit::decicelsius};
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(804, "Evt1", 0), 1U << 4) << "cold";
  EXPECT_EQ(chain.raw(804, "Evt1", 1), 1U << 2) << "hot";
  EXPECT_EQ(chain.raw(802, "Evt1"), 1U << 4 | 1U << 2);
  EXPECT_EQ(chain.raw(713, "Sta"), 1U);
}

TEST(SunspecMap, WarnsOfALimitThatIsNotObeyed) {
  const std::pair<std::uint8_t, unsigned> bits[] = {{1, 6}, {2, 8}, {4, 10}};
  for (const auto& [not_obeyed, event] : bits) {
    BankSample bank;
    bank.request.not_obeyed = not_obeyed;
    const Chain chain(bank);
    EXPECT_EQ(chain.raw(802, "Evt1"), 1U << event);
    EXPECT_EQ(chain.raw(713, "Sta"), 1U);
  }
}

TEST(SunspecMap, SaysThatAnInverterOnCanIsNotHeard) {
  BankSample bank;
  InverterState inverter;
  inverter.protocol = "pylontech-can";
  inverter.told = InverterTold{};
  const auto events = [&] {
    Picture picture = bank.picture();
    picture.inverters = std::span{&inverter, 1};
    Site site;
    site.take(picture, {});
    return site.inverter_silent;
  };
  EXPECT_TRUE(events());
  inverter.present = true;
  EXPECT_FALSE(events());
  inverter.present = false;
  inverter.protocol = "pylontech-rs485";
  EXPECT_FALSE(events()) << "who asks is heard or gone";
  inverter.protocol = "pylontech-can";
  inverter.told.reset();
  EXPECT_FALSE(events()) << "nobody can answer what is not said";
}

TEST(SunspecMap, WarnsOfAnotherNumberOfCellsThanConfigured) {
  BankSample bank;
  bank.packs[0].pack.scalars.cell_count.set({15}, bank.now);
  const Chain chain(bank);
  EXPECT_EQ(chain.raw(804, "Evt1", 0), 1U << 28);
  EXPECT_EQ(chain.raw(802, "Evt1"), 1U << 29);
}

TEST(SunspecMap, DoesNotGuessWhichCellsAreBalanced) {
  BankSample bank;
  bank.packs[0].pack.scalars.balancing.set({1}, bank.now);
  const Chain chain(bank);
  EXPECT_TRUE(is_not_implemented(chain, chain.place(805, "CellSt", 0)));
  EXPECT_TRUE(is_not_implemented(chain, chain.place(804, "NCellBal", 0)));
  EXPECT_EQ(chain.raw(804, "NCellBal", 1), 0U);
}

}  // namespace
}  // namespace cw
