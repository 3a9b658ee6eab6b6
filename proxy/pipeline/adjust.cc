// SPDX-License-Identifier: Apache-2.0
//
// See adjust.h. What to write is decided by pure functions of the filters; here their results find
// their places in the exchange.
#include "proxy/pipeline/adjust.h"

#include <algorithm>

#include "filters/policy/apply.h"
#include "filters/policy/policy.h"
#include "filters/policy/safe_search.h"
#include "proxy/base/ascii.h"
#include "proxy/pipeline/limits.h"
#include "proxy/pipeline/session.h"
#include "proxy/pipeline/snapshot.h"
#include "proxy/pipeline/worker.h"

namespace weir {
namespace {

using filters::Adjustments;
using filters::FieldLine;
using http::FieldId;

bool has_new(const Exchange& ex) {
  return ex.adjusted < ex.verdict.adjustment_count || ex.edited < ex.verdict.edits.count ||
         (!ex.verdict.edits.url.empty() && ex.verdict.edits.url.data() != ex.edited_url.data());
}

// The part of the verdict that no earlier phase has carried out.
filters::Verdict new_part(Exchange& ex) {
  const filters::Verdict& all = ex.verdict;
  const std::uint32_t from = std::exchange(ex.adjusted, all.adjustment_count);
  const std::uint32_t edits_from = std::exchange(ex.edited, all.edits.count);
  filters::Verdict out;
  std::copy(all.adjustments.begin() + from, all.adjustments.begin() + all.adjustment_count,
            out.adjustments.begin());
  out.adjustment_count = all.adjustment_count - from;
  std::copy(all.edits.edits.begin() + edits_from, all.edits.edits.begin() + all.edits.count,
            out.edits.edits.begin());
  out.edits.count = all.edits.count - edits_from;
  if (ex.edited_url.data() != all.edits.url.data()) {
    out.edits.url = ex.edited_url = all.edits.url;
  }
  return out;
}

void take_words(Exchange& ex, const Adjustments& all) {
  ex.log_level = std::max(ex.log_level, all.log);
  for (const Adjustments::One& one : all.tags) {
    for (const std::string& tag : one.action->names) {
      const std::string_view before = ex.record.tags;
      ex.record.tags = ex.arena.join({before, before.empty() ? "" : ",", tag});
    }
  }
}

void set_field(Exchange& ex, std::string_view name, std::string_view value) {
  auto& lines = ex.request.fields.lines;
  const auto same = [name](const http::Field& f) { return same_ignoring_case(f.name, name); };
  lines.erase(std::remove_if(lines.begin(), lines.end(), same), lines.end());
  lines.push_back({name, value, http::field_id(name)});
}

void force_safe_search(Exchange& ex, const Adjustments& all) {
  const filters::SafeSearch safe =
      filters::safe_search_for(ex.subject.host, all.safe_search, all.youtube);
  if (!safe) {
    return;
  }
  if (ex.subject.host_only) {
    ex.dial_name = safe.connect_to;
    return;
  }
  if (!safe.parameter.empty()) {
    ex.target.path = filters::force_parameter(ex.target.path, safe.parameter, safe.value, ex.arena);
  }
  if (!safe.field.empty()) {
    set_field(ex, safe.field, safe.field_value);
  }
}

// Puts the edited lines in place of the fields.
template <class Edit>
void edit_fields(http::Fields& fields, const Adjustments& all, Edit edit, Arena& arena) {
  std::vector<FieldLine> lines;
  lines.reserve(fields.lines.size());
  for (const http::Field& field : fields.lines) {
    lines.push_back({field.name, field.value});
  }
  const std::span<const FieldLine> before(lines);
  const std::span<const FieldLine> after = edit(before, all, arena);
  if (after.data() == before.data()) {
    return;
  }
  fields.lines.clear();
  for (const FieldLine& line : after) {
    fields.lines.push_back({line.name, line.value, http::field_id(line.name)});
  }
}

constexpr std::string_view kDecodable[] = {"gzip", "x-gzip", "deflate", "br", "zstd", "identity"};

void ask_for_whole(Exchange& ex) {
  auto& lines = ex.request.fields.lines;
  const auto ranged = [](const http::Field& f) {
    return same_ignoring_case(f.name, "Range") || same_ignoring_case(f.name, "If-Range");
  };
  lines.erase(std::remove_if(lines.begin(), lines.end(), ranged), lines.end());
}

bool decodable(std::string_view element) {
  const std::string_view coding = trim_ows(element.substr(0, element.find(';')));
  return std::any_of(std::begin(kDecodable), std::end(kDecodable),
                     [coding](std::string_view c) { return same_ignoring_case(c, coding); });
}

// A body that somebody looks into is asked for whole, and in codings that can be undone here.
void ask_for_readable(Exchange& ex, bool rewritten) {
  ask_for_whole(ex);
  std::string_view kept;
  bool others = rewritten && !ex.request.fields.has(FieldId::AcceptEncoding);
  for (const http::Field& line : ex.request.fields.lines) {
    if (!same_ignoring_case(line.name, "Accept-Encoding")) {
      continue;
    }
    http::each_element(line.value, [&](std::string_view element) {
      if (decodable(element)) {
        kept = ex.arena.join({kept, kept.empty() ? "" : ", ", element});
      } else {
        others = true;
      }
      return true;
    });
  }
  if (others) {
    set_field(ex, "Accept-Encoding", kept.empty() ? "identity" : kept);
  }
}

}  // namespace

void take_words(Exchange& ex) {
  if (has_new(ex)) {
    const filters::Verdict fresh = new_part(ex);
    take_words(ex, ex.rules->policy->summarise(fresh));
  }
}

void adjust_request(Exchange& ex, Session& session) {
  if (!has_new(ex)) {
    return;
  }
  const filters::Verdict fresh = new_part(ex);
  const Adjustments all = ex.rules->policy->summarise(fresh);
  take_words(ex, all);
  limit_bandwidth(ex, session, all);
  if (!fresh.edits.url.empty()) {
    ex.target.path = filters::take_out(ex.target.path, ex.subject.url, fresh.edits.url, ex.arena);
  }
  ex.target.path = filters::strip_query(ex.target.path, all, ex.arena);
  if (all.safe_search != 0 || all.youtube) {
    force_safe_search(ex, all);
  }
  if (filters::edits_request(all)) {
    edit_fields(ex.request.fields, all, filters::edit_request, ex.arena);
  }
  if (!all.rewrites.empty()) {
    ask_for_readable(ex, true);
  }
  session.worker.metrics.add(metric::AdjustmentsLost, ex.verdict.adjustments_lost);
}

void foresee_response(Exchange& ex) {
  const filters::BodyNeeds needs = ex.rules->policy->body_needs(ex.subject, ex.verdict, ex.arena);
  if (needs.rewrites || needs.types) {
    ask_for_readable(ex, needs.rewrites);
  }
}

void adjust_response(Exchange& ex, Session& session) {
  if (has_new(ex)) {
    const filters::Verdict fresh = new_part(ex);
    const Adjustments later = ex.rules->policy->summarise(fresh);
    take_words(ex, later);
    limit_bandwidth(ex, session, later);
  }
  const Adjustments all = ex.rules->policy->summarise(ex.verdict);
  if (filters::edits_response(all)) {
    edit_fields(ex.response.fields, all, filters::edit_response, ex.arena);
  }
}

}  // namespace weir
