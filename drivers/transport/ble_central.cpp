// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/ble_central.h"

#include <algorithm>
#include <utility>

#include "drivers/transport/ble_central_times.h"

namespace cw {
namespace {

using namespace ble_times;

std::string with_text(std::string why, std::string_view text) {
  if (!text.empty()) why.append(" (").append(text).append(")");
  return why;
}

}  // namespace

BleCentral::BleCentral(std::string adapter, std::uint32_t seed)
    : adapter_(std::move(adapter)), random_(seed == 0 ? 1 : seed) {}

std::size_t BleCentral::add(bool has_pin) {
  links_.emplace_back().has_pin = has_pin;
  return links_.size() - 1;
}

// --- wishes --------------------------------------------------------------------------------------

void BleCentral::want(std::size_t device, Instant now) {
  Link& link = links_[device];
  link.wanted = true;
  link.wanted_at = now;
  if (!usable() && power_ == Power::steady) {
    link.wanted = false;
    news_.push_back({device, false, std::string(adapter_trouble())});
  }
  act(now);
}

void BleCentral::unwant(std::size_t device, Instant now) {
  Link& link = links_[device];
  link.wanted = false;
  if (link.stage != Stage::idle && link.stage != Stage::leaving) leave(device, now);
  act(now);
}

// --- what BlueZ says -----------------------------------------------------------------------------

void BleCentral::on_service(bool running, Instant now) {
  running_ = running;
  if (running) return act(now);
  present_ = false;
  powered_ = false;
  forget_everything(adapter_trouble(), now);
}

void BleCentral::on_adapter(bool present, bool powered, Instant now) {
  present_ = present;
  powered_ = powered;
  const bool our_doing = present && power_ != Power::steady;
  if (!(present && powered) && !our_doing) forget_everything(adapter_trouble(), now);
  act(now);
}

void BleCentral::on_known(std::size_t device, bool known, Instant now) {
  Link& link = links_[device];
  if (link.known == known) return;
  link.known = known;
  if (!known) {
    link.connected = link.resolved = link.usable = link.paired = false;
    if (link.stage == Stage::leaving)
      left(device, now);
    else if (link.stage != Stage::idle)
      dropped(device, now);
  }
  act(now);
}

void BleCentral::on_connected(std::size_t device, bool connected, Instant now) {
  Link& link = links_[device];
  if (link.connected == connected) return;
  link.connected = connected;
  if (connected) {
    link.connected_at = now;
    if (link.stage == Stage::connecting) proceed(device, now);
  } else {
    link.resolved = link.usable = false;
    // While it connects, "le-connection-abort-by-local" follows and says more.
    if (link.stage == Stage::leaving)
      left(device, now);
    else if (link.stage != Stage::idle && link.stage != Stage::connecting)
      dropped(device, now);
  }
  act(now);
}

void BleCentral::on_resolved(std::size_t device, bool usable, Instant now) {
  Link& link = links_[device];
  link.resolved = true;
  link.usable = usable;
  if (link.stage == Stage::resolving) {
    if (usable)
      subscribe_or_pair(device, now);
    else
      link.until = std::min(link.until, now + kEmptyMost);
  }
  act(now);
}

void BleCentral::on_paired(std::size_t device, bool paired) { links_[device].paired = paired; }

void BleCentral::on_result(BleOrder order, BleFault fault, std::string_view text, Instant now) {
  switch (order.what) {
    case BleDo::scan:
      if (fault != BleFault::none) {  // "InProgress" right after the last one ended
        scanning_ = false;
        scan_until_ = now + kScanPause;
      }
      break;
    case BleDo::stop_scan: stopping_scan_ = false; break;
    case BleDo::connect: on_connect_result(order.device, fault, text, now); break;
    case BleDo::disconnect:
      if (fault != BleFault::none && links_[order.device].stage == Stage::leaving)
        left(order.device, now);
      break;
    case BleDo::remove: break;
    case BleDo::pair: on_pair_result(order.device, fault, text, now); break;
    case BleDo::subscribe: on_subscribe_result(order.device, fault, text, now); break;
    case BleDo::power_off:
    case BleDo::power_on: on_power_result(order.what, fault, now); break;
  }
  act(now);
}

void BleCentral::on_silenced(std::size_t device, Instant now) {
  if (links_[device].stage != Stage::up) return;
  dropped(device, now);
  if (links_[device].connected) leave(device, now);
  act(now);
}

void BleCentral::on_data(std::size_t device, Instant now) {
  Link& link = links_[device];
  if (now > link.last_data + kPauseInData) link.good_since = now;
  link.last_data = now;
  link.heard = link.heard_ever = true;
  link.early_drops = 0;
  fruitless_ = 0;
  fruitless_since_.reset();
  if (now >= link.good_since + kGoodLink) link.failures = 0;
}

// --- results -------------------------------------------------------------------------------------

void BleCentral::on_connect_result(std::size_t device, BleFault fault, std::string_view text,
                                   Instant now) {
  Link& link = links_[device];
  if (link.stage != Stage::connecting || fault == BleFault::none) return;  // on_connected() says it
  link.stage = Stage::idle;
  switch (fault) {
    case BleFault::unknown_object:
      link.known = false;  // looked for again
      return;
    case BleFault::dropped_by_us:
      if (link.failures == 0) {
        ++link.failures;
        link.retry_at = now + kAgain;
        return;
      }
      return fail(device, "the connection was lost while it was made", backoff(link), now);
    case BleFault::no_room:
      return fail(device, with_text(adapter_ + " has no room for another connection", text),
                  kNoRoomPause, now);
    case BleFault::not_paired:
    case BleFault::refused: link.demands_pairing = true; [[fallthrough]];
    default: return fail(device, with_text("cannot connect", text), backoff(link), now);
  }
}

void BleCentral::on_pair_result(std::size_t device, BleFault fault, std::string_view text,
                                Instant now) {
  Link& link = links_[device];
  if (link.stage != Stage::pairing) return;
  if (fault == BleFault::none) {
    link.paired = true;
    link.early_drops = 0;
    return proceed(device, now);
  }
  link.refuses_pairing = fault == BleFault::refused;
  fail(device, with_text("pairing failed", text), backoff(link), now);
  if (link.connected) leave(device, now);
}

void BleCentral::on_subscribe_result(std::size_t device, BleFault fault, std::string_view text,
                                     Instant now) {
  Link& link = links_[device];
  if (link.stage != Stage::subscribing) return;
  if (fault == BleFault::none) return came_up(device, now);
  if (fault == BleFault::not_paired) {
    link.demands_pairing = true;
    if (should_pair(link)) return subscribe_or_pair(device, now);
    fail(device, link.has_pin ? "it does not take the pairing" : "it demands pairing: set its pin",
         kMustPairPause, now);
    link.remove_after = link.paired && link.has_pin;  // it lost the bond: make a new one
  } else {
    fail(device, with_text("no notifications", text), backoff(link), now);
  }
  if (link.connected) leave(device, now);
}

void BleCentral::on_power_result(BleDo what, BleFault fault, Instant now) {
  if (what == BleDo::power_off && power_ == Power::going_off) {
    power_ = fault == BleFault::none ? Power::pausing : Power::steady;
    power_until_ = now + kPowerPause;
  } else if (what == BleDo::power_on && power_ == Power::coming_on) {
    power_ = Power::steady;
    if (fault == BleFault::none) powered_ = true;
  }
}

// --- one link ------------------------------------------------------------------------------------

void BleCentral::enter(std::size_t device, Stage stage, Millis most, Instant now) {
  links_[device].stage = stage;
  links_[device].until = now + most;
}

/// It is connected: whatever comes next.
void BleCentral::proceed(std::size_t device, Instant now) {
  Link& link = links_[device];
  link.heard = false;
  enter(device, Stage::resolving, kResolveMost, now);
  if (should_pair(link) || (link.resolved && link.usable)) return subscribe_or_pair(device, now);
  if (link.resolved) link.until = now + kEmptyMost;
}

void BleCentral::subscribe_or_pair(std::size_t device, Instant now) {
  const bool pairs = should_pair(links_[device]);
  enter(device, pairs ? Stage::pairing : Stage::subscribing, pairs ? kPairMost : kSubscribeMost,
        now);
  order(pairs ? BleDo::pair : BleDo::subscribe, device);
}

void BleCentral::came_up(std::size_t device, Instant now) {
  Link& link = links_[device];
  link.stage = Stage::up;
  link.good_since = link.last_data = now;
  link.unresolved = 0;
  news_.push_back({device, true, {}});
}

bool BleCentral::should_pair(const Link& link) const {
  const bool demanded = link.demands_pairing || link.early_drops >= kEarlyDropsMost;
  return link.has_pin && demanded && !link.paired && !link.refuses_pairing;
}

void BleCentral::dropped(std::size_t device, Instant now) {
  Link& link = links_[device];
  if (!link.heard && link.stage != Stage::pairing) ++link.early_drops;
  std::string why = "the link was lost";
  if (link.early_drops >= kEarlyDropsMost && !link.has_pin)
    why += " before anything was heard; perhaps it demands pairing: set its pin";
  link.stage = Stage::idle;
  fail(device, std::move(why), backoff(link), now);
}

/// The attempt, or the link, is over; the owner may want it again.
void BleCentral::fail(std::size_t device, std::string why, Millis pause, Instant now) {
  Link& link = links_[device];
  ++link.failures;
  ++fruitless_;
  if (!fruitless_since_) fruitless_since_ = now;
  link.retry_at = now + pause;
  if (link.wanted) news_.push_back({device, false, std::move(why)});
  link.wanted = false;
}

void BleCentral::leave(std::size_t device, Instant now) {
  enter(device, Stage::leaving, kLeaveMost, now);
  order(BleDo::disconnect, device);
}

void BleCentral::left(std::size_t device, Instant /*now*/) {
  Link& link = links_[device];
  link.stage = Stage::idle;
  if (std::exchange(link.remove_after, false)) order(BleDo::remove, device);
}

void BleCentral::forget_everything(std::string_view why, Instant now) {
  for (std::size_t device = 0; device < links_.size(); ++device) {
    Link& link = links_[device];
    if (link.wanted) news_.push_back({device, false, std::string(why)});
    link.wanted = link.known = link.connected = link.resolved = link.usable = false;
    link.remove_after = false;
    link.stage = Stage::idle;
    link.retry_at = now;
  }
  orders_.clear();
  scanning_ = stopping_scan_ = false;
  scan_until_ = now;
  power_ = Power::steady;
}

/// 0, 1, 2, 4 ... 30 s and up to a fifth more, so that several do not try in step.
Millis BleCentral::backoff(const Link& link) {
  if (link.failures == 0) return {0};
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  const std::int32_t base = std::min(1000 << std::min(link.failures - 1, 5U), kBackoffMost.count);
  return {base + static_cast<std::int32_t>(random_ % static_cast<std::uint32_t>(base / 5))};
}

void BleCentral::time_link(std::size_t device, Instant now) {
  Link& link = links_[device];
  if (link.stage == Stage::up && now >= link.last_data + kSilenceMost) {
    if (!link.heard) ++link.early_drops;
    fail(device, "nothing was heard for 15 s", backoff(link), now);
    return leave(device, now);
  }
  if (link.stage == Stage::idle || link.stage == Stage::up || now < link.until) return;
  switch (link.stage) {
    case Stage::connecting:
      fail(device, "no answer: out of range, asleep, or connected to another (the phone app)",
           backoff(link), now);
      break;
    case Stage::resolving:
      link.remove_after = ++link.unresolved >= kUnresolvedMost && !link.paired;
      fail(device, "its services cannot be read", backoff(link), now);
      break;
    case Stage::pairing: fail(device, "pairing was not answered", backoff(link), now); break;
    case Stage::subscribing:
      fail(device, "notifications were not answered", backoff(link), now);
      break;
    case Stage::leaving: return left(device, now);
    case Stage::idle:
    case Stage::up: return;
  }
  leave(device, now);
}

}  // namespace cw
