// SPDX-License-Identifier: Apache-2.0
// Frozen: what `decode` prints for the frames of tests/golden/jk-uart. A change of one character is
// seen here. A file holds comments (#), frames in hex, and behind each what is printed for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/commands/decode.h"

namespace cw {
namespace {

namespace fs = std::filesystem;

struct Golden {
  std::string hex;
  std::string printed;  // a line a document
};

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(CW_SOURCE_DIR "/tests/golden/jk-uart"))
    if (entry.path().extension() == ".frames") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Golden> read_golden(const fs::path& file) {
  std::vector<Golden> frames;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() != '{')
      frames.push_back({line, ""});
    else if (!frames.empty())
      frames.back().printed += line + "\n";
  }
  return frames;
}

std::string printed(const std::string& hex) {
  std::string all;
  for (const DecodedFrame& frame : decode_text(*find_protocol("jk-uart"), hex))
    all += frame.json + "\n";
  return all;
}

TEST(JkUartGolden, EveryFileSaysWhereItsFramesComeFrom) {
  for (const fs::path& file : golden_files()) {
    std::ifstream in(file);
    std::string first;
    std::getline(in, first);
    EXPECT_TRUE(first.starts_with("# provenance: ")) << file;
  }
}

TEST(JkUartGolden, EveryFrameDecodesToWhatWasFrozen) {
  std::size_t frames = 0;
  for (const fs::path& file : golden_files())
    for (const Golden& golden : read_golden(file)) {
      ++frames;
      EXPECT_FALSE(golden.printed.empty()) << file << " says nothing about " << golden.hex;
      EXPECT_EQ(printed(golden.hex), golden.printed) << file;
    }
  EXPECT_GE(frames, 12U);
}

TEST(JkUartGolden, NoFrameLetsThePasswordOut) {
  for (const fs::path& file : golden_files())
    for (const Golden& golden : read_golden(file)) {
      EXPECT_EQ(printed(golden.hex).find("s3cret"), std::string::npos) << file;
      EXPECT_EQ(printed(golden.hex).find("733363726574"), std::string::npos) << file;
    }
}

}  // namespace
}  // namespace cw
