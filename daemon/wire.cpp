// SPDX-License-Identifier: Apache-2.0
#include "daemon/wire.h"

#include <sys/epoll.h>

#include <algorithm>

#include "daemon/log.h"

namespace cw {
namespace {

constexpr Millis kReopenFirst{500};
constexpr Millis kReopenMost{5'000};
constexpr Millis kComplainEvery{60'000};
// An adapter that hangs, or a serial server that forgot us, looks like this.
constexpr std::uint32_t kUnheardMost = 8;

// A rest ends this long before the answer is expected to be whole: its end is never slept through.
constexpr Millis kRestMargin{1};
constexpr Millis kRestLeast{3};
constexpr Millis kSpanStep{1};  // a machine that was busy once is no reason to expect slow answers
constexpr Millis kWorthMoving{100};
// What came during a rest is read before anything is given up.
constexpr Millis kReadFirst{5};

}  // namespace

Wire::Wire(Loop& loop, WireListener& listener, std::unique_ptr<Transport> transport,
           LineTimes times, std::size_t longest_frame)
    : loop_(loop),
      transport_(std::move(transport)),
      packs_(listener, times, longest_frame),
      timer_(loop.add_timer([this](Instant now) { on_timer(now); })) {}

Wire::~Wire() {
  if (watched_ >= 0) loop_.forget(watched_);
  loop_.stop_timer(timer_);
  transport_->close();
}

void Wire::add(std::size_t index, const PackConfiguration& configuration, Pack& pack) {
  packs_.add(index, configuration, pack, loop_.now());
  spans_.push_back({0});
}

void Wire::start() { open(); }

std::string Wire::trouble() const {
  if (released_until_)
    return fmt::format("released for another {} s, as it was told to",
                       (released_until_->ms - loop_.now().ms + 999) / 1000);
  return trouble_.empty() ? transport_->complaint() : trouble_;
}

void Wire::release(Millis time) {
  const Instant now = loop_.now();
  if (time.count == 0 && !released_until_) return;
  log(Severity::notice, "wire", "{}: {}", name(),
      time.count == 0 ? "taken back" : fmt::format("released for {} min", time.count / 60'000));
  timer_at_.reset();
  if (time.count == 0) {
    released_until_.reset();
    return open();
  }
  released_until_ = now + time;
  transport_->close();
  watch();
  if (up_) packs_.on_down(now);
  probe_.note(CaptureKind::down, "released");
  up_ = false;
  trouble_.clear();
  rest_until_.reset();
  set_timer(*released_until_);
}

void Wire::open() {
  const Transport::State state = transport_->open();
  watch();
  const Instant now = loop_.now();
  if (state == Transport::State::open) return came_up(now);
  if (state == Transport::State::closed) return went_down(now);
  set_timer(now + transport_->opening_most());
}

// Keeps the loop watching what the transport wants watched; the descriptor may have changed.
void Wire::watch() {
  const int descriptor = transport_->descriptor();
  if (descriptor != watched_) {
    if (watched_ >= 0) loop_.forget(watched_);
    watched_ = descriptor;
    interest_ = 0;
    if (descriptor < 0) return;
    interest_ = transport_->interest();
    loop_.watch(descriptor, interest_, [this](std::uint32_t events) { on_ready(events); });
    return;
  }
  if (descriptor < 0) return;
  const std::uint32_t deaf = rest_until_ ? std::uint32_t{EPOLLIN} : 0U;
  const std::uint32_t interest = transport_->interest() & ~deaf;
  if (interest == interest_) return;
  interest_ = interest;
  loop_.rewatch(descriptor, interest_);
}

void Wire::on_ready(std::uint32_t events) {
  const Instant now = loop_.now();
  const auto received = transport_->on_ready(events, room_);
  if (!up_ && transport_->state() == Transport::State::open) came_up(now);
  if (!received.empty()) {
    const auto asked = packs_.line().ordering() ? std::nullopt : packs_.line().asking();
    probe_.note(CaptureKind::in, received);
    packs_.on_bytes(received, now);
    anew_ = false;
    if (asked) note_answer(*asked, now);
  }
  report_complaint(now);
  if (transport_->state() == Transport::State::closed) return went_down(now);
  if (up_) return ask(now);
  watch();
}

void Wire::on_timer(Instant now) {
  timer_at_.reset();
  if (released_until_ && now < *released_until_) return set_timer(*released_until_);
  if (released_until_) return release({0});
  if (rest_until_ && now < *rest_until_) return set_timer(*rest_until_);
  if (rest_until_) {
    rest_until_.reset();
    watch();
    return set_timer(std::max(packs_.line().deadline(), now + kReadFirst));
  }
  if (up_) return ask(now);
  if (transport_->state() == Transport::State::opening) {
    transport_->close();
    watch();  // before it opens again: the new descriptor may have the old number
    if (trouble_.empty()) log(Severity::warning, "wire", "{}: no answer", transport_->name());
    trouble_ = "no answer";
  }
  open();
}

// A piece of the answer of `station` came. How long answers take is learnt and not computed: a
// converter or a network between us and the wire has a pace of its own.
void Wire::note_answer(std::size_t station, Instant now) {
  ++pieces_;
  if (packs_.line().asking()) return;
  const Millis took{static_cast<std::int32_t>(now.ms - asked_.ms)};
  Millis& span = spans_[station];
  if (rested_ && pieces_ == 1)
    span = {span.count * 3 / 4};  // it was whole when the rest was over, nobody knows since when
  else
    span = span.count == 0 ? took : std::min(took, span + kSpanStep);
}

void Wire::rest(std::size_t station) {
  const Instant until = asked_ + (spans_[station] - kRestMargin);
  rested_ = spans_[station] >= kRestLeast && until < packs_.line().deadline();
  if (rested_) rest_until_ = until;
}

void Wire::came_up(Instant now) {
  up_ = true;
  reopen_after_ = {};
  if (!trouble_.empty())
    log(Severity::notice, "wire", "{}: back again", transport_->name());
  else if (!anew_)
    log(Severity::info, "wire", "{}: open", transport_->name());
  trouble_.clear();
  timer_at_.reset();
  probe_.note(CaptureKind::up);
  packs_.on_up(now);
  ask(now);
}

// The first time is news; as long as nothing is heard, the following ones are the same news.
void Wire::try_anew(Instant now) {
  if (!anew_)
    log(Severity::notice, "wire", "{}: not a byte after {} requests; opening it anew",
        transport_->name(), kUnheardMost);
  anew_ = true;
  probe_.note(CaptureKind::down, "not a byte was heard");
  packs_.on_down(now);
  up_ = false;
  rest_until_.reset();
  timer_at_.reset();
  transport_->close();
  watch();  // before it opens again: the new descriptor may have the old number
  open();
}

void Wire::note_asking() {
  if (packs_.line().asker() == noted_) return;
  noted_ = packs_.line().asker();
  if (noted_ == Asking::ours)
    log(Severity::notice, "wire", "{}: the other master is gone: asking again", name());
  else
    log(noted_ == Asking::never ? Severity::info : Severity::warning, "wire", "{}: {}", name(),
        cw::name(noted_));
}

void Wire::went_down(Instant now) {
  watch();
  // The first failure is news; the following ones are the same news.
  if (trouble_.empty())
    log(Severity::warning, "wire", "{}; trying again until it is there", transport_->error());
  trouble_ = transport_->error();
  probe_.note(CaptureKind::down, trouble_);
  packs_.on_down(now);
  up_ = false;
  rest_until_.reset();
  reopen_after_ = reopen_after_.count == 0
                      ? kReopenFirst
                      : Millis{std::min(reopen_after_.count * 2, kReopenMost.count)};
  timer_at_.reset();  // whatever the line wanted, it has time until the port is back
  set_timer(now + reopen_after_);
}

void Wire::ask(Instant now) {
  if (packs_.line().unheard_requests() >= kUnheardMost && !packs_.line().asking())
    return try_anew(now);
  probe_.note(CaptureKind::turn);
  if (const auto request = packs_.ask(now)) {
    probe_.note(CaptureKind::out, request->view());
    asked_ = now;
    pieces_ = 0;
    if (!packs_.line().ordering()) rest(*packs_.line().asking());
    if (!transport_->send(request->view())) log(Severity::debug, "wire", "{}: not sent", name());
  }
  note_asking();
  watch();  // what could not be written at once waits for the port
  packs_.report(now);
  set_timer(rest_until_.value_or(packs_.line().deadline()));
}

bool Wire::order(std::size_t pack, const Order& order) {
  if (!up_ || !packs_.order(pack, order)) return false;
  set_timer(packs_.line().deadline());
  return true;
}

void Wire::ask_at(std::size_t pack, Instant when) {
  packs_.ask_at(pack, when);
  if (up_) set_timer(rest_until_.value_or(packs_.line().deadline()));
}

// A timer that is set to a slightly earlier moment stays: it finds nothing to do and is set again
// then. That saves a system call for each piece of an answer; a wake-up costs more than that.
void Wire::set_timer(Instant deadline) {
  if (timer_at_ && *timer_at_ <= deadline && deadline < *timer_at_ + kWorthMoving) return;
  timer_at_ = deadline;
  loop_.set_timer(timer_, deadline);
}

// A wire that is sick says so many times a second; people are told once, and what became of it.
void Wire::report_complaint(Instant now) {
  std::string complaint = transport_->complaint();
  if (complaint == complaint_) return;
  if (!complaint_.empty() && now < complained_ + kComplainEvery) return;
  complained_ = now;
  complaint_ = std::move(complaint);
  if (!complaint_.empty()) log(Severity::warning, "wire", "{}: {}", name(), complaint_);
}

}  // namespace cw
