// SPDX-License-Identifier: Apache-2.0
#include "bridge/pack_json.h"

namespace cw {
namespace {

void text_or_null(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  if (value.empty()) return json.null();
  json.text(value);
}

void write_unknown_alarms(JsonWriter& json, std::uint32_t bits, std::string_view protocol) {
  for (unsigned bit = 0; bits != 0; ++bit, bits >>= 1)
    if ((bits & 1) != 0) json.text(unknown_alarm_name(protocol, bit).view());
}

template <class Readings>
std::size_t last_heard(const Readings& readings) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < readings.size(); ++i)
    if (readings[i].quality() != Quality::absent) count = i + 1;
  return count;
}

}  // namespace

std::size_t elements(const Pack& pack, Series series) {
  switch (series) {
    case Series::cell_voltage: return last_heard(pack.cell_voltage);
    case Series::wire_resistance: return last_heard(pack.wire_resistance);
    case Series::temperature: return last_heard(pack.temperature);
  }
  return 0;
}

void write_alarms(JsonWriter& json, const Reading<AlarmSet>& reading, std::string_view protocol,
                  Instant now, Millis max_age) {
  json.key("alarms");
  const auto alarms = reading.fresh(now, max_age);
  if (!alarms) return json.null();
  json.begin_array();
  for (std::size_t i = 0; i < kAlarmCount; ++i)
    if (alarms->has(static_cast<Alarm>(i))) json.text(kAlarmNames[i]);
  write_unknown_alarms(json, alarms->unknown, protocol);
  json.end_array();
}

void write_values(JsonWriter& json, const Pack& pack, Instant now, Millis max_age) {
  for (const Field& field : kFields) {
    json.key(field.facts.key);
    json.quantity(field.fresh(pack.scalars, now, max_age), field.unit);
  }
  for (std::size_t s = 0; s < kSeries.size(); ++s) {
    const auto series = static_cast<Series>(s);
    json.key(kSeries[s].key);
    json.begin_array();
    for (std::size_t i = 0; i < elements(pack, series); ++i)
      json.quantity(fresh_element(pack, series, i, now, max_age), kSeries[s].unit);
    json.end_array();
  }
}

void write_identity(JsonWriter& json, const Identity& identity) {
  text_or_null(json, "make", identity.make.view());
  text_or_null(json, "model", identity.model.view());
  text_or_null(json, "hardware_version", identity.hardware_version.view());
  text_or_null(json, "software_version", identity.software_version.view());
  text_or_null(json, "serial", identity.serial.view());
  text_or_null(json, "name", identity.name.view());
  text_or_null(json, "user_data", identity.user_data.view());
}

void write_parameters(JsonWriter& json, std::string_view key, const ParameterSet& parameters) {
  json.key(key);
  json.begin_object();
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto value = parameters.get(static_cast<Parameter>(i));
    if (!value) continue;
    json.key(kParameters[i].key);
    json.quantity(value, kParameters[i].unit);
  }
  json.end_object();
}

void write_link(JsonWriter& json, const LinkStatus& status, Instant now) {
  json.key("link");
  json.text(name(status.link));
  json.key("line");
  json.text(name(status.asking));
  json.key("age_s");
  if (status.link == Link::unheard)
    json.null();
  else
    json.decimal(now.ms - status.last_frame.ms, 3);  // may be silent for more than 32 bits of ms
  json.key("counts");
  json.begin_object();
  const auto count = [&json](std::string_view key, std::uint64_t value) {
    json.key(key);
    json.integer(static_cast<std::int64_t>(value));
  };
  count("requests", status.counts.requests);
  count("frames", status.counts.frames);
  count("timeouts", status.counts.timeouts);
  count("bad_checksums", status.counts.bad_checksums);
  count("malformed", status.counts.malformed);
  count("noise_bytes", status.counts.noise_bytes);
  count("foreign", status.counts.foreign);
  count("refused_values", status.counts.refused_values);
  json.end_object();
}

}  // namespace cw
