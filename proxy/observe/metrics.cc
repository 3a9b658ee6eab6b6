// SPDX-License-Identifier: Apache-2.0
//
// Reading the metrics: the rows of metrics.def as an array, and the three texts made by walking it.
// Reading is rare and may allocate. A reader sees each cell whole, but not all cells at one moment.
// See metrics.h.
#include "proxy/observe/metrics.h"

#include <charconv>

namespace weir {
namespace {

enum class Kind : std::uint8_t { Counter, Gauge, Histogram };

struct MetricRow {
  Kind kind;
  std::string_view name;
  std::string_view help;
  std::string_view key;
  std::span<const std::string_view> values;
  std::size_t first;
  bool in_time = false;  // counted in microseconds, shown in seconds
};

constexpr bool names_time(std::string_view name) {
  return name.ends_with("_seconds") || name.ends_with("_seconds_total");
}

constexpr std::array kMetricRows = {
#define METRIC(id, kind, labels, name, help) \
  MetricRow{Kind::kind,                      \
            name,                            \
            help,                            \
            LabelSet<labels>::kKey,          \
            LabelSet<labels>::kValues,       \
            metric::id.first,                \
            names_time(name)},
#include "proxy/observe/metrics.def"
#undef METRIC
};

std::string_view kind_word(Kind kind) {
  switch (kind) {
    case Kind::Counter:
      return "counter";
    case Kind::Gauge:
      return "gauge";
    case Kind::Histogram:
      return "histogram";
  }
  return "untyped";
}

// Microseconds as seconds, in the shortest exact decimal form.
std::string seconds(std::uint64_t us) {
  std::array<char, 32> room;
  const double value = static_cast<double>(us) / static_cast<double>(kSecond);
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  return {room.data(), end};
}

// Sums of cells over all workers, as text.
class Sums {
 public:
  explicit Sums(std::span<const Metrics* const> sources) : sources_(sources) {}

  std::uint64_t at(std::size_t cell) const {
    std::uint64_t sum = 0;
    for (const Metrics* source : sources_) {
      sum += source->cell(cell);
    }
    return sum;
  }
  std::string text(const MetricRow& row, std::size_t cell) const {
    const std::uint64_t sum = at(cell);
    if (row.in_time) {
      return seconds(sum);
    }
    return row.kind == Kind::Gauge ? std::to_string(static_cast<std::int64_t>(sum))
                                   : std::to_string(sum);
  }

 private:
  std::span<const Metrics* const> sources_;
};

std::string bound_text(std::size_t bucket) {
  return bucket == kBounds ? "+Inf" : seconds(std::uint64_t{1} << (kFirstBucketBits + bucket));
}

void join(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    out.append(part);
  }
}

void prometheus_histogram(std::string& out, const MetricRow& row, const Sums& sums) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += sums.at(row.first + i);
    join(out, {row.name, "_bucket{le=\"", bound_text(i), "\"} ", std::to_string(below), "\n"});
  }
  join(out, {row.name, "_sum ", seconds(sums.at(row.first + kBuckets)), "\n"});
  join(out, {row.name, "_count ", std::to_string(below), "\n"});
}

void prometheus_row(std::string& out, const MetricRow& row, const Sums& sums) {
  join(out, {"# HELP ", row.name, " ", row.help, "\n"});
  join(out, {"# TYPE ", row.name, " ", kind_word(row.kind), "\n"});
  if (row.kind == Kind::Histogram) {
    return prometheus_histogram(out, row, sums);
  }
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    out.append(row.name);
    if (!row.key.empty()) {
      join(out, {"{", row.key, "=\"", row.values[i], "\"}"});
    }
    join(out, {" ", sums.text(row, row.first + i), "\n"});
  }
}

void json_histogram(std::string& out, const MetricRow& row, const Sums& sums) {
  std::uint64_t count = 0;
  std::string buckets;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const std::uint64_t in_bucket = sums.at(row.first + i);
    count += in_bucket;
    join(buckets, {i == 0 ? "\"" : ",\"", bound_text(i), "\":", std::to_string(in_bucket)});
  }
  join(out, {"{\"count\":", std::to_string(count)});
  join(out, {",\"sum_seconds\":", seconds(sums.at(row.first + kBuckets))});
  join(out, {",\"buckets\":{", buckets, "}}"});
}

void json_row(std::string& out, const MetricRow& row, const Sums& sums) {
  join(out, {"\"", row.name, "\":"});
  if (row.kind == Kind::Histogram) {
    return json_histogram(out, row, sums);
  }
  if (row.key.empty()) {
    out.append(sums.text(row, row.first));
    return;
  }
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    join(out, {i == 0 ? "{\"" : ",\"", row.values[i], "\":", sums.text(row, row.first + i)});
  }
  out.append("}");
}

}  // namespace

namespace {

std::optional<CacheResult> cache_result(std::string_view word) {
  const auto& words = LabelSet<CacheResult>::kValues;
  const auto found = std::find(words.begin(), words.end(), word);
  return found == words.end()
             ? std::nullopt
             : std::optional(static_cast<CacheResult>(std::distance(words.begin(), found)));
}

}  // namespace

void Metrics::count(const Record& record) {
  add(metric::Exchanges, status_class(record.status));
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
  if (const auto result = cache_result(record.cache)) {
    add(metric::CacheAnswers, *result);
  }
  if (record.first_byte >= 0) {
    observe(metric::FirstByteTime, record.first_byte);
  }
  if (record.kind == RecordKind::Tunnel || record.kind == RecordKind::Upgrade) {
    add(metric::Tunnels);  // hours of tunnel would drown the times of exchanges
  } else {
    observe(metric::TotalTime, record.total);
  }
}

std::string metrics_prometheus(std::span<const Metrics* const> sources) {
  std::string out;
  for (const MetricRow& row : kMetricRows) {
    prometheus_row(out, row, Sums(sources));
  }
  return out;
}

std::string metrics_json(std::span<const Metrics* const> sources) {
  std::string out = "{";
  for (const MetricRow& row : kMetricRows) {
    out.append(out.size() == 1 ? "" : ",");
    json_row(out, row, Sums(sources));
  }
  return out + "}\n";
}

std::string metrics_reference() {
  std::string out;
  for (const MetricRow& row : kMetricRows) {
    join(out, {"- `", row.name, "` (", kind_word(row.kind)});
    if (!row.key.empty()) {
      join(out, {", by `", row.key, "`"});
    }
    join(out, {"): ", row.help, ".\n"});
  }
  return out;
}

}  // namespace weir
