// SPDX-License-Identifier: Apache-2.0
// What real radio modules delivered, notification by notification, kept outside the project: the
// same records, acknowledgements and chatter must be found whatever they were cut into. Skipped
// where they are not at hand.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "drivers/protocol/jk_ble.h"
#include "drivers/protocol/jk_record.h"
#include "drivers/protocol/registry.h"

namespace cw {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

const std::map<std::string, std::string> kGenerations = {
    {"JK04", "jk04"}, {"JK02_24S", "jk02-24s"}, {"JK02_32S", "jk02-32s"}};
const std::map<std::uint8_t, std::string> kTypes = {
    {1, "settings"}, {2, "cell_info"}, {3, "device_info"}};

Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

// What the board said, in the pieces in which it came.
std::vector<Bytes> notifications(const json& entry) {
  std::vector<Bytes> pieces;
  if (entry["kind"] == "stream")
    for (const auto& piece : entry["hex"]) pieces.push_back(from_hex(piece));
  else
    for (const auto& event : entry["hex"]["session"])
      if (event["dir"] == "notify") pieces.push_back(from_hex(event["hex"]));
  return pieces;
}

class Listener {
 public:
  explicit Listener(std::string_view generation)
      : box_(*find_protocol("jk-ble"), ProtocolOptions{.generation = generation}) {}

  void hear(const Bytes& piece) {
    now_ = now_ + Millis{20};
    waiting_.insert(waiting_.end(), piece.begin(), piece.end());
    while (!waiting_.empty()) {
      const Fed fed = box_->feed(waiting_, now_, pack);
      if (fed.heard == Heard::need_more) return;
      note(fed);
      waiting_.erase(waiting_.begin(),
                     waiting_.begin() + static_cast<std::ptrdiff_t>(fed.consumed));
    }
  }

  json summary() const {
    return {{"frames", types_},
            {"counters", counters_},
            {"acks", acknowledged_},
            {"at_lines", chatter_},
            {"junk_bytes", junk_bytes_},
            {"bad_frames", damaged_},
            {"left_over", waiting_.size()}};
  }

  Pack pack{};

 private:
  void note(const Fed& fed) {
    switch (fed.heard) {
      case Heard::frame:
        types_.push_back(kTypes.at(waiting_[jk_record::kTypeAt]));
        counters_.push_back(waiting_[jk_record::kCounterAt]);
        return;
      case Heard::acknowledged: ++acknowledged_; return;
      case Heard::bad_checksum: ++damaged_; return;
      case Heard::noise:
        if (fed.why.starts_with("chatter"))
          ++chatter_;
        else
          junk_bytes_ += fed.consumed;
        return;
      default: ADD_FAILURE() << fed.why;
    }
  }

  ProtocolBox box_;
  Bytes waiting_;
  Instant now_{1'000};
  std::vector<std::string> types_;
  std::vector<int> counters_;
  std::size_t acknowledged_ = 0;
  std::size_t chatter_ = 0;
  std::size_t junk_bytes_ = 0;
  std::size_t damaged_ = 0;
};

void expect_last_values(const json& entry, const Pack& pack) {
  const json last = entry["expected"].value("last_cell_info", json::object());
  std::size_t i = 0;
  for (const auto& volts : last.value("cell_v", json::array())) {
    const auto cell = pack.cell_voltage[i++].fresh(pack.cell_voltage[0].heard(), {0});
    ASSERT_TRUE(cell) << "cell " << i;
    EXPECT_NEAR(cell->count, volts.get<double>() * 1000, 0.6) << "cell " << i;
  }
  if (!last.contains("soc_pct")) return;
  const auto soc = pack.scalars.soc.fresh(pack.scalars.soc.heard(), {0});
  ASSERT_TRUE(soc);
  EXPECT_EQ(soc->count, last["soc_pct"].get<int>() * 100);
}

class JkBleFixtures : public testing::Test {
 protected:
  void SetUp() override {
    std::ifstream in(CW_SOURCE_DIR "/../shared/frames/jk-ble.json");
    if (!in) GTEST_SKIP() << "skipped: no captured frames beside the project";
    entries = json::parse(in);
  }
  json entries;
};

TEST_F(JkBleFixtures, RecordsAreFoundInWhateverPiecesTheyCame) {
  std::size_t seen = 0;
  for (const json& entry : entries) {
    if (entry["kind"] != "stream" && entry["kind"] != "session") continue;
    SCOPED_TRACE(entry["id"].get<std::string>());
    Listener listener(kGenerations.at(entry["protocol"]));
    for (const Bytes& piece : notifications(entry)) listener.hear(piece);
    const json summary = listener.summary();
    for (const auto& [what, count] : summary.items())
      EXPECT_EQ(count, entry["expected"].value(what, count)) << what;
    expect_last_values(entry, listener.pack);
    ++seen;
  }
  EXPECT_GT(seen, 10U);
}

TEST_F(JkBleFixtures, CommandsOfTheAppAddUpAndOursAreTheSame) {
  std::size_t seen = 0;
  for (const json& entry : entries) {
    if (entry["kind"] != "command") continue;
    SCOPED_TRACE(entry["id"].get<std::string>());
    const Bytes bytes = from_hex(entry["hex"]);
    ASSERT_EQ(bytes.size(), jk_ble::kCommandSize);
    EXPECT_TRUE(jk_ble::is_sound(std::span<const std::uint8_t, jk_ble::kCommandSize>(bytes)));
    const json& expected = entry["expected"];
    EXPECT_EQ(bytes[jk_ble::kNumberAt], expected["register"].get<int>());
    const auto length = expected["length"].get<std::size_t>();
    EXPECT_EQ(bytes[jk_ble::kLengthAt], length);
    ++seen;
    // The app fills with whatever it has; ours with zeros, as those that were built.
    if (!entry["id"].get<std::string>().starts_with("cmd-build")) continue;
    const Request ours = jk_ble::command(bytes[jk_ble::kNumberAt],
                                         std::span(bytes).subspan(jk_ble::kValueAt).first(length));
    EXPECT_EQ(Bytes(ours.view().begin(), ours.view().end()), bytes);
  }
  EXPECT_GT(seen, 10U);
}

}  // namespace
}  // namespace cw
