// SPDX-License-Identifier: Apache-2.0
//
// A second opinion: a matcher that reads the syntax straight, rule by rule, against the engine, on
// many small random lists and requests. It shares no code with the engine but the URL.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/filters/adblock/judging.h"

namespace weir::filters {
namespace {

struct NaiveRule {
  bool exception = false;
  bool important = false;
  std::string pattern;
  std::vector<std::string> options;
};

bool separator(char c) {
  return std::string_view("_-.%").find(c) == std::string_view::npos &&
         std::isalnum(static_cast<unsigned char>(c)) == 0;
}

// Whether `pattern` matches at the beginning of `text`; to its end when `whole`.
bool here(std::string_view pattern, std::string_view text, bool whole) {
  if (pattern.empty()) {
    return !whole || text.empty();
  }
  if (pattern.front() == '*') {
    for (std::size_t skip = 0; skip <= text.size(); ++skip) {
      if (here(pattern.substr(1), text.substr(skip), whole)) {
        return true;
      }
    }
    return false;
  }
  if (pattern.front() == '^' && text.empty()) {
    return here(pattern.substr(1), text, whole);
  }
  const bool fits = !text.empty() && (pattern.front() == '^' ? separator(text.front())
                                                             : pattern.front() == text.front());
  return fits && here(pattern.substr(1), text.substr(1), whole);
}

bool pattern_matches(std::string_view pattern, std::string_view url, std::string_view host) {
  const bool whole = pattern.ends_with("|") && !pattern.ends_with("*|");
  if (pattern.ends_with("|")) {
    pattern.remove_suffix(1);
  }
  const auto host_at = url.find("://") + 3;
  const auto word = [](std::string_view rest) {
    return !rest.empty() && std::isalnum(static_cast<unsigned char>(rest.front())) != 0;
  };
  if (pattern.starts_with("||") && word(pattern.substr(2))) {
    for (auto at = host_at; at < host_at + host.size(); ++at) {
      if ((at == host_at || url[at - 1] == '.') && here(pattern.substr(2), url.substr(at), whole)) {
        return true;
      }
    }
    return false;
  }
  if (pattern.starts_with("|") && !pattern.starts_with("||") && word(pattern.substr(1))) {
    return here(pattern.substr(1), url, whole);
  }
  while (pattern.starts_with("|")) {
    pattern.remove_prefix(1);
  }
  for (std::size_t at = 0; at <= url.size(); ++at) {
    if (here(pattern, url.substr(at), whole)) {
      return true;
    }
  }
  return false;
}

bool below(std::string_view host, std::string_view name) {
  return host == name || (host.ends_with(name) && host[host.size() - name.size() - 1] == '.');
}

std::string site(std::string_view host) {
  const auto dot = host.rfind('.');
  const auto before = dot == std::string_view::npos || dot == 0 ? dot : host.rfind('.', dot - 1);
  return std::string(before == std::string_view::npos ? host : host.substr(before + 1));
}

bool naive_matches(const NaiveRule& rule, const Request& request, std::string_view url,
                   std::string_view host) {
  bool typed = false;
  bool named = false;
  const auto has = [&rule](const char* option) {
    return std::ranges::find(rule.options, option) != rule.options.end();
  };
  const bool same = site(host) == site(request.page);
  if ((has("1p") && !same) || (has("3p") && same)) {
    return false;
  }
  for (const auto& option : rule.options) {
    if (option == "script" || option == "image") {
      typed = true;
      named = named || option == kind_name(request.kind);
    } else if (option == "~script" && request.kind == ResourceKind::Script) {
      return false;
    } else if (option.starts_with("domain=~") && below(request.page, option.substr(8))) {
      return false;
    } else if (option.starts_with("domain=") && option[7] != '~' &&
               !below(request.page, option.substr(7))) {
      return false;
    } else if (option.starts_with("to=") && !below(host, option.substr(3))) {
      return false;
    }
  }
  return (!typed || named) && pattern_matches(rule.pattern, url, host);
}

bool naive_blocks(const std::vector<NaiveRule>& rules, const Request& request, std::string_view url,
                  std::string_view host) {
  bool block = false;
  bool excepted = false;
  bool important = false;
  for (const auto& rule : rules) {
    if (naive_matches(rule, request, url, host)) {
      (rule.exception ? excepted : rule.important ? important : block) = true;
    }
  }
  return important || (block && !excepted);
}

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  const T& of(const T (&all)[N]) {
    return all[below(N)];
  }

 private:
  std::mt19937 engine_;
};

constexpr const char* kHosts[] = {"a.com",   "ads.a.com", "b.ads.com",
                                  "ads.net", "x.a.net",   "ad.s.com"};
constexpr const char* kPieces[] = {"ad",  "ads", "a", ".",  "/", "x", "-",
                                   "com", "?",   "=", "js", "_", "1"};

NaiveRule random_rule(Dice& dice) {
  constexpr const char* kStarts[] = {"",          "",       "|", "||", "||",
                                     "|https://", "||ads.", "/", "*",  "||ad*."};
  constexpr const char* kOptions[] = {"script", "image",        "~script",         "3p",
                                      "1p",     "domain=a.com", "domain=~ads.net", "to=com"};
  NaiveRule rule;
  rule.exception = dice.one_in(4);
  rule.important = !rule.exception && dice.one_in(8);
  rule.pattern = dice.of(kStarts);
  for (std::size_t n = 1 + dice.below(4); n > 0; --n) {
    rule.pattern += dice.one_in(6) ? "*" : dice.one_in(5) ? "^" : dice.of(kPieces);
  }
  rule.pattern += dice.one_in(6) ? "|" : "";
  for (std::size_t n = dice.below(3); n > 0; --n) {
    rule.options.emplace_back(dice.of(kOptions));
  }
  return rule;
}

std::string line_of(const NaiveRule& rule) {
  std::string out = (rule.exception ? "@@" : "") + rule.pattern;
  std::string sign = "$";
  for (const auto& option : rule.options) {
    out += sign + option;
    sign = ",";
  }
  out += rule.important ? sign + "important" : "";
  return out;
}

// Lines that the syntax reads as something else than what was drawn.
bool ambiguous(const NaiveRule& rule) {
  std::size_t domains = 0;
  for (const auto& option : rule.options) {
    domains += option.starts_with("domain=") ? 1U : 0U;
  }
  const auto& pattern = rule.pattern;
  const bool host_line =
      pattern.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") == std::string::npos;
  return domains > 1 || pattern.size() < 2 || host_line ||
         (pattern.front() == '/' && pattern.back() == '/') ||
         pattern.find("||", 1) != std::string::npos || pattern.find('|', 2) < pattern.size() - 1 ||
         pattern == "||" || pattern == "|*";
}

std::string random_url(Dice& dice) {
  std::string url = dice.one_in(3) ? "http://" : "https://";
  url += dice.of(kHosts);
  url += dice.one_in(6) ? ":8080/" : "/";
  for (std::size_t n = dice.below(6); n > 0; --n) {
    url += dice.of(kPieces);
  }
  return url;
}

TEST(Oracle, AgreesWithTheEngineOnRandomLists) {
  Dice dice(20240607);
  for (int round = 0; round < 400; ++round) {
    std::vector<NaiveRule> rules;
    std::string list;
    while (rules.size() < 12) {
      auto rule = random_rule(dice);
      if (!ambiguous(rule)) {
        list += line_of(rule) + "\n";
        rules.push_back(std::move(rule));
      }
    }
    const Judging judging(list);
    for (int i = 0; i < 40; ++i) {
      const Request request{random_url(dice),
                            dice.one_in(2) ? ResourceKind::Script : ResourceKind::Image,
                            dice.of(kHosts)};
      Arena arena;
      Subject subject;
      ASSERT_TRUE(parse_url(request.url, subject, arena));
      ASSERT_EQ(judging.blocks(request), naive_blocks(rules, request, subject.url, subject.host))
          << list << request.url << " of " << request.page << " " << judging.ask(request).by
          << " | " << judging.ask(request).exception;
    }
  }
}

}  // namespace
}  // namespace weir::filters
