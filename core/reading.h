// SPDX-License-Identifier: Apache-2.0
// A value with the time it was heard. Nothing is ever "healthy by default": a reading that was
// never heard is absent, and one that is old is not fresh. The only way to the value is fresh().
#pragma once
#include <optional>

#include "core/units.h"

namespace cw {

enum class Quality : std::uint8_t { absent, good, implausible };

template <class T>
class Reading {
 public:
  using Value = T;

  constexpr void set(T value, Instant now) {
    value_ = value;
    heard_ = now;
    quality_ = Quality::good;
  }
  /// The device answered, and what it said cannot be true: no value until the next good one.
  constexpr void reject(Instant now) {
    heard_ = now;
    quality_ = Quality::implausible;
  }
  constexpr void clear() { quality_ = Quality::absent; }

  constexpr Quality quality() const { return quality_; }
  constexpr Instant heard() const { return heard_; }

  /// The value, if it is good and was heard at most `max_age` before `now`.
  constexpr std::optional<T> fresh(Instant now, Millis max_age) const {
    if (quality_ != Quality::good || now > heard_ + max_age) return std::nullopt;
    return value_;
  }

 private:
  T value_{};
  Quality quality_ = Quality::absent;
  Instant heard_{};
};

}  // namespace cw
