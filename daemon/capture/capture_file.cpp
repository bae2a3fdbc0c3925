// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/capture_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "daemon/capture/candump_capture.h"
#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr std::string_view kMagic = "cellwarden-capture";
constexpr std::string_view kVersion = "1";
constexpr std::size_t kWiresMost = 255;

std::string wall_text(std::int64_t wall_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{wall_ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> wall_of(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 24 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text[19] != '.' || text[23] != 'Z')
    return std::nullopt;
  constexpr std::size_t kFields[][2] = {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}, {20, 3}};
  std::int64_t values[7]{};
  for (std::size_t i = 0; i < 7; ++i) {
    const auto value = number_of<std::uint32_t>(text.substr(kFields[i][0], kFields[i][1]));
    if (!value) return std::nullopt;
    values[i] = *value;
  }
  const year_month_day date{year{static_cast<int>(values[0])},
                            month{static_cast<unsigned>(values[1])},
                            day{static_cast<unsigned>(values[2])}};
  if (!date.ok() || values[3] > 23 || values[4] > 59 || values[5] > 60) return std::nullopt;
  const auto time = sys_days{date} + hours{values[3]} + minutes{values[4]} + seconds{values[5]} +
                    milliseconds{values[6]};
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

// A line stays a line, whatever is told in it.
void append_text(std::string& out, std::string_view text) {
  for (const char c : text) out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
}

/// Reads line by line; knows where it is, and stops at the first fault.
class Reader {
 public:
  Reader(std::string_view text, const std::string& file, ReadCapture& out)
      : rest_(text), file_(file), out_(out) {}

  void read() {
    if (!next_line())
      return fault("empty; a recording begins with the line \"{} {}\"", kMagic, kVersion);
    if (take_word() != kMagic)
      return fault(
          "not a recording: it would begin with the line \"{} {}\", or be a log of candump -l",
          kMagic, kVersion);
    if (take_word() != kVersion)
      return fault("a recording of another version; this program reads {}", kVersion);
    while (good() && !in_records_ && next_line()) header_line();
    while (good() && next_line()) record_line();
  }

 private:
  bool good() const { return out_.fault.empty(); }

  template <class... Arguments>
  void fault(fmt::format_string<Arguments...> what, Arguments&&... arguments) {
    out_.fault = fmt::format("{}:{}:{}: {}", file_, std::max<std::size_t>(number_, 1), word_at_ + 1,
                             fmt::format(what, std::forward<Arguments>(arguments)...));
  }

  // The next line that says something.
  bool next_line() {
    while (!rest_.empty()) {
      const std::size_t end = rest_.find('\n');
      if (end == std::string_view::npos) {
        out_.cut_short = true;
        return false;
      }
      line_ = rest_.substr(0, end);
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      rest_.remove_prefix(end + 1);
      ++number_;
      at_ = word_at_ = 0;
      if (!line_.empty() && line_.front() != '#') return true;
    }
    return false;
  }

  std::string_view take_word() {
    word_at_ = at_;
    const std::size_t end = std::min(line_.find(' ', at_), line_.size());
    const std::string_view word = line_.substr(at_, end - at_);
    at_ = std::min(end + 1, line_.size());
    return word;
  }
  std::string_view take_rest() {
    word_at_ = at_;
    return line_.substr(at_);
  }

  void header_line() {
    CaptureHeader& header = out_.capture.header;
    const std::string_view key = take_word();
    if (key == "records") {
      in_records_ = true;
    } else if (key == "program") {
      (void)take_rest();  // for people
    } else if (key == "wall") {
      const auto wall = wall_of(take_rest());
      if (!wall) return fault("write the time as 2026-01-31T12:00:00.000Z");
      header.wall_ms = *wall;
    } else if (key == "clock_ms") {
      const auto clock = number_of<std::int64_t>(take_rest());
      if (!clock || *clock < 0) return fault("a whole number of milliseconds belongs here");
      header.clock_ms = *clock;
    } else if (key == "wire") {
      wire_line();
    } else if (key == "config") {
      header.configuration.append(take_rest()).push_back('\n');
    } else {
      fault(
          "unknown line {} in the header; known are program, wall, clock_ms, wire, config, and "
          "records, which ends it",
          in_quotes(key));
    }
  }

  void wire_line() {
    std::vector<CaptureWire>& wires = out_.capture.header.wires;
    const auto number = number_of<std::size_t>(take_word());
    if (!number || *number != wires.size() + 1 || *number > kWiresMost)
      return fault("wires are numbered from 1 to {} without a gap", kWiresMost);
    const std::string protocols{take_word()};
    const std::string port{take_rest()};
    if (protocols.empty() || port.empty())
      return fault("write: wire {} PROTOCOL PORT, with - for a protocol that is not known",
                   *number);
    wires.push_back({protocols, port});
  }

  void record_line() {
    CaptureRecord record;
    const auto at = number_of<std::int64_t>(take_word());
    if (!at || *at < 0) return fault("a time in microseconds belongs here");
    if (*at < last_us_) return fault("{} us is before the record above, at {} us", *at, last_us_);
    const auto wire = number_of<std::uint8_t>(take_word());
    if (!wire || *wire > out_.capture.header.wires.size())
      return fault("no such wire; the header has {}", out_.capture.header.wires.size());
    const std::string_view word = take_word();
    const auto* const row = std::find_if(std::begin(kCaptureKinds), std::end(kCaptureKinds),
                                         [&](const auto& known) { return known.word == word; });
    if (row == std::end(kCaptureKinds)) return fault("unknown kind {}", in_quotes(word));
    if (row->of_wire != (*wire != 0))
      return fault("{} is of {}", row->word, row->of_wire ? "a wire, from 1" : "the gateway: 0");
    record.at_us = last_us_ = *at;
    record.wire = *wire;
    record.kind = static_cast<CaptureKind>(row - std::begin(kCaptureKinds));
    payload(row->payload, record);
    if (good()) out_.capture.records.push_back(std::move(record));
  }

  void payload(CapturePayload payload, CaptureRecord& record) {
    const std::string_view rest = take_rest();
    if (payload == CapturePayload::none && !rest.empty())
      return fault("nothing more belongs behind this kind");
    if (payload == CapturePayload::text) record.text = rest;
    if (payload != CapturePayload::bytes) return;
    record.bytes.reserve(rest.size() / 2);
    for (std::size_t i = 0; i < rest.size(); i += 2) {
      std::uint8_t byte = 0;
      const char* const digits = rest.data() + i;
      const bool whole = i + 2 <= rest.size();
      const auto read = std::from_chars(digits, digits + (whole ? 2 : 1), byte, 16);
      if (!whole || read.ec != std::errc{} || read.ptr != digits + 2) {
        word_at_ += i;
        return fault("two hexadecimal digits belong here, and no space between bytes");
      }
      record.bytes.push_back(byte);
    }
  }

  std::string_view rest_;
  std::string_view line_;
  const std::string& file_;
  ReadCapture& out_;
  std::size_t number_ = 0;   // of the line, from 1
  std::size_t at_ = 0;       // what of it was taken
  std::size_t word_at_ = 0;  // where the last word began
  bool in_records_ = false;
  std::int64_t last_us_ = 0;
};

}  // namespace

std::string write_capture_header(const CaptureHeader& header) {
  std::string out = fmt::format("{} {}\nprogram cellwarden {}\nwall {}\nclock_ms {}\n", kMagic,
                                kVersion, CW_VERSION, wall_text(header.wall_ms), header.clock_ms);
  for (std::size_t i = 0; i < header.wires.size(); ++i)
    out += fmt::format("wire {} {} {}\n", i + 1, header.wires[i].protocols, header.wires[i].port);
  std::string_view rest = header.configuration;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += fmt::format("config {}\n", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + "records\n";
}

void write_capture_record(std::string& out, std::int64_t at_us, std::uint8_t wire, CaptureKind kind,
                          std::span<const std::uint8_t> bytes, std::string_view text) {
  const CaptureKindRow& row = row_of(kind);
  fmt::format_to(std::back_inserter(out), "{} {} {}", at_us, wire, row.word);
  if (row.payload == CapturePayload::bytes) {
    out += ' ';
    append_hex(out, bytes);
  }
  if (row.payload == CapturePayload::text) {
    out += ' ';
    append_text(out, text);
  }
  out += '\n';
}

ReadCapture read_capture(std::string_view text, const std::string& file) {
  if (is_candump_log(text)) return read_candump_log(text, file);
  ReadCapture read;
  Reader(text, file, read).read();
  return read;
}

}  // namespace cw
