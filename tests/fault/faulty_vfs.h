// SPDX-License-Identifier: Apache-2.0
// A layer below SQLite that makes the n-th operation on a file fail, as a bad card or a full disk
// would. Registered as the default, so the code under test does not know.
#pragma once

namespace cw::storage_test {

enum class DiskFault { input_output, full };

/// Puts the layer in place; once a process.
void install_faulty_disk();

/// From now on the n-th write, sync, truncate, open or shared-memory growth fails, and `most - 1`
/// operations after it; then the disk is well again.
void fail_disk_operation(int n, int most, DiskFault fault);

/// Operations since the last fail_disk_operation().
int disk_operations();

/// Whether the fault has struck.
bool disk_has_failed();

}  // namespace cw::storage_test
