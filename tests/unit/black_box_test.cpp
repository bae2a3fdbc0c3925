// SPDX-License-Identifier: Apache-2.0
// What is kept around an incident, and what a disk that does not take it means: nothing but a word.
#include "daemon/capture/black_box.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace cw {
namespace {

using namespace literals;
namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(::mkdtemp(pattern_)) {}
  ~TemporaryFolder() { fs::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  char pattern_[32] = "/tmp/cw-black-box-XXXXXX";
  std::string path_;
};

Event alarm(Instant when) {
  Event event;
  event.kind = EventKind::alarm_raised;
  event.when = when;
  event.pack.assign("garage");
  event.subject.assign("cell_overvoltage");
  return event;
}

class BlackBoxTest : public testing::Test {
 protected:
  BlackBoxTest() {
    options.enabled = true;
    options.folder = folder.path() + "/box";
    options.before = 60_s;
    options.after = 20_s;
    options.files_most = 3;
  }

  void seconds(int count) {
    for (int i = 0; i < count; ++i) {
      now_us += 1'000'000;
      const std::vector<std::uint8_t> bytes{0x4E, 0x57, static_cast<std::uint8_t>(i)};
      hub.note(1, CaptureKind::in, bytes, {});
      for (const std::string& line : box->tend(now())) news.push_back(line);
    }
  }
  Instant now() const { return {now_us / 1000}; }
  void raise() { hub.record(alarm(now())); }

  // The writer has a thread of its own: its news come when they come.
  void wait_for_news(std::size_t count) {
    for (int i = 0; i < 3'000 && news.size() < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      for (const std::string& line : box->tend(now())) news.push_back(line);
    }
    ASSERT_GE(news.size(), count);
  }
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(options.folder, none))
      found.push_back(entry.path().string());
    std::sort(found.begin(), found.end());
    return found;
  }
  static Capture read(const std::string& file) {
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const ReadCapture read = read_capture(text, file);
    EXPECT_EQ(read.fault, "");
    return read.capture;
  }

  TemporaryFolder folder;
  BlackBoxOptions options;
  std::int64_t now_us = 5'000'000'000;
  std::vector<std::string> news;
  CaptureHub hub{[this] { return now_us; },
                 CaptureHeader{1'790'000'000'000, 5'000'000, {{"jk-uart", "/dev/a"}}, "x = 1\n"},
                 [](bool) {}};
  std::unique_ptr<BlackBox> box;
  void make() { box = std::make_unique<BlackBox>(options, hub, 1); }
};

TEST_F(BlackBoxTest, KeepsWhatWasBeforeAndAfterAnAlarm) {
  make();
  seconds(300);
  raise();
  seconds(19);
  EXPECT_TRUE(files().empty());
  seconds(1);
  wait_for_news(1);
  ASSERT_EQ(files().size(), 1U);
  EXPECT_EQ(news[0], "sealed in " + files()[0]);
  EXPECT_NE(files()[0].find("-garage-alarm_raised-cell_overvoltage.capture"), std::string::npos);
  const Capture capture = read(files()[0]);
  EXPECT_EQ(capture.header.configuration, "x = 1\n");
  EXPECT_EQ(capture.header.clock_ms, 5'000'000 + 240'000);
  EXPECT_EQ(capture.header.wall_ms, 1'790'000'000'000 + 240'000);
  EXPECT_EQ(capture.records.front().kind, CaptureKind::lost);
  EXPECT_EQ(capture.records[1].at_us, 0);
  EXPECT_EQ(capture.records.back().at_us, 80'000'000);
  EXPECT_EQ(capture.records.size(), 1U + 81U + 1U);  // lost, a record a second, the event
}

TEST_F(BlackBoxTest, WhatFollowsSoonBelongsToTheSameFileAndAFileHasAnEnd) {
  make();
  for (int i = 0; i < 119; ++i) {
    raise();
    seconds(1);
  }
  EXPECT_TRUE(files().empty());
  raise();
  seconds(1);
  wait_for_news(1);
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(BlackBoxTest, FewFilesStayAndFewAreWrittenInADay) {
  options.keep = 60_s;
  make();
  for (std::size_t i = 1; i <= 3; ++i) {
    raise();
    seconds(21);
    wait_for_news(i);
  }
  const std::string first = files().front();
  raise();
  seconds(21);
  ASSERT_EQ(news.size(), 4U);
  EXPECT_NE(news[3].find("3 incidents were sealed within a day"), std::string::npos);
  raise();
  seconds(21);
  EXPECT_EQ(news.size(), 4U) << "told once";
  now_us += std::int64_t{86'400} * 1'000'000;
  raise();
  seconds(21);
  wait_for_news(5);
  EXPECT_EQ(files().size(), 3U);
  EXPECT_FALSE(fs::exists(first));
}

TEST_F(BlackBoxTest, ADiskThatDoesNotTakeItIsToldAndTriedAgain) {
  options.folder = folder.path() + "/file/box";
  std::ofstream(folder.path() + "/file") << "no folder";
  make();
  raise();
  seconds(21);
  wait_for_news(1);
  EXPECT_EQ(news[0].substr(0, 11), "not sealed:");
  fs::remove(folder.path() + "/file");
  fs::create_directory(folder.path() + "/file");
  wait_for_news(2);
  EXPECT_EQ(news[1].substr(0, 9), "sealed in");
}

TEST_F(BlackBoxTest, AnIncidentThatIsNotOverIsSealedWhenTheGatewayStops) {
  make();
  seconds(5);
  raise();
  seconds(5);
  box.reset();
  ASSERT_EQ(files().size(), 1U);
  EXPECT_EQ(read(files()[0]).records.front().kind, CaptureKind::in) << "nothing is missing";
}

}  // namespace
}  // namespace cw
