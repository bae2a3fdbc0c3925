// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_reply.h"

#include <modbus/modbus.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/assert.h"

namespace cw::modbus {
namespace {

// libmodbus looks at bytes by the function code, not by the length it is given: a frame is always
// handed over in a buffer of full size.
using FullFrame = std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH>;
static_assert(std::tuple_size_v<FullFrame> >= kFrameMost);

FullFrame full(std::span<const std::uint8_t> frame) {
  FullFrame out;
  const auto end = std::copy(frame.begin(), frame.end(), out.begin());
  std::fill(end, out.end(), std::uint8_t{0});
  return out;
}

// libmodbus sends with one call and reports a reply cut short as EMBBADDATA: half of it is out.
Sent outcome(int sent) {
  if (sent >= 0) return Sent::whole;
  return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::no_room : Sent::broken;
}

}  // namespace

struct Replier::Library {
  Library() : context(modbus_new_tcp(nullptr, MODBUS_TCP_DEFAULT_PORT)) {
    CW_ASSERT(context != nullptr);
    // Should it ever object to a request all the same, it sleeps for this long.
    modbus_set_response_timeout(context, 0, 1);
  }
  ~Library() { modbus_free(context); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  modbus_t* context;
};

Replier::Replier() : library_(std::make_unique<Library>()) {}
Replier::~Replier() = default;

Sent Replier::registers(int socket, std::span<const std::uint8_t> frame, std::uint16_t first,
                        std::span<std::uint16_t> image) {
  modbus_mapping_t mapping{};
  mapping.start_registers = first;
  mapping.start_input_registers = first;
  mapping.nb_registers = static_cast<int>(image.size());
  mapping.tab_registers = image.data();
  mapping.nb_input_registers = mapping.nb_registers;
  mapping.tab_input_registers = image.data();
  const FullFrame request = full(frame);
  modbus_set_socket(library_->context, socket);
  return outcome(
      modbus_reply(library_->context, request.data(), static_cast<int>(frame.size()), &mapping));
}

Sent Replier::written(int socket, std::span<const std::uint8_t> frame) {
  std::array<std::uint16_t, kWritesMost> scratch{};  // libmodbus wants to write them somewhere
  return registers(socket, frame, address_of(frame), scratch);
}

Sent Replier::refuse(int socket, std::span<const std::uint8_t> frame, Exception exception) {
  FullFrame request = full(frame);
  // It adds 80 to the function, which would make a normal reply of a function that has it already.
  request[7] &= 0x7F;
  modbus_set_socket(library_->context, socket);
  return outcome(
      modbus_reply_exception(library_->context, request.data(), static_cast<unsigned>(exception)));
}

}  // namespace cw::modbus
