// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/site_rtu.h"

#include <algorithm>

#include "bridge/inverter/rtu_battery.h"
#include "bridge/modbus/modbus_units.h"

namespace cw {
namespace {

constexpr Millis kSilentAfter{30'000};  // nobody told us anything for so long

/// On one line there are no ports: every map is where the common port has it.
ModbusOptions on_one_line(ModbusOptions options) {
  options.sunspec.port.reset();
  options.victron.port.reset();
  return options;
}

/// What is old shows as absent in the maps themselves, so they are answered as long as anybody
/// tells us anything.
class SiteUnits final : public RtuUnits, private RtuRegisters {
 public:
  explicit SiteUnits(const InverterOptions& options) : units_(on_one_line(options.modbus)) {}

  void tell(const Picture& picture, Instant now) override {
    changed_.resize(picture.packs.size());
    for (std::size_t i = 0; i < changed_.size(); ++i) changed_[i] = i;
    units_.publish(picture, changed_);
    told_ = now;
  }
  // Like the server, which is gone with the program.
  void stop() override { stopped_ = true; }
  const BankRequest* told() const override {
    return units_.site().request ? &*units_.site().request : nullptr;
  }
  bool silent(Instant now) const override {
    return stopped_ || !units_.published() || now > told_ + kSilentAfter;
  }

  RtuRegisters* find(std::uint8_t number) override {
    unit_ = units_.find(ModbusPort::native, number);
    return unit_ == nullptr ? nullptr : this;
  }

 private:
  std::size_t readable(std::uint16_t address) const override {
    return unit_->map().readable(address);
  }

  bool read(std::uint16_t address, std::span<std::uint16_t> values, Instant now) override {
    const auto image = unit_->image(units_.site(), now);
    std::ranges::copy(image.subspan(address - unit_->map().first(), values.size()), values.begin());
    return true;
  }

  ModbusUnits units_;
  ServedUnit* unit_ = nullptr;  // the one that was found
  std::vector<std::size_t> changed_;
  Instant told_{};
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<InverterProtocol> make_site_rtu(const InverterOptions& options) {
  return make_rtu_battery(std::make_unique<SiteUnits>(options));
}

}  // namespace cw
