// SPDX-License-Identifier: Apache-2.0
#include "daemon/simulate/inverter_run.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <charconv>
#include <cmath>

#include "core/assert.h"
#include "daemon/commands/unix_client.h"
#include "daemon/simulate/simulation_order.h"
#include "drivers/protocol/can_frame.h"

namespace cw {
namespace {

constexpr Millis kSecond{1'000};
// What its regulator takes a bank for; that it is not exact only makes it slower.
constexpr double kBank_ohm = 0.02;

simulator::InverterPlant with_patience(const InverterRunOptions& options) {
  simulator::InverterPlant plant = options.plant;
  plant.forgets_after = {
      static_cast<std::int32_t>(plant.forgets_after.count * std::max(1.0, options.speed))};
  return plant;
}

const simulator::InverterReaderRow& row_of(const InverterRunOptions& options) {
  const simulator::InverterReaderRow* const row = simulator::find_inverter_reader(options.protocol);
  CW_ASSERT(row != nullptr);
  return *row;
}

PortOptions port_of(const InverterRunOptions& options) {
  PortOptions port;
  port.name = options.port;
  port.baud = options.baud != 0 ? options.baud : row_of(options).baud;
  return port;
}

// "any": the protocol has no word for it.
std::string told_A(const std::optional<Milliamps>& current) {
  return current ? fmt::format("{:.1f}", current->count / 1e3) : "any";
}

}  // namespace

std::optional<double> voltage_in(std::string_view answer) {
  constexpr std::string_view key = "\"voltage_V\":";
  const std::size_t at = answer.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  double voltage_V = 0;
  const char* const begin = answer.data() + at + key.size();
  const auto read = std::from_chars(begin, answer.data() + answer.size(), voltage_V);
  if (read.ec != std::errc{}) return std::nullopt;
  return voltage_V;
}

std::string current_orders(const std::vector<std::string>& packs, double amps) {
  std::string orders;
  const double share_mA = 1'000 * amps / static_cast<double>(packs.size());
  for (const std::string& pack : packs)
    orders += fmt::format(
        "{} {}\n", pack,
        fault_text(simulator::Fault::current, 0, static_cast<std::int32_t>(std::lround(share_mA))));
  return orders;
}

InverterRun::InverterRun(Loop& loop, InverterRunOptions options)
    : loop_(loop),
      options_(std::move(options)),
      row_(row_of(options_)),
      reader_(row_.make(row_.name, options_.unit != 0 ? options_.unit : row_.unit)),
      transport_(make_transport(row_.bus, port_of(options_))),
      inverter_(with_patience(options_), loop.now()),
      started_(loop.now()),
      timer_(loop.add_timer([this](Instant now) { on_second(now); })) {}

InverterRun::~InverterRun() {
  if (watched_ >= 0) loop_.forget(watched_);
  loop_.stop_timer(timer_);
  transport_->close();
  std::string orders, answer, error;
  for (const std::string& pack : options_.packs) orders += pack + " clear current\n";
  (void)ask_unix_socket(options_.control, orders, answer, error, 1);
}

bool InverterRun::start(std::string& error) {
  if (transport_->open() == Transport::State::closed) {
    error = transport_->error();
    return false;
  }
  watched_ = transport_->descriptor();
  loop_.watch(watched_, transport_->interest(), [this](std::uint32_t events) { on_ready(events); });
  loop_.set_timer(timer_, loop_.now() + kSecond);
  return true;
}

void InverterRun::on_ready(std::uint32_t events) {
  auto bytes = transport_->on_ready(events, room_);
  const bool records = row_.bus == Bus::can;
  while (!bytes.empty()) {
    const auto piece = records ? bytes.first(std::min(bytes.size(), kCanRecordSize)) : bytes;
    if (const auto limits = reader_->hear(piece)) inverter_.hear(*limits, simulated(loop_.now()));
    bytes = bytes.subspan(piece.size());
  }
  if (transport_->state() != Transport::State::closed)
    return loop_.rewatch(watched_, transport_->interest());
  fmt::print(stderr, "cellwarden simulate inverter: {}\n", transport_->error());
  loop_.forget(watched_);
  watched_ = -1;
  loop_.stop(1);
}

Instant InverterRun::simulated(Instant now) const {
  const double passed = static_cast<double>(now.ms - started_.ms) * options_.speed;
  return {started_.ms + std::llround(passed)};
}

void InverterRun::on_second(Instant now) {
  loop_.set_timer(timer_, now + kSecond);
  const auto request = reader_->ask();
  if (!request.empty()) (void)transport_->send(request);
  if (watched_ >= 0) loop_.rewatch(watched_, transport_->interest());
  drive(simulated(now));
  report();
}

void InverterRun::drive(Instant now) {
  const auto reach_A = [this](double voltage_V) {
    return amps_ + (voltage_V - voltage_V_.value_or(voltage_V)) / kBank_ohm;
  };
  amps_ = voltage_V_ ? inverter_.current_A(*voltage_V_, reach_A, now) : 0;
  std::string answer, error;
  const std::string orders =
      current_orders(options_.packs, amps_) + "state " + options_.packs.front() + "\n";
  if (!ask_unix_socket(options_.control, orders, answer, error, 1))
    trouble_ = fmt::format("no simulation answers at {}: {}", options_.control, error);
  else
    trouble_ = answer.find("error") == std::string::npos ? "" : answer.substr(0, answer.find('\n'));
  voltage_V_ = voltage_in(answer);
}

void InverterRun::report() const {
  if (!trouble_.empty()) return fmt::print(stderr, "{}\n", trouble_);
  fmt::print("{:.2f} V {:+.1f} A", voltage_V_.value_or(0), amps_);
  if (const auto& told = inverter_.limits())
    fmt::print(
        "; told {} V, {} A in{}, {} A out{}",
        told->charge_voltage ? fmt::format("{:.1f}", told->charge_voltage->count / 1e3) : "any",
        told_A(told->charge_current), told->charge_enabled ? "" : " (off)",
        told_A(told->discharge_current), told->discharge_enabled ? "" : " (off)");
  else
    fmt::print("; nothing was told yet");
  fmt::print("\n");
  std::fflush(stdout);
}

}  // namespace cw
