// SPDX-License-Identifier: Apache-2.0
#include "bridge/explain_limit.h"

#include "bridge/format_reason.h"

namespace cw {
namespace {

Text<32> pack_name(std::uint8_t number, std::span<const PackState> packs) {
  if (number >= 1 && number <= packs.size() && !packs[number - 1].name.empty())
    return packs[number - 1].name;
  Text<32> text;
  text.assign(number == 0 ? "the bank" : format_reason("pack {}", number).view());
  return text;
}

// What the words of each cause are made of.
struct Parts {
  Text<32> pack;
  std::uint8_t where;
  Text<32> value;
  bool has_value;
};

// "cell 7 of cellar at 3.512 V"
Reason measured(const char* what, const Parts& p) {
  if (p.where == 0) return format_reason("{} of {} at {}", what, p.pack.view(), p.value.view());
  return format_reason("{} {} of {} at {}", what, p.where, p.pack.view(), p.value.view());
}

Reason protection(const Parts& p) {
  if (!p.has_value) return format_reason("a protection holds {}", p.pack.view());
  if (p.where == 0)
    return format_reason("a protection holds {}, at {}", p.pack.view(), p.value.view());
  return format_reason("a protection holds {}, number {} at {}", p.pack.view(), p.where,
                       p.value.view());
}

Reason lost(const Parts& p) {
  if (!p.has_value) return format_reason("{} is not heard", p.pack.view());
  return format_reason("{} is not heard; it was last bound at {}", p.pack.view(), p.value.view());
}

Reason words(LimitCause cause, const Parts& p) {
  const auto pack = p.pack.view();
  const auto value = p.value.view();
  switch (cause) {
    case LimitCause::none: return format_reason("nothing is known yet");
    case LimitCause::setting: return format_reason("{} may have {} by its settings", pack, value);
    case LimitCause::bank_setting: return format_reason("the bank's setting of {}", value);
    case LimitCause::board_setting:
      return format_reason("the over-current protection of {} acts at {}", pack, value);
    case LimitCause::board_request: return format_reason("the board of {} asks for it", pack);
    case LimitCause::cell_voltage: return measured("cell", p);
    case LimitCause::temperature: return measured("sensor", p);
    case LimitCause::mosfet_temperature: return measured("the switches", p);
    case LimitCause::charge_state: return measured("state of charge", p);
    case LimitCause::stage: return format_reason("the stage of charge asks for {}", value);
    case LimitCause::cell_ceiling: return measured("cell", p);
    case LimitCause::share: return format_reason("{} carries more than its share: {}", pack, value);
    case LimitCause::stale_data: return format_reason("the values of {} are {} old", pack, value);
    case LimitCause::pack_lost: return lost(p);
    case LimitCause::all_lost: return format_reason("no pack is heard");
    case LimitCause::protection: return protection(p);
    case LimitCause::opening: return format_reason("a relay of {} is about to open", pack);
    case LimitCause::joining: return format_reason("{} is about to join", pack);
    case LimitCause::rising: return format_reason("rising to its limit");
    case LimitCause::configuration:
      return format_reason("the board of {} is set against the curves", pack);
    case LimitCause::request: return format_reason("less was asked for");
    case LimitCause::unknown: return format_reason("{} does not tell what it follows from", pack);
    case LimitCause::disobeyed: return format_reason("the inverter takes more than it is told");
  }
  return {};
}

template <class Q>
Reason explain_limit(std::string_view title, const BankLimit<Q>& limit,
                     std::span<const PackState> packs) {
  const auto amount = [](Q value) { return amount_text(value.count, unit_of<Q>); };
  const Reason now = explain(limit.reason, packs);
  if (!limit.next_value)
    return format_reason("{} {}: {}", title, amount(limit.value).view(), now.view());
  return format_reason("{} {}: {}; then {}: {}", title, amount(limit.value).view(), now.view(),
                       amount(*limit.next_value).view(), explain(limit.next, packs).view());
}

}  // namespace

Reason explain(const LimitReason& reason, std::span<const PackState> packs) {
  return words(reason.cause, {pack_name(reason.pack, packs), reason.where,
                              amount_text(reason.value, reason.unit), reason.value.has_value()});
}

Reason explain(std::string_view title, const BankLimit<Milliamps>& limit,
               std::span<const PackState> packs) {
  return explain_limit(title, limit, packs);
}

Reason explain(std::string_view title, const BankLimit<Millivolts>& limit,
               std::span<const PackState> packs) {
  return explain_limit(title, limit, packs);
}

}  // namespace cw
