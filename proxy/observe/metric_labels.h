// SPDX-License-Identifier: Apache-2.0
//
// What metrics are divided by: enums, each with the key and the values that its label has. Labels
// whose values only the configuration knows (listeners, lists) have slots instead, bounded in
// number; their names are found when the metrics are written. By<...> divides by several at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>

#include "proxy/base/assert.h"
#include "proxy/base/failure.h"

namespace weir {

enum class NoLabel : std::uint8_t {};
enum class Direction : std::uint8_t { In, Out };
enum class StatusClass : std::uint8_t { None, Class1, Class2, Class3, Class4, Class5 };
enum class DnsLookup : std::uint8_t { Cached, Joined, Asked };
enum class DnsAnswer : std::uint8_t { Found, NotFound, Failed, TimedOut };
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
enum class CacheTier : std::uint8_t { Memory, Disk };
enum class AuthResult : std::uint8_t { Verified, Cached, Failed };
enum class TlsOutcome : std::uint8_t {
  ClientDone,
  ClientRejected,
  ClientFailed,
  OriginDone,
  OriginUntrusted,
  OriginFailed,
};
enum class BuildVersion : std::uint8_t { This };
enum class WorkerState : std::uint8_t { Alive, Stalled, Ended };
// What a tunnel was made for.
enum class TunnelKind : std::uint8_t { Connect, Upgrade, Tls, Unknown };
// What a connection spoke that was turned aside: as Spoken of the pipeline.
enum class SpokenFirst : std::uint8_t { Http, Tls, Unknown, Nothing };
// What the resolver said of the host that a transparent client named.
enum class ClaimOutcome : std::uint8_t { Verified, Unverified, Contradicted };
// Where time goes.
enum class Step : std::uint8_t {
  Authenticate,
  VerifyName,
  Judge,
  CacheDisk,
  CacheShared,
  Queue,
  Dns,
  Connect,
  FirstByte,
  Body,
  Reload,
  Compile,
  ListUpdate,
};

// Slots: see listener_slots.h; a list's is its place among the lists of the policy in use.
enum class ListenerSlot : std::uint8_t {};
enum class ListSlot : std::uint8_t {};

// Whose names a label's values are.
enum class Named : std::uint8_t { Here, AsListeners, AsLists };

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
struct LabelSet<DnsLookup> {
  static constexpr std::string_view kKey = "outcome";
  static constexpr std::array<std::string_view, 3> kValues{"cached", "joined", "asked"};
};
template <>
struct LabelSet<DnsAnswer> {
  static constexpr std::string_view kKey = "outcome";
  static constexpr std::array<std::string_view, 4> kValues{"found", "not_found", "failed",
                                                           "timed_out"};
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
  static constexpr std::string_view kKey = "cache";
  static constexpr std::array<std::string_view, 7> kValues{
      "miss", "hit", "memory_hit", "not_modified", "revalidated", "refreshed", "stale"};
};
template <>
struct LabelSet<CacheTier> {
  static constexpr std::string_view kKey = "tier";
  static constexpr std::array<std::string_view, 2> kValues{"memory", "disk"};
};
template <>
struct LabelSet<TlsOutcome> {
  static constexpr std::string_view kKey = "result";
  static constexpr std::array<std::string_view, 6> kValues{"client_done",      "client_rejected",
                                                           "client_failed",    "origin_done",
                                                           "origin_untrusted", "origin_failed"};
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
struct LabelSet<WorkerState> {
  static constexpr std::string_view kKey = "state";
  static constexpr std::array<std::string_view, 3> kValues{"alive", "stalled", "ended"};
};
template <>
struct LabelSet<TunnelKind> {
  static constexpr std::string_view kKey = "kind";
  static constexpr std::array<std::string_view, 4> kValues{"connect", "upgrade", "tls", "unknown"};
};
template <>
struct LabelSet<SpokenFirst> {
  static constexpr std::string_view kKey = "protocol";
  static constexpr std::array<std::string_view, 4> kValues{"http", "tls", "unknown", "none"};
};
template <>
struct LabelSet<ClaimOutcome> {
  static constexpr std::string_view kKey = "claim";
  static constexpr std::array<std::string_view, 3> kValues{"verified", "unverified",
                                                           "contradicted"};
};
template <>
struct LabelSet<Step> {
  static constexpr std::string_view kKey = "step";
  static constexpr std::array<std::string_view, 13> kValues{
      "authenticate", "verify_name", "judge", "cache_disk", "cache_shared", "queue",      "dns",
      "connect",      "first_byte",  "body",  "reload",     "compile",      "list_update"};
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
template <>
struct LabelSet<ListenerSlot> {
  static constexpr std::string_view kKey = "listener";
  static constexpr std::size_t kSlots = 16;
  static constexpr Named kNamed = Named::AsListeners;
};
template <>
struct LabelSet<ListSlot> {
  static constexpr std::string_view kKey = "list";
  static constexpr std::size_t kSlots = 64;
  static constexpr Named kNamed = Named::AsLists;
};
// Or "none".
template <class Label>
struct LabelSet<std::optional<Label>> {
  static constexpr std::string_view kKey = LabelSet<Label>::kKey;
  static constexpr std::size_t kSize = LabelSet<Label>::kValues.size();
  static constexpr std::array<std::string_view, kSize + 1> kValues = [] {
    std::array<std::string_view, kSize + 1> out;
    for (std::size_t i = 0; i < kSize; ++i) {
      out[i] = LabelSet<Label>::kValues[i];
    }
    out[kSize] = "none";
    return out;
  }();
};

// Several labels at once: one cell for each combination.
template <class... Labels>
struct By {
  std::tuple<Labels...> labels;
};
using ExchangeBy =
    By<ListenerSlot, std::optional<RuleDecision>, StatusClass, std::optional<CacheResult>>;

// One label, as readers see it.
struct LabelRow {
  std::string_view key;
  std::span<const std::string_view> values;  // none for slots
  std::size_t count;
  Named named = Named::Here;
};

template <class Label>
struct LabelRows {
  static constexpr std::array<LabelRow, 1> kRows = [] {
    if constexpr (requires { LabelSet<Label>::kSlots; }) {
      return std::array{
          LabelRow{LabelSet<Label>::kKey, {}, LabelSet<Label>::kSlots, LabelSet<Label>::kNamed}};
    } else {
      return std::array{LabelRow{LabelSet<Label>::kKey, LabelSet<Label>::kValues,
                                 LabelSet<Label>::kValues.size()}};
    }
  }();
  static constexpr std::size_t kCells = kRows[0].count;
};
template <class... Labels>
struct LabelRows<By<Labels...>> {
  static constexpr std::array<LabelRow, sizeof...(Labels)> kRows{LabelRows<Labels>::kRows[0]...};
  static constexpr std::size_t kCells = (LabelRows<Labels>::kCells * ...);
};

// The place of a label among its values.
template <class Label>
constexpr std::size_t label_index(Label label) {
  return static_cast<std::size_t>(label);
}
template <class Label>
constexpr std::size_t label_index(std::optional<Label> label) {
  return label ? static_cast<std::size_t>(*label) : LabelSet<Label>::kValues.size();
}
template <class... Labels>
constexpr std::size_t label_index(const By<Labels...>& by) {
  std::size_t at = 0;
  const auto step = [&at](auto label) {
    at = at * LabelRows<decltype(label)>::kCells + label_index(label);
  };
  std::apply([&step](auto... label) { (step(label), ...); }, by.labels);
  return at;
}
// Requires a failure: None is not one, and has no value above.
constexpr std::size_t label_index(Failure failure) {
  WEIR_ASSERT(failure != Failure::None);
  return static_cast<std::size_t>(failure) - 1;
}

constexpr StatusClass status_class(std::uint16_t status) {
  return status >= 100 && status < 600 ? static_cast<StatusClass>(status / 100) : StatusClass::None;
}

}  // namespace weir
