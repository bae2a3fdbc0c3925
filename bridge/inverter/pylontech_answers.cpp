// SPDX-License-Identifier: Apache-2.0
#include "bridge/inverter/pylontech_answers.h"

#include <algorithm>
#include <array>

#include "bridge/inverter/pylontech_information.h"
#include "bridge/inverter/pylontech_values.h"

namespace cw::pylontech {
namespace {

constexpr std::uint8_t kEveryPack = 0xFF;
constexpr std::string_view kTooHigh = "a bank above 65.5 V cannot be told in this protocol";
constexpr std::string_view kHeld = "a value does not fit this protocol: the nearest is told";

struct Asked {
  const Frame& request;
  const Told& told;
  const InverterOptions& options;

  std::uint8_t base() const { return options.addresses.front(); }
  /// The byte that names a pack: without it, the one that was addressed.
  std::uint8_t pack_byte() const {
    return request.information.empty() ? request.address : request.information.front();
  }
  bool every_pack() const { return pack_byte() == kEveryPack; }
  std::size_t index() const { return static_cast<std::size_t>(pack_byte() - base()) & 0x0F; }
};

Answer refuse(Return result) { return {result, {}, {}}; }

Answer finish(Packer& packer) {
  return {Return::normal, std::move(packer.bytes()), packer.held() ? kHeld : std::string_view{}};
}

/// The packs asked for. An error if one was named that is not there or not heard.
struct Chosen {
  Return fault = Return::normal;
  std::vector<const ToldPack*> packs;
};

Chosen choose(const Asked& asked) {
  Chosen chosen;
  for (std::size_t i = 0; i < asked.told.packs(); ++i) {
    if (!asked.every_pack() && i != asked.index()) continue;
    if (const ToldPack* const pack = asked.told.pack(i)) chosen.packs.push_back(pack);
  }
  if (chosen.packs.empty())
    chosen.fault = asked.every_pack() || asked.index() < asked.told.packs()
                       ? Return::internal_communication
                       : Return::address;
  return chosen;
}

// Answers about packs begin with the number of packs, or with the pack that was named.
void put_head(const Asked& asked, const Chosen& chosen, Packer& packer) {
  packer.put(0, 1);  // no unread alarms or switches
  packer.put(asked.every_pack() ? static_cast<std::int64_t>(chosen.packs.size())
                                : std::int64_t{asked.pack_byte()},
             1);
}

using PutPack = bool (*)(const ToldPack&, const BankRequest&, Packer&);

Answer answer_packs(const Asked& asked, PutPack put) {
  const Chosen chosen = choose(asked);
  if (chosen.fault != Return::normal) return refuse(chosen.fault);
  Packer packer;
  put_head(asked, chosen, packer);
  for (const ToldPack* const pack : chosen.packs)
    if (!put(*pack, asked.told.request(), packer)) return refuse(Return::internal_communication);
  if (packer.bytes().size() > kInformationMost) return refuse(Return::invalid_data);
  return finish(packer);
}

bool put_analog(const ToldPack& pack, const BankRequest& /*request*/, Packer& packer) {
  const auto tail = pack_tail(pack);
  if (!tail) return false;
  packer.put(static_cast<std::int64_t>(pack.cell_count), 1);
  for (std::size_t i = 0; i < pack.cell_count; ++i) packer.put(pack.cells[i].count, 2, true);
  const PackTemperatures temperatures = pack_temperatures(pack);
  packer.put(static_cast<std::int64_t>(temperatures.count), 1);
  for (std::size_t i = 0; i < temperatures.count; ++i)
    packer.put(temperatures.values[i].count + kKelvinOffset, 2);
  packer.put(*tail, std::span{kPackTail}.first(tail->items == kShortItems ? kShortSlots
                                                                          : kPackTail.size()));
  return true;
}

bool put_alarm(const ToldPack& pack, const BankRequest& request, Packer& packer) {
  const PackAlarms alarms = pack_alarms(pack, request);
  packer.put(static_cast<std::int64_t>(pack.cell_count), 1);
  for (std::size_t i = 0; i < pack.cell_count; ++i) packer.put(alarms.cells[i], 1);
  const std::size_t temperatures = pack_temperatures(pack).count;
  packer.put(static_cast<std::int64_t>(temperatures), 1);
  for (std::size_t i = 0; i < temperatures; ++i) packer.put(alarms.temperatures[i], 1);
  for (const std::uint8_t byte : {alarms.charge_current, alarms.voltage, alarms.discharge_current})
    packer.put(byte, 1);
  for (const std::uint8_t byte : alarms.status) packer.put(byte, 1);
  return true;
}

Answer version(const Asked&) { return {}; }
Answer analog(const Asked& asked) { return answer_packs(asked, put_analog); }
Answer alarm(const Asked& asked) { return answer_packs(asked, put_alarm); }
Answer refuse_order(const Asked&) { return refuse(Return::invalid_data); }

Answer limits(const Asked& asked) {
  const auto values = limits_of(asked.told);
  if (!values) return refuse(Return::internal_communication);
  Packer packer;
  packer.put(0, 1);
  packer.put(*values, kLimits);
  return finish(packer);
}

void put_text(std::string_view text, std::size_t size, Packer& packer) {
  for (std::size_t i = 0; i < size; ++i)
    packer.put(i < text.size() ? static_cast<unsigned char>(text[i]) : 0, 1);
}

Answer manufacturer(const Asked& asked) {
  const auto& options = asked.options;
  Packer packer;
  put_text(options.battery_name.empty() ? "Cellwarden" : options.battery_name, 10, packer);
  for (std::size_t i = 0; i < 2; ++i) packer.put(program_version()[i], 1);
  put_text(options.manufacturer.empty() ? "Pylon" : options.manufacturer, 20, packer);
  return finish(packer);
}

Answer management(const Asked& asked) {
  std::size_t share_of = 1;
  if (!asked.every_pack() && asked.index() >= asked.told.packs()) return refuse(Return::address);
  if (asked.options.limits_a_pack && !asked.every_pack()) {
    if (const Chosen chosen = choose(asked); chosen.fault != Return::normal)
      return refuse(chosen.fault);
    share_of = asked.told.packs_known();
  }
  Management values = management_of(asked.told, asked.options, 100, share_of);
  values.discharge_current = -values.discharge_current;
  Packer packer;
  packer.put(asked.pack_byte(), 1);
  packer.put(values, kManagementOfPack);
  return finish(packer);
}

Answer serial(const Asked& asked) {
  const Chosen chosen = choose(asked);
  if (chosen.fault != Return::normal) return refuse(chosen.fault);
  constexpr std::size_t kSerial = 16;
  std::string_view text = chosen.packs.front()->serial.view();
  text.remove_prefix(text.size() - std::min(text.size(), kSerial));  // numbers differ at their end
  Packer packer;
  packer.put(asked.pack_byte(), 1);
  put_text(text, kSerial, packer);
  return finish(packer);
}

Answer firmware(const Asked& asked) {
  Packer packer;
  packer.put(asked.pack_byte(), 1);
  for (std::size_t i = 0; i < 2; ++i) packer.put(program_version()[i], 1);
  for (std::size_t i = 0; i < 3; ++i) packer.put(program_version()[i], 1);
  return finish(packer);
}

Answer system_analog(const Asked& asked) {
  const auto values = system_of(asked.told);
  if (!values) return refuse(Return::internal_communication);
  Packer packer;
  packer.put(*values, kSystem);
  return finish(packer);
}

Answer system_alarm(const Asked& asked) {
  Packer packer;
  for (const std::uint8_t byte : system_alarms(asked.told.request())) packer.put(byte, 1);
  return finish(packer);
}

Answer system_management(const Asked& asked) {
  const std::int32_t unit_mA = asked.options.hundredth_ampere ? 10 : 100;
  Packer packer;
  packer.put(management_of(asked.told, asked.options, unit_mA, 1), kManagementOfBank);
  return finish(packer);
}

struct Command {
  std::uint8_t number;  // CID2
  Answer (*answer)(const Asked&);
};
constexpr auto kCommands = std::to_array<Command>({
    {0x42, analog},
    {0x44, alarm},
    {0x47, limits},
    {0x4F, version},
    {0x51, manufacturer},
    {0x61, system_analog},
    {0x62, system_alarm},
    {0x63, system_management},
    {0x92, management},
    {0x93, serial},
    {0x94, refuse_order},  // set limits
    {0x95, refuse_order},  // turn off
    {0x96, firmware},
});

}  // namespace

Answer answer(const Frame& request, const Told& told, const InverterOptions& options) {
  const auto command = std::ranges::find(kCommands, request.command, &Command::number);
  if (command == kCommands.end()) return refuse(Return::unknown_command);
  if (told.request().charge_voltage.value > Millivolts{0xFFFF})
    return {Return::internal_communication, {}, kTooHigh};
  return command->answer({request, told, options});
}

bool is_return_code(std::uint8_t command) {
  switch (static_cast<Return>(command)) {
    case Return::normal:
    case Return::version:
    case Return::checksum:
    case Return::length_checksum:
    case Return::unknown_command:
    case Return::format:
    case Return::invalid_data:
    case Return::address:
    case Return::internal_communication: return true;
  }
  return false;
}

}  // namespace cw::pylontech
