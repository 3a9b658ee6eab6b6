// SPDX-License-Identifier: Apache-2.0
//
// See snapshot.h.
#include "proxy/pipeline/snapshot.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "proxy/base/assert.h"

namespace weir {
namespace {

using filters::Action;
using filters::ActionKind;

tl::expected<std::shared_ptr<const http::PageTemplate>, std::string> read_page(
    const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(http::PageTemplate::kMost + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) {
    const char* why = in.is_open() || errno == 0 ? "it is no file" : std::strerror(errno);
    return tl::unexpected("cannot read the page " + path + ": " + why +
                          "; the user that weir runs as must be able to");
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  auto page = http::PageTemplate::compile(std::move(text));
  if (!page) {
    return tl::unexpected(path + ": " + page.error());
  }
  return std::make_shared<const http::PageTemplate>(std::move(*page));
}

// What one action needs beside the policy. An error is a clause.
std::string make_ready(const Action& action, std::size_t rule, Snapshot& out) {
  if (action.kind == ActionKind::Block && !action.page.empty()) {
    auto page = read_page(action.page);
    if (!page) {
      return page.error();
    }
    out.pages[rule] = std::move(*page);
  } else if (action.kind == ActionKind::RewriteBody) {
    auto rewriter = filters::Rewriter::compile(action.rewrites);
    if (!rewriter) {
      return rewriter.error();
    }
    WEIR_ASSERT(out.rewriters[rule] == nullptr);  // a policy names an action once in a rule
    out.rewriters[rule] = std::move(*rewriter);
  }
  return {};
}

std::vector<std::string> make_ready(const std::vector<filters::RuleDocument>& rules,
                                    Snapshot& out) {
  std::vector<std::string> problems;
  out.pages.resize(rules.size());
  out.rewriters.resize(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const Action& action : rules[i].actions) {
      if (const std::string why = make_ready(action, i, out); !why.empty()) {
        problems.push_back(rules[i].file + ":" + std::to_string(rules[i].line) + ": rule \"" +
                           rules[i].id + "\": " + why);
      }
    }
  }
  return problems;
}

}  // namespace

std::vector<std::string> Snapshot::trouble_with(const filters::PolicyDocument& policy) {
  Snapshot unused;
  return make_ready(policy.rules, unused);
}

tl::expected<Snapshot, std::vector<std::string>> Snapshot::make(
    std::shared_ptr<const filters::Policy> policy) {
  Snapshot out;
  if (auto problems = make_ready(policy->document().rules, out); !problems.empty()) {
    return tl::unexpected(std::move(problems));
  }
  const auto& groups = policy->document().groups;
  out.knows_devices = std::any_of(groups.begin(), groups.end(), [](const auto& group) {
    return !group.macs.empty() || !group.devices.empty();
  });
  for (std::size_t i = 0; i < groups.size(); ++i) {
    out.trusting |= groups[i].trusts_ca ? filters::GroupMask{1} << i : 0;
  }
  out.policy = std::move(policy);
  return out;
}

}  // namespace weir
