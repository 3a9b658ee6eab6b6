// SPDX-License-Identifier: Apache-2.0
//
// See server.h.
#include "proxy/admin/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "proxy/admin/connection.h"
#include "proxy/base/diag.h"
#include "proxy/config/text_rules.h"
#include "proxy/net/kept_sockets.h"
#include "proxy/net/listen.h"

namespace weir::admin {
namespace {

constexpr std::size_t kConnectionsMost = 64;
constexpr Micros kShut = 100 * kMillisecond;
constexpr const char* kSetting = "admin.listen";

void warn_if_reachable(const Endpoint& at) {
  if (!at.address.is_loopback()) {
    diag(Level::Warning, "the admin interface on " + at.text() +
                             " can be reached from other machines and asks for no password");
  }
}

}  // namespace

tl::expected<std::unique_ptr<AdminServer>, std::string> AdminServer::open(
    const Settings::Admin& settings, KeptSockets& sockets) {
  const AdminAddress address = parse_admin_address(settings.listen).value_or(AdminAddress{});
  Site site;
  site.hosts = settings.hosts;
  int fd = -1;
  if (address.kind == AdminAddress::Kind::Off) {
    return nullptr;
  }
  if (address.kind == AdminAddress::Kind::Unix) {
    const auto listening = sockets.listen_path(address.path, kSetting);
    if (!listening) {
      return tl::unexpected(listening.error());
    }
    fd = *listening;
  } else {
    const auto listening = sockets.listen(address.at, 1, kSetting);
    if (!listening) {
      return tl::unexpected(listening.error());
    }
    fd = listening->fds.front();
    site.at = listening->at;
    warn_if_reachable(listening->at);
  }
  return std::unique_ptr<AdminServer>(new AdminServer(fd, std::move(site), address.path));
}

AdminServer::AdminServer(int fd, Site site, std::string path)
    : fd_(fd), site_(std::move(site)), path_(std::move(path)) {}

AdminServer::~AdminServer() {
  stop();
  if (!path_.empty()) {
    ::unlink(path_.c_str());
  }
}

std::string AdminServer::text() const {
  return site_.at ? "http://" + site_.at->text() : "unix:" + path_;
}

void AdminServer::start(AdminState& state, Answers answers) {
  state_ = &state;
  answers_ = answers;
  // Signals are for the thread that waits for them.
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "admin");
    open_door();
    loop_.run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  diag(Level::Info, "admin interface at " + text());
}

void AdminServer::stop() {
  if (thread_.joinable()) {
    loop_.post([this] { begin_stop(); });
    thread_.join();
  }
  if (fd_ >= 0) {
    KeptSockets::end(std::exchange(fd_, -1));  // whoever waits to be accepted waits for nobody
  }
}

void AdminServer::open_door() {
  if (!loop_.watch_level(fd_, door_, EPOLLIN)) {
    shut_.set(loop_.wheel(), loop_.now() + kShut);
  }
}

void AdminServer::accept_some() {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      loop_.unwatch(fd_, door_);
      shut_.set(loop_.wheel(), loop_.now() + kShut);
    }
    return;  // level-triggered: whoever is still there is met again
  }
  if (connections_.size() >= kConnectionsMost) {
    ::close(fd);
    return;
  }
  auto* connection = new Connection(*this);  // deletes itself
  connections_.insert(connection);
  connection->run(fd);
}

void AdminServer::retire(Connection& connection) {
  connections_.erase(&connection);
  if (stopping_ && connections_.empty()) {
    loop_.stop();
  }
}

void AdminServer::begin_stop() {
  stopping_ = true;
  shut_.clear();
  loop_.unwatch(fd_, door_);
  for (Connection* connection : connections_) {
    connection->cut();
  }
  if (connections_.empty()) {
    loop_.stop();
  }
}

}  // namespace weir::admin
