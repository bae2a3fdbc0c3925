// SPDX-License-Identifier: Apache-2.0
// `cellwarden decode`: hexadecimal frames in, one JSON document a frame out. It talks to no device.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "daemon/commands/commands.h"
#include "daemon/commands/decode.h"
#include "daemon/commands/standard_output.h"

namespace cw {
namespace {

constexpr int kGood = 0;
constexpr int kBadData = 1;
constexpr int kUsage = 64;

const ProtocolSpec* known_protocol(const std::string& name) {
  const ProtocolSpec* const spec = find_protocol(name);
  if (spec != nullptr) return spec;
  std::string names;
  for (const ProtocolSpec* known : all_protocols())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", known->name);
  fmt::print(stderr, "cellwarden decode: no protocol \"{}\"; there are: {}\n", name, names);
  return nullptr;
}

bool knows_generation(const ProtocolSpec& spec, std::string_view generation) {
  const auto& all = spec.generations;
  if (generation.empty() || std::find(all.begin(), all.end(), generation) != all.end()) return true;
  fmt::print(stderr, "cellwarden decode: {} has no generation \"{}\"; there are: {}\n", spec.name,
             generation, all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", ")));
  return false;
}

/// Bytes pasted without quotes arrive as one word each: then all words are one frame. So is a line
/// of candump that has its bytes in columns.
std::vector<std::string> frames_of(const ProtocolSpec& spec,
                                   const std::vector<std::string>& words) {
  const auto is_piece = [&spec](const std::string& word) {
    return spec.bus == Bus::can ? word.find('#') == std::string::npos
                                : parse_hex(word).bytes.size() == 1;
  };
  if (words.size() < 2 || !std::all_of(words.begin(), words.end(), is_piece)) return words;
  std::string frame;
  for (const std::string& word : words) frame += word + " ";
  return {frame};
}

int print_frames(const ProtocolSpec& spec, std::string_view text,
                 std::span<const std::uint8_t> request, std::string_view generation) {
  int status = kGood;
  for (const DecodedFrame& frame : decode_text(spec, text, request, generation)) {
    if (!write_out(frame.json + '\n')) return kOutputLost;
    if (!frame.good) status = kBadData;
  }
  return status;
}

/// The next line without its end; false: there is none.
bool read_line(std::FILE* file, std::string& line) {
  line.clear();
  int c = std::fgetc(file);
  if (c == EOF) return false;
  for (; c != EOF && c != '\n'; c = std::fgetc(file)) line.push_back(static_cast<char>(c));
  return true;
}

bool says_nothing(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == '#';
}

}  // namespace

int command_decode(const DecodeOptions& options) {
  const ProtocolSpec* const spec = known_protocol(options.protocol);
  if (spec == nullptr || !knows_generation(*spec, options.generation)) return kUsage;
  HexBytes request;
  if (!options.request.empty()) request = parse_hex(options.request);
  if (!request.fault.empty()) {
    fmt::print(stderr, "cellwarden decode: --request, {}\n", request.fault);
    return kUsage;
  }
  if (!options.request.empty() && !spec->addressed)
    fmt::print(stderr, "cellwarden decode: answers of {} stand alone; --request is not used\n",
               spec->name);
  int status = kGood;
  if (!options.frames.empty()) {
    for (const std::string& frame : frames_of(*spec, options.frames))
      if (status != kOutputLost)
        status = std::max(status, print_frames(*spec, frame, request.bytes, options.generation));
    return status;
  }
  for (std::string line; status != kOutputLost && read_line(stdin, line);)
    if (!says_nothing(line))
      status = std::max(status, print_frames(*spec, line, request.bytes, options.generation));
  return status;
}

}  // namespace cw
