// SPDX-License-Identifier: Apache-2.0
// SIGKILL at any moment: what was acknowledged is there, in order, whole, in a file that is sound.
// The moment is counted from what the writer has achieved, so a slow machine is hit as well.
#include <sys/wait.h>

#include <csignal>
#include <random>

#include "../unit/storage_support.h"

namespace cw::storage_test {
namespace {

constexpr int kRounds = 150;
constexpr std::size_t kPacks = 4;
constexpr std::uint64_t kAheadMost = 2'000;  // samples; the queue drops none of so many

struct Acknowledged {
  std::uint64_t events = 0;
  std::uint64_t samples = 0;
};

/// False: the writer is gone.
bool read_one(int pipe, Acknowledged& last) {
  Acknowledged next;
  if (::read(pipe, &next, sizeof next) != sizeof next) return false;
  last = next;
  return true;
}

/// Writes until it is killed; tells through the pipe what the history says is durable.
[[noreturn]] void write_until_killed(const std::string& file, int round, int pipe) {
  Bench bench(kPacks);
  bench.wall_ms += round * 1'000'000;  // rounds do not overlap
  const auto history = make_history(quick(file));
  Acknowledged said;
  for (int i = 0;; ++i) {
    bench.hear(i);
    if (i % 3 == 0) {
      Event event = bench.event(EventKind::alarm_raised, "round-" + std::to_string(round));
      event.value = i / 3;
      history->record(event);
    }
    bench.publish(*history);
    bench.pass({1});
    const std::uint64_t published = kPacks * (static_cast<std::uint64_t>(i) + 1);
    do {
      const HistoryCounts counts = history->counts();
      const Acknowledged now{counts.events_committed, counts.samples_committed};
      if (::write(pipe, &now, sizeof now) != sizeof now) std::_Exit(1);
      said = now;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    } while (published > said.samples + kAheadMost);
  }
}

/// When a writer dies: so long after it said that so many events are durable.
struct Death {
  std::uint64_t events = 0;
  std::chrono::microseconds after{};
};

/// What the writer had acknowledged when it died.
Acknowledged kill_a_writer(const std::string& file, int round, const Death& death) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(file, round, ends[1]);
  }
  ::close(ends[1]);
  std::thread killer;
  Acknowledged last;
  do {
    if (killer.joinable() || last.events < death.events) continue;
    killer = std::thread([child, after = death.after] {
      std::this_thread::sleep_for(after);
      ::kill(child, SIGKILL);
    });
  } while (read_one(ends[0], last));
  if (killer.joinable()) killer.join();
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  return last;
}

void expect_sound_and_complete(const std::string& file, int round, const Acknowledged& said) {
  Reader reader(file);
  ASSERT_EQ(reader.text("PRAGMA integrity_check"), "ok") << "round " << round;
  if (reader.number("SELECT count(*) FROM sqlite_master") == 0) {
    EXPECT_EQ(said.events + said.samples, 0U);  // killed before the tables were made
    return;
  }
  const std::string mine = " FROM event WHERE subject = 'round-" + std::to_string(round) + "'";
  const std::int64_t events = reader.number("SELECT count(*)" + mine);
  EXPECT_GE(events, static_cast<std::int64_t>(said.events)) << "round " << round;
  // In order and without a hole: 0, 1, 2, ...
  EXPECT_EQ(reader.number("SELECT count(*) FROM (SELECT value_counts AS v, row_number() OVER "
                          "(ORDER BY id) - 1 AS n" +
                          mine + ") WHERE v <> n"),
            0)
      << "round " << round;
  const std::int64_t start = 1'767'225'600'000 + round * 1'000'000;
  const std::string rows = " FROM sample WHERE time_ms >= " + std::to_string(start);
  EXPECT_GE(reader.number("SELECT count(*)" + rows), static_cast<std::int64_t>(said.samples));
  // Torn: an instant of which some packs are missing, or an event without its instant's samples.
  EXPECT_EQ(reader.number("SELECT count(*) FROM (SELECT 1" + rows +
                          " GROUP BY time_ms HAVING count(*) <> " + std::to_string(kPacks) + ")"),
            0)
      << "round " << round;
}

TEST(HistoryKilled, AtAnyMomentKeepsEverythingItAcknowledgedAndTearsNothing) {
  Folder folder;
  std::mt19937 random(20'260'101);
  std::uint64_t events = 0;
  std::uint64_t samples = 0;
  for (int round = 0; round < kRounds; ++round) {
    // From the first system call of the opening to many commits later.
    Death death;
    if (round % 3 != 0) death.events = 1 + random() % 20;
    death.after = std::chrono::microseconds(random() % (round % 3 == 0 ? 4'000 : 10'000));
    const Acknowledged said = kill_a_writer(folder.file(), round, death);
    ASSERT_NO_FATAL_FAILURE(expect_sound_and_complete(folder.file(), round, said));
    events += said.events;
    samples += said.samples;
  }
  EXPECT_GT(events, 100U) << "the test must have put something at stake";
  EXPECT_GT(samples, 1'000U);
  RecordProperty("rounds", kRounds);
  RecordProperty("acknowledged_events", static_cast<int>(events));
  RecordProperty("acknowledged_samples", static_cast<int>(samples));
}

}  // namespace
}  // namespace cw::storage_test
