// SPDX-License-Identifier: Apache-2.0
// Clients that read 125 registers of a SunSpec chain, from one thread, next to some that trickle
// and some that send nonsense.
#pragma once
#include <cstdint>

namespace cw::bench {

struct LoadPlan {
  std::uint16_t port = 0;
  int clients = 1;
  double seconds = 1;
  double rate = 0;            // requests a second of all; 0: each client asks again at once
  std::int64_t reads = 0;     // ends after so many instead; 0: after `seconds`
  int trickling = 0;          // a byte of a request now and then
  int hostile = 0;            // nonsense, then a new connection
  bool same_picture = false;  // the states of charge in one reply must agree
};

struct LoadResult {
  double rate = 0;  // replies a second
  double p50_us = 0;
  double p99_us = 0;
  std::int64_t replies = 0;
  std::int64_t torn = 0;    // replies that mix two pictures
  std::int64_t errors = 0;  // wrong replies, or connections that ended
};

/// A latency counts from the moment a request was due, so a stalled server hides behind nothing.
LoadResult load(const LoadPlan& plan);

}  // namespace cw::bench
