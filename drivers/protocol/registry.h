// SPDX-License-Identifier: Apache-2.0
// What the program knows about each protocol before it makes one.
#pragma once
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

#include "drivers/protocol/bus.h"
#include "drivers/protocol/can_frame.h"
#include "drivers/protocol/protocol.h"

namespace cw {

enum class Maturity : std::uint8_t { from_document, seen_in_captures, run_on_hardware };

constexpr std::string_view name(Maturity maturity) {
  constexpr std::string_view names[] = {"from document", "seen in captures", "run on hardware"};
  return names[static_cast<std::size_t>(maturity)];
}

/// What a protocol has to know about the one device it speaks with.
struct ProtocolOptions {
  std::uint8_t address = 0;         // on protocols that have one
  std::string_view generation{};    // one of ProtocolSpec::generations; empty: it is found out
  bool discharge_positive = false;  // firmware whose positive current discharges (jk-can V1)
};

/// What a driver file exports; registry.cpp lists them.
struct ProtocolSpec {
  std::string_view name;     // the word used in the configuration and by `decode`
  std::string_view title;    // for people
  std::string_view devices;  // boards it is known or documented to fit
  Bus bus;
  std::uint32_t default_baud;  // 0 where the bus has none
  std::size_t longest_frame;   // bytes; the receive buffer is twice this
  Maturity maturity;           // raised only with captures
  bool addressed;              // several devices on one line
  std::uint8_t highest_address = 255;
  std::span<const std::string_view> generations{};  // layouts it tells apart by what devices say
  std::span<const CanFilter> can_filters{};         // on CAN: what the kernel lets through
  Millis pause{0};      // the device needs between an answer and the next request
  Millis frame_gap{0};  // a silence this long within a frame ends it; 0: none is too long
  std::size_t size;     // of the object `construct` makes
  Protocol* (*construct)(void* storage, const ProtocolOptions& options);
};

std::span<const ProtocolSpec* const> all_protocols();

/// nullptr: no such protocol.
const ProtocolSpec* find_protocol(std::string_view name);

/// Holds one protocol object of any kind, without a heap. It stays where it was made.
class ProtocolBox {
 public:
  ProtocolBox(const ProtocolSpec& spec, const ProtocolOptions& options)
      : protocol_(spec.construct(storage_, options)) {}
  ProtocolBox(const ProtocolSpec& spec, std::uint8_t address)
      : ProtocolBox(spec, ProtocolOptions{.address = address}) {}
  ProtocolBox(const ProtocolBox&) = delete;
  ProtocolBox& operator=(const ProtocolBox&) = delete;

  Protocol& operator*() { return *protocol_; }
  Protocol* operator->() { return protocol_; }

  static constexpr std::size_t kCapacity = 1024;

  /// What a protocol file's `construct` does.
  template <class P>
  static Protocol* construct_in(void* storage, auto... arguments) {
    static_assert(sizeof(P) <= kCapacity);
    static_assert(alignof(P) <= alignof(std::max_align_t));
    static_assert(std::is_trivially_destructible_v<P>);
    return new (storage) P(arguments...);
  }

 private:
  alignas(std::max_align_t) std::byte storage_[kCapacity];
  Protocol* protocol_;
};

}  // namespace cw
