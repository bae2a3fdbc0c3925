// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_ble.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>

#include <cstring>
#include <vector>

namespace cw {
namespace {

constexpr const char* kBlueZ = "org.bluez";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
constexpr const char* kAdverts = "org.bluez.LEAdvertisingManager1";
constexpr const char* kRoot = "/org/cellwarden/board";
constexpr const char* kServicePath = "/org/cellwarden/board/service";
constexpr const char* kDataPath = "/org/cellwarden/board/service/data";
constexpr const char* kAdvertPath = "/org/cellwarden/advertisement";
constexpr const char* kService = "org.bluez.GattService1";
constexpr const char* kCharacteristic = "org.bluez.GattCharacteristic1";
constexpr const char* kAdvertisement = "org.bluez.LEAdvertisement1";
constexpr const char* kDevice = "org.bluez.Device1";
constexpr const char* kServiceUuid = "0000ffe0-0000-1000-8000-00805f9b34fb";
constexpr const char* kDataUuid = "0000ffe1-0000-1000-8000-00805f9b34fb";
constexpr std::uint16_t kMaker = 0x0B65;  // in the advertisements of JK's modules
constexpr int kTendsPerAdvertisement = 10;

class Ble final : public SimulationEndpoint {
 public:
  Ble(Loop& loop, BleEndpoint endpoint, Receive receive)
      : loop_(loop),
        endpoint_(std::move(endpoint)),
        receive_(std::move(receive)),
        adapter_("/org/bluez/" + endpoint_.adapter) {}
  ~Ble() override { shut(); }

  bool open() override;
  void close() override { shut(); }
  bool is_open() const override { return bus_ != nullptr; }
  void send(std::span<const std::uint8_t> bytes) override;
  void tend() override;
  std::string address() const override { return address_; }

  // What BlueZ asks of us.
  int on_write(sd_bus_message* call);
  int on_notify(sd_bus_message* call, bool on);
  int on_added(sd_bus_message* signal);
  int on_device(sd_bus_message* signal);
  int on_reply(sd_bus_message* reply, const char* what);
  int on_withdrawn();
  int on_advertised(sd_bus_message* reply);
  const std::string& name() const { return endpoint_.name; }
  const std::string& mac() const { return address_; }

 private:
  bool fail(const char* what, int error);
  bool read_address();
  bool offer();
  bool add(const char* path, const char* interface, const sd_bus_vtable* table);
  void ask(const char* interface, const char* member, const char* path, bool options,
           sd_bus_message_handler_t done);
  void process();
  bool listen();
  void advertise();
  int read_device(sd_bus_message* properties, const std::string& path);
  void note_connected(const std::string& path, bool connected);
  void note_central(sd_bus_message* call);
  void link(bool listening);
  void shut();

  Loop& loop_;
  BleEndpoint endpoint_;
  Receive receive_;
  std::string adapter_;
  std::string address_;
  sd_bus* bus_ = nullptr;
  int watched_ = -1;
  std::string central_;  // path of the one that wrote or listens; empty: nobody does
  bool connected_ = false;
  bool listening_ = false;
  bool processing_ = false;
  bool advertising_ = false;  // BlueZ was asked and has not answered yet
  bool refused_ = false;      // that was told
  int tends_ = 0;
};

Ble& self(void* data) { return *static_cast<Ble*>(data); }

// --- properties and methods, as BlueZ reads them -------------------------------------------------

int uuid_of(sd_bus*, const char*, const char* interface, const char*, sd_bus_message* reply, void*,
            sd_bus_error*) {
  const bool service = std::strcmp(interface, kService) == 0;
  return sd_bus_message_append(reply, "s", service ? kServiceUuid : kDataUuid);
}
int primary(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
            sd_bus_error*) {
  return sd_bus_message_append(reply, "b", 1);
}
int service_of(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
               sd_bus_error*) {
  return sd_bus_message_append(reply, "o", kServicePath);
}
int flags_of(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
             sd_bus_error*) {
  return sd_bus_message_append(reply, "as", 3, "write", "write-without-response", "notify");
}
int advert_type(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
                sd_bus_error*) {
  return sd_bus_message_append(reply, "s", "peripheral");
}
int advert_name(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* data,
                sd_bus_error*) {
  return sd_bus_message_append(reply, "s", self(data).name().c_str());
}
int advert_services(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void*,
                    sd_bus_error*) {
  return sd_bus_message_append(reply, "as", 1, kServiceUuid);
}
// 88 A0 and the address, in the order it is printed.
int advert_maker(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* data,
                 sd_bus_error*) {
  unsigned a[6] = {};
  (void)std::sscanf(self(data).mac().c_str(), "%x:%x:%x:%x:%x:%x", &a[0], &a[1], &a[2], &a[3],
                    &a[4], &a[5]);
  return sd_bus_message_append(reply, "a{qv}", 1, kMaker, "ay", 8, 0x88, 0xA0, a[0], a[1], a[2],
                               a[3], a[4], a[5]);
}

int write_value(sd_bus_message* call, void* data, sd_bus_error*) {
  return self(data).on_write(call);
}
int start_notify(sd_bus_message* call, void* data, sd_bus_error*) {
  return self(data).on_notify(call, true);
}
int stop_notify(sd_bus_message* call, void* data, sd_bus_error*) {
  return self(data).on_notify(call, false);
}
int nothing(sd_bus_message* call, void*, sd_bus_error*) {
  return sd_bus_reply_method_return(call, "");
}
int device_changed(sd_bus_message* signal, void* data, sd_bus_error*) {
  return self(data).on_device(signal);
}
int device_added(sd_bus_message* signal, void* data, sd_bus_error*) {
  return self(data).on_added(signal);
}
int registered(sd_bus_message* reply, void* data, sd_bus_error*) {
  return self(data).on_reply(reply, "service");
}
int withdrawn(sd_bus_message*, void* data, sd_bus_error*) { return self(data).on_withdrawn(); }
int advertised(sd_bus_message* reply, void* data, sd_bus_error*) {
  return self(data).on_advertised(reply);
}
int ignored(sd_bus_message*, void*, sd_bus_error*) { return 0; }

const sd_bus_vtable kServiceTable[] = {
    SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("UUID", "s", uuid_of, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Primary", "b", primary, 0, SD_BUS_VTABLE_PROPERTY_CONST), SD_BUS_VTABLE_END};
const sd_bus_vtable kDataTable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("UUID", "s", uuid_of, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Service", "o", service_of, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Flags", "as", flags_of, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_METHOD("WriteValue", "aya{sv}", "", write_value, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StartNotify", "", "", start_notify, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StopNotify", "", "", stop_notify, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};
const sd_bus_vtable kAdvertTable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Type", "s", advert_type, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("LocalName", "s", advert_name, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("ServiceUUIDs", "as", advert_services, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("ManufacturerData", "a{qv}", advert_maker, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_METHOD("Release", "", "", nothing, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END};

// --- the endpoint --------------------------------------------------------------------------------

bool Ble::fail(const char* what, int error) {
  error_ = fmt::format("{}: {}: {}", endpoint_.adapter, what, std::strerror(-error));
  shut();
  return false;
}

bool Ble::open() {
  shut();
  int done = sd_bus_open_system(&bus_);
  if (done < 0) return fail("no system bus", done);
  if (!read_address() || !offer() || !listen()) return false;
  watched_ = sd_bus_get_fd(bus_);
  loop_.watch(watched_, EPOLLIN, [this](std::uint32_t) { process(); });
  ask("org.bluez.GattManager1", "RegisterApplication", kRoot, true, registered);
  advertise();
  return true;
}

/// Who connects is a device that changes, or for the first time a new one.
bool Ble::listen() {
  const std::string changed = fmt::format(
      "type='signal',sender='org.bluez',interface='{}',member='PropertiesChanged',"
      "path_namespace='{}',arg0='{}'",
      kProperties, adapter_, kDevice);
  const std::string added = fmt::format(
      "type='signal',sender='org.bluez',interface='org.freedesktop.DBus.ObjectManager',"
      "member='InterfacesAdded',arg0path='{}/'",
      adapter_);
  int done = sd_bus_add_match(bus_, nullptr, changed.c_str(), device_changed, this);
  if (done >= 0) done = sd_bus_add_match(bus_, nullptr, added.c_str(), device_added, this);
  return done >= 0 || fail("BlueZ is not heard", done);
}

bool Ble::read_address() {
  char* address = nullptr;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  const int done = sd_bus_get_property_string(bus_, kBlueZ, adapter_.c_str(), "org.bluez.Adapter1",
                                              "Address", &error, &address);
  sd_bus_error_free(&error);
  if (done < 0) return fail("BlueZ has no such adapter", done);
  address_ = address;
  std::free(address);
  return true;
}

bool Ble::add(const char* path, const char* interface, const sd_bus_vtable* table) {
  const int done = sd_bus_add_object_vtable(bus_, nullptr, path, interface, table, this);
  return done >= 0 || fail(path, done);
}

bool Ble::offer() {
  const int done = sd_bus_add_object_manager(bus_, nullptr, kRoot);
  if (done < 0) return fail(kRoot, done);
  return add(kServicePath, kService, kServiceTable) &&
         add(kDataPath, kCharacteristic, kDataTable) &&
         add(kAdvertPath, kAdvertisement, kAdvertTable);
}

/// Something about one of our objects, that is not waited for.
void Ble::ask(const char* interface, const char* member, const char* path, bool options,
              sd_bus_message_handler_t done) {
  if (options)
    (void)sd_bus_call_method_async(bus_, nullptr, kBlueZ, adapter_.c_str(), interface, member, done,
                                   this, "oa{sv}", path, 0);
  else
    (void)sd_bus_call_method_async(bus_, nullptr, kBlueZ, adapter_.c_str(), interface, member, done,
                                   this, "o", path);
  sd_bus_flush(bus_);
}

void Ble::process() {
  if (bus_ == nullptr || processing_) return;
  processing_ = true;
  int done = 0;
  do done = sd_bus_process(bus_, nullptr);
  while (done > 0);
  processing_ = false;
  if (done < 0) fail("the system bus is gone", done);
}

// A radio advertises again and again; a virtual controller only once for each registration. On a
// busy machine one takes longer than a round: it is not withdrawn before it began.
void Ble::tend() {
  process();
  if (bus_ == nullptr || connected_ || advertising_ || ++tends_ % kTendsPerAdvertisement != 0)
    return;
  advertising_ = true;
  ask(kAdverts, "UnregisterAdvertisement", kAdvertPath, false, withdrawn);
}

void Ble::advertise() {
  advertising_ = true;
  ask(kAdverts, "RegisterAdvertisement", kAdvertPath, true, advertised);
}

// Whether it was there or not: somebody may have connected meanwhile.
int Ble::on_withdrawn() {
  advertising_ = false;
  if (!connected_) advertise();
  return 0;
}

int Ble::on_advertised(sd_bus_message* reply) {
  advertising_ = false;
  const bool refused = sd_bus_message_get_error(reply) != nullptr;
  if (refused && !refused_) (void)on_reply(reply, "advertisement");
  refused_ = refused;
  return 0;
}

void Ble::link(bool listening) {
  if (listening == listening_) return;
  listening_ = listening;
  endpoint_.link(listening);
}

int Ble::on_write(sd_bus_message* call) {
  const void* bytes = nullptr;
  std::size_t size = 0;
  const int done = sd_bus_message_read_array(call, 'y', &bytes, &size);
  if (done < 0) return done;
  note_central(call);
  receive_({static_cast<const std::uint8_t*>(bytes), size});
  return sd_bus_reply_method_return(call, "");
}

// Should BlueZ have said nothing of it, its writes name it.
void Ble::note_central(sd_bus_message* call) {
  if (!central_.empty() || sd_bus_message_enter_container(call, 'a', "{sv}") < 0) return;
  while (sd_bus_message_enter_container(call, 'e', "sv") > 0) {
    const char* key = nullptr;
    const char* path = nullptr;
    if (sd_bus_message_read(call, "s", &key) < 0) return;
    const bool device = std::strcmp(key, "device") == 0;
    if ((device ? sd_bus_message_read(call, "v", "o", &path) : sd_bus_message_skip(call, "v")) < 0)
      return;
    if (device) central_ = path;
    sd_bus_message_exit_container(call);
  }
  connected_ = true;
}

int Ble::on_notify(sd_bus_message* call, bool on) {
  link(on);
  return sd_bus_reply_method_return(call, "");
}

int Ble::on_added(sd_bus_message* signal) {
  const char* path = nullptr;
  if (sd_bus_message_read(signal, "o", &path) < 0) return 0;
  if (sd_bus_message_enter_container(signal, 'a', "{sa{sv}}") < 0) return 0;
  while (sd_bus_message_enter_container(signal, 'e', "sa{sv}") > 0) {
    const char* interface = nullptr;
    int done = sd_bus_message_read(signal, "s", &interface);
    if (done < 0) return 0;
    done = std::strcmp(interface, kDevice) == 0 ? read_device(signal, path)
                                                : sd_bus_message_skip(signal, "a{sv}");
    if (done < 0 || sd_bus_message_exit_container(signal) < 0) return 0;
  }
  return 0;
}

int Ble::on_device(sd_bus_message* signal) {
  if (sd_bus_message_skip(signal, "s") >= 0)
    (void)read_device(signal, sd_bus_message_get_path(signal));
  return 0;
}

/// Reads all of a{sv}; negative: it is something else.
int Ble::read_device(sd_bus_message* properties, const std::string& path) {
  int done = sd_bus_message_enter_container(properties, 'a', "{sv}");
  while (done >= 0 && (done = sd_bus_message_enter_container(properties, 'e', "sv")) > 0) {
    const char* key = nullptr;
    int connected = 0;
    done = sd_bus_message_read(properties, "s", &key);
    if (done < 0) return done;
    const bool tells = std::strcmp(key, "Connected") == 0;
    done = tells ? sd_bus_message_read(properties, "v", "b", &connected)
                 : sd_bus_message_skip(properties, "v");
    if (done >= 0 && tells) note_connected(path, connected != 0);
    if (done >= 0) done = sd_bus_message_exit_container(properties);
  }
  return done < 0 ? done : sd_bus_message_exit_container(properties);
}

// One that is not ours says nothing about the one that is.
void Ble::note_connected(const std::string& path, bool connected) {
  if (!connected && path != central_) return;
  connected_ = connected;
  central_ = connected ? path : "";
  if (!connected) link(false);
}

int Ble::on_reply(sd_bus_message* reply, const char* what) {
  if (const sd_bus_error* error = sd_bus_message_get_error(reply))
    fmt::print(stderr, "{}: BlueZ refuses the {}: {}\n", endpoint_.adapter, what, error->message);
  return 0;
}

void Ble::send(std::span<const std::uint8_t> bytes) {
  if (bus_ == nullptr || !listening_) return;
  sd_bus_message* signal = nullptr;
  if (sd_bus_message_new_signal(bus_, &signal, kDataPath, kProperties, "PropertiesChanged") < 0)
    return;
  const bool made =
      sd_bus_message_append(signal, "s", kCharacteristic) >= 0 &&
      sd_bus_message_open_container(signal, 'a', "{sv}") >= 0 &&
      sd_bus_message_open_container(signal, 'e', "sv") >= 0 &&
      sd_bus_message_append(signal, "s", "Value") >= 0 &&
      sd_bus_message_open_container(signal, 'v', "ay") >= 0 &&
      sd_bus_message_append_array(signal, 'y', bytes.data(), bytes.size()) >= 0 &&
      sd_bus_message_close_container(signal) >= 0 && sd_bus_message_close_container(signal) >= 0 &&
      sd_bus_message_close_container(signal) >= 0 && sd_bus_message_append(signal, "as", 0) >= 0;
  if (made && sd_bus_send(bus_, signal, nullptr) >= 0) sd_bus_flush(bus_);
  sd_bus_message_unref(signal);
}

/// Whoever is connected is sent away; with the connection to the bus goes all that was offered.
void Ble::shut() {
  if (bus_ == nullptr) return;
  if (!central_.empty()) {
    (void)sd_bus_call_method_async(bus_, nullptr, kBlueZ, central_.c_str(), kDevice, "Disconnect",
                                   ignored, this, "");
    sd_bus_flush(bus_);
  }
  if (watched_ >= 0) loop_.forget(watched_);
  watched_ = -1;
  bus_ = sd_bus_flush_close_unref(bus_);
  central_.clear();
  connected_ = advertising_ = refused_ = false;
  tends_ = 0;
  link(false);
}

}  // namespace

std::unique_ptr<SimulationEndpoint> make_ble(Loop& loop, BleEndpoint endpoint,
                                             SimulationEndpoint::Receive receive) {
  return std::make_unique<Ble>(loop, std::move(endpoint), std::move(receive));
}

}  // namespace cw
