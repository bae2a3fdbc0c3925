// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/rtu_battery.h"

#include <deque>

#include "bridge/inverter/told_request.h"
#include "bridge/modbus/modbus_rtu.h"

namespace cw {
namespace {

constexpr Millis kTurnaround{4};        // 3.5 characters at 9600
constexpr Millis kAnswerWithin{1'000};  // what waited longer was given up by who asked
constexpr Millis kPresentFor{15'000};
constexpr std::uint8_t kBroadcast = 0;

class RtuBattery final : public InverterProtocol {
 public:
  explicit RtuBattery(std::unique_ptr<RtuUnits> units) : units_(std::move(units)) {}

  void tell(const Picture& picture, Instant now) override { units_->tell(picture, now); }

  void receive(std::span<const std::uint8_t> bytes, Instant now) override {
    finder_.feed(bytes, now);
    hear(now);
  }

  std::span<const std::uint8_t> next(Instant now) override {
    hear(now);
    while (!waiting_.empty() && waiting_.front().due <= now) {
      const Waiting asked = std::move(waiting_.front());
      waiting_.pop_front();
      RtuRegisters* const registers = units_->find(asked.request.front());
      if (registers == nullptr || units_->silent(now) || now > asked.due + kAnswerWithin) continue;
      sent_ = answer_rtu(asked.request, *registers, now);
      modbus::seal(sent_);
      finder_.sent(sent_, now);
      ++status_.sent;
      return sent_;
    }
    return {};
  }

  std::optional<Instant> next_due(Instant /*now*/) const override {
    if (!waiting_.empty()) return waiting_.front().due;
    return finder_.next_due();
  }

  void stop(Instant /*now*/) override { units_->stop(); }

  InverterStatus status(Instant now) const override {
    InverterStatus status = status_;
    status.refused += finder_.refused();
    status.present = status.heard && now <= *status.heard + kPresentFor;
    status.complaint = units_->complaint(now);
    if (const BankRequest* const told = units_->told(); told != nullptr && !units_->silent(now))
      status.told = shown(*told);
    return status;
  }

 private:
  struct Waiting {
    std::vector<std::uint8_t> request;
    Instant due;
  };

  void hear(Instant now) {
    while (const auto request = finder_.next(now)) {
      const bool to_all = request->front() == kBroadcast;
      if (!to_all && units_->find(request->front()) == nullptr) {
        ++status_.refused;  // for another on this line
        continue;
      }
      heard(now);
      if (!to_all)
        waiting_.push_back({*request, now + kTurnaround});
      else if (RtuRegisters* const all = units_->everybody();
               all != nullptr && !units_->silent(now))
        (void)answer_rtu(*request, *all, now);
    }
  }

  void heard(Instant now) {
    ++status_.received;
    status_.heard = now;
  }

  std::unique_ptr<RtuUnits> units_;
  modbus::RtuFinder finder_;
  std::deque<Waiting> waiting_;
  std::vector<std::uint8_t> sent_;
  InverterStatus status_;
};

}  // namespace

std::unique_ptr<InverterProtocol> make_rtu_battery(std::unique_ptr<RtuUnits> units) {
  return std::make_unique<RtuBattery>(std::move(units));
}

}  // namespace cw
