// SPDX-License-Identifier: Apache-2.0
// `cellwarden capture`: records what crosses the wires, of the running gateway or of a port.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "daemon/capture/capture_hub.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/standard_output.h"
#include "daemon/configuration/suggestion.h"
#include "daemon/scan/scan_can.h"
#include "daemon/socket_path.h"
#include "daemon/wire.h"
#include "daemon/wire_layout.h"
#include "drivers/transport/descriptor.h"

namespace cw {
namespace {

constexpr int kRefused = 1;
constexpr int kUsage = 64;
constexpr int kUnavailable = 69;
constexpr Millis kShowEvery{1'000};

int fail(int status, std::string_view message) {
  fmt::print(stderr, "cellwarden capture: {}\n", message);
  return status;
}

/// Where the recording goes, and how much of it there is already.
class Output {
 public:
  explicit Output(std::string file) : file_(std::move(file)) {}

  /// Empty, or why not.
  std::string open() {
    if (file_.empty()) return {};
    pipe_ = Descriptor{::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
    return pipe_.valid() ? "" : fmt::format("{}: {}", file_, std::strerror(errno));
  }

  bool write(std::string_view text) {
    bytes_ += text.size();
    if (file_.empty()) return write_out(text);
    while (!text.empty()) {
      const ssize_t written = ::write(pipe_.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        fmt::print(stderr, "cellwarden capture: {}: {}\n", file_, std::strerror(errno));
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  /// For people at a terminal, where the recording itself goes elsewhere.
  void show(Millis passed, bool last) const {
    if (file_.empty() || ::isatty(STDOUT_FILENO) == 0) return;
    fmt::print("\r{}: {} s, {} bytes{}", file_, passed.count / 1000, bytes_, last ? "\n" : "");
    std::fflush(stdout);
  }

 private:
  std::string file_;
  Descriptor pipe_;
  std::size_t bytes_ = 0;
};

/// A loop that ends after the time that was asked for, on Ctrl-C, or with what it records.
class Recording {
 public:
  Recording(const CaptureOptions& options, Output& output)
      : output_(output), show_timer_(loop.add_timer([this](Instant now) { show(now); })) {
    loop.on_stop_signal([this](int) { loop.stop(0); });
    if (!options.seconds) return;
    const int end = loop.add_timer([this](Instant) { loop.stop(0); });
    loop.set_timer(end, {loop.now().ms + std::llround(*options.seconds * 1000)});
  }

  void write(std::string_view text) {
    if (!output_.write(text)) loop.stop(kOutputLost);
  }

  int run() {
    began_ = loop.now();
    loop.set_timer(show_timer_, began_ + kShowEvery);
    const int status = loop.run();
    output_.show(passed(), true);
    return status;
  }

  Loop loop;

 private:
  Millis passed() const { return {static_cast<std::int32_t>(loop.now().ms - began_.ms)}; }
  void show(Instant now) {
    output_.show(passed(), false);
    loop.set_timer(show_timer_, now + kShowEvery);
  }

  Output& output_;
  int show_timer_;
  Instant began_{};
};

// --- of the running gateway ----------------------------------------------------------------------

Descriptor connect_to(const std::string& path) {
  Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  if (!socket.valid() || !fill_address(address, path)) return {};
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return socket;
}

class GatewayStream {
 public:
  GatewayStream(Recording& recording, int socket) : recording_(recording), socket_(socket) {
    recording_.loop.watch(socket_, EPOLLIN, [this](std::uint32_t) { on_ready(); });
  }
  ~GatewayStream() { recording_.loop.forget(socket_); }

 private:
  void on_ready() {
    char part[65'536];
    const ssize_t got = ::read(socket_, part, sizeof part);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) {
      const bool nothing = !begun_;
      fmt::print(stderr, "cellwarden capture: the gateway {}\n",
                 nothing ? "did not answer; is it another version?"
                         : "ended the recording; it stopped, or this was read too slowly");
      return recording_.loop.stop(kUnavailable);
    }
    const std::string_view text{part, static_cast<std::size_t>(got)};
    if (!begun_ && text.starts_with("error: ")) {
      fmt::print(stderr, "cellwarden capture: {}", text.substr(7));
      return recording_.loop.stop(kRefused);
    }
    begun_ = true;
    recording_.write(text);
  }

  Recording& recording_;
  int socket_;
  bool begun_ = false;
};

int record_gateway(const CaptureOptions& options, int socket, Output& output) {
  const std::string order =
      options.what.empty() ? "capture\n" : fmt::format("capture {}\n", options.what);
  if (::send(socket, order.data(), order.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(order.size()))
    return fail(kUnavailable, std::strerror(errno));
  Recording recording(options, output);
  const GatewayStream stream(recording, socket);
  return recording.run();
}

// --- of a port, without a gateway ----------------------------------------------------------------

/// What only listens records neither requests nor turns: it has none.
class PortListener final : public CaptureListener, public WireListener {
 public:
  PortListener(Recording& recording, bool listens) : recording_(recording), listens_(listens) {}
  void begin(CaptureHeader header) {
    header_ = std::move(header);
    recording_.write(write_capture_header(header_));
  }
  void take(const PackedRecord& record) override {
    if (listens_ && (record.kind == CaptureKind::turn || record.kind == CaptureKind::out)) return;
    text_.clear();
    write_packed(text_, header_, record);
    recording_.write(text_);
  }
  void take(const Event&) override {}
  void on_frame(std::size_t, Instant) override {}
  void on_link(std::size_t, const LinkStatus&, Instant) override {}
  void on_order(std::size_t, const OrderReport&, Instant) override {}

 private:
  Recording& recording_;
  bool listens_;
  CaptureHeader header_;
  std::string text_;
};

/// A pack as a configuration has it. Its cells do not matter to what is recorded.
std::string pack_text(const CaptureOptions& options) {
  std::string text = fmt::format(
      "[[pack]]\nname = \"pack\"\nprotocol = \"{}\"\nport = \"{}\"\nchemistry = \"lfp\"\n"
      "cells = 16\n",
      options.protocol, options.what);
  if (options.baud) text += fmt::format("baud = {}\n", *options.baud);
  if (options.address) text += fmt::format("address = {}\n", *options.address);
  return text;
}

int record_port(const CaptureOptions& options, Output& output) {
  const LoadedConfiguration loaded = parse_configuration(pack_text(options), "command line");
  if (!loaded.faults.empty()) return fail(kUsage, loaded.faults.front().message);
  const PackConfiguration& configuration = loaded.configuration.packs.front();
  Recording recording(options, output);
  Loop& loop = recording.loop;
  const WireLayout layout = lay_wires(loaded.configuration).front();
  CaptureHeader header;
  header.wall_ms = Loop::wall_ms();
  header.clock_ms = loop.now().ms;
  header.wires = {{options.protocol, options.what}};
  header.configuration = loaded.configuration.excerpt;
  CaptureHub hub([&loop] { return loop.now_us(); }, header, [](bool) {});
  PortListener listener(recording, options.listen);
  Pack pack;
  Wire wire(loop, listener, make_transport(configuration.protocol->bus, layout.port), layout.times,
            layout.longest_frame);
  if (!options.listen) wire.add(0, configuration, pack);
  wire.record({&hub, 1});
  listener.begin(hub.header(hub.now_us()));
  hub.add(listener);
  wire.start();
  if (!wire.trouble().empty()) return fail(kUnavailable, wire.trouble());
  return recording.run();
}

bool is_interface(const std::string& name) {
  const std::vector<std::string> interfaces = can_interfaces();
  return std::ranges::find(interfaces, name) != interfaces.end();
}

bool is_port(const std::string& name) {
  return name.find('/') != std::string::npos || is_interface(name);
}

/// An interface speaks CAN, whatever the usual protocol of ports is.
CaptureOptions completed(CaptureOptions options) {
  const ProtocolSpec* protocol = find_protocol(options.protocol);
  const bool serial = protocol != nullptr && protocol->bus == Bus::serial;
  if (serial && is_interface(options.what)) options.protocol = "jk-can";
  return options;
}

}  // namespace

int command_capture(const CaptureOptions& options) {
  Output output(options.output);
  const Descriptor socket = options.direct ? Descriptor{} : connect_to(options.socket);
  if (!socket.valid() && !is_port(options.what))
    return fail(kUnavailable,
                fmt::format("no running cellwarden answers at {}; to record without one, name a "
                            "port: cellwarden capture /dev/ttyUSB0",
                            options.socket));
  if (const std::string fault = output.open(); !fault.empty()) return fail(kOutputLost, fault);
  return socket.valid() ? record_gateway(options, socket.get(), output)
                        : record_port(completed(options), output);
}

}  // namespace cw
