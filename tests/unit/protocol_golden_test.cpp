// SPDX-License-Identifier: Apache-2.0
// Frozen: what `decode` prints for the frames of tests/golden/PROTOCOL. A change of one character
// is seen here. A file holds comments (#), frames in hex, and behind each what is printed for it; a
// line "request HEX" is what was asked before the frames that follow it, "request" ends that.
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
  const ProtocolSpec* spec;
  std::string request;
  std::string hex;
  std::string printed;  // a line a document
};

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  for (const ProtocolSpec* spec : all_protocols())
    for (const auto& entry :
         fs::directory_iterator(CW_SOURCE_DIR "/tests/golden/" + std::string{spec->name}))
      if (entry.path().extension() == ".frames") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Golden> read_golden(const fs::path& file) {
  const ProtocolSpec* const spec = find_protocol(file.parent_path().filename().string());
  std::vector<Golden> frames;
  std::string request;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("request"))
      request = line.substr(7);
    else if (line.front() != '{')
      frames.push_back({spec, request, line, ""});
    else if (!frames.empty())
      frames.back().printed += line + "\n";
  }
  return frames;
}

std::string printed(const Golden& golden) {
  std::string all;
  const std::vector<std::uint8_t> request = parse_hex(golden.request).bytes;
  for (const DecodedFrame& frame : decode_text(*golden.spec, golden.hex, request))
    all += frame.json + "\n";
  return all;
}

TEST(ProtocolGolden, EveryFileSaysWhereItsFramesComeFrom) {
  for (const fs::path& file : golden_files()) {
    std::ifstream in(file);
    std::string first;
    std::getline(in, first);
    EXPECT_TRUE(first.starts_with("# provenance: ")) << file;
  }
}

TEST(ProtocolGolden, EveryFrameDecodesToWhatWasFrozen) {
  std::size_t frames = 0;
  for (const fs::path& file : golden_files())
    for (const Golden& golden : read_golden(file)) {
      ++frames;
      EXPECT_FALSE(golden.printed.empty()) << file << " says nothing about " << golden.hex;
      EXPECT_EQ(printed(golden), golden.printed) << file;
    }
  EXPECT_GE(frames, 12U);
}

TEST(ProtocolGolden, NoFrameLetsThePasswordOut) {
  for (const fs::path& file : golden_files())
    for (const Golden& golden : read_golden(file)) {
      EXPECT_EQ(printed(golden).find("s3cret"), std::string::npos) << file;
      EXPECT_EQ(printed(golden).find("733363726574"), std::string::npos) << file;
    }
}

}  // namespace
}  // namespace cw
