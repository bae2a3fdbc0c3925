// SPDX-License-Identifier: Apache-2.0
// Short text without a heap: names, models, serial numbers.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cw {

/// At most N characters. What does not fit is refused, never cut.
template <std::size_t N>
class Text {
 public:
  constexpr Text() = default;

  /// False, and the old text stays, if `text` is longer than N.
  constexpr bool assign(std::string_view text) {
    if (text.size() > N) return false;
    size_ = static_cast<std::uint8_t>(text.size());
    std::copy(text.begin(), text.end(), characters_);
    return true;
  }
  constexpr std::string_view view() const { return {characters_, size_}; }
  constexpr bool empty() const { return size_ == 0; }
  friend constexpr bool operator==(const Text& a, const Text& b) { return a.view() == b.view(); }

 private:
  static_assert(N < 256);
  char characters_[N]{};
  std::uint8_t size_ = 0;
};

}  // namespace cw
