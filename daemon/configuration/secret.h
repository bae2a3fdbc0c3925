// SPDX-License-Identifier: Apache-2.0
// Passwords live outside the configuration: in a file only its owner can read, or in a credential
// systemd hands to the service. Never printed, never logged.
#pragma once
#include <string>

namespace cw {

struct Secret {
  std::string value;
  std::string fault;  // empty: it is in `value`
};

/// The first line of a file that nobody but its owner may read or write.
Secret read_secret_file(const std::string& path);

/// The first line of the credential `name` of this service ($CREDENTIALS_DIRECTORY).
Secret read_credential(const std::string& name);

}  // namespace cw
