// SPDX-License-Identifier: Apache-2.0
#include "daemon/inverters/inverter_port.h"

#include <sys/epoll.h>

#include <algorithm>

#include "core/assert.h"
#include "daemon/log.h"

namespace cw {
namespace {

constexpr Millis kComplainEvery{60'000};
// Nobody has more to say at once; a protocol that always has something must not hold the loop.
constexpr int kPiecesMost = 64;

}  // namespace

InverterPort::InverterPort(Loop& loop, InverterPortConfiguration configuration,
                           std::unique_ptr<Transport> transport)
    : loop_(loop),
      configuration_(std::move(configuration)),
      transport_(std::move(transport)),
      timer_(loop.add_timer([this](Instant now) { on_timer(now); })) {
  CW_ASSERT(configuration_.protocol != nullptr);
  const InverterProtocolSpec& spec = *configuration_.protocol;
  if (!transport_) transport_ = make_transport(spec.bus, configuration_.port);
  protocol_ = spec.make(configuration_.options);
}

InverterPort::~InverterPort() {
  if (watched_ >= 0) loop_.forget(watched_);
  loop_.stop_timer(timer_);
  transport_->close();
}

void InverterPort::start() { open(loop_.now()); }

void InverterPort::open(Instant now) {
  const Transport::State state = transport_->open();
  watch();
  if (state == Transport::State::open) return came_up(now);
  if (state == Transport::State::closed) return went_down(now);
  try_at_ = now + transport_->opening_most();
  set_timer(now);
}

// Keeps the loop watching what the transport wants watched; the descriptor may have changed.
void InverterPort::watch() {
  const int descriptor = stopped_ ? -1 : transport_->descriptor();
  const std::uint32_t interest = descriptor < 0 ? 0 : transport_->interest();
  if (descriptor == watched_) {
    if (descriptor >= 0 && interest != interest_) loop_.rewatch(descriptor, interest);
    interest_ = interest;
    return;
  }
  if (watched_ >= 0) loop_.forget(watched_);
  watched_ = descriptor;
  interest_ = interest;
  if (descriptor < 0) return;
  loop_.watch(descriptor, interest_,
              [this](std::uint32_t events) { on_ready(events, loop_.now()); });
}

void InverterPort::on_ready(std::uint32_t events, Instant now) {
  const auto bytes = transport_->on_ready(events, room_);
  if (!up_ && transport_->state() == Transport::State::open) came_up(now);
  receive(bytes, now);
  report_complaint(now);
  if (transport_->state() == Transport::State::closed) return went_down(now);
  send_due(now);
}

void InverterPort::receive(std::span<const std::uint8_t> bytes, Instant now) {
  if (configuration_.protocol->bus != Bus::can) {
    if (!bytes.empty()) protocol_->receive(bytes, now);
    return;
  }
  for (; bytes.size() >= kCanRecordSize; bytes = bytes.subspan(kCanRecordSize))
    protocol_->receive(bytes.first(kCanRecordSize), now);
}

void InverterPort::on_timer(Instant now) {
  if (up_) return send_due(now);
  if (try_at_ && now < *try_at_) return set_timer(now);
  if (transport_->state() == Transport::State::opening) {
    transport_->close();
    watch();  // before it opens again: the new descriptor may have the old number
    if (trouble_.empty())
      log(Severity::warning, "inverter", "{}: {}: no answer", configuration_.name,
          transport_->name());
    trouble_ = "no answer";
  }
  open(now);
}

void InverterPort::came_up(Instant now) {
  up_ = true;
  ++opened_;
  try_at_.reset();
  log(trouble_.empty() ? Severity::info : Severity::notice, "inverter", "{}: {} {}",
      configuration_.name, transport_->name(), trouble_.empty() ? "is open" : "is back again");
  trouble_.clear();
  send_due(now);
}

void InverterPort::went_down(Instant now) {
  watch();
  // The first failure is news; the following ones are the same news.
  if (trouble_.empty())
    log(Severity::warning, "inverter", "{}: {}; trying again until it is there",
        configuration_.name, transport_->error());
  trouble_ = transport_->error();
  up_ = false;
  try_at_ = now + configuration_.try_again;
  set_timer(now);
}

void InverterPort::tell(const Picture& picture) {
  if (picture.request == nullptr || stopped_) return;
  protocol_->tell(picture, picture.now);
  if (up_) send_due(picture.now);
}

void InverterPort::send_due(Instant now) {
  for (int i = 0; up_ && i < kPiecesMost; ++i) {
    const auto piece = protocol_->next(now);
    if (piece.empty()) break;
    if (!transport_->send(piece)) ++dropped_;
  }
  watch();  // what could not be written at once waits for the port
  set_timer(now);
}

void InverterPort::set_timer(Instant now) {
  if (stopped_) return;
  const auto when = up_ ? protocol_->next_due(now) : try_at_;
  if (when)
    loop_.set_timer(timer_, *when);
  else
    loop_.stop_timer(timer_);
}

// A wire that is sick says so many times a second; people are told once, and what became of it.
void InverterPort::report_complaint(Instant now) {
  std::string complaint = transport_->complaint();
  if (complaint == complaint_) return;
  if (!complaint_.empty() && now < complained_ + kComplainEvery) return;
  complained_ = now;
  complaint_ = std::move(complaint);
  if (complaint_.empty()) return;
  log(Severity::warning, "inverter", "{}: {}: {}", configuration_.name, transport_->name(),
      complaint_);
}

std::string InverterPort::trouble(const InverterStatus& status) const {
  if (!trouble_.empty()) return trouble_;
  const std::string wire = transport_->complaint();
  if (wire.empty() || status.complaint.empty()) return wire + status.complaint;
  return status.complaint + "; " + wire;
}

InverterPortState InverterPort::state() const {
  InverterPortState state;
  state.name = configuration_.name;
  state.protocol = configuration_.protocol->name;
  state.port = transport_->name();
  state.open = up_;
  state.dropped = dropped_;
  state.reopened = opened_ == 0 ? 0 : opened_ - 1;
  state.inverter = protocol_->status(loop_.now());
  state.trouble = trouble(state.inverter);
  return state;
}

Health InverterPort::health() const {
  const InverterPortState now = state();
  const std::string heard = now.inverter.present ? "the inverter is heard" : "nothing is heard";
  return {.ok = now.open && now.trouble.empty(),
          .detail = now.port + ": " + (now.trouble.empty() ? heard : now.trouble),
          .dropped = dropped_};
}

void InverterPort::stop(Instant now) {
  stopped_ = true;
  loop_.stop_timer(timer_);
  watch();
  protocol_->stop(now);
}

void InverterPort::turn(Instant now) {
  if (!up_) return;
  receive(transport_->on_ready(EPOLLIN | EPOLLOUT, room_), now);
  up_ = transport_->state() == Transport::State::open;
  send_due(now);
}

std::optional<Instant> InverterPort::next_due(Instant now) const {
  return up_ ? protocol_->next_due(now) : std::nullopt;
}

// On CAN we speak by ourselves; on a serial line an inverter asks, and its next question deserves
// the last answer.
bool InverterPort::said_everything(Instant now) const {
  if (!up_) return true;
  if (configuration_.protocol->bus != Bus::can || protocol_->next_due(now)) return false;
  return (transport_->interest() & EPOLLOUT) == 0;
}

}  // namespace cw
