// SPDX-License-Identifier: Apache-2.0
// Settings and their values as people write them: cell_overvoltage = "3.65 V", charge_switch = on.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "drivers/protocol/settings.h"

namespace cw {

/// By the key of the configuration ("cell_overvoltage"), of JSON ("cell_overvoltage_V"), or the
/// name of a control ("charge_switch").
std::optional<Setting> find_setting(std::string_view key);

/// As in JSON and in events; as in files and on the command line.
std::string_view setting_key(Setting setting);
std::string_view setting_file_key(Setting setting);

Unit setting_unit(Setting setting);

/// "3.65 V", "on", "16": what parse_change() turns back into the value.
std::string value_text(Setting setting, std::int32_t value);
std::string value_text(const Change& change);

struct ParsedChange {
  std::optional<Change> change;
  std::string fault;  // else: what is wrong, and what would be right
};
ParsedChange parse_change(std::string_view key, std::string_view value);

}  // namespace cw
