// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/decode.h"

#include <fmt/format.h>

#include "bridge/json.h"
#include "bridge/pack_json.h"
#include "core/measurements.h"
#include "daemon/commands/decode_details.h"
#include "drivers/protocol/candump.h"
#include "drivers/protocol/jk_uart.h"

namespace cw {
namespace {

// A frame alone does not say what came before it. It is shown as it is meant by a board that has
// been saying it for a while: a state of charge of 0 is then no start any more.
constexpr Instant kFirstHeard{0};
constexpr Instant kHeardAgain{60'000};

std::string_view name(Heard heard) {
  switch (heard) {
    case Heard::need_more: return "incomplete";
    case Heard::frame: return "frame";
    case Heard::noise: return "noise";
    case Heard::bad_checksum: return "bad_checksum";
    case Heard::malformed: return "malformed";
    case Heard::not_for_us: return "not_for_us";
    case Heard::acknowledged: return "acknowledged";
    case Heard::refused: return "refused";
    case Heard::part: return "part";
  }
  return "";
}

bool separates(char c) { return std::string_view{" \t\r\n:,-"}.find(c) != std::string_view::npos; }

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// "'g' is no hexadecimal digit"; what cannot be printed by its number.
std::string no_digit(char c) {
  if (c > ' ' && c <= '~') return fmt::format("'{}' is no hexadecimal digit", c);
  return fmt::format("byte 0x{:02X} is no hexadecimal digit", static_cast<unsigned char>(c));
}

void integer(JsonWriter& json, std::string_view key, std::uint32_t value) {
  json.key(key);
  json.integer(value);
}

// --- what only one protocol has to say
// -----------------------------------------------------------

void describe_jk_uart(JsonWriter& json, std::span<const std::uint8_t> frame) {
  jk_uart::Envelope envelope;
  jk_uart::open_envelope(frame, envelope);
  const bool asks = envelope.transport == static_cast<std::uint8_t>(jk_uart::Transport::request);
  const auto information = envelope.information;
  const bool secret = envelope.command == static_cast<std::uint8_t>(jk_uart::Command::password) ||
                      (!information.empty() && information.front() == jk_uart::kPassword);
  json.key(asks ? "request" : "answer");
  json.begin_object();
  integer(json, "command", envelope.command);
  integer(json, "frame_source", envelope.source);
  integer(json, "transport", envelope.transport);
  integer(json, "terminal_number", envelope.terminal_number);
  integer(json, "record_number", envelope.record_number);
  integer(json, "length_field", static_cast<std::uint32_t>(envelope.size - 2));
  json.key("register_id");
  if (information.empty())
    json.null();
  else
    json.integer(information.front());
  json.key("register");
  const jk_uart::Slot* const slot =
      information.empty() ? nullptr : jk_uart::find_slot(information.front());
  if (slot == nullptr)
    json.null();
  else
    json.text(slot->meaning);
  json.key("data_hex");
  if (secret)
    json.null();  // a password stays in the frame
  else
    json.text(information.empty() ? "" : to_hex(information.subspan(1)));
  json.end_object();
}

void describe_jk_uart_sum(JsonWriter& json, std::span<const std::uint8_t> bytes) {
  const std::size_t size = std::size_t{2} + (std::size_t{bytes[jk_uart::kLengthAt]} << 8 |
                                             bytes[jk_uart::kLengthAt + 1]);
  const auto in_frame = std::uint32_t{bytes[size - 2]} << 8 | bytes[size - 1];
  integer(json, "checksum_in_frame", in_frame);
  integer(json, "checksum_computed", jk_uart::checksum(bytes.first(size - 4)));
}

constexpr Details kJkUartDetails = {.protocol = "jk-uart",
                                    .other_frame = describe_jk_uart,
                                    .bad_checksum = describe_jk_uart_sum,
                                    .prepare = nullptr};
const Details* const kDetails[] = {&kJkUartDetails, &kJkModbusDetails, &kJkBleDetails,
                                   &kJkCanDetails};

const Details* details_of(const ProtocolSpec& spec) {
  for (const Details* details : kDetails)
    if (details->protocol == spec.name) return details;
  return nullptr;
}

// --- documents -----------------------------------------------------------------------------------

void write_fault(JsonWriter& json, const ProtocolSpec& spec, const Fed& fed,
                 std::span<const std::uint8_t> bytes) {
  json.key("error");
  if (fed.heard == Heard::need_more)
    json.text(fmt::format("the frame is not whole: it goes on after these {} bytes", bytes.size()));
  else
    json.text(fed.why);
  json.key("verdict");
  json.text(name(fed.heard));
  const Details* const details = details_of(spec);
  if (details == nullptr || details->bad_checksum == nullptr) return;
  if (fed.heard == Heard::bad_checksum) details->bad_checksum(json, bytes);
}

void write_answer(JsonWriter& json, const ProtocolSpec& spec, Pack& pack, const Fed& fed) {
  judge(pack);
  derive(pack, kHeardAgain);
  judge(pack);
  constexpr Millis kThisFrame{0};
  write_values(json, pack, kHeardAgain, kThisFrame);
  write_alarms(json, pack.alarms, spec.name, kHeardAgain, kThisFrame);
  write_identity(json, pack.identity);
  write_parameters(json, "parameters", pack.parameters);
  integer(json, "refused_values", fed.refused);
  json.key("note");
  if (fed.why.empty())
    json.null();
  else
    json.text(fed.why);
}

void write_other(JsonWriter& json, const ProtocolSpec& spec, const Fed& fed,
                 std::span<const std::uint8_t> frame) {
  if (const Details* const details = details_of(spec)) details->other_frame(json, frame);
  json.key("note");
  if (fed.why.empty())
    json.null();
  else
    json.text(fed.why);
}

/// The record of a line of candump, or of the frame alone.
HexBytes parse_can_line(std::string_view text) {
  const CandumpLine line = parse_candump(text);
  if (!line.frame) return {{}, std::string(line.fault)};
  const CanRecord record = to_record(*line.frame);
  return {{record.begin(), record.end()}, {}};
}

/// What the front of `bytes` is to a protocol object of its own.
class Front {
 public:
  Front(const ProtocolSpec& spec, std::span<const std::uint8_t> bytes,
        std::span<const std::uint8_t> request, std::string_view generation)
      : prepared_(prepare(spec, bytes, request)),
        protocol_(spec, ProtocolOptions{.address = prepared_.address, .generation = generation}) {
    fed_ = feed(kFirstHeard, request);
    if (!prepared_.other.empty()) {
      fed_.heard = Heard::not_for_us;
      fed_.why = prepared_.other;
    } else if (fed_.heard == Heard::frame) {
      fed_ = feed(kHeardAgain, request);
    }
    if (prepared_.size != 0) fed_.consumed = prepared_.size;
  }
  const Fed& fed() const { return fed_; }
  Pack& pack() { return pack_; }

 private:
  static Prepared prepare(const ProtocolSpec& spec, std::span<const std::uint8_t> bytes,
                          std::span<const std::uint8_t> request) {
    const Details* const details = details_of(spec);
    if (details != nullptr && details->prepare != nullptr) return details->prepare(bytes, request);
    return {.bytes = {bytes.begin(), bytes.end()}};
  }
  Fed feed(Instant now, std::span<const std::uint8_t> request) {
    if (!request.empty()) protocol_->feed(request, now, pack_);
    return protocol_->feed(prepared_.bytes, now, pack_);
  }

  Prepared prepared_;
  ProtocolBox protocol_;
  Pack pack_;
  Fed fed_;
};

/// Appends what the front of `bytes` is; returns how many bytes that is, 0 if nothing behind it
/// can be told from it any more.
std::size_t decode_front(const ProtocolSpec& spec, std::span<const std::uint8_t> bytes,
                         std::span<const std::uint8_t> request, std::string_view generation,
                         std::vector<DecodedFrame>& decoded) {
  Front front(spec, bytes, request, generation);
  const Fed& fed = front.fed();
  DecodedFrame& frame = decoded.emplace_back();
  JsonWriter json(frame.json);
  json.begin_object();
  json.key("protocol");
  json.text(spec.name);
  const bool other = fed.heard == Heard::not_for_us || fed.heard == Heard::acknowledged ||
                     fed.heard == Heard::part;
  frame.good = fed.heard == Heard::frame || other;
  if (fed.heard == Heard::frame)
    write_answer(json, spec, front.pack(), fed);
  else if (other)
    write_other(json, spec, fed, bytes.first(fed.consumed));
  else
    write_fault(json, spec, fed, bytes);
  json.end_object();
  return frame.good || fed.heard == Heard::noise ? fed.consumed : 0;
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02X}", byte);
  return text;
}

HexBytes parse_hex(std::string_view text) {
  HexBytes parsed;
  const auto fault = [&](std::size_t at, std::string_view what) {
    parsed.bytes.clear();
    parsed.fault = fmt::format("position {}: {}", at + 1, what);
    return parsed;
  };
  for (std::size_t at = 0; at < text.size();) {
    if (separates(text[at])) {
      ++at;
      continue;
    }
    if (text[at] == '0' && at + 1 < text.size() && (text[at + 1] == 'x' || text[at + 1] == 'X')) {
      at += 2;
      if (at == text.size() || digit(text[at]) < 0) return fault(at, "a digit must follow 0x");
    }
    const int high = digit(text[at]);
    if (high < 0) return fault(at, no_digit(text[at]));
    const int low = at + 1 < text.size() ? digit(text[at + 1]) : -1;
    if (low < 0 && (at + 1 == text.size() || separates(text[at + 1])))
      return fault(at, "half a byte; a byte has two digits");
    if (low < 0) return fault(at + 1, no_digit(text[at + 1]));
    parsed.bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
    at += 2;
  }
  if (parsed.bytes.empty()) parsed.fault = "position 1: no bytes";
  return parsed;
}

std::vector<DecodedFrame> decode_bytes(const ProtocolSpec& spec,
                                       std::span<const std::uint8_t> bytes,
                                       std::span<const std::uint8_t> request,
                                       std::string_view generation) {
  std::vector<DecodedFrame> decoded;
  while (!bytes.empty()) {
    const std::size_t size = decode_front(spec, bytes, request, generation, decoded);
    if (size == 0) break;
    bytes = bytes.subspan(size);
  }
  return decoded;
}

std::vector<DecodedFrame> decode_text(const ProtocolSpec& spec, std::string_view text,
                                      std::span<const std::uint8_t> request,
                                      std::string_view generation) {
  const HexBytes parsed = spec.bus == Bus::can ? parse_can_line(text) : parse_hex(text);
  if (parsed.fault.empty()) return decode_bytes(spec, parsed.bytes, request, generation);
  DecodedFrame frame;
  JsonWriter json(frame.json);
  json.begin_object();
  json.key("protocol");
  json.text(spec.name);
  json.key("error");
  json.text(parsed.fault);
  json.key("verdict");
  json.text(spec.bus == Bus::can ? "not_a_can_frame" : "not_hexadecimal");
  json.end_object();
  return {frame};
}

}  // namespace cw
