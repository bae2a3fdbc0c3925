// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/scan_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace cw {
namespace {

constexpr Millis kThisFrame{60'000};
constexpr std::string_view kUsualAdapter = "hci0";

std::optional<std::int32_t> highest_cell_mV(const FoundDevice& device) {
  std::optional<std::int32_t> highest;
  for (const auto& cell : device.pack.cell_voltage)
    if (const auto voltage = cell.fresh(device.heard, kThisFrame))
      highest = std::max(highest.value_or(0), voltage->count);
  return highest;
}

std::int32_t cells(const FoundDevice& device) {
  if (const auto count = device.pack.scalars.cell_count.fresh(device.heard, kThisFrame))
    return count->count;
  return static_cast<std::int32_t>(
      std::count_if(device.pack.cell_voltage.begin(), device.pack.cell_voltage.end(),
                    [&](const auto& cell) { return cell.fresh(device.heard, kThisFrame); }));
}

/// What it says of itself, for people.
std::string introduction(const FoundDevice& device) {
  const Identity& identity = device.pack.identity;
  std::string text;
  for (const std::string_view part :
       {identity.make.view(), identity.model.view(), identity.hardware_version.view(),
        identity.software_version.view(), identity.serial.view(), identity.name.view()})
    if (!part.empty()) text.append(text.empty() ? "" : ", ").append(part);
  if (const auto voltage = device.pack.scalars.voltage.fresh(device.heard, kThisFrame))
    text += fmt::format("{}{:.2f} V", text.empty() ? "" : ", ", voltage->count / 1000.0);
  return text;
}

/// Of a full cell, by its limits or its voltages; 0: it says neither.
std::int32_t full_cell_mV(const FoundDevice& device) {
  const auto limit = device.pack.parameters.get(Parameter::cell_overvoltage);
  const auto highest = highest_cell_mV(device);
  return limit ? *limit : highest ? *highest + 200 : 0;
}

}  // namespace

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = '?';
  return text;
}

std::string_view likely_chemistry(const FoundDevice& device) {
  const std::int32_t full = full_cell_mV(device);
  if (full >= 3'950) return "li-ion";
  return full == 0 || full >= 3'000 ? "lfp" : "lto";
}

std::string pack_blocks(const std::vector<FoundDevice>& devices, std::size_t first) {
  std::string text;
  for (const FoundDevice& device : devices) {
    const std::int32_t known = cells(device);
    std::string about = introduction(device);
    if (!device.remark.empty()) about += (about.empty() ? "" : ", ") + device.remark;
    text += fmt::format("# {}{}\n", device.overheard ? "overheard, another master asks it: " : "",
                        about.empty() ? "it says nothing of itself" : one_line(about));
    text +=
        fmt::format("[[pack]]\nname      = \"pack-{}\"\nprotocol  = \"{}\"\nport      = \"{}\"\n",
                    first++, device.protocol->name, device.port);
    if (device.baud != 0 && device.baud != device.protocol->default_baud)
      text += fmt::format("baud      = {}\n", device.baud);
    if (device.protocol->addressed) text += fmt::format("address   = {}\n", device.address);
    if (!device.adapter.empty() && device.adapter != kUsualAdapter)
      text += fmt::format("adapter   = \"{}\"\n", device.adapter);
    text +=
        fmt::format("chemistry = \"{}\"  # {}: check it\n", likely_chemistry(device),
                    full_cell_mV(device) > 0 ? "from its voltages and limits" : "it did not say");
    text += known > 0 ? fmt::format("cells     = {}\n", known)
                      : "cells     = 16  # it did not say: check it\n";
    const auto nominal = device.pack.scalars.capacity_nominal.fresh(device.heard, kThisFrame);
    const auto full = device.pack.scalars.capacity_full.fresh(device.heard, kThisFrame);
    if (const auto capacity = nominal ? nominal : full; capacity && capacity->count >= 1'000)
      text += fmt::format("capacity  = \"{} Ah\"{}\n", capacity->count / 1000,
                          nominal ? "" : "  # what it holds when full: check it");
    text += '\n';
  }
  return text;
}

}  // namespace cw
