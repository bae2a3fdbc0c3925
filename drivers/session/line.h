// SPDX-License-Identifier: Apache-2.0
// All timing of a request/response line: who asks when, how long to wait, when to give up, how to
// back off. The devices on one line take turns. No I/O and no clock: bytes and time come in, bytes
// and a deadline come out, so a test runs a week of it in a fraction of a second.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/link.h"
#include "drivers/protocol/protocol.h"
#include "drivers/protocol/settings.h"
#include "drivers/session/line_times.h"
#include "drivers/session/other_master.h"

namespace cw {

/// How an order ended. cut_off: it was sent, and nobody knows whether the device heard it.
enum class OrderEnd : std::uint8_t {
  acknowledged,
  refused,     // by the device
  unanswered,  // in time
  sent,        // one that is not answered
  cut_off,     // the wire went down behind it
  not_sent,    // the wire went down before its turn, or another master drives it
};

struct OrderReport {
  std::size_t station = 0;
  OrderEnd end = OrderEnd::sent;
  std::string_view why{};  // what the device says, where it says something; static text
};

/// What happens between two devices that should understand each other and do not:
/// - Silence: `reply_within` after the request the exchange is given up (a time-out). The same
///   station is not asked again for another `reply_within`: an answer that comes then is late and
///   is dropped, never taken for the answer to a newer request. From the second time on the station
///   backs off.
/// - A slow answer: while its pieces keep coming the wait is extended by half `reply_within` from
///   the last one, to twice `reply_within` in all.
/// - A damaged answer (bad checksum, malformed): given up as soon as the wire was silent for 20 ms;
///   counted as a time-out as well, but the station is there, so it does not back off.
/// - Bytes nobody asked for: dropped as noise. A request waits for silence, but not for ever.
/// - Another master: as soon as two whole frames passed that we have nothing to do with, nothing is
///   asked any more and everybody takes what comes for him, until that master was silent for
///   `quiet` (docs/decisions/0013).
///
/// For each station that asks, requests = frames + time-outs, but for the one that is under way and
/// those that a wire going down cut off.
///
/// An order goes before everything that is due, as soon as the wire is free, and its station is
/// asked again right behind it; the next part of a change, given when the one before is reported,
/// still comes first if that one keeps the wire quiet. How an order ended is reported once. It is
/// no request: it counts in no statistics and says nothing about the link, as boards may leave
/// orders unanswered.
class Line {
 public:
  /// `longest_frame` in bytes, of all protocols on the line; the receive buffer is twice this.
  Line(LineTimes times, std::size_t longest_frame);

  /// Adds a device before the first use; the references must outlive the line. Returns its number.
  std::size_t add(Protocol& protocol, Pack& pack, StationTimes times, Instant now);

  /// The wire is usable: everybody is due.
  void on_up(Instant now);

  /// The wire is gone: whoever was ever heard is lost at once, the request under way is dropped
  /// (not a time-out), and nothing is asked until on_up().
  void on_down(Instant now);

  /// Gives a station an order. False: the one before is not done, or its report was not taken.
  [[nodiscard]] bool order(std::size_t station, const Order& order);

  /// Asks a station again at `when`, if it is not due before.
  void ask_at(std::size_t station, Instant when);

  /// What became of an order, each once, in whatever order they ended.
  std::optional<OrderReport> take_report();

  /// Whether the answer that asking() awaits is that to an order.
  bool ordering() const { return ordering_; }

  /// Bytes from the wire. Stations that completed a frame are in completed() until the next call.
  void on_bytes(std::span<const std::uint8_t> in, Instant now);
  std::span<const std::size_t> completed() const { return completed_; }

  /// What to send now, if anything is due. Call when deadline() has passed and after on_bytes().
  std::optional<Request> on_time(Instant now);

  /// When on_time() has something to do at the latest; kNever while the wire is down. After
  /// on_time(now) it is later than `now`.
  Instant deadline() const;

  /// 292 years: as far as a clock of microseconds reaches.
  static constexpr Instant kNever{std::numeric_limits<std::int64_t>::max() / 1'000'000};

  std::size_t size() const { return stations_.size(); }
  const LinkStatus& status(std::size_t station) const { return stations_[station].status; }

  /// Whose answer is awaited, if anybody's.
  std::optional<std::size_t> asking() const { return asking_; }

  /// The silence kept at present between an answer and the next request.
  Millis gap() const { return gap_; }

  /// Who asks on this line at present.
  Asking asker() const;

  /// So many requests in a row went out without a single byte coming in. Opening the port anew may
  /// help; on_up() forgets them.
  std::uint32_t unheard_requests() const { return unheard_requests_; }

 private:
  struct Station {
    Protocol* protocol;
    Pack* pack;
    StationTimes times;
    LinkStatus status{};
    Instant due{};
    std::uint32_t misses = 0;      // intervals in a row without a good frame
    std::uint32_t silences = 0;    // requests in a row without any answer
    bool listening = false;        // it had nothing to ask: takes what comes
    bool heard = false;            // a frame came since it was last due (listening only)
    bool hurried = false;          // due before its time: no reason to miss it (listening only)
    std::optional<Order> order{};  // waits for its turn, or for its answer
    std::optional<OrderReport> report{};  // waits to be taken
  };

  struct Verdict {
    std::size_t station;
    Fed fed;
  };

  std::optional<std::size_t> next_due(Instant now) const;
  std::optional<std::size_t> next_order() const;
  std::optional<Request> ask(std::size_t number, Instant now);
  std::optional<Request> give_order(std::size_t number, Instant now);
  void begin_exchange(std::size_t number, const Request& request, Instant now);
  void end_order(std::size_t number, OrderEnd end, std::string_view why);
  void finish_order(OrderEnd end, std::string_view why, Instant now);
  void listen(Station& station, Instant now);
  void listen_all(Instant now);
  bool anybody_hears() const;
  void digest(Instant now);
  std::optional<Verdict> hear(std::span<const std::uint8_t> in, Instant now);
  void act(const Verdict& verdict, std::size_t consumed, Instant now);
  void heard_frame(std::size_t number, Instant now);
  void heard_answer_to_order(const Verdict& verdict, Instant now);
  Fed overhear(std::span<const std::uint8_t> in) const;
  void note_stranger(std::span<const std::uint8_t> bytes, Instant now);
  void follow_master(Instant now);
  void unasked(std::size_t bytes, Instant now);
  void extend_wait(Instant now);
  void give_up(Instant now);
  void end_exchange(Instant now);
  void discard(std::size_t bytes);
  void widen_gap();
  void narrow_gap();

  LineTimes times_;
  std::vector<Station> stations_;
  std::vector<std::size_t> completed_;
  std::vector<std::uint8_t> received_;  // the first size_ bytes wait to be understood
  std::size_t size_ = 0;
  bool up_ = false;

  OtherMaster master_;
  Asking told_ = Asking::ours;  // what the stations' statuses say
  Instant last_bytes_{};
  std::uint32_t unheard_requests_ = 0;
  bool silent_ = false;      // nothing came since the request under way
  bool backed_off_ = false;  // the one that asked last does

  std::optional<std::size_t> asking_;  // whose answer is awaited
  bool ordering_ = false;              // to an order
  std::size_t last_ = 0;               // who asked last
  std::size_t turn_ = 0;               // who had his turn last: it goes on behind him
  Instant answer_by_{};
  Instant answer_due_{};  // what answer_by_ was at first
  Instant answer_latest_{};
  Millis reply_within_{};
  bool damaged_ = false;  // the answer came damaged

  Instant free_at_{};       // the wire is silent long enough from here on
  Instant babble_since_{};  // bytes nobody asked for have come without a pause since
  Instant last_stray_{};
  std::size_t strays_ = 0;  // unasked bytes since the last exchange
  Millis gap_{};
  bool widened_ = false;        // in this exchange already
  std::uint32_t good_row_ = 0;  // good answers since the gap changed
};

}  // namespace cw
