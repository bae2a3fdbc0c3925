// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/ble_objects.h"

#include <algorithm>
#include <cctype>

namespace cw {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

bool has(const BleCharacteristicObject& characteristic, std::string_view flag) {
  return std::find(characteristic.flags.begin(), characteristic.flags.end(), flag) !=
         characteristic.flags.end();
}

bool can_write(const BleCharacteristicObject& characteristic) {
  return has(characteristic, "write-without-response") || has(characteristic, "write");
}

bool in_data_service(const BleObjects& objects, const std::string& path) {
  const auto service = objects.services.find(path.substr(0, path.rfind('/')));
  return service != objects.services.end() && service->second == kBleService;
}

}  // namespace

std::string find_adapter(const BleObjects& objects, std::string_view adapter) {
  for (const auto& [path, object] : objects.adapters)
    if (path.substr(path.rfind('/') + 1) == adapter || object.address == upper(adapter))
      return path;
  return {};
}

std::string device_path(std::string_view adapter_path, std::string_view address) {
  std::string name = upper(address);
  std::replace(name.begin(), name.end(), ':', '_');
  return std::string(adapter_path) + "/dev_" + name;
}

std::optional<BleDataPaths> find_data(const BleObjects& objects, std::string_view device) {
  BleDataPaths paths;
  std::string first_to_write;
  const std::string inside = std::string(device) + "/";
  for (const auto& [path, characteristic] : objects.characteristics) {
    if (!path.starts_with(inside) || characteristic.uuid != kBleData) continue;
    if (!in_data_service(objects, path)) continue;
    if (first_to_write.empty() && can_write(characteristic)) first_to_write = path;
    if (!paths.notify.empty() || !has(characteristic, "notify")) continue;
    paths.notify = path;
    if (can_write(characteristic)) paths.write = path;
  }
  if (paths.write.empty()) paths.write = first_to_write;
  if (paths.notify.empty() || paths.write.empty()) return std::nullopt;
  return paths;
}

}  // namespace cw
