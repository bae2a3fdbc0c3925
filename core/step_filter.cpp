// SPDX-License-Identifier: Apache-2.0
#include "core/step_filter.h"

#include "core/bits.h"

namespace cw {
namespace {

template <class Q>
bool is_near(const Reading<Q>& a, const Reading<Q>& b, std::int32_t largest) {
  const auto one = a.fresh(a.heard(), {0});
  const auto other = b.fresh(b.heard(), {0});
  if (!one || !other) return false;
  const std::int64_t apart = std::int64_t{one->count} - other->count;
  return apart <= largest && apart >= -largest;
}

}  // namespace

template <class Q>
unsigned StepFilter::look(Reading<Q>& reading, Past<Q>& past, std::int32_t largest, Instant now) {
  if (reading.quality() != Quality::good || reading.heard() != now) return 0;
  const bool comparable = past.accepted.fresh(now, kCompared).has_value();
  const bool was_doubted = past.doubted.quality() != Quality::absent;
  const bool confirmed = is_near(reading, past.doubted, largest);
  if (was_doubted && !confirmed) ++refused_;  // it was nothing
  const bool believed = !comparable || confirmed || is_near(reading, past.accepted, largest);
  past.doubts = static_cast<std::uint8_t>(past.doubts << 1 | (believed ? 0 : 1));
  if (believed) {
    past.accepted = reading;
    past.doubted.clear();
  } else {
    past.doubted = reading;
    reading = past.accepted;
  }
  if (count_ones(past.doubts) > kDoubtsMost) reading.reject(now);
  return believed ? 0 : 1;
}

unsigned StepFilter::filter(Pack& pack, Instant now) {
  unsigned left_out = 0;
  for (std::size_t i = 0; i < kMaxCells; ++i)
    left_out += look(pack.cell_voltage[i], cells_[i], LargestStep::kCell.count, now);
  for (std::size_t i = 0; i < kMaxTemperatures; ++i)
    left_out += look(pack.temperature[i], temperatures_[i], LargestStep::kTemperature.count, now);
  PackScalars& s = pack.scalars;
  const auto cells = s.cell_count.fresh(now, kCompared);
  const std::int32_t pack_mV = LargestStep::kCell.count * (cells ? cells->count : 1);
  left_out += look(s.mosfet_temperature, mosfet_, LargestStep::kMosfet.count, now);
  left_out += look(s.voltage, voltage_, pack_mV, now);
  left_out += look(s.soc, soc_, LargestStep::kSoc.count, now);
  return left_out;
}

}  // namespace cw
