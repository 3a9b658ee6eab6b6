// SPDX-License-Identifier: Apache-2.0
//
// Reading the metrics: the rows of metrics.def as an array, and the three texts made by walking it.
// Reading is rare and may allocate. A reader sees each cell whole, but not all cells at one moment.
// See metrics.h.
#include <charconv>

#include "proxy/observe/json_writer.h"
#include "proxy/observe/metrics.h"

namespace weir {
namespace {

enum class Kind : std::uint8_t { Counter, Gauge, Histogram, StepHistogram };

struct MetricRow {
  Kind kind;
  std::string_view name;
  std::string_view help;
  std::span<const LabelRow> labels;
  std::size_t first;
  bool in_time = false;  // counted in microseconds, shown in seconds
};

constexpr bool names_time(std::string_view name) {
  return name.ends_with("_seconds") || name.ends_with("_seconds_total");
}

constexpr std::array kMetricRows = {
#define METRIC(id, kind, labels, name, help) \
  MetricRow{Kind::kind, name, help, LabelRows<labels>::kRows, metric::id.first, names_time(name)},
#include "proxy/observe/metrics.def"
#undef METRIC
};

std::string_view kind_word(Kind kind) {
  return kind == Kind::Counter ? "counter" : kind == Kind::Gauge ? "gauge" : "histogram";
}

bool is_histogram(const MetricRow& row) {
  return row.kind == Kind::Histogram || row.kind == Kind::StepHistogram;
}

const Scale& scale_of(const MetricRow& row) {
  return row.kind == Kind::StepHistogram ? kWide : kFine;
}

// Cells of one combination of labels.
std::size_t cells_each(const MetricRow& row) {
  return is_histogram(row) ? scale_of(row).buckets() + 1 : 1;
}

bool has_labels(const MetricRow& row) {
  return !row.labels.front().key.empty();
}

// Microseconds as seconds, in the shortest exact decimal form.
std::string seconds(std::uint64_t us) {
  std::array<char, 32> room;
  const double value = static_cast<double>(us) / static_cast<double>(kSecond);
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  return {room.data(), end};
}

std::string bound_text(const Scale& scale, std::size_t bucket) {
  return bucket == scale.bounds ? "+Inf" : seconds(static_cast<std::uint64_t>(scale.bound(bucket)));
}

void join(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    out.append(part);
  }
}

// As the text format wants label values.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out.append("\\n");
      continue;
    }
    if (c == '\\' || c == '"') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out;
}

// All sources added up, and what their slots are called.
class Sums {
 public:
  Sums(std::span<const Metrics* const> sources, const SlotNames& names)
      : sources_(sources), names_(names) {}

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
  // How many values of the label have a name, and their names.
  std::size_t values(const LabelRow& label) const {
    return label.named == Named::Here ? label.count : std::min(label.count, slots(label).size());
  }
  std::string_view value(const LabelRow& label, std::size_t i) const {
    return label.named == Named::Here ? label.values[i] : slots(label)[i];
  }

 private:
  const std::vector<std::string>& slots(const LabelRow& label) const {
    return label.named == Named::AsListeners ? names_.listeners : names_.lists;
  }
  std::span<const Metrics* const> sources_;
  const SlotNames& names_;
};

void prometheus_histogram(std::string& out, const MetricRow& row, const Sums& sums,
                          const std::string& labels, std::size_t first) {
  const Scale& scale = scale_of(row);
  const std::string_view comma = labels.empty() ? "" : ",";
  const std::string braced = labels.empty() ? "" : "{" + labels + "}";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < scale.buckets(); ++i) {
    below += sums.at(first + i);
    join(out, {row.name, "_bucket{", labels, comma, "le=\"", bound_text(scale, i), "\"} ",
               std::to_string(below), "\n"});
  }
  join(out, {row.name, "_sum", braced, " ", seconds(sums.at(first + scale.buckets())), "\n"});
  join(out, {row.name, "_count", braced, " ", std::to_string(below), "\n"});
}

// One combination of labels, written out.
void prometheus_series(std::string& out, const MetricRow& row, const Sums& sums,
                       const std::string& labels, std::size_t cell) {
  if (is_histogram(row)) {
    return prometheus_histogram(out, row, sums, labels, cell);
  }
  if (row.labels.size() > 1 && sums.at(cell) == 0) {
    return;
  }
  out.append(row.name);
  if (!labels.empty()) {
    join(out, {"{", labels, "}"});
  }
  join(out, {" ", sums.text(row, cell), "\n"});
}

// Goes through the values of the labels from `depth` on; `place` counts combinations so far.
void prometheus_labels(std::string& out, const MetricRow& row, const Sums& sums, std::size_t depth,
                       const std::string& labels, std::size_t place) {
  if (depth == row.labels.size()) {
    return prometheus_series(out, row, sums, labels, row.first + place * cells_each(row));
  }
  const LabelRow& label = row.labels[depth];
  for (std::size_t i = 0; i < sums.values(label); ++i) {
    std::string more = labels;
    if (!label.key.empty()) {
      join(more,
           {labels.empty() ? "" : ",", label.key, "=\"", escaped(sums.value(label, i)), "\""});
    }
    prometheus_labels(out, row, sums, depth + 1, more, place * label.count + i);
  }
}

void json_histogram(JsonWriter& json, const MetricRow& row, const Sums& sums, std::size_t first) {
  const Scale& scale = scale_of(row);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < scale.buckets(); ++i) {
    count += sums.at(first + i);
  }
  json.open_object();
  json.name("count").number(count);
  json.name("sum_seconds").raw(seconds(sums.at(first + scale.buckets())));
  json.name("buckets").open_object();
  for (std::size_t i = 0; i < scale.buckets(); ++i) {
    json.name(bound_text(scale, i)).number(sums.at(first + i));
  }
  json.close_object();
  json.close_object();
}

// Is there anything in these cells?
bool any(const Sums& sums, std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (sums.at(first + i) != 0) {
      return true;
    }
  }
  return false;
}

void json_labels(JsonWriter& json, const MetricRow& row, const Sums& sums, std::size_t depth,
                 std::size_t place) {
  if (depth == row.labels.size()) {
    const std::size_t cell = row.first + place * cells_each(row);
    return is_histogram(row) ? json_histogram(json, row, sums, cell)
                             : json.raw(sums.text(row, cell));
  }
  const LabelRow& label = row.labels[depth];
  std::size_t below = 1;  // combinations of the labels that follow
  for (const LabelRow& later : row.labels.subspan(depth + 1)) {
    below *= later.count;
  }
  json.open_object();
  for (std::size_t i = 0; i < sums.values(label); ++i) {
    const std::size_t at = place * label.count + i;
    if (row.labels.size() == 1 || any(sums, row.first + at * below, below)) {
      json.name(sums.value(label, i));
      json_labels(json, row, sums, depth + 1, at);
    }
  }
  json.close_object();
}

std::string label_words(const LabelRow& label) {
  std::string out = "`" + std::string(label.key) + "`";
  if (label.named != Named::Here) {
    return out +
           (label.named == Named::AsListeners ? " (the listener's name; at most "
                                              : " (the list's name; at most ") +
           std::to_string(label.count) + ")";
  }
  constexpr std::size_t kFew = 14;  // the words of failures have a table of their own
  if (label.count > kFew) {
    return out;
  }
  for (std::size_t i = 0; i < label.count; ++i) {
    join(out, {i == 0 ? " (" : ", ", label.values[i]});
  }
  return out + ")";
}

}  // namespace

std::string metrics_prometheus(std::span<const Metrics* const> sources, const SlotNames& names) {
  const Sums sums(sources, names);
  std::string out;
  for (const MetricRow& row : kMetricRows) {
    join(out, {"# HELP ", row.name, " ", row.help, "\n"});
    join(out, {"# TYPE ", row.name, " ", kind_word(row.kind), "\n"});
    prometheus_labels(out, row, sums, 0, {}, 0);
  }
  return out;
}

std::string metrics_json(std::span<const Metrics* const> sources, const SlotNames& names) {
  const Sums sums(sources, names);
  JsonWriter json;
  json.open_object();
  for (const MetricRow& row : kMetricRows) {
    json.name(row.name);
    json_labels(json, row, sums, has_labels(row) ? 0 : 1, 0);
  }
  json.close_object();
  return json.written() + "\n";
}

std::string metrics_reference() {
  std::string out = "| metric | type | labels | what it says |\n|---|---|---|---|\n";
  for (const MetricRow& row : kMetricRows) {
    join(out, {"| `", row.name, "` | ", kind_word(row.kind), " | "});
    for (const LabelRow& label : row.labels) {
      if (!label.key.empty()) {
        join(out, {&label == &row.labels.front() ? "" : ", ", label_words(label)});
      }
    }
    join(out, {" | ", row.help, " |\n"});
  }
  return out;
}

}  // namespace weir
