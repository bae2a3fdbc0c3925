// SPDX-License-Identifier: Apache-2.0
// Writes of any shape to a unit of which three points are open, from fixed seeds, against an
// independent reading of the exception table.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/modbus_bank_sample.h"
#include "tests/unit/modbus_rig.h"

namespace cw::modbus_test {
namespace {

constexpr std::size_t kRequests = 60'000;
constexpr unsigned kUnit = 126;
constexpr unsigned kFirst = 40'000;
constexpr unsigned kEnd = 40'581;
constexpr unsigned kMost = 40'079;
constexpr unsigned kLeast = 40'080;
constexpr unsigned kState = 40'121;

class Hostile {
 public:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_()) % limit; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

  unsigned address() {
    const unsigned near[] = {kMost, kLeast, kState, kMost - 1, kFirst - 1, kEnd - 1, kEnd};
    return below(8) == 0 ? below(0x10000) : near[below(7)];
  }
  std::uint16_t value() {
    return static_cast<std::uint16_t>(below(3) == 0 ? below(0x10000) : below(1'010));
  }

  Bytes request() {
    if (below(3) == 0) return write_request(below(0x10000), kUnit, address(), value());
    std::vector<std::uint16_t> values(below(20) == 0 ? below(124) : 1 + below(3));
    for (auto& v : values) v = value();
    Bytes out = write_request(below(0x10000), kUnit, address(), values);
    if (below(4) == 0) out[8 + below(static_cast<unsigned>(out.size()) - 8)] = byte();
    if (below(12) == 0) {  // another length, with a header that says so
      out.resize(8 + below(static_cast<unsigned>(out.size()) - 7));
      out[5] = static_cast<std::uint8_t>(out.size() - 6);
    }
    return out;
  }

 private:
  std::mt19937 random_{7};
};

/// What the three points hold, and what a write deserves.
class Oracle {
 public:
  unsigned judge(const Bytes& request) {
    const auto word = [&](std::size_t at) {
      return static_cast<unsigned>(request[at] << 8 | request[at + 1]);
    };
    const bool one = request[7] == 6;
    if (one ? request.size() != 12 : request.size() < 13) return 3;
    const unsigned count = one ? 1 : word(10);
    if (count == 0 || count > 123) return 3;
    if (!one && (request[12] != 2 * count || request.size() != 13 + 2 * count)) return 3;
    const unsigned address = word(8);
    if (address < kFirst || address + count > kEnd) return 2;
    auto after = held_;
    unsigned outcome = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (held_.count(address + i) == 0) return 2;
      const unsigned value = word((one ? 10 : 13) + 2 * i);
      const bool is_state = address + i == kState;
      if (is_state ? value < 1 || value > 3 : value > 1'000) outcome = 3;
      after[address + i] = value;
    }
    const bool bounds = address == kMost || address == kLeast;
    if (outcome == 0 && bounds && after[kLeast] > after[kMost]) outcome = 3;
    if (outcome == 0) held_ = after;
    return outcome;
  }
  unsigned held(unsigned address) const { return held_.at(address); }

 private:
  std::map<unsigned, unsigned> held_ = {{kMost, 1'000}, {kLeast, 0}, {kState, 1}};
};

TEST(ModbusWriteFuzz, NothingButAWholeRightWriteChangesAnything) {
  const sample::BankSample bank;
  ModbusOptions options = bank.options();
  options.orders.from = {"127.0.0.1"};
  options.orders.points = {"802.SocRsvMax", "802.SoCRsvMin", "802.SetInvState"};
  Rig rig(options, false);
  rig.publish(bank.picture());
  Client client(rig);
  Hostile hostile;
  Oracle oracle;
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const Bytes request = hostile.request();
    if (request.size() < 8) continue;
    const unsigned expected = request[7] == 6 || request[7] == 16 ? oracle.judge(request) : 1;
    client.send_all(request);
    const Bytes reply = client.reply();
    ASSERT_GE(reply.size(), 9U) << i;
    ASSERT_EQ((reply[7] & 0x80) != 0 ? reply[8] : 0U, expected) << i;
    accepted += expected == 0 ? 1 : 0;
    if (i % 16 != 0) continue;
    const auto now = client.registers(kUnit, kMost, 2);
    ASSERT_EQ(now.size(), 2U);
    ASSERT_EQ(now[0], oracle.held(kMost)) << i;
    ASSERT_EQ(now[1], oracle.held(kLeast)) << i;
  }
  EXPECT_GT(accepted, kRequests / 50);
}

// Each map of a standard: inside or outside, and holes.
TEST(ModbusWriteFuzz, ReadsOfAnyRangeGetRegistersOrTheirException) {
  const sample::BankSample bank;
  Rig rig(bank.options(), false);
  rig.publish(bank.picture());
  Client client(rig);
  Hostile hostile;
  const struct {
    unsigned unit, first, end;  // one range without a hole each
  } ranges[] = {{kUnit, kFirst, kEnd}, {225, 256, 332}, {225, 1'282, 1'344}, {100, 840, 847}};
  for (std::size_t i = 0; i < kRequests; ++i) {
    const auto& range = ranges[hostile.below(4)];
    const unsigned address = range.first - 3 + hostile.below(range.end - range.first + 6);
    const unsigned quantity = hostile.below(4) == 0 ? hostile.below(200) : 1 + hostile.below(4);
    const bool inside = address >= range.first && address + quantity <= range.end;
    const Bytes request = read_request(1, range.unit, address, quantity, 3 + hostile.below(2));
    client.send_all(request);
    const Bytes reply = client.reply();
    if (quantity == 0 || quantity > 125)
      ASSERT_EQ(reply, refusal(1, range.unit, request[7], 3)) << address << " " << quantity;
    else if (!inside)
      ASSERT_EQ(reply, refusal(1, range.unit, request[7], 2)) << address << " " << quantity;
    else
      ASSERT_EQ(reply.size(), 9 + 2 * quantity) << address << " " << quantity;
  }
}

}  // namespace
}  // namespace cw::modbus_test
