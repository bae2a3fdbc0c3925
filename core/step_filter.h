// SPDX-License-Identifier: Apache-2.0
// Leaves out single readings that passed every checksum and still cannot be true: a value that
// jumps further than it can between two frames counts only if the next frame says so too. What is
// left out keeps the last value with its own age, unless that happens again and again: then nobody
// knows which value is true, and there is none. Currents may jump: they are not looked at.
#pragma once
#include "core/pack.h"

namespace cw {

/// How far a value may move between two frames. Ours: a cell of 1 mOhm at 200 A moves 200 mV, a
/// sensor in a fire some degrees a second.
struct LargestStep {
  static constexpr Millivolts kCell{400};
  static constexpr DeciCelsius kTemperature{100};
  static constexpr DeciCelsius kMosfet{300};
  static constexpr CentiPercent kSoc{500};
};

class StepFilter {
 public:
  /// Older values are no longer compared with: anything may have happened.
  static constexpr Millis kCompared{10'000};

  /// So many of the last eight frames left out, and the reading is not known: one that alternates
  /// between two values is caught with its eighth frame, one in four that is wrong never.
  static constexpr int kDoubtsMost = 3;

  /// Call once after a frame of `now` was applied and judged, before anything is derived. Returns
  /// how many readings were left out.
  unsigned filter(Pack& pack, Instant now);

  /// How many readings were left out since the start and not confirmed by the next one.
  std::uint32_t refused() const { return refused_; }

 private:
  template <class Q>
  struct Past {
    Reading<Q> accepted;
    Reading<Q> doubted;       // said by the last frame, and not believed
    std::uint8_t doubts = 0;  // bit n: doubted n frames ago
  };
  template <class Q>
  unsigned look(Reading<Q>& reading, Past<Q>& past, std::int32_t largest, Instant now);

  std::array<Past<Millivolts>, kMaxCells> cells_;
  std::array<Past<DeciCelsius>, kMaxTemperatures> temperatures_;
  Past<DeciCelsius> mosfet_;
  Past<Millivolts> voltage_;
  Past<CentiPercent> soc_;
  std::uint32_t refused_ = 0;
};

}  // namespace cw
