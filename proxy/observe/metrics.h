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
#include <vector>

#include "proxy/base/instant.h"
#include "proxy/observe/metric_labels.h"
#include "proxy/observe/record.h"

namespace weir {

// The buckets of a histogram: bucket i holds what is at most 2^(first + i * step) microseconds; the
// last holds the rest. Powers of two, so that finding one is a count of leading zeros.
struct Scale {
  unsigned first;
  unsigned step;
  std::size_t bounds;
  constexpr std::size_t buckets() const { return bounds + 1; }
  constexpr Micros bound(std::size_t i) const { return Micros{1} << (first + i * step); }
};
inline constexpr Scale kFine{7, 1, 21};  // 128 us to 134 s
inline constexpr Scale kWide{2, 2, 13};  // 4 us to 67 s, for what may be very short

constexpr std::size_t bucket_of(Micros us, const Scale& scale) {
  const auto bits =
      static_cast<std::size_t>(us <= 1 ? 0 : std::bit_width(static_cast<std::uint64_t>(us) - 1));
  const std::size_t bucket =
      bits <= scale.first ? 0 : (bits - scale.first + scale.step - 1) / scale.step;
  return std::min(bucket, scale.bounds);
}

// Handles: where a metric's cells begin. Obtained from weir::metric, never made by hand.
template <class Label>
struct Counter {
  static constexpr std::size_t kCells = LabelRows<Label>::kCells;
  std::size_t first;
};
template <class Label>
struct Gauge {
  static constexpr std::size_t kCells = LabelRows<Label>::kCells;
  std::size_t first;
};
// Its cells, for each value of the label: the buckets, and the sum.
template <class Label, const Scale& kOf>
struct Latency {
  static constexpr const Scale& kScale = kOf;
  static constexpr std::size_t kEach = kOf.buckets() + 1;
  static constexpr std::size_t kCells = LabelRows<Label>::kCells * kEach;
  std::size_t first;
};
template <class Label>
using Histogram = Latency<Label, kFine>;
template <class Label>
using StepHistogram = Latency<Label, kWide>;

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
  template <class Label>
  void add(Gauge<Label> gauge, std::int64_t n, Label label = {}) {
    bump(gauge.first + label_index(label), static_cast<std::uint64_t>(n));
  }
  // What is read off somewhere and not counted here.
  template <class Label>
  void set(Gauge<Label> gauge, std::int64_t value, Label label = {}) {
    cells_[gauge.first + label_index(label)].store(static_cast<std::uint64_t>(value),
                                                   std::memory_order_relaxed);
  }
  template <class Label>
  void raise(Counter<Label> counter, std::uint64_t total, Label label = {}) {
    const std::size_t at = counter.first + label_index(label);
    cells_[at].store(std::max(total, cell(at)), std::memory_order_relaxed);
  }
  template <class Label, const Scale& kOf>
  void observe(Latency<Label, kOf> histogram, Micros us, Label label = {}) {
    using Kind = Latency<Label, kOf>;
    const std::size_t first = histogram.first + label_index(label) * Kind::kEach;
    bump(first + bucket_of(us, Kind::kScale), 1);
    bump(first + Kind::kScale.buckets(), static_cast<std::uint64_t>(us < 0 ? 0 : us));
  }

  // Everything that a finished record says by itself: Exchanges, Failures, Retries, bytes and
  // times. Connections, tunnels and passwords are counted where they happen.
  void count(const Record& record);

  std::uint64_t value(Counter<NoLabel> counter) const { return cell(counter.first); }
  template <class Label>
  std::uint64_t value(Counter<Label> counter, Label label) const {
    return cell(counter.first + label_index(label));
  }
  template <class Label>
  std::int64_t value(Gauge<Label> gauge, Label label = {}) const {
    return static_cast<std::int64_t>(cell(gauge.first + label_index(label)));
  }
  // For the reader: cells by number.
  std::uint64_t cell(std::size_t at) const { return cells_[at].load(std::memory_order_relaxed); }

 private:
  void count_steps(const Record& record);
  void bump(std::size_t at, std::uint64_t n) {
    cells_[at].store(cell(at) + n, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, metric::kAllCells> cells_{};
};

// What the slots of labels are called at the moment. A slot without a name is not written.
struct SlotNames {
  std::vector<std::string> listeners;
  std::vector<std::string> lists;
};

// The sum over all `sources` in the Prometheus text format, version 0.0.4. Of a metric with several
// labels only what is not 0 is written.
std::string metrics_prometheus(std::span<const Metrics* const> sources, const SlotNames& names);

// The same as one JSON object: a number for each metric, an object by label value (and in that by
// the next label's), or, for a histogram, its count, sum and buckets.
std::string metrics_json(std::span<const Metrics* const> sources, const SlotNames& names);

// The table as Markdown, for the documentation.
std::string metrics_reference();

}  // namespace weir
