// SPDX-License-Identifier: Apache-2.0
// The disk fails at every operation in turn, fills up, and becomes read-only. The history says so,
// keeps its bounds, and goes on by itself when the disk does.
#include <sched.h>
#include <sys/mount.h>

#include <ctime>

#include "../unit/storage_support.h"
#include "faulty_vfs.h"

namespace cw::storage_test {
namespace {

// ---- every operation in turn
// ---------------------------------------------------------------------

constexpr int kEvents = 6;

/// A short life of a history: opening, events and samples, closing.
void live(const std::string& file) {
  Bench bench(2);
  auto options = quick(file);
  options.retry = {1};
  const auto history = make_history(options);
  for (int i = 0; i < kEvents; ++i) {
    bench.hear(52'000 + i);
    history->record(bench.event(EventKind::alarm_raised, std::to_string(i)));
    bench.publish(*history);
    bench.pass({1'000});
    ASSERT_TRUE(eventually([&] {
      return history->counts().events_committed == static_cast<std::uint64_t>(i + 1);
    })) << history->health().detail;
  }
  ASSERT_TRUE(eventually([&] { return history->counts().samples_committed == 2 * kEvents; }))
      << history->health().detail;
  EXPECT_EQ(history->health().dropped, 0U);
}

void expect_everything_once(const std::string& file, int n) {
  Reader reader(file);
  ASSERT_EQ(reader.text("PRAGMA integrity_check"), "ok") << "operation " << n;
  ASSERT_EQ(reader.text("SELECT group_concat(subject, '') FROM event"), "012345")
      << "operation " << n;
  ASSERT_EQ(reader.number("SELECT count(*) FROM sample"), 2 * kEvents) << "operation " << n;
}

struct Strike {
  DiskFault fault;
  int in_a_row;
};
std::string name_of(const testing::TestParamInfo<Strike>& tested) {
  return std::string(tested.param.fault == DiskFault::full ? "Full" : "InputOutput") +
         std::to_string(tested.param.in_a_row) + "InARow";
}

class EveryOperation : public testing::TestWithParam<Strike> {};

TEST_P(EveryOperation, MayFailAndNothingIsLostOrStoredTwice) {
  install_faulty_disk();
  const auto [fault, in_a_row] = GetParam();
  int n = 1;
  for (;; ++n) {
    Folder folder;
    fail_disk_operation(n, in_a_row, fault);
    ASSERT_NO_FATAL_FAILURE(live(folder.file())) << "operation " << n;
    const bool struck = disk_has_failed();
    fail_disk_operation(0, 0, fault);
    ASSERT_NO_FATAL_FAILURE(expect_everything_once(folder.file(), n));
    if (!struck) break;
  }
  EXPECT_GT(n, 40) << "the faults must have covered the life of a history";
  RecordProperty("operations", n);
}

INSTANTIATE_TEST_SUITE_P(HistoryDisk, EveryOperation,
                         testing::Values(Strike{DiskFault::input_output, 1},
                                         Strike{DiskFault::input_output, 7},
                                         Strike{DiskFault::full, 1}, Strike{DiskFault::full, 7}),
                         name_of);

// ---- a small disk of its own
// ---------------------------------------------------------------------

/// A file system of 16 MiB that only this process sees and that goes away with it. False: this
/// machine does not let us.
bool mount_small_disk(const std::filesystem::path& place) {
  const int spaces = CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER);
  return ::unshare(spaces) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=16m") == 0;
}

void fill(const std::string& file) {
  std::ofstream out(file, std::ios::binary);
  const std::string block(4'096, 'x');
  while (out << block << std::flush) {
  }
}

class SmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_small_disk(folder_.path()))
      GTEST_SKIP() << "needs the right to mount a file system of its own";
  }
  void TearDown() override { ::umount2(folder_.path().c_str(), MNT_DETACH); }
  Folder folder_;
};

TEST_F(SmallDisk, FullGivesItsBallastToEventsAndResumesSamplesByItself) {
  Bench bench;
  const auto history = make_history(quick(folder_.file()));
  ASSERT_TRUE(eventually([&] { return history->health().ok; })) << history->health().detail;
  ASSERT_EQ(std::filesystem::file_size(folder_.file("history.db.ballast")), 4U << 20);
  std::uint64_t events = 0;
  for (int cycle = 0; cycle < 5; ++cycle) {
    fill(folder_.file("filler"));
    ASSERT_TRUE(eventually([&] {
      bench.hear(52'000);
      bench.publish(*history);
      bench.pass({1'000});
      return !history->health().ok;
    }));
    EXPECT_NE(history->health().detail.find("the disk is full"), std::string::npos);
    for (int i = 0; i < 20; ++i) history->record(bench.event(EventKind::alarm_raised, "full"));
    events += 20;
    ASSERT_TRUE(eventually([&] { return history->counts().events_committed == events; }))
        << history->health().detail;
    EXPECT_FALSE(std::filesystem::exists(folder_.file("history.db.ballast")));

    std::filesystem::remove(folder_.file("filler"));
    ASSERT_TRUE(eventually([&] { return history->health().ok; })) << history->health().detail;
    EXPECT_TRUE(std::filesystem::exists(folder_.file("history.db.ballast")));
  }
  EXPECT_EQ(Reader(folder_.file()).text("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(history->counts().samples_dropped, 0U);
}

/// Processor time of this process, all threads.
std::chrono::nanoseconds work_done() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST_F(SmallDisk, FullLetsManySamplesWaitWithoutWork) {
  constexpr std::size_t kBatch = 512;
  Bench bench;
  auto options = quick(folder_.file());
  options.commit_every = {3'600'000};  // only a full batch or an event is a reason to write
  const auto history = make_history(options);
  const auto publish = [&](std::size_t samples) {
    for (std::size_t i = 0; i < samples; ++i) {
      bench.hear(52'000);
      bench.publish(*history);
      bench.pass({1'000});
    }
  };
  ASSERT_TRUE(eventually([&] { return history->health().ok; })) << history->health().detail;
  fill(folder_.file("filler"));
  publish(kBatch);
  ASSERT_TRUE(eventually([&] {
    return history->health().detail.find("events are still written") != std::string::npos;
  })) << history->health().detail;

  publish(2 * kBatch);
  const auto before = work_done();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_LT(work_done() - before, std::chrono::milliseconds(100));

  std::filesystem::remove(folder_.file("filler"));
  history->record(bench.event(EventKind::alarm_raised, "wake"));
  EXPECT_TRUE(eventually([&] { return history->counts().samples_committed == 3 * kBatch; }))
      << history->health().detail;
  EXPECT_EQ(history->counts().samples_dropped, 0U);
}

TEST_F(SmallDisk, FullFromTheStartStillRecordsEventsIfThereIsBallast) {
  Bench bench;
  make_history(quick(folder_.file())).reset();
  fill(folder_.file("filler"));
  const auto history = make_history(quick(folder_.file()));
  history->record(bench.event(EventKind::started, "cellwarden"));
  EXPECT_TRUE(eventually([&] { return history->counts().events_committed == 1; }))
      << history->health().detail;
}

TEST_F(SmallDisk, FullWithoutBallastWaitsInMemoryWithinItsBounds) {
  Bench bench;
  fill(folder_.file("filler"));
  auto options = quick(folder_.file());
  options.samples_most = 100;
  const auto history = make_history(options);
  history->record(bench.event(EventKind::started, "cellwarden"));
  for (int i = 0; i < 1'000; ++i) {
    bench.hear(52'000);
    bench.publish(*history);
    bench.pass({1'000});
  }
  ASSERT_TRUE(eventually([&] {
    return history->health().detail.find("disk is full") != std::string::npos;
  })) << history->health().detail;
  EXPECT_GT(history->counts().samples_dropped, 0U);
  std::filesystem::remove(folder_.file("filler"));
  EXPECT_TRUE(eventually([&] { return history->health().ok; })) << history->health().detail;
  EXPECT_EQ(history->counts().events_committed, 1U);
}

TEST_F(SmallDisk, ReadOnlyIsReportedAndOvercome) {
  Bench bench;
  const char* place = folder_.path().c_str();
  make_history(quick(folder_.file())).reset();
  ASSERT_EQ(::mount(nullptr, place, nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const auto history = make_history(quick(folder_.file()));
  history->record(bench.event(EventKind::started, "cellwarden"));
  ASSERT_TRUE(eventually([&] {
    return history->health().detail.find("waiting in memory: 0 samples, 1 events") !=
           std::string::npos;
  })) << history->health().detail;
  EXPECT_FALSE(history->health().ok);
  ASSERT_EQ(::mount(nullptr, place, nullptr, MS_REMOUNT, nullptr), 0);
  EXPECT_TRUE(eventually([&] { return history->counts().events_committed == 1; }))
      << history->health().detail;
}

}  // namespace
}  // namespace cw::storage_test
