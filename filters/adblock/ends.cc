// SPDX-License-Identifier: Apache-2.0
//
// See ends.h; ends_of() is in read_ends.cc. Sets are few and shared: an expression's ends are some
// bytes.
#include "filters/adblock/ends.h"

#include <algorithm>

namespace weir::adblock {
namespace {

constexpr std::array<std::string_view, 2> kSchemes{"http://", "https://"};
constexpr std::uint8_t kOther = UINT8_MAX;  // no text with that scheme will do
constexpr std::size_t kBytesAStep = 2;      // of work
constexpr std::size_t kSetsMost = 256;      // of all expressions together; found one by one

}  // namespace

// False when there are too many sets.
bool EndsTable::add(const ByteRun& run) {
  auto known = std::ranges::find(sets_, run.set);
  if (known == sets_.end()) {
    if (sets_.size() == kSetsMost) {
      return false;
    }
    known = sets_.insert(known, run.set);
  }
  runs_.push_back({static_cast<std::uint16_t>(known - sets_.begin()), run.least, run.most});
  return true;
}

void EndsTable::add(const Ends& ends) {
  Entry entry{static_cast<std::uint32_t>(runs_.size()), 0, 0, ends.whole, ends.exact, {}};
  bool all = true;
  for (const auto& [runs, count] :
       {std::pair(&ends.head, &entry.head), {&ends.tail, &entry.tail}}) {
    for (const ByteRun& run : *runs) {
      all = all && add(run);
    }
    *count = static_cast<std::uint8_t>(runs->size());
  }
  if (!all) {
    runs_.resize(entry.at);
    entry.head = entry.tail = 0;
    entry.exact = false;
  }
  for (std::size_t i = 0; i < kSchemes.size(); ++i) {
    entry.scheme[i] = scheme_runs(entry, kSchemes[i]);
  }
  entries_.push_back(entry);
}

// How many runs end where the scheme does; 0: none can be told from what follows.
std::uint8_t EndsTable::scheme_runs(const Entry& entry, std::string_view scheme) const {
  std::size_t at = 0;
  for (std::uint8_t i = 0; i < entry.head; ++i) {
    const Run& run = runs_[entry.at + i];
    const auto begin = at;
    at = behind(run, scheme, begin);
    if (at == scheme.size()) {
      return at - begin == run.most ? static_cast<std::uint8_t>(i + 1) : std::uint8_t{0};
    }
    if (at - begin < run.least) {
      return kOther;
    }
  }
  return 0;
}

std::size_t EndsTable::memory() const {
  return sets_.capacity() * sizeof(ByteSet) + runs_.capacity() * sizeof(Run) +
         entries_.capacity() * sizeof(Entry);
}

void EndsTable::finish() {
  sets_.shrink_to_fit();
  runs_.shrink_to_fit();
  entries_.shrink_to_fit();
}

// What is behind the run's bytes, as many as there are from `at` on.
std::size_t EndsTable::behind(const Run& run, std::string_view text, std::size_t at) const {
  const ByteSet& set = sets_[run.set];
  const auto most = run.most == ByteRun::kNoLimit ? text.size() : run.most;
  const auto end = at + std::min(text.size() - at, most);
  while (at < end && set.has(text[at])) {
    ++at;
  }
  return at;
}

// The same towards the text's beginning.
std::size_t EndsTable::before(const Run& run, std::string_view text, std::size_t end) const {
  const ByteSet& set = sets_[run.set];
  const auto most = run.most == ByteRun::kNoLimit ? text.size() : run.most;
  const auto least = end - std::min(end, most);
  while (end > least && set.has(text[end - 1])) {
    --end;
  }
  return end;
}

bool EndsTable::begins(const Entry& entry, std::string_view text, filters::Work& work,
                       std::size_t* end) const {
  std::uint32_t i = 0;
  std::size_t at = 0;
  for (std::size_t k = 0; k < kSchemes.size(); ++k) {
    if (text.starts_with(kSchemes[k])) {
      i = entry.scheme[k];
      at = i == 0 ? 0 : kSchemes[k].size();
      break;
    }
  }
  bool yes = i != kOther;
  for (; yes && i < entry.head; ++i) {
    const Run& run = runs_[entry.at + i];
    const auto begin = at;
    at = behind(run, text, begin);
    yes = at - begin >= run.least;
  }
  if (end != nullptr) {
    *end = at;
  }
  return work.spend(1 + at / kBytesAStep) && yes && (!entry.whole || at == text.size());
}

bool EndsTable::ends(const Entry& entry, std::string_view text, filters::Work& work,
                     std::size_t* end) const {
  std::size_t left = text.size();
  bool yes = true;
  for (std::uint32_t i = 0; yes && i < entry.tail; ++i) {
    const Run& run = runs_[entry.at + entry.head + i];
    const auto from = left;
    left = before(run, text, from);
    yes = from - left >= run.least;
  }
  if (end != nullptr) {
    *end = text.size();
  }
  return work.spend(1 + (text.size() - left) / kBytesAStep) && yes;
}

}  // namespace weir::adblock
