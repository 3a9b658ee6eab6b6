// SPDX-License-Identifier: Apache-2.0
//
// Tests in the order of their cost: type and party, method, the literal at its place, then the host
// sets, and expressions last.
#include "filters/adblock/match.h"

#include "filters/adblock/parse.h"

namespace weir::adblock {
namespace {

constexpr std::size_t kTryCost = 8;  // of a filter that is looked at, besides searching

// So many filters are passed by, as of another type or party, before that is charged.
constexpr std::size_t kPassByMost = 64;

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
