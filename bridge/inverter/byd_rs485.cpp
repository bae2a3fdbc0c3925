// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/byd_rs485.h"

#include <algorithm>
#include <array>

#include "bridge/inverter/byd_registers.h"
#include "bridge/inverter/rtu_battery.h"

namespace cw {
namespace {

using byd::State;
using modbus::Exception;

constexpr std::uint8_t kUnit = 21;  // 0x15; decimal 15 in readmes is a mistake
constexpr Millis kHeartbeatWithin{300'000};

// Orders of the inverter.
constexpr std::uint16_t kOrders = 400;
constexpr std::uint16_t kHeartbeat = 401;
constexpr std::size_t kOrderCount = 9;
constexpr std::uint16_t kStop = 1;
constexpr std::uint16_t kStart = 2;

// Read now and then by a GEN24; a real box answers zeros.
constexpr std::uint16_t kZeros = 1000;
constexpr std::size_t kZeroCount = 100;

class BydRegisters final : public RtuMap {
 public:
  explicit BydRegisters(const InverterOptions& options)
      : RtuMap(options, kUnit), options_(options), told_(options) {}

  void tell(const Picture& picture, Instant now) override { told_.take(picture, now); }
  void stop() override { told_.end(); }
  const BankRequest* told() const override { return &told_.request(); }
  bool silent(Instant now) const override { return told_.silent(now) || too_low(); }
  bool takes_writes() const override { return true; }

  std::size_t readable(std::uint16_t address) const override {
    if (const std::size_t left = left_of(address, kOrders, kOrderCount)) return left;
    if (const std::size_t left = left_of(address, kZeros, kZeroCount)) return left;
    return byd::readable(address);
  }

  bool read(std::uint16_t address, std::span<std::uint16_t> values, Instant now) override {
    if (left_of(address, kZeros, kZeroCount) != 0) {
      std::ranges::fill(values, std::uint16_t{0});
      return true;
    }
    if (left_of(address, kOrders, kOrderCount) != 0) {
      std::copy_n(orders_.begin() + (address - kOrders), values.size(), values.begin());
      return true;
    }
    return byd::read(told_, options_, state(now), address, values);
  }

  Exception write(std::uint16_t address, std::span<const std::uint16_t> values,
                  Instant now) override {
    if (left_of(address, kOrders, kOrderCount) < values.size()) return Exception::illegal_address;
    if (address == kOrders && values[0] != kStop && values[0] != kStart)
      return Exception::illegal_value;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto at = static_cast<std::uint16_t>(address + i);
      std::uint16_t& order = orders_[at - kOrders];
      if (at == kHeartbeat && order != values[i]) beat_ = now;
      order = values[i];
    }
    if (address == kOrders) {
      started_ = values[0] == kStart;
      asked_ = true;
      beat_ = now;
    }
    return Exception::none;
  }

  std::string_view complaint(Instant now) const override {
    if (too_low()) return "this protocol is for banks of 160 V and more: nothing is answered";
    if (started_ && now > beat_ + kHeartbeatWithin)
      return "the inverter's heartbeat stands still: the battery is on standby";
    if (byd::too_large(told_)) return "this protocol tells no more than 65.5 kWh";
    return {};
  }

 private:
  static std::size_t left_of(std::uint16_t address, std::uint16_t first, std::size_t count) {
    return address < first || address >= first + count ? 0 : first + count - address;
  }

  // Of a bank whose voltage is not known nothing is said either.
  bool too_low() const {
    return told_.request().voice != Voice::silent && byd::highest_voltage(told_) < kBydVoltageLeast;
  }

  // Never active before the bank is there: inverters that find the bus dead stop with a fault.
  State state(Instant now) const {
    const BankRequest& request = told_.request();
    if (request.voice != Voice::speaking) return State::fault;
    if (request.alarms.any() && !request.charge_enabled && !request.discharge_enabled)
      return State::fault;
    if (told_.ended() || request.packs_online == 0) return State::standby;
    if (!started_) return asked_ ? State::standby : State::inactive;
    return now > beat_ + kHeartbeatWithin ? State::standby : State::active;
  }

  InverterOptions options_;
  Told told_;
  // As a GEN24 finds them before it ever wrote.
  std::array<std::uint16_t, kOrderCount> orders_{kStop, 0xFF00, 60, 0, 0, 0, 0, 0, 1};
  bool asked_ = false;    // it ever wrote an order
  bool started_ = false;  // and the last one was to start
  Instant beat_{};        // when its heartbeat last moved
};

}  // namespace

std::unique_ptr<InverterProtocol> make_byd_rs485(const InverterOptions& options) {
  return make_rtu_battery(std::make_unique<BydRegisters>(options));
}

}  // namespace cw
