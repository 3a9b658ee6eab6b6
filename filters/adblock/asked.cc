// SPDX-License-Identifier: Apache-2.0
//
// See asked.h. What will be looked at is asked of memory some steps before, and no step hangs on a
// guess where it can be avoided: both cost more than the steps.
#include "filters/adblock/asked.h"

#include <algorithm>
#include <bit>

#include "filters/adblock/parse_options.h"
#include "proxy/base/ascii.h"
#include "proxy/base/find_pair.h"

namespace weir::adblock {
namespace {

using filters::Party;
using filters::Subject;

// Beyond so many pairs that were searched for, noting all that the URL has is less work.
constexpr unsigned kSearchesMost = 16;

// Beyond so many tokens a table tells which came before.
constexpr std::size_t kWalkMost = 48;

// Keeps each token once and marks those that came again, so that a URL of one word repeated costs
// no more than the word. A table of where a token stands among those kept, for many. Tokens that
// the index cannot tell apart count as one that came again.
class Distinct {
 public:
  Distinct(std::size_t most, Arena& arena) : kept_(arena.array<Found>(most).data()) {
    if (most > kWalkMost) {
      slots_ = std::bit_ceil(most * 2);
      table_ = arena.array<std::uint32_t>(slots_).data();
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
  auto* const tokens = arena.array<Token>(url.size() / 2 + 1).data();
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

// Parties that a filter must not be limited to; see covers_host().
Kinds forbidden_parties(const Engine& engine, const Asked& asked) {
  if (asked.host_only) {
    return engine.third_party_hosts ? kFirstOnly : kFirstOnly | kThirdOnly;
  }
  return asked.third ? kFirstOnly : kThirdOnly;
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
  const auto scheme = raw.find("://");
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

}  // namespace weir::adblock
