// SPDX-License-Identifier: Apache-2.0
#include "daemon/capture/black_box.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cw {
namespace {

constexpr Millis kDay{86'400'000};

/// A name that every file system takes.
std::string file_name(std::int64_t wall_ms, std::string_view cause) {
  const CaptureHeader header{.wall_ms = wall_ms, .clock_ms = 0, .wires = {}, .configuration = {}};
  const std::string text = write_capture_header(header);
  std::string name = text.substr(text.find("\nwall ") + 6, 24);
  std::erase_if(name, [](char c) { return c == '-' || c == ':' || c == '.'; });
  name.append("-").append(cause);
  for (char& c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') c = '_';
  }
  return name + ".capture";
}

}  // namespace

bool is_incident(const Event& event) {
  switch (event.kind) {
    case EventKind::alarm_raised:
    case EventKind::relay_operated:
    case EventKind::relay_fault:
    case EventKind::relay_latched:
    case EventKind::relay_contact:
    case EventKind::divergence_raised:
    case EventKind::link_lost:
    case EventKind::protection_tripped: return true;
    default: return false;
  }
}

void IncidentWatch::on_event(const Event& event) {
  if (!is_incident(event)) return;
  if (!open_) {
    began_ = event.when;
    open_ = Incident{event.when + -options_.before, {}, {}};
    const std::string cause =
        fmt::format("{}{}{}-{}", event.pack.view(), event.pack.empty() ? "" : "-", name(event.kind),
                    event.subject.view());
    open_->cause.assign(cause);
  }
  const Instant latest = began_ + Millis{options_.after.count * kLongest};
  open_->until = std::min(event.when + options_.after, latest);
}

std::optional<IncidentWatch::Incident> IncidentWatch::take_over(Instant now, bool ending) {
  if (!open_ || (now < open_->until && !ending)) return std::nullopt;
  return std::exchange(open_, std::nullopt);
}

BlackBox::BlackBox(const BlackBoxOptions& options, CaptureHub& hub, std::size_t wires)
    : options_(options), hub_(hub), watch_(options), writer_(options.folder, options.files_most) {
  const std::size_t share = std::size_t{options.memory_MB} * 1'000'000 / (wires + 1);
  rings_.reserve(wires + 1);
  for (std::size_t i = 0; i <= wires; ++i) rings_.emplace_back(share);
  hub_.add(*this);
}

BlackBox::~BlackBox() {
  hub_.remove(*this);
  const Instant now{hub_.now_us() / 1000};
  if (const auto incident = watch_.take_over(now, true)) seal(*incident, now);
}

void BlackBox::take(const PackedRecord& record) { rings_[record.wire].add(record); }

std::vector<std::string> BlackBox::tend(Instant now) {
  for (CaptureRing& ring : rings_) ring.forget_before((now + -options_.keep).ms * 1000);
  while (!sealed_.empty() && sealed_.front() + kDay < now) sealed_.pop_front();
  if (const auto incident = watch_.take_over(now, false)) seal(*incident, now);
  std::vector<std::string> news = std::exchange(news_, {});
  for (std::string& line : writer_.news()) news.push_back(std::move(line));
  return news;
}

void BlackBox::seal(const IncidentWatch::Incident& incident, Instant now) {
  if (sealed_.size() >= options_.files_most) {
    if (!told_too_many_)
      news_.push_back(
          fmt::format("{} incidents were sealed within a day: the next one is again "
                      "when the first of them is a day old",
                      sealed_.size()));
    told_too_many_ = true;
    return;
  }
  told_too_many_ = false;
  sealed_.push_back(now);
  SealedCapture capture;
  const std::int64_t from_us = incident.from.ms * 1000;
  std::int64_t first_us = now.ms * 1000;
  for (const CaptureRing& ring : rings_) {
    capture.packed.push_back(ring.newest(from_us));
    capture.gapless &= ring.complete() && capture.packed.back().size() == ring.used();
  }
  for (const PackedRecord& record : unpack(capture.packed))
    first_us = std::min(first_us, record.at_us);
  capture.header = hub_.header(first_us);
  capture.name = file_name(hub_.header(now.ms * 1000).wall_ms, incident.cause.view());
  writer_.keep(std::move(capture));
}

}  // namespace cw
