// SPDX-License-Identifier: Apache-2.0
// The what-if tool: whole traces against their exact output, and every way a trace or its
// parameters can be wrong against the words that say so.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/commands/commands.h"
#include "daemon/configuration/parameter_text.h"

namespace cw {
namespace {

const std::string kRoot = CW_SOURCE_DIR "/";

std::string content(const std::string& file) {
  std::ifstream stream{file};
  EXPECT_TRUE(stream) << file;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct Result {
  int status;
  std::string out;
  std::string error;
};

Result run(const ShadowOptions& options) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = command_shadow(options);
  std::fflush(stdout);
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

// The names in the trace's first line; files are relative to the root of the project.
std::vector<std::string> parameters_of(const std::string& trace) {
  std::istringstream line{content(trace).substr(std::string{"# parameters:"}.size())};
  std::string first;
  std::getline(line, first);
  std::istringstream words{first};
  std::vector<std::string> names;
  for (std::string word; words >> word;)
    names.push_back(word.ends_with(".toml") ? kRoot + word : word);
  return names;
}

class ShadowOf : public testing::TestWithParam<const char*> {};

TEST_P(ShadowOf, PrintsExactlyTheseDecisions) {
  const std::string stem = kRoot + "tests/golden/shadow/" + GetParam();
  const Result result = run(
      {.parameters = parameters_of(stem + ".csv"), .trace = stem + ".csv", .final_state = true});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.out, content(stem + ".expected"));
}

INSTANTIATE_TEST_SUITE_P(Trace, ShadowOf,
                         testing::Values("overvoltage", "overcurrent", "cold_morning"));

class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& text)
      : path_(testing::TempDir() + "cw_shadow_" + std::to_string(getpid()) + "_" + name) {
    std::ofstream{path_} << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Refusal {
  const char* trace;
  const char* place_and_words;  // after the file's name
};

class RefusedTrace : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedTrace, SaysWhereAndWhatWouldBeRight) {
  const TemporaryFile trace{"trace.csv", GetParam().trace};
  const Result result = run({.parameters = {"lfp"}, .trace = trace.path()});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.error, trace.path() + GetParam().place_and_words);
}

INSTANTIATE_TEST_SUITE_P(
    Shadow, RefusedTrace,
    testing::Values(
        Refusal{"", ": no line with the names of the columns\n"},
        Refusal{"current_A\n1\n", ":1:1: there is no column t_s with the time in seconds\n"},
        Refusal{"t_s, curent_A\n",
                ":1:6: no column is called \"curent_A\"; did you mean \"current_A\"?\n"},
        Refusal{"t_s,zzzzzzzzzzzzzz\n",
                ":1:5: no column is called \"zzzzzzzzzzzzzz\"; columns are t_s and the keys that "
                "`cellwarden docs fields` lists\n"},
        Refusal{"t_s,cell_voltage_33_V\n",
                ":1:5: no column is called \"cell_voltage_33_V\"; did you mean "
                "\"cell_voltage_03_V\"?\n"},
        Refusal{"t_s,temperature_1_C,temperature_01_C\n",
                ":1:21: a second column for temperature_01_C\n"},
        Refusal{"t_s,cell_voltage_01_V,cell_voltage_03_V\n",
                ":1:1: there is no column cell_voltage_02_V: cells count from 1 without a gap\n"},
        Refusal{"t_s,cell_voltage_01_V\n0,3.3005\n",
                ":2:3: cell_voltage_01_V: 3.3005 is not in steps of 0.001\n"},
        Refusal{"t_s,cell_count\n0,4.5\n", ":2:3: cell_count: 4.5 is not in whole numbers\n"},
        Refusal{"t_s,current_A\n0, 3A\n", ":2:4: current_A: \"3A\" is not a number\n"},
        Refusal{"t_s,current_A\n0,-\n", ":2:3: current_A: \"-\" is not a number\n"},
        Refusal{"t_s,current_A\n0,2147483.648\n", ":2:3: current_A: 2147483.648 is too large\n"},
        Refusal{"t_s,current_A\n0,99999999999999999999\n",
                ":2:3: current_A: \"99999999999999999999\" is not a number\n"},
        Refusal{"t_s,charge_mosfet\n0,2\n",
                ":2:3: charge_mosfet: 2 is neither 0 (false) nor 1 (true)\n"},
        Refusal{"t_s,current_A\n\n0,1\n,2\n", ":4:1: t_s: \"\" is not a number\n"},
        Refusal{"t_s,current_A\n0,1\n0,2\n", ":3:1: t_s: 0 is not after the row before, 0\n"},
        Refusal{"t_s,current_A\n0,1,2\n", ":2:1: 3 values, but 2 columns\n"}));

TEST(Shadow, NamesEveryFaultOfTheHeader) {
  const TemporaryFile trace{"trace.csv", "t_s,curent_A,voltag_V\n"};
  const Result result = run({.parameters = {"lfp"}, .trace = trace.path()});
  EXPECT_NE(result.error.find(":1:5: "), std::string::npos) << result.error;
  EXPECT_NE(result.error.find(":1:14: "), std::string::npos) << result.error;
}

TEST(Shadow, KeepsWhatItSaidBeforeTheFaultyRow) {
  const TemporaryFile trace{"trace.csv", "t_s,current_A\n0,1\n1,x\n"};
  const Result result = run({.parameters = {"lfp"}, .trace = trace.path()});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("\n0.000,charge_overcurrent,released,"), std::string::npos);
}

TEST(Shadow, TakesWhatSpreadsheetsWrite) {
  const TemporaryFile trace{"trace.csv", "\xEF\xBB\xBFt_s , current_A\r\n 0 , +1.50000 \r\n"};
  const Result result = run({.parameters = {"lfp"}, .trace = trace.path()});
  EXPECT_EQ(result.error, "");
  EXPECT_NE(result.out.find("charge_overcurrent,released,1.500,"), std::string::npos);
}

TEST(Shadow, NamesTheOrderingsThatItsParametersBreak) {
  const TemporaryFile mine{"mine.toml", "cell_overvoltage_recovery = \"3.60 V\"\n"};
  const TemporaryFile also{"also.toml", "cell_overvoltage = \"3.55 V\"\n"};
  const Result result = run({.parameters = {"lfp", mine.path(), also.path()}, .trace = "-"});
  EXPECT_EQ(result.status, 78);
  EXPECT_EQ(result.error,
            "cell_overvoltage_recovery_V 3.60 must be below cell_overvoltage_V 3.55\n");
}

TEST(Shadow, NamesThePlaceOfAFaultInAParameterFile) {
  const TemporaryFile mine{"mine.toml", "\ncell_overvoltage = \"9 V\"\n"};
  const Result result = run({.parameters = {"lfp", mine.path()}, .trace = "-"});
  EXPECT_EQ(result.status, 78);
  EXPECT_EQ(result.error.rfind(mine.path() + ":2:", 0), 0u) << result.error;
}

TEST(Shadow, HintsAtThePresetThatWasMeant) {
  const Result result = run({.parameters = {"jk-10-lpf"}, .trace = "-"});
  EXPECT_EQ(result.status, 66);
  EXPECT_NE(result.error.find("did you mean \"jk-10-lfp\"?"), std::string::npos) << result.error;
}

TEST(Shadow, SaysThatATraceIsMissing) {
  const Result result = run({.parameters = {"lfp"}, .trace = "/nowhere/trace.csv"});
  EXPECT_EQ(result.status, 66);
  EXPECT_EQ(result.error, "/nowhere/trace.csv cannot be opened: No such file or directory\n");
}

TEST(Shadow, SaysWhichRulesGuardNothingWithTheParametersGiven) {
  const TemporaryFile mine{"mine.toml", "cell_overvoltage = \"3.65 V\"\n"};
  const TemporaryFile trace{"trace.csv", "t_s,current_A\n0,1\n"};
  const Result result = run({.parameters = {mine.path()}, .trace = trace.path()});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("0.000,cell_overvoltage,off,,,V,,"), std::string::npos) << result.out;
}

TEST(ViolationText, NamesBothValuesInTheirUnit) {
  ParameterSet set;
  set.set(Parameter::charge_undertemperature, 50);
  set.set(Parameter::charge_undertemperature_recovery, -5);
  EXPECT_EQ(violation_text(validate(set).rules[0], set),
            "charge_undertemperature_C 5.0 must be below charge_undertemperature_recovery_C -0.5");
}

TEST(PolicyFaults, AreASentenceEachWithoutRecommendations) {
  ParameterSet set = find_preset("lfp")->values;
  set.set(Parameter::cell_overvoltage, 3'750);
  set.set(Parameter::cell_undervoltage_recovery, 2'600);
  set.set(Parameter::short_circuit_delay, 0);
  set.set(Parameter::discharge_overcurrent, 250'000);
  set.set(Parameter::cell_count, 5);
  const Model model = find_model("JK_B2A24S20P").model;
  EXPECT_EQ(policy_faults(set, {Chemistry::lfp, &model}),
            (std::vector<std::string>{
                "cell_undervoltage_V 2.6 must be below cell_undervoltage_recovery_V 2.6",
                "short_circuit_delay_s 0 switches the protection off: write at least 1 us",
                "cell_overvoltage_V 3.75 is above 3.7 V, the most a cell of chemistry lfp takes",
                "discharge_overcurrent_A 250 is above 200 A, the most a B2A24S20P takes"}));
  EXPECT_TRUE(policy_faults(find_preset("lfp")->values, {Chemistry::lfp}).empty());
}

TEST(BreachText, SaysWhatWouldBeRight) {
  const Model model = find_model("JK_B2A24S20P").model;
  const Plant plant{Chemistry::lto, &model};
  const auto text = [&](Parameter parameter, std::int32_t value) {
    ParameterSet set;
    set.set(parameter, value);
    const Breaches found = check_write(set, {}, plant);
    return found.size() == 0 ? "" : breach_text(found[0], plant);
  };
  EXPECT_EQ(text(Parameter::charge_undertemperature, -301),
            "charge_undertemperature_C -30.1 is below -30 °C, the least boards accept");
  EXPECT_EQ(text(Parameter::balance_start, 4'300),
            "balance_start_V 4.3 is above 4.25 V, the most boards accept");
  EXPECT_EQ(text(Parameter::mosfet_overtemperature, 850),
            "mosfet_overtemperature_C 85 cannot be written: boards keep this limit to themselves");
  EXPECT_EQ(text(Parameter::cell_count, 11),
            "cell_count 11 is below 12, the fewest a B2A24S20P is made for");
  EXPECT_EQ(text(Parameter::balance_current_max, 2'500),
            "balance_current_max_A 2.5 is above 2 A, the most a B2A24S20P takes");
}

TEST(HeaterFault, ShowsWhatIsTakenAndWhatIsCarried) {
  const Model model = find_model("JK_B2A24S20P").model;
  EXPECT_EQ(heater_fault({20'000'000}, {58'400}, &model), "");
  EXPECT_EQ(heater_fault({15'000'000}, {58'400}, &model),
            "heater_resistance_ohm 15 takes 3.894 A and 227.371 W at 58.4 V: a B2A24S20P carries "
            "at most 3 A and 200 W");
  const Model without = find_model("JK_BD6A24S8P").model;
  EXPECT_EQ(heater_fault({100'000'000}, {50'000}, &without),
            "heater_resistance_ohm 100 takes 0.5 A and 25 W at 50 V: a BD6A24S8P has no output for "
            "a heater");
  EXPECT_EQ(heater_fault({10'000'000}, {50'000}, nullptr),
            "heater_resistance_ohm 10 takes 5 A and 250 W at 50 V: this board carries at most 3 A "
            "and 200 W");
}

}  // namespace
}  // namespace cw
