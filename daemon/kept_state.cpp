// SPDX-License-Identifier: Apache-2.0
//   cellwarden-state 1
//   relay NAME LATCH LOCKED TRIPPED OPERATIONS
//   switching TIME        of the relay above
//   retry TIME            likewise
//   pack NAME TEXT
//   bank STAGE LAST_FULL WATCHED_SINCE   Unix times in milliseconds; - for none
//   full_charge 1         ordered and not done; of the bank above, as the next two
//   share PACK CHARGE DISCHARGE          percent
//   ignored LIMIT RAISED CLEARED LASTED TIMES
//   order NAME VALUE SINCE WHO           of a Modbus client
//   end CHECKSUM          FNV-1a, 64 bits in hex, of everything before this line
#include "daemon/kept_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cw {
namespace {

constexpr std::string_view kFirstLine = "cellwarden-state 1\n";

std::uint64_t checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

// Takes the text up to `end` and `end` itself away from the front of `rest`.
std::optional<std::string_view> take(std::string_view& rest, char end) {
  const auto size = rest.find(end);
  if (size == std::string_view::npos) return std::nullopt;
  const std::string_view part = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  return part;
}

template <class T>
bool parse(std::string_view text, T& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc{} && end == text.data() + text.size();
}

bool parse_flag(std::string_view text, bool& flag) {
  flag = text == "1";
  return flag || text == "0";
}

bool parse_latch(std::string_view text, Latch& latch) {
  const auto row = std::find_if(kLatches.begin(), kLatches.end(),
                                [text](const LatchRow& known) { return known.name == text; });
  latch = static_cast<Latch>(row - kLatches.begin());
  return row != kLatches.end();
}

bool parse_relay(std::string_view rest, Memory& memory) {
  RelayMemory relay;
  const auto name = take(rest, ' ');
  const auto latch = take(rest, ' ');
  const auto locked = take(rest, ' ');
  const auto tripped = take(rest, ' ');
  if (!tripped || name->empty()) return false;
  relay.name = *name;
  if (!parse_latch(*latch, relay.latch) || !parse_flag(*locked, relay.locked) ||
      !parse_flag(*tripped, relay.tripped) || !parse(rest, relay.operations))
    return false;
  memory.relays.push_back(std::move(relay));
  return true;
}

template <std::vector<std::int64_t> RelayMemory::*Times>
bool parse_time(std::string_view rest, Memory& memory) {
  std::int64_t time = 0;
  if (memory.relays.empty() || !parse(rest, time)) return false;
  (memory.relays.back().*Times).push_back(time);
  return true;
}

bool parse_pack(std::string_view rest, Memory& memory) {
  const auto name = take(rest, ' ');
  if (!name || name->empty()) return false;
  memory.packs.push_back({std::string(*name), std::string(rest)});
  return true;
}

bool parse_time_or_none(std::string_view text, std::optional<std::int64_t>& time) {
  if (text == "-") return true;
  std::int64_t known = 0;
  if (!parse(text, known)) return false;
  time = known;
  return true;
}

bool parse_bank(std::string_view rest, Memory& memory) {
  const auto stage = take(rest, ' ');
  const auto last_full = take(rest, ' ');
  if (!last_full) return false;
  for (const ChargeStage known :
       {ChargeStage::bulk, ChargeStage::absorption, ChargeStage::floating}) {
    if (name(known) != *stage) continue;
    ChargeMemory charge;
    charge.stage = known;
    if (!parse_time_or_none(*last_full, charge.last_full_wall_ms) ||
        !parse_time_or_none(rest, charge.watched_since_wall_ms))
      return false;
    memory.bank.emplace().charge = charge;
    return true;
  }
  return false;
}

bool parse_full_charge(std::string_view rest, Memory& memory) {
  return memory.bank && parse_flag(rest, memory.bank->full_charge);
}

bool parse_share(std::string_view rest, Memory& memory) {
  const auto pack = take(rest, ' ');
  const auto charge = take(rest, ' ');
  if (!memory.bank || !charge || pack->empty()) return false;
  ShareMemory share{std::string(*pack), {}};
  if (!parse(*charge, share.percent[0]) || !parse(rest, share.percent[1])) return false;
  memory.bank->shares.push_back(std::move(share));
  return true;
}

// Which limit, by its number.
bool parse_ignored(std::string_view rest, Memory& memory) {
  const auto limit = take(rest, ' ');
  const auto raised = take(rest, ' ');
  const auto cleared = take(rest, ' ');
  const auto lasted = take(rest, ' ');
  std::size_t which = 0;
  if (!memory.bank || !lasted || !parse(*limit, which) || which >= kDisobeyedCount) return false;
  IgnoredMemory& row = memory.bank->ignored[which];
  return parse_flag(*raised, row.raised) && parse_time_or_none(*cleared, row.cleared) &&
         parse(*lasted, row.lasted_ms) && parse(rest, row.times);
}

bool parse_order(std::string_view rest, Memory& memory) {
  const auto what = take(rest, ' ');
  const auto value = take(rest, ' ');
  const auto since = take(rest, ' ');
  if (!since) return false;
  ClientOrderMemory order;
  order.who = rest;
  for (std::size_t i = 0; i < kClientOrderCount; ++i) {
    order.order = static_cast<ClientOrder>(i);
    if (name(order.order) != *what) continue;
    if (!parse(*value, order.value) || !parse(*since, order.since)) return false;
    memory.orders.push_back(std::move(order));
    return true;
  }
  return false;
}

std::string time_or_none(const std::optional<std::int64_t>& time) {
  return time ? std::to_string(*time) : "-";
}

std::string write_bank(const BankMemory& bank) {
  std::string text = fmt::format("bank {} {} {}\n", name(bank.charge.stage),
                                 time_or_none(bank.charge.last_full_wall_ms),
                                 time_or_none(bank.charge.watched_since_wall_ms));
  if (bank.full_charge) text += "full_charge 1\n";
  for (const ShareMemory& share : bank.shares)
    text += fmt::format("share {} {} {}\n", share.pack, share.percent[0], share.percent[1]);
  for (std::size_t i = 0; i < kDisobeyedCount; ++i) {
    const IgnoredMemory& row = bank.ignored[i];
    if (row == IgnoredMemory{}) continue;
    text += fmt::format("ignored {} {} {} {} {}\n", i, row.raised ? 1 : 0,
                        time_or_none(row.cleared), row.lasted_ms, row.times);
  }
  return text;
}

struct LineKind {
  std::string_view word;
  bool (*parse)(std::string_view rest, Memory& memory);
};
constexpr LineKind kLineKinds[] = {{"relay", &parse_relay},
                                   {"switching", &parse_time<&RelayMemory::switchings>},
                                   {"retry", &parse_time<&RelayMemory::retries>},
                                   {"pack", &parse_pack},
                                   {"bank", &parse_bank},
                                   {"full_charge", &parse_full_charge},
                                   {"share", &parse_share},
                                   {"ignored", &parse_ignored},
                                   {"order", &parse_order}};

bool parse_line(std::string_view line, Memory& memory) {
  const auto word = take(line, ' ');
  return word && std::any_of(std::begin(kLineKinds), std::end(kLineKinds), [&](const auto& kind) {
           return kind.word == *word && kind.parse(line, memory);
         });
}

}  // namespace

Instant on_the_clock(std::int64_t then, Instant now, std::int64_t wall_ms) {
  return {now.ms - std::max<std::int64_t>(0, wall_ms - then)};
}

std::int64_t on_the_wall(Instant then, Instant now, std::int64_t wall_ms) {
  return wall_ms - (now.ms - then.ms);
}

std::string write_memory(const Memory& memory) {
  std::string text(kFirstLine);
  for (const RelayMemory& relay : memory.relays) {
    text += fmt::format("relay {} {} {:d} {:d} {}\n", relay.name, row_of(relay.latch).name,
                        relay.locked, relay.tripped, relay.operations);
    for (const std::int64_t time : relay.switchings) text += fmt::format("switching {}\n", time);
    for (const std::int64_t time : relay.retries) text += fmt::format("retry {}\n", time);
  }
  for (const PackMemory& pack : memory.packs)
    text += fmt::format("pack {} {}\n", pack.name, pack.text);
  if (memory.bank) text += write_bank(*memory.bank);
  for (const ClientOrderMemory& order : memory.orders)
    text +=
        fmt::format("order {} {} {} {}\n", name(order.order), order.value, order.since, order.who);
  return text + fmt::format("end {:016x}\n", checksum(text));
}

std::optional<Memory> read_memory(std::string_view text) {
  if (!text.starts_with(kFirstLine)) return std::nullopt;
  Memory memory;
  std::string_view rest = text.substr(kFirstLine.size());
  while (const auto line = take(rest, '\n')) {
    const auto before = static_cast<std::size_t>(line->data() - text.data());
    if (line->starts_with("end ")) {
      const bool whole = *line == fmt::format("end {:016x}", checksum(text.substr(0, before)));
      return whole && rest.empty() ? std::optional(memory) : std::nullopt;
    }
    if (!parse_line(*line, memory)) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace cw
