// SPDX-License-Identifier: Apache-2.0
//
// One connection to the admin interface: request after request, each read whole, answered, and
// written out as the client takes it. HTTP/1.1 by the parser that the proxy itself uses. Deletes
// itself when it is over.
#pragma once

#include <string>

#include "proxy/admin/api.h"
#include "proxy/http/framing.h"
#include "proxy/net/stream.h"
#include "proxy/net/task.h"

namespace weir::admin {

class AdminServer;

class Connection {
 public:
  explicit Connection(AdminServer& server);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Spawned run(int fd);
  // Ends it soon.
  void cut() { stream_.close(Failure::ShuttingDown); }

 private:
  // What is kept of a request's head: the bytes it was parsed from move while the body is read.
  struct Question {
    http::Method method = http::Method::Other;
    bool to_head = false;
    bool stays = false;    // the connection, after the reply
    bool chunked = false;  // may the reply be
    std::string target;
    std::optional<std::string> host;
    std::optional<std::string> origin;
    std::string fetch_site;
    std::optional<std::string> media_type;
    http::Framing framing;
    std::string body;
    std::optional<Reply> refusal;  // it cannot even be asked
  };
  ~Connection();
  Task<bool> next_question();
  Task<bool> read_more(Instant until);
  Task<bool> read_body(Instant until);
  Task<bool> send_reply(Reply reply);
  Task<bool> send_pieces(const Reply& reply);
  Task<void> farewell();
  void take(const http::RequestHead& head);
  void take_fields(const http::RequestHead& head);
  void refuse_head(Failure why);
  Reply ask();
  std::string head_of(const Reply& reply);

  AdminServer& server_;
  Stream stream_;
  std::string in_;  // arrived and not used yet
  Question question_;
};

}  // namespace weir::admin
