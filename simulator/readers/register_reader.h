// SPDX-License-Identifier: Apache-2.0
// Reads fixed blocks of registers in turn, one a second.
#pragma once
#include <algorithm>
#include <map>
#include <utility>

#include "simulator/inverter_reader.h"
#include "simulator/readers/modbus_master.h"

namespace cw::simulator {

class RegisterReader : public InverterReader {
 public:
  struct Block {
    std::uint16_t address, quantity;
  };

  RegisterReader(ModbusMaster master, std::vector<Block> blocks)
      : master_(std::move(master)), blocks_(std::move(blocks)) {}

  std::span<const std::uint8_t> ask() override {
    const Block& block = blocks_[next_++ % blocks_.size()];
    return master_.read(block.address, block.quantity);
  }

  std::optional<InverterLimits> hear(std::span<const std::uint8_t> bytes) override {
    const auto answer = master_.hear(bytes);
    if (!answer) return std::nullopt;
    const auto block = std::ranges::find(blocks_, answer->address, &Block::address);
    if (block == blocks_.end()) return std::nullopt;  // something was written
    read_[answer->address] = answer->values;          // none, if it was refused
    return read_.size() == blocks_.size() ? limits() : std::nullopt;
  }

 protected:
  /// Once every block was read or refused, with every answer. Nothing: they tell none.
  virtual std::optional<InverterLimits> limits() const = 0;

  /// Nothing: it was refused.
  std::optional<std::int32_t> at(std::uint16_t address) const {
    for (const auto& [first, values] : read_)
      if (address >= first && address < first + values.size()) return values[address - first];
    return std::nullopt;
  }
  ModbusMaster& master() { return master_; }

 private:
  ModbusMaster master_;
  std::vector<Block> blocks_;
  std::size_t next_ = 0;
  std::map<std::uint16_t, std::vector<std::uint16_t>> read_;  // by the address of the block
};

/// Of a reader whose name ends in "-tcp" or not.
inline ModbusMaster::Framing framing_of(std::string_view name) {
  return name.ends_with("-tcp") ? ModbusMaster::Framing::tcp : ModbusMaster::Framing::rtu;
}

}  // namespace cw::simulator
