// SPDX-License-Identifier: Apache-2.0
// The one door through which anything is written to a BMS: allowed by the configuration, judged by
// the rules of the core, sent, read back, compared, answered once, and recorded. Off by default. It
// knows no wire and reads no clock.
//
// A change is sent twice at most, and read back for a second each time. When it is not known what
// became of it (nobody answered, the wire went down) the caller is told so, nothing further is
// sent, and what the device says when it is heard again is recorded.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/picture.h"
#include "daemon/writes/write_plan.h"
#include "drivers/session/line.h"

namespace cw {

/// The wires, as far as the gate needs them.
class OrderDesk {
 public:
  /// nullptr: the pack is on a wire that only reads.
  virtual Settings* settings(std::size_t pack) = 0;
  /// False: the wire is down, or has one of this pack's orders in hand.
  virtual bool order(std::size_t pack, const Order& order) = 0;
  /// Asks the pack again soon for what shows the effect of a change.
  virtual void look_again(std::size_t pack) = 0;

 protected:
  ~OrderDesk() = default;
};

/// What became of a change that was allowed.
enum class WriteEnd : std::uint8_t {
  verified,      // read back
  acknowledged,  // taken; nothing shows it
  refused,       // by the board
  not_taken,     // read back: the board kept its value
  no_answer,     // neither acknowledged nor read back in time
  unknown,       // the link was lost between writing and reading back
  not_sent,      // the link was down, or the one before failed
};
constexpr std::string_view name(WriteEnd end) {
  constexpr std::string_view names[] = {
      "verified",
      "acknowledged, and nothing shows it",
      "refused by the board",
      "not taken: the board kept its value",
      "no answer: not known, looked at when the board is heard again",
      "link lost: not known, looked at when the board is heard again",
      "not sent",
  };
  return names[static_cast<std::size_t>(end)];
}
constexpr bool is_good(WriteEnd end) { return end <= WriteEnd::acknowledged; }
constexpr bool is_open(WriteEnd end) {
  return end == WriteEnd::no_answer || end == WriteEnd::unknown;
}

struct WriteStep {
  PlannedChange planned;
  WriteEnd end = WriteEnd::not_sent;
  std::string why{};  // what the board says, where it says something
};

struct WriteResult {
  WritePlan plan;                // without a fault: it was carried out
  std::vector<WriteStep> steps;  // as far as the plan had any
};

struct WriteRequest {
  std::size_t pack = 0;
  WriteOrigin origin = WriteOrigin::control_socket;
  std::string who;  // for the record: "uid 0"
  std::vector<Change> changes;
};

class CommandGate {
 public:
  using Answer = std::function<void(const WriteResult&)>;

  /// `packs`: one plant each. `events`: where what happens is recorded; outlives the gate.
  CommandGate(WriteOptions options, std::span<const Plant> packs, std::vector<Event>& events);

  /// Before the first use. Without a desk every wire only reads.
  void connect(OrderDesk& desk) { desk_ = &desk; }

  /// What would be sent, and why not. Records nothing.
  WritePlan plan(const WriteRequest& request, const PackState& state, Instant now) const;

  /// Calls `answer` once: at once if nothing is to be sent, else when it is known what became of
  /// it, which takes about 3 s a change at most.
  void write(const WriteRequest& request, const PackState& state, Instant now, Answer answer);

  /// Whether the configuration lets this origin write it at all.
  bool allows(WriteOrigin origin, Setting setting) const {
    return options_.allowed[static_cast<std::size_t>(origin)].has(setting);
  }
  /// A change of this pack is under way.
  bool busy(std::size_t pack) const { return packs_[pack].job.has_value(); }

  /// Records what was refused before it came to a plan. `subject`: as it was asked for.
  void note_refusal(std::string_view pack, std::string_view subject, std::string_view detail,
                    Instant now);

  /// What the wires bring. on_frame() comes after the frame was applied; `news` is what the store
  /// noted about it, and gets the word who changed it.
  void on_report(std::size_t pack, const OrderReport& report, Instant now);
  void on_frame(std::size_t pack, const PackState& state, std::span<Event> news, Instant now);
  void on_link(std::size_t pack, const PackState& state, Instant now);
  void on_time(Instant now);

  /// Whoever still waits is answered.
  void stop(Instant now);

  /// When on_time() has something to do.
  std::optional<Instant> next_due() const;

 private:
  struct Job {
    WriteRequest request;
    WriteResult result;
    Answer answer;
    std::size_t step = 0;
    unsigned part = 0;
    unsigned attempt = 1;
    bool acknowledged = false;
    bool looking = false;  // sent: waits for the device to say it
    bool contradicted = false;
    Instant since{};  // what the device says from here on counts
    Instant deadline{};
  };
  /// A change of which nobody knows whether the device took it.
  struct Open {
    Change change;
    std::string who;
    Instant since{};
  };
  struct PerPack {
    Plant plant;
    Text<32> name{};
    Pack known{};  // as it was heard last
    std::optional<Job> job{};
    std::vector<Open> open{};
    std::optional<Instant> last_write{};
  };

  void refuse(const WriteRequest& request, const PackState& state, const WritePlan& plan,
              Instant now);
  void begin_step(std::size_t pack, Instant now);
  void send_part(std::size_t pack, Instant now);
  void look(std::size_t pack, Instant now);
  void end_step(std::size_t pack, WriteEnd end, std::string_view why, Instant now);
  void finish(std::size_t pack, Instant now);
  void settle_open(std::size_t pack, const Pack& heard, Instant now);
  void name_author(std::size_t pack, Event& event, Instant now) const;
  void record(EventKind kind, std::size_t pack, const PlannedChange& planned,
              std::string_view detail, Instant now);

  WriteOptions options_;
  std::vector<PerPack> packs_;
  std::vector<Event>& events_;
  OrderDesk* desk_ = nullptr;
};

}  // namespace cw
