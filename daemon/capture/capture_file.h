// SPDX-License-Identifier: Apache-2.0
// What a recording is: a header that says what was recorded, and one record a line with its time,
// direction and bytes. Text to records and back, without I/O and without a clock. docs/capture.md
// is the same for people.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cw {

enum class CaptureKind : std::uint8_t {
  // What drives a replay, in the order in which it happened.
  in,       // bytes from the wire; what follows from them at once belongs to it
  up,       // the wire became usable
  down,     // it is gone, or could not be opened
  turn,     // the gateway looked whether something is due on the wire
  start,    // the gateway started
  stop,     // it stops: relays go to their safe level
  memory,   // what it kept from a former process; as bytes
  unknown,  // why what it should have kept is not known
  tick,     // it looked at what time alone changes
  decide,   // it decided, acted and published
  order,    // an operator's, as on the control socket
  note,     // something it was told to put into its event log
  // What a replay is held against.
  out,    // bytes to the wire
  event,  // of the event log: "pack kind subject"
  // For people.
  lost,  // records are missing here; why
};
inline constexpr std::size_t kCaptureKindCount = 15;

/// What the line of a kind holds behind it.
enum class CapturePayload : std::uint8_t { none, bytes, text };

struct CaptureKindRow {
  std::string_view word;
  CapturePayload payload;
  bool of_wire;  // else of the gateway: wire 0
};
inline constexpr CaptureKindRow kCaptureKinds[kCaptureKindCount] = {
    {"in", CapturePayload::bytes, true},      {"up", CapturePayload::none, true},
    {"down", CapturePayload::text, true},     {"turn", CapturePayload::none, true},
    {"start", CapturePayload::none, false},   {"stop", CapturePayload::none, false},
    {"memory", CapturePayload::bytes, false}, {"unknown", CapturePayload::text, false},
    {"tick", CapturePayload::none, false},    {"decide", CapturePayload::none, false},
    {"order", CapturePayload::text, false},   {"note", CapturePayload::text, false},
    {"out", CapturePayload::bytes, true},     {"event", CapturePayload::text, false},
    {"lost", CapturePayload::text, false},
};
constexpr const CaptureKindRow& row_of(CaptureKind kind) {
  return kCaptureKinds[static_cast<std::size_t>(kind)];
}

struct CaptureRecord {
  std::int64_t at_us = 0;  // since the start of the capture
  std::uint8_t wire = 0;   // from 1, in the order of the header; 0: the gateway
  CaptureKind kind = CaptureKind::in;
  std::vector<std::uint8_t> bytes{};
  std::string text{};
  friend bool operator==(const CaptureRecord&, const CaptureRecord&) = default;
};

struct CaptureWire {
  std::string protocols;  // names, with commas between them; "-" if not known
  std::string port;       // as in a configuration
  friend bool operator==(const CaptureWire&, const CaptureWire&) = default;
};

struct CaptureHeader {
  std::int64_t wall_ms = 0;   // Unix time of the start, for people
  std::int64_t clock_ms = 0;  // the daemon's clock at the same moment: what its decisions saw
  std::vector<CaptureWire> wires;
  std::string configuration;  // TOML: the packs, relays and limits of the daemon; may be empty
  friend bool operator==(const CaptureHeader&, const CaptureHeader&) = default;
};

struct Capture {
  CaptureHeader header;
  std::vector<CaptureRecord> records;
};

/// The header as text, ready for records to be appended.
std::string write_capture_header(const CaptureHeader& header);

/// Appends one record, with its line's end.
void write_capture_record(std::string& out, std::int64_t at_us, std::uint8_t wire, CaptureKind kind,
                          std::span<const std::uint8_t> bytes, std::string_view text);

struct ReadCapture {
  Capture capture;
  std::string fault;       // "file:line:column: what, and what would be right"; empty: none
  bool cut_short = false;  // the last line has no end, and was left out
};

/// `file` is only what a fault is called after. A log of candump is a recording too
/// (candump_capture.h).
ReadCapture read_capture(std::string_view text, const std::string& file);

}  // namespace cw
