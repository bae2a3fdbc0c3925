// SPDX-License-Identifier: Apache-2.0
// The members of a pack's JSON document, with the names every interface shares. Used by `decode`,
// `status` and MQTT; each opens and closes the object itself.
#pragma once
#include "bridge/json.h"
#include "core/fields.h"
#include "core/link.h"

namespace cw {

/// Every scalar and series, alarms and identity; what is not fresh is null. Arrays have as many
/// elements as the pack has cells or sensors.
void write_values(JsonWriter& json, const Pack& pack, Instant now, Millis max_age);

/// "alarms": names of what is raised; null when not known.
void write_alarms(JsonWriter& json, const Reading<AlarmSet>& alarms, std::string_view protocol,
                  Instant now, Millis max_age);

/// "make", "model", ...; null where the device does not say.
void write_identity(JsonWriter& json, const Identity& identity);

/// "parameters": {...}; only those that are known.
void write_parameters(JsonWriter& json, std::string_view key, const ParameterSet& parameters);

/// "link", "line" (who asks), "age_s" and the counts.
void write_link(JsonWriter& json, const LinkStatus& status, Instant now);

/// How many elements of a series this pack has: its cells, or its sensors up to the last fitted.
std::size_t elements(const Pack& pack, Series series);

}  // namespace cw
