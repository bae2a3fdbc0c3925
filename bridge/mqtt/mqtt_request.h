// SPDX-License-Identifier: Apache-2.0
// The payload of an order: a plain value ("3.65", "ON"), or an object of at most three members,
// {"value": 3.65, "id": "x1", "expires": 1790000030}. A function of the text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cw {

struct MqttRequest {
  std::string value;                        // as it was written, without quotes
  std::string id{};                         // of whoever asks; empty: none
  std::optional<std::int64_t> expires_s{};  // Unix time after which it is not to be carried out
  std::string fault{};                      // else: what is wrong, and what would be right
};

inline constexpr std::size_t kRequestIdMost = 64;

MqttRequest read_request(std::string_view payload);

}  // namespace cw
