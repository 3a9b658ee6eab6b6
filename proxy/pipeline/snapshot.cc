// SPDX-License-Identifier: Apache-2.0
//
// See snapshot.h.
#include "proxy/pipeline/snapshot.h"

#include <fstream>

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

}  // namespace

tl::expected<Snapshot, std::string> Snapshot::make(std::shared_ptr<const filters::Policy> policy,
                                                   std::uint32_t) {
  Snapshot out;
  const auto& rules = policy->document().rules;
  out.pages.resize(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const Action& action : rules[i].actions) {
      if (action.kind != ActionKind::Block || action.page.empty()) {
        continue;
      }
      auto page = read_page(action.page);
      if (!page) {
        return tl::unexpected("rule \"" + rules[i].id + "\": " + page.error());
      }
      out.pages[i] = std::move(*page);
    }
  }
  out.policy = std::move(policy);
  return out;
}

}  // namespace weir
