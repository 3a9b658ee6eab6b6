// SPDX-License-Identifier: Apache-2.0
//
// See admin_client.h.
#include "proxy/cli/admin_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "proxy/cli/json_reader.h"
#include "proxy/cli/sources.h"
#include "proxy/config/admin_of.h"
#include "proxy/config/settings.h"
#include "proxy/http/body.h"
#include "proxy/http/parse.h"
#include "proxy/http/reply.h"

namespace weir::cli {
namespace {

using Clock = std::chrono::steady_clock;

std::string text_of(const AdminAddress& at) {
  return at.kind == AdminAddress::Kind::Unix ? "unix:" + at.path : at.at.text();
}

// One connection. After a failure `why` says what went wrong.
class Line {
 public:
  Line(const AdminAddress& at, Micros patience) : at_(at), patience_(patience) { renew(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  // The time to wait begins anew.
  void renew() { until_ = Clock::now() + std::chrono::microseconds(patience_); }
  bool connect();
  bool send(std::string_view text);
  // Appends what has come. False at the end and at a failure.
  bool receive(std::string& to);
  const std::string& why() const { return why_; }

 private:
  bool fail(const std::string& why) {
    why_ = why_.empty() ? why : why_;
    return false;
  }
  bool fail() { return fail(std::strerror(errno)); }
  bool wait_for(short events);

  const AdminAddress& at_;
  Micros patience_;
  Clock::time_point until_;
  int fd_ = -1;
  std::string why_;
};

bool Line::wait_for(short events) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now()).count();
    if (left <= 0) {
      return fail("it does not answer in time");
    }
    pollfd one{fd_, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 1000)));
    if (ready > 0) {
      return true;
    }
    if (ready < 0 && errno != EINTR) {
      return fail();
    }
  }
}

bool Line::connect() {
  sockaddr_storage address{};
  socklen_t size = sizeof(sockaddr_un);
  if (at_.kind == AdminAddress::Kind::Unix) {
    auto* const un = reinterpret_cast<sockaddr_un*>(&address);
    un->sun_family = AF_UNIX;
    at_.path.copy(un->sun_path, sizeof un->sun_path - 1);
  } else {
    size = at_.at.to_sockaddr(address);
  }
  fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    return fail();
  }
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0) {
    return true;
  }
  if (errno != EINPROGRESS) {
    return fail();
  }
  int error = 0;
  socklen_t error_size = sizeof error;
  const bool done = wait_for(POLLOUT);
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &error_size);
  return done && (error == 0 || fail(std::strerror(error)));
}

bool Line::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EAGAIN) {
      return fail();
    } else if (!wait_for(POLLOUT)) {
      return false;
    }
  }
  return true;
}

bool Line::receive(std::string& to) {
  std::array<char, 16 * 1024> room;
  for (;;) {
    const ssize_t n = ::recv(fd_, room.data(), room.size(), 0);
    if (n > 0) {
      to.append(room.data(), static_cast<std::size_t>(n));
      return true;
    }
    if (n == 0) {
      return false;
    }
    if (errno != EAGAIN && errno != EINTR) {
      return fail();
    }
    if (!wait_for(POLLIN)) {
      return false;
    }
  }
}

std::string request_text(const AdminAddress& at, const AdminQuestion& question) {
  std::string text(question.method);
  text.append(" ").append(question.target).append(" HTTP/1.1\r\nHost: ");
  text.append(at.kind == AdminAddress::Kind::Unix ? "localhost" : at.at.text());
  text.append("\r\nUser-Agent: weir/" WEIR_VERSION "\r\nConnection: close\r\n");
  if (!question.body.empty()) {
    text.append("Content-Type: application/json\r\n");
  }
  if (question.method != "GET") {
    text.append("Content-Length: ").append(std::to_string(question.body.size())).append("\r\n");
  }
  return text.append("\r\n").append(question.body);
}

// The head of the answer off the line; `in` keeps what follows it.
bool read_head(Line& line, std::string& in, std::uint16_t& status, http::BodyReader& reader) {
  http::ResponseHead head;
  http::HeadScan scan;
  for (;;) {
    const http::Taken taken = http::take_response(in, scan, {}, head);
    if (taken.progress == http::Progress::Done) {
      const auto framing = http::response_framing(head, false);
      status = head.status;
      in.erase(0, taken.used);
      if (framing) {
        reader.begin(*framing);
      }
      return framing.has_value();
    }
    if (taken.progress == http::Progress::Bad || !line.receive(in)) {
      return false;
    }
  }
}

// Until the body is over, `use` wants no more, or the line fails.
bool read_body(Line& line, std::string& in, http::BodyReader& reader,
               const std::function<bool(std::string_view)>& use) {
  while (!reader.over()) {
    line.renew();
    if (in.empty() && !line.receive(in)) {
      return line.why().empty() && reader.close();
    }
    const http::BodyStep step = reader.next(in);
    if (step.bad) {
      return false;
    }
    if (!step.payload.empty() && !use(step.payload)) {
      return true;
    }
    in.erase(0, step.used);
  }
  return true;
}

tl::unexpected<AdminUnknown> unknown(std::string what, int exit_code) {
  return tl::unexpected(AdminUnknown{std::move(what), exit_code});
}

// What a configuration says of its admin interface, though the rest of it be faulty.
tl::expected<std::string, AdminUnknown> listen_of(const std::string& config) {
  if (config.empty()) {
    return Settings::Admin{}.listen;
  }
  auto found = admin_of_file(config);
  if (!found) {
    return unknown(found.error().front().text() + " --admin says where the proxy is all the same.",
                   EX_CONFIG);
  }
  if (const std::size_t count = found->problems.size(); count != 0) {
    complain(config + " has " + (count == 1 ? "a fault" : std::to_string(count) + " faults") +
             " (weir check-config says more); asking the proxy at " + found->listen +
             " all the same");
  }
  return std::move(found->listen);
}

}  // namespace

tl::expected<AdminAddress, AdminUnknown> find_admin(const AdminSource& source) {
  const auto listen = source.admin.empty() ? listen_of(source.config) : source.admin;
  if (!listen) {
    return tl::unexpected(listen.error());
  }
  std::string text = listen->starts_with("http://") ? listen->substr(7) : *listen;
  text = text.starts_with("localhost:") ? "127.0.0.1" + text.substr(9) : text;
  auto found = parse_admin_address(text);
  if (!found) {
    return unknown("\"" + text + "\" is no address: write for example 127.0.0.1:3180 or " +
                       "unix:/run/weir/admin.sock",
                   EX_USAGE);
  }
  if (found->kind == AdminAddress::Kind::Off) {
    return unknown("this proxy has no admin interface: admin.listen is off", EX_UNAVAILABLE);
  }
  if (found->kind == AdminAddress::Kind::Tcp && found->at.port == 0) {
    return unknown("the system chooses the port of the admin interface: name it with --admin",
                   EX_UNAVAILABLE);
  }
  if (found->kind == AdminAddress::Kind::Tcp && found->at.address.is_unspecified()) {
    const bool v4 = found->at.address.is_v4();
    found->at.address = *IpAddress::parse(v4 ? "127.0.0.1" : "::1");
  }
  return *found;
}

tl::expected<AdminAnswer, std::string> ask_admin(
    const AdminAddress& at, const AdminQuestion& question,
    const std::function<bool(std::string_view)>& take) {
  Line line(at, question.patience);
  AdminAnswer answer;
  std::string in;
  http::BodyReader reader;
  bool too_much = false;
  const auto use = [&](std::string_view piece) {
    if (take && answer.status == 200) {
      return take(piece);
    }
    too_much = answer.body.size() + piece.size() > question.most;
    answer.body.append(piece);
    return !too_much;
  };
  const bool done = line.connect() && line.send(request_text(at, question)) &&
                    read_head(line, in, answer.status, reader) &&
                    read_body(line, in, reader, use) && !too_much;
  if (done) {
    return answer;
  }
  return tl::unexpected("no answer from a proxy at " + text_of(at) + ": " +
                        (line.why().empty() ? "what comes is not its language" : line.why()) +
                        "; --admin or --config says where else it is");
}

tl::expected<AdminAnswer, std::string> ask_admin(const AdminAddress& at,
                                                 const AdminQuestion& question) {
  return ask_admin(at, question, nullptr);
}

std::string error_of(const AdminAnswer& answer) {
  Arena arena;
  JsonReader json(answer.body, arena);
  std::string said;
  json.members([&](std::string_view name) {
    if (name != "error") {
      return json.raw().has_value();
    }
    const auto text = json.text();
    said = text.value_or("");
    return text.has_value();
  });
  const std::string status = std::to_string(answer.status);
  return said.empty()
             ? "the proxy answers " + status + " " + std::string(http::reason_phrase(answer.status))
             : said;
}

}  // namespace weir::cli
