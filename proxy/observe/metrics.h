// SPDX-License-Identifier: Apache-2.0
//
// Counters, gauges and histograms. Each worker has a Metrics of its own and is its only writer, so
// that counting is a plain load and store without a locked instruction; whoever reads adds the
// workers up. What is counted stands in metrics.def; the compiler checks that a counter is counted
// with the labels it has. Knows nothing of how the result is asked for.
//
// add() and observe() on the owner's thread only; value() and the texts on any thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/base/failure.h"
#include "proxy/base/instant.h"
#include "proxy/observe/record.h"

namespace weir {

// Labels: what a metric is divided by.
enum class NoLabel : std::uint8_t {};
enum class Direction : std::uint8_t { In, Out };
enum class StatusClass : std::uint8_t { None, Class1, Class2, Class3, Class4, Class5 };
enum class DnsOutcome : std::uint8_t { Resolved, Cached, Failed };
// As filters::Decision, which this layer does not know.
enum class RuleDecision : std::uint8_t {
  Default,
  Allow,
  Block,
  Redirect,
  Tunnel,
  Intercept,
  Route,
  Close,
};
// What came of asking for a filter list.
enum class ListOutcome : std::uint8_t { Taken, Unchanged, HeldBack, Failed };
enum class ReloadOutcome : std::uint8_t { Taken, Failed };
// Record.cache, as a label.
enum class CacheResult : std::uint8_t {
  Miss,
  Hit,
  MemoryHit,
  NotModified,
  Revalidated,
  Refreshed,
  Stale,
};
enum class AuthResult : std::uint8_t { Verified, Cached, Failed };
enum class BuildVersion : std::uint8_t { This };

// The key and the values of a label, in the order of its enum.
template <class Label>
struct LabelSet;
template <>
struct LabelSet<NoLabel> {
  static constexpr std::string_view kKey{};
  static constexpr std::array<std::string_view, 1> kValues{""};
};
template <>
struct LabelSet<Direction> {
  static constexpr std::string_view kKey = "direction";
  static constexpr std::array<std::string_view, 2> kValues{"in", "out"};
};
template <>
struct LabelSet<StatusClass> {
  static constexpr std::string_view kKey = "status";
  static constexpr std::array<std::string_view, 6> kValues{"none", "1xx", "2xx",
                                                           "3xx",  "4xx", "5xx"};
};
template <>
struct LabelSet<DnsOutcome> {
  static constexpr std::string_view kKey = "outcome";
  static constexpr std::array<std::string_view, 3> kValues{"resolved", "cached", "failed"};
};
template <>
struct LabelSet<ListOutcome> {
  static constexpr std::string_view kKey = "outcome";
  static constexpr std::array<std::string_view, 4> kValues{"taken", "unchanged", "held_back",
                                                           "failed"};
};
template <>
struct LabelSet<ReloadOutcome> {
  static constexpr std::string_view kKey = "outcome";
  static constexpr std::array<std::string_view, 2> kValues{"taken", "failed"};
};
template <>
struct LabelSet<CacheResult> {
  static constexpr std::string_view kKey = "result";
  static constexpr std::array<std::string_view, 7> kValues{
      "miss", "hit", "memory_hit", "not_modified", "revalidated", "refreshed", "stale"};
};
template <>
struct LabelSet<AuthResult> {
  static constexpr std::string_view kKey = "outcome";
  static constexpr std::array<std::string_view, 3> kValues{"verified", "cached", "failed"};
};
template <>
struct LabelSet<RuleDecision> {
  static constexpr std::string_view kKey = "decision";
  static constexpr std::array<std::string_view, 8> kValues{
      "default", "allow", "block", "redirect", "tunnel", "intercept", "route", "close"};
};
template <>
struct LabelSet<BuildVersion> {
  static constexpr std::string_view kKey = "version";
  static constexpr std::array<std::string_view, 1> kValues{WEIR_VERSION};
};
template <>
struct LabelSet<Failure> {
  static constexpr std::string_view kKey = "failure";
  static constexpr std::array kValues{
#define FAILURE(id, fault, status, closes, retry, proxy_status, word, sentence) \
  std::string_view(word),
#include "proxy/base/failures.def"
#undef FAILURE
  };
};

// The place of a label among its values.
template <class Label>
constexpr std::size_t label_index(Label label) {
  return static_cast<std::size_t>(label);
}
// Requires a failure: None is not one, and has no value above.
constexpr std::size_t label_index(Failure failure) {
  WEIR_ASSERT(failure != Failure::None);
  return static_cast<std::size_t>(failure) - 1;
}

// Histogram buckets: bucket i holds what is at most 2^(7+i) microseconds, 128 us to 134 s; the last
// holds the rest. Powers of two, so that finding one is a count of leading zeros.
constexpr unsigned kFirstBucketBits = 7;
constexpr std::size_t kBounds = 21;
constexpr std::size_t kBuckets = kBounds + 1;
constexpr std::size_t bucket_of(Micros us) {
  const auto bits =
      static_cast<std::size_t>(us <= 1 ? 0 : std::bit_width(static_cast<std::uint64_t>(us) - 1));
  const std::size_t bucket = bits <= kFirstBucketBits ? 0 : bits - kFirstBucketBits;
  return bucket < kBounds ? bucket : kBounds;
}

// Handles: where a metric's cells begin. Obtained from weir::metric, never made by hand.
template <class Label>
struct Counter {
  static constexpr std::size_t kCells = LabelSet<Label>::kValues.size();
  std::size_t first;
};
template <class Label>
struct Gauge {
  static constexpr std::size_t kCells = LabelSet<Label>::kValues.size();
  std::size_t first;
};
template <class Label>
struct Histogram {
  static constexpr std::size_t kCells = kBuckets + 1;  // and the sum
  std::size_t first;
};

namespace metric {
namespace detail {
enum Row : std::size_t {
#define METRIC(id, kind, labels, name, help) id##Row,
#include "proxy/observe/metrics.def"
#undef METRIC
  kRows
};
inline constexpr std::array<std::size_t, kRows> kCellsOf{
#define METRIC(id, kind, labels, name, help) kind<labels>::kCells,
#include "proxy/observe/metrics.def"
#undef METRIC
};
constexpr std::size_t cells_before(std::size_t row) {
  std::size_t cells = 0;
  for (std::size_t i = 0; i < row; ++i) {
    cells += kCellsOf[i];
  }
  return cells;
}
}  // namespace detail

// One handle for each row of metrics.def: metric::ClientAccepted, metric::Exchanges, ...
#define METRIC(id, kind, labels, name, help) \
  inline constexpr kind<labels> id{detail::cells_before(detail::id##Row)};
#include "proxy/observe/metrics.def"
#undef METRIC
inline constexpr std::size_t kAllCells = detail::cells_before(detail::kRows);
}  // namespace metric

constexpr StatusClass status_class(std::uint16_t status) {
  return status >= 100 && status < 600 ? static_cast<StatusClass>(status / 100) : StatusClass::None;
}

class alignas(64) Metrics {
 public:
  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void add(Counter<NoLabel> counter, std::uint64_t n = 1) { bump(counter.first, n); }
  template <class Label>
  void add(Counter<Label> counter, Label label, std::uint64_t n = 1) {
    bump(counter.first + label_index(label), n);
  }
  // Up, or down by a negative `n`.
  void add(Gauge<NoLabel> gauge, std::int64_t n) {
    bump(gauge.first, static_cast<std::uint64_t>(n));
  }
  // What is read off somewhere and not counted here.
  template <class Label>
  void set(Gauge<Label> gauge, std::int64_t value, Label label = {}) {
    cells_[gauge.first + label_index(label)].store(static_cast<std::uint64_t>(value),
                                                   std::memory_order_relaxed);
  }
  void raise(Counter<NoLabel> counter, std::uint64_t total) {
    cells_[counter.first].store(std::max(total, cell(counter.first)), std::memory_order_relaxed);
  }
  void observe(Histogram<NoLabel> histogram, Micros us) {
    bump(histogram.first + bucket_of(us), 1);
    bump(histogram.first + kBuckets, static_cast<std::uint64_t>(us < 0 ? 0 : us));
  }

  // Everything that a finished record says by itself: Exchanges or Tunnels, Failures, Retries,
  // bytes and times. Connections, DNS and passwords are counted where they happen.
  void count(const Record& record);

  std::uint64_t value(Counter<NoLabel> counter) const { return cell(counter.first); }
  template <class Label>
  std::uint64_t value(Counter<Label> counter, Label label) const {
    return cell(counter.first + label_index(label));
  }
  std::int64_t value(Gauge<NoLabel> gauge) const {
    return static_cast<std::int64_t>(cell(gauge.first));
  }
  // For the reader: cells by number.
  std::uint64_t cell(std::size_t at) const { return cells_[at].load(std::memory_order_relaxed); }

 private:
  void bump(std::size_t at, std::uint64_t n) {
    cells_[at].store(cell(at) + n, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, metric::kAllCells> cells_{};
};

// The sum over all `sources` in the Prometheus text format, version 0.0.4.
std::string metrics_prometheus(std::span<const Metrics* const> sources);

// The same as one JSON object: a number for each metric, an object by label value, or, for a
// histogram, its count, sum and buckets.
std::string metrics_json(std::span<const Metrics* const> sources);

// The table as a Markdown list, for the documentation.
std::string metrics_reference();

}  // namespace weir
