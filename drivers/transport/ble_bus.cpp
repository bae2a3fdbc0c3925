// SPDX-License-Identifier: Apache-2.0
// Compiles with sdbus-c++ 1.2 (Debian 12) and 2.x (Debian 13); what differs is gathered at the top.
#include "drivers/transport/ble_bus.h"

#include <fmt/format.h>
#include <sdbus-c++/sdbus-c++.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "drivers/transport/ble_fault.h"

namespace cw {
namespace {

using namespace std::chrono_literals;

// --- the two generations of the library ----------------------------------------------------------

#if CW_SDBUS_MAJOR >= 2
using Failure = std::optional<sdbus::Error>;
using InterfaceKey = sdbus::InterfaceName;
using PropertyKey = sdbus::PropertyName;
std::unique_ptr<sdbus::IProxy> new_proxy(sdbus::IConnection& bus, const char* service,
                                         const std::string& path) {
  return sdbus::createProxy(bus, sdbus::ServiceName{service}, sdbus::ObjectPath{path});
}
void finish(sdbus::IProxy&) {}
bool step(sdbus::IConnection& bus) { return bus.processPendingEvent(); }
template <class Handler>
sdbus::Slot add_match(sdbus::IConnection& bus, const std::string& rule, Handler handler) {
  return bus.addMatch(
      rule, [handler](sdbus::Message message) { handler(message); }, sdbus::return_slot);
}
int second_descriptor(const sdbus::IConnection::PollData& data) { return data.eventFd; }
sdbus::Error rejected() {
  return sdbus::Error(sdbus::Error::Name{"org.bluez.Error.Rejected"}, "not asked for");
}
#else
using Failure = const sdbus::Error*;
using InterfaceKey = std::string;
using PropertyKey = std::string;
std::unique_ptr<sdbus::IProxy> new_proxy(sdbus::IConnection& bus, const char* service,
                                         const std::string& path) {
  return sdbus::createProxy(bus, service, path);
}
void finish(sdbus::IProxy& proxy) { proxy.finishRegistration(); }  // without it no signal arrives
bool step(sdbus::IConnection& bus) { return bus.processPendingRequest(); }
template <class Handler>
sdbus::Slot add_match(sdbus::IConnection& bus, const std::string& rule, Handler handler) {
  return bus.addMatch(rule, [handler](sdbus::Message& message) { handler(message); });
}
int second_descriptor(const sdbus::IConnection::PollData&) { return -1; }
sdbus::Error rejected() { return sdbus::Error("org.bluez.Error.Rejected", "not asked for"); }
#endif

using Properties = std::map<std::string, sdbus::Variant>;
using KeyedProperties = std::map<PropertyKey, sdbus::Variant>;
using Interfaces = std::map<InterfaceKey, KeyedProperties>;
using Tree = std::map<sdbus::ObjectPath, Interfaces>;

constexpr const char* kBlueZ = "org.bluez";
constexpr const char* kAdapter = "org.bluez.Adapter1";
constexpr const char* kDevice = "org.bluez.Device1";
constexpr const char* kService = "org.bluez.GattService1";
constexpr const char* kCharacteristic = "org.bluez.GattCharacteristic1";
constexpr const char* kAgent = "org.bluez.Agent1";
constexpr const char* kAgentPath = "/org/cellwarden/agent";
constexpr const char* kObjectManager = "org.freedesktop.DBus.ObjectManager";
constexpr const char* kPropertiesInterface = "org.freedesktop.DBus.Properties";

constexpr const char* kOwnerRule =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg0='org.bluez'";
constexpr const char* kPropertiesRule =
    "type='signal',sender='org.bluez',interface='org.freedesktop.DBus.Properties',"
    "member='PropertiesChanged',path_namespace='/org/bluez'";

constexpr std::chrono::seconds kCallMost = 40s;  // longer than anybody waits who decides

/// The library swallows what a callback throws; a property of an unexpected type throws.
template <class Work>
void guarded(const char* what, Work work) noexcept {
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cellwarden: bluetooth: %s: %s\n", what, error.what());
  }
}

BleFault fault_of(const Failure& failure) {
  return failure ? ble_fault(std::string(failure->getName()), failure->getMessage())
                 : BleFault::none;
}
std::string text_of(const Failure& failure) {
  if (!failure) return {};
  const std::string& message = failure->getMessage();
  return message.empty() ? std::string(failure->getName()) : message;
}

template <class T>
void take(const Properties& properties, const char* key, T& value) {
  if (const auto found = properties.find(key); found != properties.end())
    value = found->second.get<T>();
}

void take_advertisement(const Properties& properties, BleAdvertisement& heard) {
  take(properties, "Name", heard.name);
  take(properties, "UUIDs", heard.services);
  if (properties.count("RSSI") != 0) take(properties, "RSSI", heard.signal.emplace());
  std::map<std::uint16_t, sdbus::Variant> makers;
  take(properties, "ManufacturerData", makers);
  if (!makers.empty()) heard.makers.clear();
  for (const auto& [maker, data] : makers) heard.makers.push_back(maker);
}

class SystemBus final : public BleBus {
 public:
  explicit SystemBus(Events events) : events_(std::move(events)) {}

  void start();

  bool running() const override { return running_; }
  void answer_for_pins() override;
  const BleObjects& objects() const override { return objects_; }
  int wait_for(std::vector<pollfd>& descriptors) override;
  bool process() override;

  void scan(const std::string& adapter, bool on, Done done) override;
  void power(const std::string& adapter, bool on, Done done) override;
  void remove(const std::string& adapter, const std::string& device, Done done) override {
    call(adapter, kAdapter, "RemoveDevice", done, sdbus::ObjectPath{device});
  }
  void connect(const std::string& device, Done done) override {
    call(device, kDevice, "Connect", done);
  }
  void disconnect(const std::string& device, Done done) override {
    call(device, kDevice, "Disconnect", done);
  }
  void pair(const std::string& device, Done done) override { call(device, kDevice, "Pair", done); }
  void subscribe(const std::string& characteristic, Subscribed done) override;
  void write(const std::string& characteristic, std::span<const std::uint8_t> bytes,
             Done done) override;

 private:
  template <class... Arguments>
  void call(const std::string& path, const char* interface, const char* member, const Done& done,
            Arguments... arguments) {
    try {
      proxy(path)
          .callMethodAsync(member)
          .onInterface(interface)
          .withTimeout(kCallMost)
          .withArguments(std::move(arguments)...)
          .uponReplyInvoke([member, done](Failure failure) {
            guarded(member, [&] { done(fault_of(failure), text_of(failure)); });
          });
    } catch (const sdbus::Error& error) {
      done(BleFault::unreachable, error.getMessage());
    }
  }

  sdbus::IProxy& proxy(const std::string& path);
  void watch_signals();
  void watch_objects();
  void on_owner_changed(sdbus::Message& message);
  void on_properties(sdbus::Message& message);
  void read_tree();
  void on_owner(const std::string& owner);
  void merge(const std::string& path, const std::string& interface, const Properties& properties);
  void add(const std::string& path, const Interfaces& interfaces);
  void drop(const std::string& path, const std::string& interface);
  void notify_instead(const std::string& characteristic, Subscribed done);
  void serve_agent();
  void register_agent();
  std::string pin_of(const std::string& device) const;
  void allow(const std::string& device) const;

  Events events_;
  std::unique_ptr<sdbus::IConnection> bus_;
  std::unique_ptr<sdbus::IObject> agent_;
  std::map<std::string, std::unique_ptr<sdbus::IProxy>> proxies_;
  std::unique_ptr<sdbus::IProxy> root_;
  std::vector<sdbus::Slot> matches_;
  BleObjects objects_;
  bool running_ = false;
  bool answers_for_pins_ = false;
  std::uint32_t reading_ = 0;  // which reading of the tree is the last
};

// --- the bus -------------------------------------------------------------------------------------

void SystemBus::start() {
  bus_ = sdbus::createSystemBusConnection();
  serve_agent();
  watch_signals();
  read_tree();
}

sdbus::IProxy& SystemBus::proxy(const std::string& path) {
  auto& kept = proxies_[path];
  if (!kept) {
    kept = new_proxy(*bus_, kBlueZ, path);
    finish(*kept);
  }
  return *kept;
}

int SystemBus::wait_for(std::vector<pollfd>& descriptors) {
  const auto data = bus_->getEventLoopPollData();
  descriptors.push_back({data.fd, data.events, 0});
  if (const int second = second_descriptor(data); second >= 0)
    descriptors.push_back({second, POLLIN, 0});
  return data.getPollTimeout();
}

bool SystemBus::process() {
  try {
    while (step(*bus_)) {
    }
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void SystemBus::on_owner_changed(sdbus::Message& message) {
  std::string name, before, after;
  message >> name >> before >> after;
  on_owner(after);
}

void SystemBus::on_properties(sdbus::Message& message) {
  std::string interface;
  Properties changed;
  std::vector<std::string> gone;
  message >> interface >> changed >> gone;
  const std::string path = message.getPath();
  merge(path, interface, changed);
  if (const auto found = objects_.devices.find(path);
      found != objects_.devices.end() && std::find(gone.begin(), gone.end(), "RSSI") != gone.end())
    found->second.advertisement.signal.reset();
  events_.changed();
}

// Before the tree is read: what appears in between would be lost otherwise.
void SystemBus::watch_signals() {
  matches_.push_back(add_match(*bus_, kOwnerRule, [this](auto& message) {
    guarded("owner", [&] { on_owner_changed(message); });
  }));
  matches_.push_back(add_match(*bus_, kPropertiesRule, [this](auto& message) {
    guarded("properties", [&] { on_properties(message); });
  }));
  watch_objects();
}

void SystemBus::watch_objects() {
  root_ = new_proxy(*bus_, kBlueZ, "/");
  root_->uponSignal("InterfacesAdded")
      .onInterface(kObjectManager)
      .call([this](const sdbus::ObjectPath& path, const Interfaces& interfaces) {
        guarded("added", [&] {
          add(path, interfaces);
          events_.changed();
        });
      });
  root_->uponSignal("InterfacesRemoved")
      .onInterface(kObjectManager)
      .call([this](const sdbus::ObjectPath& path, const std::vector<InterfaceKey>& interfaces) {
        guarded("removed", [&] {
          for (const auto& interface : interfaces) drop(path, interface);
          events_.changed();
        });
      });
  finish(*root_);
}

void SystemBus::read_tree() {
  const std::uint32_t reading = ++reading_;
  root_->callMethodAsync("GetManagedObjects")
      .onInterface(kObjectManager)
      .withTimeout(kCallMost)
      .uponReplyInvoke([this, reading](Failure failure, const Tree& tree) {
        guarded("objects", [&] {
          if (reading != reading_) return;
          running_ = !failure;
          if (running_)
            for (const auto& [path, interfaces] : tree) add(path, interfaces);
          if (running_ && answers_for_pins_) register_agent();
          events_.changed();
        });
      });
}

void SystemBus::on_owner(const std::string& owner) {
  ++reading_;
  running_ = false;
  objects_ = {};
  events_.changed();
  if (owner.empty()) return;
  serve_agent();
  read_tree();
}

// --- objects -------------------------------------------------------------------------------------

void SystemBus::add(const std::string& path, const Interfaces& interfaces) {
  for (const auto& [interface, keyed] : interfaces) {
    Properties properties;
    for (const auto& [key, value] : keyed) properties.emplace(std::string(key), value);
    if (interface == kAdapter) objects_.adapters[path];
    if (interface == kDevice) objects_.devices[path];
    if (interface == kService) objects_.services[path];
    if (interface == kCharacteristic) objects_.characteristics[path];
    merge(path, std::string(interface), properties);
  }
}

void SystemBus::merge(const std::string& path, const std::string& interface,
                      const Properties& properties) {
  if (interface == kAdapter) {
    if (const auto found = objects_.adapters.find(path); found != objects_.adapters.end()) {
      take(properties, "Address", found->second.address);
      take(properties, "Powered", found->second.powered);
    }
  } else if (interface == kDevice) {
    if (const auto found = objects_.devices.find(path); found != objects_.devices.end()) {
      take(properties, "Connected", found->second.connected);
      take(properties, "ServicesResolved", found->second.resolved);
      take(properties, "Paired", found->second.paired);
      take(properties, "Address", found->second.address);
      take_advertisement(properties, found->second.advertisement);
    }
  } else if (interface == kService) {
    take(properties, "UUID", objects_.services[path]);
  } else if (interface == kCharacteristic) {
    if (const auto found = objects_.characteristics.find(path);
        found != objects_.characteristics.end()) {
      take(properties, "UUID", found->second.uuid);
      take(properties, "Flags", found->second.flags);
    }
    std::vector<std::uint8_t> value;
    take(properties, "Value", value);
    if (!value.empty()) events_.value(path, value);
  }
}

void SystemBus::drop(const std::string& path, const std::string& interface) {
  if (interface == kAdapter) objects_.adapters.erase(path);
  if (interface == kDevice) objects_.devices.erase(path);
  if (interface == kService) objects_.services.erase(path);
  if (interface == kCharacteristic) objects_.characteristics.erase(path);
}

// --- orders --------------------------------------------------------------------------------------

void SystemBus::scan(const std::string& adapter, bool on, Done done) {
  if (!on) return call(adapter, kAdapter, "StopDiscovery", done);
  std::map<std::string, sdbus::Variant> filter;
  filter.emplace("Transport", sdbus::Variant(std::string("le")));
  filter.emplace("DuplicateData", sdbus::Variant(false));
  call(
      adapter, kAdapter, "SetDiscoveryFilter", [](BleFault, const std::string&) {}, filter);
  call(adapter, kAdapter, "StartDiscovery", done);
}

void SystemBus::power(const std::string& adapter, bool on, Done done) {
  call(adapter, kPropertiesInterface, "Set", done, std::string(kAdapter), std::string("Powered"),
       sdbus::Variant(on));
}

void SystemBus::write(const std::string& characteristic, std::span<const std::uint8_t> bytes,
                      Done done) {
  std::map<std::string, sdbus::Variant> options;
  options.emplace("type", sdbus::Variant(std::string("command")));
  call(characteristic, kCharacteristic, "WriteValue", done,
       std::vector<std::uint8_t>(bytes.begin(), bytes.end()), options);
}

// A socket of our own spares D-Bus every notification; if somebody else has it, signals do.
void SystemBus::subscribe(const std::string& characteristic, Subscribed done) {
  try {
    proxy(characteristic)
        .callMethodAsync("AcquireNotify")
        .onInterface(kCharacteristic)
        .withTimeout(kCallMost)
        .withArguments(std::map<std::string, sdbus::Variant>{})
        .uponReplyInvoke([this, characteristic, done](Failure failure, sdbus::UnixFd socket,
                                                      std::uint16_t /*mtu*/) {
          guarded("AcquireNotify", [&] {
            const BleFault fault = fault_of(failure);
            if (fault == BleFault::none) return done(Descriptor{socket.release()}, fault, {});
            if (fault == BleFault::not_paired || fault == BleFault::unreachable ||
                fault == BleFault::unknown_object)
              return done({}, fault, text_of(failure));
            notify_instead(characteristic, done);
          });
        });
  } catch (const sdbus::Error& error) {
    done({}, BleFault::unreachable, error.getMessage());
  }
}

void SystemBus::notify_instead(const std::string& characteristic, Subscribed done) {
  call(
      characteristic, kCharacteristic, "StartNotify",
      [done = std::move(done)](BleFault fault, const std::string& text) { done({}, fault, text); });
}

// --- pairing -------------------------------------------------------------------------------------

// The agent of the connection that says Pair() is the one asked; registering twice is refused, and
// harmless. "KeyboardOnly": the PIN is on the device, and typed in here.
void SystemBus::register_agent() {
  call(
      "/org/bluez", "org.bluez.AgentManager1", "RegisterAgent", [](BleFault, const std::string&) {},
      sdbus::ObjectPath{kAgentPath}, std::string("KeyboardOnly"));
}

void SystemBus::answer_for_pins() {
  answers_for_pins_ = true;
  if (running_) register_agent();
}

std::string SystemBus::pin_of(const std::string& device) const {
  const auto pin = events_.pin(device);
  if (!pin) throw rejected();
  return *pin;
}

void SystemBus::allow(const std::string& device) const { pin_of(device); }

void SystemBus::serve_agent() {
  if (agent_) return;
  const auto passkey = [this](const sdbus::ObjectPath& device) -> std::uint32_t {
    return static_cast<std::uint32_t>(std::strtoul(pin_of(device).c_str(), nullptr, 10));
  };
  const auto pin_code = [this](const sdbus::ObjectPath& device) -> std::string {
    return pin_of(device);
  };
  const auto confirm = [this](const sdbus::ObjectPath& device, std::uint32_t) { allow(device); };
  const auto authorize = [this](const sdbus::ObjectPath& device) { allow(device); };
  const auto nothing = [] {};
#if CW_SDBUS_MAJOR >= 2
  agent_ = sdbus::createObject(*bus_, sdbus::ObjectPath{kAgentPath});
  agent_
      ->addVTable(sdbus::registerMethod("RequestPasskey").implementedAs(passkey),
                  sdbus::registerMethod("RequestPinCode").implementedAs(pin_code),
                  sdbus::registerMethod("RequestConfirmation").implementedAs(confirm),
                  sdbus::registerMethod("RequestAuthorization").implementedAs(authorize),
                  sdbus::registerMethod("Cancel").implementedAs(nothing),
                  sdbus::registerMethod("Release").implementedAs(nothing))
      .forInterface(kAgent);
#else
  agent_ = sdbus::createObject(*bus_, kAgentPath);
  agent_->registerMethod("RequestPasskey").onInterface(kAgent).implementedAs(passkey);
  agent_->registerMethod("RequestPinCode").onInterface(kAgent).implementedAs(pin_code);
  agent_->registerMethod("RequestConfirmation").onInterface(kAgent).implementedAs(confirm);
  agent_->registerMethod("RequestAuthorization").onInterface(kAgent).implementedAs(authorize);
  agent_->registerMethod("Cancel").onInterface(kAgent).implementedAs(nothing);
  agent_->registerMethod("Release").onInterface(kAgent).implementedAs(nothing);
  agent_->finishRegistration();
#endif
}

}  // namespace

std::unique_ptr<BleBus> BleBus::open(Events events, std::string& why) {
  auto bus = std::make_unique<SystemBus>(std::move(events));
  try {
    bus->start();
  } catch (const std::exception& error) {
    why = fmt::format("no D-Bus system bus: {}", error.what());
    return nullptr;
  }
  return bus;
}

}  // namespace cw
