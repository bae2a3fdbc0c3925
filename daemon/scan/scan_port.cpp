// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/scan_port.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>

#include "drivers/transport/transport.h"

namespace cw {
namespace {

namespace fs = std::filesystem;

constexpr Millis kOpening{5'000};
// An answer has begun: it may go on as long as it never pauses longer than this, but not for ever.
constexpr Millis kPause{60};
constexpr Millis kAnswerMost{700};
constexpr int kQuestionsMore = 2;  // of a device that was found
constexpr std::size_t kKeptBytes = 2'048;

Instant clock_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

std::vector<const ProtocolSpec*> protocols_of(Bus bus) {
  std::vector<const ProtocolSpec*> found;
  for (const ProtocolSpec* spec : all_protocols())
    if (spec->bus == bus) found.push_back(spec);
  return found;
}

/// A protocol object with what it understood.
struct Ear {
  Ear(const ProtocolSpec& protocol, std::uint8_t number)
      : spec(&protocol), address(number), box(protocol, number) {}

  /// True if a whole frame of a device was understood.
  bool hear(std::span<const std::uint8_t> bytes, Instant now) {
    const unsigned before = frames;
    kept.insert(kept.end(), bytes.begin(), bytes.end());
    if (kept.size() > kKeptBytes)
      kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(kKeptBytes));
    while (!kept.empty()) {
      const Fed fed = box->feed(kept, now, pack);
      if (fed.heard == Heard::need_more) break;
      if (fed.heard == Heard::frame) {
        ++frames;
        at = now;
      }
      kept.erase(kept.begin(),
                 kept.begin() + static_cast<std::ptrdiff_t>(std::min(fed.consumed, kept.size())));
    }
    return frames > before;
  }

  const ProtocolSpec* spec;
  std::uint8_t address;
  ProtocolBox box;
  Pack pack{};
  Instant at{};
  unsigned frames = 0;
  std::vector<std::uint8_t> kept;
};

/// A port that is waited for: a scan has nothing else to do.
class Port {
 public:
  Port(std::string name, Bus bus) : name_(std::move(name)), bus_(bus) {}

  /// Empty, or why not. An open port of another speed is opened anew.
  std::string open(std::uint32_t baud) {
    if (transport_ && transport_->state() == Transport::State::open && baud == baud_) return {};
    PortOptions options;
    options.name = name_;
    if (baud != 0) options.baud = baud;
    transport_ = nullptr;  // first closed: it is ours alone
    transport_ = make_transport(bus_, options);
    baud_ = baud;
    (void)transport_->open();
    const Instant until = clock_now() + kOpening;
    while (transport_->state() == Transport::State::opening && clock_now() < until)
      (void)read(until);
    if (transport_->state() == Transport::State::open) return {};
    return transport_->error().empty() ? name_ + ": no answer" : transport_->error();
  }

  bool send(std::span<const std::uint8_t> bytes) { return transport_->send(bytes); }
  std::string trouble() const {
    return transport_->state() == Transport::State::open ? "" : transport_->error();
  }

  /// What came, as soon as something does; empty: nothing until then.
  std::span<const std::uint8_t> read(Instant until) {
    const auto left = std::max<std::int64_t>(until.ms - clock_now().ms, 0);
    pollfd watched{transport_->descriptor(), static_cast<short>(transport_->interest()), 0};
    if (::poll(&watched, 1, static_cast<int>(left)) <= 0) return {};
    return transport_->on_ready(static_cast<std::uint32_t>(watched.revents), room_);
  }

 private:
  std::string name_;
  Bus bus_;
  std::uint32_t baud_ = 0;
  std::unique_ptr<Transport> transport_;
  std::array<std::uint8_t, 1024> room_{};
};

class Scan {
 public:
  Scan(const std::string& name, Bus bus)
      : name_(name),
        bus_(bus),
        protocols_(protocols_of(bus)),
        port_(name, bus),
        plan_(protocols_, bus == Bus::serial && !name.starts_with("tcp://")) {}

  ScannedPort run(const ScanProgress& progress) {
    const Instant end = clock_now() + kScanMost;
    while (const auto step = plan_.next()) {
      if (clock_now() >= end) {
        result_.fault = name_ +
                        ": not searched to the end: something answers all the time, and "
                        "nothing of it is understood";
        break;
      }
      progress(*step, plan_.done(), plan_.size());
      result_.fault = port_.open(step->baud);
      if (!result_.fault.empty()) break;
      plan_.report(step->protocol == nullptr ? listen(*step, end) : ask(*step));
      result_.fault = port_.trouble();
      if (!result_.fault.empty()) break;
    }
    result_.foreign = plan_.only_listens() && bus_ == Bus::serial;
    return std::move(result_);
  }

 private:
  ScanOutcome listen(const ScanStep& step, Instant end) {
    std::vector<std::unique_ptr<Ear>> ears;
    for (const ProtocolSpec* protocol : protocols_) {
      const unsigned last = protocol->addressed ? protocol->highest_address : 0U;
      for (unsigned address = 0; address <= std::min(last, 16U); ++address)
        ears.push_back(std::make_unique<Ear>(*protocol, static_cast<std::uint8_t>(address)));
    }
    const Instant until = std::min(clock_now() + step.within, end);
    std::size_t bytes = 0;
    while (clock_now() < until && port_.trouble().empty()) {
      const auto got = port_.read(until);
      bytes += got.size();
      for (const auto& ear : ears) ear->hear(got, clock_now());
    }
    bool any = false;
    for (const auto& ear : ears) any |= ear->frames > 0 && note(*ear, step.baud, true);
    if (any) return ScanOutcome::found;
    // A transceiver that is plugged in may leave a byte or two.
    return bytes > 2 ? ScanOutcome::bytes : ScanOutcome::silence;
  }

  ScanOutcome ask(const ScanStep& step) {
    Ear ear(*step.protocol, step.address);
    const auto request = ear.box->next_request(clock_now());
    if (!request) return ScanOutcome::silence;
    const ScanOutcome outcome = exchange(ear, *request, step);
    if (outcome == ScanOutcome::bytes) rest(*step.protocol);
    if (outcome != ScanOutcome::found) return outcome;
    learn(ear, *request, step);
    note(ear, step.baud, false);
    return outcome;
  }

  // What it says of itself besides its values: settings, its name.
  void learn(Ear& ear, const Request& first, const ScanStep& step) {
    for (int i = 0; i < kQuestionsMore; ++i) {
      rest(*step.protocol);
      const auto request = ear.box->next_request(clock_now());
      if (!request || std::equal(request->view().begin(), request->view().end(),
                                 first.view().begin(), first.view().end()))
        return;
      (void)exchange(ear, *request, step);
    }
  }

  // The silence that a device needs after an answer.
  void rest(const ProtocolSpec& protocol) {
    const Instant until = clock_now() + std::max(protocol.pause, kPause);
    while (clock_now() < until && port_.trouble().empty()) (void)port_.read(until);
  }

  ScanOutcome exchange(Ear& ear, const Request& request, const ScanStep& step) {
    while (!port_.read(clock_now()).empty()) {
    }
    if (!port_.send(request.view())) return ScanOutcome::silence;
    Instant until = clock_now() + step.within;
    const Instant latest = until + kAnswerMost;
    bool bytes = false;
    while (clock_now() < until && port_.trouble().empty()) {
      const auto got = port_.read(until);
      if (got.empty()) continue;
      bytes = true;
      if (ear.hear(got, clock_now())) return ScanOutcome::found;
      until = std::min(std::max(until, clock_now() + kPause), latest);
    }
    return bytes ? ScanOutcome::bytes : ScanOutcome::silence;
  }

  // The same device is not told of twice: an answer that names no sender fits every address.
  bool note(const Ear& ear, std::uint32_t baud, bool overheard) {
    FoundDevice device{ear.spec, name_, baud, ear.address, overheard, ear.pack, ear.at, {}};
    result_.devices.push_back(std::move(device));
    return true;
  }

  const std::string& name_;
  Bus bus_;
  std::vector<const ProtocolSpec*> protocols_;
  Port port_;
  ScanPlan plan_;
  ScannedPort result_;
};

void add_matching(std::vector<std::string>& ports, const char* folder,
                  std::initializer_list<std::string_view> starts) {
  std::vector<std::string> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (std::any_of(starts.begin(), starts.end(),
                    [&](std::string_view start) { return name.starts_with(start); }))
      found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  ports.insert(ports.end(), found.begin(), found.end());
}

}  // namespace

ScannedPort scan_port(const std::string& port, Bus bus, const ScanProgress& progress) {
  return Scan(port, bus).run(progress);
}

std::vector<std::string> serial_ports() {
  std::vector<std::string> all;
  add_matching(all, "/dev/serial/by-id", {""});
  add_matching(all, "/dev", {"ttyUSB", "ttyACM", "ttyAMA", "ttyS"});
  std::vector<std::string> ports;
  std::set<std::string> devices;
  for (const std::string& port : all) {
    std::error_code none;
    const std::string device = fs::weakly_canonical(port, none).string();
    if (devices.insert(device).second) ports.push_back(port);
  }
  return ports;
}

}  // namespace cw
