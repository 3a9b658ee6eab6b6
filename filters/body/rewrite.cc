// SPDX-License-Identifier: Apache-2.0
//
// See rewrite.h: from what was written to what is run, or the reason why not.
#include "filters/body/rewrite.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "filters/body/rewrite_rules.h"

namespace weir::filters {
namespace {

using Error = std::string;  // empty: fine

bool needs_utf8(std::string_view expression) {
  const bool ascii = std::ranges::none_of(
      expression, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  for (std::size_t i = 0; i + 1 < expression.size(); ++i) {
    if (expression[i] == '\\') {
      const std::string_view rest = expression.substr(++i);
      if (rest[0] == 'p' || rest[0] == 'P' || rest.starts_with("x{")) {
        return true;
      }
    }
  }
  return !ascii;
}

// Does it match nothing somewhere in a usual text? Such a rewrite would insert, not replace.
bool matches_nothing(const RE2& expression) {
  for (const std::string_view text : {"", "a", " a1 ", "\n<a>.\n"}) {
    re2::StringPiece found;
    const re2::StringPiece piece(text.data(), text.size());
    if (expression.Match(piece, 0, piece.size(), RE2::UNANCHORED, &found, 1) && found.empty()) {
      return true;
    }
  }
  return false;
}

Error compile_expression(const std::string& text, RewriteRule& rule) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(needs_utf8(text) ? RE2::Options::EncodingUTF8
                                        : RE2::Options::EncodingLatin1);
  rule.expression = std::make_unique<RE2>(text, options);
  if (!rule.expression->ok()) {
    return "the expression \"" + text + "\" is not valid RE2: " + rule.expression->error();
  }
  if (matches_nothing(*rule.expression)) {
    return "the expression \"" + text +
           "\" matches an empty text; write it so that it takes at least one character";
  }
  return {};
}

void add_text(std::string_view text, std::vector<ReplacementPiece>& out) {
  if (out.empty() || out.back().group >= 0) {
    out.emplace_back();
  }
  out.back().text += text;
}

// Takes the replacement of an expression apart at its backslashes.
Error compile_replacement(const std::string& text, RewriteRule& rule) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      add_text(std::string_view(text).substr(i, 1), rule.with);
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    if (next == '\\') {
      add_text("\\", rule.with);
    } else if (next >= '0' && next <= '9') {
      rule.with.push_back({{}, next - '0'});
      rule.groups = std::max(rule.groups, next - '0');
    } else {
      return "the replacement \"" + text +
             "\" has a backslash that is followed neither by a digit nor by a backslash; write "
             "\\\\ for a backslash";
    }
  }
  if (const int there = rule.expression->NumberOfCapturingGroups(); rule.groups > there) {
    return "the replacement \"" + text + "\" names group " + std::to_string(rule.groups) +
           ", but the expression has " + std::to_string(there);
  }
  return {};
}

Error compile_rule(const BodyRewrite& rewrite, RewriteRule& rule) {
  if (rewrite.find.empty()) {
    return "there is nothing to search for; give the text or the expression";
  }
  if (rewrite.find.size() > Rewriter::kFindMost) {
    return "what to search for is longer than " + std::to_string(Rewriter::kFindMost) +
           " bytes; search for a shorter part of it";
  }
  if (rewrite.with.size() > Rewriter::kWithMost) {
    return "the replacement is longer than " + std::to_string(Rewriter::kWithMost) +
           " bytes; make it shorter";
  }
  if (rewrite.expression) {
    Error error = compile_expression(rewrite.find, rule);
    return error.empty() ? compile_replacement(rewrite.with, rule) : error;
  }
  rule.literal = rewrite.find;
  if (!rewrite.with.empty()) {
    rule.with.push_back({rewrite.with, -1});
  }
  return {};
}

}  // namespace

Rewriter::Rewriter(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Rewriter::~Rewriter() = default;

tl::expected<std::shared_ptr<const Rewriter>, std::string> Rewriter::compile(
    std::span<const BodyRewrite> rewrites) {
  if (rewrites.size() > kRewritesMost) {
    return tl::unexpected("there are more than " + std::to_string(kRewritesMost) +
                          " rewrites in one rule; combine some of them");
  }
  auto compiled = std::make_unique<Compiled>();
  for (const BodyRewrite& rewrite : rewrites) {
    RewriteRule& rule = compiled->rules.emplace_back();
    if (Error error = compile_rule(rewrite, rule); !error.empty()) {
      return tl::unexpected(std::move(error));
    }
    compiled->longest_literal = std::max(compiled->longest_literal, rule.literal.size());
    compiled->has_expressions = compiled->has_expressions || rule.expression != nullptr;
  }
  return std::make_shared<const Rewriter>(std::move(compiled));
}

}  // namespace weir::filters
