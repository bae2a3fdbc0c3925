// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/can_inverter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bridge/inverter/can_presence.h"
#include "bridge/inverter/told_request.h"

namespace cw {
namespace {

constexpr Millis kGapMost{100};       // from one frame to the next
constexpr Millis kFarewellGap{20};    // an interface's queue holds ten frames
constexpr Millis kInputMost{30'000};  // who tells us hangs: silence is what the inverter needs
constexpr std::string_view kBatteryName = "Cellwarden";
constexpr std::size_t kNeverMissing = SIZE_MAX;

template <std::size_t N>
Text<N> beginning(std::string_view text, std::size_t most) {
  Text<N> out;
  (void)out.assign(text.substr(0, most));
  return out;
}

class CanInverter final : public InverterProtocol {
 public:
  CanInverter(const CanProfile& profile, const InverterOptions& options);

  void tell(const Picture& picture, Instant now) override;
  void receive(std::span<const std::uint8_t> bytes, Instant now) override;
  std::span<const std::uint8_t> next(Instant now) override;
  std::optional<Instant> next_due(Instant) const override {
    return speaking_ ? std::optional{due_} : std::nullopt;
  }
  void stop(Instant now) override;
  InverterStatus status(Instant now) const override;

 private:
  struct Last {
    CanFrame frame;
    bool sent = false;
  };

  void begin_set(Instant now);
  void fall_silent();
  void advance(Instant now);
  std::string refused_limits() const;

  const CanProfile& profile_;
  const InverterOptions options_;
  const Millis period_;
  Millis gap_;
  BankRequest request_;  // as it came
  CanValues values_;
  std::optional<Instant> told_;
  bool speaking_ = false;
  bool stopped_ = false;
  std::size_t index_ = 0;  // of the frame that is next
  Instant set_begun_{};
  Instant due_{};
  CanRecord record_{};
  std::vector<Last> last_;  // by frame
  std::size_t missing_frame_ = kNeverMissing;
  std::string_view missing_;
  CanPresence presence_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t refused_ = 0;
};

CanInverter::CanInverter(const CanProfile& profile, const InverterOptions& options)
    : profile_(profile),
      options_(options),
      period_(std::max(options.period, profile.least_period)),
      gap_(std::min(kGapMost, Millis{period_.count / static_cast<int>(profile.frames.size())})),
      last_(profile.frames.size()) {
  values_.manufacturer =
      beginning<16>(options.manufacturer.empty() ? profile.manufacturer : options.manufacturer, 8);
  values_.battery_name =
      beginning<16>(options.battery_name.empty() ? kBatteryName : options.battery_name, 16);
}

void CanInverter::tell(const Picture& picture, Instant now) {
  if (stopped_ || picture.request == nullptr) return;
  request_ = *picture.request;
  told_ = now;
  if (request_.voice == Voice::silent) return fall_silent();
  values_.request = told_request(request_, options_);
  values_.raised = raised(request_);
  values_.wall_ms = picture.wall_ms;
  if (!picture.packs.empty()) values_.serial = picture.packs.front().pack.identity.serial;
  if (speaking_) return;
  speaking_ = true;
  presence_.expect_from(now);
  begin_set(now);
}

void CanInverter::begin_set(Instant now) {
  index_ = 0;
  set_begun_ = now;
  due_ = now;
}

void CanInverter::fall_silent() {
  speaking_ = false;
  presence_.expect_nothing();
}

void CanInverter::receive(std::span<const std::uint8_t> bytes, Instant now) {
  const auto frame = bytes.size() == kCanRecordSize ? from_record(bytes) : std::nullopt;
  if (!frame) {
    ++refused_;
    return;
  }
  if (frame->remote || frame->error) return;
  if (presence_.receive(*frame, now)) {
    ++received_;
    const bool asks = profile_.asks != 0 && !frame->extended && frame->id == profile_.asks;
    // Between two sets: the next begins now, but never sooner than the period may be.
    if (asks && speaking_ && !stopped_ && index_ == 0 &&
        now + period_ >= set_begun_ + profile_.least_period)
      begin_set(now);
    return;
  }
  for (std::size_t i = 0; !frame->extended && i < last_.size(); ++i)
    if (profile_.frames[i].id == frame->id && !(last_[i].sent && last_[i].frame == *frame))
      presence_.other_sender(frame->id, now);  // an echo would be what we sent
}

std::span<const std::uint8_t> CanInverter::next(Instant now) {
  if (speaking_ && !stopped_ && now > *told_ + kInputMost) fall_silent();
  for (std::size_t i = 0; speaking_ && now >= due_ && i < profile_.frames.size(); ++i) {
    const std::size_t at = index_;
    std::string_view missing;
    const auto frame =
        encode(profile_, profile_.frames[at], values_, options_.tenth_volt, &missing);
    advance(now);
    if (frame) {
      if (missing_frame_ == at) missing_frame_ = kNeverMissing;
      last_[at] = {*frame, true};
      record_ = to_record(*frame);
      ++sent_;
      return record_;
    }
    missing_frame_ = at;
    missing_ = missing;
    if (index_ != 0) due_ = std::min(due_, now);  // its time is the next one's
  }
  return {};
}

// Late frames go out one after the other and shift the rest; what was missed is not made up for.
void CanInverter::advance(Instant now) {
  if (++index_ < profile_.frames.size()) {
    due_ = std::max(due_ + gap_, now);
    return;
  }
  begin_set(std::max(set_begun_ + period_, now));
  if (stopped_) fall_silent();  // the farewell is said
}

void CanInverter::stop(Instant now) {
  if (stopped_) return;
  stopped_ = true;
  if (!speaking_) return;
  values_.request = farewell_request(request_, options_);
  gap_ = std::min(gap_, kFarewellGap);
  begin_set(now);
}

std::string CanInverter::refused_limits() const {
  for (const CanRange& range : profile_.accepted) {
    const auto value = facts(range.number).get(values_);
    if (!value || (range.least <= *value && *value <= range.most)) continue;
    return fmt::format("{} of {} mV is outside {} to {} mV: the inverter does not take it",
                       facts(range.number).name, *value, range.least, range.most);
  }
  return {};
}

InverterStatus CanInverter::status(Instant now) const {
  InverterStatus status;
  status.present = presence_.present(now);
  status.heard = presence_.heard();
  status.sent = sent_;
  status.received = received_;
  status.refused = refused_;
  status.complaint = presence_.complaint(now);
  const auto add = [&](const std::string& part) {
    if (!part.empty()) status.complaint += (status.complaint.empty() ? "" : "; ") + part;
  };
  if (speaking_) status.told = shown(values_.request);
  if (speaking_) add(refused_limits());
  if (speaking_ && missing_frame_ != kNeverMissing)
    add(fmt::format("0x{:03X} is left out: not known: {}", profile_.frames[missing_frame_].id,
                    missing_));
  if (told_ && !stopped_ && now > *told_ + kInputMost) add("nothing new to tell for 30 s: silent");
  return status;
}

template <std::size_t I>
std::unique_ptr<InverterProtocol> make(const InverterOptions& options) {
  return make_can_inverter(can_profiles()[I], options);
}

template <std::size_t... I>
void add_all(std::vector<InverterProtocolSpec>& list, std::index_sequence<I...>) {
  (list.push_back({can_profiles()[I].name, can_profiles()[I].title, Bus::can, 500'000, &make<I>,
                   options_of(can_profiles()[I]),
                   accepted(can_profiles()[I], CanNumber::charge_voltage),
                   accepted(can_profiles()[I], CanNumber::discharge_voltage)}),
   ...);
}

}  // namespace

std::unique_ptr<InverterProtocol> make_can_inverter(const CanProfile& profile,
                                                    const InverterOptions& options) {
  return std::make_unique<CanInverter>(profile, options);
}

void add_can_protocols(std::vector<InverterProtocolSpec>& list) {
  add_all(list, std::make_index_sequence<kCanProfileCount>());
}

}  // namespace cw
