// SPDX-License-Identifier: Apache-2.0
// The entry of libFuzzer: the first byte chooses the protocol, the rest is its wire.
// Built with clang and -DCW_FUZZ=ON; run: fuzz_protocol -max_len=1200
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/protocol_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto protocols = cw::all_protocols();
  const cw::ProtocolSpec& spec = *protocols[data[0] % protocols.size()];
  if (const char* broken = cw::feed_everything(spec, {data + 1, size - 1})) {
    std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(spec.name.size()), spec.name.data(),
                 broken);
    std::abort();
  }
  return 0;
}
