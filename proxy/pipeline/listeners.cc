// SPDX-License-Identifier: Apache-2.0
//
// See listeners.h.
#include "proxy/pipeline/listeners.h"

#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace weir {
namespace {

bool has_id(const std::vector<Listeners::One>& in, std::uint32_t id) {
  return std::ranges::find(in, id, &Listeners::One::id) != in.end();
}

// `ends`: for whoever keeps a copy, too.
void close_all(const std::vector<int>& fds, bool ends) {
  for (const int fd : fds) {
    if (fd >= 0) {
      ends ? KeptSockets::end(fd) : static_cast<void>(::close(fd));
    }
  }
}

std::string with_setting(std::size_t index, const std::string& why) {
  return "listen[" + std::to_string(index) + "]: " + why;
}

// What only a start can do about a socket that cannot be had.
std::string remedy_while_running(const Settings::Listener& wanted) {
  constexpr std::uint16_t kPrivileged = 1024;
  return wanted.at.port != 0 && wanted.at.port < kPrivileged
             ? "; a proxy that has become another user needs a restart for it"
             : "";
}

}  // namespace

Listeners::Change::~Change() {
  for (const Opened& one : opened_) {
    close_all(one.fds, one.new_here);
  }
}

void Listeners::Change::give(std::size_t worker, Adoption& to) {
  for (Opened& one : opened_) {
    NewListener own = one.common;
    own.fd = one.fds.empty() ? -1 : std::exchange(one.fds[worker], -1);
    to.open.push_back(std::move(own));
  }
  to.close = closed_;
}

// Empty, or why not.
std::string Listeners::open_one(const Settings::Listener& wanted, Change& into) {
  // Those of a configuration do not contend, so what does is open for the one before.
  const bool beside_own =
      std::ranges::any_of(open_, [&](const One& one) { return contend(one.at, wanted.at); });
  auto opened = sockets_.listen(wanted.at, workers_, "listen", beside_own);
  if (!opened) {
    return opened.error();
  }
  opened->name = wanted.name;
  opened->mode = wanted.mode;
  if (const auto ready = make_transparent(*opened); !ready) {
    close_all(opened->fds, true);
    return ready.error();
  }
  const std::uint32_t id = ++last_id_;
  into.opened_.push_back(
      {{id, -1, 0, opened->at, wanted.name, wanted.mode}, opened->fds, running_});
  into.next_.push_back({id, wanted, opened->at, wanted.name, wanted.mode});
  return {};
}

tl::expected<std::unique_ptr<Listeners::Change>, Listeners::Fault> Listeners::begin(
    const std::vector<Settings::Listener>& wanted, unsigned workers) {
  workers_ = workers;
  auto handed_over = inherited_listeners(sockets_.strangers(), workers);
  if (!handed_over) {
    return tl::unexpected(Fault{handed_over.error(), EX_USAGE});
  }
  auto out = std::make_unique<Change>();
  inherited_ = !handed_over->empty();
  for (const Listening& one : *handed_over) {
    const std::uint32_t id = ++last_id_;
    out->opened_.push_back({{id, -1, 0, one.at, one.name, one.mode}, one.fds});
    out->next_.push_back({id, {}, one.at, one.name, one.mode});
  }
  for (std::size_t i = 0; i < wanted.size() && !inherited_; ++i) {
    if (std::string why = open_one(wanted[i], *out); !why.empty()) {
      const bool rights = wanted[i].mode == ListenMode::Tproxy && why.find("TPROXY") != why.npos;
      return tl::unexpected(Fault{with_setting(i, why), rights ? EX_NOPERM : EX_UNAVAILABLE});
    }
  }
  return out;
}

// The open listener whose sockets go on under another name or mode; null: none.
const Listeners::One* Listeners::heir_of(const Settings::Listener& wanted, const Change& change,
                                         const std::vector<Settings::Listener>& all_wanted) const {
  for (const One& one : open_) {
    const bool goes_on = has_id(change.next_, one.id) ||
                         std::ranges::find(all_wanted, one.written) != all_wanted.end();
    const bool taken = std::ranges::any_of(change.opened_, [&](const Change::Opened& opened) {
      return opened.fds.empty() && opened.common.heir_of == one.id;
    });
    if (one.written.at == wanted.at && !goes_on && !taken) {
      return &one;
    }
  }
  return nullptr;
}

tl::expected<std::unique_ptr<Listeners::Change>, std::vector<std::string>> Listeners::plan(
    const std::vector<Settings::Listener>& wanted) {
  auto out = std::make_unique<Change>();
  if (inherited_) {
    out->next_ = open_;
    return out;
  }
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Settings::Listener& each = wanted[i];
    const auto same = std::ranges::find_if(
        open_, [&](const One& one) { return one.written == each && !has_id(out->next_, one.id); });
    if (same != open_.end()) {
      out->next_.push_back(*same);
      continue;
    }
    const One* const before = heir_of(each, *out, wanted);
    if (before == nullptr) {
      if (std::string why = open_one(each, *out); !why.empty()) {
        problems.push_back(with_setting(i, why + remedy_while_running(each)));
      }
    } else if (each.mode == ListenMode::Tproxy || before->mode == ListenMode::Tproxy) {
      problems.push_back(with_setting(
          i, "the listener on " + before->at.text() +
                 " cannot become, or cease to be, one for TPROXY while it is open: use another "
                 "port in \"listen\", or restart"));
    } else {
      const std::uint32_t id = ++last_id_;
      out->opened_.push_back({{id, -1, before->id, before->at, each.name, each.mode}, {}});
      out->next_.push_back({id, each, before->at, each.name, each.mode});
    }
  }
  for (const One& one : open_) {
    if (!has_id(out->next_, one.id)) {
      out->closed_.push_back(one.id);
    }
  }
  if (!problems.empty()) {
    return tl::unexpected(std::move(problems));
  }
  return out;
}

void Listeners::commit(const Change& change) {
  const std::lock_guard lock(mutex_);
  open_ = change.next_;
  running_ = true;
}

std::vector<Listeners::One> Listeners::all() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace weir
