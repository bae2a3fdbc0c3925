// SPDX-License-Identifier: Apache-2.0
// Who records what crosses the wires. Where nobody does, a wire pays for one comparison.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/capture/capture_file.h"

namespace cw {

class CaptureTap {
 public:
  /// `bytes` or `text`, as the kind has it; both are only lent. `wire` from 1; 0: the gateway.
  virtual void note(std::uint8_t wire, CaptureKind kind, std::span<const std::uint8_t> bytes,
                    std::string_view text) = 0;

 protected:
  ~CaptureTap() = default;
};

/// One end of a tap: a wire, or the gateway itself. Without a tap it does nothing.
struct CaptureProbe {
  CaptureTap* tap = nullptr;
  std::uint8_t wire = 0;

  void note(CaptureKind kind) const {
    if (tap != nullptr) tap->note(wire, kind, {}, {});
  }
  void note(CaptureKind kind, std::span<const std::uint8_t> bytes) const {
    if (tap != nullptr) tap->note(wire, kind, bytes, {});
  }
  void note(CaptureKind kind, std::string_view text) const {
    if (tap != nullptr) tap->note(wire, kind, {}, text);
  }
};

}  // namespace cw
