// SPDX-License-Identifier: Apache-2.0
// When something is said on CAN and when not, in virtual time.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "bridge/inverter/can_inverter.h"
#include "tests/unit/inverter_can_rig.h"

namespace cw::test {
namespace {

constexpr std::int64_t kBegin = 5'000'000;

class CanInverter : public testing::Test {
 protected:
  struct Said {
    std::int64_t at;
    CanFrame frame;
  };

  void make(std::string_view name, const InverterOptions& options = {}) {
    profile_ = find_can_profile(name);
    inverter_ = make_can_inverter(*profile_, options);
  }

  void tell() {
    const Picture picture{{now_}, now_, Mode::observe, {}, bank_, {}, &request_};
    inverter_->tell(picture, {now_});
  }

  /// Time goes on by `ms`; the gateway tells its request every 250 ms if `telling`.
  void run(std::int64_t ms, bool telling = true) {
    for (const std::int64_t end = now_ + ms; now_ < end; ++now_) {
      if (telling && now_ % 250 == 0) tell();
      take();
    }
  }

  void take() {
    for (auto due = inverter_->next_due({now_}); due && due->ms <= now_;
         due = inverter_->next_due({now_})) {
      const auto piece = inverter_->next({now_});
      if (piece.empty()) break;
      said_.push_back({now_, *from_record(piece)});
    }
  }

  void hear(std::uint32_t id, bool extended = false, bool remote = false) {
    const CanFrame frame{.id = id, .extended = extended, .remote = remote, .length = 8};
    inverter_->receive(to_record(frame), {now_});
  }

  InverterStatus status() const { return inverter_->status({now_}); }

  /// The newest frame `id`, as hex.
  std::string last(std::uint32_t id) const {
    for (auto one = said_.rbegin(); one != said_.rend(); ++one)
      if (one->frame.id == id) return hex(one->frame);
    return "never";
  }

  std::int64_t now_ = kBegin;
  Bank bank_;
  BankRequest request_ = good_request();
  const CanProfile* profile_ = nullptr;
  std::unique_ptr<InverterProtocol> inverter_;
  std::vector<Said> said_;
};

TEST_F(CanInverter, EveryProfileSaysItsWholeSetWithinASecondAndKeepsThePace) {
  for (const CanProfile& profile : can_profiles()) {
    make(profile.name);
    said_.clear();
    now_ = kBegin;
    run(20'000);
    std::map<std::uint32_t, std::vector<std::int64_t>> times;
    for (const Said& one : said_) times[one.frame.id].push_back(one.at);
    // Without packs nobody knows a serial number.
    const std::size_t known = profile.frames.size() - (profile.name == "victron-can" ? 2 : 0);
    EXPECT_EQ(times.size(), known) << profile.name;
    for (const auto& [id, at] : times) {
      EXPECT_LE(at.front(), kBegin + 1'000) << profile.name << " " << id;
      EXPECT_NEAR(static_cast<double>(at.size()), 20, 1) << profile.name << " " << id;
      for (std::size_t i = 1; i < at.size(); ++i) EXPECT_EQ(at[i] - at[i - 1], 1'000) << id;
    }
    const std::int64_t gap = std::min(100, 1'000 / static_cast<int>(profile.frames.size()));
    for (std::size_t i = 1; i < said_.size(); ++i)
      ASSERT_GE(said_[i].at - said_[i - 1].at, gap)
          << profile.name << ": frames are spread over the second";
  }
}

TEST_F(CanInverter, ABlockedLoopCausesNoBurst) {
  make("pylontech-can");
  run(3'000);
  now_ += 5'000;  // somebody held the loop
  const std::size_t before = said_.size();
  const std::int64_t back = now_;
  run(100);
  EXPECT_LE(said_.size() - before, 3U);
  run(1'000);
  std::map<std::uint32_t, int> times;
  for (const Said& one : said_)
    if (one.at >= back) ++times[one.frame.id];
  EXPECT_EQ(times.size(), 6U) << "the whole set within 1.1 s";
}

TEST_F(CanInverter, APeriodBelowTwoTenthsOfASecondIsNotObeyed) {
  InverterOptions options;
  options.period = {50};
  make("sma-can", options);
  run(2'000);
  std::int64_t last_at = 0;
  for (const Said& one : said_) {
    if (one.frame.id != 0x351) continue;
    EXPECT_GE(one.at - last_at, 200);
    last_at = one.at;
  }
}

TEST_F(CanInverter, NothingIsSaidBeforeSomethingIsKnown) {
  make("pylontech-can");
  request_.voice = Voice::silent;
  run(60'000);
  EXPECT_TRUE(said_.empty());
  EXPECT_EQ(status().complaint, "") << "nobody can answer what was not said";
  request_.voice = Voice::speaking;
  tell();
  take();
  EXPECT_EQ(said_.size(), 1U) << "and then at once";
}

TEST_F(CanInverter, EveryFrameHasTheNewestValues) {
  make("pylontech-can");
  run(10'000);
  EXPECT_EQ(last(0x351), "2802B004DC05D001");
  request_.charge_current.value = {};
  request_.charge_enabled = false;
  run(1'250);
  EXPECT_EQ(last(0x351), "28020000DC05D001");
  EXPECT_EQ(last(0x35C), "4000000000000000");
}

TEST_F(CanInverter, BlindItSaysZerosAndThenNothing) {
  make("pylontech-can");
  run(5'000);
  request_.voice = Voice::blind;
  run(1'250);
  said_.clear();
  run(10'000);
  const std::map<std::uint32_t, std::string> zeros = {{0x351, "280200000000D001"},
                                                      {0x355, "3700620000000000"},
                                                      {0x359, "0000000802504E00"},
                                                      {0x35C, "0000000000000000"}};
  for (const Said& one : said_) {
    const auto zero = zeros.find(one.frame.id);
    if (zero != zeros.end()) {
      EXPECT_EQ(hex(one.frame), zero->second);
    }
  }
  EXPECT_GT(said_.size(), 50U);
  request_.voice = Voice::silent;
  tell();
  said_.clear();
  run(60'000);
  EXPECT_TRUE(said_.empty());
  request_.voice = Voice::speaking;
  run(1'250);
  EXPECT_EQ(last(0x35C), "C000000000000000") << "back as if nothing had been";
}

TEST_F(CanInverter, WithoutInputForThirtySecondsItFallsSilent) {
  make("victron-can");
  run(5'000);
  const std::int64_t last_told = now_ - now_ % 250;
  run(60'000, false);
  EXPECT_LE(said_.back().at, last_told + 30'000);
  EXPECT_GE(said_.back().at, last_told + 28'000) << "until then its values count";
  EXPECT_EQ(inverter_->next_due({now_}), std::nullopt);
  EXPECT_NE(status().complaint.find("nothing new to tell"), std::string::npos);
  run(2'000);
  EXPECT_GE(said_.back().at, now_ - 1'000) << "it speaks again";
}

TEST_F(CanInverter, TheFarewellIsOneSetOfZerosAndThenSilence) {
  make("pylontech-can");
  run(3'456);
  said_.clear();
  inverter_->stop({now_});
  run(10'000);
  ASSERT_EQ(said_.size(), 6U);
  EXPECT_LT(said_.back().at, said_.front().at + 200);
  EXPECT_EQ(last(0x351), "280200000000D001");
  EXPECT_EQ(last(0x35C), "0000000000000000");
  EXPECT_EQ(last(0x359), "0000000002504E00") << "to stop is no alarm";
  EXPECT_EQ(inverter_->next_due({now_}), std::nullopt);
}

TEST_F(CanInverter, WhoSaidNothingTakesNoLeave) {
  make("pylontech-can");
  inverter_->stop({now_});
  run(5'000);
  EXPECT_TRUE(said_.empty());
}

// With the options of its port: people ask why an inverter shows another number than the bank.
TEST_F(CanInverter, WhatIsToldCanBeSeen) {
  InverterOptions options;
  options.soc_most = {9'900};
  make("pylontech-can", options);
  EXPECT_FALSE(status().told) << "nothing yet";
  request_.measured.soc = CentiPercent{10'000};
  run(1'000);
  ASSERT_TRUE(status().told);
  EXPECT_EQ(status().told->soc, CentiPercent{9'900});
  EXPECT_EQ(status().told->charge_current, request_.charge_current.value);
}

TEST_F(CanInverter, AnInverterIsPresentForFifteenSecondsAndMissedAfterAMinute) {
  make("pylontech-can");
  run(1'000);
  EXPECT_FALSE(status().present);
  hear(0x305);
  EXPECT_TRUE(status().present);
  run(14'900);
  EXPECT_TRUE(status().present);
  run(200);
  EXPECT_FALSE(status().present);
  run(44'000);
  EXPECT_EQ(status().complaint, "");
  run(2'000);
  EXPECT_NE(status().complaint.find("no inverter was heard"), std::string::npos);
  EXPECT_GT(said_.back().at, now_ - 1'000) << "it keeps speaking regardless";
  hear(0x305);
  EXPECT_EQ(status().complaint, "");
}

TEST_F(CanInverter, OnlyInvertersCountAsPresent) {
  make("victron-can");
  run(2'000);
  for (const Said& one : said_) inverter_->receive(to_record(one.frame), {now_});  // an echo
  hear(0x305, false, true);                                                        // remote
  hear(0x306, true);
  hear(0x123);
  inverter_->receive(std::vector<std::uint8_t>(15), {now_});
  EXPECT_FALSE(status().present);
  EXPECT_EQ(status().received, 0U);
  EXPECT_EQ(status().refused, 1U);
  for (const std::uint32_t id : {0x305U, 0x306U, 0x307U}) hear(id);
  hear(0x305, true);
  EXPECT_EQ(status().received, 4U);
  EXPECT_TRUE(status().present);
}

TEST_F(CanInverter, AnotherBatteryOnTheBusIsComplainedOf) {
  make("pylontech-can");
  run(2'000);
  hear(0x305);
  EXPECT_EQ(status().complaint, "");
  hear(0x351);
  EXPECT_NE(status().complaint.find("0x351"), std::string::npos);
  run(16'000);
  EXPECT_EQ(status().complaint, "");
}

TEST_F(CanInverter, GrowattIsAnsweredWhenItAsks) {
  make("growatt-can");
  run(1'700);  // the second set was said by 1.6 s
  said_.clear();
  hear(0x301);
  take();
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].frame.id, 0x311U);
  hear(0x301);
  take();
  EXPECT_EQ(said_.size(), 1U) << "one who asks all the time gets no more";
  run(10'000);
  EXPECT_NEAR(static_cast<double>(said_.size()), 60, 6) << "unasked it says its set all the same";
}

TEST_F(CanInverter, LimitsSmaWouldDropAreComplainedOf) {
  make("sma-can");
  hear(0x305);
  run(1'000);
  EXPECT_EQ(status().complaint, "");
  request_.discharge_voltage.value = {48'500};
  run(1'000);
  EXPECT_NE(status().complaint.find("48500 mV is outside 41000 to 48000 mV"), std::string::npos)
      << status().complaint;
}

TEST_F(CanInverter, AFrameThatIsLeftOutIsNamed) {
  make("pylontech-can");
  request_.measured.temperature.reset();
  run(3'000);
  EXPECT_EQ(last(0x356), "never");
  EXPECT_EQ(status().complaint, "0x356 is left out: not known: temperature");
  request_.measured.temperature = DeciCelsius{200};
  run(2'000);
  EXPECT_EQ(status().complaint, "");
}

TEST_F(CanInverter, NoFrameWhatsoeverDisturbsWhatIsSaid) {
  std::mt19937 random(11);
  for (const CanProfile& profile : can_profiles()) {
    make(profile.name);
    said_.clear();
    for (int i = 0; i < 30'000; ++i) {
      if (i % 3 == 0) now_ += 1 + static_cast<std::int64_t>(random() % 3);
      CanRecord record{};
      for (auto& byte : record) byte = static_cast<std::uint8_t>(random());
      if (i % 2 == 0)
        record = to_record({.id = static_cast<std::uint32_t>(random() % 0x800), .length = 8});
      const std::size_t size = i % 97 == 0 ? random() % 17 : record.size();
      inverter_->receive(std::span(record).first(size), {now_});
      if (i % 100 == 0) tell();
      take();
      (void)status();
    }
    for (const Said& one : said_) {
      CanHeard heard;
      ASSERT_TRUE(decode(profile, one.frame, false, heard));
      ASSERT_EQ(heard.of(CanNumber::charge_current).value_or(120'000), 120'000);
    }
    EXPECT_GT(said_.size(), 50U) << profile.name;
  }
}

}  // namespace
}  // namespace cw::test
