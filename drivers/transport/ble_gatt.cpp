// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/ble_gatt.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

namespace cw {
namespace {

constexpr Millis kTellMost{3'000};  // BlueZ needs for its first list of objects
constexpr Millis kBusAgain{5'000};
constexpr Millis kFarewellMost{4'000};  // to disconnect everybody when the thread ends
constexpr Millis kLookAround{5'000};
constexpr Millis kAskAgain{100};
constexpr std::size_t kChatterMost = 4;  // radio modules say "AT\r\n" however deaf the BMS is

Instant clock_now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return {std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
}

std::uint32_t seed_of(const std::string& name) {
  return static_cast<std::uint32_t>(std::hash<std::string>{}(name) ^
                                    static_cast<std::size_t>(clock_now().ms));
}

}  // namespace

std::shared_ptr<BleGatt> BleGatt::shared() {
  static std::weak_ptr<BleGatt> the_one;
  auto gatt = the_one.lock();
  if (!gatt) the_one = gatt = std::make_shared<BleGatt>();
  return gatt;
}

BleGatt::BleGatt() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), thread_([this] { run(); }) {}

BleGatt::~BleGatt() {
  stopping_ = true;
  wake();
  thread_.join();
}

void BleGatt::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void BleGatt::begin(BleSession session) {
  {
    const std::lock_guard lock(mutex_);
    mailbox_.push_back(std::move(session));
  }
  wake();
}

// --- the thread ----------------------------------------------------------------------------------

void BleGatt::run() {
  std::optional<Instant> farewell;
  while (true) {
    const Instant now = clock_now();
    if (stopping_ && !farewell) {
      farewell = now;
      for (auto& [name, adapter] : adapters_)
        for (auto& device : adapter->devices) adapter->central.unwant(device->number, now);
    }
    if (farewell && (quiet() || now >= *farewell + kFarewellMost)) return;
    keep_bus(now);
    synchronise(now);
    if (!farewell) take_sessions(now);
    for (auto& [name, adapter] : adapters_) adapter->central.on_time(now);
    pump();
    wait(now);
  }
}

bool BleGatt::quiet() const {
  return !bus_ || std::all_of(adapters_.begin(), adapters_.end(),
                              [](const auto& entry) { return entry.second->central.quiet(); });
}

void BleGatt::keep_bus(Instant now) {
  if (bus_) return;
  if (!bus_trouble_.empty() && now < bus_tried_ + kBusAgain) return;
  bus_tried_ = now;
  BleBus::Events events;
  events.changed = [] {};  // looked at in every turn
  events.value = [this](const std::string& path, std::span<const std::uint8_t> bytes) {
    Adapter* adapter = nullptr;
    if (Device* const device = at(path, adapter); device != nullptr && !device->notify.valid())
      forward(*adapter, *device, bytes, clock_now());
  };
  events.pin = [this](const std::string& path) -> std::optional<std::string> {
    Adapter* adapter = nullptr;
    const Device* const device = at(path, adapter);
    if (device == nullptr || device->pin.empty()) return std::nullopt;
    return device->pin;
  };
  bus_trouble_.clear();
  bus_ = BleBus::open(std::move(events), bus_trouble_);
}

void BleGatt::lose_bus(Instant now) {
  bus_.reset();
  bus_trouble_ = "the D-Bus system bus went away";
  bus_tried_ = now;
  synchronise(now);
}

/// The device that this path is of, or a path inside of it.
BleGatt::Device* BleGatt::at(const std::string& path, Adapter*& adapter) {
  for (auto& [name, candidate] : adapters_)
    for (auto& device : candidate->devices)
      if (!candidate->path.empty() && path.starts_with(path_of(*candidate, *device))) {
        adapter = candidate.get();
        return device.get();
      }
  return nullptr;
}

// --- sessions ------------------------------------------------------------------------------------

void BleGatt::take_sessions(Instant now) {
  {
    const std::lock_guard lock(mutex_);
    std::move(mailbox_.begin(), mailbox_.end(), std::back_inserter(waiting_));
    mailbox_.clear();
  }
  const bool told = !bus_ || bus_->running() || now >= bus_tried_ + kTellMost;
  if (!told) return;
  for (BleSession& session : std::exchange(waiting_, {})) begin_now(std::move(session), now);
}

void BleGatt::begin_now(BleSession session, Instant now) {
  auto& adapter = adapters_[session.adapter];
  if (!adapter) {
    adapter = std::make_unique<Adapter>(session.adapter, seed_of(session.address));
    synchronise(now);
  }
  auto& devices = adapter->devices;
  auto found = std::find_if(devices.begin(), devices.end(),
                            [&](const auto& device) { return device->address == session.address; });
  if (found == devices.end()) {
    devices.push_back(std::make_unique<Device>());
    found = std::prev(devices.end());
    (*found)->address = session.address;
    (*found)->pin = session.pin;
    (*found)->number = adapter->central.add(!session.pin.empty());
    synchronise(*adapter, **found, now);
  }
  Device& device = **found;
  device.owner = std::move(session.socket);
  if (bus_ && !device.pin.empty()) bus_->answer_for_pins();
  if (!bus_) return tell(device, {device.number, false, bus_trouble_});
  adapter->central.want(device.number, now);
}

// --- what BlueZ says -----------------------------------------------------------------------------

void BleGatt::synchronise(Instant now) {
  const bool running = bus_ && bus_->running();
  for (auto& [name, adapter] : adapters_) {
    if (running != adapter->running) {
      adapter->running = running;
      adapter->path.clear();
      adapter->powered = false;
      for (auto& device : adapter->devices) device->resolved = device->usable = false;
      adapter->central.on_service(running, now);
    }
    if (!running) continue;
    const std::string path = find_adapter(bus_->objects(), name);
    const bool powered = !path.empty() && bus_->objects().adapters.at(path).powered;
    if (path != adapter->path || powered != adapter->powered) {
      adapter->path = path;
      adapter->powered = powered;
      adapter->central.on_adapter(!path.empty(), powered, now);
    }
    for (auto& device : adapter->devices) synchronise(*adapter, *device, now);
  }
}

void BleGatt::synchronise(Adapter& adapter, Device& device, Instant now) {
  if (!bus_ || adapter.path.empty()) return;
  const std::string path = path_of(adapter, device);
  const auto found = bus_->objects().devices.find(path);
  const bool known = found != bus_->objects().devices.end();
  const BleDeviceObject object = known ? found->second : BleDeviceObject{};
  const auto data = object.resolved ? find_data(bus_->objects(), path) : std::nullopt;
  if (data) device.data = *data;
  adapter.central.on_known(device.number, known, now);
  if (!known) {
    device.resolved = device.usable = false;
    return;
  }
  adapter.central.on_paired(device.number, object.paired);
  adapter.central.on_connected(device.number, object.connected, now);
  const bool resolved = object.connected && object.resolved;
  if (resolved && (!device.resolved || device.usable != data.has_value()))
    adapter.central.on_resolved(device.number, data.has_value(), now);
  device.resolved = resolved;
  device.usable = resolved && data.has_value();
}

// --- what is decided -----------------------------------------------------------------------------

void BleGatt::pump() {
  for (auto& [name, adapter] : adapters_) {
    while (const auto order = adapter->central.take_order()) obey(*adapter, *order);
    while (const auto news = adapter->central.take_news())
      tell(*adapter->devices[news->device], *news);
  }
}

void BleGatt::obey(Adapter& adapter, BleOrder order) {
  BleCentral* const central = &adapter.central;
  const auto done = [central, order](BleFault fault, const std::string& text) {
    central->on_result(order, fault, text, clock_now());
  };
  if (!bus_ || adapter.path.empty()) return done(BleFault::unreachable, "");
  switch (order.what) {
    case BleDo::scan: return bus_->scan(adapter.path, true, done);
    case BleDo::stop_scan: return bus_->scan(adapter.path, false, done);
    case BleDo::power_off: return bus_->power(adapter.path, false, done);
    case BleDo::power_on: return bus_->power(adapter.path, true, done);
    default: break;
  }
  Device* const device = adapter.devices[order.device].get();
  const std::string path = path_of(adapter, *device);
  switch (order.what) {
    case BleDo::connect: return bus_->connect(path, done);
    case BleDo::disconnect: device->notify.reset(); return bus_->disconnect(path, done);
    case BleDo::remove: return bus_->remove(adapter.path, path, done);
    case BleDo::pair: return bus_->pair(path, done);
    default: return subscribe(adapter, *device, order);
  }
}

void BleGatt::subscribe(Adapter& adapter, Device& device, BleOrder order) {
  bus_->subscribe(device.data.notify, [&adapter, &device, order](Descriptor socket, BleFault fault,
                                                                 const std::string& text) {
    device.notify = std::move(socket);
    adapter.central.on_result(order, fault, text, clock_now());
    if (!adapter.central.up(device.number)) device.notify.reset();
  });
}

void BleGatt::tell(Device& device, const BleNews& news) {
  const auto* const text = reinterpret_cast<const std::uint8_t*>(news.why.data());
  send(device, news.up ? BleMessage::up : BleMessage::down, {text, news.why.size()});
  if (news.up) return;
  device.owner.reset();
  device.notify.reset();
}

bool BleGatt::send(Device& device, BleMessage what, std::span<const std::uint8_t> bytes) {
  if (!device.owner.valid()) return true;
  std::array<std::uint8_t, kBleNotificationMost + 1> message;
  const std::size_t size = std::min(bytes.size(), kBleNotificationMost);
  message[0] = static_cast<std::uint8_t>(what);
  std::copy_n(bytes.begin(), size, message.begin() + 1);
  return ::send(device.owner.get(), message.data(), size + 1, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

// --- descriptors ---------------------------------------------------------------------------------

void BleGatt::wait(Instant now) {
  std::vector<pollfd> descriptors{{wake_.get(), POLLIN, 0}};
  int most = kLookAround.count;
  try {
    if (bus_) {
      const int wanted = bus_->wait_for(descriptors);
      if (wanted >= 0) most = std::min(most, wanted);
    }
  } catch (const std::exception&) {
    return lose_bus(now);
  }
  if (!waiting_.empty()) most = kAskAgain.count;
  for (auto& [name, adapter] : adapters_) {
    const std::int64_t left = adapter->central.deadline().ms - now.ms;
    most = static_cast<int>(std::clamp<std::int64_t>(left, 0, most));
    for (auto& device : adapter->devices) {
      if (device->owner.valid()) descriptors.push_back({device->owner.get(), POLLIN, 0});
      if (device->notify.valid()) descriptors.push_back({device->notify.get(), POLLIN, 0});
    }
  }
  ::poll(descriptors.data(), descriptors.size(), most);
  std::uint64_t woken = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &woken, sizeof woken);
  const Instant then = clock_now();
  if (bus_ && !bus_->process()) lose_bus(then);
  for (auto& [name, adapter] : adapters_)
    for (auto& device : adapter->devices) serve(*adapter, *device, then);
}

void BleGatt::serve(Adapter& adapter, Device& device, Instant now) {
  if (device.notify.valid()) read_notifications(adapter, device, now);
  if (device.owner.valid()) read_owner(adapter, device, now);
}

void BleGatt::read_owner(Adapter& adapter, Device& device, Instant now) {
  std::array<std::uint8_t, kBleNotificationMost> message;
  while (device.owner.valid()) {
    const ssize_t got = ::recv(device.owner.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (got < 0) return;
    if (got == 0) {  // it gave the link up
      device.owner.reset();
      adapter.central.unwant(device.number, now);
      return;
    }
    if (bus_ && adapter.central.up(device.number))
      bus_->write(device.data.write, {message.data(), static_cast<std::size_t>(got)},
                  [](BleFault, const std::string&) {});  // silence follows, and is noticed
  }
}

void BleGatt::read_notifications(Adapter& adapter, Device& device, Instant now) {
  std::array<std::uint8_t, kBleNotificationMost> message;
  while (device.notify.valid()) {
    const ssize_t got = ::recv(device.notify.get(), message.data(), message.size(), MSG_DONTWAIT);
    if (got < 0) return;
    if (got == 0) {
      device.notify.reset();
      adapter.central.on_silenced(device.number, now);
      return;
    }
    forward(adapter, device, {message.data(), static_cast<std::size_t>(got)}, now);
  }
}

/// What the owner does not take for minutes is not kept: it gets a new link when it is awake again.
void BleGatt::forward(Adapter& adapter, Device& device, std::span<const std::uint8_t> bytes,
                      Instant now) {
  if (bytes.size() > kChatterMost) adapter.central.on_data(device.number, now);
  if (send(device, BleMessage::data, bytes)) return;
  device.owner.reset();
  adapter.central.unwant(device.number, now);
}

}  // namespace cw
