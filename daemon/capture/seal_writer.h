// SPDX-License-Identifier: Apache-2.0
// Writes sealed recordings, on a thread of its own: one at a time, and one may wait. A disk that is
// full is tried again until the next recording comes.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/capture/capture_file.h"

namespace cw {

struct SealedCapture {
  CaptureHeader header;
  std::vector<std::vector<std::uint8_t>> packed;  // of the rings; see unpack()
  std::string name;                               // of the file, in the folder
  bool gapless = true;                            // else the beginning is lost
};

class SealWriter {
 public:
  /// Nothing is touched before the first keep(). `folder` is made if only its last level is
  /// missing.
  SealWriter(std::string folder, std::size_t files_most);
  /// Waits until what was last given is written, or could not be.
  ~SealWriter();
  SealWriter(const SealWriter&) = delete;
  SealWriter& operator=(const SealWriter&) = delete;

  /// Never blocks on the disk. One that still waits is given up for this one.
  void keep(SealedCapture capture);

  /// For people, what happened since the last call: "sealed in FILE"; else why not.
  std::vector<std::string> news();

 private:
  void write_on();
  std::string write(const SealedCapture& capture) const;

  const std::string folder_;
  const std::size_t files_most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<SealedCapture> waiting_;
  std::vector<std::string> news_;
  std::string trouble_;  // told already
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace cw
