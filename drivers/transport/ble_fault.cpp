// SPDX-License-Identifier: Apache-2.0
#include "drivers/transport/ble_fault.h"

namespace cw {
namespace {

/// The first row whose both parts occur decides. Names and texts are those of BlueZ 5.55 to 5.82.
struct Row {
  std::string_view name;
  std::string_view text;
  BleFault fault;
};
constexpr Row kRows[] = {
    {"AlreadyConnected", "", BleFault::none},
    {"AlreadyExists", "", BleFault::none},  // is paired
    {"", "le-connection-already-connected", BleFault::none},
    {"UnknownObject", "", BleFault::unknown_object},
    {"UnknownMethod", "", BleFault::unknown_object},
    {"DoesNotExist", "", BleFault::unknown_object},
    {"", "abort-by-local", BleFault::dropped_by_us},
    {"", "Software caused connection abort", BleFault::dropped_by_us},
    {"", "connection-limit", BleFault::no_room},
    {"", "le-connection-refused", BleFault::no_room},
    {"", "busy", BleFault::no_room},
    {"", "Not paired", BleFault::not_paired},
    {"", "ATT error: 0x05", BleFault::not_paired},
    {"", "ATT error: 0x0c", BleFault::not_paired},
    {"", "ATT error: 0x0f", BleFault::not_paired},
    {"NotAuthorized", "", BleFault::not_paired},
    {"AuthenticationTimeout", "", BleFault::unreachable},
    {"Authentication", "", BleFault::refused},
    {"NotSupported", "", BleFault::unsupported},
    {"org.bluez.Error.Failed", "", BleFault::unreachable},
    {"NoReply", "", BleFault::unreachable},
    {"Timeout", "", BleFault::unreachable},
    {"NotConnected", "", BleFault::unreachable},
    {"ConnectionAttemptFailed", "", BleFault::unreachable},
};

bool occurs(std::string_view part, std::string_view whole) {
  return whole.find(part) != std::string_view::npos;
}

}  // namespace

BleFault ble_fault(std::string_view name, std::string_view text) {
  for (const Row& row : kRows)
    if (occurs(row.name, name) && occurs(row.text, text)) return row.fault;
  return BleFault::other;
}

}  // namespace cw
