// SPDX-License-Identifier: Apache-2.0
// How a row of a protocol's table names the field of the pack that it fills.
#pragma once
#include "core/fields.h"

namespace cw {

inline constexpr std::uint8_t kNoField = 0xFF;

/// Puts a number into its field; one that does not fit makes the field implausible.
using StoreNumber = void (*)(PackScalars&, std::int64_t count, Instant now);
template <auto Member>
constexpr void store_number(PackScalars& scalars, std::int64_t count, Instant now) {
  if (count < INT32_MIN || count > INT32_MAX)
    (scalars.*Member).reject(now);
  else
    (scalars.*Member).set({static_cast<std::int32_t>(count)}, now);
}

}  // namespace cw
