// SPDX-License-Identifier: Apache-2.0
//
// THE table of access-log fields, and what is made from it by reading it: lookup by name, the
// nearest name for a misspelt one, the reference. See access_fields.h.
#include "proxy/observe/access_fields.h"

#include <algorithm>
#include <array>
#include <vector>

#include "proxy/observe/squid_words.h"

namespace weir {
namespace {

std::string_view kind_word(RecordKind kind) {
  switch (kind) {
    case RecordKind::Exchange:
      return "exchange";
    case RecordKind::Tunnel:
      return "tunnel";
    case RecordKind::Upgrade:
      return "upgrade";
    case RecordKind::BadRequest:
      return "bad_request";
  }
  return "exchange";
}

std::string_view served_word(ServedBy by) {
  switch (by) {
    case ServedBy::Nobody:
      return "nobody";
    case ServedBy::Origin:
      return "origin";
    case ServedBy::Parent:
      return "parent";
    case ServedBy::Us:
      return "proxy";
    case ServedBy::Cache:
      return "cache";
  }
  return "nobody";
}

// "text/html; charset=utf-8" to "text/html".
std::string_view media_type(std::string_view value) {
  return value.substr(0, value.find_first_of("; \t,"));
}

WallTime end_of(const Record& r) {
  return WallTime{r.started.us + std::max<Micros>(r.total, 0)};
}

void write_failure(const Record& r, FieldOut& o) {
  r.failure == Failure::None ? o.absent() : o.word(word(r.failure));
}

void write_peer(const Record& r, FieldOut& o) {
  if (!r.parent.empty()) {
    return o.text(r.parent);
  }
  r.destination.port != 0 ? o.address(r.destination.address) : o.absent();
}

void write_total_ms(const Record& r, FieldOut& o) {
  o.number(static_cast<std::uint64_t>(std::max<Micros>(r.total, 0) / kMillisecond));
}

constexpr FieldSize kSmall = FieldSize::Small;
constexpr FieldSize kText = FieldSize::Text;
constexpr FieldSize kUrl = FieldSize::Url;
constexpr bool kJson = true;
constexpr bool kAgain = false;

#define WRITE(expression) [](const Record& r, FieldOut& o) { expression; }
// clang-format off
constexpr std::array kFields = {
    AccessField{"time", "when the request began, as 2026-01-02T03:04:05.678Z", kSmall, kJson, WRITE(o.iso_date(r.started))},
    AccessField{"id", "request id, 16 hexadecimal digits, as on error pages", kSmall, kJson, WRITE(o.hex(r.id))},
    AccessField{"kind", "exchange, tunnel, upgrade or bad_request", kSmall, kJson, WRITE(o.word(kind_word(r.kind)))},
    AccessField{"client", "address of the client", kSmall, kJson, WRITE(o.address(r.client.address))},
    AccessField{"client_port", "port of the client", kSmall, kJson, WRITE(o.number(r.client.port))},
    AccessField{"client_mac", "hardware address of the client, from the neighbour table or a DHCP lease", kSmall, kJson, WRITE(o.mac(r.client_mac))},
    AccessField{"client_name", "name that the client's device gave to the DHCP server", kText, kJson, WRITE(o.text(r.client_name))},
    AccessField{"listener", "address and port the client connected to", kSmall, kJson, WRITE(o.endpoint(r.listener))},
    AccessField{"listener_name", "what listen[].name calls it", kText, kJson, WRITE(o.text(r.listener_name))},
    AccessField{"user", "name of the authenticated user", kText, kJson, WRITE(o.text(r.user))},
    AccessField{"method", "request method", kText, kJson, WRITE(o.text(r.method))},
    AccessField{"url", "absolute URL, or host and port of a tunnel", kUrl, kJson, WRITE(o.text(r.url))},
    AccessField{"host", "host of the target", kText, kJson, WRITE(o.text(r.host))},
    AccessField{"version", "protocol version the client spoke", kText, kJson, WRITE(o.text(r.version))},
    AccessField{"status", "status code the client was told; 000 (0 in JSON) when nothing was", kSmall, kJson, WRITE(o.status(r.status))},
    AccessField{"origin_status", "status code the origin sent; 000 (0 in JSON) when it sent none", kSmall, kJson, WRITE(o.status(r.origin_status))},
    AccessField{"result", "how it was answered, in Squid's words, as TCP_MISS", kSmall, kJson, WRITE(o.word(squid_result(r)))},
    AccessField{"hierarchy", "where the answer came from, in Squid's words, as HIER_DIRECT", kSmall, kJson, WRITE(o.word(squid_hierarchy(r)))},
    AccessField{"served_by", "origin, parent, cache, proxy (this one) or nobody", kSmall, kJson, WRITE(o.word(served_word(r.served_by)))},
    AccessField{"failure", "why it failed, a word of the failure table", kSmall, kJson, write_failure},
    AccessField{"decision", "what the rules decided: allow, block, redirect, ...", kSmall, kJson, WRITE(o.text(r.decision))},
    AccessField{"rule", "id of the filter rule that decided", kText, kJson, WRITE(o.text(r.rule))},
    AccessField{"list", "list and line that made the rule hold, as ads:123", kText, kJson, WRITE(o.text(r.list))},
    AccessField{"would_have", "what a rule on trial would have done", kText, kJson, WRITE(o.text(r.would_have))},
    AccessField{"tags", "words that rules put into the record", kText, kJson, WRITE(o.text(r.tags))},
    AccessField{"cache", "what the cache did", kText, kJson, WRITE(o.text(r.cache))},
    AccessField{"claim", "transparent: verified, unverified or contradicted", kText, kJson,
                WRITE(o.text(r.claim))},
    AccessField{"intercept", "TLS: intercepted, block_page, or untrusting when a rule would and the client is in no group that trusts_ca", kSmall, kJson,
                WRITE(o.text(r.intercept))},
    AccessField{"cache_reason", "why the cache did it", kText, kJson, WRITE(o.text(r.cache_reason))},
    AccessField{"parent", "name of the parent proxy used", kText, kJson, WRITE(o.text(r.parent))},
    AccessField{"destination", "address and port connected to", kSmall, kJson, WRITE(o.endpoint(r.destination))},
    AccessField{"type", "media type of the answer, without parameters", kText, kJson, WRITE(o.text(media_type(r.content_type)))},
    AccessField{"referer", "Referer of the request", kText, kJson, WRITE(o.text(r.referer))},
    AccessField{"user_agent", "User-Agent of the request", kText, kJson, WRITE(o.text(r.user_agent))},
    AccessField{"bytes_from_client", "bytes received from the client", kSmall, kJson, WRITE(o.number(r.bytes_from_client))},
    AccessField{"bytes_to_client", "bytes sent to the client, head included", kSmall, kJson, WRITE(o.number(r.bytes_to_client))},
    AccessField{"bytes_from_origin", "bytes received from the origin", kSmall, kJson, WRITE(o.number(r.bytes_from_origin))},
    AccessField{"bytes_to_origin", "bytes sent to the origin", kSmall, kJson, WRITE(o.number(r.bytes_to_origin))},
    AccessField{"body_to_client", "bytes of content sent to the client", kSmall, kJson, WRITE(o.number(r.body_to_client))},
    AccessField{"origin_reused", "1 (true in JSON) when a pooled origin connection was used", kSmall, kJson, WRITE(o.flag(r.origin_reused))},
    AccessField{"client_reused", "1 (true in JSON) when it was not the first request of its connection", kSmall, kJson, WRITE(o.flag(r.client_reused))},
    AccessField{"retried", "1 (true in JSON) when the request was sent twice", kSmall, kJson, WRITE(o.flag(r.retried))},
    AccessField{"queue_us", "microseconds waited for a free origin connection", kSmall, kJson, WRITE(o.micros(r.queue))},
    AccessField{"dns_us", "microseconds looking up the host name", kSmall, kJson, WRITE(o.micros(r.dns))},
    AccessField{"connect_us", "microseconds connecting to the origin", kSmall, kJson, WRITE(o.micros(r.connect))},
    AccessField{"tls_us", "microseconds of TLS handshake with the origin", kSmall, kJson, WRITE(o.micros(r.tls))},
    AccessField{"first_byte_us", "microseconds from request sent to the first byte of the answer", kSmall, kJson, WRITE(o.micros(r.first_byte))},
    AccessField{"total_us", "microseconds from first to last byte", kSmall, kJson, WRITE(o.micros(std::max<Micros>(r.total, 0)))},
    AccessField{"total_ms", "milliseconds from first to last byte", kSmall, kAgain, write_total_ms},
    AccessField{"date", "when the request began, as 02/Jan/2026:03:04:05 +0000", kSmall, kAgain, WRITE(o.date(r.started))},
    AccessField{"epoch", "when the request began, seconds since 1970 with milliseconds", kSmall, kAgain, WRITE(o.epoch(r.started))},
    AccessField{"end_epoch", "when the exchange ended, seconds since 1970 with milliseconds", kSmall, kAgain, WRITE(o.epoch(end_of(r)))},
    AccessField{"request", "method, URL and version as one value", kUrl, kAgain, WRITE(o.request_line(r))},
    AccessField{"squid_method", "method, or NONE when it was unreadable", kText, kAgain, WRITE(o.text(r.method.empty() ? "NONE" : r.method))},
    AccessField{"squid_url", "URL, or error:invalid-request when it was unreadable", kUrl, kAgain, WRITE(o.text(r.url.empty() ? "error:invalid-request" : r.url))},
    AccessField{"peer", "address of the origin, or name of the parent proxy", kText, kAgain, write_peer},
};
// clang-format on
#undef WRITE

// Insertions, deletions and replacements between two names.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> costs(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    costs[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = costs[0];
    costs[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = costs[j];
      costs[j] = std::min({costs[j] + 1, costs[j - 1] + 1, replaced});
    }
  }
  return costs[b.size()];
}

}  // namespace

std::span<const AccessField> access_fields() {
  return kFields;
}

const AccessField* find_access_field(std::string_view name) {
  const auto* found = std::ranges::find(kFields, name, &AccessField::name);
  return found == kFields.end() ? nullptr : found;
}

const AccessField& nearest_access_field(std::string_view name) {
  const std::string_view known = name.substr(0, 64);  // longer ones resemble nothing
  return *std::ranges::min_element(
      kFields, {}, [known](const AccessField& field) { return edits_between(known, field.name); });
}

std::string access_fields_reference() {
  std::string out;
  for (const AccessField& field : kFields) {
    out.append("- `%{").append(field.name).append("}`: ").append(field.meaning).append(".\n");
  }
  return out;
}

}  // namespace weir
