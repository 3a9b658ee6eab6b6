// SPDX-License-Identifier: Apache-2.0
//
// The admin interface on the wire: a listener of its own on a thread of its own, so that neither a
// busy proxy keeps it from answering nor it the workers from serving. Bounded: connections, heads,
// bodies (64 KiB) and the time a client may take.
//
// Owned by main. open() before privileges are given up and before workers begin, because the
// address must be among those the proxy never connects to; start() once there is something to ask.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include <tl/expected.hpp>

#include "proxy/admin/api.h"
#include "proxy/config/settings.h"
#include "proxy/http/date.h"
#include "proxy/net/kept_sockets.h"
#include "proxy/net/loop.h"

namespace weir::admin {

class Connection;

class AdminServer {
 public:
  // Listens; nobody is answered yet. Null when the settings say "off". The error is a sentence.
  static tl::expected<std::unique_ptr<AdminServer>, std::string> open(
      const Settings::Admin& settings, KeptSockets& sockets);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Nothing for a socket in the file system.
  const std::optional<Endpoint>& at() const { return site_.at; }

  // Answers from now on. `state` outlives stop(). `answers`: from another table than ours.
  using Answers = Reply (*)(const Asked&, const Site&, AdminState&);
  void start(AdminState& state, Answers answers = &answer);
  // Cuts what runs and ends the thread.
  void stop();

 private:
  friend class Connection;
  // The listening socket.
  class Door final : public Watch {
   public:
    explicit Door(AdminServer& server) : server_(server) {}
    void note(std::uint32_t) override {}
    void act() override { server_.accept_some(); }

   private:
    AdminServer& server_;
  };
  // Out of descriptors the door is shut for a moment, instead of spinning on it.
  class Shut final : public Deadline {
   public:
    explicit Shut(AdminServer& server) : server_(server) {}
    void due() override { server_.open_door(); }

   private:
    AdminServer& server_;
  };
  AdminServer(int fd, Site site, std::string path);
  void open_door();
  void accept_some();
  void retire(Connection& connection);
  void begin_stop();
  std::string text() const;

  Loop loop_;
  Door door_{*this};
  Shut shut_{*this};
  int fd_;
  Site site_;
  std::string path_;  // of a socket in the file system
  http::DateText date_;
  AdminState* state_ = nullptr;
  Answers answers_ = nullptr;
  std::set<Connection*> connections_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace weir::admin
