// SPDX-License-Identifier: Apache-2.0
// The board's side of JK's Bluetooth protocol: commands in, records out, the stream of its state
// once it was asked for. Records come from the tables the decoder walks. No I/O and no clock; what
// is no sound command is ignored, as boards do.
#pragma once
#include <deque>
#include <optional>
#include <vector>

#include "drivers/protocol/jk_record.h"
#include "simulator/board.h"

namespace cw::simulator {

struct JkBleBoardOptions {
  jk_record::Layout layout = jk_record::Layout::jk02_32s;
  bool chatter = false;         // firmware from 14 on: "AT\r\n" until the first command
  bool tells_twice = false;     // firmware 14 and 15: the device information behind the settings
  bool stale = false;           // begins a session with the end of a record of an older one
  bool old_radio_chip = false;  // 20 bytes at a time
};

class JkBleBoard {
 public:
  using Bytes = std::vector<std::uint8_t>;

  explicit JkBleBoard(JkBleBoardOptions options) : options_(options) {}

  /// A central listens from now on, or is gone: then all that was begun is forgotten.
  void connect(Instant now);
  void disconnect();

  /// One write of the central. Settings and switches go to `board`; what it does not take it
  /// acknowledges nevertheless, and if it does not `obey` it takes none.
  void on_write(std::span<const std::uint8_t> in, Instant now, Board& board, bool obeys = true);

  /// What it says at `now` or should have said before, in order: whole messages, not cut yet.
  std::vector<Bytes> due(Instant now, const Pack& told);

  /// A message as notifications, one behind the other.
  std::vector<std::span<const std::uint8_t>> cut(std::span<const std::uint8_t> message) const;

 private:
  enum class What : std::uint8_t { device, settings, acknowledge, chatter, stale };
  struct Waiting {
    Instant at;
    What what;
  };

  bool answer(std::uint8_t number, Instant now);
  Bytes message(What what, const Pack& told) const;
  Bytes record(jk_record::Type type, const Pack& told) const;

  JkBleBoardOptions options_;
  std::deque<Waiting> waiting_;        // as they are said
  std::optional<Instant> chatter_at_;  // next time
  std::optional<Instant> status_at_;   // next of the stream; empty: nobody asked
  std::uint8_t counter_ = 0;           // of status records; all types carry it
};

}  // namespace cw::simulator
