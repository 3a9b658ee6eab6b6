// SPDX-License-Identifier: Apache-2.0
//
// What a finished record adds to the counters. See metrics.h.
#include "proxy/observe/metrics.h"

namespace weir {
namespace {

template <class Label>
std::optional<Label> label_of(std::string_view word) {
  constexpr auto& kWords = LabelSet<Label>::kValues;
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) {
      return static_cast<Label>(i);
    }
  }
  return std::nullopt;
}

ExchangeBy labels_of(const Record& record) {
  return {{static_cast<ListenerSlot>(record.listener_slot),
           record.decision.empty() ? std::nullopt : label_of<RuleDecision>(record.decision),
           status_class(record.status),
           record.cache.empty() ? std::nullopt : label_of<CacheResult>(record.cache)}};
}

}  // namespace

void Metrics::count(const Record& record) {
  add(metric::Exchanges, labels_of(record));
  if (record.failure != Failure::None) {
    add(metric::Failures, record.failure);
  }
  if (record.retried) {
    add(metric::Retries);
  }
  add(metric::ClientBytes, Direction::In, record.bytes_from_client);
  add(metric::ClientBytes, Direction::Out, record.bytes_to_client);
  add(metric::OriginBytes, Direction::In, record.bytes_from_origin);
  add(metric::OriginBytes, Direction::Out, record.bytes_to_origin);
  count_steps(record);
  if (record.kind != RecordKind::Tunnel && record.kind != RecordKind::Upgrade) {
    observe(metric::TotalTime, record.total);  // hours of tunnel would drown the rest
  }
}

// A name that was known took no time and tells nothing of how long asking takes.
void Metrics::count_steps(const Record& record) {
  const auto step = [this](Micros took, Step which) {
    if (took >= 0) {
      observe(metric::StepTime, took, which);
    }
  };
  step(record.queue, Step::Queue);
  step(record.dns == 0 ? -1 : record.dns, Step::Dns);
  step(record.connect, Step::Connect);
  step(record.first_byte, Step::FirstByte);
  step(record.body, Step::Body);
}

}  // namespace weir
