// SPDX-License-Identifier: Apache-2.0
// The history as a sink, on real files: what was published is what another program reads.
#include "storage/database.h"
#include "storage_support.h"
#include "tests/unit/allocation_count.h"

namespace cw::storage_test {
namespace {

constexpr auto kAbsent = "SELECT count(*) FROM samples WHERE voltage_V IS NULL";

TEST(History, StoresAPackInTheNamesAndUnitsOfEveryInterface) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    bench.hear(52'801);
    bench.pack().pack.scalars.current.set({-12'340}, bench.now);
    bench.publish(*history);
  }
  Reader reader(folder.file());
  EXPECT_EQ(reader.text("SELECT time, time_ms, pack, voltage_V, current_A, soc_pct, heater, "
                        "cell_voltage_03_V, cell_voltage_04_V, temperature_01_C FROM samples"),
            "2026-01-01T00:00:00.000Z|1767225600000|pack-1|52.801|-12.34|73.5|null|3.302|null|"
            "-5.5");
  EXPECT_EQ(reader.text("SELECT voltage_mV, current_mA, soc_cpct, temperature_01_dC FROM sample"),
            "52801|-12340|7350|-55");
}

TEST(History, KeepsTimeFirstSoThatEveryPackAppendsAtOneEnd) {
  Folder folder;
  make_history(quick(folder.file())).reset();
  Reader reader(folder.file());
  EXPECT_EQ(reader.text("SELECT name FROM pragma_table_info('sample') WHERE pk > 0 ORDER BY pk"),
            "time_ms\npack");
}

TEST(History, CommitsSamplesInBatches) {
  Folder folder;
  Bench bench;
  auto options = quick(folder.file());
  options.commit_every = {3'600'000};
  const auto history = make_history(options);
  ASSERT_TRUE(eventually([&] { return history->health().ok; }));
  for (int i = 0; i < 100; ++i) {
    bench.hear(52'000 + i);
    bench.publish(*history);
    bench.pass({1'000});
  }
  EXPECT_EQ(history->counts().samples_committed, 0U);
  EXPECT_EQ(Reader(folder.file()).number("SELECT count(*) FROM samples"), 0);
}

TEST(History, CommitsAnEventAtOnceAndTheWaitingSamplesWithIt) {
  Folder folder;
  Bench bench;
  auto options = quick(folder.file());
  options.commit_every = {3'600'000};
  const auto history = make_history(options);
  ASSERT_TRUE(eventually([&] { return history->health().ok; }));
  bench.hear(52'000);
  bench.publish(*history);
  history->record(bench.event(EventKind::alarm_raised, "cell_overvoltage"));
  ASSERT_TRUE(eventually([&] { return history->counts().events_committed == 1; }));
  EXPECT_EQ(history->counts().samples_committed, 1U);
  Reader reader(folder.file());
  EXPECT_EQ(reader.text("SELECT kind, subject FROM events"), "alarm_raised|cell_overvoltage");
  EXPECT_EQ(reader.number("SELECT count(*) FROM samples"), 1);
}

TEST(History, DoesNotLetSamplesPileUpToTheNextCommit) {
  Folder folder;
  Bench bench(64);
  auto options = quick(folder.file());
  options.commit_every = {3'600'000};
  const auto history = make_history(options);
  ASSERT_TRUE(eventually([&] { return history->health().ok; }));
  for (int i = 0; i < 8; ++i) {
    bench.hear(52'000);
    bench.publish(*history);
    bench.pass({1'000});
  }
  EXPECT_TRUE(eventually([&] { return history->counts().samples_committed >= 512; }));
}

TEST(History, KeepsEventsInTheOrderTheyHappenedWithTheirEvidence) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    Event trip = bench.event(EventKind::protection_tripped, "cell_overvoltage");
    trip.value = 3'661;
    trip.limit = 3'650;
    trip.unit = Unit::millivolt;
    trip.where = 7;
    trip.detail.assign("3.661 V for 2.0 s, limit 3.650 V");
    history->record(trip);
    bench.pass({-5'000});  // the wall clock is set back between them
    Event relay = bench.event(EventKind::relay_operated, "charge");
    relay.pack = {};
    history->record(relay);
  }
  EXPECT_EQ(Reader(folder.file())
                .text("SELECT time, pack, kind, subject, value, limit_value, unit, place, detail "
                      "FROM events ORDER BY id"),
            "2026-01-01T00:00:00.000Z|pack-1|protection_tripped|cell_overvoltage|3.661|3.65|V|7|"
            "3.661 V for 2.0 s, limit 3.650 V\n"
            "2025-12-31T23:59:55.000Z|null|relay_operated|charge|null|null||null|");
}

TEST(History, ShowsAGapAsAGap) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    bench.hear(52'000);
    bench.publish(*history);
    bench.pass({3'001});
    bench.publish(*history);
    bench.pass({60'000});
    bench.publish(*history);
    bench.hear(52'100);
    bench.publish(*history);
  }
  EXPECT_EQ(Reader(folder.file())
                .text("SELECT (time_ms - 1767225600000), voltage_V, cell_voltage_01_V FROM samples "
                      "ORDER BY time_ms"),
            "0|52.0|3.3\n3001|null|null\n63001|52.1|3.3");
}

TEST(History, BeginsARunOfASilentPackWithAGap) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    history->publish(bench.picture(), {});  // nothing changed, but the pack is new to the history
    history->publish(bench.picture(), {});
  }
  EXPECT_EQ(Reader(folder.file()).number(kAbsent), 1);
}

TEST(History, KeepsEveryRowWhenTheClockStepsBackOntoOlderRows) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    const std::int64_t start = bench.wall_ms;
    for (int again = 0; again < 3; ++again) {
      bench.wall_ms = start;  // as after a boot without a clock
      for (int i = 0; i < 5; ++i) {
        bench.hear(52'000 + 10 * again + i);
        bench.publish(*history);
        bench.pass({1});
      }
    }
  }
  Reader reader(folder.file());
  EXPECT_EQ(reader.number("SELECT count(DISTINCT voltage_mV) FROM sample"), 15);
  EXPECT_EQ(reader.number("SELECT count(*) FROM sample"), 15);
}

TEST(History, SurvivesClocksOfOtherCenturies) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    for (const std::int64_t wall_ms :
         {std::int64_t{0}, std::int64_t{-86'400'000}, std::int64_t{4'102'444'800'000}}) {
      bench.wall_ms = wall_ms;
      bench.hear(52'000);
      bench.publish(*history);
    }
  }
  EXPECT_EQ(Reader(folder.file()).text("SELECT time FROM samples ORDER BY time_ms"),
            "1969-12-31T00:00:00.000Z\n1970-01-01T00:00:00.000Z\n2100-01-01T00:00:00.000Z");
}

TEST(History, LosesNothingAtAStop) {
  Folder folder;
  Bench bench(3);
  auto options = quick(folder.file());
  options.commit_every = {3'600'000};
  for (int run = 0; run < 3; ++run) {
    const auto history = make_history(options);
    for (int i = 0; i < 10; ++i) {
      bench.hear(52'000);
      bench.publish(*history);
      bench.pass({1'000});
    }
    history->record(bench.event(EventKind::stopped, "cellwarden"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.file("history.db-wal"))) << "not closed cleanly";
  Reader reader(folder.file());
  EXPECT_EQ(reader.number("SELECT count(*) FROM samples"), 90);
  EXPECT_EQ(reader.number("SELECT count(*) FROM events"), 3);
  EXPECT_EQ(reader.number("SELECT count(*) FROM pack"), 3);
}

TEST(History, PublishesWithoutAllocating) {
  Folder folder;
  Bench bench(8);
  const auto history = make_history(quick(folder.file()));
  bench.hear(52'000);
  bench.publish(*history);
  const std::size_t before = test::allocations_of_this_thread();
  for (int i = 0; i < 10'000; ++i) {
    bench.pass({i % 100 == 0 ? 4'000 : 1'000});  // now and then a gap
    if (i % 50 != 0) bench.hear(52'000 + i);
    bench.publish(*history);
  }
  EXPECT_EQ(test::allocations_of_this_thread(), before);
}

TEST(History, ReportsAPathItCannotOpenAndKeepsWhatComesUntilItCan) {
  Folder folder;
  Bench bench;
  auto options = quick(folder.file("missing/history.db"));
  {
    const auto history = make_history(options);
    bench.hear(52'000);
    bench.publish(*history);
    history->record(bench.event(EventKind::started, "cellwarden"));
    ASSERT_TRUE(eventually([&] {
      return history->health().detail.find("is there such a folder") != std::string::npos;
    }));
    EXPECT_FALSE(history->health().ok);
    EXPECT_NE(history->health().detail.find("waiting in memory: 1 samples, 1 events"),
              std::string::npos)
        << history->health().detail;
    std::filesystem::create_directory(folder.path() / "missing");
    ASSERT_TRUE(eventually([&] { return history->health().ok; })) << history->health().detail;
    EXPECT_EQ(history->health().detail, "recording to " + options.path + ": 1 samples, 1 events");
  }
  EXPECT_EQ(Reader(options.path).number("SELECT count(*) FROM samples"), 1);
}

// Opened for reading it would stay so, and fail at every commit, for ever.
TEST(History, AFileItMayNotWriteIsNotOpenedUntilItMay) {
  Folder folder;
  Database database;
  ASSERT_EQ(database.open(folder.file()), DatabaseResult::done) << database.error();
  database.close();
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  std::filesystem::permissions(folder.file(), std::filesystem::perms{0444});
  const uid_t me = ::geteuid();
  ASSERT_EQ(::seteuid(me == 0 ? 65'534 : me), 0);  // root may write anything
  const DatabaseResult refused = database.open(folder.file());
  ASSERT_EQ(::seteuid(me), 0);
  EXPECT_EQ(refused, DatabaseResult::failed);
  EXPECT_FALSE(database.is_open());
  EXPECT_NE(database.error().find("cannot be written"), std::string::npos) << database.error();
  std::filesystem::permissions(folder.file(), std::filesystem::perms{0644});
  EXPECT_EQ(database.open(folder.file()), DatabaseResult::done) << database.error();
}

TEST(History, LostEventsHaveATimeEvenIfNoneIsKeptBesideThem) {
  Folder folder;
  Bench bench;
  Database database;
  ASSERT_EQ(database.open(folder.file()), DatabaseResult::done) << database.error();
  const Batch batch{
      .samples = {}, .events = {}, .events_lost = 3, .now = bench.now, .wall_ms = bench.wall_ms};
  ASSERT_EQ(database.commit(batch), DatabaseResult::done) << database.error();
  EXPECT_EQ(Reader(folder.file()).text("SELECT time_ms, monotonic_ms, kind FROM event"),
            std::to_string(bench.wall_ms) + "|" + std::to_string(bench.now.ms) + "|events_lost");
}

TEST(History, BoundsWhatWaitsAndCountsWhatItDrops) {
  Folder folder;
  Bench bench;
  auto options = quick(folder.file("missing/history.db"));
  options.samples_most = 10;
  options.events_most = 10;
  options.retry = {3'600'000};
  {
    const auto history = make_history(options);
    ASSERT_TRUE(eventually([&] {
      return history->health().detail.find("is there such a folder") != std::string::npos;
    }));
    for (int i = 0; i < 25; ++i) {
      bench.hear(52'000 + i);
      bench.publish(*history);
      history->record(bench.event(EventKind::alarm_raised, std::to_string(i)));
      bench.pass({1'000});
    }
    EXPECT_EQ(history->counts().samples_dropped, 15U);
    EXPECT_EQ(history->counts().events_dropped, 15U);
    EXPECT_EQ(history->health().dropped, 30U);
    EXPECT_NE(history->health().detail.find("dropped: 15 samples, 15 events"), std::string::npos);
    std::filesystem::create_directory(folder.path() / "missing");
  }
  Reader reader(options.path);
  EXPECT_EQ(reader.text("SELECT min(voltage_mV), max(voltage_mV), count(*) FROM sample"),
            "52015|52024|10")
      << "the newest samples stay";
  EXPECT_EQ(reader.text("SELECT group_concat(subject, ' ') FROM event"),
            "0 1 2 3 4 5 6 7 8 9 history")
      << "the first events stay";
  EXPECT_EQ(reader.text("SELECT kind, value, detail FROM events ORDER BY id DESC LIMIT 1"),
            "events_lost|15.0|15 events could not be kept while the history was not writable");
}

TEST(History, WaitsForAnotherProgramThatHoldsTheFile) {
  Folder folder;
  Bench bench;
  const auto history = make_history(quick(folder.file()));
  ASSERT_TRUE(eventually([&] { return history->health().ok; }));
  {
    Reader other(folder.file());
    other.run("BEGIN IMMEDIATE");
    history->record(bench.event(EventKind::link_up, "pack-1"));
    ASSERT_TRUE(eventually([&] { return !history->health().ok; }));
    EXPECT_NE(history->health().detail.find("locked"), std::string::npos)
        << history->health().detail;
    other.run("COMMIT");
  }
  EXPECT_TRUE(eventually([&] { return history->counts().events_committed == 1; }));
  EXPECT_TRUE(eventually([&] { return history->health().ok; }));
}

TEST(History, BeginsANewFileWhenSomebodyTookTheOldOneAway) {
  Folder folder;
  Bench bench;
  const auto history = make_history(quick(folder.file()));
  history->record(bench.event(EventKind::started, "before"));
  ASSERT_TRUE(eventually([&] { return history->counts().events_committed == 1; }));
  for (const char* part : {"-wal", "-shm", ""})  // the database last: it may look at any moment
    std::filesystem::rename(folder.file() + part, folder.file("taken.db") + part);
  history->record(bench.event(EventKind::started, "after"));
  ASSERT_TRUE(eventually([&] { return history->counts().events_committed == 2; }));
  EXPECT_EQ(Reader(folder.file()).text("SELECT subject FROM event"), "after");
  EXPECT_EQ(Reader(folder.file("taken.db")).text("SELECT subject FROM event"), "before");
}

}  // namespace
}  // namespace cw::storage_test
