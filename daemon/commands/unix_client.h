// SPDX-License-Identifier: Apache-2.0
// Asks a program behind a unix socket one thing and waits for its answer, five seconds at most
// unless told otherwise.
#pragma once
#include <string>
#include <string_view>

namespace cw {

/// Sends `request`, then reads until the other side closes. False: `error` says why, for people.
bool ask_unix_socket(const std::string& path, std::string_view request, std::string& answer,
                     std::string& error, int seconds = 5);

}  // namespace cw
