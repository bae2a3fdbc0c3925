// SPDX-License-Identifier: Apache-2.0
// What inverters are told, as a document, from the tables that make the frames.
#pragma once
#include <string>

namespace cw {

/// Appends the document: Markdown, or JSON with the same facts.
void print_inverter_protocols(std::string& out, bool json);

}  // namespace cw
