// SPDX-License-Identifier: Apache-2.0
#include "daemon/writes/mqtt_orders.h"

#include <fmt/format.h>

#include <algorithm>

#include "bridge/json.h"
#include "core/assert.h"
#include "daemon/writes/setting_text.h"

namespace cw {
namespace {

constexpr Millis kRepeatWithin{60'000};  // a broker delivers twice within seconds
constexpr std::size_t kSaidMost = 256;
constexpr Millis kBetweenSwitches{1'000};
constexpr Millis kBetweenParameters{5'000};
constexpr Millis kNotesEvery{60'000};
constexpr std::uint32_t kNotesMost = 10;  // refusals recorded one by one in that time

/// By its name on every interface alone: one topic a setting.
std::optional<Setting> setting_named(std::string_view key) {
  const auto setting = find_setting(key);
  return setting && setting_key(*setting) == key ? setting : std::nullopt;
}

/// The unit stands in the key; Home Assistant says ON and OFF.
std::string with_unit(Setting setting, const std::string& value) {
  if (setting.control == Control::name) return value;
  if (value == "ON") return "on";
  if (value == "OFF") return "off";
  const std::string_view symbol = facts(setting_unit(setting)).symbol;
  const bool number = value.find_first_not_of("+-.0123456789") == std::string::npos;
  return number && !symbol.empty() ? fmt::format("{} {}", value, symbol) : value;
}

/// A level of a topic, which may be anything, as it may stand in a record.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return text;
}

/// For the record.
std::string who_of(std::string_view id) {
  return id.empty() ? "an mqtt client" : fmt::format("mqtt client {}", id);
}

std::string_view code_of(WriteEnd end) {
  switch (end) {
    case WriteEnd::refused: return "refused";
    case WriteEnd::not_taken: return "verify";
    case WriteEnd::no_answer: return "timeout";
    case WriteEnd::unknown: return "link_lost";
    case WriteEnd::not_sent: return "offline";
    case WriteEnd::verified:
    case WriteEnd::acknowledged: break;
  }
  return {};
}

void text_or_null(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  value.empty() ? json.null() : json.text(value);
}

void write_value(JsonWriter& json, const std::optional<Change>& change) {
  json.key("value");
  if (!change) return json.null();
  if (change->setting.control == Control::name) return json.text(change->text.view());
  json.quantity(change->value, setting_unit(change->setting));
}

}  // namespace

void MqttOrders::take(const MqttCommand& command, Instant now) {
  const auto packs = gateway_.store().packs();
  const auto state = std::find_if(packs.begin(), packs.end(), [&](const PackState& one) {
    return one.name.view() == command.pack;
  });
  if (state == packs.end())
    return note({}, printable(command.setting),
                fmt::format("there is no pack {}", printable(command.pack)), now);
  if (command.retained)
    return note(command.pack, printable(command.setting),
                "an old order that the broker had stored: publish orders without retain", now);
  Order order{static_cast<std::size_t>(state - packs.begin()), printable(command.setting)};
  if (command.payload.size() >= MqttCommand::kPayloadMost)
    return refuse(order, "parse", "is too long for an order", now);
  const MqttRequest request = read_request(command.payload);
  order.id = request.id;
  if (!request.fault.empty()) return refuse(order, "parse", request.fault, now);
  if (repeated(order, now)) return;
  if (request.expires_s && wall_ms_() / 1000 >= *request.expires_s)
    return refuse(order, "expired", "it came after its time was over", now);
  const auto setting = setting_named(command.setting);
  if (!setting)
    return refuse(order, "unknown", "there is no such setting; docs/parameters.md has them", now);
  const ParsedChange parsed =
      parse_change(setting_key(*setting), with_unit(*setting, request.value));
  if (!parsed.change) return refuse(order, "parse", parsed.fault, now);
  order.change = parsed.change;
  if (const std::string soon = too_soon(order, now); !soon.empty())
    return refuse(order, "rate", soon, now);
  carry_out(order, now);
}

// QoS 1 may deliver twice: the answer is given twice then, and the order carried out once, or not
// at all if the answer was an error.
bool MqttOrders::repeated(const Order& order, Instant now) {
  while (!said_.empty() && now > said_.front().when + kRepeatWithin) said_.pop_front();
  if (order.id.empty()) return false;
  for (const Said& said : said_) {
    const Order& known = said.order;
    if (known.id != order.id || known.pack != order.pack || known.key != order.key) continue;
    answer_(said.answer);
    return true;
  }
  return false;
}

std::string MqttOrders::too_soon(const Order& order, Instant now) {
  const Setting setting = order.change->setting;
  const Millis pause =
      setting.control == Control::parameter ? kBetweenParameters : kBetweenSwitches;
  for (Last& last : last_) {
    if (last.pack != order.pack || last.setting != setting) continue;
    if (now < last.when + pause)
      return fmt::format("it was ordered less than {} s ago", pause.count / 1000);
    last.when = now;
    return {};
  }
  last_.push_back({order.pack, setting, now});
  return {};
}

// The gate would record every refusal; here a flood of them is only counted.
void MqttOrders::carry_out(const Order& order, Instant now) {
  CommandGate& gate = gateway_.gate();
  const PackState& state = gateway_.store().packs()[order.pack];
  const WriteRequest request{order.pack, WriteOrigin::mqtt, who_of(order.id), {*order.change}};
  const WritePlan plan = gate.plan(request, state, now);
  // In the order in which the plan looks.
  const std::string_view code = !state.fresh(now)       ? "offline"
                                : gate.busy(order.pack) ? "busy"
                                : !gate.allows(WriteOrigin::mqtt, order.change->setting)
                                    ? "forbidden"
                                    : "rule";
  if (!plan.good()) return refuse(order, code, plan.faults.front(), now);
  if (!plan.steps.empty()) say(order, "accepted", {}, "on its way", now);
  gate.write(request, state, now, [this, order, now](const WriteResult& result) {
    CW_ASSERT(result.plan.good());
    if (result.steps.empty()) return say(order, "done", {}, "it is set so already", now);
    const WriteStep& step = result.steps.front();
    const std::string message =
        fmt::format("{}{}{}", name(step.end), step.why.empty() ? "" : ": ", step.why);
    say(order, is_good(step.end) ? "done" : "error", code_of(step.end), message, now);
  });
}

void MqttOrders::refuse(const Order& order, std::string_view code, std::string_view why,
                        Instant now) {
  note(gateway_.store().packs()[order.pack].name.view(), order.key, why, now);
  say(order, "error", code, why, now);
}

// Whoever may publish could fill the record: some are recorded one by one, the others counted.
void MqttOrders::note(std::string_view pack, std::string_view key, std::string_view why,
                      Instant now) {
  if (now >= notes_since_ + kNotesEvery) {
    notes_since_ = now;
    notes_ = 0;
  }
  if (notes_ == kNotesMost) {
    ++unnoted_;
    return;
  }
  ++notes_;
  std::string detail = fmt::format("refused over mqtt: {}", why);
  if (unnoted_ > 0) detail += fmt::format(" ({} more were not recorded)", unnoted_);
  unnoted_ = 0;
  gateway_.gate().note_refusal(pack, key, detail, now);
}

void MqttOrders::say(const Order& order, std::string_view status, std::string_view code,
                     std::string_view message, Instant now) {
  MqttAnswer answer{order.pack, {}, status == "error"};
  JsonWriter json(answer.payload);
  json.begin_object();
  text_or_null(json, "id", order.id);
  json.key("setting");
  json.text(order.key);
  write_value(json, order.change);
  json.key("status");
  json.text(status);
  text_or_null(json, "code", code);
  json.key("message");
  json.text(message);
  json.key("ts");
  json.decimal(wall_ms_(), 3);
  json.end_object();
  if (!order.id.empty()) {
    std::erase_if(said_, [&](const Said& said) {
      return said.order.id == order.id && said.order.pack == order.pack &&
             said.order.key == order.key;
    });
    if (said_.size() == kSaidMost) said_.pop_front();
    said_.push_back({order, now, answer});
  }
  answer_(answer);
}

}  // namespace cw
