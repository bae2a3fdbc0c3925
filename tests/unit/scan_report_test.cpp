// SPDX-License-Identifier: Apache-2.0
// What a scan prints can be pasted: the configuration it makes has no fault.
#include "daemon/scan/scan_report.h"

#include <gtest/gtest.h>

#include "daemon/configuration/configuration.h"

namespace cw {
namespace {

constexpr Instant kNow{1'000'000};

FoundDevice device(std::string port, std::uint8_t cells, std::int32_t cell_mV) {
  FoundDevice found{find_protocol("jk-uart"), std::move(port), 115'200, 0, false, {}, kNow};
  for (std::size_t i = 0; i < cells; ++i) found.pack.cell_voltage[i].set(Millivolts{cell_mV}, kNow);
  found.pack.scalars.capacity_nominal.set(MilliampHours{280'000}, kNow);
  EXPECT_TRUE(found.pack.identity.make.assign("JK\n[[x]]"));
  return found;
}

LoadedConfiguration checked(const std::vector<FoundDevice>& devices) {
  return parse_configuration(pack_blocks(devices, 1), "pasted.toml");
}

TEST(ScanReport, WhatItPrintsIsAConfiguration) {
  std::vector<FoundDevice> devices{device("/dev/ttyUSB0", 16, 3'300),
                                   device("/dev/ttyUSB1", 8, 2'400),
                                   device("tcp://box:4196", 14, 4'100), device("/dev/ttyS0", 0, 0)};
  devices[1].baud = 9'600;
  devices[2].baud = 0;
  devices[3].overheard = true;
  const LoadedConfiguration loaded = checked(devices);
  for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.text();
  const auto& packs = loaded.configuration.packs;
  ASSERT_EQ(packs.size(), 4U);
  EXPECT_EQ(packs[0].port.name, "/dev/ttyUSB0");
  EXPECT_EQ(packs[0].chemistry, "lfp");
  EXPECT_EQ(packs[0].policy.get(Parameter::cell_count), 16);
  EXPECT_EQ(packs[1].port.baud, 9'600U);
  EXPECT_EQ(packs[1].chemistry, "lto");
  EXPECT_EQ(packs[2].chemistry, "li-ion");
  EXPECT_EQ(packs[3].name, "pack-4");
}

TEST(ScanReport, TheDevicesOwnLimitTellsItsChemistry) {
  FoundDevice found = device("/dev/a", 16, 3'950);
  EXPECT_TRUE(found.pack.parameters.set(Parameter::cell_overvoltage, 3'650));
  EXPECT_EQ(likely_chemistry(found), "lfp");
  EXPECT_TRUE(found.pack.parameters.set(Parameter::cell_overvoltage, 4'200));
  EXPECT_EQ(likely_chemistry(found), "li-ion");
}

}  // namespace
}  // namespace cw
