// SPDX-License-Identifier: Apache-2.0
// Who may write what over the network, and what comes of it.
#include <gtest/gtest.h>

#include "tests/unit/modbus_bank_sample.h"
#include "tests/unit/modbus_rig.h"

namespace cw::modbus_test {
namespace {

using Registers = std::vector<std::uint16_t>;
using sample::BankSample;

constexpr unsigned kUnit = 126;
constexpr unsigned kSocMax = 40'079;
constexpr unsigned kSocMin = 40'080;
constexpr unsigned kSoc = 40'081;
constexpr unsigned kLocal = 40'087;
constexpr unsigned kHeartbeat = 40'089;
constexpr unsigned kAlarmReset = 40'090;
constexpr unsigned kEvents = 40'096;
constexpr unsigned kOperation = 40'120;
constexpr unsigned kInverterState = 40'121;
constexpr unsigned kStringEnable = 40'190;

struct Told {
  std::string source, point;
  std::optional<std::uint16_t> before;
  std::uint16_t value;
  unsigned outcome;
  friend bool operator==(const Told&, const Told&) = default;
};

BankOrders only_lost() {
  BankOrders orders;
  orders.client_lost = true;
  return orders;
}

/// A server that takes every writable point from 127.0.0.1.
struct Writable {
  BankSample bank;
  std::vector<Told> told;
  std::vector<BankOrdersBook::Ended> ended;
  int resets = 0;
  Rig rig;
  Client client;

  explicit Writable(Millis lease = {0})
      : rig(options(bank, lease), false, hooks()), client((publish(), rig)) {}

  static ModbusOptions options(const BankSample& bank, Millis lease) {
    ModbusOptions out = bank.options();
    out.orders.from = {"127.0.0.1"};
    for (const WritablePoint& point : writable_points()) out.orders.points.emplace_back(point.name);
    out.orders.lease = lease;
    return out;
  }
  ModbusHooks hooks() {
    ModbusHooks out;
    out.on_write = [this](const ModbusWrite& write) {
      told.push_back({std::string(write.source), std::string(write.point), write.before,
                      write.value, static_cast<unsigned>(write.outcome)});
    };
    out.on_end = [this](BankOrdersBook::Ended what) { ended.push_back(what); };
    out.reset_alarms = [this] { return ++resets > 0; };
    return out;
  }
  void publish() { rig.publish(bank.picture()); }
  void at(std::int64_t ms) {
    rig.now = {bank.now.ms + ms};
    rig.server->on_tick(rig.now);
  }

  /// 0: accepted; else the exception.
  unsigned write(Client& from, const Bytes& request) {
    from.send_all(request);
    const Bytes reply = from.reply();
    if (reply.size() < 9) return 999;
    if ((reply[7] & 0x80) != 0) return reply[8];
    EXPECT_EQ(reply, request[7] == 6 ? request : echo(request));
    return 0;
  }
  unsigned write(unsigned address, unsigned value) {
    return write(client, write_request(1, kUnit, address, value));
  }
  unsigned write(unsigned address, const Registers& values) {
    return write(client, write_request(1, kUnit, address, values));
  }
  static Bytes echo(const Bytes& request) {
    Bytes reply(request.begin(), request.begin() + 12);
    reply[5] = 6;
    return reply;
  }
  BankOrders orders() { return rig.server->orders(rig.now); }
};

// --- who may

TEST(ModbusWrites, DoNotExistByDefault) {
  const BankSample bank;
  Rig rig(bank.options(), false);
  rig.publish(bank.picture());
  Client client(rig);
  client.send_all(write_request(1, kUnit, kSocMin, 200));
  EXPECT_EQ(client.reply(), refusal(1, kUnit, 6, 1));
  client.send_all(write_request(2, kUnit, kSocMin, Registers{200}));
  EXPECT_EQ(client.reply(), refusal(2, kUnit, 16, 1));
  EXPECT_EQ(client.registers(kUnit, kLocal, 1), Registers{1}) << "local control";
}

TEST(ModbusWrites, DoNotExistForOtherAddresses) {
  Writable server;
  Client stranger(server.rig, 0, ModbusPort::native, 2);
  for (unsigned i = 0; i < 3; ++i)
    EXPECT_EQ(server.write(stranger, write_request(i, kUnit, kSocMin, 200)), 1U);
  EXPECT_EQ(server.orders(), BankOrders{});
  EXPECT_EQ(server.told, (std::vector<Told>{{"127.0.0.2", "", std::nullopt, 200, 1}}))
      << "once a connection";
  EXPECT_TRUE(server.rig.detail_has("3 writes without the right to"));
  EXPECT_EQ(stranger.registers(kUnit, kSoc, 1), Registers{764}) << "it may read";
}

TEST(ModbusWrites, DoNotExistInOtherUnits) {
  Writable server;
  for (const unsigned unit : {1, 200, 225})
    EXPECT_EQ(server.write(server.client, write_request(1, unit, 256, 0)), 1U) << unit;
}

// Clients of a GX hold a battery back by the register of its ESS.
TEST(ModbusWrites, OfTheReserveOfAGxAreThoseOfSunspec) {
  Writable server;
  constexpr unsigned reserve = 2901;
  for (const unsigned unit : {100, 0}) {
    EXPECT_EQ(server.write(server.client, write_request(1, unit, reserve, 300 + unit)), 0U);
    EXPECT_EQ(server.orders().soc_min, CentiPercent{static_cast<int>(3'000 + 10 * unit)});
    EXPECT_EQ(server.client.registers(unit, reserve, 1),
              Registers{static_cast<unsigned short>(300 + unit)});
    EXPECT_EQ(server.client.registers(kUnit, kSocMin, 1),
              Registers{static_cast<unsigned short>(300 + unit)});
  }
  EXPECT_EQ(server.told.front(), (Told{"127.0.0.1", "victron.2901", 0, 400, 0}));
  EXPECT_EQ(server.write(server.client, write_request(1, 100, reserve, 1'001)), 3U);
  EXPECT_EQ(server.write(server.client, write_request(1, 100, 843, 50)), 2U) << "only this one";
}

TEST(ModbusWrites, OfTheReserveOfAGxDoNotExistUnlessNamed) {
  const BankSample bank;
  ModbusOptions options = bank.options();
  options.orders.from = {"127.0.0.1"};
  options.orders.points = {"802.SoCRsvMin"};
  Rig rig(options, false);
  rig.publish(bank.picture());
  Client client(rig);
  client.send_all(write_request(1, 100, 2901, 200));
  EXPECT_EQ(client.reply(), refusal(1, 100, 6, 1));
}

TEST(ModbusWrites, ReachOnlyThePointsThatAreOpen) {
  const BankSample bank;
  ModbusOptions options = bank.options();
  options.orders.from = {"127.0.0.1"};
  options.orders.points = {"802.SoCRsvMin"};
  Rig rig(options, false);
  rig.publish(bank.picture());
  Client client(rig);
  client.send_all(write_request(1, kUnit, kSocMin, 200));
  EXPECT_EQ(client.reply(), write_request(1, kUnit, kSocMin, 200));
  client.send_all(write_request(2, kUnit, kSocMax, 900));
  EXPECT_EQ(client.reply(), refusal(2, kUnit, 6, 2));
  EXPECT_EQ(rig.server->orders(rig.now).soc_min, CentiPercent{2'000});
  EXPECT_EQ(client.registers(kUnit, kLocal, 1), Registers{0}) << "remote control";
}

// --- what is taken

TEST(ModbusWrites, BecomeOrdersThatReadBackAtOnce) {
  Writable server;
  EXPECT_EQ(server.write(kSocMax, {900, 200}), 0U);
  EXPECT_EQ(server.orders().soc_max, CentiPercent{9'000});
  EXPECT_EQ(server.orders().soc_min, CentiPercent{2'000});
  EXPECT_EQ(server.client.registers(kUnit, kSocMax, 2), (Registers{900, 200}));
  EXPECT_EQ(server.told, (std::vector<Told>{{"127.0.0.1", "802.SocRsvMax", 1'000, 900, 0},
                                            {"127.0.0.1", "802.SoCRsvMin", 0, 200, 0}}));
}

TEST(ModbusWrites, OfTheOperationAskForTheRelay) {
  Writable server;
  EXPECT_EQ(server.write(kOperation, 2), 4U) << "no relay is configured";
  RelayState relay;
  relay.role = RelayRole::charge;
  relay.dry_run = true;
  server.bank.relays = {relay};
  server.publish();
  EXPECT_EQ(server.write(kOperation, 2), 4U) << "only a dry run";
  server.bank.relays[0].dry_run = false;
  server.publish();
  EXPECT_EQ(server.write(kOperation, 2), 0U);
  EXPECT_TRUE(server.orders().disconnect);
  EXPECT_EQ(server.client.registers(kUnit, kOperation, 1), Registers{2});
  EXPECT_EQ(server.write(kOperation, 1), 0U);
  EXPECT_FALSE(server.orders().disconnect);
}

TEST(ModbusWrites, ResetAlarmsThroughWhoeverCan) {
  Writable server;
  EXPECT_EQ(server.write(kAlarmReset, 0), 0U);
  EXPECT_EQ(server.resets, 0) << "0 does nothing";
  EXPECT_EQ(server.write(kAlarmReset, 1), 0U);
  EXPECT_EQ(server.resets, 1);
  EXPECT_EQ(server.client.registers(kUnit, kAlarmReset, 1), Registers{0});
}

TEST(ModbusWrites, OfTheInvertersStateAreKeptAndShown) {
  Writable server;
  EXPECT_EQ(server.client.registers(kUnit, kInverterState, 1), Registers{1});
  EXPECT_EQ(server.write(kInverterState, 3), 0U);
  EXPECT_EQ(server.client.registers(kUnit, kInverterState, 1), Registers{3});
  EXPECT_EQ(server.orders(), BankOrders{});
}

// --- what is refused

TEST(ModbusWrites, AreRefusedWithTheExceptionOfTheTable) {
  Writable server;
  const struct {
    unsigned address;
    Registers values;
    unsigned exception;
    const char* why;
  } cases[] = {
      {kSocMin, {1'001}, 3, "more than 100 %"},
      {kSocMax, {100, 200}, 3, "least above most"},
      {kOperation, {3}, 3, "no such operation"},
      {kInverterState, {0}, 3, "no such state"},
      {kAlarmReset, {2}, 3, "only 0 and 1"},
      {kSoc, {500}, 2, "read-only"},
      {40'000, {1}, 2, "the marker"},
      {40'068, {1}, 2, "the address"},
      {kStringEnable, {1}, 2, "a pack is never switched from here"},
      {kSocMin, {200, 764}, 2, "one of them is read-only"},
      {39'999, {1}, 2, "below the chain"},
      {40'579, {1, 2, 3}, 2, "past the end"},
      {kSocMin, Registers(123, 0), 2, "the longest write there is"},
  };
  for (const auto& c : cases) EXPECT_EQ(server.write(c.address, c.values), c.exception) << c.why;
  EXPECT_EQ(server.orders(), BankOrders{});
  EXPECT_EQ(server.client.registers(kUnit, kSocMax, 2), (Registers{1'000, 0}));
}

TEST(ModbusWrites, AreRefusedWithoutAProperShape) {
  Writable server;
  const auto high = static_cast<std::uint8_t>(kSocMin >> 8);
  const auto low = static_cast<std::uint8_t>(kSocMin & 0xFF);
  const struct {
    Bytes pdu;
    const char* why;
  } cases[] = {
      {{6, high, low, 0}, "a byte short"},
      {{6, high, low, 0, 200, 0}, "a byte too many"},
      {{16, high, low, 0, 0, 0}, "none"},
      {{16, high, low, 0, 1, 4, 0, 200}, "another byte count"},
      {{16, high, low, 0, 2, 2, 0, 200}, "another quantity"},
      {{16, high, low, 0, 1, 2, 0}, "a value short"},
      {{16, high, low}, "no quantity"},
      {{16, high, low, 0, 124, 248, 0, 0}, "124 registers"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(server.write(server.client, frame(1, kUnit, c.pdu)), 3U) << c.why;
  EXPECT_EQ(server.write(server.client, frame(1, kUnit, {22, high, low, 0, 0, 0, 0})), 1U);
  EXPECT_EQ(server.write(server.client, frame(1, kUnit, {5, high, low, 0xFF, 0})), 1U);
  EXPECT_EQ(server.orders(), BankOrders{});
}

TEST(ModbusWrites, ThatAreRefusedAreToldWithAllTheirPoints) {
  Writable server;
  EXPECT_EQ(server.write(kSocMin, {200, 764}), 2U);
  EXPECT_EQ(server.told, (std::vector<Told>{{"127.0.0.1", "802.SoCRsvMin", 0, 200, 2},
                                            {"127.0.0.1", "802.SoC", 764, 764, 2}}));
}

TEST(ModbusWrites, FailWhereNoBankIsConfigured) {
  Writable server;
  Picture picture = server.bank.picture();
  picture.request = nullptr;
  server.rig.publish(picture);
  EXPECT_EQ(server.write(kSocMin, 200), 4U);
  EXPECT_EQ(server.orders(), BankOrders{});
}

TEST(ModbusWrites, CannotCrossTheBoundThatIsInForce) {
  Writable server;
  server.bank.request.soc_max = {8'000};
  server.publish();
  EXPECT_EQ(server.write(kSocMin, 801), 3U);
  EXPECT_EQ(server.write(kSocMin, 800), 0U);
  EXPECT_EQ(server.write(kSocMax, 799), 3U);
}

// --- how long it holds

TEST(ModbusWrites, EndWithTheirLease) {
  Writable server({60'000});
  EXPECT_EQ(server.write(kSocMin, 200), 0U);
  server.at(60'000);
  EXPECT_TRUE(server.orders().soc_min);
  server.at(60'001);
  EXPECT_FALSE(server.orders().soc_min);
  EXPECT_EQ(server.ended, std::vector{BankOrdersBook::Ended::lease});
}

TEST(ModbusWrites, EndWithAClientThatGaveALifeSignAndFellSilent) {
  Writable server;
  EXPECT_EQ(server.write(kHeartbeat, 1), 0U);
  EXPECT_EQ(server.write(kHeartbeat, 2), 0U);
  EXPECT_EQ(server.write(kSocMin, 200), 0U);
  EXPECT_EQ(server.client.registers(kUnit, kHeartbeat, 1), Registers{2});
  EXPECT_EQ(server.told.size(), 2U) << "a life sign that goes on is no news";
  server.at(60'000);
  server.bank.now = server.rig.now;
  server.bank.refresh();
  server.publish();
  EXPECT_EQ(server.client.registers(kUnit, kEvents, 2), (Registers{0, 0}));
  server.rig.now = server.rig.now + Millis{1};
  server.rig.server->on_tick(server.rig.now);
  EXPECT_EQ(server.orders(), only_lost());
  EXPECT_EQ(server.client.registers(kUnit, kEvents, 2), (Registers{0, 1}));
  EXPECT_EQ(server.client.registers(kUnit, kSocMin, 1), Registers{0});
  EXPECT_EQ(server.ended, std::vector{BankOrdersBook::Ended::client});
}

}  // namespace
}  // namespace cw::modbus_test
