// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/protocol_fuzz.h"

namespace cw {
namespace {

bool in_range(const Pack& pack) {
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto value = pack.parameters.get(static_cast<Parameter>(i));
    if (value && (*value < kParameters[i].lowest || *value > kParameters[i].highest)) return false;
  }
  return true;
}

}  // namespace

const char* feed_everything(const ProtocolSpec& spec, std::span<const std::uint8_t> bytes) {
  ProtocolBox protocol(spec, 1);
  Pack pack;
  Instant now{1};
  while (!bytes.empty()) {
    ++now.ms;
    const Instant heard_before = pack.scalars.voltage.heard();
    const Fed fed = protocol->feed(bytes, now, pack);
    if (fed.heard == Heard::need_more)
      return fed.consumed == 0 ? nullptr : "waits for more and takes bytes all the same";
    if (fed.consumed == 0) return "neither takes a byte nor waits for more";
    if (fed.consumed > bytes.size()) return "takes bytes that are not there";
    const bool taken = fed.heard == Heard::frame || fed.heard == Heard::part;
    if (!taken && fed.why.empty()) return "refuses without a reason";
    if (fed.heard != Heard::frame && pack.scalars.voltage.heard() != heard_before)
      return "changes the pack without a frame";
    if (!in_range(pack)) return "stores a setting out of range";
    bytes = bytes.subspan(fed.consumed);
  }
  const auto request = protocol->next_request(now);
  if (request && request->size > request->bytes.size()) return "asks with too many bytes";
  return nullptr;
}

}  // namespace cw
