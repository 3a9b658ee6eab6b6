// SPDX-License-Identifier: Apache-2.0
//
// See download.h. Redirects are followed here and not by the library, so that each hop is judged
// with its own URL at hand.
#include "proxy/lists/download.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "proxy/base/clock.h"
#include "proxy/lists/curl_calls.h"

namespace weir {
namespace {

// Only where fetch() has found the library.
const CurlCalls& lib() {
  return *find_curl();
}

using Error = tl::unexpected<std::string>;

constexpr int kRedirectsMost = 5;
constexpr std::size_t kFieldMost = 512;  // of an ETag or a date that is worth keeping
constexpr long kSlowest = 100;           // bytes a second ...
constexpr long kSlowFor = 20;            // ... over so many seconds
constexpr Micros kConnectMost = 15 * kSecond;
constexpr int kPollMillis = 1000;

// What a URL is to us; only what the library itself understands, so that both agree.
struct Place {
  std::string scheme;
  std::string host;
};

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (lib().curl_url_get(url, which, &text, 0) != CURLUE_OK) {
    return {};
  }
  std::string out(text);
  lib().curl_free(text);
  return out;
}

Place place_of(const std::string& text) {
  CURLU* const url = lib().curl_url();
  Place out;
  if (lib().curl_url_set(url, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
    out = {part(url, CURLUPART_SCHEME), part(url, CURLUPART_HOST)};
  }
  lib().curl_url_cleanup(url);
  std::ranges::transform(out.host, out.host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// One request: what its callbacks know and find out.
struct Hop {
  const std::atomic<bool>* stopped = nullptr;
  std::uint64_t max_bytes = 0;
  bool plain = false;       // http: to this machine alone
  bool inside_may = false;  // the operator named this host
  bool refused_inside = false;
  bool too_large = false;
  std::string bytes;
};

std::size_t take_bytes(char* from, std::size_t, std::size_t count, void* to) {
  auto& hop = *static_cast<Hop*>(to);
  if (count > hop.max_bytes - hop.bytes.size()) {
    hop.too_large = true;
    return 0;
  }
  hop.bytes.append(from, count);
  return count;
}

// Bounds what arrives also where little comes of it when its coding is undone.
int watch_progress(void* with, curl_off_t, curl_off_t arrived, curl_off_t, curl_off_t) {
  auto& hop = *static_cast<Hop*>(with);
  hop.too_large = hop.too_large || static_cast<std::uint64_t>(arrived) > hop.max_bytes;
  return hop.too_large || hop.stopped->load() ? 1 : 0;
}

// The very address that will be dialled is judged, so no name can lead elsewhere in between.
curl_socket_t open_socket(void* with, curlsocktype, curl_sockaddr* to) {
  auto& hop = *static_cast<Hop*>(with);
  const IpAddress address = Endpoint::from_sockaddr(&to->addr).address;
  if (hop.plain ? !address.is_loopback() : !hop.inside_may && is_inside(address)) {
    hop.refused_inside = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

std::string field(CURL* easy, const char* name) {
  curl_header* found = nullptr;
  if (lib().curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) {
    return {};
  }
  const std::string_view value = found->value;
  const bool sane = value.size() <= kFieldMost &&
                    std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
  return sane ? std::string(value) : std::string();
}

// "*" and the like would mean something else in the next question (RFC 9110 8.8.3).
std::string sane_etag(std::string etag) {
  const std::string_view text = etag.starts_with("W/") ? std::string_view(etag).substr(2) : etag;
  const bool sane = text.size() >= 2 && text.front() == '"' && text.find('"', 1) == text.size() - 1;
  return sane ? std::move(etag) : std::string();
}

std::string explain(CURLcode code, const Hop& hop, const std::string& host) {
  if (hop.stopped->load()) {
    return "Weir is stopping";
  }
  if (hop.too_large) {
    return "it is larger than " + std::to_string(hop.max_bytes) + " bytes";
  }
  if (hop.refused_inside) {
    return hop.plain ? host + " is not this machine, and plain http leads nowhere else"
                     : "it redirects to " + host + ", whose address is not a public one";
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the name " + host + " cannot be resolved";
    case CURLE_COULDNT_CONNECT:
      return host + " cannot be reached";
    case CURLE_OPERATION_TIMEDOUT:
      return host + " took too long";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the certificate of " + host + " cannot be trusted";
    case CURLE_PARTIAL_FILE:
      return host + " ended its answer too early";
    case CURLE_BAD_CONTENT_ENCODING:
      return "its content coding is not valid";
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "only https is fetched";
    default:
      return host + ": " + lib().curl_easy_strerror(code);
  }
}

// The library's handle of one request with all it was given.
class Request {
 public:
  Request(const DownloadOrder& order, const std::string& url, Micros left, Hop& hop)
      : easy_(lib().curl_easy_init()) {
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, hop.plain ? "http" : "https");
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
    // As other programs take it: instead of the system's authorities, those of this file.
    const char* const authorities = std::getenv("SSL_CERT_FILE");  // NOLINT(concurrency-mt-unsafe)
    if (authorities != nullptr && *authorities != '\0') {
      set(CURLOPT_CAINFO, authorities);
    }
    set(CURLOPT_ACCEPT_ENCODING, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);
    // A connection that another list's URL allowed must not serve this one unjudged.
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    bound(order, left);
    watch(hop);
    ask(order);
  }
  ~Request() {
    lib().curl_easy_cleanup(easy_);
    lib().curl_slist_free_all(fields_);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  CURL* handle() const { return easy_; }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    lib().curl_easy_setopt(easy_, option, value);
  }
  void bound(const DownloadOrder& order, Micros left) {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(left / kMillisecond, Micros{1})));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(left, kConnectMost) / kMillisecond));
    set(CURLOPT_LOW_SPEED_LIMIT, kSlowest);
    set(CURLOPT_LOW_SPEED_TIME, kSlowFor);
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(order.max_bytes));
  }
  void watch(Hop& hop) {
    set(CURLOPT_WRITEFUNCTION, &take_bytes);
    set(CURLOPT_WRITEDATA, &hop);
    set(CURLOPT_XFERINFOFUNCTION, &watch_progress);
    set(CURLOPT_XFERINFODATA, &hop);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_OPENSOCKETDATA, &hop);
  }
  void ask(const DownloadOrder& order) {
    if (!order.etags.empty()) {
      fields_ = lib().curl_slist_append(fields_, ("If-None-Match: " + order.etags).c_str());
    }
    if (!order.last_modified.empty()) {
      fields_ =
          lib().curl_slist_append(fields_, ("If-Modified-Since: " + order.last_modified).c_str());
    }
    set(CURLOPT_HTTPHEADER, fields_);
  }

  CURL* easy_;
  curl_slist* fields_ = nullptr;
};

// The host of a redirect may stand in a message, nothing else of it may.
tl::expected<Hop, std::string> judge_hop(const std::string& url, const Place& asked) {
  const Place place = place_of(url);
  Hop hop;
  hop.inside_may = place.host == asked.host;
  hop.plain = place.scheme == "http";
  if (place.host.empty() || (place.scheme != "https" && !hop.plain)) {
    return Error("it redirects to something that is not https");
  }
  if (hop.plain && (asked.scheme != "http" || !hop.inside_may)) {
    return Error("it redirects to plain http");
  }
  return hop;
}

}  // namespace

bool is_inside(const IpAddress& address) {
  const auto inside = [](const IpAddress& a) {
    return a.is_loopback() || a.is_unspecified() || a.is_link_local() || a.is_private() ||
           a.is_multicast() || a.is_broadcast() || a.is_reserved() || a.is_cloud_metadata();
  };
  const auto hidden = address.embedded_all();
  return inside(address) || std::any_of(hidden.begin(), hidden.end(), inside);
}

// The library's side, made when the first list is fetched.
struct Downloader::Multi {
  std::atomic<CURLM*> handle{nullptr};
  std::atomic<bool> stopped{false};

  ~Multi() {
    if (handle.load() != nullptr) {
      lib().curl_multi_cleanup(handle);
    }
  }
  // False where there is no library.
  bool made() {
    if (handle.load() == nullptr && find_curl() != nullptr) {
      handle.store(lib().curl_multi_init());
    }
    return handle.load() != nullptr;
  }
  CURLcode perform(CURL* easy);
};

// One transfer, waiting in a way that stop() can end.
CURLcode Downloader::Multi::perform(CURL* easy) {
  lib().curl_multi_add_handle(handle, easy);
  int running = 1;
  while (running != 0 && !stopped.load()) {
    if (lib().curl_multi_perform(handle, &running) != CURLM_OK ||
        (running != 0 &&
         lib().curl_multi_poll(handle, nullptr, 0, kPollMillis, nullptr) != CURLM_OK)) {
      break;
    }
  }
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  int more = 0;
  while (const CURLMsg* said = lib().curl_multi_info_read(handle, &more)) {
    result = said->msg == CURLMSG_DONE ? said->data.result : result;
  }
  lib().curl_multi_remove_handle(handle, easy);
  return result;
}

Downloader::Downloader() : multi_(std::make_unique<Multi>()) {}

Downloader::~Downloader() = default;

void Downloader::stop() {
  multi_->stopped.store(true);
  // One that is made only now sees that it is stopped.
  if (CURLM* const handle = multi_->handle.load()) {
    lib().curl_multi_wakeup(handle);
  }
}

bool Downloader::stopped() const {
  return multi_->stopped.load();
}

tl::expected<Downloaded, std::string> Downloader::fetch(const DownloadOrder& order) {
  if (!multi_->made()) {
    return Error("libcurl.so.4 is missing; install the package libcurl4");
  }
  const Instant end = steady_now() + order.timeout;
  const Place asked = place_of(order.url);
  std::string url = order.url;
  for (int redirects = 0; redirects <= kRedirectsMost; ++redirects) {
    auto hop = judge_hop(url, asked);
    if (!hop) {
      return Error(std::move(hop).error());
    }
    hop->stopped = &multi_->stopped;
    hop->max_bytes = order.max_bytes;
    const Request request(order, url, end - steady_now(), *hop);
    const CURLcode result = multi_->perform(request.handle());
    if (result == CURLE_FILESIZE_EXCEEDED) {
      hop->too_large = true;
    }
    if (result != CURLE_OK) {
      return Error(explain(result, *hop, place_of(url).host));
    }
    long status = 0;
    lib().curl_easy_getinfo(request.handle(), CURLINFO_RESPONSE_CODE, &status);
    char* next = nullptr;
    lib().curl_easy_getinfo(request.handle(), CURLINFO_REDIRECT_URL, &next);
    if (status / 100 == 3 && status != 304 && next != nullptr) {
      url = next;
      continue;
    }
    const bool conditional = !order.etags.empty() || !order.last_modified.empty();
    if (status != 200 && (status != 304 || !conditional)) {
      return Error("the server answered " + std::to_string(status));
    }
    return Downloaded{status == 304, std::move(hop->bytes),
                      sane_etag(field(request.handle(), "ETag")),
                      field(request.handle(), "Last-Modified")};
  }
  return Error("it redirects more than " + std::to_string(kRedirectsMost) + " times");
}

}  // namespace weir
