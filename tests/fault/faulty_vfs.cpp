// SPDX-License-Identifier: Apache-2.0
// Every call goes on to the real file, but for the ones that are told to fail.
#include "faulty_vfs.h"

#include <sqlite3.h>

#include <atomic>

namespace cw::storage_test {
namespace {

std::atomic<int> operations{0};
std::atomic<int> first_to_fail{0};
std::atomic<int> failures{0};
std::atomic<DiskFault> kind{DiskFault::input_output};

bool fails() {
  const int n = ++operations;
  return first_to_fail > 0 && n >= first_to_fail && n < first_to_fail + failures;
}
int verdict(int input_output_code) {
  return kind == DiskFault::full ? SQLITE_FULL : input_output_code;
}

struct File {
  sqlite3_file base;
  sqlite3_file* real;  // directly behind this object
};
sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

int on_close(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
int on_read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  return real(f)->pMethods->xRead(real(f), to, size, at);
}
int on_write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  if (fails()) return verdict(SQLITE_IOERR_WRITE);
  return real(f)->pMethods->xWrite(real(f), from, size, at);
}
int on_truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (fails()) return SQLITE_IOERR_TRUNCATE;
  return real(f)->pMethods->xTruncate(real(f), size);
}
int on_sync(sqlite3_file* f, int flags) {
  if (fails()) return SQLITE_IOERR_FSYNC;
  return real(f)->pMethods->xSync(real(f), flags);
}
int on_size(sqlite3_file* f, sqlite3_int64* size) {
  return real(f)->pMethods->xFileSize(real(f), size);
}
int on_lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
int on_unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int on_check(sqlite3_file* f, int* answer) {
  return real(f)->pMethods->xCheckReservedLock(real(f), answer);
}
int on_control(sqlite3_file* f, int op, void* argument) {
  return real(f)->pMethods->xFileControl(real(f), op, argument);
}
int on_sector(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int on_device(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int on_shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** memory) {
  if (extend != 0 && fails()) return SQLITE_IOERR_SHMSIZE;
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, memory);
}
int on_shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void on_shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int on_shm_unmap(sqlite3_file* f, int remove) {
  return real(f)->pMethods->xShmUnmap(real(f), remove);
}

const sqlite3_io_methods kMethods = {
    2,           on_close,       on_read,      on_write,   on_truncate, on_sync,   on_size,
    on_lock,     on_unlock,      on_check,     on_control, on_sector,   on_device, on_shm_map,
    on_shm_lock, on_shm_barrier, on_shm_unmap, nullptr,    nullptr};

sqlite3_vfs* below = nullptr;
sqlite3_vfs layer;

int on_open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* opened) {
  auto* file = reinterpret_cast<File*>(f);
  file->base.pMethods = nullptr;
  file->real = reinterpret_cast<sqlite3_file*>(file + 1);
  if (fails()) return SQLITE_CANTOPEN;
  const int code = below->xOpen(below, name, file->real, flags, opened);
  if (code == SQLITE_OK) file->base.pMethods = &kMethods;
  return code;
}

}  // namespace

void install_faulty_disk() {
  if (below) return;
  below = sqlite3_vfs_find(nullptr);
  layer = *below;
  layer.zName = "faulty";
  layer.szOsFile = static_cast<int>(sizeof(File)) + below->szOsFile;
  layer.xOpen = on_open;
  sqlite3_vfs_register(&layer, 1);
}

void fail_disk_operation(int n, int most, DiskFault fault) {
  first_to_fail = 0;
  operations = 0;
  kind = fault;
  failures = most;
  first_to_fail = n;
}

int disk_operations() { return operations; }
bool disk_has_failed() { return first_to_fail > 0 && operations >= first_to_fail; }

}  // namespace cw::storage_test
