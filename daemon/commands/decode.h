// SPDX-License-Identifier: Apache-2.0
// Bytes in words: what a person or a script is told about captured frames. Reads no file and writes
// no terminal; every frame is looked at alone, without what came before it.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/protocol/registry.h"

namespace cw {

struct HexBytes {
  std::vector<std::uint8_t> bytes;
  std::string fault;  // empty: good; otherwise where (from 1) and what
};

/// Digits in pairs; spaces, tabs, ':', ',', '-' between them and 0x before them do not matter.
HexBytes parse_hex(std::string_view text);

/// One JSON document, without a line break.
struct DecodedFrame {
  std::string json;
  bool good = false;  // understood: an answer, or a frame of the other direction; not an "error"
};

/// One document a frame of `bytes`, in order. It ends at the first that is not understood: behind
/// that, nobody knows where a frame begins. `request`: what was asked before each, where an answer
/// does not say it; empty: not known. `generation`: one of those that the protocol tells apart,
/// where a frame alone does not show it.
std::vector<DecodedFrame> decode_bytes(const ProtocolSpec& spec,
                                       std::span<const std::uint8_t> bytes,
                                       std::span<const std::uint8_t> request = {},
                                       std::string_view generation = {});

/// The same for text: on CAN a frame as candump writes it, else hexadecimal bytes. A text that is
/// neither is an "error" as well.
std::vector<DecodedFrame> decode_text(const ProtocolSpec& spec, std::string_view text,
                                      std::span<const std::uint8_t> request = {},
                                      std::string_view generation = {});

}  // namespace cw
