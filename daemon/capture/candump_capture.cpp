// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/candump_capture.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/scan/scan_can.h"
#include "drivers/protocol/candump.h"

namespace cw {
namespace {

constexpr std::string_view kProtocol = "jk-can";
constexpr std::size_t kWiresMost = 255;

/// Takes the first line off, without its end; whether it had one.
bool take_line(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find('\n');
  line = rest.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  rest.remove_prefix(std::min(end == std::string_view::npos ? end : end + 1, rest.size()));
  return end != std::string_view::npos;
}

/// The wire of an interface, from 1; 0: there are too many.
std::uint8_t wire_of(std::string_view interface, std::vector<CaptureWire>& wires) {
  const auto known = std::ranges::find(wires, interface, &CaptureWire::port);
  const auto number = static_cast<std::size_t>(known - wires.begin()) + 1;
  if (number > kWiresMost) return 0;
  if (known == wires.end()) wires.push_back({std::string(kProtocol), std::string(interface)});
  return static_cast<std::uint8_t>(number);
}

/// What is wrong with a line; empty: nothing, and the record is there.
std::string add_line(std::string_view line, Capture& capture) {
  const CandumpLine parsed = parse_candump(line);
  if (!parsed.frame) return std::string(parsed.fault);
  if (!parsed.time_us)
    return "a frame without its time: record with candump -l, which writes (SECONDS) INTERFACE "
           "FRAME";
  if (parsed.interface.empty()) return "a frame without its interface: (SECONDS) INTERFACE FRAME";
  const std::uint8_t wire = wire_of(parsed.interface, capture.header.wires);
  if (wire == 0) return fmt::format("more than {} interfaces", kWiresMost);
  const CanRecord record = to_record(*parsed.frame);
  capture.records.push_back(
      {*parsed.time_us, wire, CaptureKind::in, {record.begin(), record.end()}});
  return {};
}

// The daemon's clock is not known: that of the log is as good, and steady as long as nobody set it.
void count_from_the_first(Capture& capture) {
  std::ranges::stable_sort(capture.records, {}, &CaptureRecord::at_us);
  if (capture.records.empty()) return;
  const std::int64_t first_ms = capture.records.front().at_us / 1000;
  capture.header.wall_ms = capture.header.clock_ms = first_ms;
  for (CaptureRecord& record : capture.records) record.at_us -= first_ms * 1000;
}

/// What a scan of the same bus would have printed.
std::string packs_in(const Capture& capture) {
  std::vector<FoundDevice> devices;
  for (std::size_t i = 0; i < capture.header.wires.size(); ++i) {
    CanEars ears;
    for (const CaptureRecord& record : capture.records)
      if (record.wire == i + 1)
        ears.hear(record.bytes, {capture.header.clock_ms + record.at_us / 1000});
    std::ranges::move(ears.found(capture.header.wires[i].port), std::back_inserter(devices));
  }
  return pack_blocks(devices, 1);
}

}  // namespace

bool is_candump_log(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '(';
}

ReadCapture read_candump_log(std::string_view text, const std::string& file) {
  ReadCapture read;
  std::string_view line;
  for (std::size_t number = 1; !text.empty(); ++number) {
    read.cut_short = !take_line(text, line);
    if (read.cut_short) break;
    if (line.find_first_not_of(" \t") == std::string_view::npos || line.front() == '#') continue;
    const std::string fault = add_line(line, read.capture);
    if (fault.empty()) continue;
    read.fault = fmt::format("{}:{}:1: {}", file, number, fault);
    return read;
  }
  count_from_the_first(read.capture);
  read.capture.header.configuration = packs_in(read.capture);
  return read;
}

}  // namespace cw
