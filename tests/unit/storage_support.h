// SPDX-License-Identifier: Apache-2.0
// For the tests of the history: a picture to publish, a folder that goes away, and an independent
// pair of eyes on the file.
#pragma once
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/picture.h"
#include "storage/history.h"

namespace cw::storage_test {

/// Packs "pack-1", "pack-2", ... that are heard, go silent and age in virtual time.
class Bench {
 public:
  explicit Bench(std::size_t packs = 1) : packs_(packs), changed_(packs) {
    std::iota(changed_.begin(), changed_.end(), std::size_t{0});
    for (std::size_t i = 0; i < packs; ++i) {
      packs_[i].name.assign("pack-" + std::to_string(i + 1));
      packs_[i].max_age = {3'000};
    }
  }

  PackState& pack(std::size_t i = 0) { return packs_[i]; }
  Instant now{1'000'000};
  std::optional<BankRequest> request;        // what inverters are told
  std::int64_t wall_ms = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

  void pass(Millis time) {
    now = now + time;
    wall_ms += time.count;
  }

  /// All packs answer: a voltage, three cells, one temperature.
  void hear(std::int32_t millivolts) {
    for (auto& state : packs_) {
      state.link = {Link::up, now, {}};
      state.pack.scalars.voltage.set({millivolts}, now);
      state.pack.scalars.soc.set({7'350}, now);
      for (std::size_t cell = 0; cell < 3; ++cell)
        state.pack.cell_voltage[cell].set({3'300 + static_cast<std::int32_t>(cell)}, now);
      state.pack.temperature[0].set({-55}, now);
    }
  }

  Picture picture() const {
    return {now, wall_ms, Mode::observe, packs_, bank_, {}, request ? &*request : nullptr};
  }
  void publish(Sink& sink) const { sink.publish(picture(), changed_); }

  Event event(EventKind kind, std::string_view subject) const {
    Event event;
    event.kind = kind;
    event.when = now;
    event.wall_ms = wall_ms;
    event.pack.assign("pack-1");
    event.subject.assign(subject);
    return event;
  }

 private:
  std::vector<PackState> packs_;
  std::vector<std::size_t> changed_;
  Bank bank_{};
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cw-history-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name = "history.db") const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Another program's look at the file.
class Reader {
 public:
  explicit Reader(const std::string& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &db_), SQLITE_OK) << file;
    sqlite3_busy_timeout(db_, 30'000);
  }
  ~Reader() { sqlite3_close(db_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void run(const std::string& sql) {
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK)
        << (error ? error : "") << "\n"
        << sql;
    sqlite3_free(error);
  }

  /// Rows joined by newlines, columns by "|", NULL as "null".
  std::string text(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_) << "\n"
        << sql;
    std::string all;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      if (!all.empty()) all += '\n';
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* cell = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        all += (i > 0 ? "|" : "") + std::string(cell ? cell : "null");
      }
    }
    sqlite3_finalize(statement);
    return all;
  }
  std::int64_t number(const std::string& sql) {
    const std::string answer = text(sql);
    return answer.empty() || answer == "null" ? -1 : std::stoll(answer);
  }

 private:
  sqlite3* db_ = nullptr;
};

inline bool eventually(const std::function<bool()>& holds,
                       std::chrono::milliseconds patience = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return holds();
}

/// Writes soon and tries again soon, so that tests need not wait.
inline HistoryOptions quick(const std::string& path) {
  HistoryOptions options;
  options.enabled = true;
  options.path = path;
  options.interval = {0};
  options.commit_every = {5};
  options.retry = {5};
  return options;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

}  // namespace cw::storage_test
