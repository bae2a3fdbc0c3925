// SPDX-License-Identifier: Apache-2.0
// Whole configuration files, right and wrong: every message as a person sees it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/configuration/configuration.h"

namespace cw {
namespace {

namespace fs = std::filesystem;
const fs::path kFolder = fs::path(CW_SOURCE_DIR) / "tests/golden/configuration";

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<fs::path> files(const char* folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(kFolder / folder))
    if (entry.path().extension() == ".toml") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

// An expected line that ends in * stands for any rest.
bool fits(const std::string& expected, const std::string& message) {
  if (!expected.ends_with('*')) return message == expected;
  return message.starts_with(std::string_view(expected).substr(0, expected.size() - 1));
}

class BadFile : public testing::TestWithParam<fs::path> {};
class GoodFile : public testing::TestWithParam<fs::path> {};

std::string test_name(const testing::TestParamInfo<fs::path>& information) {
  std::string name = information.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

TEST_P(BadFile, IsRefusedWithEveryFaultInItsPlace) {
  const fs::path file = GetParam();
  const auto loaded = parse_configuration(read(file), file.filename().string());
  std::vector<std::string> messages;
  for (const ConfigurationFault& fault : loaded.faults) messages.push_back(fault.text());
  const auto expected = lines_of(read(fs::path(file).replace_extension(".expected")));
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(messages.size(), expected.size()) << testing::PrintToString(messages);
  for (std::size_t i = 0; i < std::min(messages.size(), expected.size()); ++i)
    EXPECT_TRUE(fits(expected[i], messages[i]))
        << "is:       " << messages[i] << "\nexpected: " << expected[i];
}

TEST_P(BadFile, HasItsFaultsInTheOrderOfTheFile) {
  const auto faults = parse_configuration(read(GetParam()), "a.toml").faults;
  EXPECT_TRUE(std::is_sorted(faults.begin(), faults.end(), [](const auto& a, const auto& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  }));
  for (const ConfigurationFault& fault : faults) {
    EXPECT_GT(fault.line, 0u) << fault.text();
    EXPECT_GT(fault.column, 0u) << fault.text();
  }
}

TEST_P(GoodFile, IsAccepted) {
  const auto loaded = parse_configuration(read(GetParam()), "good.toml");
  for (const ConfigurationFault& fault : loaded.faults) ADD_FAILURE() << fault.text();
}

INSTANTIATE_TEST_SUITE_P(Configuration, BadFile, testing::ValuesIn(files("bad")), test_name);
INSTANTIATE_TEST_SUITE_P(Configuration, GoodFile, testing::ValuesIn(files("good")), test_name);

TEST(ConfigurationGolden, HasAtLeastFortyBadFiles) { EXPECT_GE(files("bad").size(), 40u); }

}  // namespace
}  // namespace cw
