// SPDX-License-Identifier: Apache-2.0
//
// Records in Squid's words. The result code has a stem (how it was answered) and an ending (how it
// stopped); both are derived here and nowhere else. See squid_words.h.
#include "proxy/observe/squid_words.h"

#include <array>

namespace weir {
namespace {

enum Ending : std::uint8_t { kWhole, kAborted, kTimedOut };

// One stem with each of its endings, so that a result is a view and never composed.
using Stem = std::array<std::string_view, 3>;
#define STEM(word)                          \
  Stem {                                    \
    word, word "_ABORTED", word "_TIMEDOUT" \
  }
constexpr Stem kNone = STEM("NONE_NONE");
constexpr Stem kDenied = STEM("TCP_DENIED");
constexpr Stem kTunnel = STEM("TCP_TUNNEL");
constexpr Stem kRedirect = STEM("TCP_REDIRECT");
constexpr Stem kMiss = STEM("TCP_MISS");

struct CacheWord {
  std::string_view ours;
  Stem stem;
};
constexpr std::array kCacheWords = {
    CacheWord{"hit", STEM("TCP_HIT")},
    CacheWord{"memory_hit", STEM("TCP_MEM_HIT")},
    CacheWord{"not_modified", STEM("TCP_IMS_HIT")},
    CacheWord{"negative_hit", STEM("TCP_NEGATIVE_HIT")},
    CacheWord{"revalidated", STEM("TCP_REFRESH_UNMODIFIED")},
    CacheWord{"refreshed", STEM("TCP_REFRESH_MODIFIED")},
    CacheWord{"stale", STEM("TCP_REFRESH_FAIL_OLD")},
};
#undef STEM

Ending ending_of(Failure failure) {
  switch (failure) {
    case Failure::BodyTimeout:
    case Failure::HeadTimeout:
    case Failure::ClientStalled:
    case Failure::OriginBodyTimeout:
    case Failure::TunnelIdle:
      return kTimedOut;
    default:  // too many rows to name: whoever was still told a status got a whole answer
      return failure != Failure::None && row(failure).status == 0 ? kAborted : kWhole;
  }
}

bool forwarded(const Record& record) {
  return record.served_by == ServedBy::Origin || record.served_by == ServedBy::Parent ||
         record.destination.port != 0;
}

const Stem& stem_of(const Record& record) {
  const Failure failure = record.failure;
  if (failure != Failure::None && row(failure).fault == Fault::Policy) {
    return kDenied;
  }
  if (record.kind == RecordKind::BadRequest || record.method.empty()) {
    return kNone;
  }
  if (record.kind == RecordKind::Tunnel || record.kind == RecordKind::Upgrade) {
    return kTunnel;
  }
  for (const CacheWord& word : kCacheWords) {
    if (word.ours == record.cache) {
      return word.stem;
    }
  }
  if (forwarded(record) || (failure != Failure::None && row(failure).fault != Fault::Client)) {
    return kMiss;
  }
  const bool redirects = record.status >= 300 && record.status < 400;
  if (failure == Failure::None && redirects && !record.rule.empty()) {
    return kRedirect;
  }
  return kNone;
}

}  // namespace

std::string_view squid_result(const Record& record) {
  return stem_of(record)[ending_of(record.failure)];
}

std::string_view squid_hierarchy(const Record& record) {
  if (!record.parent.empty()) {
    return "FIRSTUP_PARENT";
  }
  return record.destination.port != 0 ? "HIER_DIRECT" : "HIER_NONE";
}

}  // namespace weir
