// SPDX-License-Identifier: Apache-2.0
// What goes into a row of the history, and when; columns and queue. Virtual time only.
#include <deque>
#include <set>

#include "storage/ring.h"
#include "storage/sampler.h"
#include "storage_support.h"

namespace cw::storage_test {
namespace {

using Row = Sampler::Row;

std::size_t column_named(const std::string& shared) {
  for (std::size_t i = 0; i < kColumnCount; ++i)
    if (shared_name(kColumns[i]) == shared) return i;
  ADD_FAILURE() << "no column " << shared;
  return 0;
}

TEST(StorageColumns, FollowTheFieldTable) {
  std::set<std::string> shared;
  for (const Column& column : kColumns) shared.insert(shared_name(column));
  for (const auto& field : kFields)
    EXPECT_EQ(shared.count(std::string(field.facts.key)) == 1,
              field.facts.history == History::sampled)
        << field.facts.key;
  EXPECT_TRUE(shared.count("cell_voltage_01_V") == 1);
  EXPECT_TRUE(shared.count("cell_voltage_32_V") == 1);
  EXPECT_TRUE(shared.count("temperature_05_C") == 1);
}

TEST(StorageColumns, TellTheStepOfTheStoredInteger) {
  EXPECT_EQ(stored_name(kColumns[column_named("voltage_V")]), "voltage_mV");
  EXPECT_EQ(stored_name(kColumns[column_named("soc_pct")]), "soc_cpct");
  EXPECT_EQ(stored_name(kColumns[column_named("capacity_remaining_Ah")]), "capacity_remaining_mAh");
  EXPECT_EQ(stored_name(kColumns[column_named("cell_voltage_07_V")]), "cell_voltage_07_mV");
  EXPECT_EQ(stored_name(kColumns[column_named("mosfet_temperature_C")]), "mosfet_temperature_dC");
  EXPECT_EQ(stored_name(kColumns[column_named("charge_mosfet")]), "charge_mosfet");
}

TEST(StorageColumns, HaveNamesOfTheirOwn) {
  std::set<std::string> stored;
  std::set<std::string> shared;
  for (const Column& column : kColumns) {
    stored.insert(stored_name(column));
    shared.insert(shared_name(column));
  }
  EXPECT_EQ(stored.size(), kColumnCount);
  EXPECT_EQ(shared.size(), kColumnCount);
}

TEST(StorageSample, HoldsWhatIsFreshAndNothingElse) {
  Bench bench;
  bench.hear(52'800);
  bench.pass({2'000});
  bench.pack().link.link = Link::up;
  bench.pack().link.last_frame = bench.now;  // a frame that held only the current
  bench.pack().pack.scalars.current.set({-12'340}, bench.now);
  bench.pass({1'500});  // the voltage is now 3.5 s old, the current 1.5 s

  Sample sample;
  fill_sample(sample, bench.pack(), bench.now, bench.wall_ms);
  EXPECT_EQ(sample.pack.view(), "pack-1");
  EXPECT_EQ(sample.wall_ms, bench.wall_ms);
  EXPECT_TRUE(sample.known[column_named("current_A")]);
  EXPECT_EQ(sample.counts[column_named("current_A")], -12'340);
  EXPECT_FALSE(sample.known[column_named("voltage_V")]);
  EXPECT_FALSE(sample.known[column_named("cell_voltage_01_V")]);
}

TEST(StorageSample, HoldsNothingOfAPackThatIsLostHoweverYoungItsValues) {
  Bench bench;
  bench.hear(52'800);
  bench.pack().link.link = Link::lost;
  Sample sample;
  fill_sample(sample, bench.pack(), bench.now, bench.wall_ms);
  EXPECT_TRUE(sample.known.none());
}

TEST(StorageSample, DoesNotInheritWhatTheSlotHeldBefore) {
  Bench bench;
  bench.hear(52'800);
  Sample slot;
  fill_sample(slot, bench.pack(), bench.now, bench.wall_ms);
  ASSERT_TRUE(slot.known.any());
  fill_gap(slot, bench.pack(), bench.wall_ms + 1);
  EXPECT_TRUE(slot.known.none());
  EXPECT_EQ(slot.wall_ms, bench.wall_ms + 1);
}

TEST(StorageSampler, TakesTheFirstValuesAtOnceAndThenKeepsTheInterval) {
  Bench bench;
  Sampler sampler({10'000});
  std::string rows;
  for (int second = 0; second <= 30; ++second) {
    bench.hear(52'000);
    if (sampler.decide(0, bench.pack(), bench.now) == Row::sample)
      rows += std::to_string(second) + " ";
    bench.pass({1'000});
  }
  EXPECT_EQ(rows, "0 10 20 30 ");
}

TEST(StorageSampler, DoesNotDriftWhenPollsDoNotDivideTheInterval) {
  Bench bench;
  Sampler sampler({10'000});
  int samples = 0;
  for (int poll = 0; poll < 1'000; ++poll) {  // 1.3 s apart: 1 300 s in all
    bench.hear(52'000);
    if (sampler.decide(0, bench.pack(), bench.now) == Row::sample) ++samples;
    bench.pass({1'300});
  }
  EXPECT_EQ(samples, 130);
}

TEST(StorageSampler, LeavesOneGapWhenAPackFallsSilentAndResumesAtOnce) {
  Bench bench;
  Sampler sampler({10'000});
  bench.hear(52'000);
  EXPECT_EQ(sampler.decide(0, bench.pack(), bench.now), Row::sample);
  bench.pass({3'001});
  EXPECT_EQ(sampler.decide(0, bench.pack(), bench.now), Row::gap);
  bench.pass({60'000});
  EXPECT_EQ(sampler.decide(0, bench.pack(), bench.now), Row::none);
  bench.hear(52'000);
  EXPECT_EQ(sampler.decide(0, bench.pack(), bench.now), Row::sample);
}

TEST(StorageSampler, BeginsWithAGapIfThePackIsSilentFromTheStart) {
  Bench bench;
  Sampler sampler({10'000});
  EXPECT_EQ(sampler.packs(), 0U);
  EXPECT_EQ(sampler.decide(0, bench.pack(), bench.now), Row::gap);
  EXPECT_EQ(sampler.decide(0, bench.pack(), bench.now), Row::none);
  EXPECT_EQ(sampler.packs(), 1U);
}

TEST(StorageSampler, KeepsEachPackOnItsOwn) {
  Bench bench(2);
  Sampler sampler({10'000});
  bench.hear(52'000);
  EXPECT_EQ(sampler.decide(0, bench.pack(0), bench.now), Row::sample);
  bench.pass({1'000});
  EXPECT_EQ(sampler.decide(1, bench.pack(1), bench.now), Row::sample);
  EXPECT_EQ(sampler.decide(0, bench.pack(0), bench.now), Row::none);
}

TEST(StorageRing, GivesTheOldestFirstAndNoMoreThanAskedFor) {
  Ring<int> ring(8);
  for (int i = 0; i < 5; ++i) ring.push() = i;
  std::vector<int> out{99};
  ring.take(out, 4);
  EXPECT_EQ(out, (std::vector{99, 0, 1, 2}));
  EXPECT_EQ(ring.size(), 2U);
}

TEST(StorageRing, DropsTheOldestWhenItIsFullAndCountsIt) {
  Ring<int> ring(3);
  for (int i = 0; i < 8; ++i) ring.push() = i;
  EXPECT_EQ(ring.size(), 3U);
  EXPECT_EQ(ring.dropped(), 5U);
  std::vector<int> out;
  ring.take(out, 10);
  EXPECT_EQ(out, (std::vector{5, 6, 7}));
}

TEST(StorageRing, KeepsTheOrderWhateverIsTakenBetween) {
  for (std::size_t capacity = 1; capacity < 12; ++capacity)
    for (unsigned pattern = 0; pattern < 4096; ++pattern) {
      Ring<int> ring(capacity);
      std::deque<int> expected;
      int next = 0;
      for (unsigned bit = 0; bit < 12; ++bit) {
        if ((pattern >> bit & 1) == 0) {
          std::vector<int> out;
          ring.take(out, 2);
          for (const int value : out) {
            ASSERT_EQ(value, expected.front()) << capacity << " " << pattern;
            expected.pop_front();
          }
        }
        ring.push() = next;
        expected.push_back(next++);
        if (expected.size() > capacity) expected.pop_front();
        ASSERT_EQ(ring.size(), expected.size());
      }
    }
}

}  // namespace
}  // namespace cw::storage_test
