// SPDX-License-Identifier: Apache-2.0
//
// See scope.h.
#include "proxy/store/scope.h"

#include <algorithm>

#include "proxy/base/host.h"
#include "proxy/cache/key.h"
#include "proxy/http/target.h"

namespace weir::store {
namespace {

using Made = tl::expected<Scope, std::string>;

constexpr std::string_view kSpaces = " \t,";

// Calls `use` with each tag of one field line until it says false. False: it did.
template <class Use>
bool each_tag(std::string_view line, Use use) {
  while (!line.empty()) {
    const auto end = std::min(line.find_first_of(kSpaces), line.size());
    if (end > 0 && !use(line.substr(0, end))) {
      return false;
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return true;
}

bool is_tag_field(const http::Field& field) {
  return field.id == http::FieldId::SurrogateKey || field.id == http::FieldId::CacheTag;
}

bool has_tag(const http::Fields& stored, std::string_view tag) {
  return std::ranges::any_of(stored.lines, [&](const http::Field& field) {
    return is_tag_field(field) &&
           !each_tag(field.value, [&](std::string_view each) { return each != tag; });
  });
}

// "host:port" of a key, an IPv6 host in brackets.
std::string_view authority_of(std::string_view key) {
  const auto at = key.find("//");
  key.remove_prefix(at == std::string_view::npos ? key.size() : at + 2);
  return key.substr(0, key.find('/'));
}

bool on_host(std::string_view scope, std::string_view key) {
  const auto authority = authority_of(key);
  const bool below = scope.starts_with('.');
  scope.remove_prefix(below ? 1 : 0);
  const auto host = authority.substr(0, authority.rfind(':'));
  const bool with_port = scope.find(':', scope.rfind(']') + 1) != std::string_view::npos;
  const auto found = with_port ? authority : host;
  return found == scope || (below && found.size() > scope.size() && found.ends_with(scope) &&
                            found[found.size() - scope.size() - 1] == '.');
}

Made host_scope(std::string_view written) {
  const bool below = written.starts_with('.');
  Arena arena;
  const auto authority = http::parse_authority(written.substr(below ? 1 : 0));
  const auto host = authority ? normalise_host(authority->host, authority->bracketed, arena)
                              : tl::unexpected(authority.error());
  if (!host) {
    return tl::unexpected("\"" + std::string(written) +
                          "\" is no host; write example.com, .example.com or example.com:8080");
  }
  std::string text(below ? "." : "");
  text += authority_text(host->name, authority->port, 0, arena);
  return Scope{Scope::Kind::Host, std::move(text)};
}

Made url_scope(Scope::Kind kind, std::string_view written) {
  Arena arena;
  const auto key = cache::resolve_key("http://none:80/", written, arena);
  const bool absolute = written.find("://") != std::string_view::npos;
  if (key.empty() || !absolute) {
    return tl::unexpected("\"" + std::string(written) +
                          "\" is no URL; write it whole, as http://example.com/path");
  }
  return Scope{kind, std::string(key)};
}

}  // namespace

Made make_scope(Scope::Kind kind, std::string_view written) {
  switch (kind) {
    case Scope::Kind::Url:
    case Scope::Kind::Prefix:
      return url_scope(kind, written);
    case Scope::Kind::Host:
      return host_scope(written);
    case Scope::Kind::Tag:
      if (written.empty() || written.find_first_of(kSpaces) != std::string_view::npos) {
        return tl::unexpected(std::string("a tag is one word, without spaces or commas"));
      }
      return Scope{kind, std::string(written)};
    case Scope::Kind::All:
      break;
  }
  return Scope{};
}

bool covers(const Scope& scope, std::string_view key, const http::Fields& stored) {
  switch (scope.kind) {
    case Scope::Kind::Url:
      return key == scope.text;
    case Scope::Kind::Host:
      return on_host(scope.text, key);
    case Scope::Kind::Prefix:
      return key.starts_with(scope.text);
    case Scope::Kind::Tag:
      return has_tag(stored, scope.text);
    case Scope::Kind::All:
      break;
  }
  return true;
}

std::vector<std::string_view> tags_of(const http::Fields& stored) {
  std::vector<std::string_view> out;
  for (const http::Field& field : stored.lines) {
    if (is_tag_field(field)) {
      each_tag(field.value, [&](std::string_view tag) {
        if (std::ranges::find(out, tag) == out.end()) {
          out.push_back(tag);
        }
        return true;
      });
    }
  }
  return out;
}

}  // namespace weir::store
