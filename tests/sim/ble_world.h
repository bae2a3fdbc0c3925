// SPDX-License-Identifier: Apache-2.0
// BlueZ and devices in the air, in virtual time: answers the orders of a BleCentral as BlueZ does,
// with its delays, and lets devices vanish, drop and refuse as a test says.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "drivers/transport/ble_central.h"

namespace cw {

struct AirDevice {
  bool in_range = true;
  bool known = false;  // BlueZ has an object for it
  bool connected = false;
  bool subscribed = false;
  bool paired = false;
  bool demands_pairing = false;
  bool drops_unpaired = false;  // ends every unpaired link 3 s after it was made
  bool refuses_pairing = false;
  bool hides_services = false;  // until BlueZ forgets it
  bool mute = false;            // subscribed, and nothing comes
  BleFault connect_fault = BleFault::none;
  std::uint32_t epoch = 0;    // of its connection: what belongs to an older one is void
  Instant heard{-1'000'000};  // last data
  std::vector<BleNews> news{};
  std::uint32_t connects = 0, pairs = 0, removes = 0;
};

class BleWorld {
 public:
  explicit BleWorld(std::size_t count, bool has_pin = false) : devices(count) {
    for (std::size_t i = 0; i < count; ++i) central.add(has_pin);
    central.on_service(true, now);
    central.on_adapter(true, true, now);
    for (std::size_t i = 0; i < count; ++i) central.want(i, now);
    obey();
  }

  void run(Millis time) {
    const Instant end = now + time;
    obey();
    while (true) {
      const Instant event = events_.empty() ? Instant{end.ms + 1} : events_.begin()->first;
      const Instant next = std::min(event, central.deadline());
      if (next > end) break;
      stuck_ = next > now ? 0 : stuck_ + 1;
      if (stuck_ > 1000) throw std::runtime_error("the central does not let time pass");
      now = std::max(now, next);
      if (event <= now) {
        const auto what = events_.begin()->second;
        events_.erase(events_.begin());
        what();
      } else {
        central.on_time(now);
      }
      obey();
    }
    now = end;
  }

  void in(std::int32_t ms, std::function<void()> what) {
    events_.emplace(now + Millis{ms}, std::move(what));
  }

  void drop(std::size_t i) {
    AirDevice& device = devices[i];
    ++device.epoch;
    device.subscribed = false;
    if (!device.connected) return;
    device.connected = false;
    central.on_connected(i, false, now);
    obey();
  }

  Instant now{1'000};
  BleCentral central{"hci0", 7};
  std::vector<AirDevice> devices;
  std::map<BleDo, std::uint32_t> orders;
  std::size_t most_attempts = 0;  // at a time
  bool connected_while_scanning = false;
  bool wants_again = true;  // as a wire does
  bool wedged = false;      // the controller does nothing until it is switched off and on

 private:
  void answer(BleOrder order, BleFault fault = BleFault::none, std::string_view text = {}) {
    central.on_result(order, fault, text, now);
  }

  void obey() {
    while (const auto news = central.take_news()) {
      devices[news->device].news.push_back(*news);
      attempts_.erase(news->device);
      const std::size_t i = news->device;
      if (!news->up && wants_again) in(500, [this, i] { central.want(i, now); });
    }
    while (const auto order = central.take_order()) obey(*order);
  }

  void obey(BleOrder order) {
    ++orders[order.what];
    AirDevice& device = devices[order.device];
    const std::size_t i = order.device;
    switch (order.what) {
      case BleDo::scan:
        scanning_ = true;
        in(50, [=, this] { answer(order); });
        for (std::size_t n = 0; n < devices.size(); ++n) in(800, [=, this] { seen(n); });
        return;
      case BleDo::stop_scan: scanning_ = false; return in(50, [=, this] { answer(order); });
      case BleDo::connect: return connect(order, device);
      case BleDo::disconnect:
        return in(900, [=, this] {
          drop(i);
          answer(order);
        });
      case BleDo::remove:
        ++device.removes;
        device.paired = false;
        device.hides_services = false;
        return in(20, [=, this] {
          devices[i].known = false;
          central.on_known(i, false, now);
          answer(order);
        });
      case BleDo::pair: return pair(order, device);
      case BleDo::subscribe: return subscribe(order, device);
      case BleDo::power_off:
        for (std::size_t n = 0; n < devices.size(); ++n) drop(n);
        return in(100, [=, this] {
          central.on_adapter(true, false, now);
          answer(order);
        });
      case BleDo::power_on:
        wedged = false;
        return in(100, [=, this] {
          central.on_adapter(true, true, now);
          answer(order);
        });
    }
  }

  void seen(std::size_t i) {
    if (!scanning_ || wedged || !devices[i].in_range || devices[i].known) return;
    devices[i].known = true;
    central.on_known(i, true, now);
  }

  void connect(BleOrder order, AirDevice& device) {
    const std::size_t i = order.device;
    ++device.connects;
    attempts_.insert(i);
    most_attempts = std::max(most_attempts, attempts_.size());
    connected_while_scanning |= scanning_;
    const BleFault fault = device.connect_fault;
    if (fault != BleFault::none) return in(400, [=, this] { answer(order, fault, "as told"); });
    wait_for(order, ++device.epoch);
  }

  /// BlueZ waits for the device until it is told to stop.
  void wait_for(BleOrder order, std::uint32_t epoch) {
    const std::size_t i = order.device;
    in(700, [=, this] {
      if (devices[i].epoch != epoch) return;
      if (!devices[i].in_range || wedged) return wait_for(order, epoch);
      devices[i].connected = true;
      central.on_connected(i, true, now);
      answer(order);
      in(400, [=, this] { resolve(i, epoch); });
      if (devices[i].drops_unpaired) in(3'000, [=, this] { lose_unpaired(i, epoch); });
    });
  }

  void resolve(std::size_t i, std::uint32_t epoch) {
    if (devices[i].epoch == epoch && devices[i].connected)
      central.on_resolved(i, !devices[i].hides_services, now);
  }

  void lose_unpaired(std::size_t i, std::uint32_t epoch) {
    if (devices[i].epoch == epoch && !devices[i].paired) drop(i);
  }

  void pair(BleOrder order, AirDevice& device) {
    ++device.pairs;
    in(600, [=, this] {
      AirDevice& peer = devices[order.device];
      if (peer.refuses_pairing) return answer(order, BleFault::refused, "AuthenticationCanceled");
      peer.paired = true;
      central.on_paired(order.device, true);
      answer(order);
    });
  }

  void subscribe(BleOrder order, AirDevice& device) {
    const std::size_t i = order.device;
    const std::uint32_t epoch = device.epoch;
    in(100, [=, this] {
      AirDevice& peer = devices[i];
      if (peer.epoch != epoch) return answer(order, BleFault::unreachable, "Not connected");
      if (peer.demands_pairing && !peer.paired)
        return answer(order, BleFault::not_paired, "Not paired");
      peer.subscribed = true;
      answer(order);
      in(500, [=, this] { stream(i, epoch); });
    });
  }

  void stream(std::size_t i, std::uint32_t epoch) {
    AirDevice& device = devices[i];
    if (device.epoch != epoch || !device.subscribed) return;
    if (!device.mute && !(device.drops_unpaired && !device.paired)) {
      device.heard = now;
      central.on_data(i, now);
    }
    in(500, [=, this] { stream(i, epoch); });
  }

  std::multimap<Instant, std::function<void()>> events_;
  bool scanning_ = false;
  std::set<std::size_t> attempts_;  // under way
  std::uint32_t stuck_ = 0;
};

}  // namespace cw
