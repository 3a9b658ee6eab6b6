// SPDX-License-Identifier: Apache-2.0
//
// An expression is read as a sequence of runs: a group becomes one run of all bytes it may hold. A
// run of no fixed length takes all it can; so that this is right, it is made one with what follows
// when both may hold the same byte. Each of these steps only ever lets more texts through.
#include "filters/adblock/ends.h"

#include <algorithm>
#include <optional>

#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

constexpr std::size_t kReadMost = 64;  // runs of one expression
constexpr std::size_t kKeptMost = 16;  // of them at each end
constexpr int kDepthMost = 20;
constexpr std::array<std::string_view, 2> kSchemes{"http://", "https://"};
constexpr std::uint8_t kOther = UINT8_MAX;  // no text with that scheme will do
constexpr std::size_t kSetsMost = 256;      // of all expressions together; found one by one

std::uint16_t plus(unsigned a, unsigned b) {
  return static_cast<std::uint16_t>(std::min<unsigned>(a + b, ByteRun::kNoLimit));
}
std::uint16_t times(unsigned a, unsigned b) {
  return static_cast<std::uint16_t>(std::min<unsigned>(a * b, ByteRun::kNoLimit));
}

// Reads as far as it understands.
class Reader {
 public:
  Reader(std::string_view text, bool ignore_case) : text_(text), fold_(ignore_case) {}

  Ends read();

 private:
  // One run more, if it is understood; a run of nothing for an assertion.
  std::optional<ByteRun> unit();
  std::optional<ByteRun> group();
  std::optional<ByteRun> brackets();
  bool range(ByteSet& set);
  bool escape(ByteSet& set, bool in_brackets);
  bool quantity(ByteRun& run);
  bool counts(unsigned& least, unsigned& most);
  std::optional<unsigned> number();
  bool more() const { return at_ < text_.size(); }
  bool at(char c) const { return more() && text_[at_] == c; }
  bool take(char c) {
    const bool yes = at(c);
    at_ += yes ? 1U : 0U;
    return yes;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool fold_;
  int depth_ = 0;
};

constexpr ByteRun kNothing{{}, 0, 0};

bool add_named(ByteSet& set, char name) {
  ByteSet named;
  switch (to_lower(name)) {
    case 'd':
      named.add('0', '9');
      break;
    case 'w':
      named.add('0', '9');
      named.add('a', 'z');
      named.add('A', 'Z');
      named.add('_');
      break;
    case 's':
      for (const char c : std::string_view("\t\n\f\r ")) {
        named.add(static_cast<unsigned char>(c));
      }
      break;
    default:
      return false;
  }
  if (name < 'a') {
    named.invert();
  }
  set.add(named);
  return true;
}

// Behind the backslash.
bool Reader::escape(ByteSet& set, bool in_brackets) {
  if (!more()) {
    return false;
  }
  const char c = text_[at_++];
  if (add_named(set, c)) {
    return true;
  }
  if (is(c, kAlpha) || is(c, kDigit) || (in_brackets && at('-'))) {
    return false;  // a range from it, too, is left
  }
  set.add(static_cast<unsigned char>(c));
  return true;
}

// "c" or "c-d" inside brackets.
bool Reader::range(ByteSet& set) {
  const char from = text_[at_++];
  if (from == '\\') {
    return escape(set, true);
  }
  if (from == '[' && at(':')) {
    return false;
  }
  char to = from;
  if (at('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
    to = text_[at_ + 1];
    at_ += 2;
    if (to == '\\' || to == '[' ||
        static_cast<unsigned char>(to) < static_cast<unsigned char>(from)) {
      return false;
    }
  }
  set.add(static_cast<unsigned char>(from), static_cast<unsigned char>(to));
  return true;
}

std::optional<ByteRun> Reader::brackets() {
  ByteRun out;
  const bool negated = take('^');
  bool first = true;
  while (first || !at(']')) {
    if (!more() || !range(out.set)) {
      return std::nullopt;
    }
    first = false;
  }
  ++at_;
  if (fold_) {
    out.set.fold();
  }
  if (negated) {
    out.set.invert();
  }
  return out;
}

// Behind "(": all that may be inside, in any order.
std::optional<ByteRun> Reader::group() {
  if (take('?') && !take(':')) {
    return std::nullopt;
  }
  ByteRun out{{}, ByteRun::kNoLimit, 0};
  ByteRun branch = kNothing;
  for (;;) {
    if (!more()) {
      return std::nullopt;
    }
    const bool end = take(')');
    if (end || take('|')) {
      out.least = std::min(out.least, branch.least);
      out.most = std::max(out.most, branch.most);
      branch = kNothing;
      if (end) {
        return out;
      }
      continue;
    }
    const auto one = unit();
    if (!one) {
      return std::nullopt;
    }
    out.set.add(one->set);
    branch.least = plus(branch.least, one->least);
    branch.most = plus(branch.most, one->most);
  }
}

std::optional<unsigned> Reader::number() {
  const auto begin = at_;
  unsigned out = 0;
  for (; more() && is(text_[at_], kDigit); ++at_) {
    out = std::min(out * 10 + static_cast<unsigned>(text_[at_] - '0'), 10'000U);
  }
  return at_ > begin ? std::optional(out) : std::nullopt;
}

// Behind "{". False: it is no quantity.
bool Reader::counts(unsigned& least, unsigned& most) {
  const auto from = number();
  if (!from) {
    return false;
  }
  least = most = *from;
  if (take(',')) {
    most = number().value_or(ByteRun::kNoLimit);
  }
  return take('}') && least <= most;
}

// How often the unit may come. False when that is not understood.
bool Reader::quantity(ByteRun& run) {
  unsigned least = 1;
  unsigned most = 1;
  if (take('*')) {
    least = 0;
    most = ByteRun::kNoLimit;
  } else if (take('+')) {
    most = ByteRun::kNoLimit;
  } else if (take('?')) {
    least = 0;
  } else if (take('{')) {
    if (!counts(least, most)) {
      return false;
    }
  } else {
    return true;
  }
  take('?');  // as few as will do: the same texts
  run.least = times(run.least, least);
  run.most = times(run.most, most);
  return !at('*') && !at('+') && !at('?') && !at('{');
}

std::optional<ByteRun> Reader::unit() {
  std::optional<ByteRun> out = ByteRun{};
  const char c = text_[at_++];
  if (c == '(') {
    if (depth_ == kDepthMost) {
      return std::nullopt;
    }
    ++depth_;
    out = group();
    --depth_;
  } else if (c == '[') {
    out = brackets();
  } else if (c == '.') {
    out->set.invert();
  } else if (c == '^' || c == '$' || (c == '\\' && (take('b') || take('B')))) {
    out = kNothing;
  } else if (c == '\\') {
    if (!escape(out->set, false)) {
      return std::nullopt;
    }
  } else if (c == '*' || c == '+' || c == '?' || c == '{' || c == ')' || c == '|') {
    return std::nullopt;
  } else {
    out->set.add(static_cast<unsigned char>(c));
  }
  if (!out || !quantity(*out)) {
    return std::nullopt;
  }
  if (fold_ && c != '[' && c != '(') {
    out->set.fold();  // inside those it has been done
  }
  return out;
}

bool varies(const ByteRun& run) {
  return run.least != run.most;
}

// Puts a run behind the others, made one with those that could take its bytes.
void join(std::vector<ByteRun>& runs, ByteRun run) {
  for (auto i = runs.size(); i-- > 0;) {
    if (varies(runs[i]) && runs[i].set.meets(run.set)) {
      for (auto k = i; k < runs.size(); ++k) {
        run.set.add(runs[k].set);
        run.least = plus(run.least, runs[k].least);
        run.most = plus(run.most, runs[k].most);
      }
      runs.resize(i);
      i = runs.size();
    } else if (runs[i].least > 0) {
      break;
    }
  }
  runs.push_back(run);
}

// `complete`: nothing follows.
template <class From>
std::vector<ByteRun> kept(From from, From to, bool& complete) {
  std::vector<ByteRun> out;
  for (; from != to; ++from) {
    if (from->most > 0) {
      join(out, *from);
    }
  }
  if (out.size() > kKeptMost) {
    out.resize(kKeptMost);
    complete = false;
  }
  while (!complete && !out.empty() && out.back().least == 0) {
    out.pop_back();
  }
  return out;
}

Ends Reader::read() {
  const bool from_begin = text_.starts_with('^');
  bool to_end = text_.ends_with('$') && !text_.ends_with("\\$");
  std::vector<ByteRun> runs;
  bool all = true;
  while (all && more()) {
    if (at('|')) {
      return {};  // a choice between whole expressions
    }
    const auto one = runs.size() < kReadMost ? unit() : std::nullopt;
    all = one.has_value();
    if (all) {
      runs.push_back(*one);
    }
  }
  if (!all && text_.find('|', at_) != npos) {
    return {};  // it may be such a choice
  }
  to_end = to_end && all;
  Ends out;
  out.whole = from_begin && to_end;
  if (from_begin) {
    out.head = kept(runs.begin(), runs.end(), out.whole);
  }
  if (to_end && !out.whole) {
    bool complete = false;
    out.tail = kept(runs.rbegin(), runs.rend(), complete);
  }
  return out;
}

}  // namespace

void ByteSet::add(const ByteSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i] |= other.words_[i];
  }
}

void ByteSet::invert() {
  for (auto& word : words_) {
    word = ~word;
  }
}

void ByteSet::fold() {
  for (char c = 'a'; c <= 'z'; ++c) {
    const auto upper = static_cast<char>(c - 'a' + 'A');
    if (has(c) || has(upper)) {
      add(static_cast<unsigned char>(c));
      add(static_cast<unsigned char>(upper));
    }
  }
  if ((words_[2] | words_[3]) != 0) {
    words_[2] = words_[3] = ~0ULL;
  }
}

bool ByteSet::meets(const ByteSet& other) const {
  std::uint64_t both = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    both |= words_[i] & other.words_[i];
  }
  return both != 0;
}

Ends ends_of(std::string_view expression, bool ignore_case) {
  return Reader(expression, ignore_case).read();
}

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
  Entry entry{static_cast<std::uint32_t>(runs_.size()), 0, 0, ends.whole, {}};
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
    while (at < scheme.size() && at - begin < run.most && sets_[run.set].has(scheme[at])) {
      ++at;
    }
    if (at == scheme.size()) {
      return at - begin == run.most ? static_cast<std::uint8_t>(i + 1) : std::uint8_t{0};
    }
    if (at - begin < run.least) {
      return kOther;
    }
  }
  return 0;
}

void EndsTable::finish() {
  sets_.shrink_to_fit();
  runs_.shrink_to_fit();
  entries_.shrink_to_fit();
}

bool EndsTable::begins(const Entry& entry, std::string_view text) const {
  std::uint32_t i = 0;
  std::size_t at = 0;
  for (std::size_t k = 0; k < kSchemes.size(); ++k) {
    if (text.starts_with(kSchemes[k])) {
      i = entry.scheme[k];
      at = i == 0 ? 0 : kSchemes[k].size();
      break;
    }
  }
  if (i == kOther) {
    return false;
  }
  for (; i < entry.head; ++i) {
    const Run& run = runs_[entry.at + i];
    const ByteSet& set = sets_[run.set];
    const auto begin = at;
    const auto most = run.most == ByteRun::kNoLimit ? text.size() : run.most;
    while (at < text.size() && at - begin < most && set.has(text[at])) {
      ++at;
    }
    if (at - begin < run.least) {
      return false;
    }
  }
  return !entry.whole || at == text.size();
}

bool EndsTable::ends(const Entry& entry, std::string_view text) const {
  std::size_t left = text.size();
  for (std::uint32_t i = 0; i < entry.tail; ++i) {
    const Run& run = runs_[entry.at + entry.head + i];
    const ByteSet& set = sets_[run.set];
    const auto begin = left;
    const auto most = run.most == ByteRun::kNoLimit ? text.size() : run.most;
    while (left > 0 && begin - left < most && set.has(text[left - 1])) {
      --left;
    }
    if (begin - left < run.least) {
      return false;
    }
  }
  return true;
}

}  // namespace weir::adblock
