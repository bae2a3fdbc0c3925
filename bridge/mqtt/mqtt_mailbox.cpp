// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_mailbox.h"

#include <algorithm>

#include "core/assert.h"

namespace cw {
namespace {

// The bank is added up once a tick, so its sums are that much older than their packs.
constexpr Millis kBankTick{1'000};

}  // namespace

void MqttMailbox::put(const Picture& picture, std::span<const std::size_t> changed) {
  bool ring = false;
  {
    const std::lock_guard lock(mutex_);
    if (!seen_) prepare(picture);
    CW_ASSERT(picture.packs.size() == slots_.size());
    for (const std::size_t i : changed) {
      slots_[i].state = picture.packs[i];
      slots_[i].changed = true;
    }
    for (const std::size_t i : picture.judged) take_verdict(i, picture.packs[i]);
    if (copy_relays(picture.relays) || mode_ != picture.mode) supervisor_moved_ = true;
    mode_ = picture.mode;
    bank_ = picture.bank;
    if (picture.request != nullptr) request_ = *picture.request;
    inverters_.assign(picture.inverters.begin(), picture.inverters.end());
    anchor_ = {picture.now, picture.wall_ms};
    anchored_ = Clock::now();
    ring = waiting_ && listening_ && !woken_;
    woken_ = woken_ || listening_;
  }
  if (ring) news_.notify_one();
}

// The first picture decides how many packs there are.
void MqttMailbox::prepare(const Picture& picture) {
  slots_.resize(picture.packs.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].state = picture.packs[i];
    slots_[i].changed = true;
    slots_[i].verdict = verdict_of(picture.packs[i]);
    bank_max_age_ = std::max(bank_max_age_, picture.packs[i].max_age);
  }
  bank_max_age_ = bank_max_age_ + kBankTick;
  seen_ = true;
  supervisor_moved_ = true;
}

void MqttMailbox::take_verdict(std::size_t i, const PackState& state) {
  const Verdict verdict = verdict_of(state);
  if (verdict == slots_[i].verdict) return;
  slots_[i].verdict = verdict;
  supervisor_moved_ = true;
}

bool MqttMailbox::copy_relays(std::span<const RelayState> relays) {
  const bool moved = !std::equal(relays.begin(), relays.end(), relays_.begin(), relays_.end(),
                                 [](const auto& a, const auto& b) { return !differs(a, b); });
  if (moved) relays_.assign(relays.begin(), relays.end());
  return moved;
}

void MqttMailbox::put(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (events_.size() == kEventsMost) {
    events_.pop_front();
    ++dropped_;
  }
  events_.push_back(event);  // publish() of the same turn ends the wait
}

void MqttMailbox::put(const MqttAnswer& answer) {
  {
    const std::lock_guard lock(mutex_);
    if (answers_.size() == kAnswersMost) {
      answers_.pop_front();
      ++dropped_;
    }
    answers_.push_back(answer);
    woken_ = true;
  }
  news_.notify_one();
}

std::uint64_t MqttMailbox::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void MqttMailbox::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  news_.notify_one();
}

void MqttMailbox::wait_until(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  waiting_ = true;
  news_.wait_until(lock, deadline, [this] { return woken_; });
  waiting_ = false;
  woken_ = false;
}

void MqttMailbox::listen(bool to_news) {
  const std::lock_guard lock(mutex_);
  listening_ = to_news;
}

void MqttMailbox::take(MqttModel& model, Taken& taken, std::size_t events_most) {
  taken.packs.clear();
  taken.events.clear();
  taken.answers.clear();
  std::size_t packs = 0;
  {
    const std::lock_guard lock(mutex_);
    packs = slots_.size();
    model.seen = seen_;
    model.packs.resize(packs);
    model.verdicts.resize(packs);
    taken.supervisor = supervisor_moved_;
    if (supervisor_moved_) {
      model.relays.assign(relays_.begin(), relays_.end());
      for (std::size_t i = 0; i < packs; ++i) model.verdicts[i] = slots_[i].verdict;
    }
    supervisor_moved_ = false;
    model.mode = mode_;
    model.bank = bank_;
    model.request = request_;
    model.inverters.assign(inverters_.begin(), inverters_.end());
    model.bank_max_age = bank_max_age_;
    const auto count = static_cast<std::ptrdiff_t>(std::min(events_most, events_.size()));
    taken.events.assign(events_.begin(), events_.begin() + count);
    events_.erase(events_.begin(), events_.begin() + count);
    taken.answers.assign(answers_.begin(), answers_.end());
    answers_.clear();
  }
  for (std::size_t i = 0; i < packs; ++i) take_pack(model, taken, i);
}

bool MqttMailbox::take_pack(MqttModel& model, Taken& taken, std::size_t i) {
  const std::lock_guard lock(mutex_);
  if (!slots_[i].changed) return false;
  model.packs[i] = slots_[i].state;
  slots_[i].changed = false;
  taken.packs.push_back(i);
  return true;
}

Moment MqttMailbox::moment(Clock::time_point when) const {
  const std::lock_guard lock(mutex_);
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(when - anchored_);
  return {{anchor_.now.ms + passed.count()}, anchor_.wall_ms + passed.count()};
}

}  // namespace cw
