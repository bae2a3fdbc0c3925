// SPDX-License-Identifier: Apache-2.0
// A limit as a function of a measurement: a few points, straight lines between them, flat outside.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "core/assert.h"

namespace cw {

/// `x` in the unit of what is measured; `permille` of the full limit, 0 to 1000.
struct CurvePoint {
  std::int32_t x = 0;
  std::int32_t permille = 0;
  friend constexpr bool operator==(const CurvePoint&, const CurvePoint&) = default;
};

inline constexpr std::size_t kCurvePointsMost = 10;

class Curve {
 public:
  constexpr Curve() = default;  // no point: no limit
  constexpr Curve(std::initializer_list<CurvePoint> points) {
    for (const CurvePoint& point : points) CW_ASSERT(add(point));
  }

  /// False, and nothing changes: no room, not right of the last point, or not within 0 to 1000.
  constexpr bool add(CurvePoint point) {
    if (size_ == kCurvePointsMost || point.permille < 0 || point.permille > 1000) return false;
    if (size_ > 0 && point.x <= points_[size_ - 1].x) return false;
    points_[size_++] = point;
    return true;
  }

  constexpr std::span<const CurvePoint> points() const { return {points_.data(), size_}; }

  /// Rounded down: a limit never gets larger by arithmetic. Without points 1000.
  constexpr std::int32_t permille(std::int32_t x) const {
    if (size_ == 0) return 1000;
    if (x <= points_[0].x) return points_[0].permille;
    for (std::size_t i = 1; i < size_; ++i) {
      const CurvePoint& left = points_[i - 1];
      const CurvePoint& right = points_[i];
      if (x > right.x) continue;
      const auto whole = std::int64_t{right.x} - left.x;
      const auto sum = std::int64_t{left.permille} * (std::int64_t{right.x} - x) +
                       std::int64_t{right.permille} * (std::int64_t{x} - left.x);
      return static_cast<std::int32_t>(sum / whole);
    }
    return points_[size_ - 1].permille;
  }

  friend constexpr bool operator==(const Curve& a, const Curve& b) {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i)
      if (a.points_[i] != b.points_[i]) return false;
    return true;
  }

 private:
  std::array<CurvePoint, kCurvePointsMost> points_{};
  std::size_t size_ = 0;
};

}  // namespace cw
