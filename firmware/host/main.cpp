// SPDX-License-Identifier: Apache-2.0
// The host's half of the comparison: `firmware_day record DAY` makes a day, `firmware_day replay
// DAY DECISIONS` decides on it as the image for the microcontroller does.
#include <cstdio>
#include <fstream>
#include <string_view>

#include "firmware/decision_log.h"
#include "firmware/host/day_recorder.h"

namespace {

using namespace cw::firmware;

bool record(const char* day_name) {
  std::ofstream out(day_name, std::ios::binary);
  DayRecorder recorder;
  while (const auto next = recorder.next()) {
    const RecordBytes bytes = encode(*next);
    out.write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return out.flush().good();
}

bool replay(const char* day_name, const char* decisions_name) {
  std::ifstream in(day_name, std::ios::binary);
  std::ofstream out(decisions_name, std::ios::binary);
  if (!in) return false;
  Day day;
  DecisionLog log;
  for (RecordBytes bytes; in.read(reinterpret_cast<char*>(bytes.data()), bytes.size());) {
    day.hear(decode(bytes));
    day.step();
    out << log.note(day);
  }
  out << log.summary(day);
  return in.eof() && out.flush().good();
}

}  // namespace

int main(int count, char** words) {
  const std::string_view verb = count > 1 ? words[1] : "";
  if (verb == "record" && count == 3) return record(words[2]) ? 0 : 1;
  if (verb == "replay" && count == 4) return replay(words[2], words[3]) ? 0 : 1;
  std::fputs("firmware_day record DAY | firmware_day replay DAY DECISIONS\n", stderr);
  return 64;
}
