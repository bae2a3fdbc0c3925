// SPDX-License-Identifier: Apache-2.0
// A queue of fixed size whose memory is set aside once and used only as far as it ever fills. When
// it is full the oldest entry gives way and is counted. It knows nothing of threads.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace cw {

template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {
    slots_.reserve(capacity_);
  }

  std::size_t size() const { return size_; }
  std::uint64_t dropped() const { return dropped_; }

  /// The new newest entry, to be filled in place; holds what an older entry left there.
  T& push() {
    if (size_ == slots_.size() && size_ < capacity_) grow();
    if (size_ == capacity_) {
      ++dropped_;
      head_ = (head_ + 1) % slots_.size();
      --size_;
    }
    return slots_[(head_ + size_++) % slots_.size()];
  }

  /// Moves the oldest entries to the end of `out`, as many as fit below `most` in all.
  void take(std::vector<T>& out, std::size_t most) {
    while (size_ > 0 && out.size() < most) {
      out.push_back(slots_[head_]);
      head_ = (head_ + 1) % slots_.size();
      --size_;
    }
    if (size_ == 0) head_ = 0;  // the slots that were used already are used again
  }

 private:
  void grow() {
    std::rotate(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(head_), slots_.end());
    head_ = 0;
    slots_.emplace_back();
  }

  std::size_t capacity_;
  std::vector<T> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace cw
