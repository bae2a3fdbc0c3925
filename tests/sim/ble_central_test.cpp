// SPDX-License-Identifier: Apache-2.0
// What is decided about Bluetooth links, against BlueZ and devices in virtual time.
#include <gtest/gtest.h>

#include "tests/sim/ble_world.h"

namespace cw {
namespace {

constexpr Millis seconds(std::int32_t s) { return {s * 1000}; }

std::string last_trouble(const AirDevice& device) {
  for (std::size_t i = device.news.size(); i-- > 0;)
    if (!device.news[i].up) return device.news[i].why;
  return "";
}

TEST(BleCentral, FindsConnectsAndSubscribes) {
  BleWorld world(1);
  world.run(seconds(4));
  EXPECT_TRUE(world.central.up(0));
  ASSERT_EQ(world.devices[0].news.size(), 1U);
  EXPECT_TRUE(world.devices[0].news[0].up);
  EXPECT_FALSE(world.connected_while_scanning);
  EXPECT_EQ(world.orders[BleDo::scan], world.orders[BleDo::stop_scan]);
  EXPECT_EQ(world.orders[BleDo::pair], 0U);
  EXPECT_EQ(world.orders[BleDo::remove], 0U);
}

TEST(BleCentral, SeveralDevicesConnectOneAfterTheOther) {
  BleWorld world(6);
  world.run(seconds(30));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(world.central.up(i)) << i;
  EXPECT_EQ(world.most_attempts, 1U);
  EXPECT_FALSE(world.connected_while_scanning);
}

TEST(BleCentral, ADeviceThatIsNotThereIsSaidToBeSoAndFoundWhenItComes) {
  BleWorld world(2);
  world.devices[1].in_range = false;
  world.run(seconds(120));
  EXPECT_TRUE(world.central.up(0));
  EXPECT_EQ(last_trouble(world.devices[1]).substr(0, 9), "not found");
  EXPECT_EQ(world.orders[BleDo::power_off], 0U) << "the other one works";
  world.devices[1].in_range = true;
  world.run(seconds(40));
  EXPECT_TRUE(world.central.up(1));
}

/// The share of the time in which the last data are at most 5 s old; forced outages do not count.
struct Availability {
  std::int64_t available = 0, counted = 0;
  double share() const { return static_cast<double>(available) / static_cast<double>(counted); }
};

TEST(BleCentral, AnHourOfDropOutsLeavesDataAvailable99PercentOfTheTime) {
  constexpr std::size_t kDevices = 4;
  BleWorld world(kDevices);
  world.run(seconds(30));
  std::uint32_t random = 12345;
  const auto between = [&random](std::int32_t from, std::int32_t to) {
    random = random * 1664525U + 1013904223U;
    return from + static_cast<std::int32_t>((random >> 8) % static_cast<std::uint32_t>(to - from));
  };
  std::vector<Instant> drop_at(kDevices), back_at(kDevices);
  for (auto& at : drop_at) at = world.now + Millis{between(60'000, 600'000)};
  Availability availability;
  std::int64_t worst = 0;
  for (const Instant end = world.now + seconds(3'600); world.now < end;) {
    world.run({100});
    for (std::size_t i = 0; i < kDevices; ++i) {
      AirDevice& device = world.devices[i];
      if (world.now >= drop_at[i]) {  // every third time it stays away for a while
        const bool stays_away = between(0, 3) == 0;
        back_at[i] = world.now + Millis{stays_away ? between(1'000, 40'000) : 0};
        device.in_range = !stays_away;
        world.drop(i);
        drop_at[i] = back_at[i] + Millis{between(60'000, 600'000)};
      }
      if (!device.in_range && world.now >= back_at[i]) device.in_range = true;
      if (!device.in_range) continue;
      const bool fresh = world.now <= device.heard + Millis{5'000};
      ++availability.counted;
      availability.available += fresh ? 1 : 0;
      if (!fresh) worst = std::max(worst, world.now.ms - std::max(back_at[i].ms, device.heard.ms));
    }
  }
  EXPECT_GE(availability.share(), 0.99);
  EXPECT_LT(worst, 60'000);
  EXPECT_EQ(world.most_attempts, 1U);
  EXPECT_EQ(world.orders[BleDo::power_off], 0U);
  RecordProperty("availability_per_mille", static_cast<int>(availability.share() * 1000));
  RecordProperty("worst_ms", static_cast<int>(worst));
}

TEST(BleCentral, ADropIsReconnectedWithinEightSeconds) {
  BleWorld world(1);
  world.run(seconds(100));
  world.drop(0);
  EXPECT_EQ(last_trouble(world.devices[0]), "the link was lost");
  world.run(seconds(8));
  EXPECT_TRUE(world.central.up(0));
}

TEST(BleCentral, FailedAttemptsComeLessAndLessOften) {
  BleWorld world(1);
  world.devices[0].connect_fault = BleFault::unreachable;
  world.run(seconds(55));
  EXPECT_GE(world.devices[0].connects, 5U);
  world.run(seconds(45));
  const std::uint32_t before = world.devices[0].connects;
  world.run(seconds(300));
  EXPECT_LE(world.devices[0].connects - before, 11U);
  EXPECT_GE(world.devices[0].connects - before, 7U);
  EXPECT_EQ(last_trouble(world.devices[0]), "cannot connect (as told)");
}

TEST(BleCentral, AConnectionAbortedOnTheAirIsTriedAgainAtOnceAndWithoutNews) {
  BleWorld world(1);
  world.devices[0].connect_fault = BleFault::dropped_by_us;
  while (world.devices[0].connects == 0) world.run({100});
  world.run({300});
  world.devices[0].connect_fault = BleFault::none;
  world.run(seconds(3));
  EXPECT_EQ(world.devices[0].connects, 2U);
  EXPECT_EQ(last_trouble(world.devices[0]), "");
  EXPECT_TRUE(world.central.up(0));
}

TEST(BleCentral, AStaleCachedDeviceIsForgottenAndFoundAgain) {
  BleWorld world(1);
  world.devices[0].hides_services = true;
  world.run(seconds(40));
  EXPECT_EQ(world.devices[0].removes, 1U);
  EXPECT_TRUE(world.central.up(0));
}

TEST(BleCentral, ALinkOnWhichNothingComesIsMadeAnew) {
  BleWorld world(1);
  world.devices[0].mute = true;
  world.run(seconds(22));
  EXPECT_EQ(last_trouble(world.devices[0]), "nothing was heard for 15 s");
  world.devices[0].mute = false;
  world.run(seconds(15));
  EXPECT_TRUE(world.central.up(0));
  EXPECT_EQ(world.devices[0].news.back().up, true);
}

TEST(BleCentral, ADeadDeviceDoesNotKeepTheOthersFromComingBack) {
  BleWorld world(3);
  world.run(seconds(100));
  world.devices[0].in_range = false;
  world.drop(0);
  world.run(seconds(200));
  for (int n = 0; n < 5; ++n) {
    world.drop(1);
    world.drop(2);
    world.run(seconds(25));
    EXPECT_TRUE(world.central.up(1) && world.central.up(2)) << n;
    world.run(seconds(60));
  }
}

// --- pairing -------------------------------------------------------------------------------------

TEST(BleCentral, NobodyIsPairedWhoDoesNotDemandIt) {
  BleWorld world(2, true);
  world.run(seconds(30));
  for (int n = 0; n < 20; ++n) {
    world.drop(0);
    world.run(seconds(20));
  }
  EXPECT_EQ(world.orders[BleDo::pair], 0U);
}

TEST(BleCentral, ADeviceThatDemandsPairingIsPairedOnceWithItsPin) {
  BleWorld world(1, true);
  world.devices[0].demands_pairing = true;
  world.run(seconds(10));
  EXPECT_TRUE(world.central.up(0));
  world.drop(0);
  world.run(seconds(10));
  EXPECT_TRUE(world.central.up(0));
  EXPECT_EQ(world.devices[0].pairs, 1U);
}

TEST(BleCentral, WithoutAPinTheOwnerIsToldThatOneIsNeeded) {
  BleWorld world(1, false);
  world.devices[0].demands_pairing = true;
  world.run(seconds(10));
  EXPECT_EQ(world.devices[0].pairs, 0U);
  EXPECT_EQ(last_trouble(world.devices[0]), "it demands pairing: set its pin");
}

TEST(BleCentral, ADeviceThatDropsEveryUnpairedLinkIsPaired) {
  BleWorld world(1, true);
  world.devices[0].drops_unpaired = true;
  world.run(seconds(60));
  EXPECT_EQ(world.devices[0].pairs, 1U);
  EXPECT_TRUE(world.central.up(0));
}

TEST(BleCentral, ADeviceThatRefusesPairingIsNotAskedAgain) {
  BleWorld world(1, true);
  world.devices[0].drops_unpaired = true;  // for another reason than that
  world.devices[0].refuses_pairing = true;
  world.run(seconds(300));
  EXPECT_EQ(world.devices[0].pairs, 1U);
  world.devices[0].drops_unpaired = false;
  world.run(seconds(60));
  EXPECT_TRUE(world.central.up(0));
}

// --- the adapter and the service -----------------------------------------------------------------

TEST(BleCentral, ARestartOfBluetoothdIsSurvived) {
  BleWorld world(2);
  world.run(seconds(30));
  for (AirDevice& device : world.devices) {
    device.connected = device.known = device.subscribed = false;
    ++device.epoch;
  }
  world.central.on_service(false, world.now);
  world.run(seconds(5));
  EXPECT_EQ(last_trouble(world.devices[0]), "the Bluetooth service (bluetoothd) is not running");
  world.central.on_service(true, world.now);
  world.central.on_adapter(true, true, world.now);
  world.run(seconds(30));
  EXPECT_TRUE(world.central.up(0) && world.central.up(1));
}

TEST(BleCentral, AnAdapterThatIsPulledOrSwitchedOffIsNamed) {
  BleWorld world(1);
  world.run(seconds(10));
  world.drop(0);
  world.central.on_adapter(false, false, world.now);
  world.run(seconds(3));
  EXPECT_EQ(last_trouble(world.devices[0]), "the adapter is not there");
  world.central.on_adapter(true, false, world.now);
  world.run(seconds(3));
  EXPECT_EQ(last_trouble(world.devices[0]), "the adapter is switched off");
  EXPECT_EQ(world.orders[BleDo::power_on], 0U) << "whoever switched it off had a reason";
  world.central.on_adapter(true, true, world.now);
  world.central.on_known(0, true, world.now);
  world.run(seconds(10));
  EXPECT_TRUE(world.central.up(0));
}

TEST(BleCentral, AWedgedAdapterIsPowerCycledAtMostEveryTenMinutes) {
  BleWorld world(2);
  world.run(seconds(30));
  world.wedged = true;
  world.drop(0);
  world.drop(1);
  world.run(seconds(400));
  EXPECT_EQ(world.central.power_cycles(), 1U);
  EXPECT_TRUE(world.central.up(0) && world.central.up(1));
  for (AirDevice& device : world.devices) device.in_range = false;  // now it is not the adapter
  world.drop(0);
  world.drop(1);
  world.run(seconds(6'000));
  EXPECT_GE(world.central.power_cycles(), 2U);
  EXPECT_LE(world.central.power_cycles(), 11U);
}

TEST(BleCentral, AnUnwantedLinkIsLeftWithinThreeSeconds) {
  BleWorld world(1);
  world.wants_again = false;
  world.run(seconds(10));
  ASSERT_TRUE(world.devices[0].connected);
  world.central.unwant(0, world.now);
  world.run(seconds(3));
  EXPECT_FALSE(world.devices[0].connected);
  world.run(seconds(60));
  EXPECT_FALSE(world.devices[0].connected);
  world.central.want(0, world.now);
  world.run(seconds(8));
  EXPECT_TRUE(world.central.up(0));
}

TEST(BleCentral, AnOwnerWhoGivesUpWhileItConnectsCancelsThat) {
  BleWorld world(1);
  world.devices[0].connect_fault = BleFault::none;
  while (world.devices[0].connects == 0) world.run({100});
  world.central.unwant(0, world.now);
  world.run(seconds(10));
  EXPECT_EQ(world.orders[BleDo::disconnect], 1U);
  EXPECT_FALSE(world.devices[0].connected);
}

}  // namespace
}  // namespace cw
