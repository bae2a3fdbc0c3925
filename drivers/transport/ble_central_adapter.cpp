// SPDX-License-Identifier: Apache-2.0
// The adapter that all links share: who connects next, when it scans, when it is power-cycled.
#include <algorithm>

#include "drivers/transport/ble_central.h"
#include "drivers/transport/ble_central_times.h"

namespace cw {

using namespace ble_times;

std::string_view BleCentral::adapter_trouble() const {
  if (!running_) return "the Bluetooth service (bluetoothd) is not running";
  if (!present_) return "the adapter is not there";
  return "the adapter is switched off";
}

bool BleCentral::busy() const {
  return std::any_of(links_.begin(), links_.end(), [](const Link& link) {
    return link.stage != Stage::idle && link.stage != Stage::up;
  });
}

bool BleCentral::any_up() const {
  return std::any_of(links_.begin(), links_.end(),
                     [](const Link& link) { return link.stage == Stage::up; });
}

/// Who has waited longest.
std::optional<std::size_t> BleCentral::next_to_connect(Instant now) const {
  std::optional<std::size_t> next;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const Link& link = links_[i];
    if (!link.wanted || !link.known || link.stage != Stage::idle || link.retry_at > now) continue;
    if (!next || link.retry_at < links_[*next].retry_at) next = i;
  }
  return next;
}

bool BleCentral::missing() const {
  return std::any_of(links_.begin(), links_.end(),
                     [](const Link& link) { return link.wanted && !link.known; });
}

void BleCentral::time_scan(Instant now) {
  if (now < scan_until_) return;
  stopping_scan_ = false;  // if BlueZ did not answer, it goes on all the same
  if (!scanning_) return;
  scanning_ = false;
  order(BleDo::stop_scan);
  scan_until_ = now + (any_up() ? kScanPauseWithLinks : kScanPause);
  for (std::size_t device = 0; device < links_.size(); ++device) {
    Link& link = links_[device];
    if (!link.wanted || link.known || now < link.wanted_at + kSearchedLeast) continue;
    const std::uint32_t failures = link.failures;
    const std::uint32_t fruitless = fruitless_;
    fail(device, "not found: out of range, asleep, or connected to another (the phone app)", {0},
         now);
    link.failures = failures;
    if (!link.heard_ever) fruitless_ = fruitless;  // nothing says that the adapter is to blame
  }
}

void BleCentral::time_power(Instant now) {
  if (power_ == Power::steady || now < power_until_) return;
  if (power_ == Power::coming_on) {
    power_ = Power::steady;
    return;
  }
  power_ = Power::coming_on;
  power_until_ = now + kPowerMost;
  order(BleDo::power_on);
}

void BleCentral::on_time(Instant now) {
  time_power(now);
  if (usable()) {
    for (std::size_t device = 0; device < links_.size(); ++device) time_link(device, now);
    time_scan(now);
  }
  act(now);
}

/// Whoever connects gets the time it may need; if others wait, not more.
void BleCentral::share_slot() {
  for (Link& link : links_) {
    if (link.stage != Stage::connecting) continue;
    for (const Link& other : links_)
      if (other.stage == Stage::idle && other.wanted && other.known)
        link.until = std::min(link.until, std::max(link.began + kConnectLeast, other.retry_at));
  }
}

/// Begins what may begin: a power cycle, a connection, or a scan, never two of them.
void BleCentral::act(Instant now) {
  if (!usable()) return;
  if (busy()) return share_slot();
  const bool cycled_lately = cycled_at_ && now < *cycled_at_ + kBetweenCycles;
  if (!any_up() && fruitless_ >= kFruitlessLeast && !cycled_lately &&
      now >= *fruitless_since_ + kFruitlessTime) {
    scanning_ = stopping_scan_ = false;
    cycled_at_ = now;
    ++power_cycles_;
    fruitless_ = 0;
    fruitless_since_.reset();
    power_ = Power::going_off;
    power_until_ = now + kPowerMost;
    return order(BleDo::power_off);
  }
  const auto next = next_to_connect(now);
  if (scanning_ && (next || !missing())) {
    scanning_ = false;
    stopping_scan_ = true;
    scan_until_ = now + kScanStopMost;
    return order(BleDo::stop_scan);
  }
  if (next && !stopping_scan_) {
    Link& link = links_[*next];
    if (link.connected) return proceed(*next, now);
    enter(*next, Stage::connecting, kConnectMost, now);
    link.began = now;
    return order(BleDo::connect, *next);
  }
  if (!next && missing() && !scanning_ && !stopping_scan_ && now >= scan_until_) {
    scanning_ = true;
    scan_until_ = now + kScan;
    order(BleDo::scan);
  }
}

Instant BleCentral::deadline() const {
  Instant first = kNever;
  if (power_ != Power::steady) return power_until_;
  if (!usable()) return first;
  const bool waits_for_slot = busy() || stopping_scan_;
  for (const Link& link : links_) {
    if (link.stage == Stage::up)
      first = std::min(first, link.last_data + kSilenceMost);
    else if (link.stage != Stage::idle)
      first = std::min(first, link.until);
    else if (link.wanted && link.known && !waits_for_slot)
      first = std::min(first, link.retry_at);
  }
  if (scanning_ || stopping_scan_ || (missing() && !busy())) first = std::min(first, scan_until_);
  return first;
}

std::optional<BleOrder> BleCentral::take_order() {
  if (orders_.empty()) return std::nullopt;
  const BleOrder next = orders_.front();
  orders_.pop_front();
  return next;
}

std::optional<BleNews> BleCentral::take_news() {
  if (news_.empty()) return std::nullopt;
  BleNews next = std::move(news_.front());
  news_.pop_front();
  return next;
}

}  // namespace cw
