// SPDX-License-Identifier: Apache-2.0
//
// Fetches a list by https. Every answer is a stranger's: its size is bounded while it arrives, its
// time as a whole and by the least speed, its redirects in number, and none leads to plain http.
// The URL that the operator wrote may name a host inside; a redirect to another host may not lead
// to an address that is not public. Certificates are checked against the system's. No cookies; the
// proxy of the environment (https_proxy) is not used: where Weir runs it most often names Weir, or
// a proxy that is meant for somebody else.
//
// One thread fetches; any thread may stop it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "proxy/base/address.h"
#include "proxy/base/instant.h"

namespace weir {

struct DownloadOrder {
  std::string url;
  Micros timeout = 60 * kSecond;
  std::uint64_t max_bytes = 64ULL << 20;  // as they come, and after a Content-Encoding is undone
  // What is known already, as servers wrote it; empty: nothing.
  std::string etags;  // one, or several parted by commas
  std::string last_modified;
};

struct Downloaded {
  bool unchanged = false;  // the server says that what we know is the newest
  std::string bytes;
  std::string etag;  // empty when there was none, or one that no sane server sends
  std::string last_modified;
};

// True for an address that a redirect to another host must not lead to.
bool is_inside(const IpAddress& address);

class Downloader {
 public:
  Downloader();
  ~Downloader();
  Downloader(const Downloader&) = delete;
  Downloader& operator=(const Downloader&) = delete;

  // Blocks. The error is one clause, such as "the server answered 404". Never names the query of a
  // URL, where secrets may be.
  tl::expected<Downloaded, std::string> fetch(const DownloadOrder& order);
  // Any thread: what is under way fails at once, and so does all that comes.
  void stop();
  bool stopped() const;

 private:
  struct Multi;
  std::unique_ptr<Multi> multi_;
};

}  // namespace weir
