// SPDX-License-Identifier: Apache-2.0
//
// See onward.h. In the order of pipeline/adjust.cc.
#include "proxy/cli/onward.h"

#include "filters/policy/apply.h"
#include "filters/policy/safe_search.h"

namespace weir::cli {
namespace {

std::string_view path_of(std::string_view url) {
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string_view::npos ? host : url.find('/', host + 3);
  return path == std::string_view::npos ? std::string_view("/") : url.substr(path);
}

}  // namespace

Onward onward(const filters::Policy& policy, const filters::Subject& subject,
              const filters::Verdict& verdict, Arena& arena) {
  Onward out;
  if (verdict.ends()) {
    return out;
  }
  const filters::Adjustments all = policy.summarise(verdict);
  const filters::SafeSearch safe =
      filters::safe_search_for(subject.host, all.safe_search, all.youtube);
  if (subject.host_only) {
    out.connect_to = safe.connect_to == subject.host ? std::string_view() : safe.connect_to;
    return out;
  }
  std::string_view path = verdict.edits.url.empty() ? subject.path : path_of(verdict.edits.url);
  path = filters::strip_query(path, all, arena);
  if (!safe.parameter.empty()) {
    path = filters::force_parameter(path, safe.parameter, safe.value, arena);
  }
  if (path != subject.path) {
    const std::size_t before = subject.url.size() - subject.path.size();
    out.url = arena.join({subject.url.substr(0, before), path});
  }
  out.field = safe.field;
  out.field_value = safe.field_value;
  return out;
}

}  // namespace weir::cli
