// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/live_capture.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/configuration/suggestion.h"

namespace cw {
namespace {

constexpr std::string_view kOrder = "capture";

/// The port of `name`, a port itself or a pack; nothing: there is neither.
const std::string* port_of(const Configuration& configuration, std::string_view name) {
  for (const PackConfiguration& pack : configuration.packs)
    if (pack.name == name || pack.port.name == name) return &pack.port.name;
  return nullptr;
}

std::string unknown(const Configuration& configuration, std::string_view name) {
  std::vector<std::string_view> names;
  for (const PackConfiguration& pack : configuration.packs) {
    names.push_back(pack.name);
    names.push_back(pack.port.name);
  }
  return fmt::format("error: no pack and no port is called {}{}\n", in_quotes(name),
                     hint(name, names, "the packs and their ports"));
}

}  // namespace

LiveCaptures::LiveCaptures(CaptureHub& hub, StatusServer& server) : hub_(hub), server_(server) {
  server_.on_gone([this](int client) { end(client); });
}

LiveCaptures::~LiveCaptures() {
  server_.on_gone({});
  while (!watchers_.empty()) end(watchers_.front().client());
}

bool LiveCaptures::begin(const ControlRequest& request, const Configuration& configuration,
                         std::string& out) {
  const std::string_view line = request.line;
  if (line.substr(0, line.find(' ')) != kOrder) return false;
  if (!request.trusted) {
    out = "error: only root and the gateway's own user may record; try sudo\n";
    return true;
  }
  const std::string_view name = line.substr(std::min(kOrder.size() + 1, line.size()));
  CaptureHeader header = hub_.header(hub_.now_us());
  std::uint8_t wire = 0;
  if (!name.empty()) {
    const std::string* const port = port_of(configuration, name);
    if (port == nullptr) {
      out = unknown(configuration, name);
      return true;
    }
    const auto found = std::find_if(header.wires.begin(), header.wires.end(),
                                    [&](const auto& known) { return known.port == *port; });
    wire = static_cast<std::uint8_t>(found - header.wires.begin() + 1);
  }
  out = write_capture_header(header);
  server_.keep_open(request.client);
  hub_.add(watchers_.emplace_back(*this, request.client, wire, std::move(header)));
  return true;
}

void LiveCaptures::end(int client) {
  const auto watcher = std::find_if(watchers_.begin(), watchers_.end(),
                                    [&](const Watcher& each) { return each.client() == client; });
  if (watcher == watchers_.end()) return;
  hub_.remove(*watcher);
  watchers_.erase(watcher);
}

// Of one wire only what crossed it: decisions depend on the others as well.
void LiveCaptures::Watcher::take(const PackedRecord& record) {
  if (wire_ != 0 && record.wire != wire_) return;
  text_.clear();
  write_packed(text_, header, record);
  owner_.server_.append(client_, text_);
}

}  // namespace cw
