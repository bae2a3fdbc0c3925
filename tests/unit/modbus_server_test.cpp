// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <list>

#include "tests/unit/modbus_rig.h"

namespace cw::modbus_test {
namespace {

using sample::kMaxAge;
using Registers = std::vector<std::uint16_t>;

constexpr std::uint16_t kBank = 200;
const Registers kNothing = {0x8000, 0};

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// --- answers

TEST(ModbusServer, AnswersHoldingAndInputRegistersAlike) {
  Rig rig;
  Client client(rig);
  client.send_all(read_request(0xABCD, 1, 102, 2, 3));
  EXPECT_EQ(client.reply(), frame(0xABCD, 1, {3, 4, 0xFF, 0xFF, 0xCF, 0xC7}));
  client.send_all(read_request(0xABCE, 1, 102, 2, 4));
  EXPECT_EQ(client.reply(), frame(0xABCE, 1, {4, 4, 0xFF, 0xFF, 0xCF, 0xC7}));
}

TEST(ModbusServer, ShowsAUnitForEachPackAndOneForTheBank) {
  Rig rig;
  rig.sample.packs[1].pack.scalars.soc.set({4'200}, rig.now);
  rig.publish();
  Client client(rig);
  EXPECT_EQ(client.registers(1, 106, 2), (Registers{0, 1003}));
  EXPECT_EQ(client.registers(2, 106, 2), (Registers{0, 4200}));
  EXPECT_EQ(client.registers(kBank, 2, 1), (Registers{2}));
}

TEST(ModbusServer, AnswersTheLongestReadWhole) {
  Rig rig;
  Client client(rig);
  EXPECT_EQ(client.registers(kBank, 700, 125).size(), 125U);
}

TEST(ModbusServer, RefusesWithTheExceptionOfTheStandard) {
  Rig rig;
  Client client(rig);
  const struct {
    unsigned unit;
    Bytes pdu;
    unsigned exception;
    const char* why;
  } cases[] = {
      {1, {1, 0, 100, 0, 2}, 1, "coils"},
      {1, {2, 0, 100, 0, 2}, 1, "discrete inputs"},
      {1, {5, 0, 100, 0xFF, 0}, 1, "write a coil"},
      {1, {6, 0, 100, 0, 2}, 1, "write a register"},
      {1, {15, 0, 0, 0, 8, 1, 0xFF}, 1, "write coils"},
      {1, {16, 0, 100, 0, 1, 2, 0, 1}, 1, "write registers"},
      {1, {22, 0, 100, 0, 0, 0, 0}, 1, "mask a register"},
      {1, {23, 0, 100, 0, 1, 0, 100, 0, 1, 2, 0, 0}, 1, "write and read"},
      {1, {0x2B, 0x0E, 1, 0}, 1, "device identification"},
      {1, {0}, 1, "function 0"},
      {1, {0x83, 2}, 1, "an exception as a request"},
      {1, {3}, 3, "no address"},
      {1, {3, 0, 100, 0, 2, 0}, 3, "a byte too many"},
      {1, {3, 0, 100, 0, 0}, 3, "no register"},
      {1, {3, 0, 100, 0, 126}, 3, "126 registers"},
      {1, {3, 0, 99, 0, 2}, 2, "begins unmapped"},
      {1, {4, 0, 166, 0, 3}, 2, "ends unmapped"},
      {1, {3, 0xFF, 0xFF, 0, 125}, 2, "beyond the last address"},
      {3, {3, 0, 100, 0, 2}, 0x0A, "a pack too many"},
      {0, {3, 0, 100, 0, 2}, 0x0A, "unit 0"},
      {255, {6, 0, 100, 0, 2}, 0x0A, "unit 255, any function"},
  };
  unsigned transaction = 0;
  for (const auto& c : cases) {
    client.send_all(frame(++transaction, c.unit, c.pdu));
    EXPECT_EQ(client.reply(), refusal(transaction, c.unit, c.pdu[0], c.exception)) << c.why;
  }
  EXPECT_TRUE(rig.detail_has("21 requests, 21 exceptions"));
}

TEST(ModbusServer, KnowsNoUnitBeforeTheFirstPicture) {
  Rig rig({}, false);
  Client client(rig);
  client.send_all(read_request(1, 1, 100, 2));
  EXPECT_EQ(client.reply(), refusal(1, 1, 3, 0x0B));
}

TEST(ModbusServer, AnswersForAPackNeverHeardWithNothingInsteadOfAnError) {
  Rig rig;
  rig.sample.packs[0].link.link = Link::unheard;
  rig.publish();
  Client client(rig);
  EXPECT_EQ(client.registers(1, 100, 2), kNothing);
  EXPECT_EQ(client.registers(1, 8, 2), kNothing);
}

TEST(ModbusServer, EndsValuesByTheirAgeEvenIfNothingIsPublishedAnyMore) {
  Rig rig;
  Client client(rig);
  rig.now = rig.now + kMaxAge;
  EXPECT_EQ(client.registers(1, 106, 2), (Registers{0, 1003}));
  EXPECT_EQ(client.registers(1, 8, 2), (Registers{0, 5'000}));
  rig.now = rig.now + Millis{1};
  EXPECT_EQ(client.registers(1, 106, 2), kNothing);
  EXPECT_EQ(client.registers(1, 7, 3), (Registers{0, 0, 5'001}));
  EXPECT_EQ(client.registers(kBank, 102, 2), kNothing);
}

TEST(ModbusServer, ShowsADecisionThatMovedWithoutAFrame) {
  Rig rig;
  Client client(rig);
  EXPECT_EQ(client.registers(1, 18, 1), Registers{0});
  rig.sample.packs[0].guard = Protection(Start::clear);
  rig.server->publish(rig.sample.picture(), {});
  EXPECT_EQ(client.registers(1, 18, 1), Registers{1});
}

TEST(ModbusServer, TakesOverOnlyPacksThatChanged) {
  Rig rig;
  for (auto& pack : rig.sample.packs) pack.pack.scalars.soc.set({77}, rig.now);
  const std::size_t changed[] = {1};
  rig.server->publish(rig.sample.picture(), changed);
  Client client(rig);
  EXPECT_EQ(client.registers(1, 106, 2), (Registers{0, 1003}));
  EXPECT_EQ(client.registers(2, 106, 2), (Registers{0, 77}));
}

// --- streams

TEST(ModbusServer, AnswersARequestCutAtAnyByte) {
  Rig rig;
  Client client(rig);
  const Bytes request = read_request(7, 1, 106, 2);
  for (long cut = 1; cut < static_cast<long>(request.size()); ++cut) {
    client.send_all(Bytes(request.begin(), request.begin() + cut));
    rig.settle();
    EXPECT_TRUE(client.read_now().empty()) << cut;
    client.send_all(Bytes(request.begin() + cut, request.end()));
    EXPECT_EQ(client.reply(), frame(7, 1, {3, 4, 0, 0, 0x03, 0xEB})) << cut;
  }
}

TEST(ModbusServer, AnswersRequestsSentTogetherInTheirOrder) {
  Rig rig;
  Client client(rig);
  std::vector<Bytes> requests;
  for (unsigned i = 0; i < 500; ++i) requests.push_back(read_request(i, 1, 100, 1 + i % 64));
  client.send_all(joined(requests));
  for (unsigned i = 0; i < 500; ++i) {
    const Bytes got = client.reply();
    ASSERT_EQ(got.size(), 9U + 2 * (1 + i % 64)) << i;
    ASSERT_EQ(got[0] << 8 | got[1], static_cast<int>(i));
  }
}

TEST(ModbusServer, AnswersWhatAClientAskedBeforeItStoppedSending) {
  Rig rig;
  Client client(rig);
  std::vector<Bytes> requests;
  for (unsigned i = 0; i < 100; ++i) requests.push_back(read_request(i, 1, 106, 2));
  client.send_all(joined(requests));
  client.end_sending();
  EXPECT_EQ(client.receive(100 * 13).size(), 1'300U);
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(rig.detail_has("0 of 64 clients"));
}

TEST(ModbusServer, ClosesAClientThatSpeaksSomethingElse) {
  Rig rig;
  for (const Bytes& bytes : {Bytes{'G', 'E', 'T', ' ', '/', ' ', 'H'}, Bytes{0, 1, 0, 1, 0, 6},
                             Bytes{0, 1, 0, 0, 0, 1}, Bytes{0, 1, 0, 0, 0, 255}}) {
    Client client(rig);
    client.send_all(bytes);
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_TRUE(rig.detail_has("4 broken"));
}

TEST(ModbusServer, AnswersWhatCameBeforeTheNonsense) {
  Rig rig;
  Client client(rig);
  client.send_all(joined({read_request(7, 1, 106, 2), Bytes(6, 0xFF)}));
  EXPECT_EQ(client.receive(13), frame(7, 1, {3, 4, 0, 0, 0x03, 0xEB}));
  EXPECT_TRUE(client.is_closed());
}

// --- many clients

TEST(ModbusServer, Serves64ClientsAndRefusesThe65th) {
  Rig rig;
  std::list<Client> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back(rig);
    EXPECT_EQ(clients.back().registers(1, 106, 2), (Registers{0, 1003})) << i;
  }
  {
    Client late(rig);
    EXPECT_TRUE(late.is_closed());
  }
  EXPECT_EQ(rig.server->health().dropped, 1U);
  for (auto& client : clients) EXPECT_EQ(client.registers(2, 106, 2), (Registers{0, 1003}));
  clients.pop_front();
  rig.settle();
  Client next(rig);
  EXPECT_EQ(next.registers(1, 106, 2), (Registers{0, 1003}));
}

TEST(ModbusServer, GivesThePlaceOfAMuteConnectionToOneThatAsks) {
  Rig rig;
  std::list<Client> mutes;
  for (int i = 0; i < 64; ++i) mutes.emplace_back(rig);
  {
    Client early(rig);
    EXPECT_TRUE(early.is_closed()) << "the others may still be about to ask";
  }
  rig.now = rig.now + Millis{2'000};
  Client client(rig);
  EXPECT_EQ(client.registers(1, 2, 1), Registers{1});
  EXPECT_TRUE(mutes.front().is_closed());
  EXPECT_FALSE(mutes.back().is_closed());
}

TEST(ModbusServer, IsNotDelayedByClientsThatTrickle) {
  Rig rig;
  std::list<Client> slow;
  for (int i = 0; i < 63; ++i) {
    slow.emplace_back(rig);
    slow.back().send_all({0, 1, 0});
  }
  rig.settle();
  Client quick(rig);
  for (int round = 0; round < 3; ++round) {
    for (auto& client : slow) client.send_all({0});
    quick.send_all(read_request(1, 1, 106, 2));
    rig.turns = 0;
    EXPECT_EQ(quick.receive(13).size(), 13U);
    EXPECT_LE(rig.turns, 2U);
  }
}

TEST(ModbusServer, GivesAGreedyClientOnlyItsShareOfATurn) {
  Rig rig;
  Client greedy(rig);
  Client modest(rig);
  std::vector<Bytes> requests;
  for (unsigned i = 0; i < 1'000; ++i) requests.push_back(read_request(i, 1, 106, 2));
  greedy.send_all(joined(requests));
  modest.send_all(read_request(1, 1, 106, 2));
  rig.fence.pass();
  ASSERT_TRUE(rig.turn());
  ASSERT_TRUE(rig.turn());
  EXPECT_EQ(modest.read_now().size(), 13U);
  EXPECT_LT(greedy.read_now().size(), 13U * 40);
}

TEST(ModbusServer, WaitsForASlowReaderWithoutSpinningOrLosingAReply) {
  Rig rig;
  Client slow(rig, 4'096);
  std::size_t asked = 0;
  Bytes rest;  // of a request the kernel took only in part
  for (int stalled = 0; stalled < 3;) {
    if (rest.empty()) rest = read_request(static_cast<unsigned>(asked++), kBank, 700, 125);
    const std::size_t sent = slow.send(rest);
    rest.erase(rest.begin(), rest.begin() + static_cast<long>(sent));
    rig.settle();  // fails if the server finds no rest
    stalled = sent == 0 ? stalled + 1 : 0;
  }
  EXPECT_GT(asked, 100U);
  Client other(rig);
  EXPECT_EQ(other.registers(1, 106, 2), (Registers{0, 1003}));

  for (std::size_t i = 0; i < asked; ++i) {
    const Bytes got = slow.reply();
    ASSERT_EQ(got.size(), 259U) << i;
    ASSERT_EQ(got[0] << 8 | got[1], static_cast<int>(i & 0xFFFF));
    if (!rest.empty()) {
      const std::size_t sent = slow.send(rest);
      rest.erase(rest.begin(), rest.begin() + static_cast<long>(sent));
    }
  }
  EXPECT_TRUE(rig.detail_has(" 0 cut off")) << rig.server->health().detail;
}

TEST(ModbusServer, AnswersIllegalRequestsWithoutSleepingOrLosingTheNext) {
  Rig rig;
  Client client(rig);
  std::vector<Bytes> requests;
  for (unsigned i = 0; i < 1'500; i += 3) {  // libmodbus alone would sleep over each 0.5 s
    requests.push_back(read_request(i, 1, 100, 0));
    requests.push_back(frame(i + 1, 1, {99}));
    requests.push_back(read_request(i + 2, 1, 106, 2));
  }
  const Bytes all = joined(requests);
  client.send_all(all);
  rig.turns = 0;
  for (unsigned i = 0; i < 1'500; i += 3) {
    ASSERT_EQ(client.reply(), refusal(i, 1, 3, 3));
    ASSERT_EQ(client.reply(), refusal(i + 1, 1, 99, 1));
    ASSERT_EQ(client.reply(), frame(i + 2, 1, {3, 4, 0, 0, 0x03, 0xEB}));
  }
  EXPECT_LE(rig.turns, 1'500U / 8 + 20);
}

// --- time-outs

TEST(ModbusServer, ClosesAnIdleClientAfterTwoMinutes) {
  Rig rig;
  Client client(rig);
  EXPECT_EQ(client.registers(1, 2, 1), Registers{1});
  rig.now = rig.now + Millis{120'000};
  rig.server->on_tick(rig.now);
  EXPECT_EQ(client.registers(1, 2, 1), Registers{1});
  rig.now = rig.now + Millis{120'001};
  rig.server->on_tick(rig.now);
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(rig.detail_has("1 timed out"));
}

TEST(ModbusServer, ClosesAClientStuckInARequestFiveSecondsAfterItsFirstByte) {
  Rig rig;
  Client client(rig);
  const Bytes request = read_request(1, 1, 100, 2);
  for (std::size_t i = 0; i < 5; ++i) {  // a byte every second does not help
    client.send_all({request[i]});
    rig.settle();
    rig.server->on_tick(rig.now);
    rig.now = rig.now + Millis{1'000};
  }
  EXPECT_FALSE(client.is_closed());
  rig.now = rig.now + Millis{1};
  rig.server->on_tick(rig.now);
  EXPECT_TRUE(client.is_closed());
}

TEST(ModbusServer, CountsTheTimeOfARequestFromItsOwnFirstByte) {
  Rig rig;
  Client client(rig);
  const Bytes request = read_request(1, 1, 106, 2);
  for (int i = 0; i < 5; ++i) {  // each time the rest of one and the beginning of the next
    client.send_all(i == 0 ? Bytes(request.begin(), request.begin() + 4)
                           : joined({Bytes(request.begin() + 4, request.end()),
                                     Bytes(request.begin(), request.begin() + 4)}));
    rig.settle();
    rig.now = rig.now + Millis{4'000};
    rig.server->on_tick(rig.now);
  }
  EXPECT_EQ(client.receive(4 * 13).size(), 52U);
  EXPECT_FALSE(client.is_closed());
}

// --- trouble

TEST(ModbusServer, FreesThePlaceOfAClientThatWentAway) {
  ModbusOptions options;
  options.clients_most = 1;
  Rig rig(options);
  for (int i = 0; i < 5; ++i) {
    Client client(rig);
    EXPECT_EQ(client.registers(1, 2, 1), Registers{1}) << i;
    client.send_all(read_request(9, 1, 2, 1));
    client.reset();
  }
  EXPECT_TRUE(rig.detail_has("0 of 1 clients"));
}

TEST(ModbusServer, RestsWhileThereAreNoDescriptorsAndAcceptsLater) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer itself needs a descriptor to look at an object";
#endif
  Rig rig;
  Client before(rig);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const int lowest_free = ::dup(0);
  ASSERT_GE(lowest_free, 0);
  ::close(lowest_free);
  // The client's own socket still fits, the server's does not.
  const rlimit tight{static_cast<rlim_t>(lowest_free) + 1, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  Client late(rig);
  EXPECT_FALSE(rig.turn(20)) << "must not wake for ever";
  EXPECT_FALSE(rig.server->health().ok);
  EXPECT_EQ(before.registers(1, 2, 1), Registers{1});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  rig.server->on_tick(rig.now);
  EXPECT_EQ(late.registers(1, 2, 1), Registers{1});
  EXPECT_TRUE(rig.server->health().ok);
}

TEST(ModbusServer, SaysWhyItCannotListen) {
  Rig rig;
  ModbusOptions options;
  std::string error;
  options.listen = "127.0.0.1";
  options.port = rig.server->port();
  EXPECT_EQ(make_modbus_server(options, error), nullptr);
  EXPECT_EQ(error, "cannot listen on 127.0.0.1 port " + std::to_string(options.port) +
                       ": Address already in use");
  options.listen = "gateway.lan";
  EXPECT_EQ(make_modbus_server(options, error), nullptr);
  EXPECT_NE(error.find("an IP address is needed"), std::string::npos) << error;
}

TEST(ModbusServer, SaysThatRelaysAreMissingFromTheMap) {
  Rig rig;
  EXPECT_FALSE(rig.detail_has("relays"));
  rig.sample.relays.resize(17);
  rig.publish();
  EXPECT_TRUE(rig.detail_has("only the first 16 relays are in the map"));
  Client client(rig);
  EXPECT_EQ(client.registers(kBank, 26, 1), Registers{17});
}

}  // namespace
}  // namespace cw::modbus_test
