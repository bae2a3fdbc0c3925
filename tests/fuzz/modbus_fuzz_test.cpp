// SPDX-License-Identifier: Apache-2.0
// Hostile bytes over real sockets, from fixed seeds. Every whole request must get exactly the
// reply an independent reading of the standard asks for, and nothing but nonsense closes a client.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bridge/modbus/modbus_map.h"
#include "tests/unit/modbus_rig.h"

namespace cw::modbus_test {
namespace {

constexpr std::size_t kRequests = 120'000;
constexpr std::uint8_t kBank = 200;

class Hostile {
 public:
  explicit Hostile(std::uint32_t seed) : random_(seed) {}

  unsigned any() { return static_cast<unsigned>(random_()); }
  unsigned below(unsigned limit) { return any() % limit; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(any()); }

  /// A frame with a right header.
  Bytes request() {
    const unsigned units[] = {1, 2, kBank, 3, 0, 255};
    const unsigned unit = units[below(10) < 8 ? below(3) : 3 + below(3)];
    switch (below(4)) {
      case 0: return read_request(any(), unit, below(1'100), below(130), 3 + below(2));
      case 1: return read_request(any(), unit, 700 + below(60), 1 + below(125));
      case 2: return read_request(any(), unit, any(), any(), byte());
      default: {
        Bytes pdu(1 + below(253));
        for (auto& b : pdu) b = byte();
        if (below(2) == 0) pdu[0] = static_cast<std::uint8_t>(1 + below(24));
        return frame(any(), unit, pdu);
      }
    }
  }

  /// A header no later byte can save.
  Bytes nonsense() {
    Bytes out = request();
    out.resize(6);
    const unsigned at = 2 + below(3);
    out[at] = static_cast<std::uint8_t>(1 + below(255));
    return out;
  }

 private:
  std::mt19937 random_;
};

// The standard once more, written apart from the server: the reply a request deserves.
class Oracle {
 public:
  explicit Oracle(const Rig& rig) {
    for (std::size_t i = 0; i < 2; ++i) {
      UnitState unit;
      copy_pack(rig.sample.picture(), i, true, unit);
      add(unit, rig.now);
    }
    UnitState bank;
    copy_bank(rig.sample.picture(), bank);
    add(bank, rig.now);
  }

  Bytes reply(const Bytes& request) const {
    const unsigned transaction = static_cast<unsigned>(request[0] << 8 | request[1]);
    const unsigned unit = request[6];
    const unsigned function = request[7];
    const auto refuse = [&](std::uint8_t exception) {
      return frame(transaction, unit, {static_cast<std::uint8_t>(function | 0x80), exception});
    };
    if (unit != 1 && unit != 2 && unit != kBank) return refuse(0x0A);
    if (function != 3 && function != 4) return refuse(1);
    if (request.size() != 12) return refuse(3);
    const std::size_t address = static_cast<std::size_t>(request[8] << 8 | request[9]);
    const std::size_t quantity = static_cast<std::size_t>(request[10] << 8 | request[11]);
    if (quantity < 1 || quantity > 125) return refuse(3);
    Bytes pdu = {static_cast<std::uint8_t>(function), static_cast<std::uint8_t>(2 * quantity)};
    const auto& image = images_[unit == kBank ? 2 : unit - 1];
    for (std::size_t at = address; at < address + quantity; ++at) {
      if (at > 0xFFFF || native_map_readable(static_cast<std::uint16_t>(at)) == 0) return refuse(2);
      pdu.push_back(static_cast<std::uint8_t>(image[at] >> 8));
      pdu.push_back(static_cast<std::uint8_t>(image[at]));
    }
    return frame(transaction, unit, pdu);
  }

 private:
  void add(const UnitState& unit, Instant now) {
    images_.emplace_back(native_map_size());
    render_native_map(unit, now, images_.back());
  }
  std::vector<std::vector<std::uint16_t>> images_;
};

void append(Bytes& to, const Bytes& part) { to.insert(to.end(), part.begin(), part.end()); }

// Sends in pieces of any size, turning the server now and then.
void send_in_pieces(Rig& rig, Client& client, Hostile& hostile, const Bytes& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t piece = 1 + hostile.below(hostile.below(4) == 0 ? 7 : 1'500);
    const auto begin = bytes.begin() + static_cast<long>(at);
    const auto end = bytes.begin() + static_cast<long>(std::min(bytes.size(), at + piece));
    at += client.send(Bytes(begin, end));
    if (hostile.below(2) == 0) rig.settle();
  }
}

TEST(ModbusFuzz, AnswersEveryRequestRightAndClosesOnlyOnNonsense) {
  Rig rig;
  const Oracle oracle(rig);
  Hostile hostile(1);
  std::size_t sent = 0;
  std::size_t nonsense = 0;
  while (sent < kRequests) {
    Client client(rig);
    bool open = true;
    while (open && sent < kRequests) {
      Bytes out, expected;
      for (unsigned i = 1 + hostile.below(40); i-- > 0; ++sent) {
        const Bytes request = hostile.request();
        append(out, request);
        append(expected, oracle.reply(request));
      }
      if (hostile.below(20) == 0) {
        append(out, hostile.nonsense());
        ++nonsense;
        open = false;
      }
      send_in_pieces(rig, client, hostile, out);
      const Bytes got = client.receive(expected.size());
      ASSERT_EQ(got.size(), expected.size()) << "after " << sent;
      const auto differs = std::ranges::mismatch(got, expected).in1 - got.begin();
      ASSERT_EQ(differs, static_cast<long>(got.size())) << "after " << sent;
    }
    if (!open) {
      ASSERT_TRUE(client.is_closed());
    }
  }
  EXPECT_TRUE(rig.detail_has(std::to_string(nonsense) + " broken")) << rig.server->health().detail;
  EXPECT_TRUE(rig.detail_has(std::to_string(sent) + " requests"));
}

TEST(ModbusFuzz, SurvivesBytesOfNoMeaning) {
  Rig rig;
  Hostile hostile(2);
  for (int i = 0; i < 3'000; ++i) {
    Client client(rig);
    Bytes bytes(1 + hostile.below(700));
    for (auto& b : bytes) b = hostile.below(3) == 0 ? std::uint8_t{0} : hostile.byte();
    client.send(bytes);
    rig.settle();
    if (hostile.below(2) == 0) client.reset();
  }
  rig.settle();
  Client client(rig);
  EXPECT_EQ(client.registers(1, 2, 1), std::vector<std::uint16_t>{1});
  EXPECT_TRUE(rig.detail_has("1 of 64 clients")) << rig.server->health().detail;
}

// Readers that stop and go on at any place: never a reply lost, doubled or cut in half.
TEST(ModbusFuzz, KeepsRepliesWholeForReadersOfAnyPace) {
  for (std::uint32_t seed = 10; seed < 40; ++seed) {
    Rig rig;
    const Oracle oracle(rig);
    Hostile hostile(seed);
    Client client(rig, static_cast<int>(2'048U << hostile.below(4)));
    Bytes unsent, got, expected;
    for (int i = 0; i < 1'000; ++i) {
      const Bytes request =
          read_request(static_cast<unsigned>(i), kBank, 700, 1 + hostile.below(125));
      append(unsent, request);
      append(expected, oracle.reply(request));
    }
    for (std::size_t at = 0; at < unsent.size() || got.size() < expected.size();) {
      if (at < unsent.size())
        at += client.send(Bytes(unsent.begin() + static_cast<long>(at), unsent.end()));
      rig.settle();
      if (hostile.below(3) == 0) append(got, client.receive(hostile.below(2'000)));
      ASSERT_LE(got.size(), expected.size());
      if (at == unsent.size()) append(got, client.receive(expected.size() - got.size()));
    }
    ASSERT_EQ(got, expected) << seed;
    EXPECT_TRUE(rig.detail_has(" 0 cut off")) << seed;
  }
}

}  // namespace
}  // namespace cw::modbus_test
