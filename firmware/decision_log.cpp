// SPDX-License-Identifier: Apache-2.0
#include "firmware/decision_log.h"

#include "core/assert.h"

namespace cw::firmware {
namespace {

using namespace std::string_view_literals;  // their length is no call of strlen()

constexpr std::int64_t kHour_ms = 3'600'000;

void add(Digest& digest, const RuleState& state) {
  digest.add(static_cast<std::uint32_t>(
      static_cast<std::uint32_t>(state.phase) | static_cast<std::uint32_t>(state.cause) << 8 |
      std::uint32_t{state.blind} << 16 | std::uint32_t{state.violated} << 17 |
      std::uint32_t{state.samples} << 24));
  digest.add(state.since.ms);
  digest.add(state.began.ms);
  digest.add(state.evidence.value);
  digest.add(std::uint32_t{state.evidence.where});
  digest.add(state.evidence.heard.ms);
  digest.add(state.limit);
  digest.add(state.worst);
  digest.add(state.trips);
  digest.add(state.sample.ms);
}

void add(Digest& digest, const BmsOutputs& out) {
  digest.add(static_cast<std::uint32_t>(
      std::uint32_t{out.charge} | std::uint32_t{out.discharge} << 1 |
      std::uint32_t{out.heater} << 2 | std::uint32_t{out.on} << 3 | std::uint32_t{out.asleep} << 4 |
      static_cast<std::uint32_t>(out.balance.action) << 8 |
      std::uint32_t{out.balance.highest} << 16 | std::uint32_t{out.balance.lowest} << 24));
  digest.add(out.balance.current.count);
  digest.add(out.emergency_remaining.count);
  digest.add(static_cast<std::int64_t>(out.alarms.named));
  digest.add(std::uint32_t{out.error_codes});
}

void add(Digest& digest, const ChargeCount& count) {
  digest.add(count.soc().count);
  digest.add(count.full().count);
  digest.add(count.remaining().count);
  digest.add(count.discharged().count);
  digest.add(count.charged().count);
  digest.add(count.energy_in_mWh());
  digest.add(count.energy_out_mWh());
  digest.add(count.full_charges().count);
  digest.add(count.equivalent_cycles_centi());
  digest.add(count.estimated().count);
  digest.add(count.refused_lessons());
  digest.add(std::uint32_t{count.is_learnt()});
}

void write_time(Line& line, Instant now) {
  const auto two = [&line](std::int64_t number) {
    if (number < 10) line << "0"sv;
    line << number;
  };
  two(now.ms / kHour_ms);
  line << ":"sv;
  two(now.ms / 60'000 % 60);
  line << ":"sv;
  two(now.ms / 1000 % 60);
  line << "."sv << now.ms / 100 % 10 << now.ms / 10 % 10 << now.ms % 10;
}

void write_rules(Line& line, std::string_view title, std::uint32_t bits) {
  line << title;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    if ((bits >> i & 1) == 0) continue;
    line << kRules[i].name;
    if (bits >> i > 1) line << ","sv;
  }
}

void write_flag(Line& line, std::string_view title, bool flag) {
  line << title << (flag ? "1"sv : "0"sv);
}

}  // namespace

Line& Line::operator<<(std::string_view text) {
  CW_ASSERT(text.size() <= letters_.size() - size_);
  for (const char letter : text) letters_[size_++] = letter;
  return *this;
}

Line& Line::operator<<(std::int64_t number) {
  char digits[20];
  std::size_t first = sizeof digits;
  std::uint64_t rest = static_cast<std::uint64_t>(number);
  if (number < 0) rest = 0 - rest;
  do {
    digits[--first] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) *this << "-"sv;
  return *this << std::string_view{digits + first, sizeof digits - first};
}

Line& Line::hex(std::uint64_t number, unsigned digits) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (unsigned i = digits; i > 0; --i)
    *this << std::string_view{kDigits + (number >> 4 * (i - 1) & 0xF), 1};
  return *this;
}

DecisionLog::Decided DecisionLog::decided(const Bms& bms) {
  const BmsOutputs& out = bms.outputs();
  return {.charge = out.charge,
          .discharge = out.discharge,
          .heater = out.heater,
          .balancing = out.balance.action != BalanceAction::idle,
          .on = out.on,
          .asleep = out.asleep,
          .emergency = out.emergency_remaining.count > 0,
          .heating = bms.heating(),
          .codes = out.error_codes,
          .alarms = out.alarms.named,
          .rules = bms.protection().decision()};
}

void DecisionLog::digest(const Day& day) {
  const Bms& bms = day.bms();
  digest_.add(day.now().ms);
  add(digest_, bms.outputs());
  add(digest_, bms.charge());
  for (std::size_t i = 0; i < kRuleCount; ++i)
    add(digest_, bms.protection().state(static_cast<Rule>(i)));
  const Decision& rules = bms.protection().decision();
  digest_.add(rules.tripped);
  digest_.add(rules.off);
  digest_.add(static_cast<std::uint32_t>(rules.open));
  digest_.add(static_cast<std::uint32_t>(bms.heating()));
  const auto due = bms.protection().next_due(day.settings());
  digest_.add(due ? due->ms : std::int64_t{-1});
}

void DecisionLog::write(const Day& day, const Decided& now) {
  write_time(line_, day.now());
  write_flag(line_, " charge="sv, now.charge);
  write_flag(line_, " discharge="sv, now.discharge);
  write_flag(line_, " balance="sv, now.balancing);
  write_flag(line_, " heater="sv, now.heater);
  write_flag(line_, " on="sv, now.on);
  write_flag(line_, " asleep="sv, now.asleep);
  write_flag(line_, " emergency="sv, now.emergency);
  line_ << " soc="sv << day.bms().charge().soc().count << " codes="sv;
  line_.hex(now.codes, 4) << " alarms="sv;
  line_.hex(now.alarms, 16);
  line_ << " heating="sv << name(now.heating);
  write_rules(line_, " off="sv, now.rules.off);
  write_rules(line_, " tripped="sv, now.rules.tripped);
  line_ << " digest="sv;
  line_.hex(digest_.value(), 16) << "\n"sv;
}

void DecisionLog::count(const Day& day, const Decided& now) {
  ++steps_;
  in_.balancing += now.balancing;
  in_.heating += now.heater;
  in_.heater_fault += (now.alarms >> static_cast<unsigned>(Alarm::heater_fault) & 1) != 0;
  in_.off += !now.on;
  in_.asleep += now.asleep;
  in_.emergency += now.emergency;
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    const std::uint32_t told = day.bms().protection().state(static_cast<Rule>(i)).trips;
    if (told < trips_told_[i]) trips_told_[i] = 0;  // it was restarted
    trips_[i] += told - trips_told_[i];
    trips_told_[i] = told;
  }
}

std::string_view DecisionLog::note(const Day& day) {
  digest(day);
  const Decided now = decided(day.bms());
  count(day, now);
  line_.clear();
  const std::int64_t hours = day.now().ms / kHour_ms;
  if (steps_ > 1 && now == last_ && hours == hours_told_) return {};
  hours_told_ = hours;
  last_ = now;
  ++lines_;
  write(day, now);
  return line_.text();
}

std::string_view DecisionLog::summary(const Day& day) {
  line_.clear();
  const auto tell = [this](std::string_view what, std::int64_t count) {
    line_ << what << " "sv << count << "\n"sv;
  };
  tell("steps"sv, steps_);
  tell("lines"sv, lines_);
  tell("steps_balancing"sv, in_.balancing);
  tell("steps_heating"sv, in_.heating);
  tell("steps_heater_fault"sv, in_.heater_fault);
  tell("steps_off"sv, in_.off);
  tell("steps_asleep"sv, in_.asleep);
  tell("steps_emergency"sv, in_.emergency);
  tell("full_charges"sv, day.bms().charge().full_charges().count);
  tell("learnt_mAh"sv, day.bms().charge().is_learnt() ? day.bms().charge().full().count : 0);
  tell("estimated_mAh"sv, day.bms().charge().estimated().count);
  for (std::size_t i = 0; i < kRuleCount; ++i) {
    line_ << "trips_"sv;
    tell(kRules[i].name, trips_[i]);
  }
  line_ << "digest "sv;
  line_.hex(digest_.value(), 16) << "\n"sv;
  return line_.text();
}

}  // namespace cw::firmware
