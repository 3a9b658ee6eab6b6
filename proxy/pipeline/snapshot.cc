// SPDX-License-Identifier: Apache-2.0
//
// See snapshot.h.
#include "proxy/pipeline/snapshot.h"

#include <algorithm>
#include <fstream>

#include "proxy/base/assert.h"

namespace weir {
namespace {

using filters::Action;
using filters::ActionKind;

tl::expected<std::shared_ptr<const http::PageTemplate>, std::string> read_page(
    const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(http::PageTemplate::kMost + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) {
    return tl::unexpected("cannot read the page " + path);
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

}  // namespace

tl::expected<Snapshot, std::string> Snapshot::make(std::shared_ptr<const filters::Policy> policy) {
  Snapshot out;
  const auto& rules = policy->document().rules;
  out.pages.resize(rules.size());
  out.rewriters.resize(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const Action& action : rules[i].actions) {
      if (const std::string why = make_ready(action, i, out); !why.empty()) {
        return tl::unexpected(rules[i].file + ":" + std::to_string(rules[i].line) + ": rule \"" +
                              rules[i].id + "\": " + why);
      }
    }
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
