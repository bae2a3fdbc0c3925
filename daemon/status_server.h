// SPDX-License-Identifier: Apache-2.0
// Answers `cellwarden status`: whoever connects to the unix socket gets one document and is let go.
// A client that does not read is dropped; nobody can hold the loop.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "daemon/loop.h"

namespace cw {

class StatusServer {
 public:
  /// Fills the document to send.
  using Write = std::function<void(std::string& out)>;

  StatusServer(Loop& loop, std::string path, Write write);
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  /// False: the socket could not be made; error() says why.
  bool open();
  const std::string& error() const { return error_; }

 private:
  struct Client {
    std::string document;
    std::size_t sent = 0;
    Instant since{};
  };

  void watch_listener();
  void on_connect();
  void on_refused();
  void on_writable(int client);
  void drop(int client);
  void make_room();

  Loop& loop_;
  std::string path_;
  Write write_;
  std::string error_;
  std::map<int, Client> clients_;
  int listener_ = -1;
  int accept_again_;
};

}  // namespace cw
