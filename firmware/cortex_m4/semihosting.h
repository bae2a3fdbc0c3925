// SPDX-License-Identifier: Apache-2.0
// Files and console of the machine that a debugger or emulator runs on.
// Source: Arm, "Semihosting for AArch32 and AArch64" (IHI 0074).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cw::semihosting {

enum class Mode : std::uint32_t { read_binary = 1, write_binary = 5 };  // as fopen() numbers them

/// The console, under every host.
inline constexpr char kConsole[] = ":tt";

/// An open file of the host. What cannot be done ends the program with a message.
class File {
 public:
  template <std::size_t N>
  File(const char (&name)[N], Mode mode) : File(name, N - 1, mode) {}
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// As much as there is, up to the size of `buffer`; 0: the end.
  std::size_t read(std::span<std::uint8_t> buffer);
  void write(std::string_view text);

 private:
  File(const char* name, std::size_t length, Mode mode);

  std::uint32_t handle_;
};

/// `status` is 0 or 1: more is not told to the host.
[[noreturn]] void exit(int status);

/// Says what went wrong, without a file, and exits with 1.
[[noreturn]] void fail(const char* message);

}  // namespace cw::semihosting
