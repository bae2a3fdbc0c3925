// SPDX-License-Identifier: Apache-2.0
// The documents MQTT carries, as functions of the state and the time. No I/O, no clock; strings
// keep their capacity, so a steady state allocates nothing. Every document carries every key of
// its topic each time; what is not fresh is null.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>

#include "bridge/explain.h"
#include "bridge/mqtt/mqtt_topics.h"
#include "core/event.h"
#include "core/picture.h"

namespace cw {

/// An instant and the Unix time of it.
struct Moment {
  Instant now{};
  std::int64_t wall_ms = 0;

  constexpr std::int64_t wall_of(Instant then) const { return wall_ms - (now.ms - then.ms); }
};

/// How many elements each series has. It only grows: subscribers address elements by position.
struct Shape {
  std::array<std::size_t, kSeries.size()> elements{};

  /// True if the pack has more of something than was known.
  bool grow(const Pack& pack);
  std::size_t operator[](Series series) const { return elements[static_cast<std::size_t>(series)]; }
};

/// What a difference is worth. `urgent`: a flag changed, or a value came or went.
enum class News : std::uint8_t { none, some, urgent };

/// One group of one pack as its subscribers know it. A value that stayed inside its dead-band is
/// repeated as it was last said ("held"), so the databases of subscribers do not fill with noise.
class GroupDocument {
 public:
  explicit GroupDocument(Group group) : group_(group) {}

  /// What the state at `now` would tell subscribers that they do not know yet.
  News compare(const PackState& state, const Shape& shape, Instant now) const;

  /// Appends the message of `at`. From then on its values are the ones that are known.
  void write(std::string& out, const PackState& state, const Shape& shape, const Moment& at);

 private:
  static constexpr std::size_t kValuesMost = kFieldCount + 2 * kMaxCells + kMaxTemperatures;
  using Values = std::array<std::optional<std::int32_t>, kValuesMost>;

  Group group_;
  Values said_{};
};

/// The alarms a pack reports, if it is heard.
std::optional<AlarmSet> heard_alarms(const PackState& state, Instant now);

/// "active", "overheat", "cold", "alarms", "ts" (since when they are so).
void write_alarms_document(std::string& out, std::optional<AlarmSet> alarms,
                           std::string_view protocol, const Moment& since);

/// What the pack says it is, its protocol and how many cells it has.
void write_info_document(std::string& out, const PackState& state, const Shape& shape);

/// "parameters": those the board says, and "ts": since when they are so.
void write_parameters_document(std::string& out, const ParameterSet& parameters,
                               const Moment& since);

/// What the gateway is and which packs it reads.
void write_gateway_document(std::string& out, std::string_view gateway, std::string_view version,
                            std::span<const PackState> packs);

/// One event; `event_type` is its kind.
void write_event_document(std::string& out, const Event& event);

/// What the supervisor holds of a pack, small enough to be copied every turn.
struct Verdict {
  Decision decision{};
  std::array<Holding, kRuleCount> holdings{};
  std::uint32_t diverging = 0;  // bit n: divergence n is raised
  Switches withheld = Switches::none;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
Verdict verdict_of(const PackState& pack);

/// True if a subscriber would see a difference.
bool differs(const RelayState& a, const RelayState& b);

/// "mode", "packs" and "relays", each by name.
void write_supervisor_document(std::string& out, Mode mode, std::span<const PackState> packs,
                               std::span<const Verdict> verdicts,
                               std::span<const RelayState> relays, const Moment& at);

/// What inverters are told, and why (bridge/limits_json.h).
void write_limits_document(std::string& out, const BankRequest& request,
                           std::span<const PackState> packs,
                           std::span<const InverterState> inverters, const Moment& at);

/// The bank as its subscribers know it; held values as in GroupDocument.
class BankDocument {
 public:
  /// `max_age`: a sum older than this is not of now.
  News compare(const Bank& bank, Instant now, Millis max_age) const;
  void write(std::string& out, const Bank& bank, const Moment& at, Millis max_age);

 private:
  std::array<std::optional<std::int32_t>, kBankFields.size()> said_{};
  std::array<std::uint8_t, 4> counts_said_{};
  std::optional<AlarmSet> alarms_said_{};
};

}  // namespace cw
