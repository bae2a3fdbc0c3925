// SPDX-License-Identifier: Apache-2.0
// The thread that serves all Bluetooth links: BlueZ on one side, a socket for each link on the
// other, and a BleCentral for each adapter that decides. Foreign code, which might block, stays out
// of the main loop this way.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "drivers/transport/ble_bus.h"

namespace cw {

/// A link that is wanted. `socket` is one end of a pair of sockets that keep messages apart
/// (SOCK_SEQPACKET): the bounded queue between the threads. Closing the other end gives the link
/// up.
struct BleSession {
  std::string adapter;  // "hci0", or the adapter's own address
  std::string address;
  std::string pin;  // empty: none
  Descriptor socket;
};

/// The first byte of each message to the owner of a session; the rest belongs to it. In the other
/// direction a message is what is to be written, without such a byte.
enum class BleMessage : std::uint8_t {
  up = 'U',    // the link is there
  data = 'D',  // a notification
  down = 'X',  // why it is not there, or not any more; the last message
};

/// The longest notification that there is (ATT MTU 517).
inline constexpr std::size_t kBleNotificationMost = 514;

class BleGatt {
 public:
  /// The one that all share; it ends, and with it every link, when the last owner lets go.
  static std::shared_ptr<BleGatt> shared();

  BleGatt();
  ~BleGatt();
  BleGatt(const BleGatt&) = delete;
  BleGatt& operator=(const BleGatt&) = delete;

  void begin(BleSession session);

 private:
  /// Lives as long as the thread, so that what was learnt about a device outlives a link.
  struct Device {
    std::string address;
    std::string pin;
    std::size_t number = 0;  // at its central
    Descriptor owner;
    Descriptor notify;
    BleDataPaths data;
    bool resolved = false;  // as told to the central, both
    bool usable = false;
  };
  struct Adapter {
    explicit Adapter(const std::string& name, std::uint32_t seed) : central(name, seed) {}
    BleCentral central;
    std::string path;  // empty: not there
    bool running = false;
    bool powered = false;
    std::vector<std::unique_ptr<Device>> devices;
  };

  void run();
  void wake() const;
  void take_sessions(Instant now);
  void begin_now(BleSession session, Instant now);
  void keep_bus(Instant now);
  void lose_bus(Instant now);
  void synchronise(Instant now);
  void synchronise(Adapter& adapter, Device& device, Instant now);
  void pump();
  void obey(Adapter& adapter, BleOrder order);
  void subscribe(Adapter& adapter, Device& device, BleOrder order);
  void tell(Device& device, const BleNews& news);
  void wait(Instant now);
  void serve(Adapter& adapter, Device& device, Instant now);
  void read_owner(Adapter& adapter, Device& device, Instant now);
  void read_notifications(Adapter& adapter, Device& device, Instant now);
  void forward(Adapter& adapter, Device& device, std::span<const std::uint8_t> bytes, Instant now);
  bool send(Device& device, BleMessage what, std::span<const std::uint8_t> bytes);
  Device* at(const std::string& path, Adapter*& adapter);
  std::string path_of(const Adapter& adapter, const Device& device) const {
    return device_path(adapter.path, device.address);
  }
  bool quiet() const;

  // Between the threads.
  std::mutex mutex_;
  std::vector<BleSession> mailbox_;
  std::atomic<bool> stopping_{false};
  Descriptor wake_;

  // Of the thread.
  std::unique_ptr<BleBus> bus_;
  std::string bus_trouble_;
  Instant bus_tried_{};
  std::vector<BleSession> waiting_;  // until BlueZ has told what there is
  std::map<std::string, std::unique_ptr<Adapter>> adapters_;
  std::thread thread_;
};

}  // namespace cw
