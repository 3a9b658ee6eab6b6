// SPDX-License-Identifier: Apache-2.0
//
// See privileges.h.
#include "proxy/net/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weir {
namespace {

constexpr auto kNobody = static_cast<uid_t>(-1);
constexpr auto kNoGroup = static_cast<gid_t>(-1);

struct Identity {
  uid_t uid = kNobody;
  gid_t gid = kNoGroup;
};

tl::expected<Identity, std::string> find_identity(const std::string& user,
                                                  const std::string& group) {
  Identity out;
  const passwd* account = user.empty() ? nullptr : ::getpwnam(user.c_str());
  if (account != nullptr) {
    out = {account->pw_uid, account->pw_gid};
  } else if (!user.empty()) {
    return tl::unexpected("process.user: there is no user \"" + user + "\" on this machine");
  }
  if (group.empty()) {
    return out;
  }
  const ::group* entry = ::getgrnam(group.c_str());
  if (entry == nullptr) {
    return tl::unexpected("process.group: there is no group \"" + group + "\" on this machine");
  }
  out.gid = entry->gr_gid;
  return out;
}

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

tl::expected<void, std::string> drop_privileges(const std::string& user, const std::string& group) {
  const auto identity = find_identity(user, group);
  if (!identity) {
    return tl::unexpected(identity.error());
  }
  if (identity->uid == kNobody && identity->gid == kNoGroup) {
    return {};
  }
  if (identity->uid == kNobody) {
    if (::setgid(identity->gid) == 0) {
      return {};
    }
    return tl::unexpected("process.group: cannot enter group \"" + group +
                          "\": " + std::strerror(errno) + "; start as root");
  }
  if (::initgroups(user.c_str(), identity->gid) != 0 || ::setgid(identity->gid) != 0 ||
      ::setuid(identity->uid) != 0) {
    return tl::unexpected("process.user: cannot become user \"" + user + "\": " +
                          std::strerror(errno) + "; start as root, or leave process.user out");
  }
  return {};
}

tl::expected<void, std::string> give_file(const std::string& path, const std::string& user,
                                          const std::string& group) {
  const auto identity = find_identity(user, group);
  if (!identity) {
    return tl::unexpected(identity.error());
  }
  // Whoever this was before may have put something else there.
  if (::lchown(path.c_str(), identity->uid, identity->gid) != 0) {
    return tl::unexpected("process.user: cannot give " + path + " to " + user + ":" + group + ": " +
                          std::strerror(errno));
  }
  return {};
}

}  // namespace weir
