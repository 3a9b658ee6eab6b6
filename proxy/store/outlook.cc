// SPDX-License-Identifier: Apache-2.0
//
// See outlook.h.
#include "proxy/store/outlook.h"

#include <vector>

#include "proxy/base/arena.h"
#include "proxy/cache/vary.h"

namespace weir::store {
namespace {

http::RequestHead plain_get() {
  http::RequestHead head;
  head.method = "GET";
  head.method_id = http::Method::Get;
  return head;
}

std::size_t choose(std::span<const EntryPtr> stored, const http::Fields& request) {
  std::vector<cache::Variant> variants;
  variants.reserve(stored.size());
  for (const EntryPtr& entry : stored) {
    variants.push_back({entry->vary, entry->variant,
                        entry->head.fields.value(http::FieldId::ContentLanguage),
                        entry->freshness.date});
  }
  Arena arena;
  return cache::choose_variant(variants, request, arena);
}

}  // namespace

Outlook outlook(std::span<const EntryPtr> stored, WallTime now) {
  Outlook out;
  if (stored.empty()) {
    return out;
  }
  const http::RequestHead request = plain_get();
  const std::size_t chosen = choose(stored, request.fields);
  if (chosen == cache::kNoVariant || !stored[chosen]->complete()) {
    out.reason =
        chosen == cache::kNoVariant ? cache::Reason::OtherVariant : cache::Reason::OtherPart;
    return out;
  }
  const auto verdict = cache::may_reuse(cache::read_asked(request), stored[chosen]->freshness, now);
  out.what = verdict.reuse == cache::Reuse::Validate               ? Outlook::What::Validate
             : verdict.reuse == cache::Reuse::StaleWhileRevalidate ? Outlook::What::ServeAndAsk
                                                                   : Outlook::What::Serve;
  out.entry = chosen;
  out.reason = verdict.reason;
  out.age = verdict.age;
  out.ttl = verdict.ttl;
  return out;
}

cache::Reason stored_because(const Entry& entry) {
  if (!entry.complete()) {
    return cache::Reason::StoredPart;
  }
  switch (entry.freshness.from) {
    case cache::LifetimeFrom::SMaxAge:
    case cache::LifetimeFrom::MaxAge:
    case cache::LifetimeFrom::Expires:
      return cache::Reason::Explicit;
    case cache::LifetimeFrom::Heuristic:
      return cache::Reason::Heuristic;
    case cache::LifetimeFrom::Forced:
      return cache::Reason::Forced;
    case cache::LifetimeFrom::Negative:
      return cache::Reason::Negative;
    case cache::LifetimeFrom::Nothing:
      break;
  }
  return cache::Reason::ValidatorOnly;
}

}  // namespace weir::store
