// SPDX-License-Identifier: Apache-2.0
// Files of other times: older ones are brought up to date, newer, foreign and damaged ones are
// never written into and never deleted.
#include <set>

#include "storage/database.h"
#include "storage/disk.h"
#include "storage_support.h"

namespace cw::storage_test {
namespace {

void make_version_1(const std::string& file) {
  const std::string sql = read_file(CW_SOURCE_DIR "/tests/golden/storage/version-1.sql");
  ASSERT_FALSE(sql.empty());
  Reader(file).run(sql);
}

std::string tables(const std::string& file) {
  return Reader(file).text(
      "SELECT sql FROM sqlite_master WHERE name IN ('pack', 'event', 'event_by_time') "
      "ORDER BY name");
}

TEST(HistorySchema, StepsThatWereReleasedAreNeverEdited) {
  Folder folder;
  make_version_1(folder.file("old.db"));
  Database database;
  ASSERT_EQ(database.open(folder.file("new.db")), DatabaseResult::done);
  EXPECT_EQ(tables(folder.file("new.db")), tables(folder.file("old.db")));
}

TEST(HistorySchema, AnOldFileGainsTheColumnsItLacksAndKeepsItsRows) {
  Folder folder;
  make_version_1(folder.file());
  Database database;
  ASSERT_EQ(database.open(folder.file()), DatabaseResult::done) << database.error();
  Reader reader(folder.file());
  EXPECT_EQ(reader.text("SELECT pack, voltage_V, cell_voltage_01_V, cell_voltage_02_V, soc_pct "
                        "FROM samples ORDER BY time_ms, pack DESC"),
            "pack-1|52.1|3.251|null|null\nattic|26.4|null|null|null\npack-1|52.11|3.252|null|null");
  EXPECT_EQ(reader.text("SELECT kind, value, limit_value, unit FROM events ORDER BY id"),
            "started|null|null|\nalarm_raised|3.661|3.65|V");
}

TEST(HistorySchema, AColumnTheTableHasLostKeepsItsValuesAndTakesNoNewOnes) {
  Folder folder;
  Bench bench;
  make_version_1(folder.file());
  {
    const auto history = make_history(quick(folder.file()));
    bench.hear(53'000);
    bench.publish(*history);
  }
  EXPECT_EQ(
      Reader(folder.file())
          .text("SELECT pack, voltage_mV, long_forgotten_mV FROM sample ORDER BY time_ms, pack"),
      "1|52100|7\n2|26400|null\n1|52110|8\n1|53000|null");
}

TEST(HistorySchema, StepsRunOnceAndInOrder) {
  Folder folder;
  make_version_1(folder.file());
  const std::string_view steps[] = {
      kSchemaSteps[0], kSchemaSteps[1],
      "CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('made in step 3');",
      "UPDATE note SET text = text || ', changed in step 4'"};
  for (int start = 0; start < 2; ++start) {
    Database database;
    ASSERT_EQ(database.open(folder.file(), steps), DatabaseResult::done) << database.error();
  }
  Reader reader(folder.file());
  EXPECT_EQ(reader.number("PRAGMA user_version"), 4);
  EXPECT_EQ(reader.text("SELECT text FROM note"), "made in step 3, changed in step 4");
}

TEST(HistorySchema, AStepThatFailsLeavesTheFileAsItWas) {
  Folder folder;
  make_version_1(folder.file());
  const std::string_view steps[] = {kSchemaSteps[0], kSchemaSteps[1],
                                    "CREATE TABLE note (text TEXT)",
                                    "INSERT INTO nowhere VALUES (1)"};
  Database database;
  EXPECT_EQ(database.open(folder.file(), steps), DatabaseResult::failed);
  EXPECT_NE(database.error().find("nowhere"), std::string::npos) << database.error();
  EXPECT_FALSE(database.is_open());
  Reader reader(folder.file());
  EXPECT_EQ(reader.number("PRAGMA user_version"), 1);
  EXPECT_EQ(reader.number("SELECT count(*) FROM sqlite_master WHERE name = 'note'"), 0);
  EXPECT_EQ(reader.number("SELECT count(*) FROM pragma_table_info('sample')"), 5);
}

TEST(HistorySchema, NothingIsWrittenWhenAFileIsUpToDate) {
  Folder folder;
  { Database().open(folder.file()); }
  const std::string before = read_file(folder.file());
  {
    Database database;
    ASSERT_EQ(database.open(folder.file()), DatabaseResult::done);
  }
  EXPECT_EQ(read_file(folder.file()), before);
}

TEST(HistorySchema, ANewerFileIsRefusedAndLeftAlone) {
  Folder folder;
  Bench bench;
  make_version_1(folder.file());
  Reader(folder.file()).run("PRAGMA user_version = 99");
  const std::string before = read_file(folder.file());
  const auto history = make_history(quick(folder.file()));
  history->record(bench.event(EventKind::started, "cellwarden"));
  ASSERT_TRUE(eventually([&] {
    return history->health().detail.find("newer Cellwarden (schema 99") != std::string::npos;
  }));
  EXPECT_FALSE(history->health().ok);
  EXPECT_EQ(read_file(folder.file()), before);
}

TEST(HistorySchema, AnotherProgramsFileIsRefusedAndLeftAlone) {
  Folder folder;
  Reader(folder.file()).run("CREATE TABLE states (state_id INTEGER)");
  const std::string before = read_file(folder.file());
  Database database;
  EXPECT_EQ(database.open(folder.file()), DatabaseResult::refused);
  EXPECT_NE(database.error().find("another program"), std::string::npos);
  EXPECT_EQ(read_file(folder.file()), before);
}

TEST(HistorySchema, AFileThatIsNoDatabaseIsKeptAsideAndANewOneBegun) {
  Folder folder;
  Bench bench;
  const std::string rubbish(8'192, 'x');
  std::ofstream(folder.file()) << rubbish;
  const auto history = make_history(quick(folder.file()));
  history->record(bench.event(EventKind::started, "cellwarden"));
  ASSERT_TRUE(eventually([&] { return history->counts().events_committed == 1; }));
  EXPECT_TRUE(history->health().ok);
  const std::string detail = history->health().detail;
  const std::size_t at = detail.find(folder.file() + ".unreadable-");
  ASSERT_NE(at, std::string::npos) << detail;
  EXPECT_EQ(read_file(detail.substr(at)), rubbish);
}

TEST(HistorySchema, AFileDamagedWhileItIsUsedIsKeptAsideAndNoEventIsLost) {
  Folder folder;
  Bench bench;
  {
    const auto history = make_history(quick(folder.file()));
    for (int i = 0; i < 300; ++i) history->record(bench.event(EventKind::link_up, "before"));
  }
  const auto damage = [&] {
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4'096);
    const std::string rubbish(std::filesystem::file_size(folder.file()) - 4'096, '\xa5');
    file << rubbish;
  };
  damage();
  const auto history = make_history(quick(folder.file()));
  for (int i = 0; i < 10; ++i) history->record(bench.event(EventKind::link_up, "after"));
  ASSERT_TRUE(eventually([&] { return history->counts().events_committed == 10; }))
      << history->health().detail;
  EXPECT_NE(history->health().detail.find("unreadable"), std::string::npos);
  EXPECT_EQ(Reader(folder.file()).number("SELECT count(*) FROM event WHERE subject = 'after'"), 10);
}

TEST(HistorySchema, FilesKeptAsideNeverReplaceEachOther) {
  Folder folder;
  std::set<std::string> names;
  for (int i = 0; i < 5; ++i) {
    std::ofstream(folder.file()) << i;
    std::ofstream(folder.file() + "-wal") << "log " << i;
    const std::string kept = move_aside(folder.file(), 1'767'225'600'000);
    EXPECT_EQ(read_file(kept), std::to_string(i));
    EXPECT_EQ(read_file(kept + "-wal"), "log " + std::to_string(i));
    names.insert(kept);
  }
  EXPECT_EQ(names.size(), 5U);
  EXPECT_TRUE(names.count(folder.file() + ".unreadable-20260101T000000Z") == 1);
  EXPECT_FALSE(std::filesystem::exists(folder.file()));
}

}  // namespace
}  // namespace cw::storage_test
