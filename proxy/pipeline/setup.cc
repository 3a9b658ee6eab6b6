// SPDX-License-Identifier: Apache-2.0
//
// See setup.h.
#include "proxy/pipeline/setup.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "proxy/base/diag.h"
#include "proxy/config/rules.h"

namespace weir {
namespace {

// Tells this process from every other Weir in a chain, and nobody anything else.
std::string make_pseudonym(const std::string& name) {
  std::uint32_t random = 0;
  [[maybe_unused]] const auto n = ::getrandom(&random, sizeof random, 0);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = name + "-";
  for (int shift = 28; shift >= 0; shift -= 4) {
    out += kHex[random >> shift & 15];
  }
  return out;
}

std::uint32_t seconds(Micros length) {
  return static_cast<std::uint32_t>(length / kSecond);
}

cache::Rules rules_of(const Settings::Cache& from) {
  cache::Rules out;
  out.heuristic_percent = from.heuristic_percent;
  out.heuristic_limit = seconds(from.heuristic_limit);
  out.lifetime_limit = seconds(from.lifetime_limit);
  out.negative_lifetime = seconds(from.negative_lifetime);
  out.stale_on_error_limit = seconds(from.stale_on_error);
  out.serve_stale_on_error = from.stale_on_error > 0;
  return out;
}

void read_passwords(Setup& out, std::vector<std::string>& problems) {
  if (out.settings.auth.htpasswd_file.empty()) {
    return;
  }
  PasswordFile::Loaded loaded = PasswordFile::load(out.settings.auth.htpasswd_file);
  for (const std::string& warning : loaded.warnings) {
    diag(Level::Warning, warning);
  }
  for (const std::string& problem : loaded.problems) {
    problems.push_back("auth.htpasswd_file: " + problem);
  }
  out.passwords = std::move(loaded.file);
}

void compile_format(Setup& out, std::vector<std::string>& problems) {
  if (out.settings.access_log.path == "off") {
    return;
  }
  auto format = AccessFormat::compile(out.settings.access_log.format);
  if (!format) {
    problems.push_back("access_log.format: " + format.error());
    return;
  }
  out.logs_devices = format->has("client_mac") || format->has("client_name");
  out.format = std::make_shared<AccessFormat>(std::move(*format));
}

}  // namespace

tl::expected<Setup, std::vector<std::string>> Setup::make(const Settings& settings,
                                                          const Setup* before) {
  Setup out;
  out.settings = settings;
  out.settings.policy = {};
  const std::string& via = settings.http.via;
  const bool same_name = before != nullptr && before->settings.http.via == via;
  out.pseudonym = same_name ? before->pseudonym : make_pseudonym(via);
  out.cache_rules = rules_of(settings.cache);
  std::vector<std::string> problems;
  read_passwords(out, problems);
  compile_format(out, problems);
  if (!problems.empty()) {
    return tl::unexpected(std::move(problems));
  }
  return out;
}

std::shared_ptr<const Setup> Setup::own_copy() const {
  auto out = std::make_shared<Setup>(*this);
  if (format != nullptr) {
    out->format = std::make_shared<AccessFormat>(*format);
  }
  return out;
}

std::uint64_t memory_object(const Settings::Cache& cache) {
  return std::min(cache.memory_object, cache.memory / 8);
}

bool serves_strangers(const Settings& settings) {
  return settings.auth.htpasswd_file.empty() && !settings.clients.open_proxy &&
         !std::all_of(settings.clients.allow.begin(), settings.clients.allow.end(),
                      is_inner_network);
}

}  // namespace weir
