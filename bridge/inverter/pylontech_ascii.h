// SPDX-License-Identifier: Apache-2.0
// The frame of Pylontech's ASCII protocol: bytes become frames and frames text. No I/O, no clock.
//
//   ~ VER ADR CID1 CID2 LENGTH INFO CHKSUM CR      in upper-case hex, two characters a byte
//
// LENGTH is LCHKSUM (one digit) and LENID (three digits, the characters of INFO); CHKSUM is two's
// complement of the sum of all characters between ~ and itself (inverter-rs485.md, section 2).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cw::pylontech {

inline constexpr std::uint8_t kBatteryData = 0x46;          // CID1
inline constexpr std::size_t kInformationMost = 0xFFF / 2;  // bytes of INFO that LENID can count

/// Return codes; in an answer they are where a request has its command.
enum class Return : std::uint8_t {
  normal = 0x00,
  version = 0x01,
  checksum = 0x02,
  length_checksum = 0x03,
  unknown_command = 0x04,
  format = 0x05,
  invalid_data = 0x06,
  address = 0x90,
  internal_communication = 0x91,
};

struct Frame {
  std::uint8_t version = 0x20;  // 2.0, as every captured battery says
  std::uint8_t address = 0;
  std::uint8_t kind = kBatteryData;       // CID1
  std::uint8_t command = 0;               // CID2; of an answer its return code
  std::vector<std::uint8_t> information;  // INFO, decoded
};

/// What became of a text. `fault` is what a battery would answer; `addressed`: whom it is for could
/// be read, so that the battery in question may answer at all.
struct Parsed {
  Return fault = Return::normal;
  bool addressed = false;
  Frame frame;
};

/// `text`: what stood between ~ and CR, in either case.
Parsed parse(std::string_view text);

/// The whole line, from ~ to CR. INFO has at most kInformationMost bytes.
std::string build(const Frame& frame);

/// LENGTH for an INFO of `characters`, at most FFF: "E002" for 2.
std::uint16_t length_field(std::size_t characters);

std::uint16_t checksum(std::string_view text);

/// Finds texts in a stream: a ~ begins one, whatever came before; CR ends it.
class TextFinder {
 public:
  static constexpr std::size_t kLongest = 4096;

  /// The text that `byte` completed, without ~ and CR; valid until the next call.
  std::optional<std::string_view> push(std::uint8_t byte);

  std::uint64_t overlong() const { return overlong_; }

 private:
  std::string text_;
  bool open_ = false;
  std::uint64_t overlong_ = 0;
};

}  // namespace cw::pylontech
