// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace cw {

/// What of a configuration's text a replay needs: its packs, limits and relays; no comment and no
/// secret.
std::string configuration_excerpt(std::string_view text);

}  // namespace cw
