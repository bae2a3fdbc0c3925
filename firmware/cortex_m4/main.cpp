// SPDX-License-Identifier: Apache-2.0
// The core as the firmware of a microcontroller: reads the day from the file "day", writes what it
// decides to the file "decisions", and tells the console what that took of the machine.
#include "firmware/cortex_m4/instruction_counter.h"
#include "firmware/cortex_m4/semihosting.h"
#include "firmware/cortex_m4/startup.h"
#include "firmware/day.h"
#include "firmware/decision_log.h"

namespace {

using namespace std::string_view_literals;
using namespace cw;
using namespace cw::firmware;
using semihosting::File;
using semihosting::Mode;

// The file is read in pieces of whole records.
class DayFile {
 public:
  /// The next record; nothing: the day is over.
  std::optional<Record> next() {
    if (at_ == end_) {
      end_ = file_.read(buffer_);
      at_ = 0;
    }
    if (end_ - at_ < kRecordSize) return std::nullopt;
    const auto bytes = std::span{buffer_}.subspan(at_).first<kRecordSize>();
    at_ += kRecordSize;
    return decode(bytes);
  }

 private:
  File file_{"day", Mode::read_binary};
  std::array<std::uint8_t, 64 * kRecordSize> buffer_;
  std::size_t at_ = 0, end_ = 0;
};

struct Costs {
  Cost hear, step;
};

Costs replay() {
  InstructionCounter counter;
  if (!counter.is_exact()) semihosting::fail("instructions cannot be counted here: use -icount\n");
  DayFile file;
  File decisions{"decisions", Mode::write_binary};
  Day day;
  DecisionLog log;
  Costs costs;
  while (const auto record = file.next()) {
    counter.start();
    day.hear(*record);
    costs.hear.add(counter.stop());
    counter.start();
    day.step();
    costs.step.add(counter.stop());
    const std::string_view line = log.note(day);
    if (!line.empty()) decisions.write(line);
  }
  decisions.write(log.summary(day));
  return costs;
}

void report(const Costs& costs) {
  Line line;
  const auto tell = [&line](std::string_view what, std::int64_t count) {
    line << what << " "sv << count << "\n"sv;
  };
  tell("instructions_step_worst"sv, costs.step.worst());
  tell("instructions_step_mean"sv, costs.step.mean());
  tell("instructions_hear_worst"sv, costs.hear.worst());
  tell("instructions_hear_mean"sv, costs.hear.mean());
  tell("bytes_Bms"sv, sizeof(Bms));
  tell("bytes_Pack"sv, sizeof(Pack));
  tell("bytes_ParameterSet"sv, sizeof(ParameterSet));
  tell("bytes_stack"sv, stack_used());
  File{semihosting::kConsole, Mode::write_binary}.write(line.text());
}

}  // namespace

int firmware_main() {
  report(replay());
  return 0;
}
