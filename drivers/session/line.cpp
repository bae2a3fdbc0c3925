// SPDX-License-Identifier: Apache-2.0
// The state machine of a line: down, silent (nobody is asked) or in an exchange (one station is).
#include "drivers/session/line.h"

#include <algorithm>
#include <utility>

#include "core/assert.h"

namespace cw {
namespace {

// After a damaged answer, its rest has passed when nothing came for this long. The slowest common
// adapters hold received bytes back for 16 ms.
constexpr Millis kSilence{20};
// A transceiver that turns around may leave a byte or two; that alone is no reason to slow down.
constexpr std::size_t kTurnaroundBytes = 2;
// How long a request waits for a wire that never falls silent.
constexpr Millis kBabbleMost{500};
// A station that only listens is heard, or missed, at least once in this time.
constexpr Millis kListenLeast{1000};
// The slowest round known of another master.
constexpr Millis kRoundMost{15'000};
constexpr std::uint32_t kBacksOff = 2;  // requests in a row without any answer
constexpr Millis kGapStep{5};
constexpr std::string_view kTheirLine = "another master drives the line";
constexpr std::string_view kNeverAsk = "this line is only listened to, as configured";
constexpr std::uint32_t kNarrowAfter = 4;

// The more it says, the lower: decides between stations that hear the same bytes.
int rank(Heard heard) {
  switch (heard) {
    case Heard::frame:
    case Heard::part:
    case Heard::acknowledged:
    case Heard::refused: return 0;
    case Heard::need_more: return 1;
    case Heard::not_for_us: return 2;
    case Heard::malformed: return 3;
    case Heard::bad_checksum: return 4;
    case Heard::noise: return 5;
  }
  return 6;
}

Millis backoff(const StationTimes& times, std::uint32_t silences) {
  if (silences < kBacksOff) return {0};
  const std::int64_t wait = std::int64_t{times.backoff_first.count}
                            << std::min(silences - kBacksOff, 20U);
  return {static_cast<std::int32_t>(std::min<std::int64_t>(wait, times.backoff_most.count))};
}

Link link_after(std::uint32_t misses, const StationTimes& times, Link before) {
  if (before == Link::unheard) return Link::unheard;
  return misses >= times.lost_after ? Link::lost : Link::failing;
}

}  // namespace

Line::Line(LineTimes times, std::size_t longest_frame)
    : times_(times),
      received_(2 * longest_frame),
      master_(times.quiet),
      told_(asker()),
      gap_(times.gap_least) {
  CW_ASSERT(longest_frame > 0 && times.gap_least <= times.gap_most);
}

std::size_t Line::add(Protocol& protocol, Pack& pack, StationTimes times, Instant now) {
  CW_ASSERT(!up_);
  Station station{.protocol = &protocol, .pack = &pack, .times = times};
  station.due = now;
  station.status.asking = told_;
  stations_.push_back(station);
  completed_.reserve(stations_.size());
  last_ = turn_ = stations_.size() - 1;
  return last_;
}

void Line::on_up(Instant now) {
  if (up_) return;
  up_ = true;
  free_at_ = now + times_.listen_first;
  unheard_requests_ = 0;
  for (Station& station : stations_) {
    station.due = now;
    station.silences = 0;
    station.listening = false;
    station.heard = false;
  }
  if (told_ != Asking::ours) listen_all(now);
}

void Line::on_down(Instant /*now*/) {
  if (!up_) return;
  discard(size_);
  up_ = false;
  for (std::size_t i = 0; i < stations_.size(); ++i)
    if (stations_[i].order)
      end_order(i, ordering_ && asking_ == i ? OrderEnd::cut_off : OrderEnd::not_sent, {});
  asking_.reset();
  ordering_ = false;
  for (Station& station : stations_) {
    station.misses = std::max(station.misses, station.times.lost_after);
    station.status.link = link_after(station.misses, station.times, station.status.link);
  }
}

void Line::on_bytes(std::span<const std::uint8_t> in, Instant now) {
  completed_.clear();
  if (!up_ || stations_.empty() || in.empty()) return;
  unheard_requests_ = 0;
  silent_ = false;
  const bool pause = times_.frame_gap.count > 0 && now > last_bytes_ + times_.frame_gap;
  if (pause && !asking_) discard(size_);
  last_bytes_ = now;
  while (!in.empty()) {
    if (size_ == received_.size()) discard(1);
    const std::size_t fitting = std::min(in.size(), received_.size() - size_);
    std::copy_n(in.begin(), fitting, received_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += fitting;
    in = in.subspan(fitting);
    if (!anybody_hears()) unasked(fitting, now);
    digest(now);
  }
  follow_master(now);
  if (asking_) extend_wait(now);
}

std::optional<Request> Line::on_time(Instant now) {
  if (!up_) return std::nullopt;
  master_.on_time(now);
  follow_master(now);
  if (asking_) {
    if (now < answer_by_) return std::nullopt;
    give_up(now);
  }
  if (now < free_at_) return std::nullopt;
  if (told_ != Asking::ours) {
    for (std::size_t i = 0; i < stations_.size(); ++i)
      if (stations_[i].order)
        end_order(i, OrderEnd::not_sent, told_ == Asking::never ? kNeverAsk : kTheirLine);
    for (Station& station : stations_)
      if (station.due <= now) listen(station, now);
    return std::nullopt;
  }
  if (const auto number = next_order()) return give_order(*number, now);
  while (const auto number = next_due(now))
    if (auto request = ask(*number, now)) return request;
  return std::nullopt;
}

Instant Line::deadline() const {
  if (!up_) return kNever;
  if (asking_) return answer_by_;
  if (next_order()) return free_at_;
  Instant first = kNever;
  for (const Station& station : stations_) first = std::min(first, station.due);
  if (told_ == Asking::another_master) first = std::min(first, master_.gone_at());
  return std::max(first, free_at_);
}

bool Line::order(std::size_t number, const Order& order) {
  Station& station = stations_[number];
  if (station.order || station.report) return false;
  station.order = order;
  if (!up_) end_order(number, OrderEnd::not_sent, {});
  return true;
}

void Line::ask_at(std::size_t number, Instant when) {
  Station& station = stations_[number];
  station.hurried |= when < station.due;
  station.due = std::min(station.due, when);
}

std::optional<OrderReport> Line::take_report() {
  for (Station& station : stations_)
    if (station.report) return std::exchange(station.report, std::nullopt);
  return std::nullopt;
}

std::optional<std::size_t> Line::next_order() const {
  for (std::size_t i = 1; i <= stations_.size(); ++i) {
    const std::size_t number = (last_ + i) % stations_.size();
    if (stations_[number].order) return number;
  }
  return std::nullopt;
}

std::optional<Request> Line::give_order(std::size_t number, Instant now) {
  Station& station = stations_[number];
  const Request request = station.order->request;
  ask_at(number, now);  // so that what it did is seen at once
  begin_exchange(number, request, now);
  ordering_ = true;
  return request;
}

void Line::end_order(std::size_t number, OrderEnd end, std::string_view why) {
  stations_[number].order.reset();
  stations_[number].report = OrderReport{number, end, why};
}

// The order under way.
void Line::finish_order(OrderEnd end, std::string_view why, Instant now) {
  const std::size_t number = *asking_;
  const Millis quiet = std::max(gap_, stations_[number].order->quiet);
  end_order(number, end, why);
  end_exchange(now);
  master_.on_exchange_over(end == OrderEnd::unanswered, now);
  free_at_ = now + quiet;
}

Asking Line::asker() const {
  if (times_.only_listen) return Asking::never;
  return master_.talks() ? Asking::another_master : Asking::ours;
}

// In turn. Who backs off has waited longest, so that his turn comes first; but only every other
// turn, so that many dead stations do not take all the time of those that live.
std::optional<std::size_t> Line::next_due(Instant now) const {
  for (const bool backs_off : {!backed_off_, backed_off_})
    for (std::size_t i = 1; i <= stations_.size(); ++i) {
      const std::size_t number = (turn_ + i) % stations_.size();
      const Station& station = stations_[number];
      if (station.due <= now && (station.silences >= kBacksOff) == backs_off) return number;
    }
  return std::nullopt;
}

std::optional<Request> Line::ask(std::size_t number, Instant now) {
  Station& station = stations_[number];
  auto request = station.protocol->next_request(now);
  if (!request) {
    listen(station, now);
    return std::nullopt;
  }
  // Late turns do not shift the following ones: the mean interval stays what was asked for.
  station.due = std::max(station.due + station.times.interval, now);
  station.listening = request->listen_on;
  station.hurried = false;
  ++station.status.counts.requests;
  begin_exchange(number, *request, now);
  return request;
}

void Line::begin_exchange(std::size_t number, const Request& request, Instant now) {
  discard(size_);  // belongs to something older
  master_.on_request(request);
  silent_ = true;
  backed_off_ = stations_[number].silences >= kBacksOff;
  asking_ = number;
  last_ = number;
  if (!backed_off_) turn_ = number;
  damaged_ = false;
  widened_ = false;
  strays_ = 0;
  reply_within_ = {std::max(request.reply_within.count, 1)};
  const auto sending_ms = (std::uint64_t{times_.byte_us} * request.size + 999) / 1000;
  answer_by_ = now + Millis{static_cast<std::int32_t>(sending_ms)} + reply_within_;
  answer_due_ = answer_by_;
  answer_latest_ = answer_by_ + reply_within_;
}

// A station with nothing to ask is missed when a whole period went by without a frame.
void Line::listen(Station& station, Instant now) {
  if (station.listening && !station.heard && !station.hurried) {
    ++station.misses;
    station.status.link = link_after(station.misses, station.times, station.status.link);
  }
  station.listening = true;
  station.hurried = false;
  station.heard = false;
  const Millis least = told_ == Asking::ours ? kListenLeast : kRoundMost;
  station.due = now + std::max(station.times.interval, least);
}

void Line::listen_all(Instant now) {
  for (Station& station : stations_) {
    station.listening = false;  // what it did not hear so far is not missed
    listen(station, now);
  }
}

bool Line::anybody_hears() const {
  return asking_ || std::any_of(stations_.begin(), stations_.end(),
                                [](const Station& station) { return station.listening; });
}

void Line::follow_master(Instant now) {
  if (asker() == told_) return;
  told_ = asker();
  for (Station& station : stations_) station.status.asking = told_;
  if (told_ != Asking::ours) return listen_all(now);
  for (Station& station : stations_) {
    station.listening = false;
    station.silences = 0;
    station.due = now;
  }
}

void Line::digest(Instant now) {
  std::size_t done = 0;
  bool unheard = !anybody_hears();
  while (done < size_) {
    const std::span<const std::uint8_t> left{received_.data() + done, size_ - done};
    const auto verdict = hear(left, now);
    if (!verdict && !unheard) unasked(left.size(), now);
    unheard = unheard || !verdict;
    const Fed fed = verdict ? verdict->fed : overhear(left);
    if (fed.heard == Heard::need_more) break;
    const auto consumed = std::clamp<std::size_t>(fed.consumed, 1, left.size());
    done += consumed;
    const bool awaited = verdict && verdict->station == asking_ && fed.heard == Heard::frame;
    if (!awaited) note_stranger(left.first(consumed), now);
    if (verdict)
      act(*verdict, consumed, now);
    else
      stations_[last_].status.counts.noise_bytes += consumed;
  }
  if (done == 0) return;
  std::copy(received_.begin() + static_cast<std::ptrdiff_t>(done),
            received_.begin() + static_cast<std::ptrdiff_t>(size_), received_.begin());
  size_ -= done;
}

// Asks everybody who may hear, whoever was asked first and then those who only listen: a frame
// belongs to one of them. Empty: there is nobody.
std::optional<Line::Verdict> Line::hear(std::span<const std::uint8_t> in, Instant now) {
  std::optional<Verdict> best;
  for (std::size_t i = 0; i < stations_.size(); ++i) {
    const std::size_t number = (asking_.value_or(0) + i) % stations_.size();
    Station& station = stations_[number];
    if (asking_ != number && !station.listening) continue;
    const Fed fed = station.protocol->feed(in, now, *station.pack);
    const int better = best ? rank(best->fed.heard) - rank(fed.heard) : 1;
    if (better > 0 || (better == 0 && fed.consumed < best->fed.consumed)) best = {number, fed};
    if (rank(fed.heard) == 0) break;
  }
  return best;
}

Fed Line::overhear(std::span<const std::uint8_t> in) const {
  Fed best{in.size(), Heard::noise};
  for (const Station& station : stations_) {
    const Fed fed = station.protocol->overhear(in);
    const int better = rank(best.heard) - rank(fed.heard);
    if (better > 0 || (better == 0 && fed.consumed < best.consumed)) best = fed;
  }
  return best;
}

// A whole frame is a sign of another master, but for answers while one is awaited: that is what is
// left of it, or of an older one.
void Line::note_stranger(std::span<const std::uint8_t> bytes, Instant now) {
  const Fed fed = overhear(bytes);
  if (fed.consumed != bytes.size()) return;
  if (fed.heard == Heard::not_for_us) master_.on_frame(bytes, true, now);
  if (fed.heard == Heard::frame && !asking_) master_.on_frame(bytes, false, now);
}

void Line::act(const Verdict& verdict, std::size_t consumed, Instant now) {
  LinkCounts& counts = stations_[verdict.station].status.counts;
  switch (verdict.fed.heard) {
    case Heard::need_more:
    case Heard::part: break;
    case Heard::frame:
      counts.malformed += verdict.fed.cut_short ? 1 : 0;
      counts.refused_values += verdict.fed.refused;
      heard_frame(verdict.station, now);
      break;
    case Heard::noise: counts.noise_bytes += consumed; break;
    case Heard::not_for_us: ++counts.foreign; break;
    case Heard::acknowledged:
    case Heard::refused: heard_answer_to_order(verdict, now); break;
    case Heard::malformed:
      ++counts.malformed;
      damaged_ = true;
      break;
    case Heard::bad_checksum:
      ++counts.bad_checksums;
      damaged_ = true;
      widen_gap();
      break;
  }
}

void Line::heard_frame(std::size_t number, Instant now) {
  Station& station = stations_[number];
  ++station.status.counts.frames;
  station.status.link = Link::up;
  station.status.last_frame = now;
  station.misses = 0;
  station.silences = 0;
  station.heard = true;
  if (std::find(completed_.begin(), completed_.end(), number) == completed_.end())
    completed_.push_back(number);
  if (asking_ != number || ordering_) return;
  master_.on_exchange_over(false, now);
  if (!widened_) narrow_gap();
  end_exchange(now);
}

// One that comes when nobody waits for it is late: its order was reported already.
void Line::heard_answer_to_order(const Verdict& verdict, Instant now) {
  Station& station = stations_[verdict.station];
  if (asking_ != verdict.station || !ordering_) {
    ++station.status.counts.foreign;
    return;
  }
  finish_order(verdict.fed.heard == Heard::refused ? OrderEnd::refused : OrderEnd::acknowledged,
               verdict.fed.why, now);
}

void Line::unasked(std::size_t bytes, Instant now) {
  strays_ += bytes;
  if (strays_ <= kTurnaroundBytes) return;
  widen_gap();
  if (now > last_stray_ + gap_) babble_since_ = now;
  last_stray_ = now;
  free_at_ = std::max(free_at_, std::min(now + gap_, babble_since_ + kBabbleMost));
}

void Line::extend_wait(Instant now) {
  if (damaged_)
    answer_by_ = std::min(now + kSilence, answer_latest_);
  else if (times_.frame_gap.count > 0)
    answer_by_ = size_ > 0 ? std::min(now + times_.frame_gap, answer_latest_) : answer_due_;
  else if (size_ > 0)
    answer_by_ =
        std::min(std::max(answer_by_, now + Millis{reply_within_.count / 2}), answer_latest_);
}

void Line::give_up(Instant now) {
  Station& station = stations_[*asking_];
  if (ordering_) {
    discard(size_);
    return finish_order(station.order->answered ? OrderEnd::unanswered : OrderEnd::sent, {}, now);
  }
  ++station.status.counts.timeouts;
  ++station.misses;
  station.status.link = link_after(station.misses, station.times, station.status.link);
  if (size_ > 0) widen_gap();  // it was cut short
  const bool cut_short = size_ > 0;
  discard(size_);
  end_exchange(now);
  master_.on_exchange_over(true, now);
  if (silent_) {
    ++unheard_requests_;
    free_at_ = now;  // it was silent for long enough
  }
  if (damaged_ || (cut_short && times_.frame_gap.count > 0)) {
    station.silences = 0;
    return;
  }
  ++station.silences;
  const Millis pause = std::max(reply_within_, backoff(station.times, station.silences));
  station.due = std::max(station.due, now + pause);
  if (!times_.addressed) free_at_ = std::max(free_at_, now + reply_within_);
}

void Line::end_exchange(Instant now) {
  asking_.reset();
  ordering_ = false;
  free_at_ = now + gap_;
}

// The oldest bytes are given up as noise of whoever is, or was last, asked.
void Line::discard(std::size_t bytes) {
  if (bytes == 0) return;
  stations_[last_].status.counts.noise_bytes += bytes;
  std::copy(received_.begin() + static_cast<std::ptrdiff_t>(bytes),
            received_.begin() + static_cast<std::ptrdiff_t>(size_), received_.begin());
  size_ -= bytes;
}

void Line::widen_gap() {
  if (widened_) return;
  widened_ = true;
  good_row_ = 0;
  const auto wider = std::max(kGapStep.count, gap_.count * 2);
  gap_ = {std::min(wider, times_.gap_most.count)};
}

void Line::narrow_gap() {
  if (gap_ == times_.gap_least || ++good_row_ < kNarrowAfter) return;
  good_row_ = 0;
  const auto narrower = gap_.count / 2 < kGapStep.count ? 0 : gap_.count / 2;
  gap_ = {std::max(narrower, times_.gap_least.count)};
}

}  // namespace cw
