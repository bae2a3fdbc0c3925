// SPDX-License-Identifier: Apache-2.0
// Recordings that somebody watches through the control socket while they are made:
//   capture            every wire, and what the gateway decides
//   capture NAME       only the wire of that port, or of that pack
// The answer is a recording (docs/capture.md) that goes on until the client leaves.
#pragma once
#include <list>
#include <string>
#include <string_view>

#include "daemon/capture/capture_hub.h"
#include "daemon/configuration/configuration.h"
#include "daemon/status_server.h"

namespace cw {

class LiveCaptures {
 public:
  LiveCaptures(CaptureHub& hub, StatusServer& server);
  ~LiveCaptures();

  /// True if it is such an order; it was taken, or `out` says why not. Only for who may give
  /// orders: frames may hold the password of a board.
  bool begin(const ControlRequest& request, const Configuration& configuration, std::string& out);

  /// The client left, or was let go.
  void end(int client);

 private:
  class Watcher final : public CaptureListener {
   public:
    Watcher(LiveCaptures& owner, int client, std::uint8_t wire, CaptureHeader from)
        : header(std::move(from)), owner_(owner), client_(client), wire_(wire) {}
    void take(const PackedRecord& record) override;
    void take(const Event&) override {}
    int client() const { return client_; }

    const CaptureHeader header;

   private:
    LiveCaptures& owner_;
    int client_;
    std::uint8_t wire_;  // 0: all
    std::string text_;
  };

  CaptureHub& hub_;
  StatusServer& server_;
  std::list<Watcher> watchers_;
};

}  // namespace cw
