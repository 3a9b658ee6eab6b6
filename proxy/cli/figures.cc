// SPDX-License-Identifier: Apache-2.0
//
// See figures.h.
#include "proxy/cli/figures.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "proxy/cli/json_reader.h"
#include "proxy/cli/printable.h"

namespace weir::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kExchanges = "weir_exchanges_total";
constexpr unsigned kDecision = 3;  // its labels, from the last
constexpr unsigned kStatus = 2;
constexpr unsigned kCache = 1;
constexpr std::string_view kDuration = "weir_exchange_duration_seconds";

std::string count(double number) {
  return grouped(static_cast<std::uint64_t>(std::max(number, 0.0)));
}

std::string short_number(const char* format, double number) {
  std::array<char, 32> room;
  const int n = std::snprintf(room.data(), room.size(), format, number);
  return {room.data(), static_cast<std::size_t>(std::max(n, 0))};
}

std::string percent(double part, double whole) {
  return whole <= 0 ? "0 %" : short_number("%.3g", 100 * part / whole) + " %";
}

std::string length_text(double seconds) {
  return seconds < 1 ? short_number("%.3g", seconds * 1000) + " ms"
                     : short_number("%.3g", seconds) + " s";
}

void add_answers(Rows& rows, const Figures& f) {
  const double requests = f.sum(kExchanges);
  if (requests == 0) {
    return;
  }
  rows.emplace_back("answers", count(f.sum(kExchanges, kStatus, {"2xx"})) + " 2xx, " +
                                   count(f.sum(kExchanges, kStatus, {"3xx"})) + " 3xx, " +
                                   count(f.sum(kExchanges, kStatus, {"4xx"})) + " 4xx, " +
                                   count(f.sum(kExchanges, kStatus, {"5xx"})) + " 5xx");
  const double half = f.quantile(kDuration, 0.5);
  const double most = f.quantile(kDuration, 0.99);
  if (half >= 0 && most >= 0) {
    rows.emplace_back(
        "", "half within " + length_text(half) + ", 99 of 100 within " + length_text(most));
  }
  const double blocked = f.sum(kExchanges, kDecision, {"block", "redirect", "close"});
  if (blocked > 0) {
    rows.emplace_back(
        "rules", count(blocked) + " requests blocked, " + percent(blocked, requests) + " of all");
  }
}

std::string tier_text(const Figures& f, const std::string& tier) {
  return count(f.at("weir_cache_objects/" + tier)) + " answers, " +
         bytes_text(f.at("weir_cache_bytes/" + tier)) + " of " +
         bytes_text(f.at("weir_cache_limit_bytes/" + tier));
}

void add_cache(Rows& rows, const Figures& f) {
  if (f.at("weir_cache_limit_bytes/memory") == 0) {
    return;
  }
  const bool disk = f.at("weir_cache_limit_bytes/disk") > 0;
  rows.emplace_back("cache", "in memory " + tier_text(f, "memory"));
  if (disk) {
    rows.emplace_back("", "on disk " + tier_text(f, "disk"));
  }
  const double hits =
      f.sum(kExchanges, kCache, {"hit", "memory_hit", "not_modified", "revalidated", "stale"});
  const double asked = hits + f.sum(kExchanges, kCache, {"miss", "refreshed"});
  if (asked > 0) {
    rows.emplace_back("", percent(hits, asked) + " of " + count(asked) +
                              " requests that it takes part in are answered from it");
  }
}

void add_origins(Rows& rows, const Figures& f) {
  rows.emplace_back("origins", count(f.at("weir_origin_connections_open")) + " connections, " +
                                   count(f.at("weir_origin_connections_idle")) + " of them idle; " +
                                   count(f.at("weir_origin_requests_queued")) +
                                   " requests waiting for one");
  const double tunnels = f.sum("weir_tunnels_active");
  if (tunnels > 0) {
    rows.emplace_back("tunnels", count(tunnels) + " open");
  }
}

void add_process(Rows& rows, const Figures& f) {
  const double memory = f.at("process_resident_memory_bytes");
  if (memory > 0) {
    rows.emplace_back("process", bytes_text(memory) + " of memory, " +
                                     count(f.at("process_open_fds")) + " of " +
                                     count(f.at("process_max_fds")) + " descriptors, " +
                                     short_number("%.3g", f.at("process_cpu_seconds_total")) +
                                     " s of processor time");
  }
  const double stalls = f.at("weir_loop_stalls_total");
  if (stalls > 0) {
    rows.emplace_back("", "workers stood still " + count(stalls) + " times");
  }
  const double dropped = f.at("weir_access_log_records_dropped_total");
  if (dropped > 0) {
    rows.emplace_back("access log", count(dropped) + " records dropped");
  }
}

// The value of a label, counted from the last.
std::string_view value_of(std::string_view path, unsigned label) {
  for (; label > 1; --label) {
    path = path.substr(0, path.rfind('/'));
  }
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

bool Figures::read(JsonReader& json) {
  return read(json, {});
}

bool Figures::read(JsonReader& json, const std::string& path) {
  if (json.kind() == '{') {
    return json.members([&](std::string_view name) {
      return read(json, path.empty() ? std::string(name) : path + "/" + std::string(name));
    });
  }
  const auto raw = json.raw();
  if (raw) {
    numbers_[path] = std::strtod(std::string(*raw).c_str(), nullptr);
  }
  return raw && !path.empty();
}

double Figures::at(std::string_view path) const {
  const auto found = numbers_.find(path);
  return found == numbers_.end() ? 0 : found->second;
}

double Figures::sum(std::string_view metric) const {
  double sum = at(metric);
  const std::string below = std::string(metric) + "/";
  for (auto at = numbers_.lower_bound(below); at != numbers_.end(); ++at) {
    if (!at->first.starts_with(below)) {
      break;
    }
    sum += at->second;
  }
  return sum;
}

double Figures::sum(std::string_view metric, unsigned label,
                    const std::vector<std::string_view>& values) const {
  double sum = 0;
  const std::string below = std::string(metric) + "/";
  for (auto at = numbers_.lower_bound(below); at != numbers_.end(); ++at) {
    if (!at->first.starts_with(below)) {
      break;
    }
    const std::string_view value = value_of(at->first, label);
    sum += std::ranges::find(values, value) != values.end() ? at->second : 0;
  }
  return sum;
}

double Figures::quantile(std::string_view histogram, double part) const {
  const std::string below = std::string(histogram) + "/buckets/";
  std::map<double, double> buckets;
  double all = 0;
  for (auto at = numbers_.lower_bound(below); at != numbers_.end() && at->first.starts_with(below);
       ++at) {
    const std::string bound = at->first.substr(below.size());
    buckets[bound == "+Inf" ? std::numeric_limits<double>::infinity()
                            : std::strtod(bound.c_str(), nullptr)] += at->second;
    all += at->second;
  }
  double seen = 0;
  for (const auto& [bound, number] : buckets) {
    seen += number;
    if (all > 0 && seen >= part * all) {
      return bound == std::numeric_limits<double>::infinity() ? -1 : bound;
    }
  }
  return -1;
}

Rows figure_rows(const Figures& figures) {
  Rows rows;
  add_answers(rows, figures);
  add_cache(rows, figures);
  add_origins(rows, figures);
  add_process(rows, figures);
  return rows;
}

}  // namespace weir::cli
