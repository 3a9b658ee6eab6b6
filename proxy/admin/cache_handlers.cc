// SPDX-License-Identifier: Apache-2.0
//
// The routes about the cache. What the disk has to say comes by Reply::later; what is long, in
// pieces.
#include <memory>
#include <string>
#include <utility>

#include "proxy/admin/cache_json.h"
#include "proxy/admin/handlers.h"

namespace weir::admin {
namespace {

using store::Scope;
using ScopeOr = tl::expected<Scope, std::string>;

constexpr std::uint64_t kListLimit = 10'000;
constexpr std::uint64_t kListMost = 1'000'000;
constexpr std::size_t kPiece = 32 * 1024;

Reply off() {
  return refuse(409, "The cache is off: cache.memory is 0.");
}

Reply made(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  return reply;
}

// The reply that `make` makes of what is pending, once it is there.
template <class T, class Make>
Reply once(store::PendingPtr<T> pending, Make make) {
  Reply reply;
  reply.later = [pending = std::move(pending), make = std::move(make)]() -> std::optional<Reply> {
    auto value = pending->take();
    return value ? std::optional<Reply>(make(std::move(*value))) : std::nullopt;
  };
  return reply;
}

// What the parameters choose; everything when there are none.
ScopeOr scope_of(const Request& request) {
  const std::pair<std::string_view, Scope::Kind> kinds[] = {{"url", Scope::Kind::Url},
                                                            {"host", Scope::Kind::Host},
                                                            {"prefix", Scope::Kind::Prefix},
                                                            {"tag", Scope::Kind::Tag}};
  ScopeOr out = Scope{};
  int chosen = 0;
  for (const auto& [name, kind] : kinds) {
    if (const auto value = request.parameter(name)) {
      out = store::make_scope(kind, *value);
      ++chosen;
    }
  }
  return chosen > 1 ? tl::unexpected(std::string("only one of url, host, prefix and tag chooses"))
                    : out;
}

// The key of the parameter `url`, or the refusal.
tl::expected<std::string, Reply> key_of(const Request& request, const AdminState& state) {
  if (state.cache == nullptr) {
    return tl::unexpected(off());
  }
  const auto scope = store::make_scope(Scope::Kind::Url, request.parameter("url").value_or(""));
  return scope ? tl::expected<std::string, Reply>(scope->text)
               : tl::unexpected(refuse(400, scope.error()));
}

// A list on its way: first what is in memory, then what the disk has said.
struct Listing {
  const store::Inventory* cache = nullptr;
  Scope scope;
  WallTime now;
  std::uint64_t left = 0;
  store::MemoryTier::Walk walk;
  std::string from_disk;
  std::size_t at = 0;  // how much of that has been given
  bool memory_done = false;

  bool more(std::string& out) {
    const auto begin = out.size();
    while (!memory_done && out.size() - begin < kPiece) {
      memory_done = !cache->list_memory(walk, scope, [&](const store::Kept& kept) {
        if (left > 0) {
          append_cache_line(kept, now, out);
          --left;
        }
      }) || left == 0;
    }
    if (!memory_done) {
      return true;
    }
    // Whole lines, as many as are left.
    const std::size_t begin_at = at;
    for (; left > 0 && at < from_disk.size() && at - begin_at < kPiece; --left) {
      at = from_disk.find('\n', at) + 1;
    }
    out.append(from_disk, begin_at, at - begin_at);
    return left > 0 && at < from_disk.size();
  }
};

}  // namespace

Reply get_cache_stats(const Request&, AdminState& state) {
  return state.cache == nullptr
             ? off()
             : made(cache_stats_json(state.cache->memory_stats(), state.cache->disk_stats()));
}

Reply get_cache_entries(const Request& request, AdminState& state) {
  if (state.cache == nullptr) {
    return off();
  }
  const auto scope = scope_of(request);
  const auto limit = request.number("limit", kListLimit, kListMost);
  if (!scope || !limit) {
    return refuse(400, scope ? "limit is a number up to 1000000." : scope.error());
  }
  const WallTime now = state.status().now;
  auto listing = std::make_shared<Listing>();
  listing->cache = state.cache;
  listing->scope = *scope;
  listing->now = now;
  listing->left = *limit;
  auto pending = state.cache->list_disk(
      *scope, static_cast<std::size_t>(*limit),
      [now](const store::Kept& kept, std::string& out) { append_cache_line(kept, now, out); });
  return once(std::move(pending), [listing](std::string text) {
    listing->from_disk = std::move(text);
    Reply reply;
    reply.media_type = "application/x-ndjson";
    reply.more = [listing](std::string& out) { return listing->more(out); };
    return reply;
  });
}

Reply get_cache_entry(const Request& request, AdminState& state) {
  const auto key = key_of(request, state);
  if (!key) {
    return key.error();
  }
  return once(state.cache->look(*key),
              [key = *key, now = state.status().now](const std::vector<store::Kept>& kept) {
                return kept.empty() ? refuse(404, "Nothing is stored under " + key + ".")
                                    : made(cache_entry_json(key, kept, now));
              });
}

Reply get_cache_why(const Request& request, AdminState& state) {
  const auto key = key_of(request, state);
  if (!key) {
    return key.error();
  }
  return once(state.cache->look(*key),
              [key = *key, noted = state.cache->last_reason(*key),
               now = state.status().now](const std::vector<store::Kept>& kept) {
                return made(cache_why_json(key, kept, noted, now));
              });
}

Reply post_cache_purge(const Request& request, AdminState& state) {
  if (state.cache == nullptr) {
    return off();
  }
  const auto scope = scope_of(request);
  if (!scope) {
    return refuse(400, scope.error());
  }
  const bool all = request.parameter("all").has_value();
  if (all != (scope->kind == Scope::Kind::All)) {
    return refuse(400, "Say what to forget: one of url, host, prefix, tag and all.");
  }
  const bool dry = request.parameter("dry_run").has_value();
  return once(state.cache->purge(*scope, dry),
              [dry](const store::Purged& purged) { return made(cache_purged_json(purged, dry)); });
}

}  // namespace weir::admin
