// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace cw {

/// Set by the build from the project's version (CMakeLists.txt).
inline constexpr std::string_view kVersion = CW_VERSION;

}  // namespace cw
