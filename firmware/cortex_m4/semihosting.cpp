// SPDX-License-Identifier: Apache-2.0
#include "firmware/cortex_m4/semihosting.h"

namespace cw::semihosting {
namespace {

enum class Operation : std::uint32_t {
  open = 0x01,
  close = 0x02,
  write0 = 0x04,
  write = 0x05,
  read = 0x06,
  exit = 0x18,
};
constexpr std::uint32_t kNoHandle = UINT32_MAX;
constexpr std::uint32_t kApplicationExit = 0x20026;  // the one reason that means success
constexpr std::uint32_t kRunTimeError = 0x20023;

std::uint32_t call(Operation operation, std::uint32_t argument) {
  register std::uint32_t r0 asm("r0") = static_cast<std::uint32_t>(operation);
  register std::uint32_t r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

std::uint32_t address(const void* pointer) { return reinterpret_cast<std::uint32_t>(pointer); }

template <std::size_t N>
std::uint32_t call(Operation operation, const std::uint32_t (&arguments)[N]) {
  return call(operation, address(arguments));
}

}  // namespace

File::File(const char* name, std::size_t length, Mode mode)
    : handle_(call(Operation::open, {address(name), static_cast<std::uint32_t>(mode), length})) {
  if (handle_ == kNoHandle) fail("a file of the host cannot be opened\n");
}

File::~File() { call(Operation::close, {handle_}); }

std::size_t File::read(std::span<std::uint8_t> buffer) {
  const std::uint32_t missing =
      call(Operation::read, {handle_, address(buffer.data()), buffer.size()});
  if (missing > buffer.size()) fail("a file of the host cannot be read\n");
  return buffer.size() - missing;
}

void File::write(std::string_view text) {
  if (call(Operation::write, {handle_, address(text.data()), text.size()}) != 0)
    fail("a file of the host cannot be written\n");
}

void exit(int status) {
  while (true) call(Operation::exit, status == 0 ? kApplicationExit : kRunTimeError);
}

void fail(const char* message) {
  call(Operation::write0, address(message));
  exit(1);
}

}  // namespace cw::semihosting
