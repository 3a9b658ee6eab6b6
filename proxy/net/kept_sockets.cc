// SPDX-License-Identifier: Apache-2.0
//
// See kept_sockets.h. Sockets are known by the setting that asked for them, as it is written: the
// port may be one that the kernel chose. Several listeners written alike are told apart by where
// they are bound.
#include "proxy/net/kept_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr std::string_view kOurs = "weir-kept/";  // no unit of a service manager is called so
constexpr std::size_t kNameMost = 200;

// Sockets of one address; those in the file system have none and are all alike.
bool bound_alike(int one, int other) {
  return bound_address(one) == bound_address(other);
}

}  // namespace

std::string kept_name(const std::string& setting, const std::string& at) {
  std::string out(kOurs);
  for (const char c : setting + "." + at) {
    const bool plain = is(c, kAlpha) || is(c, kDigit) || c == '.' || c == '-' || c == '/';
    out += plain ? c : '_';
  }
  out.resize(std::min(out.size(), kNameMost));
  return out;
}

tl::expected<void, std::string> KeptSockets::take_over() {
  auto handed = read_handed_over();
  if (!handed) {
    return tl::unexpected(handed.error());
  }
  for (HandedOver& one : *handed) {
    if (!one.name.starts_with(kOurs)) {
      strangers_.push_back(std::move(one));
    } else if (still_listens(one.fd)) {
      ours_.push_back(std::move(one));
    } else {
      ::close(one.fd);
    }
  }
  return {};
}

std::vector<int> KeptSockets::claim(const std::string& name, std::size_t most) {
  std::vector<int> out;
  std::erase_if(ours_, [&](const HandedOver& one) {
    const bool mine =
        one.name == name && out.size() < most && (out.empty() || bound_alike(out.front(), one.fd));
    if (mine) {
      out.push_back(one.fd);
    }
    return mine;
  });
  return out;
}

void KeptSockets::keep(const std::string& name, const std::vector<int>& descriptors,
                       std::size_t from) {
  const std::string lines = "FDSTORE=1\nFDNAME=" + name + "\n";
  for (std::size_t at = from; at < descriptors.size(); at += kMostDescriptors) {
    const std::size_t end = std::min(at + kMostDescriptors, descriptors.size());
    notifier_.tell(lines, {descriptors.begin() + static_cast<std::ptrdiff_t>(at),
                           descriptors.begin() + static_cast<std::ptrdiff_t>(end)});
  }
}

// What is left of them, a bound socket that whoever keeps it has not closed yet, hinders nobody who
// sets SO_REUSEADDR as they did.
void KeptSockets::end_contending(const Endpoint& at) {
  std::erase_if(ours_, [&at](const HandedOver& one) {
    const bool contends = contend(bound_address(one.fd), at);
    if (contends) {
      end(one.fd);
    }
    return contends;
  });
}

tl::expected<Listening, std::string> KeptSockets::listen(const Endpoint& at, unsigned count,
                                                         const std::string& setting,
                                                         bool beside_own) {
  const std::string name = kept_name(setting, at.text());
  std::vector<int> begun = claim(name, count);
  const std::size_t known = begun.size();
  if (begun.empty()) {
    end_contending(at);
  }
  auto out = listen_at(at, count, setting, std::move(begun), beside_own);
  if (out) {
    keep(name, out->fds, known);
  }
  return out;
}

tl::expected<int, std::string> KeptSockets::listen_path(const std::string& path,
                                                        const std::string& setting) {
  const std::string name = kept_name(setting, path);
  const std::vector<int> begun = claim(name, 1);
  // Nobody could reach a socket whose file is gone.
  struct stat about {};
  if (!begun.empty() && ::lstat(path.c_str(), &about) == 0 && S_ISSOCK(about.st_mode)) {
    return begun.front();
  }
  for (const int fd : begun) {
    end(fd);
  }
  const auto out = listen_at_path(path, setting);
  if (out) {
    keep(name, {*out}, 0);
  }
  return out;
}

void KeptSockets::end_unclaimed() {
  for (const HandedOver& one : std::exchange(ours_, {})) {
    end(one.fd);
  }
}

void KeptSockets::end(int fd) {
  ::shutdown(fd, SHUT_RDWR);
  ::close(fd);
}

}  // namespace weir
