// SPDX-License-Identifier: Apache-2.0
// The only file that speaks to SQLite.
#include "storage/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <vector>

namespace cw {
namespace {

constexpr int kBusyTimeout_ms = 2'000;

// Write-ahead log, synced at every commit: a power cut costs what was not yet committed and nothing
// else. The log is folded in every 128 pages, so that a full disk needs little room to recover, and
// a program that reads meanwhile blocks nobody. See docs/decisions on the history.
constexpr std::string_view kPragmas =
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 128;"
    "PRAGMA journal_size_limit = 1048576;"
    "PRAGMA cache_size = -512;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;";

DatabaseResult classify(int code) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return DatabaseResult::done;
    case SQLITE_FULL: return DatabaseResult::full;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return DatabaseResult::unreadable;
    default: return DatabaseResult::failed;
  }
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

void bind_text(sqlite3_stmt* statement, int place, std::string_view text) {
  sqlite3_bind_text(statement, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

void bind_count(sqlite3_stmt* statement, int place, std::optional<std::int64_t> count) {
  if (count)
    sqlite3_bind_int64(statement, place, *count);
  else
    sqlite3_bind_null(statement, place);
}

}  // namespace

/// Every member function returns `done` or the reason it stopped, with `error` set.
struct Database::Implementation {
  using R = DatabaseResult;

  sqlite3* connection = nullptr;
  std::string path;
  std::string error;
  Statement insert_pack, find_pack, insert_sample, insert_event, insert_limits;
  std::map<std::string, std::int64_t, std::less<>> pack_ids;

  R judge(int code) {
    const R result = classify(code);
    if (result == R::done) return result;
    error = fmt::format("{}: {}", path, connection ? sqlite3_errmsg(connection) : "no memory");
    if ((code & 0xff) == SQLITE_CANTOPEN)
      error += " (is there such a folder, and may this user write to it?)";
    return result;
  }
  R refuse(std::string why) {
    error = fmt::format("{}: {}", path, why);
    return R::refused;
  }
  R run(std::string_view sql) {
    return judge(sqlite3_exec(connection, std::string(sql).c_str(), nullptr, nullptr, nullptr));
  }
  R prepare(Statement& statement, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    statement.reset(raw);
    return judge(code);
  }
  /// Runs a statement that answers nothing, and makes it ready for the next time.
  R step(const Statement& statement) {
    const R result = judge(sqlite3_step(statement.get()));
    sqlite3_reset(statement.get());
    return result;
  }
  /// Calls `row` with each row of the answer.
  template <class Row>
  R each(std::string_view sql, Row row) {
    Statement statement;
    if (const R result = prepare(statement, sql); result != R::done) return result;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) row(statement.get());
    return judge(code);
  }
  R number(std::string_view sql, std::int64_t& answer) {
    return each(sql, [&](sqlite3_stmt* row) { answer = sqlite3_column_int64(row, 0); });
  }
  R text(std::string_view sql, std::string& answer) {
    return each(sql, [&](sqlite3_stmt* row) {
      const auto* characters = reinterpret_cast<const char*>(sqlite3_column_text(row, 0));
      answer = characters ? characters : "";
    });
  }

  R connect(const std::string& file);
  R check_ours(std::size_t steps, std::size_t& version);
  R use_write_ahead_log();
  R migrate(std::span<const std::string_view> steps, std::size_t version);
  R bring_up_to_date(std::span<const std::string_view> steps, std::size_t version);
  R add_missing_columns();
  R replace_view(std::string_view name, const std::string& sql);
  R prepare_all();

  R transaction(const Batch& batch);
  R find_or_add_pack(std::string_view name, std::int64_t& id);
  R store(const Sample& sample);
  R store(const Event& event);
  R store(const LimitSample& limits);
  R store_events_lost(const Batch& batch);
  void roll_back();
  void close();
};

DatabaseResult Database::Implementation::connect(const std::string& file) {
  path = file;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const R result = judge(sqlite3_open_v2(file.c_str(), &connection, flags, nullptr));
  if (result != R::done) return result;
  // SQLite falls back to reading, and would stay there when writing is possible again.
  if (sqlite3_db_readonly(connection, "main") != 0) {
    error = fmt::format("{}: cannot be written (read-only disk, or not this user's file)", path);
    return R::failed;
  }
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyTimeout_ms);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return R::done;
}

/// Nothing has been written yet when this says no.
DatabaseResult Database::Implementation::check_ours(std::size_t steps, std::size_t& version) {
  std::int64_t application = 0, tables = 0, user_version = 0;
  if (const R r = number("PRAGMA application_id", application); r != R::done) return r;
  if (const R r = number("SELECT count(*) FROM sqlite_master", tables); r != R::done) return r;
  if (const R r = number("PRAGMA user_version", user_version); r != R::done) return r;
  if (tables > 0 && application != kHistoryApplication)
    return refuse("is an SQLite file of another program; give [history] path a file of its own");
  if (user_version < 0 || user_version > static_cast<std::int64_t>(steps))
    return refuse(fmt::format(
        "was written by a newer Cellwarden (schema {}, this one knows up to {}); install that "
        "version again, or move the file away to begin a new one",
        user_version, steps));
  version = static_cast<std::size_t>(user_version);
  return R::done;
}

DatabaseResult Database::Implementation::use_write_ahead_log() {
  std::string mode;
  if (const R r = text("PRAGMA journal_mode = WAL", mode); r != R::done) return r;
  if (mode != "wal")
    return refuse("the file system cannot hold a write-ahead log; use a local disk");
  return run(kPragmas);
}

DatabaseResult Database::Implementation::migrate(std::span<const std::string_view> steps,
                                                 std::size_t version) {
  if (const R r = run("BEGIN IMMEDIATE"); r != R::done) return r;
  if (const R r = bring_up_to_date(steps, version); r != R::done) {
    roll_back();
    return r;
  }
  if (const R r = run("COMMIT"); r != R::done) {
    roll_back();
    return r;
  }
  return R::done;
}

DatabaseResult Database::Implementation::bring_up_to_date(std::span<const std::string_view> steps,
                                                          std::size_t version) {
  for (std::size_t i = version; i < steps.size(); ++i)
    if (const R r = run(steps[i]); r != R::done) return r;
  if (version != steps.size()) {
    const auto marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                   kHistoryApplication, steps.size());
    if (const R r = run(marks); r != R::done) return r;
  }
  if (const R r = add_missing_columns(); r != R::done) return r;
  if (const R r = replace_view("samples", samples_view()); r != R::done) return r;
  if (const R r = replace_view("limits", limits_view()); r != R::done) return r;
  return replace_view("events", events_view());
}

DatabaseResult Database::Implementation::add_missing_columns() {
  std::vector<std::string> present;
  const R listed = each("SELECT name FROM pragma_table_info('sample')", [&](sqlite3_stmt* row) {
    present.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(row, 0)));
  });
  if (listed != R::done) return listed;
  for (const Column& column : kColumns) {
    const std::string name = stored_name(column);
    if (std::find(present.begin(), present.end(), name) != present.end()) continue;
    const R added = run(fmt::format("ALTER TABLE sample ADD COLUMN {} INTEGER", name));
    if (added != R::done) return added;
  }
  return R::done;
}

/// Views hold no data; one that reads differently is simply made again.
DatabaseResult Database::Implementation::replace_view(std::string_view name,
                                                      const std::string& sql) {
  std::string present;
  const R found =
      text(fmt::format("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = '{}'", name),
           present);
  if (found != R::done || present == sql) return found;
  if (const R r = run(fmt::format("DROP VIEW IF EXISTS {}", name)); r != R::done) return r;
  return run(sql);
}

DatabaseResult Database::Implementation::prepare_all() {
  const std::pair<Statement*, std::string> all[] = {
      {&insert_pack, "INSERT INTO pack (name) VALUES (?1)"},
      {&find_pack, "SELECT id FROM pack WHERE name = ?1"},
      {&insert_sample, cw::insert_sample()},
      {&insert_limits, cw::insert_limits()},
      {&insert_event,
       "INSERT INTO event (time_ms, monotonic_ms, pack, kind, subject, value_counts, limit_counts,"
       " counts_per_unit, unit, place, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
       " ?11)"}};
  for (const auto& [statement, sql] : all)
    if (const R r = prepare(*statement, sql); r != R::done) return r;
  return R::done;
}

DatabaseResult Database::Implementation::transaction(const Batch& batch) {
  if (const R r = run("BEGIN IMMEDIATE"); r != R::done) return r;
  for (const Sample& sample : batch.samples)
    if (const R r = store(sample); r != R::done) return r;
  for (const LimitSample& limits : batch.limits)
    if (const R r = store(limits); r != R::done) return r;
  for (const Event& event : batch.events)
    if (const R r = store(event); r != R::done) return r;
  if (batch.events_lost > 0)
    if (const R r = store_events_lost(batch); r != R::done) return r;
  return run("COMMIT");
}

DatabaseResult Database::Implementation::find_or_add_pack(std::string_view name, std::int64_t& id) {
  if (const auto known = pack_ids.find(name); known != pack_ids.end()) {
    id = known->second;
    return R::done;
  }
  bind_text(find_pack.get(), 1, name);
  const int code = sqlite3_step(find_pack.get());
  if (code == SQLITE_ROW) id = sqlite3_column_int64(find_pack.get(), 0);
  const R found = judge(code);
  sqlite3_reset(find_pack.get());
  if (found != R::done) return found;
  if (code == SQLITE_DONE) {
    bind_text(insert_pack.get(), 1, name);
    if (const R r = step(insert_pack); r != R::done) return r;
    id = sqlite3_last_insert_rowid(connection);
  }
  pack_ids.emplace(name, id);
  return R::done;
}

DatabaseResult Database::Implementation::store(const Sample& sample) {
  std::int64_t pack = 0;
  if (const R r = find_or_add_pack(sample.pack.view(), pack); r != R::done) return r;
  sqlite3_bind_int64(insert_sample.get(), 2, pack);
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    std::optional<std::int64_t> count;
    if (sample.known[i]) count = sample.counts[i];
    bind_count(insert_sample.get(), static_cast<int>(i) + 3, count);
  }
  for (std::int64_t time_ms = sample.wall_ms;; ++time_ms) {
    sqlite3_bind_int64(insert_sample.get(), 1, time_ms);
    if (const R r = step(insert_sample); r != R::done) return r;
    if (sqlite3_changes(connection) > 0) return R::done;
  }
}

DatabaseResult Database::Implementation::store(const Event& event) {
  std::optional<std::int64_t> pack;
  if (!event.pack.empty()) {
    std::int64_t id = 0;
    if (const R r = find_or_add_pack(event.pack.view(), id); r != R::done) return r;
    pack = id;
  }
  sqlite3_stmt* row = insert_event.get();
  sqlite3_bind_int64(row, 1, event.wall_ms);
  sqlite3_bind_int64(row, 2, event.when.ms);
  bind_count(row, 3, pack);
  bind_text(row, 4, name(event.kind));
  bind_text(row, 5, event.subject.view());
  bind_count(row, 6, event.value);
  bind_count(row, 7, event.limit);
  sqlite3_bind_int64(row, 8, counts_per_unit(event.unit));
  bind_text(row, 9, facts(event.unit).symbol);
  bind_count(row, 10, event.where == 0 ? std::nullopt : std::optional<std::int64_t>(event.where));
  bind_text(row, 11, event.detail.view());
  return step(insert_event);
}

/// While nothing is told there are no limits.
DatabaseResult Database::Implementation::store(const LimitSample& limits) {
  sqlite3_stmt* row = insert_limits.get();
  const bool told = limits.voice != Voice::silent;
  sqlite3_bind_int64(row, 1, limits.wall_ms);
  bind_text(row, 2, name(limits.voice));
  bind_text(row, 3, name(limits.stage));
  int place = 4;
  for (const LimitSample::Row& limit : limits.limits) {
    bind_count(row, place++, told ? std::optional<std::int64_t>(limit.value) : std::nullopt);
    bind_text(row, place++, name(told ? limit.cause : LimitCause::none));
    bind_count(row, place++,
               limit.pack == 0 ? std::nullopt : std::optional<std::int64_t>(limit.pack));
  }
  return step(insert_limits);
}

/// A row of its own kind: the log says itself where it is not complete.
DatabaseResult Database::Implementation::store_events_lost(const Batch& batch) {
  const std::string detail = fmt::format(
      "{} events could not be kept while the history was not writable", batch.events_lost);
  const Event* after = batch.events.empty() ? nullptr : &batch.events.back();
  sqlite3_stmt* row = insert_event.get();
  sqlite3_bind_int64(row, 1, after ? after->wall_ms : batch.wall_ms);
  sqlite3_bind_int64(row, 2, after ? after->when.ms : batch.now.ms);
  sqlite3_bind_null(row, 3);
  bind_text(row, 4, "events_lost");
  bind_text(row, 5, "history");
  sqlite3_bind_int64(row, 6, static_cast<std::int64_t>(batch.events_lost));
  sqlite3_bind_null(row, 7);
  sqlite3_bind_int64(row, 8, 1);
  bind_text(row, 9, "");
  sqlite3_bind_null(row, 10);
  bind_text(row, 11, detail);
  return step(insert_event);
}

/// Ids of packs added by the transaction are gone with it.
void Database::Implementation::roll_back() {
  const std::string cause = error;
  if (sqlite3_get_autocommit(connection) == 0) run("ROLLBACK");
  error = cause;
  pack_ids.clear();
}

void Database::Implementation::close() {
  for (Statement* statement :
       {&insert_pack, &find_pack, &insert_sample, &insert_event, &insert_limits})
    statement->reset();
  pack_ids.clear();
  sqlite3_close(connection);
  connection = nullptr;
}

Database::Database() : implementation_(std::make_unique<Implementation>()) {}
Database::~Database() { close(); }

DatabaseResult Database::open(const std::string& path, std::span<const std::string_view> steps) {
  Implementation& db = *implementation_;
  db.close();
  std::size_t version = 0;
  DatabaseResult result = db.connect(path);
  if (result == DatabaseResult::done) result = db.check_ours(steps.size(), version);
  if (result == DatabaseResult::done) result = db.use_write_ahead_log();
  if (result == DatabaseResult::done) result = db.migrate(steps, version);
  if (result == DatabaseResult::done) result = db.prepare_all();
  if (result == DatabaseResult::unreadable)
    close_untouched();
  else if (result != DatabaseResult::done)
    db.close();
  return result;
}

DatabaseResult Database::commit(const Batch& batch) {
  const DatabaseResult result = implementation_->transaction(batch);
  if (result != DatabaseResult::done) implementation_->roll_back();
  return result;
}

const std::string& Database::error() const { return implementation_->error; }

bool Database::is_open() const { return implementation_->connection != nullptr; }

bool Database::is_in_place() const {
  int moved = 0;
  const int code =
      sqlite3_file_control(implementation_->connection, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code != SQLITE_OK || moved == 0;
}

void Database::close() { implementation_->close(); }

void Database::close_untouched() {
  if (!is_open()) return;
  sqlite3_db_config(implementation_->connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  implementation_->close();
}

}  // namespace cw
