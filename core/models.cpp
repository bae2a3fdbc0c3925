// SPDX-License-Identifier: Apache-2.0
#include "core/models.h"

#include <cstddef>
#include <optional>

namespace cw {
namespace {

using namespace std::string_view_literals;

/// The fewest cells the sheets give a group of boards: Li-ion, LFP, LTO. It follows from the
/// supply.
struct Fewest {
  std::uint8_t li_ion, lfp, lto;
};
constexpr Fewest kFrom7{7, 8, 12};
constexpr Fewest kFrom3{3, 4, 6};
constexpr Fewest kFrom8{8, 8, 12};
constexpr Fewest kGuide{7, 8, 14};     // S4, for its own board; the sheets say 12
constexpr Fewest kInverter{8, 8, 8};   // PB: 8 to 16, whatever the chemistry
constexpr Fewest kAnyNumber{2, 2, 2};  // a name says the most only

constexpr std::int32_t kOffered = 10'000;  // mA, S0: where the adjustable range begins

struct Ratings {
  std::int32_t balance_mA, resistance_uohm, continuous_A, peak_A, adjustable_A;
};
struct Equipment {
  Fitted can, rs485, heater;
  HeaterLimits heater_limits;
  Port port;
  Family family;
};

constexpr Model board(std::string_view name, Fewest fewest, std::uint8_t most, Ratings rated,
                      const Equipment& with, BoardSize size, std::string_view sources) {
  return {.name = name,
          .li_ion = {fewest.li_ion, most},
          .lfp = {fewest.lfp, most},
          .lto = {fewest.lto, most},
          .balance_current = {rated.balance_mA},
          .main_resistance = {rated.resistance_uohm},
          .continuous_current = {rated.continuous_A * 1'000},
          .peak_current = {rated.peak_A * 1'000},
          .setting_lowest = {rated.adjustable_A == 0 ? 0 : kOffered},
          .setting_highest = {rated.adjustable_A * 1'000},
          .can = with.can,
          .rs485 = with.rs485,
          .heater = with.heater,
          .heater_limits = with.heater_limits,
          .port = with.port,
          .family = with.family,
          .size = size,
          .sources = sources};
}

constexpr HeaterLimits kUsualHeater{};
constexpr HeaterLimits kSmallHeater{{3'000}, {100'000}};  // S2: "100W of B2A8S20P"
constexpr HeaterLimits kGuideHeater{{10'000}, {0}};       // S4

constexpr auto kNo = Fitted::no;
constexpr auto kOption = Fitted::option;
constexpr auto kYes = Fitted::yes;
constexpr auto kUnstated = Fitted::unknown;
// clang-format off
//                              CAN        RS485      heater     it carries    port           family
constexpr Equipment kPlain    {kOption,   kYes,      kNo,       kUsualHeater, Port::common,  Family::classic};
constexpr Equipment kHeatable {kOption,   kYes,      kOption,   kUsualHeater, Port::common,  Family::classic};
constexpr Equipment kGuide12P {kOption,   kOption,   kOption,   kGuideHeater, Port::common,  Family::guide_12p};
constexpr Equipment kPlain8   {kOption,   kYes,      kNo,       kUsualHeater, Port::common,  Family::eight_cells};
constexpr Equipment kHeatable8{kOption,   kYes,      kOption,   kUsualHeater, Port::common,  Family::eight_cells};
constexpr Equipment kHeat100W {kOption,   kYes,      kOption,   kSmallHeater, Port::common,  Family::eight_cells};
constexpr Equipment kRelay    {kYes,      kYes,      kNo,       kUsualHeater, Port::split,   Family::relay};
constexpr Equipment kPb       {kYes,      kYes,      kUnstated, kUsualHeater, Port::common,  Family::inverter};

constexpr BoardSize kSize4P  {1100,  730, 180};  // S0
constexpr BoardSize kSize4P24{1160,  830, 180};  // S0
constexpr BoardSize kSize8P  {1360,  830, 176};  // S2, the drawing; S0, S1: 133 x 81 x 18
constexpr BoardSize kSize20P {1620, 1020, 204};  // S2, the drawing; S0, S1: 20 high
constexpr BoardSize kSize12P {1468, 1030, 176};  // S4
constexpr BoardSize kSize8S  {1530, 1360, 180};  // S0
constexpr BoardSize kSizeRP  {1890,  940, 240};  // S0
constexpr BoardSize kSize60P {2340, 1340, 320};  // S0

constexpr auto kModels = std::to_array<Model>({
    //     name        cells         mA    µΩ     A  2 min  setting A
    board("BD4A17S4P",  kFrom7, 17, {  400, 2800,   40,  60,   40}, kPlain,     kSize4P,   "S0 S1 S2"),
    board("BD4A20S4P",  kFrom7, 20, {  400, 2800,   40,  60,   40}, kPlain,     kSize4P,   "S0 S1 S2"),
    board("BD4A24S4P",  kFrom7, 24, {  400, 2800,   40,  60,   40}, kPlain,     kSize4P24, "S0 S1 S2"),
    board("BD6A17S6P",  kFrom7, 17, {  600, 1530,   60, 100,   60}, kPlain,     kSize8P,   "S0 S1 S2"),
    board("BD6A20S6P",  kFrom7, 20, {  600, 1530,   60, 100,   60}, kPlain,     kSize8P,   "S0 S1 S2"),
    board("BD6A24S6P",  kFrom7, 24, {  600, 1530,   60, 100,   60}, kPlain,     kSize8P,   "S0 S1 S2"),
    board("BD6A17S8P",  kFrom7, 17, {  600, 1200,   80, 150,   80}, kPlain,     kSize8P,   "S0 S1 S2"),
    board("BD6A20S8P",  kFrom7, 20, {  600, 1200,   80, 150,   80}, kPlain,     kSize8P,   "S0 S1 S2"),
    board("BD6A24S8P",  kFrom7, 24, {  600, 1200,   80, 150,   80}, kPlain,     kSize8P,   "S0 S1 S2"),
    board("BD6A20S10P", kFrom7, 20, {  600, 1000,  100, 200,  100}, kHeatable,  kSize20P,  "S0 S1 S2"),
    board("BD6A24S10P", kFrom7, 24, {  600, 1000,  100, 200,  100}, kHeatable,  kSize20P,  "S0 S1 S2"),
    board("BD6A20S12P", kFrom7, 20, {  600,  650,  120, 250,  120}, kHeatable,  kSize20P,  "S0"),
    board("BD6A24S12P", kFrom7, 24, {  600,  650,  120, 250,  120}, kHeatable,  kSize20P,  "S0"),
    board("B1A17S12P",  kFrom7, 17, {1'000,  650,  120, 250,  120}, kHeatable,  kSize20P,  "S1 S2"),
    board("B1A20S12P",  kFrom7, 20, {1'000,  650,  120, 250,  120}, kHeatable,  kSize20P,  "S1 S2"),
    board("BD4A20S12P", kGuide, 20, {  400,  900,  120, 240,    0}, kGuide12P,  kSize12P,  "S4"),
    board("BD4A24S12P", kGuide, 24, {  400,  900,  120, 240,    0}, kGuide12P,  kSize12P,  "S4"),
    board("BD6A20S15P", kFrom7, 20, {  600,  650,  150, 300,  150}, kHeatable,  kSize20P,  "S0"),
    board("BD6A24S15P", kFrom7, 24, {  600,  650,  150, 300,  150}, kHeatable,  kSize20P,  "S0"),
    board("B1A20S15P",  kFrom7, 20, {1'000,  650,  150, 300,  150}, kHeatable,  kSize20P,  "S0 S1 S2"),
    board("B1A24S15P",  kFrom7, 24, {1'000,  650,  150, 300,  150}, kHeatable,  kSize20P,  "S0 S1 S2"),
    board("B2A24S15P",  kFrom7, 24, {2'000,  470,  150, 300,  150}, kHeatable,  kSize20P,  "S0 S1 S2"),
    board("B2A20S20P",  kFrom7, 20, {2'000,  470,  200, 350,  200}, kHeatable,  kSize20P,  "S0 S1 S2"),
    board("B2A24S20P",  kFrom7, 24, {2'000,  470,  200, 350,  200}, kHeatable,  kSize20P,  "S0 S1 S2"),
    board("BD4A8S4P",   kFrom3,  8, {  400, 2800,   40,  60,   40}, kPlain8,    kSize4P,   "S0 S1"),
    board("B1A8S10P",   kFrom3,  8, {1'000,  300,  100, 200,  100}, kHeatable8, kSize8S,   "S0 S1"),
    board("B1A8S20P",   kFrom3,  8, {1'000,  300,  200, 350,  200}, kHeatable8, kSize8S,   "S0 S1"),
    board("B2A8S20P",   kFrom3,  8, {2'000,  300,  200, 350,  200}, kHeat100W,  kSize8S,   "S0 S1"),
    board("B2A25SRP",   kFrom8, 25, {2'000,    0, 1000,   0, 1000}, kRelay,     kSizeRP,   "S0 S1"),
    board("B5A25S60P",  kFrom8, 25, {5'000,    0,  500,   0,  600}, kRelay,     kSize60P,  "S0 S1"),
    board("PB1A16S10P", kInverter, 16, {1'000, 0,  100,   0,    0}, kPb,        {},        "PB"),
    board("PB1A16S15P", kInverter, 16, {1'000, 0,  150,   0,    0}, kPb,        {},        "PB"),
    board("PB1A16S20P", kInverter, 16, {1'000, 0,  200,   0,    0}, kPb,        {},        "PB"),
    board("PB2A16S15P", kInverter, 16, {2'000, 0,  150,   0,    0}, kPb,        {},        "PB"),
    board("PB2A16S20P", kInverter, 16, {2'000, 0,  200,   0,    0}, kPb,        {},        "PB"),
});
// clang-format on

/// Takes a text apart from its front.
class Reader {
 public:
  explicit constexpr Reader(std::string_view text) : rest_(text) {}
  constexpr bool take(std::string_view part) {
    if (!rest_.starts_with(part)) return false;
    rest_.remove_prefix(part.size());
    return true;
  }
  constexpr bool take(char letter) { return take(std::string_view{&letter, 1}); }
  /// One to three digits; 0 where there is none.
  constexpr std::int32_t number() {
    std::int32_t value = 0;
    for (int digits = 0; digits < 3 && !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
         ++digits) {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  constexpr bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// What a name says. Two names with the same words before the suffix mean the same board.
struct Words {
  bool inverter = false;
  std::int32_t balance_mA = 0;
  std::int32_t cells = 0;
  std::int32_t tens_of_amps = 0;  // 0: it does not say
  bool relay = false;
  friend constexpr bool operator==(const Words&, const Words&) = default;
};
struct Suffix {
  bool heater = false, can = false, rs485 = false;
};
struct ParsedName {
  Words words;
  Suffix suffix;
};

constexpr std::optional<Words> parse_words(Reader& reader) {
  if (reader.take("JK"sv) && !reader.take('_') && !reader.take('-')) return std::nullopt;
  Words words;
  words.inverter = reader.take('P');
  if (!reader.take('B')) return std::nullopt;
  const std::int32_t step_mA = reader.take('D') ? 100 : 1'000;
  words.balance_mA = reader.number() * step_mA;
  if (words.balance_mA == 0 || !reader.take('A')) return std::nullopt;
  words.cells = reader.number();
  if (words.cells < facts(Parameter::cell_count).lowest ||
      words.cells > facts(Parameter::cell_count).highest || !reader.take('S'))
    return std::nullopt;
  const bool dash = reader.take('-') || reader.take('_');
  if (reader.take("RP"sv)) {
    words.relay = true;
    return words;
  }
  words.tens_of_amps = reader.number();
  if (words.tens_of_amps == 0) return dash ? std::nullopt : std::optional{words};
  if (!reader.take('P')) return std::nullopt;
  return words;
}

constexpr std::optional<ParsedName> parse_name(std::string_view text) {
  Reader reader{text};
  const auto words = parse_words(reader);
  if (!words) return std::nullopt;
  ParsedName parsed{*words, {}};
  if (reader.take('-') && reader.at_end()) return std::nullopt;
  while (!reader.at_end()) {
    if (reader.take('H'))
      parsed.suffix.heater = true;
    else if (reader.take('C'))
      parsed.suffix.can = true;
    else if (reader.take('R'))
      parsed.suffix.rs485 = true;
    else
      return std::nullopt;
  }
  return parsed;
}

constexpr Model model_by_name(const Words& words) {
  const auto amps = words.tens_of_amps * 10;
  const Equipment with{kUnstated,     kUnstated,
                       kUnstated,     kUsualHeater,
                       Port::unknown, words.inverter ? Family::inverter : Family::classic};
  return board({}, kAnyNumber, static_cast<std::uint8_t>(words.cells),
               {words.balance_mA, 0, amps, 0, amps}, with, {}, {});
}

consteval bool every_name_is_one_of_its_own() {
  for (std::size_t i = 0; i < kModels.size(); ++i) {
    const auto mine = parse_name(kModels[i].name);
    if (!mine) return false;
    for (std::size_t j = 0; j < i; ++j)
      if (parse_name(kModels[j].name)->words == mine->words) return false;
  }
  return true;
}
consteval bool every_row_says_what_its_name_says() {
  for (const Model& model : kModels) {
    const Words words = parse_name(model.name)->words;
    if (model.balance_current.count != words.balance_mA) return false;
    if (model.li_ion.most != words.cells || model.lfp.most != words.cells) return false;
    if (model.lto.most != words.cells) return false;
    // The two exceptions: the relay board says no current, and B5A25S60P says its highest setting.
    const auto stated =
        model.family == Family::relay ? model.setting_highest : model.continuous_current;
    if (!words.relay && stated.count != words.tens_of_amps * 10'000) return false;
  }
  return true;
}
static_assert(every_name_is_one_of_its_own());
static_assert(every_row_says_what_its_name_says());
static_assert(kFamilies.size() == static_cast<std::size_t>(Family::inverter) + 1);

}  // namespace

std::span<const Model> all_models() { return kModels; }

FoundModel find_model(std::string_view text) {
  const auto parsed = parse_name(text);
  if (!parsed) return {};
  FoundModel found{ModelMatch::by_name, model_by_name(parsed->words)};
  for (const Model& model : kModels)
    if (parse_name(model.name)->words == parsed->words) found = {ModelMatch::exact, model};
  if (parsed->suffix.heater) found.model.heater = Fitted::yes;
  if (parsed->suffix.can) found.model.can = Fitted::yes;
  if (parsed->suffix.rs485) found.model.rs485 = Fitted::yes;
  return found;
}

}  // namespace cw
