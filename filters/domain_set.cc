// SPDX-License-Identifier: Apache-2.0
//
// See domain_set.h. A name is hashed from its end, so that the hashes of all its parents come out
// on the way. It is cut into pieces of seven bytes wherever its labels end: the sums of all pieces
// take no branch that depends on the name, and no product waits for the one before.
#include "filters/domain_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "filters/keyed_hash.h"
#include "proxy/base/host.h"

namespace weir::filters {
namespace {

static_assert(std::endian::native == std::endian::little, "the first byte is a word's lowest");

constexpr std::size_t kPiece = 7;  // bytes that fit into one number of the hash
static_assert(kHostNameLimit / kPiece < kHashPowers);

std::uint64_t low_bytes(std::size_t count) {
  return (std::uint64_t{1} << (8 * count)) - 1;
}

// The bytes left of `end` read backwards, the last one lowest, zeros where the name has no more.
// `text` has eight bytes at least.
std::uint64_t piece_before(const char* text, std::size_t end) {
  std::uint64_t word = 0;
  const std::size_t from = std::max(end, sizeof(word)) - sizeof(word);
  std::memcpy(&word, text + from, sizeof(word));
  const std::size_t half = 4 * (sizeof(word) - (end - from));  // in two: no shift goes by 64
  return __builtin_bswap64(word) >> half >> half & low_bytes(kPiece);
}

// One bit for each byte of a piece: is it a dot?
std::uint64_t dots_of(std::uint64_t piece) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7fU;
  const std::uint64_t other = piece ^ 0x2e2e2e2e2e2e2e2eU;
  const std::uint64_t highest = ~(((other & kLow) + kLow) | other | kLow);
  return (highest >> 7) * 0x0102040810204000U >> 56;  // brings bit 8i to bit i
}

// Eight pieces of a name from its end, or all to its beginning, each with the sum of what stands
// right of it.
struct Pieces {
  static constexpr std::size_t kMost = 8;
  static constexpr std::size_t kBytes = kMost * kPiece;

  std::array<std::uint64_t, kMost> piece;
  std::array<HashSum, kMost> right;
  std::uint64_t begins;  // bit n: a suffix that has n of these bytes begins here

  // Those left of `end`. `sum` is that of what stands right of it, and then with them.
  Pieces(const char* text, std::size_t end, const std::uint64_t* powers, HashSum& sum) {
    std::uint64_t found = end < kBytes ? std::uint64_t{1} << end : 0;
    HashSum before = sum;
    const std::size_t count = std::min(end / kPiece + 1, kMost);
    for (std::size_t n = 0; n < count; ++n) {
      piece[n] = piece_before(text, end - n * kPiece);
      right[n] = before;
      found |= dots_of(piece[n]) << (kPiece * n);
      before += HashSum{piece[n]} * powers[n];
    }
    begins = found;
    sum = before;
  }

  // The hash of such a suffix. Its last number, of none to six bytes, says how many they are, and
  // no other number does; so two different names are two different sequences.
  std::uint64_t suffix(std::size_t bytes, const std::uint64_t* powers) const {
    const std::size_t n = bytes / kPiece;
    const std::size_t size = bytes % kPiece;
    const std::uint64_t last = (piece[n] & low_bytes(size)) | (size + 1) << (8 * kPiece);
    return hash_spread(hash_fold(right[n] + HashSum{last} * powers[n]));
  }
};

// Calls use(hash, where it begins) for every suffix of whole labels that has `least` bytes or more,
// the shortest first. `name` is no longer than a host may be.
template <class Use>
void each_suffix(std::string_view name, std::size_t least, Use use) {
  const std::uint64_t* powers = hash_powers().data();
  std::array<char, sizeof(std::uint64_t)> copy{};
  const char* text = name.data();
  if (name.size() < copy.size()) {
    std::ranges::copy(name, copy.begin());
    text = copy.data();
  }
  HashSum sum = 0;
  for (std::size_t end = name.size();; end -= Pieces::kBytes, powers += Pieces::kMost) {
    const Pieces pieces(text, end, powers, sum);
    const std::size_t skip = least - std::min(least, name.size() - end);
    std::uint64_t begins = skip <= Pieces::kBytes ? pieces.begins >> skip << skip : 0;
    for (; begins != 0; begins &= begins - 1) {
      const auto bytes = static_cast<std::size_t>(std::countr_zero(begins));
      use(pieces.suffix(bytes, powers), end - bytes);
    }
    if (end < Pieces::kBytes) {
      return;
    }
  }
}

bool before(const DomainSet::Entry& a, const DomainSet::Entry& b) {
  return a.hash() != b.hash() ? a.hash() < b.hash() : a.value < b.value;
}

}  // namespace

void DomainSet::Builder::add(std::string_view name, std::uint32_t value) {
  if (name.size() > kHostNameLimit) {
    return;  // no host is so long
  }
  std::uint64_t whole = 0;
  each_suffix(name, name.size(), [&whole](std::uint64_t hash, std::size_t) { whole = hash; });
  shortest_ = std::min(shortest_, name.size());
  entries_.push_back(
      {static_cast<std::uint32_t>(whole >> 32), static_cast<std::uint32_t>(whole), value});
  if (entries_.size() - list_begin_ >= settle_at_) {
    settle_list();
    settle_at_ = std::max(kSettleFirst, 2 * (entries_.size() - list_begin_));
  }
}

// Sorts what has come of the list and keeps each name once, with its least value.
void DomainSet::Builder::settle_list() {
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(list_begin_);
  std::sort(begin, entries_.end(), before);
  const auto same = [](const Entry& a, const Entry& b) { return a.hash() == b.hash(); };
  const auto end = std::unique(begin, entries_.end(), same);
  dropped_ += static_cast<std::size_t>(entries_.end() - end);
  entries_.erase(end, entries_.end());
}

std::size_t DomainSet::Builder::end_list() {
  settle_list();
  // The lists before are in order already.
  std::inplace_merge(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(list_begin_),
                     entries_.end(), before);
  list_begin_ = entries_.size();
  settle_at_ = kSettleFirst;
  return std::exchange(dropped_, 0);
}

DomainSet DomainSet::Builder::build() && {
  DomainSet set;
  end_list();
  set.entries_ = std::move(entries_);
  set.shortest_ = shortest_;
  if (set.entries_.capacity() > set.entries_.size() + set.entries_.size() / 8) {
    set.entries_.shrink_to_fit();
  }
  set.make_groups();
  return set;
}

// Four to eight names in a group, about eight bits for a name.
void DomainSet::make_groups() {
  const auto width = static_cast<unsigned>(std::bit_width(entries_.size()));
  const unsigned group_bits = width > 3 ? width - 3 : 0;
  group_shift_ = 63 - group_bits;
  groups_.resize(std::size_t{1} << group_bits);
  std::size_t next = 0;
  for (std::size_t half = 0; half < 2 * groups_.size(); ++half) {
    Group& group = groups_[half / 2];
    group.begin[half % 2] = static_cast<std::uint32_t>(next);
    for (; next < entries_.size() && entries_[next].hash() >> group_shift_ == half; ++next) {
      group.present |= bits_of(entries_[next].hash());
    }
  }
}

void DomainSet::find_suffixes(std::string_view host, bool whole_only, Suffixes& out) const {
  if (host.size() > kHostNameLimit) {
    return;
  }
  std::size_t count = 0;
  each_suffix(host, shortest_, [&](std::uint64_t hash, std::size_t at) {
    if (!whole_only || at == 0) {
      __builtin_prefetch(&group_of(hash));
      out.list[count++] = {hash, static_cast<std::uint32_t>(at)};
    }
  });
  for (std::size_t n = 0; n < count; ++n) {
    const std::uint64_t bits = bits_of(out.list[n].hash);
    if ((group_of(out.list[n].hash).present & bits) == bits) {
      __builtin_prefetch(begin_of(out.list[n].hash));
      out.list[out.count++] = out.list[n];
    }
  }
}

bool DomainSet::covers(std::string_view host, bool whole_only) const {
  bool found = false;
  each(host, whole_only, [&found](std::uint32_t, std::string_view) {
    found = true;
    return false;
  });
  return found;
}

std::size_t DomainSet::memory() const {
  return entries_.capacity() * sizeof(Entry) + groups_.capacity() * sizeof(Group);
}

}  // namespace weir::filters
