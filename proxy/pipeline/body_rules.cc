// SPDX-License-Identifier: Apache-2.0
//
// See body_rules.h.
#include "proxy/pipeline/body_rules.h"

#include <algorithm>

#include "filters/body/rewritable.h"
#include "filters/policy/policy.h"
#include "proxy/base/ascii.h"
#include "proxy/pipeline/police.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using filters::Adjustments;
using filters::Rewritable;

// The head must not say what will no longer be so.
void unsay(http::Fields& fields, Arena& arena) {
  auto& lines = fields.lines;
  const auto untrue = [](const http::Field& f) { return filters::untrue_when_rewritten(f.name); };
  lines.erase(std::remove_if(lines.begin(), lines.end(), untrue), lines.end());
  for (http::Field& line : lines) {
    if (same_ignoring_case(line.name, "ETag")) {
      line.value = filters::weak_etag(line.value, arena);
    }
  }
}

Rewritable rewritable(const Exchange& ex, std::uint16_t status, filters::CodingList& codings) {
  const std::string_view type =
      ex.subject.sniffed_type.empty() ? ex.subject.media_type : ex.subject.sniffed_type;
  return filters::may_rewrite(status, type, ex.subject.response, codings);
}

// Whether the client names the tag that a rewritten body was given.
bool holds_rewritten(const Exchange& ex, Arena& arena) {
  const std::string_view tag =
      filters::weak_etag(ex.response.fields.value(http::FieldId::Etag), arena);
  const auto& lines = ex.request.fields.lines;
  return !tag.empty() && std::any_of(lines.begin(), lines.end(), [tag](const http::Field& f) {
    return same_ignoring_case(f.name, "If-None-Match") &&
           f.value.find(tag) != std::string_view::npos;
  });
}

// Whether a head without a body, an answer to HEAD or a 304, speaks of a body that GET is sent
// rewritten. A 304 need not tell the type: then the client's tag does.
bool speaks_of_rewritten(Exchange& ex) {
  constexpr std::uint16_t kOk = 200;
  constexpr std::uint16_t kNotModified = 304;
  const bool unmodified = ex.response.status == kNotModified;
  if (unmodified && ex.subject.media_type.empty()) {
    return holds_rewritten(ex, ex.arena);
  }
  filters::CodingList codings;
  return (unmodified || ex.request.method_id == http::Method::Head) &&
         rewritable(ex, unmodified ? kOk : ex.response.status, codings) == Rewritable::Yes;
}

// Null where there is no text to search; an error where there is, and it cannot be read.
tl::expected<std::unique_ptr<BodyTransform>, Failure> plan_rewrite(Exchange& ex,
                                                                   const Settings::Limits& limits,
                                                                   const Adjustments& all) {
  if (ex.download_framing.kind == http::BodyKind::None) {
    if (speaks_of_rewritten(ex)) {
      unsay(ex.response.fields, ex.arena);
    }
    return nullptr;
  }
  filters::CodingList codings;
  const Rewritable may = rewritable(ex, ex.response.status, codings);
  if (may == Rewritable::UnknownCoding) {
    return tl::unexpected(Failure::BodyNotRewritable);
  }
  if (may != Rewritable::Yes) {
    return nullptr;
  }
  std::vector<std::shared_ptr<const filters::Rewriter>> rewriters;
  for (const Adjustments::One& one : all.rewrites) {
    rewriters.push_back(ex.rules->rewriters[one.rule]);
  }
  filters::DecodeLimits decode;
  decode.ratio = limits.decode_ratio;
  decode.output = limits.decoded_body;
  filters::RewriteLimits rewrite;
  rewrite.window = limits.body_rewrite_window;
  rewrite.growth = limits.decoded_body;
  return make_transform(codings, decode, rewriters, rewrite);
}

}  // namespace

Failure BodyRules::grown(std::uint64_t payload, std::uint64_t& check_at_next) {
  const filters::Policy& policy = *ex_.rules->policy;
  ex_.subject.response_length = payload;
  ex_.subject.response_counted = true;
  policy.judge(filters::Phase::Response, ex_.subject, ex_.arena, ex_.verdict);
  if (ex_.verdict.ends()) {
    note_verdict(ex_);
    return Failure::Blocked;
  }
  check_at_next = policy.size_limit(ex_.subject, ex_.verdict).value_or(0);
  return Failure::None;
}

Failure plan_body_rules(Exchange& ex, Session& session) {
  const filters::Policy& policy = *ex.rules->policy;
  const Adjustments all = policy.summarise(ex.verdict);
  std::unique_ptr<BodyTransform> transform;
  if (!all.rewrites.empty()) {
    auto planned = plan_rewrite(ex, session.settings().limits, all);
    if (!planned) {
      return planned.error();
    }
    transform = std::move(*planned);
  }
  std::uint64_t check_at = 0;
  if (!ex.subject.response_length) {
    check_at = policy.size_limit(ex.subject, ex.verdict).value_or(0);
  }
  if (transform) {
    unsay(ex.response.fields, ex.arena);
  }
  if (transform || check_at != 0) {
    ex.body_rules = std::make_unique<BodyRules>(ex);
    ex.body_rules->transform = std::move(transform);
    ex.body_rules->check_at = check_at;
  }
  return Failure::None;
}

}  // namespace weir
