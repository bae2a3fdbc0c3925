// SPDX-License-Identifier: Apache-2.0
// Damaged configuration files: never a crash, and never one that is accepted although a setting
// that matters for safety did not arrive. Seeded: a failure shows the file.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "daemon/configuration/configuration.h"
#include "daemon/configuration/options.h"
#include "daemon/configuration/quantity_text.h"

namespace cw {
namespace {

// Every setting that matters has a value that is not its default.
constexpr std::string_view kFile = R"([gateway]
name = "cabin"

[[pack]]
name = "garage" # the big one
protocol = "jk-uart"
port = "/dev/ttyUSB0"
baud = 9600
poll = "700 ms"
stale_after = "4 s"
chemistry = "lfp"
cells = 15
capacity = "280 Ah"

[pack.policy]
cell_overvoltage = "3.55 V"
cell_undervoltage = "2.7 V"
charge_overcurrent = "120 A"
charge_overtemperature = "52 °C"

[[relay]]
name = "charger"
role = "discharge"
packs = ["garage"]
chip = "/dev/gpiochip0"
line = 17
active_low = true
safe = "closed"
safe_reason = "shunt trip"

[supervisor]
mode = "control"
temperature_delay = "7 s"
discharge_overcurrent = "90 A"

[modbus]
port = 1503
)";

constexpr std::string_view kPieces[] = {"\"",
                                        "'",
                                        "[",
                                        "]",
                                        "[[",
                                        "]]",
                                        "=",
                                        "#",
                                        "\n",
                                        ".",
                                        ",",
                                        "{",
                                        "}",
                                        "\"\"\"",
                                        "'''",
                                        "\\",
                                        "\t",
                                        "-",
                                        " V",
                                        " mV",
                                        " s",
                                        " ms",
                                        "true",
                                        "false",
                                        "[pack]",
                                        "[[pack]]",
                                        "mode",
                                        "\"3 V\"",
                                        "1e9",
                                        "0x1F",
                                        "_",
                                        "nan",
                                        "\xff",
                                        "\xc3\x28",
                                        "\r\n",
                                        "inf",
                                        "policy",
                                        "99999999999999999999",
                                        "[pack.policy]",
                                        "cell_overvoltage = \"3.5 V\"\n",
                                        "safe = \"open\"\n"};

class Damage {
 public:
  explicit Damage(std::uint32_t seed) : random_(seed) {}

  std::string apply(std::string text) {
    for (std::size_t times = 1 + below(3); times > 0; --times) once(text);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) {
    return limit == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  void on_lines(std::string& text, std::size_t kind) {
    std::vector<std::string> lines = split(text);
    if (lines.empty()) return;
    const std::size_t a = below(lines.size());
    const std::size_t b = below(lines.size());
    if (kind == 0) lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(a));
    if (kind == 1) lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(b), lines[a]);
    if (kind == 2) std::swap(lines[a], lines[b]);
    text.clear();
    for (const std::string& line : lines) text += line + "\n";
  }

  void once(std::string& text) {
    const std::size_t at = below(text.size());
    switch (below(9)) {
      case 0: text.resize(at); break;
      case 1:
        if (!text.empty()) text[at] = static_cast<char>(below(256));
        break;
      case 2: text.erase(at, 1 + below(8)); break;
      case 3: text.insert(at, 1, static_cast<char>(32 + below(95))); break;
      case 4: text.insert(at, text.substr(below(text.size()), below(30))); break;
      case 5: on_lines(text, 0); break;
      case 6: on_lines(text, 1); break;
      case 7: on_lines(text, 2); break;
      default: text.insert(at, kPieces[below(std::size(kPieces))]); break;
    }
  }

  std::mt19937 random_;
};

/// What stands behind `key =` on lines of its own, without quotes, blanks and comments.
std::vector<std::string> written_values(const std::string& text, std::string_view key) {
  std::vector<std::string> values;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line.compare(begin, key.size(), key) != 0) continue;
    const auto equals = line.find_first_not_of(" \t", begin + key.size());
    if (equals == std::string::npos || line[equals] != '=') continue;
    std::string value = line.substr(equals + 1);
    const auto quote = value.find('"');
    if (quote != std::string::npos)
      value = value.substr(quote + 1, value.find('"', quote + 1) - quote - 1);
    else
      value = value.substr(0, value.find_first_of("#\r"));
    const auto first = value.find_first_not_of(" \t");
    const auto last = value.find_last_not_of(" \t");
    values.push_back(first == std::string::npos ? "" : value.substr(first, last - first + 1));
  }
  return values;
}

/// True if a value that the file spells out is the one in use.
template <class Same>
bool arrived(const std::string& text, std::string_view key, Same same) {
  const auto values = written_values(text, key);
  return values.empty() || std::any_of(values.begin(), values.end(), same);
}

void expect_limits_arrived(const std::string& text, const ParameterSet& policy) {
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (!is_policy(parameter)) continue;
    EXPECT_TRUE(arrived(text, file_key(parameter),
                        [&](const std::string& value) {
                          const auto count = parse_quantity(value, facts(parameter).unit).count;
                          return count.has_value() && count == policy.get(parameter);
                        }))
        << file_key(parameter) << "\n"
        << text;
  }
}

void expect_settings_arrived(const std::string& text, const Configuration& read) {
  EXPECT_TRUE(arrived(text, "mode", [&](const auto& v) { return v == name(read.mode); })) << text;
  for (const PackConfiguration& pack : read.packs) {
    expect_limits_arrived(text, pack.policy);
    const auto span_is = [](Millis span) {
      return [span](const std::string& v) {
        return parse_quantity(v, Unit::millisecond).count == span.count;
      };
    };
    const auto cells = std::to_string(pack.policy.get(Parameter::cell_count).value_or(0));
    const auto chemistry_is = [&](const auto& v) { return v == pack.chemistry; };
    EXPECT_TRUE(arrived(text, "poll", span_is(pack.poll))) << text;
    EXPECT_TRUE(arrived(text, "stale_after", span_is(pack.stale_after))) << text;
    EXPECT_TRUE(arrived(text, "chemistry", chemistry_is)) << text;
    EXPECT_TRUE(arrived(text, "cells", [&](const auto& v) {
      return v == cells || v == "+" + cells || v.find_first_of("x_ob") != std::string::npos;
    })) << text;
  }
  for (const RelayConfiguration& relay : read.relays) {
    const std::string low = relay.gpio.active_low ? "true" : "false";
    const std::string safe = relay.safe_energised ? "closed" : "open";
    EXPECT_TRUE(arrived(text, "role", [&](const auto& v) { return v == name(relay.role); }))
        << text;
    EXPECT_TRUE(arrived(text, "active_low", [&](const auto& v) { return v == low; })) << text;
    EXPECT_TRUE(arrived(text, "safe", [&](const auto& v) { return v == safe; })) << text;
  }
}

TEST(ConfigurationFuzz, ADamagedFileIsRefusedOrMeansWhatItSays) {
  ASSERT_TRUE(parse_configuration(kFile, "f.toml").faults.empty());
  std::size_t accepted = 0;
  constexpr std::uint32_t kFiles = 30'000;
  for (std::uint32_t seed = 0; seed < kFiles; ++seed) {
    const std::string text = Damage(seed).apply(std::string(kFile));
    const LoadedConfiguration loaded = parse_configuration(text, "f.toml");
    for (const ConfigurationFault& fault : loaded.faults)
      ASSERT_FALSE(fault.message.empty()) << text;
    if (!loaded.faults.empty()) continue;
    ++accepted;
    expect_settings_arrived(text, loaded.configuration);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(accepted, kFiles / 100) << "nothing was checked";
  EXPECT_LT(accepted, kFiles / 2) << "nothing was damaged";
}

TEST(ConfigurationFuzz, NoiseIsNeverMoreThanRefused) {
  std::mt19937 random(7);
  for (int i = 0; i < 3'000; ++i) {
    std::string text(random() % 300, '\0');
    for (char& c : text) c = static_cast<char>(random() % (i % 2 == 0 ? 256 : 128));
    for (std::size_t k = random() % 8; k > 0; --k)
      text.insert(random() % (text.size() + 1), kPieces[random() % std::size(kPieces)]);
    parse_configuration(text, "noise.toml");
    ParameterSet set;
    std::vector<ConfigurationFault> faults;
    const bool accepted = parse_parameters(text, "noise.toml", set, faults);
    EXPECT_EQ(accepted, faults.empty()) << text;
  }
}

TEST(ConfigurationFuzz, ADamagedParameterFileChangesNothingOrWhatItSays) {
  constexpr std::string_view file =
      "cell_overvoltage = \"3.55 V\"\ncell_undervoltage = \"2.7 V\"\ncell_count = 16\n"
      "capacity = \"280 Ah\"\nshort_circuit_delay = \"30 us\"\n";
  for (std::uint32_t seed = 0; seed < 10'000; ++seed) {
    const std::string text = Damage(seed).apply(std::string(file));
    ParameterSet set;
    std::vector<ConfigurationFault> faults;
    if (parse_parameters(text, "p.toml", set, faults))
      expect_limits_arrived(text, set);
    else
      EXPECT_EQ(set, ParameterSet{});
    if (HasFailure()) FAIL() << "seed " << seed << "\n" << text;
  }
}

}  // namespace
}  // namespace cw
