// SPDX-License-Identifier: Apache-2.0
// A search of the air: what is a board of JK by its advertisement, what is said of it and of an
// adapter that cannot listen. What it prints can be pasted, and all it ever orders is to listen.
#include "daemon/scan/scan_ble.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "daemon/configuration/configuration.h"

namespace cw {
namespace {

constexpr Millis kShort{30};
const std::string kAdapterPath = "/org/bluez/hci0";

void put(BleObjects& objects, const std::string& adapter, const std::string& address,
         BleAdvertisement heard) {
  BleDeviceObject device;
  device.address = address;
  device.advertisement = std::move(heard);
  objects.devices[device_path(adapter, address)] = std::move(device);
}

BleAdvertisement advertisement(std::string name, std::uint16_t maker,
                               std::optional<std::int16_t> signal) {
  return {std::move(name),
          {"0000fee7-0000-1000-8000-00805f9b34fb", std::string(kBleService)},
          {maker},
          signal};
}

BleObjects air() {
  BleObjects objects;
  objects.adapters[kAdapterPath] = {"00:AA:01:00:00:42", true};
  objects.adapters["/org/bluez/hci1"] = {"00:AA:01:00:00:43", false};
  put(objects, kAdapterPath, "C8:47:8C:00:00:01", advertisement("garage", 0x0B65, -80));
  put(objects, kAdapterPath, "C8:47:8C:00:00:02", advertisement("barn\n[[x]]", 0x4B4A, -57));
  put(objects, kAdapterPath, "3C:A5:50:00:00:03", advertisement("", 0xFAD6, std::nullopt));
  put(objects, kAdapterPath, "A4:C1:38:00:00:04", advertisement("other", 0x2313, -40));
  put(objects, "/org/bluez/hci1", "C8:47:8C:00:00:05", advertisement("far", 0x0B65, -50));
  BleAdvertisement without = advertisement("no data service", 0x0B65, -30);
  without.services.clear();
  put(objects, kAdapterPath, "C8:47:8C:00:00:06", without);
  return objects;
}

TEST(ScanBle, BoardsOfThisAdapterTheStrongestFirst) {
  BleObjects objects = air();
  objects.devices[device_path(kAdapterPath, "3C:A5:50:00:00:03")].connected = true;
  const ScannedPort scanned = ble_report(objects, "hci0");
  ASSERT_EQ(scanned.devices.size(), 3U);
  EXPECT_EQ(scanned.devices[0].port, "C8:47:8C:00:00:02");
  EXPECT_NE(scanned.devices[0].remark.find("-57 dBm"), std::string::npos);
  EXPECT_EQ(scanned.devices[1].port, "C8:47:8C:00:00:01");
  EXPECT_NE(scanned.devices[1].remark.find("\"garage\""), std::string::npos);
  EXPECT_NE(scanned.devices[1].remark.find("generation is found out"), std::string::npos);
  EXPECT_EQ(scanned.devices[2].port, "3C:A5:50:00:00:03");
  EXPECT_NE(scanned.devices[2].remark.find("connected to this machine"), std::string::npos);
  EXPECT_EQ(scanned.fault, "");
}

TEST(ScanBle, WhatOnlyHasTheSameServiceIsNamedAndNotTaken) {
  EXPECT_NE(ble_report(air(), "hci0").advice.find("A4:C1:38:00:00:04 \"other\""),
            std::string::npos);
}

TEST(ScanBle, WhatItPrintsIsAConfiguration) {
  for (const std::string adapter : {"hci0", "00:AA:01:00:00:42"}) {
    const std::string text = pack_blocks(ble_report(air(), adapter).devices, 1);
    const LoadedConfiguration loaded = parse_configuration(text, "pasted.toml");
    for (const auto& fault : loaded.faults) ADD_FAILURE() << fault.text() << "\n" << text;
    ASSERT_EQ(loaded.configuration.packs.size(), 3U);
    EXPECT_EQ(loaded.configuration.packs[0].port.name, "C8:47:8C:00:00:02");
    EXPECT_EQ(loaded.configuration.packs[0].port.adapter, adapter);
    EXPECT_NE(text.find("# it did not say: check it"), std::string::npos);
  }
}

TEST(ScanBle, SilenceSaysWhatToDo) {
  BleObjects objects = air();
  objects.devices.clear();
  EXPECT_NE(ble_report(objects, "hci0").advice.find("phone app"), std::string::npos);
}

TEST(ScanBle, AnAdapterThatCannotListenSaysWhy) {
  EXPECT_EQ(ble_obstacle(air(), "hci0"), "");
  EXPECT_EQ(ble_obstacle(air(), "00:aa:01:00:00:42"), "");
  EXPECT_NE(ble_obstacle(air(), "hci1").find("rfkill unblock"), std::string::npos);
  EXPECT_NE(ble_obstacle(air(), "hci7").find("hci0, hci1"), std::string::npos);
  EXPECT_NE(ble_obstacle({}, "hci0").find("none at all"), std::string::npos);
}

/// BlueZ as told; every order but to listen is a failure.
class FakeBus final : public BleBus {
 public:
  bool runs = true;
  bool answers = true;
  bool lasts = true;
  BleFault fault = BleFault::none;
  BleObjects known = air();
  BleObjects after_listening{};  // once it was told to listen; empty: as before
  std::vector<bool> scans;

  bool running() const override { return runs; }
  const BleObjects& objects() const override { return known; }
  int wait_for(std::vector<pollfd>&) override { return 1; }
  bool process() override { return lasts; }
  void scan(const std::string& adapter, bool on, Done done) override {
    EXPECT_EQ(adapter, kAdapterPath);
    scans.push_back(on);
    if (on && !after_listening.adapters.empty()) known = after_listening;
    if (answers) done(fault, "words of BlueZ");
  }
  void answer_for_pins() override { ADD_FAILURE() << "pairs"; }
  void power(const std::string&, bool, Done) override { ADD_FAILURE() << "switches"; }
  void remove(const std::string&, const std::string&, Done) override { ADD_FAILURE() << "forgets"; }
  void connect(const std::string&, Done) override { ADD_FAILURE() << "connects"; }
  void disconnect(const std::string&, Done) override { ADD_FAILURE() << "disconnects"; }
  void pair(const std::string&, Done) override { ADD_FAILURE() << "pairs"; }
  void subscribe(const std::string&, Subscribed) override { ADD_FAILURE() << "subscribes"; }
  void write(const std::string&, std::span<const std::uint8_t>, Done) override {
    ADD_FAILURE() << "writes";
  }
};

ScannedPort scan(FakeBus& bus, const std::string& adapter = "hci0") {
  return scan_ble(adapter, bus, kShort, kShort);
}

TEST(ScanBle, ItOnlyListensAndEndsIt) {
  FakeBus bus;
  EXPECT_EQ(scan(bus).devices.size(), 3U);
  EXPECT_EQ(bus.scans, (std::vector<bool>{true, false}));
}

TEST(ScanBle, WithoutBlueZItSaysHowToGetIt) {
  FakeBus bus;
  bus.runs = false;
  EXPECT_NE(scan(bus).fault.find("apt install bluez"), std::string::npos);
  EXPECT_TRUE(bus.scans.empty());
}

TEST(ScanBle, AnAdapterThatIsOffIsLeftOff) {
  FakeBus bus;
  EXPECT_NE(scan(bus, "hci1").fault.find("switched off"), std::string::npos);
  EXPECT_TRUE(bus.scans.empty());
}

TEST(ScanBle, WhatBlueZRefusesIsTold) {
  FakeBus bus;
  bus.fault = BleFault::other;
  EXPECT_NE(scan(bus).fault.find("words of BlueZ"), std::string::npos);
  bus.answers = false;
  EXPECT_NE(scan(bus).fault.find("no answer"), std::string::npos);
}

TEST(ScanBle, AnAdapterOrABusThatGoesAwayMeanwhileIsAFault) {
  FakeBus bus;
  bus.after_listening = air();
  bus.after_listening.adapters[kAdapterPath].powered = false;
  EXPECT_NE(scan(bus).fault.find("switched off"), std::string::npos);
  FakeBus gone;
  gone.lasts = false;
  EXPECT_NE(scan(gone).fault.find("went away"), std::string::npos);
}

TEST(ScanBle, PortsThatAreAdapters) {
  EXPECT_TRUE(is_ble_name("hci0"));
  EXPECT_TRUE(is_ble_name("00:aa:01:00:00:42"));
  for (const char* other : {"can0", "hci", "hci0:64", "/dev/hci0", "tcp://box:1", "00:AA:01:00:00"})
    EXPECT_FALSE(is_ble_name(other)) << other;
}

TEST(ScanBle, AdaptersOfTheMachineAndNotTheirConnections) {
  const auto folder = std::filesystem::temp_directory_path() / "cellwarden-scan-ble";
  for (const char* name : {"hci1", "hci0", "hci0:64"})
    std::filesystem::create_directories(folder / name);
  EXPECT_EQ(ble_adapters(folder), (std::vector<std::string>{"hci0", "hci1"}));
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(ble_adapters(folder).empty());
}

}  // namespace
}  // namespace cw
