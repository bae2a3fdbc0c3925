// SPDX-License-Identifier: Apache-2.0
#include "bench/paced_bms.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>

namespace cw::bench {
namespace {

constexpr double kBitsPerByte = 10;
constexpr std::size_t kFifo = 16;
constexpr std::uint8_t kEndMark = 0x68;
constexpr int kAmpere = 100;  // raw counts of 10 mA

void put16(std::vector<std::uint8_t>& out, std::uint8_t id, unsigned value) {
  out.push_back(id);
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put8(std::vector<std::uint8_t>& out, std::uint8_t id, unsigned value) {
  out.push_back(id);
  out.push_back(static_cast<std::uint8_t>(value));
}

void put32(std::vector<std::uint8_t>& out, std::uint8_t id, std::uint32_t value) {
  out.push_back(id);
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

void put_text(std::vector<std::uint8_t>& out, std::uint8_t id, const char* text,
              std::size_t width) {
  out.push_back(id);
  for (std::size_t i = 0; i < width; ++i)
    out.push_back(static_cast<std::uint8_t>(*text != 0 ? *text++ : 0));
}

void put_settings(std::vector<std::uint8_t>& out) {
  constexpr unsigned words[] = {5'760, 4'160, 3'600, 3'550, 5,  2'600, 2'650, 5,
                                300,   100,   300,   50,    30, 3'000, 10};
  for (unsigned i = 0; i < 15; ++i) put16(out, static_cast<std::uint8_t>(0x8E + i), words[i]);
  put8(out, 0x9D, 1);
  constexpr unsigned temperatures[] = {90, 70,     100,    100,    20,    70,
                                       70, 0xFFEC, 0xFFF6, 0xFFEC, 0xFFF6};
  for (unsigned i = 0; i < 11; ++i)
    put16(out, static_cast<std::uint8_t>(0x9E + i), temperatures[i]);
  put8(out, 0xA9, 16);
  put32(out, 0xAA, 280);
  put8(out, 0xAB, 1);
  put8(out, 0xAC, 1);
  put16(out, 0xAD, 1'000);
  put8(out, 0xAE, 1);
  put8(out, 0xAF, 0);
  put16(out, 0xB0, 10);
  put8(out, 0xB1, 20);
}

}  // namespace

double monotonic_s() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void sleep_until_s(double when) {
  timespec at{};
  at.tv_sec = static_cast<time_t>(when);
  at.tv_nsec = static_cast<long>((when - static_cast<double>(at.tv_sec)) * 1e9);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
}

std::vector<std::uint8_t> sample_answer() {
  std::vector<std::uint8_t> f = {0x4E, 0x57, 0, 0, 0, 0, 0, 0, 6, 0, 1, 0x79, 48};
  for (unsigned cell = 1; cell <= 16; ++cell)
    put16(f, static_cast<std::uint8_t>(cell), 3'300 + cell);
  put16(f, 0x80, 29);
  put16(f, 0x81, 25);
  put16(f, 0x82, 24);
  put16(f, 0x83, 5'293);
  put16(f, 0x84, 0x8000);
  put8(f, 0x85, 57);
  put8(f, 0x86, 2);
  put16(f, 0x87, 12);
  put32(f, 0x89, 3'400);
  put16(f, 0x8A, 16);
  put16(f, 0x8B, 0);
  put16(f, 0x8C, 3);
  put_settings(f);
  put_text(f, 0xB2, "", 10);
  put8(f, 0xB3, 0);
  put_text(f, 0xB4, "bench", 8);
  put_text(f, 0xB5, "2401", 4);
  put32(f, 0xB6, 1'000);
  put_text(f, 0xB7, "11.XW_S11.26___", 15);
  put8(f, 0xB8, 0);
  put32(f, 0xB9, 280);
  put_text(f, 0xBA, "bench       JK_B2A20S20P", 24);
  put8(f, 0xC0, 1);
  constexpr std::uint8_t trailer[] = {0, 0, 0, 0, kEndMark, 0, 0, 0, 0};
  f.insert(f.end(), std::begin(trailer), std::end(trailer));
  f[2] = static_cast<std::uint8_t>((f.size() - 2) >> 8);
  f[3] = static_cast<std::uint8_t>(f.size() - 2);
  put_current(f, 0);
  return f;
}

void put_current(std::vector<std::uint8_t>& frame, std::uint16_t steps) {
  constexpr std::size_t at = 11 + 2 + 48 + 12 + 1;  // header, cells, 80-83, the id 84
  frame[at] = static_cast<std::uint8_t>(0x80 | steps >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(steps);
  unsigned sum = 0;
  for (std::size_t i = 0; i + 4 < frame.size(); ++i) sum += frame[i];
  frame[frame.size() - 2] = static_cast<std::uint8_t>(sum >> 8);
  frame[frame.size() - 1] = static_cast<std::uint8_t>(sum);
}

PacedBms::PacedBms(const PacedOptions& options) : options_(options), frame_(sample_answer()) {
  master_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0)
    throw std::runtime_error("no pseudo-terminal");
  tty_ = ptsname(master_);
  keep_ = open(tty_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // the pair lives while peers reopen
  termios raw{};
  tcgetattr(keep_, &raw);
  cfmakeraw(&raw);
  tcsetattr(keep_, TCSANOW, &raw);
  last_byte_s_.reserve(2'000);
  thread_ = std::thread([this] { serve(); });
}

PacedBms::~PacedBms() {
  stop();
  close(keep_);
  close(master_);
}

void PacedBms::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

double PacedBms::limit_per_s(const PacedOptions& options) {
  const double bytes = static_cast<double>(kRequestSize + sample_answer().size());
  return 1 / (bytes * kBitsPerByte / options.baud + options.turnaround_s);
}

void PacedBms::serve() {
  prctl(PR_SET_TIMERSLACK, 1UL);
  std::uint8_t bytes[512];
  std::size_t have = 0;
  while (!stop_) {
    pollfd ready{master_, POLLIN, 0};
    if (poll(&ready, 1, 50) <= 0) continue;
    const ssize_t got = read(master_, bytes, sizeof bytes);
    if (got <= 0) continue;
    have += static_cast<std::size_t>(got);
    if (have < kRequestSize) continue;
    have = 0;
    answer();
  }
}

void PacedBms::answer() {
  double at = monotonic_s();
  const int current =
      options_.calm ? static_cast<int>(answers_ % 20 + 1) * kAmpere : current_of(answers_);
  if (first_request_s_ == 0) first_request_s_ = at;
  put_current(frame_, static_cast<std::uint16_t>(current));
  at += static_cast<double>(kRequestSize) * kBitsPerByte / options_.baud + options_.turnaround_s;
  const std::size_t step = options_.paced ? kFifo : frame_.size();
  for (std::size_t i = 0; i < frame_.size(); i += step) {
    const std::size_t size = std::min(step, frame_.size() - i);
    at += static_cast<double>(size) * kBitsPerByte / options_.baud;
    if (options_.paced) sleep_until_s(at);
    if (write(master_, frame_.data() + i, size) < 0) return;
  }
  const double done = monotonic_s();
  if (first_answer_s_ == 0) first_answer_s_ = done;
  last_byte_s_.try_emplace(current, done);
  ++answers_;
}

}  // namespace cw::bench
