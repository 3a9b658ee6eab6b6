// SPDX-License-Identifier: Apache-2.0
//
// The metrics of a running proxy, from the JSON that it tells of itself, and the lines of
// `weir status` that are made of them. What a proxy of another version does not say counts as
// nothing.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::cli {

class JsonReader;

class Figures {
 public:
  // Reads an object of metrics. False: it is none.
  bool read(JsonReader& json);

  // `path`: the metric's name and the values of its labels, joined by "/".
  double at(std::string_view path) const;
  // All of a metric.
  double sum(std::string_view metric) const;
  // What of it has one of these values of a label, counted from the last, which is 1.
  double sum(std::string_view metric, unsigned label,
             const std::vector<std::string_view>& values) const;
  // The bound below which that part of what a histogram has seen lies, in seconds; less than 0:
  // nothing was seen, or it lies beyond the last.
  double quantile(std::string_view histogram, double part) const;

 private:
  bool read(JsonReader& json, const std::string& path);
  std::map<std::string, double, std::less<>> numbers_;
};

// Labels and texts, in the order of the page.
std::vector<std::pair<std::string, std::string>> figure_rows(const Figures& figures);

}  // namespace weir::cli
