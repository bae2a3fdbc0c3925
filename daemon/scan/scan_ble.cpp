// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/scan_ble.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace cw {
namespace {

/// Company numbers in the advertisements of JK's modules. Other makers offer the same service.
/// Source: jk-ble, section 2.
constexpr std::uint16_t kMakersOfJk[] = {
    0x0B65,  // current modules
    0x4B4A,  // JK-BD4A8S-4P
    0xFAD6,  // older ones
};

struct HeardDevice {
  const BleDeviceObject* device;
  int signal;  // dBm; what has none comes last
};

Instant clock_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

template <class List, class Value>
bool contains(const List& list, const Value& value) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

bool is_jk(const BleAdvertisement& heard) {
  return std::any_of(heard.makers.begin(), heard.makers.end(),
                     [](std::uint16_t maker) { return contains(kMakersOfJk, maker); });
}

std::string signal_text(const BleDeviceObject& device) {
  if (device.connected) return "connected to this machine now";
  if (device.advertisement.signal) return fmt::format("{} dBm", *device.advertisement.signal);
  return "signal unknown, perhaps heard earlier";
}

FoundDevice board(const BleDeviceObject& device, const std::string& adapter) {
  FoundDevice found;
  found.protocol = find_protocol("jk-ble");
  found.port = device.address;
  found.adapter = adapter;
  const std::string& name = device.advertisement.name;
  found.remark = fmt::format("JK, {}, {}, its generation is found out by the daemon on connecting",
                             name.empty() ? "without a name" : fmt::format("\"{}\"", name),
                             signal_text(device));
  return found;
}

/// What this adapter knows and what has the service for serial data, the strongest signal first.
std::vector<HeardDevice> candidates(const BleObjects& objects, const std::string& adapter) {
  const std::string inside = find_adapter(objects, adapter) + "/";
  std::vector<HeardDevice> found;
  for (const auto& [path, device] : objects.devices)
    if (path.starts_with(inside) && contains(device.advertisement.services, kBleService))
      found.push_back({&device, device.advertisement.signal.value_or(-1'000)});
  std::stable_sort(found.begin(), found.end(),
                   [](const HeardDevice& a, const HeardDevice& b) { return a.signal > b.signal; });
  return found;
}

/// Lets BlueZ speak until `done`, or `most` is over. False: the bus is gone.
template <class Done>
bool attend(BleBus& bus, Millis most, Done done) {
  const Instant until = clock_now() + most;
  for (Instant now = clock_now(); now < until && !done(); now = clock_now()) {
    std::vector<pollfd> descriptors;
    int wait = static_cast<int>(until.ms - now.ms);
    if (const int wanted = bus.wait_for(descriptors); wanted >= 0) wait = std::min(wait, wanted);
    ::poll(descriptors.data(), descriptors.size(), wait);
    if (!bus.process()) return false;
  }
  return true;
}

ScannedPort failed(std::string why) {
  ScannedPort scanned;
  scanned.fault = std::move(why);
  return scanned;
}

/// The outcome of an order, which may come after nobody waits for it any more.
struct Answer {
  bool came = false;
  BleFault fault{};
  std::string text;
};

std::shared_ptr<Answer> order_scan(BleBus& bus, const std::string& path, bool on) {
  auto answer = std::make_shared<Answer>();
  bus.scan(path, on, [answer](BleFault fault, const std::string& text) {
    *answer = {true, fault, text};
  });
  return answer;
}

}  // namespace

std::string ble_obstacle(const BleObjects& objects, const std::string& adapter) {
  const std::string path = find_adapter(objects, adapter);
  if (path.empty()) {
    std::string others;
    for (const auto& [other, object] : objects.adapters)
      others += fmt::format("{}{}", others.empty() ? "" : ", ", other.substr(other.rfind('/') + 1));
    return fmt::format(
        "{}: BlueZ has no such adapter; it has {}. Plug it in; `journalctl -k -g -i bluetooth` "
        "says where its driver or firmware is missing",
        adapter, others.empty() ? "none at all" : others);
  }
  if (!objects.adapters.at(path).powered)
    return fmt::format(
        "{}: the adapter is switched off: `rfkill unblock bluetooth`, then `bluetoothctl power on`",
        adapter);
  return {};
}

ScannedPort ble_report(const BleObjects& objects, const std::string& adapter) {
  ScannedPort scanned;
  std::string others;
  for (const HeardDevice& candidate : candidates(objects, adapter)) {
    const BleDeviceObject& device = *candidate.device;
    if (is_jk(device.advertisement))
      scanned.devices.push_back(board(device, adapter));
    else
      others += fmt::format("{}{} \"{}\"", others.empty() ? "" : ", ", device.address,
                            one_line(device.advertisement.name));
  }
  if (scanned.devices.empty())
    scanned.advice = fmt::format(
        "{}: no board of JK is heard. One that sleeps, or that is connected to somebody else, does "
        "not advertise: close the phone app everywhere, wake the board, come nearer",
        adapter);
  if (!others.empty())
    scanned.advice += fmt::format(
        "{} has serial data too, but nothing that says it is a board of JK: {}",
        scanned.advice.empty() ? adapter + ": what is heard" : ". What is heard", others);
  return scanned;
}

ScannedPort scan_ble(const std::string& adapter, BleBus& bus, Millis listen, Millis answer) {
  const auto never = [] { return false; };
  const std::string gone = adapter + ": the D-Bus system bus went away";
  if (!attend(bus, answer, [&] { return bus.running(); })) return failed(gone);
  if (!bus.running())
    return failed(fmt::format(
        "{}: BlueZ does not answer: `apt install bluez`, `systemctl start bluetooth`; if it runs, "
        "this user may not speak to it: run as root or as a member of the group bluetooth",
        adapter));
  if (std::string why = ble_obstacle(bus.objects(), adapter); !why.empty())
    return failed(std::move(why));
  const std::string path = find_adapter(bus.objects(), adapter);
  const auto started = order_scan(bus, path, true);
  if (!attend(bus, answer, [&] { return started->came; })) return failed(gone);
  if (!started->came || started->fault != BleFault::none)
    return failed(fmt::format("{}: BlueZ does not search: {}", adapter,
                              started->came ? started->text : "no answer"));
  if (!attend(bus, listen, never)) return failed(gone);
  ScannedPort scanned = ble_report(bus.objects(), adapter);  // signals end with the search
  scanned.fault = ble_obstacle(bus.objects(), adapter);
  const auto stopped = order_scan(bus, path, false);
  (void)attend(bus, answer, [&] { return stopped->came; });  // BlueZ stops when we leave, anyway
  return scanned;
}

ScannedPort scan_ble(const std::string& adapter) {
  std::string why;
  const auto bus =
      BleBus::open({[] {}, [](const std::string&, std::span<const std::uint8_t>) {},
                    [](const std::string&) -> std::optional<std::string> { return std::nullopt; }},
                   why);
  if (!bus)
    return failed(
        fmt::format("{}: {}: `apt install dbus bluez`, `systemctl start bluetooth`", adapter, why));
  try {
    return scan_ble(adapter, *bus);
  } catch (const std::exception& error) {
    return failed(fmt::format("{}: the D-Bus system bus went away: {}", adapter, error.what()));
  }
}

std::vector<std::string> ble_adapters(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    if (std::string name = entry.path().filename().string(); is_ble_name(name))
      names.push_back(std::move(name));  // and not "hci0:64", a connection
  std::sort(names.begin(), names.end());
  return names;
}

bool is_ble_name(std::string_view port) {
  const auto all = [](std::string_view text, std::string_view of) {
    return !text.empty() && text.find_first_not_of(of) == std::string_view::npos;
  };
  if (port.starts_with("hci")) return all(port.substr(3), "0123456789");
  constexpr std::size_t kAddress = 17;
  bool fits = port.size() == kAddress;
  for (std::size_t i = 0; i < kAddress && fits; ++i)
    fits = all(port.substr(i, 1), i % 3 == 2 ? ":" : "0123456789abcdefABCDEF");
  return fits;
}

}  // namespace cw
