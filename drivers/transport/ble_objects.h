// SPDX-License-Identifier: Apache-2.0
// What BlueZ told about its objects, in plain types, and what is looked up in it: which adapter is
// meant, where a device is, which of its characteristics carry the data. Speaks no D-Bus.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cw {

struct BleAdapterObject {
  std::string address;
  bool powered = false;
};

/// What a device says of itself to everybody, as far as it was heard.
struct BleAdvertisement {
  std::string name;                    // empty: none
  std::vector<std::string> services;   // UUIDs
  std::vector<std::uint16_t> makers;   // company numbers of its manufacturer data
  std::optional<std::int16_t> signal;  // dBm; only while a scan hears it
};

struct BleDeviceObject {
  bool connected = false;
  bool resolved = false;  // its services were read
  bool paired = false;
  std::string address{};  // "C8:47:8C:00:00:01"
  BleAdvertisement advertisement{};
};

struct BleCharacteristicObject {
  std::string uuid;
  std::vector<std::string> flags;  // "notify", "write-without-response", ...
};

/// Keys are D-Bus paths; characteristics stand in the order of their handles.
struct BleObjects {
  std::map<std::string, BleAdapterObject> adapters;
  std::map<std::string, BleDeviceObject> devices;
  std::map<std::string, std::string> services;  // their UUID
  std::map<std::string, BleCharacteristicObject> characteristics;
};

/// Serial data over GATT, as most BMSs have it: service FFE0, characteristic FFE1.
inline constexpr std::string_view kBleService = "0000ffe0-0000-1000-8000-00805f9b34fb";
inline constexpr std::string_view kBleData = "0000ffe1-0000-1000-8000-00805f9b34fb";

/// `adapter` is a name ("hci0") or the adapter's own address, which outlives its name. Empty: it is
/// not there.
std::string find_adapter(const BleObjects& objects, std::string_view adapter);

/// Where BlueZ has the device, if it has it: ADAPTER/dev_C8_47_8C_00_00_01.
std::string device_path(std::string_view adapter_path, std::string_view address);

struct BleDataPaths {
  std::string notify;
  std::string write;
};

/// The characteristics to listen on and to write to. Usually one is both; some modules have two of
/// the same UUID, one for each. Empty: the device has none, or they are not known yet.
std::optional<BleDataPaths> find_data(const BleObjects& objects, std::string_view device);

}  // namespace cw
