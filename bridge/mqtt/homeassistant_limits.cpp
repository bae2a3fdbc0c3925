// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/homeassistant_limits.h"

#include "bridge/limits_json.h"

namespace cw {

// The reason of each limit is an attribute of it.
void add_limits(Components& out, const std::string& topic) {
  for (const LimitRow& row : kRequestLimits) {
    const bool volts = row.unit == Unit::millivolt;
    out.begin(kSensor, row.key, row.title);
    out.members({{"stat_t", topic},
                 {"val_tpl", fmt::format("{{{{ value_json.{} }}}}", row.key)},
                 {"dev_cla", volts ? "voltage" : "current"},
                 {"stat_cla", "measurement"},
                 {"unit_of_meas", facts(row.unit).symbol},
                 {"json_attr_t", topic},
                 {"json_attr_tpl", fmt::format("{{{{ value_json.why.{} | tojson }}}}", row.name)}});
    out.number("sug_dsp_prc", volts ? 2 : 1);
    out.end();
  }
  constexpr std::string_view stages[] = {name(ChargeStage::bulk), name(ChargeStage::absorption),
                                         name(ChargeStage::floating)};
  out.begin(kSensor, "charge_stage", "Charge stage");
  out.members(
      {{"stat_t", topic}, {"val_tpl", "{{ value_json.charge_stage }}"}, {"dev_cla", "enum"}});
  out.words("ops", stages);
  out.end();
  for (const RequestFlag& flag : kRequestFlags) {
    out.begin(kBinarySensor, flag.key, flag.title);
    out.members({{"stat_t", topic},
                 {"val_tpl", fmt::format("{{{{ value_json.{} }}}}", flag.key)},
                 kTrue,
                 kFalse});
    out.end();
  }
}

// Whether it is heard, with its protocol as attribute, when that was, and what it is told.
void add_inverter(Components& out, const InverterState& inverter, const std::string& topic) {
  const std::string key = fmt::format("inverter_{}", entity_slug(inverter.name.view()));
  const std::string object = fmt::format("value_json.inverters['{}']", inverter.name.view());
  out.begin(kBinarySensor, fmt::format("{}_heard", key),
            fmt::format("Inverter {}", inverter.name.view()));
  out.members({{"stat_t", topic},
               {"val_tpl", fmt::format("{{{{ {}.heard }}}}", object)},
               {"dev_cla", "connectivity"},
               kTrue,
               kFalse,
               {"json_attr_t", topic},
               {"json_attr_tpl", fmt::format("{{{{ {} | tojson }}}}", object)}});
  out.end();
  out.begin(kSensor, fmt::format("{}_last_heard", key),
            fmt::format("Inverter {} last heard", inverter.name.view()));
  out.members({{"stat_t", topic},
               {"val_tpl", fmt::format("{{{{ {0}.heard_ts | timestamp_utc if {0}.heard_ts else "
                                       "None }}}}",
                                       object)},
               {"dev_cla", "timestamp"}});
  out.category(true, true);
  out.end();
  for (const LimitRow& row : kRequestLimits) {
    const bool volts = row.unit == Unit::millivolt;
    out.begin(kSensor, fmt::format("{}_{}", key, row.name),
              fmt::format("Inverter {} {}", inverter.name.view(), row.title));
    out.members(
        {{"stat_t", topic},
         {"val_tpl", fmt::format("{{{{ {0}.told.{1} if {0}.told else None }}}}", object, row.key)},
         {"dev_cla", volts ? "voltage" : "current"},
         {"stat_cla", "measurement"},
         {"unit_of_meas", facts(row.unit).symbol}});
    out.number("sug_dsp_prc", volts ? 2 : 1);
    out.category(true, true);
    out.end();
  }
}

void add_obedience(Components& out, const std::string& topic) {
  out.begin(kBinarySensor, "limits_ignored", "Inverter ignores its limits");
  out.members({{"stat_t", topic},
               {"val_tpl", "{{ value_json.not_obeyed | length > 0 }}"},
               {"dev_cla", "problem"},
               kTrue,
               kFalse});
  out.end();
}

}  // namespace cw
