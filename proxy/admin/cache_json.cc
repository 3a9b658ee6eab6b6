// SPDX-License-Identifier: Apache-2.0
//
// See cache_json.h. Times are in seconds; those of the day since 1970.
#include "proxy/admin/cache_json.h"

#include <cstdint>

#include "proxy/cache/freshness.h"
#include "proxy/observe/json_writer.h"
#include "proxy/store/outlook.h"

namespace weir::admin {
namespace {

using store::Kept;

void whole(JsonWriter& json, std::string_view name, std::int64_t value) {
  json.name(name).real(static_cast<double>(value), 0);
}

void reason(JsonWriter& json, cache::Reason why) {
  json.name("reason").text(cache::word(why));
  json.name("sentence").text(cache::row(why).sentence);
}

void text_or_null(JsonWriter& json, std::string_view name, std::string_view value) {
  json.name(name);
  value.empty() ? json.null() : json.text(value);
}

std::string_view tier(const Kept& kept) {
  return kept.in_memory && kept.on_disk ? "both" : kept.in_memory ? "memory" : "disk";
}

std::string_view word(cache::LifetimeFrom from) {
  switch (from) {
    case cache::LifetimeFrom::SMaxAge:
      return "s-maxage";
    case cache::LifetimeFrom::MaxAge:
      return "max-age";
    case cache::LifetimeFrom::Expires:
      return "Expires";
    case cache::LifetimeFrom::Heuristic:
      return "heuristic";
    case cache::LifetimeFrom::Forced:
      return "rule";
    case cache::LifetimeFrom::Negative:
      return "configuration";
    case cache::LifetimeFrom::Nothing:
      break;
  }
  return "nothing";
}

std::uint64_t stored_bytes(const store::Entry& entry) {
  std::uint64_t out = 0;
  for (const store::Run& run : entry.runs) {
    out += run.body->size();
  }
  return out;
}

void basics(JsonWriter& json, const Kept& kept, WallTime now) {
  const auto& entry = *kept.entry;
  json.name("status").number(entry.head.status);
  json.name("size").number(stored_bytes(entry));
  json.name("age").number(cache::current_age(entry.freshness, now));
  whole(json, "ttl", cache::ttl(entry.freshness, now));
  json.name("tier").text(tier(kept));
  json.name("hits").number(kept.hits);
}

void freshness(JsonWriter& json, const cache::Freshness& freshness) {
  json.name("lifetime").number(freshness.lifetime);
  json.name("lifetime_from").text(word(freshness.from));
  whole(json, "received", freshness.received.us / kSecond);
  json.name("directives").open_list();
  const auto flag = [&json](bool holds, std::string_view name) {
    if (holds) {
      json.text(name);
    }
  };
  flag(freshness.must_revalidate, "must-revalidate");
  flag(freshness.no_cache, "no-cache");
  flag(freshness.immutable, "immutable");
  const auto swr = freshness.stale_while_revalidate;
  flag(swr > 0, "stale-while-revalidate=" + std::to_string(swr));
  const auto sie = freshness.stale_if_error;
  flag(sie >= 0, "stale-if-error=" + std::to_string(sie));
  json.close_list();
}

void fields(JsonWriter& json, const http::ResponseHead& head) {
  json.name("fields").open_list();
  for (const http::Field& field : head.fields.lines) {
    json.text(std::string(field.name) + ": " + std::string(field.value));
  }
  json.close_list();
}

void variant(JsonWriter& json, const Kept& kept, WallTime now) {
  const auto& entry = *kept.entry;
  json.open_object();
  basics(json, kept, now);
  json.name("length").number(entry.length);
  json.name("complete").flag(entry.complete());
  text_or_null(json, "vary", entry.vary);
  text_or_null(json, "variant", entry.variant);
  reason(json, store::stored_because(entry));
  freshness(json, entry.freshness);
  text_or_null(json, "etag", entry.head.fields.value(http::FieldId::Etag));
  text_or_null(json, "last_modified", entry.head.fields.value(http::FieldId::LastModified));
  json.name("tags").open_list();
  for (const std::string_view tag : store::tags_of(entry.head.fields)) {
    json.text(tag);
  }
  json.close_list();
  fields(json, entry.head);
  json.close_object();
}

std::string_view word(store::Outlook::What what) {
  switch (what) {
    case store::Outlook::What::Serve:
      return "hit";
    case store::Outlook::What::ServeAndAsk:
      return "hit_and_validate";
    case store::Outlook::What::Validate:
      return "validate";
    case store::Outlook::What::Fetch:
      break;
  }
  return "fetch";
}

}  // namespace

std::string cache_stats_json(const store::MemoryStats& memory,
                             const std::optional<store::DiskStats>& disk) {
  JsonWriter json;
  json.open_object();
  json.name("memory").open_object();
  json.name("entries").number(memory.entries);
  json.name("urls").number(memory.groups);
  json.name("bytes").number(memory.bytes);
  json.name("limit").number(memory.limit);
  json.name("found").number(memory.hits);
  json.name("not_found").number(memory.misses);
  json.name("evicted").number(memory.evictions);
  json.close_object();
  json.name("disk");
  if (!disk) {
    json.null();
  } else {
    json.open_object();
    json.name("entries").number(disk->entries);
    json.name("bytes").number(disk->bytes);
    json.name("index_bytes").number(disk->index_bytes);
    json.name("written").number(disk->written);
    json.name("dropped").number(disk->dropped);
    json.name("evicted").number(disk->evicted);
    json.name("corrupt").number(disk->corrupt);
    json.name("start_seconds").real(static_cast<double>(disk->start_us) / 1e6, 3);
    json.close_object();
  }
  json.close_object();
  return json.written() + "\n";
}

void append_cache_line(const Kept& kept, WallTime now, std::string& out) {
  JsonWriter json;
  json.open_object();
  json.name("url").text(kept.entry->url);
  basics(json, kept, now);
  json.close_object();
  out.append(json.written()).append("\n");
}

std::string cache_entry_json(std::string_view key, const std::vector<Kept>& kept, WallTime now) {
  JsonWriter json;
  json.open_object();
  json.name("url").text(key);
  json.name("variants").open_list();
  for (const Kept& each : kept) {
    variant(json, each, now);
  }
  json.close_list();
  json.close_object();
  return json.written() + "\n";
}

std::string cache_why_json(std::string_view key, const std::vector<Kept>& kept,
                           const std::optional<store::RecentReasons::Noted>& noted, WallTime now) {
  std::vector<store::EntryPtr> entries;
  for (const Kept& each : kept) {
    entries.push_back(each.entry);
  }
  const store::Outlook outlook = store::outlook(entries, now);
  JsonWriter json;
  json.open_object();
  json.name("url").text(key);
  json.name("variants").number(kept.size());
  json.name("answer").text(word(outlook.what));
  reason(json, outlook.reason);
  if (outlook.what != store::Outlook::What::Fetch) {
    json.name("entry").open_object();
    basics(json, kept[outlook.entry], now);
    json.close_object();
  }
  json.name("not_stored");
  if (noted && kept.empty()) {
    json.open_object();
    whole(json, "at", noted->at.us / kSecond);
    whole(json, "seconds_ago", (now.us - noted->at.us) / kSecond);
    reason(json, noted->reason);
    json.close_object();
  } else {
    json.null();
  }
  json.close_object();
  return json.written() + "\n";
}

std::string cache_purged_json(const store::Purged& purged, bool dry) {
  JsonWriter json;
  json.open_object();
  json.name("dry_run").flag(dry);
  json.name("urls").number(purged.urls);
  json.name("in_memory").number(purged.in_memory);
  json.name("on_disk").number(purged.on_disk);
  json.close_object();
  return json.written() + "\n";
}

}  // namespace weir::admin
