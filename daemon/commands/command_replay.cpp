// SPDX-License-Identifier: Apache-2.0
// `cellwarden replay`: plays a recording through the same code as the gateway, and prints what
// became of it.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "bridge/json.h"
#include "bridge/pack_json.h"
#include "daemon/capture/replay.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/standard_output.h"
#include "daemon/log.h"

namespace cw {
namespace {

constexpr int kDifferent = 1;
constexpr int kBadData = 65;
constexpr int kNoInput = 66;

double seconds(Instant from, Instant to) { return static_cast<double>(to.ms - from.ms) / 1000; }

/// Prints every event, and the values of each pack when they changed.
class Printer final : public Sink {
 public:
  Printer(Instant start, bool json) : start_(start), json_(json) {}

  void publish(const Picture& picture, std::span<const std::size_t> changed) override {
    for (const std::size_t i : changed)
      json_ ? print_json(picture.packs[i], picture.now) : print_text(picture.packs[i], picture.now);
    if (!text_.empty()) lost_ = lost_ || !write_out(text_);
    text_.clear();
  }

  void record(const Event& event) override {
    if (!json_) {
      text_ +=
          fmt::format("{:10.3f} {} {} {}{}{}\n", seconds(start_, event.when),
                      event.pack.empty() ? "gateway" : event.pack.view(), name(event.kind),
                      event.subject.view(), event.detail.empty() ? "" : ": ", event.detail.view());
      return;
    }
    JsonWriter json(text_);
    json.begin_object();
    head(json, event.when, event.pack.view());
    json.key("event");
    json.text(name(event.kind));
    json.key("subject");
    json.text(event.subject.view());
    json.key("detail");
    json.text(event.detail.view());
    json.end_object();
    text_ += '\n';
  }

  Health health() const override { return {true, "", 0}; }
  bool lost() const { return lost_; }

 private:
  void head(JsonWriter& json, Instant now, std::string_view pack) const {
    json.key("time_s");
    json.decimal(now.ms - start_.ms, 3);
    json.key("pack");
    if (pack.empty())
      json.null();
    else
      json.text(pack);
  }

  void print_json(const PackState& state, Instant now) {
    JsonWriter json(text_);
    json.begin_object();
    head(json, now, state.name.view());
    const Millis age = state.usable_age(now);
    write_values(json, state.pack, now, age);
    write_alarms(json, state.pack.alarms, state.protocol, now, age);
    write_identity(json, state.pack.identity);
    write_link(json, state.link, now);
    json.end_object();
    text_ += '\n';
  }

  void print_text(const PackState& state, Instant now) {
    const Millis age = state.usable_age(now);
    const auto number = [](const auto& value, double unit, std::string_view name) {
      return value ? fmt::format(" {:9.3f} {}", value->count * unit, name)
                   : fmt::format(" {:>9} {}", "-", name);
    };
    const auto& values = state.pack.scalars;
    text_ += fmt::format("{:10.3f} {} {}{}{}{}\n", seconds(start_, now), state.name.view(),
                         name(state.link.link), number(values.voltage.fresh(now, age), 0.001, "V"),
                         number(values.current.fresh(now, age), 0.001, "A"),
                         number(values.soc.fresh(now, age), 0.01, "%"));
  }

  Instant start_;
  bool json_;
  bool lost_ = false;
  std::string text_;
};

/// Waits until it is time for `next`, `speed` times as fast as it was; 0: no waiting.
void keep_pace(Instant first, Instant next, double speed,
               std::chrono::steady_clock::time_point began) {
  if (speed <= 0) return;
  const std::chrono::duration<double> due{seconds(first, next) / speed};
  std::this_thread::sleep_until(
      began + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
}

int tell_report(const ReplayReport& report, const ReadCapture& read) {
  if (read.cut_short)
    fmt::print(stderr, "cellwarden replay: the last line was cut off and is left out\n");
  fmt::print(stderr, "{} records; as recorded: {} requests and {} events; otherwise: {}{}{}{}\n",
             read.capture.records.size(), report.requests, report.events, report.different,
             report.different == 0 ? "" : ", the first at ", report.first_difference,
             report.from_start || !report.gateway_recorded
                 ? ""
                 : " (it begins in the middle: what was before is not known)");
  return report.from_start && report.different > 0 ? kDifferent : 0;
}

}  // namespace

int command_replay(const ReplayOptions& options) {
  std::ifstream stream(options.file, std::ios::binary);
  if (!stream) {
    fmt::print(stderr, "cellwarden replay: {}: cannot be read\n", options.file);
    return kNoInput;
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const ReadCapture read = read_capture(text, options.file);
  if (!read.fault.empty()) {
    fmt::print(stderr, "{}\n", read.fault);
    return kBadData;
  }
  const LoadedConfiguration loaded = options.config.empty()
                                         ? replay_configuration(read.capture.header, options.file)
                                         : without_lines(load_configuration(options.config));
  for (const ConfigurationFault& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.text());
  if (!loaded.faults.empty()) return kBadData;
  Replay replay(loaded.configuration, read.capture);
  const Instant first{read.capture.header.clock_ms};
  Printer printer(first, options.json);
  replay.gateway().add(printer);
  const auto began = std::chrono::steady_clock::now();
  silence_log();
  while (const auto next = replay.next()) {
    keep_pace(first, *next, options.speed, began);
    replay.step();
    if (printer.lost()) return kOutputLost;
  }
  return tell_report(replay.report(), read);
}

}  // namespace cw
