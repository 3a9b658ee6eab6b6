// SPDX-License-Identifier: Apache-2.0
//
// See cache.h.
#include "proxy/cli/cache.h"

#include <sysexits.h>

#include <cstdlib>
#include <functional>
#include <optional>
#include <string_view>

#include "proxy/base/ascii.h"
#include "proxy/cli/cache_text.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"

namespace weir::cli {
namespace {

using AdminSaid = tl::expected<AdminAnswer, std::string>;
using ToText = std::optional<std::string> (*)(std::string_view);

// Reading the heads on a large disk takes a while.
constexpr Micros kPatience = 300 * kSecond;

std::string encoded(std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    if (is(c, kAlpha) || is(c, kDigit) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15U]};
  }
  return out;
}

// The query of what the options choose.
std::string query(const CacheOptions& options) {
  std::string out;
  const auto add = [&out](std::string_view name, const std::string& value) {
    out.append(out.empty() ? "?" : "&").append(name).append("=").append(encoded(value));
  };
  for (const auto& [name, value] :
       {std::pair{"url", &options.url}, std::pair{"host", &options.host},
        std::pair{"prefix", &options.prefix}, std::pair{"tag", &options.tag}}) {
    if (!value->empty()) {
      add(name, *value);
    }
  }
  if (options.all) {
    add("all", "1");
  }
  if (options.dry_run) {
    add("dry_run", "1");
  }
  if (options.what == CacheOptions::What::List) {
    add("limit", std::to_string(options.limit));
  }
  return out;
}

int failed(const AdminSaid& said) {
  if (!said) {
    return fail(said.error(), EX_UNAVAILABLE);
  }
  const int code = said->status == 400                          ? EX_USAGE
                   : said->status == 404 || said->status == 409 ? EXIT_FAILURE
                                                                : EX_UNAVAILABLE;
  return fail(error_of(*said), code);
}

int show(const CacheOptions& options, const AdminAddress& at, const char* path, ToText text) {
  const std::string target = path + query(options);
  AdminQuestion question;
  question.target = target;
  question.method = options.what == CacheOptions::What::Purge ? "POST" : "GET";
  question.patience = kPatience;
  const auto said = ask_admin(at, question);
  if (!said || said->status != 200) {
    return failed(said);
  }
  if (options.json) {
    return print(said->body);
  }
  const auto readable = text(said->body);
  return readable ? print(*readable) : fail("the answer cannot be read", EX_PROTOCOL);
}

// Line by line, as they come.
class Lines {
 public:
  explicit Lines(bool json) : json_(json) {}
  bool take(std::string_view piece) {
    if (json_) {
      return print(piece) == EX_OK;
    }
    rest_ += piece;
    std::string out = headed_ ? "" : cache_list_heading();
    headed_ = true;
    std::size_t from = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
      out += cache_list_text(std::string_view(rest_).substr(from, end - from)).value_or("");
      from = end + 1;
    }
    rest_.erase(0, from);
    return print(out) == EX_OK;
  }

 private:
  bool json_;
  bool headed_ = false;
  std::string rest_;
};

int list(const CacheOptions& options, const AdminAddress& at) {
  const std::string target = "/api/v1/cache/entries" + query(options);
  AdminQuestion question;
  question.target = target;
  question.patience = kPatience;
  Lines lines(options.json);
  const auto said =
      ask_admin(at, question, [&lines](std::string_view piece) { return lines.take(piece); });
  return said && said->status == 200 ? EX_OK : failed(said);
}

}  // namespace

int cache(const CacheOptions& options) {
  using What = CacheOptions::What;
  const auto at = find_admin(options.source);
  if (!at) {
    return fail(at.error().what, at.error().exit_code);
  }
  switch (options.what) {
    case What::Stats:
      return show(options, *at, "/api/v1/cache/stats", cache_stats_text);
    case What::List:
      return list(options, *at);
    case What::Show:
      return show(options, *at, "/api/v1/cache/entry", cache_entry_text);
    case What::Why:
      return show(options, *at, "/api/v1/cache/why", cache_why_text);
    case What::Purge:
      return show(options, *at, "/api/v1/cache/purge", cache_purged_text);
  }
  return EX_SOFTWARE;
}

}  // namespace weir::cli
