// SPDX-License-Identifier: Apache-2.0
//
// The type from Sec-Fetch-Dest, which a page's script cannot forge; without it from what browsers
// send on plain http, in the order of how sure each sign is. Two hosts are of one site when the
// labels they share hold a registrable domain, so one look into the public suffix list settles a
// party.
#include "filters/classify.h"

#include <libpsl.h>

#include <array>
#include <cstring>
#include <string>

#include "proxy/base/ascii.h"
#include "proxy/base/host.h"

namespace weir::filters {
namespace {

struct Named {
  std::string_view name;
  ResourceKind kind;
};

// Fetch's request destinations; "empty" is decided elsewhere.
constexpr Named kDestinations[] = {
    {"document", ResourceKind::Document},
    {"script", ResourceKind::Script},
    {"image", ResourceKind::Image},
    {"style", ResourceKind::Stylesheet},
    {"iframe", ResourceKind::Subdocument},
    {"frame", ResourceKind::Subdocument},
    {"fencedframe", ResourceKind::Subdocument},
    {"font", ResourceKind::Font},
    {"video", ResourceKind::Media},
    {"audio", ResourceKind::Media},
    {"websocket", ResourceKind::Websocket},
    {"object", ResourceKind::Object},
    {"embed", ResourceKind::Object},
    {"worker", ResourceKind::Script},
    {"sharedworker", ResourceKind::Script},
    {"serviceworker", ResourceKind::Script},
    {"audioworklet", ResourceKind::Script},
    {"paintworklet", ResourceKind::Script},
    {"report", ResourceKind::CspReport},
};

constexpr Named kExtensions[] = {
    {"js", ResourceKind::Script},       {"mjs", ResourceKind::Script},
    {"css", ResourceKind::Stylesheet},  {"png", ResourceKind::Image},
    {"jpg", ResourceKind::Image},       {"jpeg", ResourceKind::Image},
    {"gif", ResourceKind::Image},       {"webp", ResourceKind::Image},
    {"svg", ResourceKind::Image},       {"ico", ResourceKind::Image},
    {"bmp", ResourceKind::Image},       {"avif", ResourceKind::Image},
    {"woff", ResourceKind::Font},       {"woff2", ResourceKind::Font},
    {"ttf", ResourceKind::Font},        {"otf", ResourceKind::Font},
    {"eot", ResourceKind::Font},        {"mp4", ResourceKind::Media},
    {"webm", ResourceKind::Media},      {"mp3", ResourceKind::Media},
    {"ogg", ResourceKind::Media},       {"m4a", ResourceKind::Media},
    {"m4s", ResourceKind::Media},       {"mov", ResourceKind::Media},
    {"flv", ResourceKind::Media},       {"wav", ResourceKind::Media},
    {"aac", ResourceKind::Media},       {"html", ResourceKind::Subdocument},
    {"htm", ResourceKind::Subdocument}, {"json", ResourceKind::Xhr},
    {"swf", ResourceKind::Object},
};

constexpr Named kAccepts[] = {
    {"text/css", ResourceKind::Stylesheet},  {"image/", ResourceKind::Image},
    {"video/", ResourceKind::Media},         {"audio/", ResourceKind::Media},
    {"font/", ResourceKind::Font},           {"application/font-", ResourceKind::Font},
    {"application/json", ResourceKind::Xhr},
};

ResourceKind empty_destination(const Subject& subject) {
  const auto& fields = subject.request;
  const auto type = fields.value("content-type");
  if (fields.has("ping-to") || starts_with_ignoring_case(type, "text/ping")) {
    return ResourceKind::Ping;
  }
  if (subject.method == "POST") {
    const auto mode = fields.value("sec-fetch-mode");
    if (mode == "no-cors" || (mode == "cors" && starts_with_ignoring_case(type, "text/plain"))) {
      return ResourceKind::Ping;
    }
  }
  return starts_with_ignoring_case(fields.value("sec-purpose"), "prefetch") ? ResourceKind::Other
                                                                            : ResourceKind::Xhr;
}

ResourceKind by_destination(const Subject& subject, std::string_view destination) {
  if (destination == "empty") {
    return empty_destination(subject);
  }
  for (const auto& known : kDestinations) {
    if (destination == known.name) {
      return known.kind;
    }
  }
  return ResourceKind::Other;
}

ResourceKind by_extension(const Subject& subject) {
  const auto path = subject.path.substr(0, subject.path.find('?'));
  const auto dot = path.rfind('.');
  if (dot != npos && path.find('/', dot) == npos) {
    for (const auto& known : kExtensions) {
      if (same_ignoring_case(path.substr(dot + 1), known.name)) {
        return known.kind;
      }
    }
  }
  const bool script = subject.method == "POST" || subject.request.has("origin");
  return script ? ResourceKind::Xhr : ResourceKind::Other;
}

// Plain http: no Sec-Fetch fields. A page inside another is told from a top one by its Referer.
ResourceKind by_other_fields(const Subject& subject, bool referred_elsewhere) {
  const auto& fields = subject.request;
  if (fields.has("ping-to") ||
      starts_with_ignoring_case(fields.value("content-type"), "text/ping")) {
    return ResourceKind::Ping;
  }
  if (fields.has("x-requested-with")) {
    return ResourceKind::Xhr;
  }
  const auto accept = fields.value("accept");
  if (starts_with_ignoring_case(accept, "text/html")) {
    return referred_elsewhere ? ResourceKind::Subdocument : ResourceKind::Document;
  }
  for (const auto& known : kAccepts) {
    if (starts_with_ignoring_case(accept, known.name)) {
      return known.kind;
    }
  }
  if (fields.has("range") &&
      starts_with_ignoring_case(fields.value("accept-encoding"), "identity")) {
    return ResourceKind::Media;
  }
  return by_extension(subject);
}

// What is neither normal nor a host alone.
std::string_view unusual_host_of(std::string_view text, Arena& arena) {
  auto authority = text.substr(0, text.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != npos) {
    authority.remove_prefix(at + 1);
  }
  const bool bracketed = authority.starts_with("[");
  const auto host = bracketed ? authority.substr(1, authority.find(']') - 1)
                              : authority.substr(0, authority.find(':'));
  if (!bracketed && !host.empty() && host.back() != '.' && all(host, kNameChar)) {
    return host;
  }
  const auto normal = normalise_host(host, bracketed, arena);
  return normal ? normal->name : std::string_view();
}

// The host of an absolute URL or an origin; empty: there is none.
std::string_view host_of(std::string_view url, Arena& arena) {
  const auto scheme = url.find("://");
  if (scheme == npos) {
    return {};
  }
  const auto text = url.substr(scheme + 3);
  const auto host = bare_host(text);
  return host.empty() || host.back() == '.' ? unusual_host_of(text, arena) : host;
}

// Loaded once and never freed: it lasts as long as the process.
const psl_ctx_t* suffixes() {
  static const psl_ctx_t* const loaded = psl_latest(nullptr);
  return loaded;
}

bool look_up_suffix(std::string_view name) {
  std::array<char, kHostNameLimit + 1> text;
  if (name.size() >= text.size() || suffixes() == nullptr) {
    return name.find('.') == npos;
  }
  name.copy(text.data(), name.size());
  text[name.size()] = '\0';
  return psl_is_public_suffix(suffixes(), text.data()) != 0;
}

// A short name and the answer; whoever comes later overwrites it.
struct KnownSuffix {
  std::array<char, 30> name;
  std::uint8_t size = 0;
  bool suffix = false;
};

// Few names are asked again and again, and a look into the list costs as much as many rules.
bool is_suffix(std::string_view name) {
  thread_local std::array<KnownSuffix, 256> known{};
  if (name.empty() || name.size() > known[0].name.size()) {
    return look_up_suffix(name);
  }
  std::uint32_t hash = 0;
  for (const char c : name) {
    hash = hash * 31 + static_cast<unsigned char>(c);
  }
  KnownSuffix& one = known[hash % known.size()];
  if (std::string_view(one.name.data(), one.size) != name) {
    one.suffix = look_up_suffix(name);
    one.size = static_cast<std::uint8_t>(name.copy(one.name.data(), name.size()));
  }
  return one.suffix;
}

bool address_like(std::string_view host) {
  return !host.empty() &&
         ((host.back() >= '0' && host.back() <= '9' && IpAddress::parse(host).has_value()) ||
          host.find(':') != npos);
}

// The labels that both end in.
std::string_view shared_labels(std::string_view a, std::string_view b) {
  std::size_t same = 0;
  std::size_t whole = 0;
  while (same < a.size() && same < b.size() && a[a.size() - 1 - same] == b[b.size() - 1 - same]) {
    if (a[a.size() - 1 - same] == '.') {
      whole = same;
    }
    ++same;
  }
  const bool a_ends = same == a.size() || a[a.size() - 1 - same] == '.';
  const bool b_ends = same == b.size() || b[b.size() - 1 - same] == '.';
  return a.substr(a.size() - (a_ends && b_ends ? same : whole));
}

bool same_site(std::string_view a, std::string_view b) {
  if (a == b) {
    return true;
  }
  const auto shared = shared_labels(a, b);
  return shared.find('.') != npos && !is_suffix(shared) && !address_like(a);
}

}  // namespace

std::string_view registrable_domain(std::string_view host) {
  if (address_like(host)) {
    return host;
  }
  std::size_t from = host.size();
  while (from > 0) {
    const auto dot = host.rfind('.', from - 1);
    const auto begin = dot == npos ? 0 : dot + 1;
    // A wildcard rule may make a name a suffix below one that is none; two labels settle most.
    if (!is_suffix(host.substr(begin))) {
      return host.substr(begin);
    }
    if (dot == npos || dot == 0) {
      return host;
    }
    from = dot;
  }
  return host;
}

void classify(Subject& subject, Arena& arena) {
  if (subject.host_only) {
    subject.kind = ResourceKind::Other;
    return;
  }
  const auto& fields = subject.request;
  const auto destination = fields.value("sec-fetch-dest");
  auto page = host_of(fields.value("referer"), arena);
  const bool referred = !page.empty() && !same_site(subject.host, page);
  if (same_ignoring_case(fields.value("upgrade"), "websocket")) {
    subject.kind = ResourceKind::Websocket;
  } else {
    subject.kind = destination.empty() ? by_other_fields(subject, referred)
                                       : by_destination(subject, destination);
  }
  subject.party = referred ? Party::Third : Party::First;
  if (subject.kind == ResourceKind::Document) {
    subject.page_host = subject.host;
    subject.party = Party::First;
    return;
  }
  if (page.empty()) {
    page = host_of(fields.value("origin"), arena);
    if (!page.empty()) {
      subject.party = same_site(subject.host, page) ? Party::First : Party::Third;
    } else if (fields.value("sec-fetch-site") == "cross-site") {
      subject.party = Party::Third;
    } else {
      page = subject.host;
    }
  }
  subject.page_host = page;
}

}  // namespace weir::filters
