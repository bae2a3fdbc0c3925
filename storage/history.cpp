// SPDX-License-Identifier: Apache-2.0
// The thread between the picture and the file: copies in, batches out. Two locks never meet here:
// the mutex is held only to copy, and SQLite is only touched without it.
#include "storage/history.h"

#include <fmt/format.h>
#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "storage/database.h"
#include "storage/disk.h"
#include "storage/ring.h"

namespace cw {
namespace {

constexpr std::size_t kSamplesPerBatch = 512;
constexpr std::size_t kEventsPerBatch = 256;
constexpr int kFilesMovedAsideMost = 3;  // a disk that spoils every file is not worth more

using Clock = std::chrono::steady_clock;

std::int64_t wall_ms_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Instant now() {
  using namespace std::chrono;
  return {duration_cast<milliseconds>(Clock::now().time_since_epoch()).count()};
}

class SqliteHistory final : public HistorySink {
 public:
  explicit SqliteHistory(const HistoryOptions& options)
      : options_(options),
        sampler_(options.interval),
        limit_sampler_(options.interval),
        samples_(options.samples_most),
        limits_(options.samples_most),
        ballast_(options.path) {
    sample_batch_.reserve(kSamplesPerBatch);
    event_batch_.reserve(kEventsPerBatch);
    trouble_ = "opening " + options_.path;
    thread_ = std::thread([this] { work(); });
  }

  ~SqliteHistory() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void publish(const Picture& picture, std::span<const std::size_t> changed) override;
  void record(const Event& event) override;
  Health health() const override;
  HistoryCounts counts() const override;

 private:
  void add_row(const Picture& picture, std::size_t index);

  void work();
  bool wait_for_work();
  void write_what_waits();
  bool take_batch();
  DatabaseResult write_batch();
  DatabaseResult commit_batch();
  DatabaseResult open();
  bool make_room(DatabaseResult result);
  bool begin_anew(DatabaseResult result);
  void settle(DatabaseResult result);
  void note_committed();

  const HistoryOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by the mutex.
  Sampler sampler_;
  LimitSampler limit_sampler_;
  Ring<Sample> samples_;
  Ring<LimitSample> limits_;
  std::deque<Event> events_;
  HistoryCounts counts_;
  std::size_t samples_taken_ = 0;          // in the batch, limits among them
  std::size_t events_taken_ = 0;           // likewise
  std::uint64_t events_dropped_told_ = 0;  // those a row in the log stands for
  std::string trouble_;                    // empty: all is well
  std::string moved_aside_;                // where an unreadable file went
  bool failing_ = false;
  bool stopping_ = false;

  // Of the thread alone.
  Database database_;
  Ballast ballast_;
  std::vector<Sample> sample_batch_;  // taken and not yet committed
  std::vector<LimitSample> limit_batch_;
  std::vector<Event> event_batch_;
  std::uint64_t events_lost_batch_ = 0;
  bool short_of_space_ = false;  // the ballast is out: its room is for events
  int files_moved_aside_ = 0;
  Clock::time_point due_ = Clock::now();

  std::thread thread_;
};

// ---- the owner's thread: copies, never waits for the disk --------------------------------------

void SqliteHistory::publish(const Picture& picture, std::span<const std::size_t> changed) {
  bool batch_is_full = false;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t waiting = samples_.size();
    const std::size_t known = sampler_.packs();
    for (std::size_t i = known; i < picture.packs.size(); ++i) add_row(picture, i);
    for (const std::size_t i : changed)
      if (i < known) add_row(picture, i);
    if (picture.request != nullptr)
      if (const auto row = limit_sampler_.decide(*picture.request, picture.now, picture.wall_ms))
        limits_.push() = *row;
    batch_is_full = waiting < kSamplesPerBatch && samples_.size() >= kSamplesPerBatch;
  }
  if (batch_is_full) wake_.notify_one();
}

void SqliteHistory::add_row(const Picture& picture, std::size_t index) {
  const PackState& state = picture.packs[index];
  switch (sampler_.decide(index, state, picture.now)) {
    case Sampler::Row::none: return;
    case Sampler::Row::sample:
      fill_sample(samples_.push(), state, picture.now, picture.wall_ms);
      return;
    case Sampler::Row::gap: fill_gap(samples_.push(), state, picture.wall_ms); return;
  }
}

void SqliteHistory::record(const Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (events_.size() >= options_.events_most) {
      ++counts_.events_dropped;
      return;
    }
    events_.push_back(event);
  }
  wake_.notify_one();
}

HistoryCounts SqliteHistory::counts() const {
  const std::lock_guard lock(mutex_);
  HistoryCounts counts = counts_;
  counts.samples_dropped = samples_.dropped() + limits_.dropped();
  return counts;
}

Health SqliteHistory::health() const {
  const HistoryCounts total = counts();
  const std::lock_guard lock(mutex_);
  Health health;
  health.ok = trouble_.empty();
  health.dropped = total.samples_dropped + total.events_dropped;
  health.detail = health.ok ? fmt::format("recording to {}: {} samples, {} events", options_.path,
                                          total.samples_committed, total.events_committed)
                            : fmt::format("{}; waiting in memory: {} samples, {} events", trouble_,
                                          samples_.size() + limits_.size() + samples_taken_,
                                          events_.size() + events_taken_);
  if (health.dropped > 0)
    health.detail += fmt::format("; dropped: {} samples, {} events", total.samples_dropped,
                                 total.events_dropped);
  if (!moved_aside_.empty())
    health.detail += fmt::format("; an unreadable file was kept as {}", moved_aside_);
  return health;
}

// ---- the history's thread
// ------------------------------------------------------------------------

void SqliteHistory::work() {
  pthread_setname_np(pthread_self(), "history");
  for (bool stopping = false; !stopping;) {
    write_what_waits();
    stopping = wait_for_work();
  }
  write_what_waits();
  database_.close();
}

/// True if this is the end.
bool SqliteHistory::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, due_, [this] {
    if (stopping_) return true;
    // Samples that a full disk makes wait are no work; their time comes at `due_`.
    const bool samples = !short_of_space_ && samples_.size() >= kSamplesPerBatch;
    return !failing_ && (samples || !events_.empty());
  });
  return stopping_;
}

void SqliteHistory::write_what_waits() {
  if (short_of_space_ && ballast_.take()) short_of_space_ = false;
  DatabaseResult result = DatabaseResult::done;
  do {
    const bool something = take_batch();
    if (!database_.is_open() || !database_.is_in_place()) result = open();
    if (result == DatabaseResult::done && something) result = write_batch();
    settle(result);
    if (!something) break;
  } while (result == DatabaseResult::done);
}

/// Fills the batch up from the queues; false if there is nothing to write.
bool SqliteHistory::take_batch() {
  const std::lock_guard lock(mutex_);
  while (!events_.empty() && event_batch_.size() < kEventsPerBatch) {
    event_batch_.push_back(events_.front());
    events_.pop_front();
  }
  if (!short_of_space_) {
    samples_.take(sample_batch_, kSamplesPerBatch);
    limits_.take(limit_batch_, kSamplesPerBatch);
  }
  samples_taken_ = sample_batch_.size() + limit_batch_.size();
  events_taken_ = event_batch_.size();
  // The row that stands for lost events comes after those that were kept.
  events_lost_batch_ = events_.empty() ? counts_.events_dropped - events_dropped_told_ : 0;
  const bool samples = samples_taken_ > 0 && !short_of_space_;
  return samples || !event_batch_.empty() || events_lost_batch_ > 0;
}

DatabaseResult SqliteHistory::commit_batch() {
  Batch batch{.samples = {},
              .events = event_batch_,
              .events_lost = events_lost_batch_,
              .now = now(),
              .wall_ms = wall_ms_now()};
  if (!short_of_space_) {
    batch.samples = sample_batch_;
    batch.limits = limit_batch_;
  }
  return database_.commit(batch);
}

DatabaseResult SqliteHistory::write_batch() {
  DatabaseResult result = commit_batch();
  if (make_room(result)) result = commit_batch();
  if (begin_anew(result)) {
    result = open();
    if (result == DatabaseResult::done) result = commit_batch();
  }
  return result;
}

DatabaseResult SqliteHistory::open() {
  DatabaseResult result = database_.open(options_.path);
  if (make_room(result)) result = database_.open(options_.path);
  if (begin_anew(result)) result = database_.open(options_.path);
  if (result == DatabaseResult::done && !short_of_space_) ballast_.take();
  return result;
}

/// True if it is worth trying again: there is room, which from now on belongs to events.
bool SqliteHistory::make_room(DatabaseResult result) {
  if (result == DatabaseResult::failed && is_disk_full(options_.path))
    result = DatabaseResult::full;
  if (result != DatabaseResult::full) return false;
  short_of_space_ = true;
  return ballast_.release();
}

/// True if the unreadable file is out of the way and a new one may be begun.
bool SqliteHistory::begin_anew(DatabaseResult result) {
  if (result != DatabaseResult::unreadable || files_moved_aside_ >= kFilesMovedAsideMost)
    return false;
  database_.close_untouched();
  const std::string target = move_aside(options_.path, wall_ms_now());
  if (target.empty()) return false;
  ++files_moved_aside_;
  const std::lock_guard lock(mutex_);
  moved_aside_ = target;
  return true;
}

void SqliteHistory::settle(DatabaseResult result) {
  const std::lock_guard lock(mutex_);
  failing_ = result != DatabaseResult::done;
  if (!failing_) note_committed();
  if (short_of_space_)
    trouble_ = fmt::format("{}: the disk is full; samples go on once 8 MiB are free{}",
                           options_.path, failing_ ? "" : ", events are still written");
  else
    trouble_ = failing_ ? database_.error() : std::string{};
  const Millis pause = failing_ ? options_.retry : options_.commit_every;
  due_ = Clock::now() + std::chrono::milliseconds(pause.count);
}

/// Under the mutex.
void SqliteHistory::note_committed() {
  counts_.events_committed += event_batch_.size();
  event_batch_.clear();
  events_taken_ = 0;
  events_dropped_told_ += events_lost_batch_;
  events_lost_batch_ = 0;
  if (short_of_space_) return;  // samples are still in the batch
  counts_.samples_committed += sample_batch_.size() + limit_batch_.size();
  sample_batch_.clear();
  limit_batch_.clear();
  samples_taken_ = 0;
}

}  // namespace

std::unique_ptr<HistorySink> make_history(const HistoryOptions& options) {
  return std::make_unique<SqliteHistory>(options);
}

}  // namespace cw
