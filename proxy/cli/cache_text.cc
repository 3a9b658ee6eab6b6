// SPDX-License-Identifier: Apache-2.0
//
// See cache_text.h.
#include "proxy/cli/cache_text.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "proxy/cli/json_reader.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/status_text.h"
#include "proxy/cli/time_text.h"

namespace weir::cli {
namespace {

constexpr std::size_t kLabelWidth = 16;

// A small document, whole.
struct Json {
  std::string text;                // of a text, fit for a terminal; else as it is written
  std::vector<std::string> names;  // of an object's members
  std::vector<Json> items;         // of an object or a list

  const Json& at(std::string_view name) const {
    static const Json none{"null", {}, {}};
    for (std::size_t n = 0; n < names.size(); ++n) {
      if (names[n] == name) {
        return items[n];
      }
    }
    return none;
  }
  bool null() const { return text == "null" && items.empty(); }
  double number() const { return std::strtod(text.c_str(), nullptr); }
  std::uint64_t whole() const { return std::strtoull(text.c_str(), nullptr, 10); }
  std::string count() const { return grouped(whole()); }
  std::string count(std::string_view word) const { return counted(whole(), word); }
};

bool read(JsonReader& reader, Json& into) {
  switch (reader.kind()) {
    case '{':
      return reader.members([&](std::string_view name) {
        into.names.emplace_back(name);
        return read(reader, into.items.emplace_back());
      });
    case '[':
      return reader.items([&] { return read(reader, into.items.emplace_back()); });
    case '"': {
      const auto text = reader.text();
      into.text = text ? printable(*text) : "";
      return text.has_value();
    }
    default: {
      const auto raw = reader.raw();
      into.text = raw ? std::string(*raw) : "";
      return raw.has_value();
    }
  }
}

std::optional<Json> document(std::string_view text) {
  Arena arena;
  JsonReader reader(text, arena);
  Json out;
  const bool good = read(reader, out) && reader.finished();
  return good ? std::optional(std::move(out)) : std::nullopt;
}

std::string row(std::string_view label, const std::string& value) {
  return padded(label, kLabelWidth) + value + "\n";
}

std::string share(double part, double rest) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", part + rest > 0 ? 100 * part / (part + rest) : 0);
  return text;
}

std::string freshness_text(const Json& entry) {
  const double ttl = entry.at("ttl").number();
  return rough_length(entry.at("age").number()) + " old, " +
         (ttl > 0 ? "fresh for " + rough_length(ttl) : "stale since " + rough_length(-ttl));
}

std::string where_text(const Json& entry) {
  const std::string& tier = entry.at("tier").text;
  return tier == "both" ? "memory and disk" : tier;
}

std::string joined(const Json& list) {
  std::string out;
  for (const Json& each : list.items) {
    out += (out.empty() ? "" : ", ") + each.text;
  }
  return out;
}

// One line of a variant text for each field: "+value" or "-".
std::string variant_rows(const Json& variant) {
  if (variant.at("vary").null()) {
    return {};
  }
  return row("  for", variant.at("vary").text + " = " + variant.at("variant").text);
}

std::string variant_text(const Json& variant) {
  std::string out = row(variant.at("status").text, freshness_text(variant));
  out += variant_rows(variant);
  out += row("  why", variant.at("sentence").text);
  out += row("  lifetime", rough_length(variant.at("lifetime").number()) + ", from " +
                               variant.at("lifetime_from").text);
  if (const auto directives = joined(variant.at("directives")); !directives.empty()) {
    out += row("  directives", directives);
  }
  for (const auto& [label, name] :
       {std::pair{"  ETag", "etag"}, std::pair{"  Last-Modified", "last_modified"}}) {
    out += variant.at(name).null() ? "" : row(label, " " + variant.at(name).text);
  }
  if (const auto tags = joined(variant.at("tags")); !tags.empty()) {
    out += row("  tags", tags);
  }
  const bool complete = variant.at("complete").text == "true";
  out += row("  bytes", variant.at("size").count() +
                            (complete ? "" : " of " + variant.at("length").count()) + ", in " +
                            where_text(variant) + ", " + variant.at("hits").count() + " hits");
  for (const Json& field : variant.at("fields").items) {
    out += "    " + field.text + "\n";
  }
  return out;
}

std::string answer_text(const Json& why) {
  const std::string& answer = why.at("answer").text;
  const std::string from = "from " + where_text(why.at("entry"));
  return answer == "hit"                ? "answered " + from
         : answer == "hit_and_validate" ? "answered " + from + ", and validated meanwhile"
         : answer == "validate"         ? "the origin is asked whether what is stored is current"
                                        : "fetched from the origin";
}

std::string entries_text(const Json& number) {
  return number.count() + (number.whole() == 1 ? " entry" : " entries");
}

std::string disk_rows(const Json& disk) {
  if (disk.null()) {
    return row("disk", "off");
  }
  std::string out =
      row("disk", entries_text(disk.at("entries")) + ", " + bytes_text(disk.at("bytes").number()) +
                      "; index " + bytes_text(disk.at("index_bytes").number()) + ", rebuilt in " +
                      disk.at("start_seconds").text + " s");
  return out + row("", disk.at("written").count() + " written, " + disk.at("evicted").count() +
                           " evicted, " + disk.at("dropped").count() + " not written, " +
                           disk.at("corrupt").count() + " found corrupt");
}

}  // namespace

std::optional<std::string> cache_stats_text(std::string_view json) {
  const auto stats = document(json);
  if (!stats) {
    return std::nullopt;
  }
  const Json& memory = stats->at("memory");
  const Json& found = memory.at("found");
  const Json& not_found = memory.at("not_found");
  return row("memory", entries_text(memory.at("entries")) + " of " +
                           memory.at("urls").count("URL") + ", " +
                           bytes_text(memory.at("bytes").number()) + " of " +
                           bytes_text(memory.at("limit").number())) +
         row("", found.count() + " look-ups found something, " + not_found.count() +
                     " nothing: " + share(found.number(), not_found.number())) +
         row("", memory.at("evicted").count("URL") + " evicted") + disk_rows(stats->at("disk"));
}

std::optional<std::string> cache_entry_text(std::string_view json) {
  const auto entry = document(json);
  if (!entry) {
    return std::nullopt;
  }
  std::string out = entry->at("url").text + "\n";
  for (const Json& variant : entry->at("variants").items) {
    out += "\n" + variant_text(variant);
  }
  return out;
}

std::optional<std::string> cache_why_text(std::string_view json) {
  const auto why = document(json);
  if (!why) {
    return std::nullopt;
  }
  std::string out = why->at("url").text + "\n";
  out += row("a plain GET", answer_text(*why));
  out += row("because", why->at("sentence").text + " [" + why->at("reason").text + "]");
  if (const Json& entry = why->at("entry"); !entry.null()) {
    out += row("what is stored", entry.at("status").text + ", " + freshness_text(entry));
  }
  if (const Json& last = why->at("not_stored"); !last.null()) {
    out += row("the last answer", last.at("sentence").text + " [" + last.at("reason").text + "], " +
                                      rough_length(last.at("seconds_ago").number()) + " ago");
  }
  return out;
}

std::optional<std::string> cache_purged_text(std::string_view json) {
  const auto purged = document(json);
  if (!purged) {
    return std::nullopt;
  }
  const bool dry = purged->at("dry_run").text == "true";
  return std::string(dry ? "would forget " : "forgot ") + purged->at("urls").count("URL") + ": " +
         purged->at("in_memory").count() + " in memory, " + purged->at("on_disk").count() +
         " on disk\n";
}

std::string cache_list_heading() {
  return "status      size       age       ttl  tier      hits  URL\n";
}

std::optional<std::string> cache_list_text(std::string_view line) {
  const auto entry = document(line);
  if (!entry) {
    return std::nullopt;
  }
  const double ttl = entry->at("ttl").number();
  return right(entry->at("status").text, 6) + right(bytes_text(entry->at("size").number()), 11) +
         right(rough_length(entry->at("age").number()), 10) +
         right(ttl > 0 ? rough_length(ttl) : "stale", 10) + "  " +
         padded(entry->at("tier").text, 6) + right(entry->at("hits").count(), 8) + "  " +
         entry->at("url").text + "\n";
}

}  // namespace weir::cli
