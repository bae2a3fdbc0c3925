// SPDX-License-Identifier: Apache-2.0
// How long each step of a Bluetooth link may take, and when to try again.
#pragma once
#include <cstdint>
#include <limits>

#include "core/units.h"

namespace cw::ble_times {

inline constexpr Millis kConnectMost{30'000};
inline constexpr Millis kConnectLeast{8'000};  // then it makes room for another that waits
inline constexpr Millis kResolveMost{15'000};
inline constexpr Millis kEmptyMost{2'000};  // from "services are read" to the services themselves
inline constexpr Millis kPairMost{30'000};
inline constexpr Millis kSubscribeMost{10'000};
inline constexpr Millis kLeaveMost{5'000};
inline constexpr Millis kSilenceMost{15'000};
inline constexpr Millis kPauseInData{5'000};
inline constexpr Millis kGoodLink{60'000};
inline constexpr Millis kBackoffMost{30'000};
inline constexpr Millis kAgain{500};
inline constexpr Millis kNoRoomPause{30'000};
inline constexpr Millis kMustPairPause{30'000};

inline constexpr Millis kScan{10'000};
inline constexpr Millis kScanPause{3'000};
inline constexpr Millis kScanPauseWithLinks{20'000};  // a scan costs the established links air time
inline constexpr Millis kScanStopMost{3'000};
inline constexpr Millis kSearchedLeast{8'000};

inline constexpr std::uint32_t kUnresolvedMost = 2;
inline constexpr std::uint32_t kEarlyDropsMost = 3;

inline constexpr std::uint32_t kFruitlessLeast = 6;
inline constexpr Millis kFruitlessTime{60'000};
inline constexpr Millis kBetweenCycles{600'000};
inline constexpr Millis kPowerMost{5'000};
inline constexpr Millis kPowerPause{2'000};

inline constexpr Instant kNever{std::numeric_limits<std::int64_t>::max() / 1'000'000};

}  // namespace cw::ble_times
