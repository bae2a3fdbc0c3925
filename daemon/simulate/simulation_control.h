// SPDX-License-Identifier: Apache-2.0
// The control socket of a simulation: each line gets an answer of one line. Knows no orders; a
// client that sends without end or does not read is dropped.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/loop.h"

namespace cw {

class SimulationControl {
 public:
  /// Carries out one line; returns the answer, without a line end.
  using Execute = std::function<std::string(std::string_view line)>;

  SimulationControl(Loop& loop, std::string path, Execute execute);
  ~SimulationControl();
  SimulationControl(const SimulationControl&) = delete;
  SimulationControl& operator=(const SimulationControl&) = delete;

  /// False: error() says why.
  bool open();
  const std::string& error() const { return error_; }

 private:
  void on_connect();
  void on_readable(int client);
  bool carry_out(int client, std::string& received);
  void drop(int client);

  Loop& loop_;
  std::string path_;
  Execute execute_;
  std::string error_;
  int listener_ = -1;
  std::map<int, std::string> clients_;  // what was received and is no whole line yet
};

}  // namespace cw
