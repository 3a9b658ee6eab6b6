// SPDX-License-Identifier: Apache-2.0
//
// A set's hashes lie together, wanted ones first, each part sorted. A host asks with the hashes of
// its parents, of which there are few; small sets are walked, large ones halved.
#include "filters/adblock/host_sets.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "filters/adblock/ascii_hosts.h"
#include "filters/adblock/parse.h"
#include "filters/classify.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

constexpr std::size_t kWalkBelow = 8;

bool contains(std::span<const std::uint64_t> sorted, const Names& names) {
  for (std::uint32_t i = 0; i < names.count; ++i) {
    const auto hash = names.hashes[i];
    if (sorted.size() < kWalkBelow ? std::ranges::find(sorted, hash) != sorted.end()
                                   : std::ranges::binary_search(sorted, hash)) {
      return true;
    }
  }
  return false;
}

// The end of the entry that begins `text`: a bar, but not one inside an expression.
std::size_t entry_end(std::string_view text) {
  const std::size_t skip = text.starts_with("~") ? 1 : 0;
  std::size_t from = 0;
  if (text.substr(skip).starts_with("/")) {
    const auto close = text.find('/', skip + 1);
    from = close == npos ? 0 : close;
  }
  return std::min(text.find('|', from), text.size());
}

// As hosts are named when they are judged: addresses without brackets, names without a final dot.
std::string_view normal_name(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) {
    return name.substr(1, name.size() - 2);
  }
  return name.substr(0, name.size() - (name.ends_with('.') ? 1 : 0));
}

bool acceptable_name(std::string_view name) {
  if (name.empty()) {
    return false;
  }
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
           c == ':';
  });
}

}  // namespace

const Names& AskedHost::entities(const HostSets& sets) const {
  if (has_entity_) {
    return entities_;
  }
  has_entity_ = true;
  entities_.count = 0;
  if (sets.may_be_entity(name_)) {
    const auto domain = filters::registrable_domain(name_);
    const auto dot = domain.find('.');
    const auto tail = dot == npos ? domain.size() : domain.size() - dot;
    entities_.set(name_.substr(0, name_.size() - std::min(tail, name_.size())), kEntityStart);
  }
  return entities_;
}

bool HostSets::may_be_entity(std::string_view name) const {
  std::size_t begin = 0;
  for (auto dot = name.find('.'); dot != npos; dot = name.find('.', begin)) {
    if (entity_labels_.may_hold(name.substr(begin, dot - begin))) {
      return true;
    }
    begin = dot + 1;
  }
  return false;
}

HostSets::HostSets(Expressions& expressions) : expressions_(expressions), sets_(1) {}

// Why the entry cannot be used; null: it can.
const char* HostSets::add_expression(std::string_view entry, bool negated, Set& set) {
  const auto added = expressions_.add(entry.substr(1, entry.size() - 2), false);
  if (!added) {
    return added.error();
  }
  patterns_.push_back({*added, negated});
  ++set.expressions_count;
  set.any_yes = set.any_yes || !negated;
  set.key += filters::text_hash(entry) * (negated ? 3U : 1U);
  return nullptr;
}

const char* HostSets::add_entry(std::string_view entry, bool rich, Set& set) {
  const bool negated = entry.starts_with("~");
  entry.remove_prefix(negated ? 1 : 0);
  const bool expression = entry.size() > 2 && entry.front() == '/' && entry.back() == '/';
  if (!rich && (negated || expression)) {
    return kUnreadable;
  }
  if (expression) {
    return add_expression(entry, negated, set);
  }
  std::string name(entry);
  if (has_foreign(entry)) {
    auto ascii = ascii_name(entry);  // "name.*" keeps its star
    if (!ascii) {
      return kNoAsciiName;
    }
    name = std::move(*ascii);
  }
  std::ranges::transform(name, name.begin(), to_lower);
  const bool entity = name.ends_with(".*");
  const auto plain = normal_name(std::string_view(name).substr(0, name.size() - (entity ? 2 : 0)));
  if (!acceptable_name(plain) || (entity && !rich)) {
    return kUnreadable;
  }
  const auto hash = name_hash(plain, entity ? kEntityStart : kNameStart);
  (negated ? no_ : yes_).push_back(hash);
  if (entity) {
    entity_labels_.add(plain.substr(plain.rfind('.') + 1));
    set.entities = true;
  }
  return nullptr;
}

void HostSets::settle(Set& set) {
  for (auto* part : {&yes_, &no_}) {
    std::ranges::sort(*part);
    part->erase(std::unique(part->begin(), part->end()), part->end());
  }
  set.begin = static_cast<std::uint32_t>(hashes_.size());
  set.yes = static_cast<std::uint32_t>(yes_.size());
  set.no = static_cast<std::uint32_t>(no_.size());
  set.any_yes = set.any_yes || set.yes != 0;
  hashes_.insert(hashes_.end(), yes_.begin(), yes_.end());
  hashes_.insert(hashes_.end(), no_.begin(), no_.end());
  for (const auto hash : yes_) {
    set.key += filters::hash_spread(hash);
  }
  for (const auto hash : no_) {
    set.key += filters::hash_spread(hash) * 3;
  }
}

tl::expected<std::uint32_t, const char*> HostSets::add(std::string_view text, bool rich) {
  if (text.empty()) {
    return kNone;
  }
  const auto key = filters::text_hash(text, rich ? kNameStart : kEntityStart);
  if (const auto known = known_.find(key); known != known_.end()) {
    return known->second;
  }
  Set set;
  set.expressions = static_cast<std::uint32_t>(patterns_.size());
  yes_.clear();
  no_.clear();
  std::size_t entries = 0;
  for (bool more = true; more;) {
    const auto end = entry_end(text);
    const char* const why = ++entries > kHostEntriesMost
                                ? "more than 10000 host names in an option"
                                : add_entry(text.substr(0, end), rich, set);
    if (why != nullptr) {
      return tl::unexpected(why);
    }
    more = end < text.size();
    text.remove_prefix(more ? end + 1 : end);
  }
  settle(set);
  sets_.push_back(set);
  const auto id = static_cast<std::uint32_t>(sets_.size() - 1);
  known_.emplace(key, id);
  return id;
}

bool HostSets::has_any(std::span<const std::uint64_t> hashes, const Set& set,
                       const AskedHost& host) const {
  if (hashes.empty()) {
    return false;
  }
  return contains(hashes, host.names()) || (set.entities && contains(hashes, host.entities(*this)));
}

bool HostSets::holds(std::uint32_t id, const AskedHost& host, filters::Work& work) const {
  if (id == kNone) {
    return true;
  }
  const Set& set = sets_[id];
  if (!work.spend(cost_of(set, host))) {
    return false;
  }
  const std::span all(hashes_.data() + set.begin, set.yes + set.no);
  bool wanted = !set.any_yes || has_any(all.first(set.yes), set, host);
  if (has_any(all.subspan(set.yes), set, host)) {
    return false;
  }
  for (std::uint32_t i = 0; i < set.expressions_count; ++i) {
    const auto& pattern = patterns_[set.expressions + i];
    if ((pattern.negated || !wanted) && expressions_.found(pattern.expression, host.name(), work)) {
      if (pattern.negated) {
        return false;
      }
      wanted = true;
    }
  }
  return wanted;
}

bool HostSets::names(std::uint32_t id, const AskedHost& host, filters::Work& work) const {
  const Set& set = sets_[id];
  return work.spend(cost_of(set, host)) &&
         contains(std::span(hashes_.data() + set.begin, set.yes), host.names());
}

// Each name of the host is looked for in what is sorted.
std::size_t HostSets::cost_of(const Set& set, const AskedHost& host) {
  return host.names().count * static_cast<std::size_t>(std::bit_width(set.yes + set.no + 1U));
}

std::span<const std::uint64_t> HostSets::wanted(std::uint32_t id) const {
  const Set& set = sets_[id];
  const bool all_hashed = set.yes != 0 && set.expressions_count == 0;
  return {hashes_.data() + set.begin, all_hashed ? set.yes : 0U};
}

void HostSets::finish() {
  known_ = {};
  sets_.shrink_to_fit();
  hashes_.shrink_to_fit();
}

std::size_t HostSets::memory() const {
  return sets_.capacity() * sizeof(Set) + hashes_.capacity() * sizeof(hashes_[0]) +
         patterns_.capacity() * sizeof(Pattern);
}

}  // namespace weir::adblock
