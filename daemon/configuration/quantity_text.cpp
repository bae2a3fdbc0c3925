// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/quantity_text.h"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace cw {
namespace {

enum class Dimension : std::uint8_t {
  voltage,
  current,
  power,
  charge,
  resistance,
  temperature,
  fraction,
  time,
  none,
};

/// One unit of `symbol` is multiplier * 10^exponent of the dimension's base unit.
struct Symbol {
  std::string_view symbol;
  Dimension dimension;
  std::int64_t multiplier;
  int exponent;
};

// Within a dimension the first is the base unit, and what is probably meant when none is written.
constexpr auto kSymbols = std::to_array<Symbol>({
    {"V", Dimension::voltage, 1, 0},        {"mV", Dimension::voltage, 1, -3},
    {"A", Dimension::current, 1, 0},        {"mA", Dimension::current, 1, -3},
    {"W", Dimension::power, 1, 0},          {"kW", Dimension::power, 1, 3},
    {"mW", Dimension::power, 1, -3},        {"Ah", Dimension::charge, 1, 0},
    {"mAh", Dimension::charge, 1, -3},      {"ohm", Dimension::resistance, 1, 0},
    {"mohm", Dimension::resistance, 1, -3}, {"°C", Dimension::temperature, 1, 0},
    {"C", Dimension::temperature, 1, 0},    {"%", Dimension::fraction, 1, 0},
    {"s", Dimension::time, 1, 0},           {"ms", Dimension::time, 1, -3},
    {"us", Dimension::time, 1, -6},         {"µs", Dimension::time, 1, -6},
    {"min", Dimension::time, 60, 0},        {"h", Dimension::time, 3600, 0},
});

constexpr Dimension dimension_of(Unit unit) {
  switch (unit) {
    case Unit::millivolt: return Dimension::voltage;
    case Unit::milliamp: return Dimension::current;
    case Unit::milliwatt: return Dimension::power;
    case Unit::milliamp_hour: return Dimension::charge;
    case Unit::micro_ohm: return Dimension::resistance;
    case Unit::decicelsius: return Dimension::temperature;
    case Unit::centipercent: return Dimension::fraction;
    case Unit::second:
    case Unit::millisecond:
    case Unit::microsecond: return Dimension::time;
    case Unit::count:
    case Unit::flag: return Dimension::none;
  }
  return Dimension::none;
}

constexpr std::size_t kDigitsMost = 15;  // with the largest multiplier still far inside 64 bits

/// A decimal number: mantissa * 10^-fraction_digits.
struct Decimal {
  std::int64_t mantissa = 0;
  int fraction_digits = 0;
  std::size_t length = 0;  // characters used; 0: not a number
  bool too_long = false;
};

Decimal leading_decimal(std::string_view text) {
  Decimal number;
  std::size_t i = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++i;
  std::size_t digits = 0;
  bool point = false;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point && digits > 0) {
      point = true;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') break;
    if (++digits > kDigitsMost) {
      number.too_long = true;
      continue;
    }
    number.mantissa = number.mantissa * 10 + (text[i] - '0');
    if (point) ++number.fraction_digits;
  }
  if (digits == 0 || text[i - 1] == '.') return {};
  number.length = i;
  if (negative) number.mantissa = -number.mantissa;
  return number;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

const Symbol* find_symbol(std::string_view text) {
  for (const Symbol& symbol : kSymbols)
    if (symbol.symbol == text) return &symbol;
  return nullptr;
}

enum class Scaled : std::uint8_t { exact, too_fine, too_large };

/// number * symbol as a count of 10^-decimals base units.
Scaled scale(const Decimal& number, const Symbol& symbol, int decimals, std::int32_t& count) {
  std::int64_t value = number.mantissa * symbol.multiplier;
  int power = symbol.exponent + decimals - number.fraction_digits;
  for (; power < 0; ++power) {
    if (value % 10 != 0) return Scaled::too_fine;
    value /= 10;
  }
  for (; power > 0 && value != 0; --power) {
    if (value > std::numeric_limits<std::int64_t>::max() / 10 ||
        value < std::numeric_limits<std::int64_t>::min() / 10)
      return Scaled::too_large;
    value *= 10;
  }
  if (value < std::numeric_limits<std::int32_t>::min() + 1 ||
      value > std::numeric_limits<std::int32_t>::max())
    return Scaled::too_large;
  count = static_cast<std::int32_t>(value);
  return Scaled::exact;
}

QuantityText fault(std::string message) { return {std::nullopt, std::move(message)}; }

/// Digits of count / 10^decimals without trailing zeros.
std::string decimal_text(std::int64_t count, unsigned decimals) {
  std::string digits = std::to_string(count < 0 ? -count : count);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) {
    digits.insert(digits.size() - decimals, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return (count < 0 ? "-" : "") + digits;
}

}  // namespace

std::string_view dimension_name(Unit unit) {
  constexpr std::string_view names[] = {"a voltage",    "a current",    "a power",
                                        "a charge",     "a resistance", "a temperature",
                                        "a percentage", "a time",       "a number"};
  return names[static_cast<std::size_t>(dimension_of(unit))];
}

std::string accepted_units(Unit unit) {
  std::string list;
  std::string_view last;
  for (const Symbol& symbol : kSymbols) {
    if (symbol.dimension != dimension_of(unit)) continue;
    if (!last.empty()) list += fmt::format("{}{}", list.empty() ? "" : ", ", last);
    last = symbol.symbol;
  }
  return list.empty() ? std::string(last) : fmt::format("{} or {}", list, last);
}

QuantityText parse_quantity(std::string_view raw, Unit unit) {
  const std::string_view text = trimmed(raw);
  const Decimal number = leading_decimal(text);
  if (number.length == 0)
    return fault(fmt::format("is not {}: write a decimal number and {}", dimension_name(unit),
                             accepted_units(unit)));
  const std::string_view written = trimmed(text.substr(number.length));
  if (written.empty()) return fault(fmt::format("has no unit: add {}", accepted_units(unit)));
  if (written[0] == ',') return fault("has a decimal comma: write a point");
  const Symbol* symbol = find_symbol(written);
  if (symbol == nullptr)
    return fault(fmt::format("has an unknown unit: use {}", accepted_units(unit)));
  if (symbol->dimension != dimension_of(unit))
    return fault(fmt::format("has the wrong unit: this is {}, use {}", dimension_name(unit),
                             accepted_units(unit)));
  if (number.too_long)
    return fault(fmt::format("has more than {} digits: shorten it", kDigitsMost));
  std::int32_t count = 0;
  switch (scale(number, *symbol, facts(unit).decimals, count)) {
    case Scaled::exact: return {count, {}};
    case Scaled::too_large: return fault("is too large");
    case Scaled::too_fine: break;
  }
  return fault(
      fmt::format("is finer than {}, the step it is kept in: round it", quantity_text(1, unit)));
}

std::string quantity_text(std::int64_t count, Unit unit) {
  const UnitFacts what = facts(unit);
  if (dimension_of(unit) == Dimension::none) return std::to_string(count);
  if (dimension_of(unit) == Dimension::time && count != 0) {
    const std::int64_t second = what.decimals == 6 ? 1'000'000 : what.decimals == 3 ? 1'000 : 1;
    const std::int64_t size = count < 0 ? -count : count;
    if (what.decimals == 6 && size < 1'000) return fmt::format("{} us", count);
    if (what.decimals >= 3 && size < second)
      return fmt::format("{} ms", decimal_text(count, what.decimals - 3u));
    if (size % (3600 * second) == 0) return fmt::format("{} h", count / (3600 * second));
    if (size % (60 * second) == 0) return fmt::format("{} min", count / (60 * second));
  }
  return fmt::format("{} {}", decimal_text(count, what.decimals), what.symbol);
}

std::string number_text(std::int64_t count, Unit unit) {
  return decimal_text(count, facts(unit).decimals);
}

std::string probably_meant(std::string_view number, Unit unit, std::int64_t lowest,
                           std::int64_t highest) {
  for (const Symbol& symbol : kSymbols) {
    if (symbol.dimension != dimension_of(unit)) continue;
    const auto parsed = parse_quantity(fmt::format("{} {}", trimmed(number), symbol.symbol), unit);
    if (parsed.count && *parsed.count >= lowest && *parsed.count <= highest)
      return quantity_text(*parsed.count, unit);
  }
  return {};
}

}  // namespace cw
