// SPDX-License-Identifier: Apache-2.0
// What is looked up in BlueZ's objects, and what its errors mean.
#include <gtest/gtest.h>

#include "drivers/transport/ble_fault.h"
#include "drivers/transport/ble_objects.h"

namespace cw {
namespace {

const std::string kDevice = "/org/bluez/hci0/dev_C8_47_8C_00_00_01";

BleObjects one_device() {
  BleObjects objects;
  objects.adapters["/org/bluez/hci0"] = {"00:AA:01:00:00:42", true};
  objects.devices[kDevice] = {true, true, false};
  objects.services[kDevice + "/service0001"] = std::string(kBleService);
  return objects;
}

TEST(BleObjects, AnAdapterIsFoundByNameOrByItsOwnAddress) {
  const BleObjects objects = one_device();
  EXPECT_EQ(find_adapter(objects, "hci0"), "/org/bluez/hci0");
  EXPECT_EQ(find_adapter(objects, "00:aa:01:00:00:42"), "/org/bluez/hci0");
  EXPECT_EQ(find_adapter(objects, "hci1"), "");
  EXPECT_EQ(device_path("/org/bluez/hci0", "c8:47:8c:00:00:01"), kDevice);
}

TEST(BleObjects, OneCharacteristicForBothDirections) {
  BleObjects objects = one_device();
  const std::string path = kDevice + "/service0001/char0011";
  objects.characteristics[path] = {std::string(kBleData),
                                   {"write-without-response", "write", "notify"}};
  const auto data = find_data(objects, kDevice);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->notify, path);
  EXPECT_EQ(data->write, path);
}

TEST(BleObjects, TwoCharacteristicsOfTheSameUuidHaveADirectionEach) {
  BleObjects objects = one_device();
  const std::string service = kDevice + "/service0001";
  objects.characteristics[service + "/char0002"] = {std::string(kBleData),
                                                    {"write-without-response", "write"}};
  objects.characteristics[service + "/char0004"] = {std::string(kBleData), {"read", "notify"}};
  const auto data = find_data(objects, kDevice);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->write, service + "/char0002");
  EXPECT_EQ(data->notify, service + "/char0004");
}

TEST(BleObjects, OtherServicesAndOtherDevicesAreLeftAlone) {
  BleObjects objects = one_device();
  const BleCharacteristicObject both{std::string(kBleData), {"write", "notify"}};
  objects.services[kDevice + "/service0020"] = "f000ffc0-0451-4000-b000-000000000000";
  objects.characteristics[kDevice + "/service0020/char0021"] = both;
  objects.services["/org/bluez/hci0/dev_C8_47_8C_00_00_02/service0001"] = std::string(kBleService);
  objects.characteristics["/org/bluez/hci0/dev_C8_47_8C_00_00_02/service0001/char0002"] = both;
  EXPECT_FALSE(find_data(objects, kDevice));
}

TEST(BleFault, NameAndTextTogetherTellTheCases) {
  constexpr const char* kFailed = "org.bluez.Error.Failed";
  EXPECT_EQ(ble_fault(kFailed, "le-connection-abort-by-local"), BleFault::dropped_by_us);
  EXPECT_EQ(ble_fault(kFailed, "le-connection-concurrent-connection-limit"), BleFault::no_room);
  EXPECT_EQ(ble_fault(kFailed, "le-connection-timeout"), BleFault::unreachable);
  EXPECT_EQ(ble_fault(kFailed, "Operation failed with ATT error: 0x05"), BleFault::not_paired);
  EXPECT_EQ(ble_fault("org.bluez.Error.NotPermitted", "Not paired"), BleFault::not_paired);
  EXPECT_EQ(ble_fault("org.bluez.Error.NotPermitted", "Notify acquired"), BleFault::other);
  EXPECT_EQ(ble_fault("org.bluez.Error.AuthenticationCanceled", ""), BleFault::refused);
  EXPECT_EQ(ble_fault("org.bluez.Error.AuthenticationTimeout", ""), BleFault::unreachable);
  EXPECT_EQ(ble_fault("org.freedesktop.DBus.Error.UnknownObject", "gone"),
            BleFault::unknown_object);
  EXPECT_EQ(ble_fault("org.bluez.Error.AlreadyConnected", ""), BleFault::none);
}

}  // namespace
}  // namespace cw
