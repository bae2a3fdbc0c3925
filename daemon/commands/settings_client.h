// SPDX-License-Identifier: Apache-2.0
// Reads and changes settings through the control socket of the running gateway, and says on
// standard output and standard error what became of it.
#pragma once
#include <span>
#include <string>

namespace cw {

// Exit statuses of the commands that do so; sysexits.h where it has one.
inline constexpr int kNotDone = 1;      // refused, or the board did not take it
inline constexpr int kDifferent = 1;    // of two sets that are compared
inline constexpr int kUsage = 64;       // EX_USAGE
inline constexpr int kNoInput = 66;     // EX_NOINPUT
inline constexpr int kNoGateway = 69;   // EX_UNAVAILABLE
inline constexpr int kNotKnown = 75;    // EX_TEMPFAIL: nobody knows whether the board took it
inline constexpr int kFaultyFile = 78;  // EX_CONFIG

struct NamedValue {
  std::string name;
  std::string value;  // as people write it: "3.65 V", "on"
};

/// The settings of a pack as a file of parameters; `keys` empty: all. Returns the exit status.
int get_settings(const std::string& socket, const std::string& pack, const std::string& keys,
                 std::string& text);

/// Writes them, or with `dry_run` says what would be sent. Returns the exit status.
int change_settings(const std::string& socket, const std::string& pack,
                    std::span<const NamedValue> values, bool dry_run);

}  // namespace cw
