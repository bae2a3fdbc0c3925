// SPDX-License-Identifier: Apache-2.0
#include "bridge/modbus/modbus_writes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bridge/modbus/victron_table.h"

namespace cw {
namespace {

using modbus::Exception;

// The names of kWritable, so that what follows from a point is found by its row.
enum Row : std::size_t {
  soc_max,
  soc_min,
  heartbeat,
  alarm_reset,
  operation,
  inverter_state,
  victron_reserve
};

constexpr auto kWritable = std::to_array<WritablePoint>({
    {"802.SocRsvMax", 0, 1000, "upper bound of the state of charge, 0.1 %"},
    {"802.SoCRsvMin", 0, 1000, "lower bound of the state of charge, 0.1 %"},
    {"802.CtrlHb", 0, 0xFFFF, "life sign of the client: any other number than before"},
    {"802.AlmRst", 0, 1,
     "1 asks to reset latched alarms: refused with exception 4, that is an operator's (cellwarden "
     "relay)"},
    {"802.SetOp", 1, 2, "1 connect, 2 disconnect the bank"},
    {"802.SetInvState", 1, 3, "state of the inverter, kept and shown"},
    {"victron.2901", 0, 1000,
     "lower bound of the state of charge, 0.1 %, where clients of a GX write it"},
});

CentiPercent bound(std::uint16_t permille) { return {permille * 10}; }

// What the points of a write come to; the last one of a kind counts.
void add(const WritablePoint& point, std::uint16_t value, OrderChange& change, bool& reset) {
  switch (static_cast<Row>(&point - kWritable.data())) {
    case soc_max: change.soc_max = bound(value); break;
    case soc_min:
    case victron_reserve: change.soc_min = bound(value); break;
    case heartbeat: change.heartbeat = value; break;
    case alarm_reset: reset |= value == 1; break;
    case operation: change.disconnect = value == 2; break;
    case inverter_state: change.inverter_state = value; break;
  }
}

bool bounds_fit(const OrderChange& change, const BankRequest& request, const BankOrders& orders) {
  if (!change.soc_min && !change.soc_max) return true;
  const CentiPercent least = change.soc_min.value_or(orders.soc_min.value_or(request.soc_min));
  const CentiPercent most = change.soc_max.value_or(orders.soc_max.value_or(request.soc_max));
  return least <= most;
}

bool has_relay(const Site& site) {
  return std::ranges::any_of(site.bank.relays, [](const RelayState& relay) {
    const bool supervises = relay.role == RelayRole::charge || relay.role == RelayRole::discharge;
    return supervises && !relay.dry_run;
  });
}

}  // namespace

std::span<const WritablePoint> writable_points() { return kWritable; }

const WritablePoint* find_writable_point(std::string_view name) {
  const auto* const point = std::ranges::find(kWritable, name, &WritablePoint::name);
  return point == kWritable.end() ? nullptr : point;
}

PointNames points_of(const SunspecMap& chain) {
  return [&chain](std::uint16_t address) -> std::string {
    const SunspecPlace* const place = chain.place_at(address);
    if (place == nullptr) return {};
    return fmt::format("{}.{}", chain.block_of(*place).model->id, place->point->name);
  };
}

PointNames points_of_victron_system() {
  return [](std::uint16_t address) -> std::string {
    return address == victron::kReserve ? std::string(kWritable[victron_reserve].name) : "";
  };
}

const WritablePoint* OrderWriter::open_point(std::uint16_t address) const {
  const std::string name = names_(address);
  if (std::ranges::find(options_.points, name) == options_.points.end()) return nullptr;
  return find_writable_point(name);
}

Exception OrderWriter::check(const RegisterWrite& request, const Site& site, OrderChange& change,
                             bool& reset_alarms) const {
  const auto address_of = [&](std::size_t i) {
    return static_cast<std::uint16_t>(request.address + i);
  };
  for (std::size_t i = 0; i < request.values.size(); ++i)
    if (open_point(address_of(i)) == nullptr) return Exception::illegal_address;
  for (std::size_t i = 0; i < request.values.size(); ++i) {
    const WritablePoint& point = *open_point(address_of(i));
    if (request.values[i] < point.lowest || request.values[i] > point.highest)
      return Exception::illegal_value;
    add(point, request.values[i], change, reset_alarms);
  }
  if (!site.request) return Exception::device_failed;  // nobody would obey
  if (!bounds_fit(change, *site.request, book_.orders())) return Exception::illegal_value;
  if (change.disconnect && !has_relay(site)) return Exception::device_failed;
  if (reset_alarms && !hooks_.reset_alarms) return Exception::device_failed;
  return Exception::none;
}

// A life sign that goes on is no news.
void OrderWriter::tell(const RegisterWrite& request, std::span<const std::uint16_t> image,
                       Exception outcome) const {
  if (!hooks_.on_write) return;
  for (std::size_t i = 0; i < request.values.size(); ++i) {
    const auto address = static_cast<std::uint16_t>(request.address + i);
    const std::string name = names_(address);
    const bool is_alive = name == kWritable[heartbeat].name && book_.is_client_alive();
    if (is_alive && outcome == Exception::none) continue;
    hooks_.on_write({request.source.view(), name, address,
                     image[static_cast<std::size_t>(address - map_.first())], request.values[i],
                     outcome});
  }
}

Exception OrderWriter::write(const RegisterWrite& request, const Site& site,
                             std::span<const std::uint16_t> image, Instant now) {
  OrderChange change;
  bool reset_alarms = false;
  Exception outcome = check(request, site, change, reset_alarms);
  if (outcome == Exception::none && reset_alarms && !hooks_.reset_alarms())
    outcome = Exception::device_failed;
  tell(request, image, outcome);
  if (outcome == Exception::none) book_.take(change, request.source, now);
  return outcome;
}

}  // namespace cw
