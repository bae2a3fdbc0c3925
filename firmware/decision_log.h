// SPDX-License-Identifier: Apache-2.0
// What a day's decisions were, as text that two machines can be compared by: a line for every
// change and for every hour, each with a digest of everything that was ever put out before it, so
// that nothing is hidden between two lines. No I/O, no heap.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "firmware/day.h"

namespace cw::firmware {

/// A text that grows to a fixed size. Whoever writes more has made a mistake: it ends the program.
class Line {
 public:
  void clear() { size_ = 0; }
  Line& operator<<(std::string_view text);
  Line& operator<<(std::int64_t number);
  Line& hex(std::uint64_t number, unsigned digits);
  std::string_view text() const { return {letters_.data(), size_}; }

 private:
  std::array<char, 1536> letters_{};
  std::size_t size_ = 0;
};

/// Folds words, in order; any other word or order gives another value.
class Digest {
 public:
  void add(std::uint32_t word) { value_ = (value_ ^ word) * 0x100000001B3; }
  void add(std::int32_t word) { add(static_cast<std::uint32_t>(word)); }
  void add(std::int64_t words) {
    add(static_cast<std::uint32_t>(words));
    add(static_cast<std::uint32_t>(words >> 32));
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325;
};

class DecisionLog {
 public:
  /// Once after every step. The line to write, with its end; empty: nothing changed. Good until
  /// the next call.
  std::string_view note(const Day& day);

  /// After the last step: how often everything happened, a line for each.
  std::string_view summary(const Day& day);

 private:
  /// What a person calls a decision; the digest has all the rest.
  struct Decided {
    bool charge = false, discharge = false, heater = false, balancing = false;
    bool on = false, asleep = false, emergency = false;
    Heating heating{};
    std::uint16_t codes = 0;
    std::uint64_t alarms = 0;
    Decision rules{};
    friend bool operator==(const Decided&, const Decided&) = default;
  };

  static Decided decided(const Bms& bms);
  void digest(const Day& day);
  void count(const Day& day, const Decided& now);
  void write(const Day& day, const Decided& now);

  Digest digest_;
  Line line_;
  Decided last_{};
  std::array<std::uint32_t, kRuleCount> trips_{};       // over restarts, which forget
  std::array<std::uint32_t, kRuleCount> trips_told_{};  // by the rules' own count
  std::int64_t hours_told_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t lines_ = 0;
  struct Steps {
    std::int64_t balancing = 0, heating = 0, heater_fault = 0, off = 0, asleep = 0, emergency = 0;
  } in_;
};

}  // namespace cw::firmware
