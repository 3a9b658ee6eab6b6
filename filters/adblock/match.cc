// SPDX-License-Identifier: Apache-2.0
//
// Tests in the order of their cost: type and party, method, the literal at its place, then the host
// sets, and expressions last.
#include "filters/adblock/match.h"

#include <algorithm>
#include <bit>

#include "filters/adblock/parse.h"
#include "filters/adblock/parse_options.h"
#include "proxy/base/ascii.h"
#include "proxy/base/find_pair.h"

namespace weir::adblock {
namespace {

using filters::Party;
using filters::Subject;

constexpr std::size_t kTryCost = 8;  // of a filter that is looked at, besides searching

// So many filters are passed by, as of another type or party, before that is charged.
constexpr std::size_t kPassByMost = 64;

// Beyond so many pairs that were searched for, noting all that the URL has is less work.
constexpr unsigned kSearchesMost = 16;

// Beyond so many tokens a table tells which came before.
constexpr std::size_t kWalkMost = 48;

template <class T>
T* aligned(std::size_t count, Arena& arena) {
  const auto at = reinterpret_cast<std::uintptr_t>(arena.allocate((count + 1) * sizeof(T)));
  return reinterpret_cast<T*>((at + alignof(T) - 1) & ~(alignof(T) - 1));
}

// Keeps each token once and marks those that came again, so that a URL of one word repeated costs
// no more than the word. A table of where a token stands among those kept, for many. Tokens that
// the index cannot tell apart count as one that came again.
class Distinct {
 public:
  Distinct(std::size_t most, Arena& arena) : kept_(aligned<Found>(most, arena)) {
    if (most > kWalkMost) {
      slots_ = std::bit_ceil(most * 2);
      table_ = aligned<std::uint32_t>(slots_, arena);
      std::fill_n(table_, slots_, 0U);
    }
  }
  void keep(const Found& found) {
    if (Found* const same = find(found.place.slot); same != nullptr) {
      same->at |= kRepeated;
    } else {
      kept_[count_++] = found;
    }
  }
  std::span<const Found> kept() const { return {kept_, count_}; }

 private:
  // The one that was kept; if there is none, the table learns that it will be.
  Found* find(std::uint32_t place) {
    const auto bit = 1ULL << (place & 63U);
    const bool perhaps = (seen_ & bit) != 0;
    seen_ |= bit;
    if (table_ != nullptr) {
      auto slot = place & (slots_ - 1);
      for (; table_[slot] != 0; slot = (slot + 1) & (slots_ - 1)) {
        if (kept_[table_[slot] - 1].place.slot == place) {
          return &kept_[table_[slot] - 1];
        }
      }
      table_[slot] = static_cast<std::uint32_t>(count_ + 1);
      return nullptr;
    }
    for (std::size_t i = 0; perhaps && i < count_; ++i) {
      if (kept_[i].place.slot == place) {
        return &kept_[i];
      }
    }
    return nullptr;
  }

  Found* kept_;
  std::size_t count_ = 0;
  std::uint64_t seen_ = 0;
  std::size_t slots_ = 0;
  std::uint32_t* table_ = nullptr;
};

// The tokens that filters may know. What tells about them is brought nearer.
std::span<const Token> likely_tokens(const Engine& engine, std::string_view url, char* room,
                                     Arena& arena) {
  auto* const tokens = aligned<Token>(url.size() / 2 + 1, arena);
  std::size_t count = 0;
  each_token(url, room, [&](const Token& token) {
    tokens[count] = token;
    count += engine.by_token.may_hold(token.hash) ? 1U : 0U;
  });
  for (std::size_t i = 0; i < count; ++i) {
    engine.by_token.prefetch(tokens[i].hash);
  }
  return {tokens, count};
}

// Those that filters know, and where those filters lie. `text`: the URL in lower case.
std::span<const Found> find_tokens(const Engine& engine, std::span<const Token> likely,
                                   const char* text, Arena& arena) {
  Distinct found(likely.size(), arena);
  for (const Token& token : likely) {
    const Place place = engine.by_token.find(token.hash, engine.filters.data());
    if (place.purposes != 0) {
      found.keep({place, token.at, near_in(text, token)});
    }
  }
  return found.kept();
}

// A document meets a typeless filter only where its match ends with the host, "/" and port aside.
bool ends_with_host(const UrlView& url, std::size_t end) {
  return end == url.host_end || end == url.host_end + 1;
}

// Where a match ends says whether it covers the host, which is asked of filters whose types leave
// out what is asked.
bool end_matters(const Filter& filter, const Asked& asked) {
  return asked.host_only || ((filter.kinds & asked.kinds & kEveryKind) == 0 && !filter.exception);
}

// What the index has not settled: the hosts themselves.
bool party_fits(const Filter& filter, const Asked& asked) {
  return asked.host_only || filter.party < PartyLimit::SameHost ||
         asked.same_host == (filter.party == PartyLimit::SameHost);
}

// Parties that a filter must not be limited to; see covers_host().
Kinds forbidden_parties(const Engine& engine, const Asked& asked) {
  if (asked.host_only) {
    return engine.third_party_hosts ? kFirstOnly : kFirstOnly | kThirdOnly;
  }
  return asked.third ? kFirstOnly : kThirdOnly;
}

// False when the token by which the filter was found stands among other text than in its pattern.
bool may_match(const Engine& engine, const Filter& filter, const Asked& asked, std::size_t token_at,
               std::uint16_t at) {
  return token_at == kNoMatch ||
         piece_around(filter.match_case && filter.shape == Shape::Wild ? asked.raw : asked.url.text,
                      engine.text(filter.pattern_at, filter.pattern_size), at, token_at);
}

// Where the pattern's match ends.
std::size_t pattern_end(const Engine& engine, const Filter& filter, const Asked& asked,
                        std::size_t token_at, std::uint16_t at) {
  const bool wants_end = end_matters(filter, asked);
  switch (filter.shape) {
    case Shape::Any:
      return wants_end ? asked.url.host_begin : 0;
    case Shape::Host:
      return filter.is_named_one_of(asked.host.names()) ? asked.url.host_end : kNoMatch;
    case Shape::Expression: {
      const PatternView outline{engine.text(filter.pattern_at, filter.pattern_size), filter.start,
                                false, filter.end};
      std::size_t end = 0;
      return match_anywhere(asked.url, outline) != kNoMatch &&
                     engine.expressions.found(engine.limits[filter.limits].expression, asked.raw,
                                              asked.work, wants_end ? &end : nullptr)
                 ? end
                 : kNoMatch;
    }
    case Shape::Plain:
    case Shape::Wild:
      break;
  }
  UrlView url = asked.url;
  url.text = filter.match_case ? asked.raw : url.text;
  const PatternView pattern{engine.text(filter.pattern_at, filter.pattern_size), filter.start,
                            filter.host_start, filter.end};
  if (filter.shape == Shape::Plain && token_at != kNoMatch) {
    return token_at < at ? kNoMatch : match_at(url, pattern, token_at - at);
  }
  return match_anywhere(url, pattern);
}

bool method_fits(const Limits& limits, std::uint16_t method) {
  return (limits.methods == 0 || (limits.methods & method) != 0) &&
         (limits.not_methods & method) == 0;
}

bool hosts_fit(const Engine& engine, const Limits& limits, const Asked& asked) {
  return (limits.from == HostSets::kNone || asked.from_any_page ||
          engine.hosts.holds(limits.from, asked.page(), asked.work)) &&
         (limits.to == HostSets::kNone || engine.hosts.holds(limits.to, asked.host, asked.work)) &&
         (limits.denyallow == HostSets::kNone ||
          !engine.hosts.names(limits.denyallow, asked.host, asked.work));
}

// On CONNECT, type and page are not known. What blocks must do so whatever they are, so it covers
// the whole host, for its own pages as for foreign ones; what excepts needs to do so for some type
// or some party, or the host would be closed to those whom the list means it to serve. A page by
// its name is hardly the one that asks.
bool covers_host(const Engine& engine, const Filter& filter, const Limits& limits,
                 const Asked& asked) {
  const Kinds kinds = filter.kinds & kSubresources;
  const bool whole = filter.exception
                         ? kinds != 0 && filter.party != PartyLimit::FirstOtherHost
                         : kinds == kSubresources && filter.party < PartyLimit::OtherHost &&
                               (limits.from == HostSets::kNone || engine.third_party_hosts ||
                                engine.hosts.holds(limits.from, asked.host, asked.work));
  return whole && !engine.hosts.needs_one(limits.from) && limits.denyallow == HostSets::kNone &&
         limits.methods == 0 && limits.not_methods == 0 && !filter.end;
}

}  // namespace

// What is looked up was asked of memory some steps before.
void Asked::set(const Engine& engine, const Subject& subject, Arena& arena) {
  raw = subject.url;
  host.set(subject.host);
  for (std::uint32_t i = 0; i < host.names().count; ++i) {
    engine.by_host.prefetch_bits(host.names().hashes[i]);
    engine.by_host.prefetch(host.names().hashes[i]);
  }
  char* const room = arena.allocate(room_for(raw.size()));
  const auto likely = likely_tokens(engine, raw, room, arena);
  by_host.set(engine, engine.by_host, host.names());
  url.text = {room + 1, raw.size()};
  url.work = &work;
  const auto scheme = find_pair(raw, ':', '/');
  url.host_begin = scheme == std::string_view::npos ? 0 : static_cast<std::uint32_t>(scheme + 3);
  const bool brackets = url.host_begin < raw.size() && raw[url.host_begin] == '[';
  url.host_end = static_cast<std::uint32_t>(
      std::min(raw.size(), url.host_begin + subject.host.size() + (brackets ? 2 : 0)));
  const bool document = subject.kind == ResourceKind::Document;
  kinds = document ? static_cast<Kinds>(kind_bit(subject.kind) | kHostDocument)
                   : kind_bit(subject.kind);
  host_only = subject.host_only;
  kinds = host_only ? kEveryKind : kinds;
  third = subject.party == Party::Third;
  same_host = subject.host == subject.page_host;
  if (!same_host) {
    page_.set(subject.page_host);
  }
  method = method_bit(subject.method);
  forbidden = forbidden_parties(engine, *this);
  tokens = find_tokens(engine, likely, room + 1, arena);
}

void Asked::ask_about(const Engine& engine, Purpose purpose) {
  const bool some_party = host_only && purpose == Purpose::Except && !engine.third_party_hosts;
  forbidden = some_party ? Kinds{0} : forbidden_parties(engine, *this);
}

const Places& Asked::by_page(const Engine& engine) const {
  if (!has_pages_) {
    has_pages_ = true;
    pages_.set(engine, engine.by_page, page().names());
  }
  return pages_;
}

const Places& Asked::by_entity(const Engine& engine) const {
  if (!has_entities_) {
    has_entities_ = true;
    if (engine.page_entities) {
      entities_.set(engine, engine.by_page, page().entities(engine.hosts));
    }
  }
  return entities_;
}

bool Asked::may_contain(std::string_view pattern, const RarePair& pair) const {
  if (pair[0] == '\0') {
    return work.spend(1);  // it has none
  }
  if (!paired && searched_ < kSearchesMost) {
    ++searched_;
    return work.spend(1 + url.text.size() / 16) &&
           find_pair(url.text, pair[0], pair[1]) != std::string_view::npos;
  }
  const auto bit_of = [](char a, char b) {
    return (static_cast<unsigned char>(a) * 37U + static_cast<unsigned char>(b)) % 1024;
  };
  if (!paired) {
    paired = true;
    pairs.fill(0);
    for (std::size_t i = 1; i < url.text.size(); ++i) {
      const auto bit = bit_of(url.text[i - 1], url.text[i]);
      pairs[bit / 64] |= 1ULL << (bit % 64);
    }
  }
  for (std::size_t i = 1; i < pattern.size(); ++i) {
    const char a = to_lower(pattern[i - 1]);
    const char b = to_lower(pattern[i]);
    const auto bit = bit_of(a, b);
    const bool literal = a != '*' && a != '^' && b != '*' && b != '^';
    if (literal && ((pairs[bit / 64] >> (bit % 64)) & 1U) == 0) {
      work.spend(i / 2);
      return false;
    }
  }
  return work.spend(pattern.size());
}

bool matches(const Engine& engine, const Filter& filter, const Asked& asked, std::size_t token_at,
             std::uint16_t at) {
  const Limits& limits = engine.limits[filter.limits];
  if (!party_fits(filter, asked) ||
      (asked.host_only && !covers_host(engine, filter, limits, asked)) ||
      (filter.methods && !method_fits(limits, asked.method))) {
    return false;
  }
  if (filter.shape == Shape::Expression &&
      !engine.expressions.may_be_found(limits.expression, asked.raw, asked.work)) {
    return false;
  }
  const bool costly = filter.shape == Shape::Wild || filter.shape == Shape::Expression;
  if (costly &&
      (!may_match(engine, filter, asked, token_at, at) || !hosts_fit(engine, limits, asked))) {
    return false;
  }
  const auto end = pattern_end(engine, filter, asked, token_at, at);
  if (end == kNoMatch || (!costly && !hosts_fit(engine, limits, asked))) {
    return false;
  }
  if (asked.host_only) {
    return end <= asked.url.host_end + 1;
  }
  return !end_matters(filter, asked) || ends_with_host(asked.url, end);
}

bool each_match(const Engine& engine, Purpose purpose, const Asked& asked, FilterCall wants,
                FilterCall use) {
  const Rest& rest = engine.rest[static_cast<std::size_t>(purpose)];
  if ((rest.kinds & asked.kinds) == 0) {
    return false;
  }
  std::size_t passed_by = 0;  // since work was last charged
  const auto ask = [&](std::uint32_t id, bool fits, std::size_t token_at, std::uint16_t place) {
    if (!fits && passed_by < kPassByMost) {
      ++passed_by;
      return false;
    }
    asked.work.spend(1 + passed_by + fits * kTryCost);
    passed_by = 0;
    const Filter& filter = engine.filters[id];
    const bool yes =
        fits && wants(filter) && matches(engine, filter, asked, token_at, place) && use(filter);
    return yes || asked.gave_up_at(filter);
  };
  const auto plain = [&](const NameEntry& entry) {
    return ask(entry.filter, asked.fits(entry.kinds), kNoMatch, 0);
  };
  const auto under = [&](const HashIndex<NameEntry>& index, const Places& places) {
    for (std::uint32_t i = 0; i < places.count; ++i) {
      if (index.each(places.list[i], purpose, plain)) {
        return true;
      }
    }
    return false;
  };
  if (under(engine.by_host, asked.by_host)) {
    return true;
  }
  for (const Found& token : asked.tokens) {
    const bool once = (token.at & kRepeated) == 0;
    const auto at = once ? token.at : kNoMatch;
    const auto by_token = [&](const TokenEntry& entry) {
      const bool fits = static_cast<unsigned>(asked.fits(entry.kinds)) &
                        static_cast<unsigned>(!once | entry.may_be_near(token.near));
      return ask(entry.filter, fits, at, entry.place());
    };
    if (engine.by_token.each(token.place, purpose, by_token)) {
      return true;
    }
  }
  if (!asked.host_only && (under(engine.by_page, asked.by_page(engine)) ||
                           under(engine.by_page, asked.by_entity(engine)))) {
    return true;
  }
  for (const auto& entry : rest.always) {
    const Filter& filter = engine.filters[entry.filter];
    const bool yes =
        asked.work.spend(2) && asked.fits(entry.kinds) &&
        asked.may_contain(engine.text(filter.pattern_at, filter.pattern_size), entry.pair) &&
        ask(entry.filter, true, kNoMatch, 0);
    if (yes || asked.gave_up_at(filter)) {
      return true;
    }
  }
  return false;
}

}  // namespace weir::adblock
