// SPDX-License-Identifier: Apache-2.0
#include "daemon/configuration/configuration.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/presets.h"
#include "core/protection.h"
#include "daemon/configuration/options.h"
#include "daemon/configuration/quantity_text.h"
#include "daemon/configuration/secret.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr std::string_view kPack = R"([[pack]]
name = "garage"
protocol = "jk-uart"
port = "/dev/ttyUSB0"
chemistry = "lfp"
cells = 16
)";

Configuration accepted(std::string_view text) {
  LoadedConfiguration loaded = parse_configuration(text, "test.toml");
  for (const ConfigurationFault& fault : loaded.faults) ADD_FAILURE() << fault.text();
  return loaded.configuration;
}

Configuration accepted_pack(const std::string& more) { return accepted(std::string(kPack) + more); }

std::string refused(std::string_view text) {
  const LoadedConfiguration loaded = parse_configuration(text, "test.toml");
  std::string all;
  for (const ConfigurationFault& fault : loaded.faults) all += fault.text() + "\n";
  EXPECT_FALSE(all.empty()) << text;
  return all;
}

class TemporaryFolder : public testing::Test {
 protected:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cw-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() override { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string file = (path_ / name).string();
    std::ofstream(file) << text;
    EXPECT_EQ(::chmod(file.c_str(), mode), 0);
    return file;
  }
  std::filesystem::path path_;
};

TEST(Configuration, WithoutPacksIsValid) {
  const Configuration configuration = accepted("");
  EXPECT_TRUE(configuration.packs.empty());
  EXPECT_EQ(configuration.mode, Mode::observe);
  EXPECT_FALSE(configuration.mqtt.enabled);
  EXPECT_FALSE(configuration.modbus.enabled);
  EXPECT_FALSE(configuration.history.enabled);
}

TEST(Configuration, HasTheDefaultsOfTheStructures) {
  const Configuration read = accepted_pack("");
  const MqttOptions mqtt;
  EXPECT_EQ(read.mqtt.broker, mqtt.broker);
  EXPECT_EQ(read.mqtt.base_topic, mqtt.base_topic);
  EXPECT_EQ(read.mqtt.home_assistant, mqtt.home_assistant);
  EXPECT_EQ(read.mqtt.discovery_prefix, mqtt.discovery_prefix);
  EXPECT_EQ(read.mqtt.retain_state, mqtt.retain_state);
  EXPECT_EQ(read.mqtt.state_interval, mqtt.state_interval);
  EXPECT_EQ(read.mqtt.cells_interval, mqtt.cells_interval);
  EXPECT_EQ(read.mqtt.stats_interval, mqtt.stats_interval);
  EXPECT_EQ(read.mqtt.beat, mqtt.beat);
  const ModbusOptions modbus;
  EXPECT_EQ(read.modbus.listen, modbus.listen);
  EXPECT_EQ(read.modbus.port, modbus.port);
  EXPECT_EQ(read.modbus.bank_unit, modbus.bank_unit);
  EXPECT_EQ(read.modbus.clients_most, modbus.clients_most);
  const HistoryOptions history;
  EXPECT_EQ(read.history.path, history.path);
  EXPECT_EQ(read.history.interval, history.interval);
  EXPECT_EQ(read.history.commit_every, history.commit_every);
  EXPECT_EQ(read.control_socket, Configuration{}.control_socket);
  ASSERT_EQ(read.packs.size(), 1u);
  const PackConfiguration pack;
  EXPECT_EQ(read.packs[0].poll, pack.poll);
  EXPECT_EQ(read.packs[0].stale_after, pack.stale_after);
  EXPECT_EQ(read.packs[0].port.rs485, pack.port.rs485);
  EXPECT_EQ(read.packs[0].port.baud, read.packs[0].protocol->default_baud);
}

TEST(Configuration, EverythingArrivesInItsStructure) {
  std::ifstream stream(CW_SOURCE_DIR "/tests/golden/configuration/good/everything.toml");
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  const Configuration read = accepted(text);
  EXPECT_EQ(read.file, "test.toml");
  EXPECT_EQ(read.gateway_name, "cabin");
  EXPECT_EQ(read.control_socket, "/tmp/cellwarden.sock");
  EXPECT_EQ(read.mode, Mode::control);
  ASSERT_EQ(read.packs.size(), 2u);
  const PackConfiguration& garage = read.packs[0];
  EXPECT_EQ(garage.name, "garage");
  ASSERT_NE(garage.protocol, nullptr);
  EXPECT_EQ(garage.protocol->name, "jk-uart");
  EXPECT_EQ(garage.port.name, "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0");
  EXPECT_EQ(garage.port.baud, 9600u);
  EXPECT_TRUE(garage.port.rs485);
  EXPECT_EQ(garage.poll, Millis{500});
  EXPECT_EQ(garage.stale_after, Millis{2500});
  EXPECT_EQ(garage.chemistry, "lfp");
  EXPECT_EQ(garage.policy.get(Parameter::cell_count), 16);
  EXPECT_EQ(garage.policy.get(Parameter::capacity), 280'000);
  EXPECT_EQ(garage.policy.get(Parameter::cell_overvoltage), 3550);
  EXPECT_EQ(garage.policy.get(Parameter::charge_overcurrent), 120'000);
  EXPECT_EQ(garage.policy.get(Parameter::charge_undertemperature), 25);
  EXPECT_EQ(garage.policy.get(Parameter::discharge_overcurrent), 100'000);
  EXPECT_EQ(garage.policy.get(Parameter::temperature_delay), 5'000);
  const PackConfiguration& boat = read.packs[1];
  EXPECT_EQ(boat.port.name, "tcp://192.168.1.20:8899");
  EXPECT_EQ(boat.poll, Millis{0});
  EXPECT_EQ(boat.stale_after, Millis{1000});
  EXPECT_EQ(boat.policy.get(Parameter::capacity), 40'000);
  ASSERT_EQ(read.relays.size(), 3u);
  EXPECT_EQ(read.relays[0].role, RelayRole::charge);
  EXPECT_EQ(read.relays[0].packs, (std::vector<std::size_t>{0}));
  EXPECT_EQ(read.relays[0].gpio.chip, "/dev/gpiochip0");
  EXPECT_EQ(read.relays[0].gpio.line, "17");
  EXPECT_TRUE(read.relays[0].gpio.active_low);
  EXPECT_FALSE(read.relays[0].safe_energised);
  EXPECT_EQ(read.relays[1].role, RelayRole::discharge);
  EXPECT_EQ(read.relays[1].packs, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(read.relays[1].gpio.line, "GPIO27");
  EXPECT_EQ(read.relays[2].role, RelayRole::alarm);
  EXPECT_TRUE(read.relays[2].gpio.chip.empty());
  EXPECT_TRUE(read.relays[2].safe_energised);
}

TEST(Configuration, HowRelaysMayBeMovedArrivesInItsStructure) {
  std::ifstream stream(CW_SOURCE_DIR "/tests/golden/configuration/good/relays.toml");
  const Configuration read = accepted(std::string(std::istreambuf_iterator<char>(stream), {}));
  EXPECT_EQ(read.state_file, "/tmp/cellwarden-state");
  ASSERT_EQ(read.relays.size(), 7u);
  const RelayLimits resistor{
      .precharge = {}, .precharge_time = Millis{2'000}, .minimum_off = Millis{60'000}};
  EXPECT_EQ(read.relays[0].limits, resistor);
  EXPECT_EQ(read.relays[0].role, RelayRole::precharge);
  const RelayLimits load{.precharge = 0,
                         .settle = Millis{300},
                         .minimum_on = Millis{10'000},
                         .minimum_off = Millis{20'000},
                         .switchings_most = 6,
                         .retries_most = 2,
                         .unload_time = Millis{5'000},
                         .unload_current = Milliamps{1'500}};
  EXPECT_EQ(read.relays[1].limits, load);
  EXPECT_EQ(read.relays[1].feedback.chip, "gpiochip0") << "that of the relay";
  EXPECT_EQ(read.relays[1].feedback.line, "AUX1");
  EXPECT_TRUE(read.relays[1].feedback.active_low);
  EXPECT_EQ(read.relays[2].limits, RelayLimits{}) << "the defaults are those of the structure";
  EXPECT_EQ(read.relays[2].feedback.chip, "gpiochip1");
  EXPECT_EQ(read.relays[3].limits.longest_on, Millis{7'200'000});
  EXPECT_EQ(read.relays[4].limits.start_soc, CentiPercent{2'500});
  EXPECT_EQ(read.relays[4].limits.stop_soc, CentiPercent{8'050});
  EXPECT_EQ(read.relays[5].limits.period, Millis{200});
  EXPECT_EQ(read.relays[6].limits.cutoff_after, Millis{3'000});
  EXPECT_EQ(read.relays[6].limits.cutoff_current, Milliamps{8'000});
}

TEST(Configuration, EverythingArrivesInItsOutput) {
  std::ifstream stream(CW_SOURCE_DIR "/tests/golden/configuration/good/everything.toml");
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  const Configuration read = accepted(text);
  EXPECT_TRUE(read.mqtt.enabled);
  EXPECT_EQ(read.mqtt.broker, "mqtts://[fd00::1]:8883");
  EXPECT_EQ(read.mqtt.username, "cellwarden");
  EXPECT_EQ(read.mqtt.base_topic, "site/cabin");
  EXPECT_EQ(read.mqtt.gateway_id, "cabin");
  EXPECT_FALSE(read.mqtt.home_assistant);
  EXPECT_EQ(read.mqtt.discovery_prefix, "ha");
  EXPECT_TRUE(read.mqtt.retain_state);
  EXPECT_EQ(read.mqtt.state_interval, Millis{1'000});
  EXPECT_EQ(read.mqtt.cells_interval, Millis{30'000});
  EXPECT_EQ(read.mqtt.stats_interval, Millis{120'000});
  EXPECT_EQ(read.mqtt.beat, Millis{3'600'000});
  EXPECT_TRUE(read.modbus.enabled);
  EXPECT_EQ(read.modbus.listen, "::1");
  EXPECT_EQ(read.modbus.port, 502);
  EXPECT_EQ(read.modbus.bank_unit, 247);
  EXPECT_EQ(read.modbus.clients_most, 8);
  EXPECT_TRUE(read.history.enabled);
  EXPECT_EQ(read.history.path, "/var/lib/cellwarden/all.db");
  EXPECT_EQ(read.history.interval, Millis{60'000});
  EXPECT_EQ(read.history.commit_every, Millis{30'000});
}

TEST(Configuration, TheHostsNameServesAsTheGatewaysAndIsATopicLevel) {
  const std::string name = accepted("").gateway_name;
  ASSERT_FALSE(name.empty());
  EXPECT_LE(name.size(), 32u);
  EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-"), std::string::npos);
}

TEST(Configuration, StaleAfterIsThreePollsAndNeverLessThanASecond) {
  EXPECT_EQ(accepted_pack("poll = \"5 s\"\n").packs[0].stale_after, Millis{15'000});
  EXPECT_EQ(accepted_pack("poll = \"100 ms\"\n").packs[0].stale_after, Millis{1'000});
  EXPECT_EQ(accepted_pack("poll = \"10 min\"\n").packs[0].stale_after, Millis{1'800'000});
}

TEST(Configuration, APolicyIsThePresetOfItsChemistryAndGuardsEverything) {
  for (const Chemistry chemistry : {Chemistry::lfp, Chemistry::li_ion, Chemistry::lto}) {
    std::string text(kPack);
    text.replace(text.find("lfp"), 3, name(chemistry));
    ParameterSet expected = preset_of(chemistry, Generation::gateway).values;
    expected.set(Parameter::cell_count, 16);
    EXPECT_EQ(accepted(text).packs[0].policy, expected) << name(chemistry);
  }
}

TEST(Configuration, ThePresetKnowsTheCapacity) {
  const ParameterSet small = accepted_pack("capacity = \"3 Ah\"\n").packs[0].policy;
  EXPECT_EQ(small.get(Parameter::balance_current_max), 300);
  EXPECT_EQ(small.get(Parameter::balance_trigger), 10);
  const ParameterSet large = accepted_pack("capacity = \"280 Ah\"\n").packs[0].policy;
  EXPECT_EQ(large.get(Parameter::balance_current_max), 400);
  EXPECT_EQ(large.get(Parameter::balance_trigger), 5);
}

TEST(Configuration, ThePacksLimitComesBeforeTheSupervisorsAndThatBeforeThePreset) {
  const Configuration read = accepted_pack(R"(
[pack.policy]
cell_overvoltage = "3.55 V"

[[pack]]
name = "shed"
protocol = "jk-uart"
port = "/dev/ttyUSB1"
chemistry = "lfp"
cells = 8

[supervisor]
cell_overvoltage = "3.5 V"
temperature_delay = "7 s"
)");
  EXPECT_EQ(read.packs[0].policy.get(Parameter::cell_overvoltage), 3550);
  EXPECT_EQ(read.packs[1].policy.get(Parameter::cell_overvoltage), 3500);
  EXPECT_EQ(read.packs[0].policy.get(Parameter::temperature_delay), 7000);
  EXPECT_EQ(
      read.packs[1].policy.get(Parameter::cell_undervoltage),
      preset_of(Chemistry::lfp, Generation::gateway).values.get(Parameter::cell_undervoltage));
}

/// A value of a parameter as a file holds it.
std::string written(std::int64_t value, Unit unit) {
  if (unit == Unit::flag) return value == 0 ? "false" : value == 1 ? "true" : "2";
  if (unit == Unit::count) return std::to_string(value);
  return fmt::format("\"{}\"", quantity_text(value, unit));
}

TEST(ParameterFile, TakesEveryParameterFromOneEndOfItsRangeToTheOtherAndNoFurther) {
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const ParameterFacts& row = facts(parameter);
    const auto parse = [&](std::int64_t value, ParameterSet& set) {
      std::vector<ConfigurationFault> faults;
      const std::string line =
          fmt::format("{} = {}\n", file_key(parameter), written(value, row.unit));
      return parse_parameters(line, "p.toml", set, faults);
    };
    for (const std::int32_t value : {row.lowest, row.highest}) {
      ParameterSet set;
      EXPECT_TRUE(parse(value, set)) << row.key << " " << value;
      EXPECT_EQ(set.get(parameter), value) << row.key;
    }
    ParameterSet set;
    EXPECT_FALSE(parse(std::int64_t{row.lowest} - 1, set)) << row.key;
    EXPECT_FALSE(parse(std::int64_t{row.highest} + 1, set)) << row.key;
    EXPECT_EQ(set, ParameterSet{});
  }
}

TEST(Configuration, ASectionIsSwitchedOnByItsPresence) {
  EXPECT_TRUE(accepted("[mqtt]\n").mqtt.enabled);
  EXPECT_FALSE(accepted("[mqtt]\nenabled = false\n").mqtt.enabled);
  EXPECT_FALSE(accepted("[modbus]\n").mqtt.enabled);
}

TEST(Configuration, TheSunspecChainFollowsFromTheFile) {
  const Configuration read = accepted_pack(
      "[bank]\n[modbus]\nsunspec = true\nsunspec_port = 1503\ncurrent_positive = \"charge\"\n"
      "write_from = [\"::1\"]\nwritable = [\"802.SoCRsvMin\"]\nlease = \"10 min\"\n");
  const ModbusOptions& modbus = read.modbus;
  EXPECT_TRUE(modbus.sunspec.enabled);
  EXPECT_EQ(modbus.sunspec.unit, 126);
  EXPECT_EQ(modbus.sunspec.port, 1503);
  EXPECT_FALSE(modbus.sunspec.discharge_positive);
  ASSERT_EQ(modbus.sunspec.packs.size(), 1u);
  EXPECT_EQ(modbus.sunspec.packs[0].cells, 16);
  EXPECT_EQ(modbus.orders.from, std::vector<std::string>{"::1"});
  EXPECT_EQ(modbus.orders.points, std::vector<std::string>{"802.SoCRsvMin"});
  EXPECT_EQ(modbus.orders.lease, Millis{600'000});
  EXPECT_FALSE(modbus.victron.enabled);
}

constexpr std::string_view kOnePack =
    "[[pack]]\nname = \"a\"\nprotocol = \"jk-uart\"\nport = \"/dev/ttyUSB0\"\n"
    "chemistry = \"lfp\"\ncells = 16\n[bank]\n";

TEST(Configuration, AnInverterMayAskSeveralAddressesAndExpectOne) {
  const auto read = [](std::string_view lines) {
    return accepted(
        fmt::format("{}[[inverter]]\nname = \"srne\"\nprotocol = \"pylontech-rs485\"\n"
                    "port = \"/dev/ttyUSB1\"\n{}",
                    kOnePack, lines));
  };
  const InverterOptions several = read("address = [2, 18]\nanswer_as = 2\n").inverters[0].options;
  EXPECT_EQ(several.addresses, (std::vector<std::uint8_t>{2, 18}));
  EXPECT_EQ(several.answer_as, 2);
  const InverterOptions one = read("address = 3\n").inverters[0].options;
  EXPECT_EQ(one.addresses, std::vector<std::uint8_t>{3});
  EXPECT_EQ(one.answer_as, 0) << "the one that was asked";
  EXPECT_TRUE(read("").inverters[0].options.addresses.empty());
}

TEST(Configuration, NotesAPointThatNothingCanCarryOut) {
  const auto notes = [](std::string_view relay) {
    return parse_configuration(fmt::format("{}{}[modbus]\nsunspec = true\nwrite_from = [\"::1\"]\n"
                                           "writable = [\"802.SetOp\"]\n",
                                           kOnePack, relay),
                               "test.toml")
        .notes;
  };
  ASSERT_EQ(notes("").size(), 1u);
  EXPECT_NE(notes("").front().message.find("exception 4"), std::string::npos);
  EXPECT_TRUE(notes("[[relay]]\nname = \"main\"\nrole = \"discharge\"\n").empty());
}

TEST(Configuration, ARelayWithoutPacksObeysThemAll) {
  const Configuration read = accepted_pack("[[relay]]\nname=\"a\"\nrole=\"alarm\"\ndry_run=true\n");
  EXPECT_EQ(read.relays[0].packs, (std::vector<std::size_t>{0}));
}

TEST(Configuration, NotesAPackThatNoRelayProtects) {
  const std::string text = std::string(kPack) +
                           "[[relay]]\nname=\"a\"\nrole=\"charge\"\ndry_run=true\n"
                           "[supervisor]\nmode=\"control\"\n";
  const LoadedConfiguration loaded = parse_configuration(text, "test.toml");
  EXPECT_TRUE(loaded.faults.empty());
  ASSERT_EQ(loaded.notes.size(), 1u);
  EXPECT_NE(loaded.notes[0].message.find("role discharge"), std::string::npos);
}

TEST(Configuration, AFileThatCannotBeReadIsAFaultOfTheFile) {
  for (const char* file : {"/nonexistent/cellwarden.toml", "/tmp", "/dev/zero"}) {
    const LoadedConfiguration loaded = load_configuration(file);
    ASSERT_EQ(loaded.faults.size(), 1u) << file;
    EXPECT_EQ(loaded.faults[0].text().rfind(std::string(file) + ": ", 0), 0u)
        << loaded.faults[0].text();
  }
}

TEST(Configuration, SyntaxFaultsSayWhatIsCommonlyMeant) {
  const std::string message = refused(std::string(kPack) + "poll = 1 s\n");
  EXPECT_NE(message.find("test.toml:7:"), std::string::npos) << message;
  EXPECT_NE(message.find("not valid TOML"), std::string::npos) << message;
  EXPECT_NE(message.find("written in quotes"), std::string::npos) << message;
}

TEST(Configuration, DeeplyNestedTextIsRefusedAndNothingWorse) {
  std::string keys = "a";
  for (int i = 0; i < 2'000; ++i) keys += ".a";
  refused("[" + keys + "]\n" + keys + " = 1\n");
  refused("a = " + std::string(2'000, '[') + std::string(2'000, ']') + "\n");
}

TEST_F(TemporaryFolder, APasswordComesFromAPrivateFile) {
  const std::string file = write("password", "hunter2 \r\nsecond line\n", 0600);
  const Configuration read =
      accepted("[mqtt]\nusername = \"me\"\npassword_file = \"" + file + "\"\n");
  EXPECT_EQ(read.mqtt.password, "hunter2 ");
}

TEST_F(TemporaryFolder, APasswordOthersCanReadIsRefused) {
  for (const mode_t mode : {0644u, 0640u, 0604u, 0620u, 0610u}) {
    const std::string file = write("password", "hunter2\n", mode);
    const std::string message =
        refused("[mqtt]\nusername = \"me\"\npassword_file = \"" + file + "\"\n");
    EXPECT_NE(message.find("chmod 600 " + file), std::string::npos) << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
}

TEST_F(TemporaryFolder, APasswordFileMustHoldOne) {
  EXPECT_FALSE(read_secret_file(write("a", "", 0600)).fault.empty());
  EXPECT_FALSE(read_secret_file(write("b", "\nhunter2\n", 0600)).fault.empty());
  EXPECT_FALSE(read_secret_file(write("c", std::string(5'000, 'a'), 0600)).fault.empty());
  EXPECT_FALSE(read_secret_file(path_.string()).fault.empty());
  EXPECT_EQ(read_secret_file(write("d", "no newline", 0400)).value, "no newline");
}

TEST_F(TemporaryFolder, APasswordIsNotReadForAnOutputThatIsOff) {
  accepted("[mqtt]\nenabled = false\nusername = \"me\"\npassword_file = \"/nonexistent\"\n");
}

TEST_F(TemporaryFolder, ACredentialComesFromTheServicesDirectory) {
  write("mqtt-password", "hunter2\n", 0440);
  const std::string text = "[mqtt]\nusername = \"me\"\npassword_credential = \"mqtt-password\"\n";
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_NE(refused(text).find("LoadCredential="), std::string::npos);
  ::setenv("CREDENTIALS_DIRECTORY", path_.c_str(), 1);
  EXPECT_EQ(accepted(text).mqtt.password, "hunter2");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(Configuration, NeverPrintsAPassword) {
  for (const char* line : {"broker = \"mqtt://me:hunter2@host\"", "password = \"hunter2\"",
                           "passwort = \"hunter2\"", "password_file = [\"hunter2\"]"})
    EXPECT_EQ(refused(fmt::format("[mqtt]\n{}\n", line)).find("hunter2"), std::string::npos)
        << line;
}

TEST(ParameterFile, SetsWhatItNamesAndLeavesTheRest) {
  ParameterSet set = preset_of(Chemistry::lfp, Generation::gateway).values;
  std::vector<ConfigurationFault> faults;
  EXPECT_TRUE(
      parse_parameters("cell_overvoltage = \"3.55 V\"\ncell_count = 8\n"
                       "dedicated_charger = true\nlow_capacity_alarm = \"15 %\"\n",
                       "p.toml", set, faults));
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(set.get(Parameter::cell_overvoltage), 3550);
  EXPECT_EQ(set.get(Parameter::cell_count), 8);
  EXPECT_EQ(set.get(Parameter::dedicated_charger), 1);
  EXPECT_EQ(set.get(Parameter::low_capacity_alarm), 1500);
  EXPECT_EQ(set.get(Parameter::cell_undervoltage), 2600);
}

TEST(ParameterFile, AFaultLeavesTheSetUntouchedAsAWhole) {
  ParameterSet set = preset_of(Chemistry::lfp, Generation::gateway).values;
  const ParameterSet before = set;
  std::vector<ConfigurationFault> faults{{"other.toml", 1, 1, "earlier"}};
  EXPECT_FALSE(
      parse_parameters("cell_overvoltage = \"3.55 V\"\ncell_overvolt = \"3 V\"\n"
                       "cell_count = 99\ncapacity = 280\n",
                       "p.toml", set, faults));
  EXPECT_EQ(set, before);
  ASSERT_EQ(faults.size(), 4u);
  EXPECT_EQ(faults[1].text(),
            "p.toml:2:17: unknown parameter \"cell_overvolt\"; did you mean \"cell_overvoltage\"?");
  EXPECT_EQ(faults[2].text(), "p.toml:3:14: cell_count 99 is out of range: it goes from 2 to 32");
  EXPECT_EQ(faults[3].text(), "p.toml:4:12: capacity 280 has no unit: write \"280 Ah\"");
}

TEST(ParameterFile, WithBrokenSyntaxIsOneFault) {
  ParameterSet set;
  std::vector<ConfigurationFault> faults;
  EXPECT_FALSE(parse_parameters("cell_overvoltage = \n", "p.toml", set, faults));
  EXPECT_EQ(faults.size(), 1u);
}

TEST(Suggestion, CountsWhatWasMistyped) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("port", ""), 4u);
  EXPECT_EQ(edit_distance("port", "prot"), 1u);
  EXPECT_EQ(edit_distance("broker", "brocker"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggestion, DoesNotGuessWildly) {
  constexpr std::string_view known[] = {"poll", "port", "name", "stale_after"};
  EXPECT_EQ(nearest("prot", known), "port");
  EXPECT_EQ(nearest("stale", known), "stale_after");
  EXPECT_EQ(nearest("colour", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), known), "");
}

TEST(Suggestion, QuotesAreSafeToPrint) {
  EXPECT_EQ(in_quotes("a\nb\x1b"), "\"a\\x0Ab\\x1B\"");
  EXPECT_EQ(in_quotes(std::string(200, 'a')).size(), 85u);
}

}  // namespace
}  // namespace cw
