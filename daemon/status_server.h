// SPDX-License-Identifier: Apache-2.0
// The control socket: a client says one line at most, gets one answer and is let go; an answer may
// be put off, or go on until the client leaves. An empty line asks for the status. A client that
// does not read, or never ends its line, makes room for the next; nobody can hold the loop.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/loop.h"

namespace cw {

struct ControlRequest {
  std::string_view line;  // without its end
  std::uint32_t uid;      // of the client's process, from the kernel
  bool trusted;           // root, or the user this process runs as: may give orders
  int client = -1;        // its number, while it is there
  /// Puts the answer off: it is what the returned function is called with, once.
  std::function<std::function<void(std::string)>()> later{};
};

class StatusServer {
 public:
  /// Fills the answer.
  using Answer = std::function<void(const ControlRequest& request, std::string& out)>;

  StatusServer(Loop& loop, std::string path, Answer answer);
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  /// False: the socket could not be made; error() says why.
  bool open();
  const std::string& error() const { return error_; }

  /// While answering: the answer goes on, with append(), until the client leaves or reads so slowly
  /// that too much waits for it; `gone` is called then.
  void keep_open(int client) { clients_.at(client).stays = true; }
  void append(int client, std::string_view text);
  void on_gone(std::function<void(int client)> gone) { gone_ = std::move(gone); }

 private:
  struct Client {
    std::string request;
    std::string document;
    std::size_t sent = 0;
    bool stays = false;  // there will be more to send
    Instant since{};
    std::uint64_t id = 0;
    bool waits = false;  // for an answer that was put off
  };

  void watch_listener();
  void on_connect();
  void on_refused();
  void on_readable(int client);
  void answer(int client);
  void answer_later(std::uint64_t id, std::string document);
  void begin_writing(int client);
  void on_writable(int client, std::uint32_t events);
  void drop(int client);
  void make_room();

  Loop& loop_;
  std::string path_;
  Answer answer_;
  std::function<void(int)> gone_;
  std::string error_;
  std::map<int, Client> clients_;
  std::uint64_t last_id_ = 0;
  int listener_ = -1;
  int accept_again_;
};

}  // namespace cw
