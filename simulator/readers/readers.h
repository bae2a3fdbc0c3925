// SPDX-License-Identifier: Apache-2.0
// The makers of all readers: one file each.
#pragma once
#include "simulator/inverter_reader.h"

namespace cw::simulator {

using ReaderMaker = std::unique_ptr<InverterReader>(std::string_view name, std::uint8_t unit);

ReaderMaker make_can_reader;  // by name: one table row a protocol
ReaderMaker make_pylontech_reader;
ReaderMaker make_growatt_reader;
ReaderMaker make_byd_reader;
ReaderMaker make_sunspec_reader;  // "-tcp" or "-rtu" at the end of the name
ReaderMaker make_victron_reader;

}  // namespace cw::simulator
