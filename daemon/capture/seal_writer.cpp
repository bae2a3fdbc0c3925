// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/seal_writer.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "daemon/capture/capture_hub.h"
#include "daemon/state_file.h"

namespace cw {
namespace {

constexpr std::chrono::seconds kRetryEvery{3};
constexpr std::string_view kExtension = ".capture";

std::string text_of(const SealedCapture& capture) {
  std::string text = write_capture_header(capture.header);
  const auto records = unpack(capture.packed);
  if (!capture.gapless && !records.empty()) {
    PackedRecord lost = records.front();
    lost.wire = 0;
    lost.kind = CaptureKind::lost;
    constexpr std::string_view kWhy = "what was before is not in this file";
    lost.payload = {reinterpret_cast<const std::uint8_t*>(kWhy.data()), kWhy.size()};
    write_packed(text, capture.header, lost);
  }
  for (const PackedRecord& record : records) write_packed(text, capture.header, record);
  return text;
}

/// The names begin with their time: the first are the oldest.
void remove_oldest(const std::string& folder, std::size_t most) {
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == kExtension) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i + most < files.size(); ++i) ::unlink(files[i].c_str());
}

}  // namespace

SealWriter::SealWriter(std::string folder, std::size_t files_most)
    : folder_(std::move(folder)), files_most_(files_most) {}

SealWriter::~SealWriter() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SealWriter::keep(SealedCapture capture) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_)
      news_.push_back(fmt::format("{} is given up: the disk did not take it", waiting_->name));
    waiting_ = std::move(capture);
    if (!thread_.joinable()) thread_ = std::thread([this] { write_on(); });
  }
  changed_.notify_one();
}

std::vector<std::string> SealWriter::news() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

std::string SealWriter::write(const SealedCapture& capture) const {
  (void)::mkdir(folder_.c_str(), 0750);  // if it cannot be made, writing says so
  std::string fault = write_state_file(folder_ + "/" + capture.name, text_of(capture));
  if (fault.empty()) remove_oldest(folder_, files_most_);
  return fault;
}

void SealWriter::write_on() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return waiting_ || ends_; });
    if (!waiting_) return;
    SealedCapture capture = std::move(*waiting_);
    waiting_.reset();
    lock.unlock();
    std::string fault = write(capture);
    lock.lock();
    if (fault.empty()) {
      trouble_.clear();
      news_.push_back(fmt::format("sealed in {}/{}", folder_, capture.name));
      continue;
    }
    if (fault != trouble_) news_.push_back(fmt::format("not sealed: {}; trying again", fault));
    trouble_ = fault;
    if (ends_) return;
    if (!waiting_) waiting_ = std::move(capture);
    changed_.wait_for(lock, kRetryEvery, [this] { return ends_; });
  }
}

}  // namespace cw
