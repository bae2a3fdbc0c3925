// SPDX-License-Identifier: Apache-2.0
// Everything that is recorded comes through here: it gets its time and its number, and goes to
// whoever records at present. While nobody does, the wires know no tap.
#pragma once
#include <functional>
#include <vector>

#include "bridge/sink.h"
#include "daemon/capture/capture_ring.h"
#include "daemon/capture/capture_tap.h"

namespace cw {

class CaptureListener {
 public:
  virtual void take(const PackedRecord& record) = 0;
  virtual void take(const Event& event) = 0;

 protected:
  ~CaptureListener() = default;
};

class CaptureHub final : public CaptureTap, public Sink {
 public:
  /// In microseconds, of the clock that decisions see.
  using Clock = std::function<std::int64_t()>;
  /// `base`: what any recording is called after; its times are those of the program's start.
  /// `switched` is called when the first listener comes (true) and when the last one went (false).
  CaptureHub(Clock clock, CaptureHeader base, std::function<void(bool)> switched);

  void add(CaptureListener& listener);
  void remove(CaptureListener& listener);

  /// The header of a recording that begins at `from_us`; times in it count from the result's
  /// clock_ms.
  CaptureHeader header(std::int64_t from_us) const;
  std::int64_t now_us() const { return clock_(); }

  void note(std::uint8_t wire, CaptureKind kind, std::span<const std::uint8_t> bytes,
            std::string_view text) override;

  // As a sink it takes the events.
  void publish(const Picture&, std::span<const std::size_t>) override {}
  void record(const Event& event) override;
  Health health() const override { return {true, "", 0}; }

 private:
  Clock clock_;
  CaptureHeader base_;
  std::function<void(bool)> switched_;
  std::vector<CaptureListener*> listeners_;
  std::uint64_t number_ = 0;
};

/// How an event stands in a recording: "garage alarm_raised cell_overvoltage why".
std::string capture_text(const Event& event);

/// Appends what `record` is in a recording that begins at `header`.
void write_packed(std::string& out, const CaptureHeader& header, const PackedRecord& record);

}  // namespace cw
