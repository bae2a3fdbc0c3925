// SPDX-License-Identifier: Apache-2.0
#include "drivers/gpio/gpio_request.h"

#include <algorithm>
#include <charconv>

namespace cw {
namespace {

constexpr std::string_view kConsumer = "cellwarden";
static_assert(kConsumer.size() < GPIO_MAX_NAME_SIZE);

gpio_v2_line_request request_of(std::uint32_t line, bool active_low, std::uint64_t direction) {
  gpio_v2_line_request request{};
  request.offsets[0] = line;
  request.num_lines = 1;
  std::copy(kConsumer.begin(), kConsumer.end(), request.consumer);
  request.config.flags = direction;
  if (active_low) request.config.flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
  return request;
}

}  // namespace

std::string chip_path(std::string_view chip) {
  if (chip.starts_with('/')) return std::string{chip};
  constexpr std::string_view kPrefix = "gpiochip";
  if (!chip.starts_with(kPrefix)) return {};
  if (!line_number(chip.substr(kPrefix.size()))) return {};
  return "/dev/" + std::string{chip};
}

std::optional<std::uint32_t> line_number(std::string_view line) {
  std::uint32_t number = 0;
  const auto [end, fault] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (fault != std::errc{} || end != line.data() + line.size()) return std::nullopt;
  return number;
}

gpio_v2_line_request output_request(std::uint32_t line, bool active_low, bool energised) {
  gpio_v2_line_request request = request_of(line, active_low, GPIO_V2_LINE_FLAG_OUTPUT);
  request.config.num_attrs = 1;
  request.config.attrs[0].mask = 1;
  request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
  request.config.attrs[0].attr.values = energised ? 1 : 0;
  return request;
}

gpio_v2_line_request input_request(std::uint32_t line, bool active_low) {
  return request_of(line, active_low, GPIO_V2_LINE_FLAG_INPUT);
}

gpio_v2_line_values line_values(bool energised) {
  gpio_v2_line_values values{};
  values.mask = 1;
  values.bits = energised ? 1 : 0;
  return values;
}

}  // namespace cw
