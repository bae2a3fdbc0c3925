// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_worker.h"

#include <fmt/format.h>

namespace cw {
namespace {

using std::chrono::milliseconds;

constexpr Millis kGoodbye{1'000};
constexpr milliseconds kGoodbyeMost{1'500};
constexpr Millis kAttemptMost{60'000};  // the library's own limit is far shorter
constexpr milliseconds kIdle{3'600'000};

// A wake-up costs more than a message. With more packs than these, what changes within a moment of
// an exchange waits for the next one; the first change after a pause still leaves at once.
constexpr std::size_t kFewPacks = 16;
constexpr milliseconds kGather{50};

Instant instant_of(MqttMailbox::Clock::time_point when) {
  return {std::chrono::duration_cast<milliseconds>(when.time_since_epoch()).count()};
}

MqttMailbox::Clock::time_point time_of(Instant when) {
  return MqttMailbox::Clock::time_point{milliseconds{when.ms}};
}

std::string place_of(std::string_view broker) {
  return std::string(broker.substr(broker.find("://") + 3));
}

}  // namespace

MqttWorker::MqttWorker(const MqttOptions& options, std::string_view version, std::uint32_t seed)
    : options_(options),
      publisher_(options, version, seed),
      retry_(seed),
      random_(seed),
      account_{options.broker, fmt::format("cellwarden-{}", options.gateway_id), options.username,
               options.password, publisher_.topics().status} {}

Health MqttWorker::health() const {
  const std::uint64_t dropped = mailbox_.dropped() + inbox_.dropped();
  const std::lock_guard lock(mutex_);
  return {ok_, detail_, dropped};
}

void MqttWorker::report(bool ok, std::string detail) {
  const std::lock_guard lock(mutex_);
  ok_ = ok;
  detail_ = std::move(detail) + note_;
}

void MqttWorker::stop() {
  stop_ = true;
  mailbox_.wake();
}

bool MqttWorker::ended_within(Millis patience) {
  std::unique_lock lock(mutex_);
  return ended_news_.wait_for(lock, milliseconds{patience.count}, [this] { return ended_; });
}

void MqttWorker::run() {
  while (!stop_) {
    turn();
    if (!stop_) mailbox_.wait_until(deadline_);
  }
  if (state_ == State::connected) say_goodbye();
  client_.reset();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_news_.notify_all();
}

void MqttWorker::turn() {
  const Instant now = instant_of(Clock::now());
  if (client_) handle(client_->news(), now);
  if (state_ == State::resting && now >= retry_at_) attempt(now);
  switch (state_) {
    case State::resting: deadline_ = time_of(retry_at_); return;
    case State::connecting:
      deadline_ = time_of(attempted_ + kAttemptMost);
      if (now >= attempted_ + kAttemptMost)
        rest_until(retry_.on_failed(now, false), "the attempt to connect hangs");
      return;
    case State::connected: deadline_ = exchange(); return;
  }
}

// The old client goes here, and not where its end was told: that was in one of its callbacks.
void MqttWorker::attempt(Instant now) {
  client_.reset();
  client_ = make_mqtt_client(
      account_, [this] { mailbox_.wake(); },
      [this](auto topic, auto payload, bool retained) { arrived(topic, payload, retained); });
  state_ = State::connecting;
  attempted_ = now;
  client_->connect();
}

// On a thread of the library.
void MqttWorker::arrived(std::string_view topic, std::string_view payload, bool retained) {
  const auto level = read_set_topic(options_.base_topic, options_.gateway_id, topic);
  if (!level) return;  // nothing else was subscribed to
  inbox_.put({std::string(level->pack), std::string(level->setting),
              std::string(payload.substr(0, MqttCommand::kPayloadMost)), retained});
}

void MqttWorker::handle(const MqttNews& news, Instant now) {
  const std::string place = place_of(options_.broker);
  if (news.connected && state_ == State::connecting) {
    state_ = State::connected;
    retry_.on_connected(now);
    mailbox_.listen(true);
    if (options_.home_assistant) client_->listen_for_birth(publisher_.birth_topic());
    if (options_.commands && inbox_.descriptor() >= 0)
      client_->listen_for_commands(set_topic(options_.base_topic, options_.gateway_id, "+", "+"));
    publisher_.on_connected(mailbox_.moment(Clock::now()).now);
    report(true, fmt::format("connected to {} as {}", place, account_.client_id));
  }
  if (news.failed && state_ == State::connecting)
    rest_until(retry_.on_failed(now, news.refused),
               fmt::format("cannot connect to {}: {}; trying again", place, news.reason));
  if (state_ != State::connected) return;
  publisher_.on_acknowledged(news.acknowledged);
  if (news.birth) publisher_.on_birth(mailbox_.moment(Clock::now()).now);
  // A connection that gives up a message is no longer good: the next one sends it again.
  if (!news.lost && !news.undelivered) return;
  const std::string_view reason =
      news.lost ? std::string_view(news.reason) : "an event was not delivered";
  Instant retry = retry_.on_lost(now);
  if (retry_.contested()) {
    change_id();
    retry = retry_.on_failed(now, false);
  }
  rest_until(retry, fmt::format("lost the connection to {}{}{}; trying again", place,
                                reason.empty() ? "" : ": ", reason));
}

void MqttWorker::rest_until(Instant retry, std::string detail) {
  if (state_ == State::connected) publisher_.on_lost();
  mailbox_.listen(false);
  state_ = State::resting;
  retry_at_ = retry;
  report(false, std::move(detail));
}

void MqttWorker::change_id() {
  note_ = fmt::format(
      "; the client id cellwarden-{} is also used by somebody else: give every "
      "gateway an id of its own",
      options_.gateway_id);
  account_.client_id = fmt::format("cellwarden-{}-{:06x}", options_.gateway_id,
                                   std::uniform_int_distribution<>(0, 0xFFFFFF)(random_));
  retry_.on_new_id();
}

MqttWorker::Clock::time_point MqttWorker::exchange() {
  mailbox_.listen(true);  // before it looks: what comes from here on ends the wait
  mailbox_.take(model_, taken_, publisher_.room_for_events());
  const auto start = Clock::now();
  const Moment at = mailbox_.moment(start);
  if (model_.seen) publisher_.apply(model_, taken_, at.now);
  const Instant next = publisher_.send_due(model_, at, *client_);
  if (model_.packs.size() > kFewPacks && !taken_.packs.empty()) {
    mailbox_.listen(false);
    return start + kGather;
  }
  return start + std::min(kIdle, milliseconds{std::max<std::int64_t>(next.ms - at.now.ms, 0)});
}

// What is on its way is given a moment; `offline` replaces the last will, which is not sent after a
// goodbye.
void MqttWorker::say_goodbye() {
  exchange();
  client_->send(publisher_.topics().status, "offline",
                {.qos = 1, .retain = true, .reported = false});
  client_->disconnect(kGoodbye);
  const auto deadline = Clock::now() + kGoodbyeMost;
  while (Clock::now() < deadline) {
    const MqttNews news = client_->news();
    if (news.disconnected || news.lost) return;
    mailbox_.wait_until(deadline);
  }
}

}  // namespace cw
