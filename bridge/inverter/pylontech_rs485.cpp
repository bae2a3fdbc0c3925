// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/pylontech_rs485.h"

#include <algorithm>
#include <deque>

#include "bridge/inverter/pylontech_answers.h"
#include "bridge/inverter/told_request.h"

namespace cw {
namespace {

using pylontech::Parsed;
using pylontech::Return;

constexpr Millis kTurnaround{2};        // the inverter's adapter lets go of the line
constexpr Millis kAnswerWithin{1'000};  // what waited longer was given up by who asked
constexpr Millis kPresentFor{15'000};
constexpr Millis kComplainFor{60'000};
constexpr std::size_t kWaitingMost = 8;

class PylontechRs485 final : public InverterProtocol {
 public:
  explicit PylontechRs485(const InverterOptions& options) : options_(options), told_(options) {
    if (options_.addresses.empty()) options_.addresses = {pylontech::kUsualAddress};
  }

  void tell(const Picture& picture, Instant now) override { told_.take(picture, now); }

  void receive(std::span<const std::uint8_t> bytes, Instant now) override {
    for (const std::uint8_t byte : bytes)
      if (const auto text = finder_.push(byte)) hear(pylontech::parse(*text), now);
  }

  std::span<const std::uint8_t> next(Instant now) override {
    while (!waiting_.empty() && waiting_.front().due <= now) {
      const Waiting asked = std::move(waiting_.front());
      waiting_.pop_front();
      if (told_.silent(now) || now > asked.due + kAnswerWithin) continue;
      const std::string line = pylontech::build(answer(asked.request, now));
      sent_.assign(line.begin(), line.end());
      ++status_.sent;
      return sent_;
    }
    return {};
  }

  std::optional<Instant> next_due(Instant /*now*/) const override {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.front().due;
  }

  void stop(Instant /*now*/) override { told_.end(); }

  InverterStatus status(Instant now) const override {
    InverterStatus status = status_;
    status.refused += finder_.overlong();
    if (!told_.silent(now)) status.told = shown(told_.request());
    status.present = status.heard && now <= *status.heard + kPresentFor;
    if (!complaint_.empty() && now <= complained_ + kComplainFor) status.complaint = complaint_;
    return status;
  }

 private:
  struct Waiting {
    Parsed request;
    Instant due;
  };

  // Another battery may share the line: only what is for us is answered, even if it is wrong.
  void hear(Parsed&& request, Instant now) {
    const bool ours =
        request.addressed && std::ranges::count(options_.addresses, request.frame.address) != 0;
    const bool whole = request.fault == Return::normal;
    if (whole && request.frame.kind == pylontech::kBatteryData &&
        pylontech::is_return_code(request.frame.command))
      return;  // an answer: of another battery, or our own echo
    if (!ours || (whole && request.frame.kind != pylontech::kBatteryData)) {
      ++status_.refused;
      return;
    }
    ++(whole ? status_.received : status_.refused);
    if (whole) status_.heard = now;
    if (waiting_.size() == kWaitingMost) waiting_.pop_front();
    waiting_.push_back({std::move(request), now + kTurnaround});
  }

  pylontech::Frame answer(const Parsed& asked, Instant now) {
    pylontech::Frame out;
    out.address = options_.answer_as != 0 ? options_.answer_as : asked.frame.address;
    out.command = static_cast<std::uint8_t>(asked.fault);
    if (asked.fault != Return::normal) return out;
    pylontech::Answer found = pylontech::answer(asked.frame, told_, options_);
    out.command = static_cast<std::uint8_t>(found.result);
    out.information = std::move(found.information);
    if (!found.complaint.empty()) {
      complaint_ = found.complaint;
      complained_ = now;
    }
    return out;
  }

  InverterOptions options_;
  Told told_;
  pylontech::TextFinder finder_;
  std::deque<Waiting> waiting_;  // the newest, in order
  std::vector<std::uint8_t> sent_;
  InverterStatus status_;
  std::string_view complaint_;  // static
  Instant complained_{};
};

}  // namespace

std::unique_ptr<InverterProtocol> make_pylontech_rs485(const InverterOptions& options) {
  return std::make_unique<PylontechRs485>(options);
}

}  // namespace cw
