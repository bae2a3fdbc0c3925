// SPDX-License-Identifier: Apache-2.0
// The order in which a gateway makes itself known after it or Home Assistant (re)connected:
// discovery of the gateway and of each pack, whether each pack is heard, the gateway's own
// `online`, then every value once.
#include "bridge/mqtt/mqtt_publisher.h"

namespace cw {
namespace {

constexpr Millis kBetweenPacks{50};
constexpr Millis kBetweenAnnouncements{10'000};
constexpr Millis kBetweenDiscoveries{2'000};  // of one device: Home Assistant drops faster ones
constexpr Millis kSerialWait{2'000};          // a serial number may come in a frame after the first

// Values are not retained, and Home Assistant subscribes to them only once it has made the
// entities: they are said once more when it has had time for that.
constexpr Millis kRepeat{3'000};

constexpr Delivery kRetained{.qos = 1, .retain = true, .reported = false};

}  // namespace

void MqttPublisher::start_announcement(Instant now) {
  stage_ = Stage::gateway;
  next_pack_ = 0;
  step_at_ = now;
  announced_ = now;
  announce_at_.reset();
  for (PackOut& pack : packs_) pack.status_due = true;
}

void MqttPublisher::on_birth(Instant now) {
  if (!connected_ || announce_at_) return;  // one that is still to come serves this one as well
  const auto delay = std::uniform_int_distribution<std::int32_t>(500, 3'000)(random_);
  announce_at_ = std::max(now + Millis{delay}, announced_ + kBetweenAnnouncements);
}

bool MqttPublisher::announce(const MqttModel& model, const Moment& at) {
  if (announce_at_ && at.now >= *announce_at_) start_announcement(at.now);
  if (announce_at_) want(*announce_at_);
  while (stage_ != Stage::idle && at.now >= step_at_)
    if (!step(model, at)) return false;
  if (stage_ != Stage::idle) want(step_at_);
  return true;
}

bool MqttPublisher::step(const MqttModel& model, const Moment& at) {
  const bool home_assistant = options_.home_assistant;
  payload_.clear();
  switch (stage_) {
    case Stage::idle: return true;
    case Stage::gateway:
      write_gateway_discovery(payload_, source_, model.relays, model.inverters);
      if (home_assistant &&
          !send(discovery_topic(options_.discovery_prefix, gateway_device(options_.gateway_id)),
                kRetained))
        return false;
      stage_ = Stage::bank;
      return true;
    case Stage::bank:
      write_bank_discovery(payload_, source_, model.request.has_value());
      if (home_assistant && packs_.size() > 1 &&
          !send(discovery_topic(options_.discovery_prefix, bank_device(options_.gateway_id)),
                kRetained))
        return false;
      stage_ = Stage::packs;
      return true;
    case Stage::packs: return announce_pack(model, at);
    case Stage::statuses:
      for (std::size_t i = 0; i < packs_.size(); ++i)
        if (!send_status(model.packs[i], packs_[i], at.now)) return false;
      stage_ = Stage::info;
      return true;
    case Stage::info:
      write_gateway_document(payload_, options_.gateway_id, source_.version, model.packs);
      if (!send(source_.topics.info, kRetained)) return false;
      stage_ = Stage::online;
      return true;
    case Stage::online: return announce_online(at.now);
  }
  return true;
}

// A pack that was not heard yet is announced when it is.
bool MqttPublisher::announce_pack(const MqttModel& model, const Moment& at) {
  while (next_pack_ < packs_.size()) {
    PackOut& pack = packs_[next_pack_];
    const PackState& state = model.packs[next_pack_];
    choose_device(state, pack, at.now);
    const bool possible = options_.home_assistant && !pack.device.empty();
    if (possible && !discover(state, pack, at.now)) return false;
    ++next_pack_;
    if (!possible) continue;
    if (next_pack_ < packs_.size()) step_at_ = at.now + kBetweenPacks;
    return true;
  }
  stage_ = Stage::statuses;
  return true;
}

bool MqttPublisher::announce_online(Instant now) {
  if (!send_word(source_.topics.status, true)) return false;
  for (PackOut& pack : packs_) {
    pack.info_due = !pack.info.empty();
    pack.alarms_due = true;
    pack.parameters_due = pack.parameters != ParameterSet{};
  }
  supervisor_due_ = true;
  force_groups();
  repeat_at_ = now + kRepeat;
  online_ = true;
  stage_ = Stage::idle;
  return true;
}

void MqttPublisher::force_groups() {
  bank_forced_ = true;
  limits_forced_ = true;
  for (PackOut& pack : packs_) {
    pack.check_at = {};
    for (GroupOut& group : pack.groups) group.forced = true;
  }
}

void MqttPublisher::choose_device(const PackState& state, PackOut& pack, Instant now) {
  if (!pack.device.empty() || !pack.first_heard) return;
  const std::string_view serial = state.pack.identity.serial.view();
  if (serial.empty() && now < *pack.first_heard + kSerialWait) return;
  std::string device = pack_device(options_.gateway_id, pack.name, serial);
  // Makers have sold batches with one serial number for all.
  const bool taken = std::any_of(packs_.begin(), packs_.end(),
                                 [&](const PackOut& other) { return other.device == device; });
  pack.device = taken ? pack_device(options_.gateway_id, pack.name, {}) : std::move(device);
  pack.discovery_due = true;
}

bool MqttPublisher::discover(const PackState& state, PackOut& pack, Instant now) {
  payload_.clear();
  write_pack_discovery(
      payload_, source_,
      {pack.device, pack.name, state.pack.identity, pack.shape, pack.topics, pack.settable},
      kPackTombstones);
  if (!send(discovery_topic(options_.discovery_prefix, pack.device), kRetained)) return false;
  pack.discovery_due = false;
  pack.discovered = now;
  return true;
}

// A pack that was heard for the first time, or says something new about itself.
bool MqttPublisher::discover_late(const MqttModel& model, std::size_t i, Instant now) {
  PackOut& pack = packs_[i];
  if (!options_.home_assistant || !pack.discovery_due || !pack.first_heard) return true;
  choose_device(model.packs[i], pack, now);
  if (pack.device.empty()) {
    want(pack, *pack.first_heard + kSerialWait);
    return true;
  }
  if (pack.discovered && now < *pack.discovered + kBetweenDiscoveries) {
    want(pack, *pack.discovered + kBetweenDiscoveries);
    return true;
  }
  if (!discover(model.packs[i], pack, now)) return false;
  for (GroupOut& group : pack.groups) group.forced = true;
  repeat_at_ = now + kRepeat;
  want(*repeat_at_);
  return true;
}

}  // namespace cw
