// SPDX-License-Identifier: Apache-2.0
// What is kept over restarts is the old text or the new one, whole, whatever happens to the process
// or to the disk.
#include "daemon/state_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

#include "daemon/kept_state.h"

namespace cw {
namespace {

class StateFiles : public testing::Test {
 protected:
  StateFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cw-state-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    path = (folder / "state").string();
  }
  ~StateFiles() override { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
  std::string path;
};

std::string text_of(std::uint32_t number) {
  Memory memory;
  memory.relays.push_back({"main", Latch::retries, true, true, number, {}, {}});
  memory.packs.push_back({"garage", std::string(3'000 + number % 5'000, 'x')});
  return write_memory(memory);
}

void wait_until(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_so() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(is_so());
}

TEST_F(StateFiles, ThatAreNotThereAreAFirstStart) {
  const StateRead read = read_state_file(path);
  EXPECT_FALSE(read.text);
  EXPECT_EQ(read.error, "");
}

TEST_F(StateFiles, ThatCannotBeReadAreNone) {
  std::filesystem::create_directory(path);
  const StateRead read = read_state_file(path);
  EXPECT_FALSE(read.text);
  EXPECT_NE(read.error, "");
}

TEST_F(StateFiles, HoldWhatWasLastGiven) {
  {
    StateFile file(path);
    for (std::uint32_t i = 0; i <= 100; ++i) file.keep(text_of(i));
  }
  EXPECT_EQ(read_state_file(path).text, text_of(100));
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(StateFiles, ThatCannotBeWrittenAreTriedAgainAndReported) {
  const std::filesystem::path missing = folder / "missing";
  const std::string there = (missing / "state").string();
  StateFile file(there);
  file.keep("one");
  wait_until([&] { return !file.trouble().empty(); });
  EXPECT_NE(file.trouble().find("No such file or directory"), std::string::npos);
  std::filesystem::create_directory(missing);
  wait_until([&] { return file.trouble().empty(); });
  EXPECT_EQ(read_state_file(there).text, "one");
}

TEST_F(StateFiles, StayAsTheyWereWhenTheDiskIsFull) {
  ASSERT_EQ(write_state_file(path, text_of(1)), "");
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit little{1'000, 1'000};  // the disk takes a part of the text and no more
    ::setrlimit(RLIMIT_FSIZE, &little);
    ::_exit(write_state_file(path, text_of(2)).empty() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the failure was not reported";
  EXPECT_EQ(read_state_file(path).text, text_of(1));
}

// The child says which text is durable, and is killed at whatever it is doing then.
TEST_F(StateFiles, AreWholeAndNotOlderThanPromisedAfterKill9) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 40; ++round) {
    int durable[2];
    ASSERT_EQ(::pipe(durable), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      for (std::uint32_t i = 0;; ++i)
        if (!write_state_file(path, text_of(i)).empty() ||
            ::write(durable[1], &i, sizeof i) != sizeof i)
          ::_exit(1);
    }
    ::close(durable[1]);
    std::uint32_t last = 0;
    ASSERT_EQ(::read(durable[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    ::usleep(static_cast<useconds_t>(random() % 20'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(durable[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    ::close(durable[0]);
    const auto text = read_state_file(path).text;
    ASSERT_TRUE(text);
    const auto memory = read_memory(*text);
    ASSERT_TRUE(memory) << "round " << round;
    EXPECT_GE(memory->relays[0].operations, last);
    EXPECT_LE(memory->relays[0].operations, last + 1);
  }
}

}  // namespace
}  // namespace cw
