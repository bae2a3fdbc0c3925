// SPDX-License-Identifier: Apache-2.0
// Which unit answers on which port, with the maps of standards beside the native one.
#include <gtest/gtest.h>

#include "tests/unit/modbus_bank_sample.h"
#include "tests/unit/modbus_rig.h"

namespace cw::modbus_test {
namespace {

using Registers = std::vector<std::uint16_t>;
using sample::BankSample;

const Registers kMarker = {0x5375, 0x6E53};

TEST(ModbusUnits, ServesEveryMapOnTheCommonPort) {
  const BankSample bank;
  Rig rig(bank.options(), false);
  rig.publish(bank.picture());
  Client client(rig);
  EXPECT_EQ(client.registers(126, 40'000, 2), kMarker);
  EXPECT_EQ(client.registers(1, 2, 1), Registers{1});
  EXPECT_EQ(client.registers(200, 2, 1), Registers{2});
  EXPECT_EQ(client.registers(225, 307, 2), (Registers{2'000, 4'000}));
  EXPECT_EQ(client.registers(100, 843, 1), Registers{76});
  EXPECT_EQ(client.registers(0, 843, 1), Registers{76});
  EXPECT_EQ(rig.server->port(ModbusPort::sunspec), 0);
}

TEST(ModbusUnits, ServesAMapOnAPortOfItsOwnAndThereOnly) {
  const BankSample bank;
  ModbusOptions options = bank.options();
  options.sunspec.port = 0;
  options.victron.port = 0;
  Rig rig(options, false);
  rig.publish(bank.picture());
  Client native(rig);
  Client sunspec(rig, 0, ModbusPort::sunspec);
  Client victron(rig, 0, ModbusPort::victron);
  EXPECT_EQ(sunspec.registers(1, 40'000, 2), kMarker);
  EXPECT_EQ(sunspec.registers(126, 40'000, 2), kMarker);
  EXPECT_EQ(sunspec.registers(1, 40'068, 1), Registers{1}) << "its own address";
  EXPECT_EQ(sunspec.registers(126, 40'068, 1), Registers{126});
  EXPECT_EQ(victron.registers(225, 307, 1), Registers{2'000});
  for (const unsigned unit : {126, 225, 100, 0}) {
    native.send_all(read_request(7, unit, 40'000, 1));
    EXPECT_EQ(native.reply(), refusal(7, unit, 3, 0x0A)) << unit;
  }
  sunspec.send_all(read_request(8, 200, 2, 1));
  EXPECT_EQ(sunspec.reply(), refusal(8, 200, 3, 0x0A));
  EXPECT_EQ(native.registers(1, 2, 1), Registers{1});
}

TEST(ModbusUnits, RefusesWhatIsNoPartOfTheChain) {
  const BankSample bank;
  Rig rig(bank.options(), false);
  rig.publish(bank.picture());
  Client client(rig);
  const struct {
    unsigned unit, address, quantity, exception;
    const char* why;
  } cases[] = {
      {126, 0, 1, 2, "below the chain"},         {126, 39'999, 2, 2, "begins below the chain"},
      {126, 40'579, 3, 2, "past the end model"}, {126, 40'581, 1, 2, "behind the end model"},
      {126, 40'000, 126, 3, "too many"},         {126, 40'000, 0, 3, "none"},
      {225, 331, 2, 2, "into a hole"},           {100, 2901, 1, 2, "a setting of a GX"},
  };
  for (const auto& c : cases) {
    client.send_all(read_request(9, c.unit, c.address, c.quantity));
    EXPECT_EQ(client.reply(), refusal(9, c.unit, 3, c.exception)) << c.why;
  }
  EXPECT_EQ(client.registers(126, 40'579, 2), (Registers{0xFFFF, 0}));
  EXPECT_EQ(client.registers(126, 40'299, 108).size(), 108U);
}

// A counter in models far from each other: every answer shows one of its values, never two.
TEST(ModbusUnits, NeverMixesTwoPicturesInOneAnswer) {
  BankSample bank;
  Rig rig(bank.options(), false);
  rig.publish(bank.picture());
  Client one(rig);
  Client two(rig);
  for (int i = 0; i < 1'000; ++i) {
    const auto soc = static_cast<std::int32_t>(10 * (i % 1'000));
    const Bytes asked = read_request(static_cast<unsigned>(i), 126, 40'226, 125);
    one.send_all(asked);
    bank.request.measured.soc = CentiPercent{soc};
    for (PackState& pack : bank.packs) pack.pack.scalars.soc.set({soc}, bank.now);
    rig.publish(bank.picture());
    two.send_all(asked);
    for (Client* client : {&one, &two}) {
      const Bytes reply = client->reply();
      ASSERT_EQ(reply.size(), 259U);
      const auto at = [&](unsigned address) {
        const std::size_t offset = 9 + 2 * (address - 40'226);
        return reply[offset] << 8 | reply[offset + 1];
      };
      EXPECT_EQ(at(40'230), at(40'243)) << "713 and 804";
      EXPECT_EQ(at(40'230), at(40'304)) << "713 and 805";
      EXPECT_EQ(at(40'230), soc / 10);
    }
  }
}

}  // namespace
}  // namespace cw::modbus_test
