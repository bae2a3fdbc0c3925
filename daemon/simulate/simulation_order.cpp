// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/simulation_order.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/suggestion.h"
#include "daemon/simulate/simulation_description.h"

namespace cw {
namespace {

using simulator::Fault;
using simulator::FaultForm;
using simulator::FaultRow;
using simulator::kFaults;
using Kind = SimulationOrder::Kind;

struct Word {
  std::string_view text;
  std::size_t column = 0;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < line.size();) {
    while (i < line.size() && is_space(line[i])) ++i;
    const std::size_t from = i;
    while (i < line.size() && !is_space(line[i])) ++i;
    if (i > from) words.push_back({line.substr(from, i - from), from});
  }
  return words;
}

ReadOrder wrong(std::string fault, std::size_t column) {
  return {std::nullopt, std::move(fault), column};
}

std::string usage(const FaultRow& row) {
  return row.arguments.empty() ? std::string(row.name)
                               : fmt::format("{} {}", row.name, row.arguments);
}

std::vector<std::string_view> known_faults() {
  std::vector<std::string_view> names = {"clear"};
  for (const FaultRow& row : kFaults) names.push_back(row.name);
  return names;
}

/// "PACK FAULT [NUMBER] [VALUE]" from its third word on.
ReadOrder read_arguments(const FaultRow& row, std::string_view line, std::span<const Word> words,
                         SimulationOrder order) {
  std::size_t next = 2;
  const std::size_t end_column = line.size();
  if (row.form == FaultForm::numbered_value) {
    std::string fault;
    if (words.size() <= next) return wrong(fmt::format("write {}", usage(row)), end_column);
    const auto number = read_quantity(words[next].text, Unit::count, fault);
    if (!number || *number < 1 || static_cast<std::size_t>(*number) > row.numbers)
      return wrong(fmt::format("{}: write a number from 1 to {} ({})", in_quotes(words[next].text),
                               row.numbers, usage(row)),
                   words[next].column);
    order.number = static_cast<std::size_t>(*number);
    ++next;
  }
  if (row.form == FaultForm::plain) {
    if (words.size() > next)
      return wrong(
          fmt::format("{} takes nothing more: leave out {}", row.name, in_quotes(words[next].text)),
          words[next].column);
    return {order, {}, 0};
  }
  if (words.size() <= next) return wrong(fmt::format("write {}", usage(row)), end_column);
  const std::size_t column = words[next].column;
  const std::string_view text =
      line.substr(column, words.back().column + words.back().text.size() - column);
  std::string fault;
  const auto value = read_quantity(text, row.unit, fault);
  if (!value) return wrong(fmt::format("{} {} ({})", in_quotes(text), fault, usage(row)), column);
  if (*value < row.lowest || *value > row.highest)
    return wrong(
        fmt::format("{}: write {} from {} to {}", in_quotes(text), dimension_name(row.unit),
                    quantity_text(row.lowest, row.unit), quantity_text(row.highest, row.unit)),
        column);
  order.value = *value;
  return {order, {}, 0};
}

ReadOrder read_fault(std::string_view line, std::span<const Word> words, SimulationOrder order) {
  const auto known = known_faults();
  if (words.size() < 2)
    return wrong(fmt::format("say what is wrong with it{}", hint("", known, "the faults")),
                 line.size());
  const bool clear = words[1].text == "clear";
  if (clear && words.size() == 2) {
    order.kind = Kind::clear_all;
    return {order, {}, 0};
  }
  const Word& name = words[clear ? 2 : 1];
  const auto fault = simulator::find_fault(name.text);
  if (!fault)
    return wrong(fmt::format("unknown fault {}{}", in_quotes(name.text),
                             hint(name.text, known, "the faults")),
                 name.column);
  order.fault = *fault;
  order.kind = clear ? Kind::clear : Kind::inject;
  if (!clear) return read_arguments(facts(*fault), line, words, order);
  if (words.size() > 3)
    return wrong("clear takes one fault at most, all its numbers at once", words[3].column);
  return {order, {}, 0};
}

std::optional<std::size_t> find_pack(std::string_view name, std::span<const std::string> packs) {
  for (std::size_t i = 0; i < packs.size(); ++i)
    if (packs[i] == name) return i;
  return std::nullopt;
}

ReadOrder no_such_pack(const Word& word, std::span<const std::string> packs) {
  const std::vector<std::string_view> known(packs.begin(), packs.end());
  return wrong(
      fmt::format("no pack {}{}", in_quotes(word.text), hint(word.text, known, "the packs")),
      word.column);
}

/// The time at the start of a script line; `used`: how many characters of `line` it takes.
std::optional<std::int32_t> read_time(std::span<const Word> words, std::size_t& used,
                                      std::string& fault) {
  const Word& first = words[0];
  const bool unit_apart = words.size() > 1 && first.text.back() >= '0' && first.text.back() <= '9';
  if (unit_apart) {
    const std::string both = fmt::format("{} {}", first.text, words[1].text);
    if (const auto time = parse_quantity(both, Unit::millisecond); time.count) {
      used = words[1].column + words[1].text.size();
      return time.count;
    }
  }
  used = first.column + first.text.size();
  return read_quantity(first.text, Unit::millisecond, fault);
}

bool acts(const SimulationOrder& order) {
  return order.kind == Kind::inject || order.kind == Kind::clear || order.kind == Kind::clear_all;
}

}  // namespace

ReadOrder read_order(std::string_view line, std::span<const std::string> packs) {
  const std::vector<Word> words = words_of(line);
  if (words.empty()) return wrong("write an order; help lists them", 0);
  SimulationOrder order;
  const std::string_view first = words[0].text;
  if (first == "status" || first == "help") {
    if (words.size() > 1)
      return wrong(fmt::format("{} takes nothing more", first), words[1].column);
    order.kind = first == "status" ? Kind::status : Kind::help;
    return {order, {}, 0};
  }
  const bool state = first == "state";
  if (state && words.size() != 2) return wrong("write state PACK", line.size());
  const Word& name = words[state ? 1 : 0];
  const auto pack = find_pack(name.text, packs);
  if (!pack) return no_such_pack(name, packs);
  order.pack = *pack;
  order.kind = Kind::state;
  return state ? ReadOrder{order, {}, 0} : read_fault(line, words, order);
}

std::string simulation_words() {
  std::string text = "status; state PACK; help; PACK clear [FAULT]";
  for (const FaultRow& row : kFaults) text += fmt::format("; PACK {}", usage(row));
  return text;
}

std::string fault_text(Fault fault, std::size_t number, std::int32_t value) {
  const FaultRow& row = facts(fault);
  std::string text(row.name);
  if (row.form == FaultForm::numbered_value) text += fmt::format(" {}", number);
  if (row.form != FaultForm::plain) text += fmt::format(" {}", quantity_text(value, row.unit));
  return text;
}

ReadScript read_script(std::string_view text, std::string_view file,
                       std::span<const std::string> packs) {
  ReadScript script;
  std::size_t number = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    std::string_view line = text.substr(from, end - from);
    from = end + 1;
    ++number;
    line = line.substr(0, line.find('#'));
    const std::vector<Word> words = words_of(line);
    if (words.empty()) continue;
    std::size_t used = 0;
    std::string fault;
    const auto time = read_time(words, used, fault);
    if (!time || *time < 0) {
      script.faults.push_back(
          fmt::format("{}:{}:{}: {}: begin with the time since the start, for example 10s", file,
                      number, words[0].column + 1, in_quotes(words[0].text)));
      continue;
    }
    ReadOrder read = read_order(line.substr(used), packs);
    if (read.order && !acts(*read.order))
      read = wrong("answers nobody in a script: leave it out", words.back().column - used);
    if (read.order)
      script.orders.push_back({{*time}, *read.order});
    else
      script.faults.push_back(
          fmt::format("{}:{}:{}: {}", file, number, used + read.column + 1, read.fault));
  }
  std::ranges::stable_sort(script.orders, {}, [](const TimedOrder& each) { return each.at.count; });
  return script;
}

}  // namespace cw
