// SPDX-License-Identifier: Apache-2.0
// A 16-cell JK board at the far end of a pseudo-terminal, paced like a real 115200-baud line: the
// request's and the answer's wire time are spent for real, in steps of a 16-byte FIFO. Every answer
// carries a current of its own, so that a published value can be traced to its last byte.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace cw::bench {

struct PacedOptions {
  double baud = 115'200;
  double turnaround_s = 0.0003;  // documented: 0.18 to 1 ms
  bool paced = true;             // false: answers at once (footprint with many packs)
  bool calm = false;             // its current changes so that each is told, but nothing trips
};

class PacedBms {
 public:
  explicit PacedBms(const PacedOptions& options);
  ~PacedBms();
  PacedBms(const PacedBms&) = delete;
  PacedBms& operator=(const PacedBms&) = delete;

  const std::string& tty() const { return tty_; }
  void stop();

  /// When the last byte of the answer with a current was written, by its current in 10 mA steps;
  /// seconds of the monotonic clock. Read after stop().
  const std::unordered_map<int, double>& last_byte_s() const { return last_byte_s_; }
  std::uint32_t answers() const { return answers_.load(); }
  double first_request_s() const { return first_request_s_; }
  double first_answer_s() const { return first_answer_s_; }

  /// Polls a second that the line allows.
  static double limit_per_s(const PacedOptions& options);

 private:
  void serve();
  void answer();

  PacedOptions options_;
  std::string tty_;
  int master_ = -1;
  int keep_ = -1;
  std::vector<std::uint8_t> frame_;
  std::unordered_map<int, double> last_byte_s_;
  std::atomic<std::uint32_t> answers_{0};
  double first_request_s_ = 0;
  double first_answer_s_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

double monotonic_s();
void sleep_until_s(double when);

/// A valid answer to "read all" of a 16-cell board; 291 bytes.
std::vector<std::uint8_t> sample_answer();
/// Writes the current (10 mA steps, charging) and the checksum into it.
void put_current(std::vector<std::uint8_t>& frame, std::uint16_t steps);

inline constexpr std::size_t kRequestSize = 21;

/// The current of answer `number`, in 10 mA steps: far from its neighbours, so that no dead band
/// hides it, and not seen again for 1500 answers.
constexpr int current_of(std::uint32_t number) {
  return static_cast<int>((number * 7919 % 1500 + 1) * 21);
}

}  // namespace cw::bench
