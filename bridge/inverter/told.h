// SPDX-License-Identifier: Apache-2.0
// What an inverter that asks is told: copied out of pictures, so that it can be answered at any
// later time. Knows when to speak at all, and what is left to say once no pack is heard or the
// gateway ends (inverter-rs485.md, section 5).
#pragma once
#include <array>
#include <optional>
#include <vector>

#include "bridge/inverter/inverter_protocol.h"

namespace cw {

/// One pack, with the values last known.
struct ToldPack {
  bool fresh = false;  // heard lately enough to be believed
  Text<24> serial;
  std::optional<Millivolts> voltage;
  std::optional<Milliamps> current;
  std::optional<MilliampHours> capacity;
  std::optional<MilliampHours> remaining;
  std::optional<Count> cycles;
  std::optional<CentiPercent> soh;
  std::optional<DeciCelsius> mosfet_temperature;
  std::array<Millivolts, kMaxCells> cells{};
  std::size_t cell_count = 0;  // 0 if any of them is not known
  std::array<DeciCelsius, kMaxTemperatures> temperatures{};
  std::size_t temperature_count = 0;
  AlarmSet alarms;
  bool charge_mosfet = false;
  bool discharge_mosfet = false;
  bool heater = false;
  ParameterSet policy;
};

class Told {
 public:
  /// Nobody told us anything for so long: whoever should is not well, and we say nothing more.
  static constexpr Millis kSilentAfter{30'000};

  explicit Told(const InverterOptions& options) : options_(options) {}

  /// `picture.request` is there.
  void take(const Picture& picture, Instant now);
  /// From now on currents are zero and nothing is enabled, whatever is taken.
  void end();

  /// True if nothing may be said at `now`.
  bool silent(Instant now) const {
    return request_.voice == Voice::silent || now > taken_ + kSilentAfter;
  }
  /// Zeros are told: no pack is heard, or this is the farewell.
  bool resting() const { return ended_ || request_.voice != Voice::speaking; }
  bool ended() const { return ended_; }

  /// With zero currents and without flags while resting(); its state of charge within the bounds
  /// of the options.
  const BankRequest& request() const { return request_; }

  /// Batteries the inverter is told of: the packs, or with the option one that stands for all.
  std::size_t packs() const { return options_.one_battery ? 1 : packs_.size(); }
  /// Nothing: it is not heard while others are, or never was. While none is, all are as last known.
  const ToldPack* pack(std::size_t index) const;
  /// How many pack() has.
  std::size_t packs_known() const;

  /// The packs themselves, whatever the inverter takes them for.
  std::size_t members() const { return packs_.size(); }
  const ToldPack* member(std::size_t index) const;  // nothing: as pack()

 private:
  InverterOptions options_;
  BankRequest request_;
  std::vector<ToldPack> packs_;
  std::optional<ToldPack> one_;  // with the option: all of them, if any can be told
  bool any_fresh_ = false;
  bool ended_ = false;
  Instant taken_{};
};

/// The strictest setting of the packs: the lowest or the highest; none if none has one.
enum class Strictest : std::uint8_t { lowest, highest };
std::optional<std::int32_t> strictest(const Told& told, Parameter parameter, Strictest which);

}  // namespace cw
