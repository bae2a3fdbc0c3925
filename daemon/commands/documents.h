// SPDX-License-Identifier: Apache-2.0
// What `cellwarden docs` prints: each subject built from the table that runs, so that a document
// can be old but never wrong.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "core/charge_settings.h"
#include "daemon/commands/document.h"

namespace cw {

struct Subject {
  std::string_view name;  // the word behind `cellwarden docs`
  std::string_view sentence;
  void (*print)(std::string& out, bool json);  // appends
};

std::span<const Subject> all_subjects();

Document fields_document();
Document protections_document();
Document parameters_document();
Document presets_document();
Document models_document();
Document protocols_document();
Document configuration_document();
Document mqtt_document();
Document simulation_document();
Document sunspec_document();
Document victron_document();
/// The curves of [bank], drawn: the defaults.
Document curves_document();
/// Those of `settings`; `whose`: "that are the defaults".
Document curves_of(const ChargeSettings& settings, std::string_view whose);

/// Parts of other subjects that come from the maker's documents.
DocumentPart error_codes_part();
DocumentPart write_ranges_part();

/// etc/cellwarden.toml: every option with its sentence, all of it commented out. Lines that begin
/// with "#" and no space are examples; with that "#" taken away the file is valid as well.
void print_sample_configuration(std::string& out);

}  // namespace cw
