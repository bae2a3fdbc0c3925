// SPDX-License-Identifier: Apache-2.0
// The board's side of JK's "RS485 Modbus": trigger frames are answered with a record of 300 bytes
// and an acknowledgement, functions 03 and 10h with registers or an exception, a wrong address or
// checksum with silence. Records and registers come from the tables the decoder walks.
#pragma once
#include <optional>

#include "drivers/protocol/jk_modbus.h"
#include "simulator/wire_board.h"

namespace cw::simulator {

struct JkModbusBoardOptions {
  std::uint8_t address = 1;
  std::uint8_t counter = 5;       // byte 5 of its records: 05, or 00 as of firmware 15.41
  std::uint8_t junk = 0;          // so many zeros before and behind the acknowledgement
  bool unreliable_reads = false;  // every other function 03 is lost, more than 40 words always
};

class JkModbusBoard final : public WireBoard {
 public:
  explicit JkModbusBoard(JkModbusBoardOptions options) : options_(options) {}

  void on_bytes(std::span<const std::uint8_t> in, Instant now) override;
  bool next_request() override;
  bool writes() const override {
    return request_.kind == jk_modbus::Kind::write_request &&
           !jk_modbus::record_of_register(request_.first);
  }
  std::vector<std::uint8_t> answer(const Pack& told, Board& board) override;

  /// A record and the acknowledgement behind it: the answer to a trigger frame, and what a bus
  /// master says of itself without being asked.
  std::vector<std::uint8_t> record(jk_record::Type type, const Pack& told) const;

 private:
  std::vector<std::uint8_t> read(const Pack& told);
  std::vector<std::uint8_t> write(const Pack& told, Board& board);
  std::vector<std::uint8_t> message(std::uint8_t function,
                                    std::span<const std::uint8_t> body) const;
  std::vector<std::uint8_t> refuse(std::uint8_t code) const;

  JkModbusBoardOptions options_;
  std::vector<std::uint8_t> received_;
  std::size_t used_ = 0;  // of received_: what was looked at
  Instant heard_{};
  jk_modbus::Message request_{};  // its data is in received_
  std::uint32_t reads_ = 0;
};

}  // namespace cw::simulator
