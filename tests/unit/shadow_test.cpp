// SPDX-License-Identifier: Apache-2.0
// The what-if tool: whole traces against their exact output, and every way a trace or its
// parameters can be wrong against the words that say so.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/presets.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/shadow.h"
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

struct Golden {
  const char* name;
  const char* note;  // after the file's name; nullptr: none
};

class ShadowOf : public testing::TestWithParam<Golden> {};

TEST_P(ShadowOf, PrintsExactlyTheseDecisions) {
  const std::string stem = kRoot + "tests/golden/shadow/" + GetParam().name;
  const Result result = run(
      {.parameters = parameters_of(stem + ".csv"), .trace = stem + ".csv", .final_state = true});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.error, GetParam().note == nullptr ? "" : stem + ".csv" + GetParam().note);
  EXPECT_EQ(result.out, content(stem + ".expected"));
}

INSTANTIATE_TEST_SUITE_P(
    Trace, ShadowOf,
    testing::Values(Golden{"overvoltage", nullptr}, Golden{"overcurrent", nullptr},
                    Golden{"whole_core", nullptr},
                    Golden{"cold_morning",
                           ":9:24: note: temperature_01_C: 1 of 6 values, this one first, are not "
                           "from -45 to 150 and were taken for absent\n"}));

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
                ":1:5: no column is called \"zzzzzzzzzzzzzz\"; `cellwarden shadow --help` says "
                "which columns there are\n"},
        Refusal{"t_s,internal_comunication\n",
                ":1:5: no column is called \"internal_comunication\"; did you mean "
                "\"internal_communication\"?\n"},
        Refusal{"t_s,emergency\n0,yes\n", ":2:3: emergency: \"yes\" is not a number\n"},
        Refusal{"t_s,button\n0,2\n", ":2:3: button: 2 is neither 0 (false) nor 1 (true)\n"},
        Refusal{"t_s,internal_communication,charge_short_circuit,discharge_short_circuit\n"
                "0,0,,0\n",
                ":2:5: charge_short_circuit: empty, but other alarms of this row are not: they are "
                "heard together\n"},
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

TEST(Shadow, SaysWhichRulesGuardNothingAndWhatTheyLack) {
  const TemporaryFile mine{"mine.toml", "cell_overvoltage = \"3.65 V\"\n"};
  const TemporaryFile trace{"trace.csv", "t_s,current_A\n0,1\n"};
  const Result result = run({.parameters = {mine.path()}, .trace = trace.path()});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("0.000,cell_overvoltage,off,,,V,,"), std::string::npos) << result.out;
  EXPECT_EQ(result.error,
            "note: cell_overvoltage is off: no cell_overvoltage_recovery_V, "
            "cell_overvoltage_delay_s\n");
}

TEST(Shadow, MissesNothingInRulesThatNobodyAskedFor) {
  EXPECT_TRUE(half_known_rules({}).empty());
  for (const Preset& preset : all_presets())
    EXPECT_TRUE(half_known_rules(preset.values).empty()) << preset.name;
}

TEST(Shadow, MissesTheTimesOfRulesThatHaveNoLimit) {
  ParameterSet set;
  set.set(Parameter::short_circuit_release, 5'000);
  EXPECT_EQ(half_known_rules(set),
            (std::vector<std::string>{"short_circuit is off: no short_circuit_delay_s",
                                      "charge_short_circuit is off: no short_circuit_delay_s"}));
}

TEST(Shadow, TakesEveryPreset) {
  const TemporaryFile trace{"trace.csv", "t_s,current_A\n0,1\n"};
  for (const Preset& preset : all_presets()) {
    const Result result = run({.parameters = {std::string{preset.name}}, .trace = trace.path()});
    EXPECT_EQ(result.status, 0) << preset.name;
    EXPECT_EQ(result.error, "") << preset.name;
  }
}

TEST(Shadow, ChecksLimitsAgainstTheChemistryOfTheLastPreset) {
  const TemporaryFile mine{"mine.toml",
                           "cell_overvoltage = \"3.75 V\"\nshort_circuit_delay = \"0 s\"\n"};
  const TemporaryFile trace{"trace.csv", "t_s,current_A\n0,1\n"};
  const Result lfp = run({.parameters = {"li-ion", "lfp", mine.path()}, .trace = trace.path()});
  EXPECT_EQ(lfp.status, 78);
  EXPECT_EQ(lfp.error,
            "short_circuit_delay_s 0 switches the protection off: write at least 1 us\n"
            "cell_overvoltage_V 3.75 is above 3.7 V, the most a cell of chemistry lfp takes\n");
  const Result unknown = run({.parameters = {mine.path()}, .trace = trace.path()});
  EXPECT_EQ(unknown.error,
            "short_circuit_delay_s 0 switches the protection off: write at least 1 us\n");
}

TEST(Shadow, NotesOnceThatTheCellsSayOtherwise) {
  const TemporaryFile trace{"trace.csv",
                            "t_s,cell_voltage_01_V,cell_voltage_02_V,cell_voltage_max_V\n"
                            "0,3.2,3.3,3.3\n1,3.2,3.3,3.7\n2,3.2,3.3,3.8\n3,3.2,,3.8\n"};
  const Result result = run({.parameters = {"lfp"}, .trace = trace.path()});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.error, trace.path() +
                              ":3:11: note: cell_voltage_max_V is 3.7, but 3.3 by the cells: the "
                              "cells count\n");
  EXPECT_NE(result.out.find("3.000,cell_overvoltage,blind,"), std::string::npos);
  EXPECT_EQ(result.out.find(",cell_overvoltage,tripped,"), std::string::npos);
}

TEST(Shadow, NotesFlagsThatAreTakenForNotRaised) {
  const TemporaryFile trace{"trace.csv", "t_s,internal_communication,cell_overvoltage\n0,0,1\n"};
  const Result result = run({.parameters = {"lfp"}, .trace = trace.path()});
  EXPECT_EQ(result.error,
            trace.path() +
                ":1:1: note: alarms are heard together: without a column, "
                "discharge_short_circuit, charge_short_circuit counts as not raised\n");
  EXPECT_NE(result.out.find("0.000,charge_short_circuit,released,0,0,"), std::string::npos);
}

TEST(Shadow, SaysWhenARuleThatWasOffBeginsAndIsNotShownToBeSafe) {
  const TemporaryFile mine{"mine.toml", "wire_resistance_max = \"200 mohm\"\n"};
  const TemporaryFile trace{"trace.csv", "t_s,wire_resistance_01_ohm\n0,\n1,0.2\n2,0.1\n"};
  const Result result = run({.parameters = {"lfp", mine.path()}, .trace = trace.path()});
  EXPECT_NE(result.out.find("\n0.000,wire_resistance,off,,,ohm,"), std::string::npos);
  EXPECT_NE(result.out.find("\n1.000,wire_resistance,start,0.200000,0.200000,ohm,1,"),
            std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("\n2.000,wire_resistance,released,0.100000,"), std::string::npos);
}

TEST(Shadow, NeedsNoAlarmsButMissesThemOnceTheyWereHeard) {
  const std::string flags =
      "t_s,discharge_short_circuit,charge_short_circuit,internal_communication\n";
  const TemporaryFile never{"never.csv", flags + "0,,,\n1,,,\n"};
  const TemporaryFile once{"once.csv", flags + "0,,,\n1,0,0,0\n2,,,\n"};
  const Result off = run({.parameters = {"lfp"}, .trace = never.path()});
  EXPECT_NE(off.out.find("0.000,internal_communication,off,"), std::string::npos) << off.out;
  EXPECT_EQ(off.out.find("\n1.000,"), std::string::npos) << off.out;
  const Result blind = run({.parameters = {"lfp"}, .trace = once.path()});
  EXPECT_NE(blind.out.find("\n1.000,internal_communication,released,"), std::string::npos);
  EXPECT_NE(blind.out.find("\n2.000,internal_communication,blind,"), std::string::npos);
}

// What stands in the end state behind `key`, up to the next comma or brace.
std::string final_of(const std::string& trace, const std::string& key) {
  const TemporaryFile file{"trace.csv", trace};
  const Result result = run({.parameters = {"lfp"}, .trace = file.path(), .final_state = true});
  const std::size_t begin = result.out.find("\"" + key + "\":");
  if (begin == std::string::npos) return "no " + key;
  const std::size_t value = begin + key.size() + 3;
  return result.out.substr(value, result.out.find_first_of(",}", value) - value);
}

TEST(ShadowFinal, CountsChargeWhereTheFirstRowSaysWhatThePackHolds) {
  const std::string columns = "t_s,current_A,soc_pct,capacity_full_Ah\n";
  EXPECT_EQ(final_of(columns + "0,36,50,100\n60,36,50,100\n120,0,50,100\n", "soc_counted_pct"),
            "51.20");
  EXPECT_EQ(final_of(columns + "0,36,50,100\n60,36,50,100\n120,0,50,100\n", "estimated_Ah"),
            "0.000");
  EXPECT_EQ(final_of(columns + "0,36,50,100\n600,0,50,100\n", "soc_counted_pct"), "50.60");
  EXPECT_EQ(final_of(columns + "0,36,50,100\n600,0,50,100\n", "estimated_Ah"), "0.600");
  EXPECT_EQ(final_of(columns + "0,36,,100\n60,36,50,100\n", "soc_counted_pct"), "null");
  EXPECT_EQ(final_of(columns + "0,36,50,\n60,36,50,100\n", "soc_counted_pct"), "null");
  EXPECT_EQ(final_of(columns + "0,,50,100\n60,,50,100\n", "soc_counted_pct"), "null");
}

TEST(ShadowFinal, NamesTheCellsThatAreBalanced) {
  const std::string trace = "t_s,cell_voltage_01_V,cell_voltage_02_V\n0,3.41,3.45\n";
  EXPECT_EQ(final_of(trace, "action"), "\"taking\"");
  EXPECT_EQ(final_of(trace, "highest"), "2");
  EXPECT_EQ(final_of(trace, "lowest"), "1");
  EXPECT_EQ(final_of(trace, "current_A"), "-0.400");
}

TEST(ShadowFinal, TellsHowLongTheEmergencyLasts) {
  EXPECT_EQ(final_of("t_s,emergency\n0,1\n60.5,0\n", "emergency_remaining_s"), "1740");
}

TEST(ShadowFinal, IsThereForATableWithoutRows) {
  EXPECT_EQ(final_of("t_s,current_A\n", "t_s"), "null");
  EXPECT_EQ(final_of("t_s,current_A\n", "charge"), "false");
}

// The blocks of a document that begin with ```csv.
std::vector<std::string> csv_blocks(const std::string& document) {
  std::vector<std::string> blocks;
  const std::string begin = "```csv\n";
  for (std::size_t at = document.find(begin); at != std::string::npos;) {
    const std::size_t end = document.find("```", at + begin.size());
    blocks.push_back(document.substr(at + begin.size(), end - at - begin.size()));
    at = document.find(begin, end + 3);
  }
  return blocks;
}

TEST(Shadow, PrintsWhatItsDocumentShows) {
  const std::vector<std::string> blocks = csv_blocks(content(kRoot + "docs/shadow.md"));
  ASSERT_EQ(blocks.size(), 2u);
  const TemporaryFile trace{"trace.csv", blocks[0]};
  const Result result = run({.parameters = {"lfp"}, .trace = trace.path()});
  std::istringstream lines{result.out};
  std::string shown;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("0.000,")) shown += line + "\n";
  EXPECT_EQ(shown, blocks[1]);
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
