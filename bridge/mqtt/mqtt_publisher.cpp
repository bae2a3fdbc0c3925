// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_publisher.h"

namespace cw {
namespace {

constexpr Millis kIdle{3'600'000};
constexpr Millis kRefusedPause{20};
// A sum over packs that report at different times. Below the second they mostly report at, so that
// it leaves together with them.
constexpr Millis kBankInterval{900};
constexpr std::size_t kEventsInFlight = 32;

bool is_heard(const Pack& pack, std::string_view key) {
  for (const Field& field : kFields)
    if (field.facts.key == key) return field.heard(pack.scalars).has_value();
  return false;
}

constexpr Delivery kRetained{.qos = 1, .retain = true, .reported = false};
constexpr Delivery kReported{.qos = 1, .retain = false, .reported = true};

}  // namespace

MqttPublisher::MqttPublisher(const MqttOptions& options, std::string_view version,
                             std::uint32_t seed)
    : options_(options),
      source_{options.base_topic, options.gateway_id, std::string(version),
              gateway_topics(options.base_topic, options.gateway_id)},
      birth_topic_(cw::birth_topic(options.discovery_prefix)),
      random_(seed) {}

void MqttPublisher::on_connected(Instant now) {
  connected_ = true;
  start_announcement(now);
}

void MqttPublisher::on_lost() {
  connected_ = false;
  online_ = false;
  stage_ = Stage::idle;
  announce_at_.reset();
  events_sent_ = 0;  // what was not acknowledged is sent again
}

void MqttPublisher::on_acknowledged(std::size_t count) {
  count = std::min(count, events_sent_);
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(count));
  events_sent_ -= count;
}

std::size_t MqttPublisher::room_for_events() const {
  return online_ ? kEventsInFlight - events_.size() : 0;
}

void MqttPublisher::prepare(const MqttModel& model) {
  for (const PackState& state : model.packs) {
    packs_.emplace_back();
    packs_.back().name = state.name.view();
    packs_.back().topics = pack_topics(options_.base_topic, options_.gateway_id, state.name.view());
    packs_.back().writable = std::find(options_.writable.begin(), options_.writable.end(),
                                       state.name.view()) != options_.writable.end();
  }
}

void MqttPublisher::apply(const MqttModel& model, const Taken& taken, Instant now) {
  if (packs_.empty()) prepare(model);
  for (const std::size_t i : taken.packs) note_pack(model.packs[i], packs_[i], now);
  events_.insert(events_.end(), taken.events.begin(), taken.events.end());
  supervisor_due_ = supervisor_due_ || taken.supervisor;
  for (const MqttAnswer& answer : taken.answers) {
    answers_.push_back(answer);
    if (!answer.refused || answer.pack >= packs_.size()) continue;
    PackOut& pack = packs_[answer.pack];
    pack.groups[static_cast<std::size_t>(Group::state)].forced = true;
    pack.parameters_due = pack.parameters != ParameterSet{};
    pack.check_at = now;
  }
}

// What can be ordered has an entity once the board said what it is set to.
void MqttPublisher::note_settings(const PackState& state, PackOut& pack) {
  if (state.pack.parameters != pack.parameters) {
    pack.parameters = state.pack.parameters;
    pack.parameters_due = true;
  }
  if (!pack.writable) return;
  std::vector<const MqttSettable*> known;
  for (const MqttSettable& one : options_.settable)
    if (one.parameter ? pack.parameters.get(*one.parameter).has_value()
                      : is_heard(state.pack, one.key))
      known.push_back(&one);
  if (known == pack.settable) return;
  pack.settable = std::move(known);
  pack.discovery_due = true;
}

void MqttPublisher::note_pack(const PackState& state, PackOut& pack, Instant now) {
  pack.check_at = now;
  if (state.fresh(now) && !pack.first_heard) pack.first_heard = now;
  note_settings(state, pack);
  const bool grew = pack.shape.grow(state.pack);
  scratch_.clear();
  write_info_document(scratch_, state, pack.shape);
  if (scratch_ == pack.info && !grew) return;
  pack.info = scratch_;
  pack.info_due = true;
  pack.discovery_due = true;
}

Instant MqttPublisher::send_due(const MqttModel& model, const Moment& at, MqttOutlet& out) {
  next_ = at.now + kIdle;
  if (!connected_ || !model.seen) return next_;
  out_ = &out;
  if (!send_all(model, at)) want(at.now + kRefusedPause);
  out_ = nullptr;
  return next_;
}

bool MqttPublisher::send_all(const MqttModel& model, const Moment& at) {
  if (!announce(model, at)) return false;
  if (!online_) return true;
  if (repeat_at_ && at.now >= *repeat_at_) {
    repeat_at_.reset();
    force_groups();
  }
  if (repeat_at_) want(*repeat_at_);
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    if (at.now >= packs_[i].check_at && !send_pack(model, i, at)) return false;
    want(packs_[i].check_at);
  }
  return send_supervisor(model, at) && send_answers() && send_events() && send_limits(model, at) &&
         send_bank(model, at);
}

// What subscribers must not miss goes first.
bool MqttPublisher::send_pack(const MqttModel& model, std::size_t i, const Moment& at) {
  const PackState& state = model.packs[i];
  PackOut& pack = packs_[i];
  pack.check_at = at.now + kIdle;
  bool all = send_status(state, pack, at.now) && send_alarms(state, pack, at) &&
             discover_late(model, i, at.now) && send_info(pack) && send_parameters(pack, at);
  for (GroupOut& group : pack.groups) all = all && send_group(state, pack, group, at);
  if (!all) pack.check_at = at.now + kRefusedPause;
  return all;
}

bool MqttPublisher::send_status(const PackState& state, PackOut& pack, Instant now) {
  const bool online = state.fresh(now);
  if (online) want(pack, state.link.last_frame + state.max_age + Millis{1});
  if (online == pack.online && !pack.status_due) return true;
  if (!send_word(pack.topics.status, online)) return false;
  pack.online = online;
  pack.status_due = false;
  return true;
}

bool MqttPublisher::send_alarms(const PackState& state, PackOut& pack, const Moment& at) {
  const auto alarms = heard_alarms(state, at.now);
  if (alarms != pack.alarms || !pack.alarms_since) {
    pack.alarms = alarms;
    pack.alarms_since = at;
    pack.alarms_due = true;
  }
  if (!pack.alarms_due) return true;
  payload_.clear();
  write_alarms_document(payload_, pack.alarms, state.protocol, *pack.alarms_since);
  pack.alarms_due = !send(pack.topics.alarms, kRetained);
  return !pack.alarms_due;
}

bool MqttPublisher::send_info(PackOut& pack) {
  if (!pack.info_due) return true;
  payload_ = pack.info;
  pack.info_due = !send(pack.topics.info, kRetained);
  return !pack.info_due;
}

bool MqttPublisher::send_parameters(PackOut& pack, const Moment& at) {
  if (!pack.parameters_due) return true;
  payload_.clear();
  write_parameters_document(payload_, pack.parameters, at);
  pack.parameters_due = !send(pack.topics.parameters, kRetained);
  return !pack.parameters_due;
}

bool MqttPublisher::send_answers() {
  for (; !answers_.empty(); answers_.pop_front()) {
    const MqttAnswer& answer = answers_.front();
    payload_ = answer.payload;
    if (!send(packs_[answer.pack].topics.answer, {.qos = 1, .retain = false, .reported = false}))
      return false;
  }
  return true;
}

Millis MqttPublisher::interval(Group group) const {
  switch (group) {
    case Group::state: return options_.state_interval;
    case Group::cells: return options_.cells_interval;
    case Group::stats: return options_.stats_interval;
  }
  return {};
}

bool MqttPublisher::send_group(const PackState& state, PackOut& pack, GroupOut& group,
                               const Moment& at) {
  const News news = group.forced ? News::urgent : group.document.compare(state, pack.shape, at.now);
  const Millis shortest = news == News::none ? options_.beat : interval(group.group);
  const Instant due = group.sent + shortest;
  if (news != News::urgent && shortest.count > 0 && at.now < due) {
    want(pack, due);
    return true;
  }
  payload_.clear();
  group.document.write(payload_, state, pack.shape, at);
  const std::string& topic = pack.topics.groups[static_cast<std::size_t>(group.group)];
  group.forced = !send(topic, {.qos = 0, .retain = options_.retain_state, .reported = false});
  if (group.forced) return false;
  group.sent = at.now;
  want(pack, at.now + options_.beat);
  return true;
}

bool MqttPublisher::send_supervisor(const MqttModel& model, const Moment& at) {
  if (!supervisor_due_) return true;
  payload_.clear();
  write_supervisor_document(payload_, model.mode, model.packs, model.verdicts, model.relays, at);
  supervisor_due_ = !send(source_.topics.supervisor, kRetained);
  return !supervisor_due_;
}

bool MqttPublisher::send_bank(const MqttModel& model, const Moment& at) {
  const News news =
      bank_forced_ ? News::urgent : bank_.compare(model.bank, at.now, model.bank_max_age);
  const Millis shortest{std::max(options_.state_interval.count, kBankInterval.count)};
  const Instant due = bank_sent_ + (news == News::none ? options_.beat : shortest);
  if (news != News::urgent && at.now < due) {
    want(due);
    return true;
  }
  payload_.clear();
  bank_.write(payload_, model.bank, at, model.bank_max_age);
  bank_forced_ =
      !send(source_.topics.bank, {.qos = 0, .retain = options_.retain_state, .reported = false});
  if (bank_forced_) return false;
  bank_sent_ = at.now;
  want(at.now + options_.beat);
  return true;
}

// Whoever acts on limits must not act on old ones: they are never retained.
bool MqttPublisher::send_limits(const MqttModel& model, const Moment& at) {
  if (!model.request) return true;
  scratch_.clear();
  write_limits_document(scratch_, *model.request, model.packs, model.inverters, at);
  const bool news = limits_forced_ || scratch_ != limits_said_;
  const Instant due = limits_sent_ + (news ? kBankInterval : options_.beat);
  if (!limits_forced_ && at.now < due) {
    want(due);
    return true;
  }
  payload_ = scratch_;
  limits_forced_ = !send(source_.topics.limits, {.qos = 0, .retain = false, .reported = false});
  if (limits_forced_) return false;
  limits_said_ = scratch_;
  limits_sent_ = at.now;
  want(at.now + options_.beat);
  return true;
}

bool MqttPublisher::send_events() {
  for (; events_sent_ < events_.size(); ++events_sent_) {
    const Event& event = events_[events_sent_];
    payload_.clear();
    write_event_document(payload_, event);
    const std::string* topic = &source_.topics.event;
    for (const PackOut& pack : packs_)
      if (pack.name == event.pack.view()) topic = &pack.topics.event;
    if (!send(*topic, kReported)) return false;
  }
  return true;
}

bool MqttPublisher::send_word(const std::string& topic, bool online) {
  payload_ = online ? "online" : "offline";
  return send(topic, kRetained);
}

bool MqttPublisher::send(const std::string& topic, Delivery delivery) {
  return out_->send(topic, payload_, delivery);
}

}  // namespace cw
