// SPDX-License-Identifier: Apache-2.0
//
// How ends.h learns what an expression begins and ends with. It is read as a sequence of runs: a
// group becomes one run of all bytes it may hold. This, and what joined() does to them, only ever
// lets more texts through.
#include <algorithm>
#include <optional>

#include "filters/adblock/ends.h"
#include "filters/adblock/outline.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

constexpr std::size_t kReadMost = 64;  // runs of one expression
constexpr std::size_t kKeptMost = 16;  // of them at each end, if RE2 has the last word
constexpr int kDepthMost = 20;

// Reads as far as it understands.
class EndsReader {
 public:
  EndsReader(std::string_view text, bool ignore_case) : text_(text), fold_(ignore_case) {}

  Ends read();

 private:
  // One run more, if it is understood; a run of nothing for an assertion.
  std::optional<ByteRun> unit();
  std::optional<ByteRun> single(char c);
  std::optional<ByteRun> nested();
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
  bool to_end_ = text_.ends_with('$') && !text_.ends_with("\\$");
  bool exact_ = true;  // what was read says all that the expression does
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
bool EndsReader::escape(ByteSet& set, bool in_brackets) {
  if (!more()) {
    return false;
  }
  const char c = text_[at_++];
  if (add_named(set, c)) {
    exact_ = exact_ && c >= 'a';  // the others have cases of their own
    return true;
  }
  if (is(c, kAlpha) || is(c, kDigit) || (in_brackets && at('-'))) {
    return false;  // a range from it, too, is left
  }
  set.add(static_cast<unsigned char>(c));
  return true;
}

// "c" or "c-d" inside brackets.
bool EndsReader::range(ByteSet& set) {
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

std::optional<ByteRun> EndsReader::brackets() {
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
  exact_ = !(fold_ && out.set.blur()) && exact_;
  return out;
}

// Behind "(": all that may be inside, in any order.
std::optional<ByteRun> EndsReader::group() {
  exact_ = false;
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
    branch.add(*one);
  }
}

// Up to four digits, the first no needless zero: RE2 takes others for text.
std::optional<unsigned> EndsReader::number() {
  const auto begin = at_;
  unsigned out = 0;
  for (; more() && is(text_[at_], kDigit) && at_ < begin + 5; ++at_) {
    out = out * 10 + static_cast<unsigned>(text_[at_] - '0');
  }
  const auto digits = at_ - begin;
  const bool plain = digits == 1 || (digits > 1 && digits < 5 && text_[begin] != '0');
  return plain ? std::optional(out) : std::nullopt;
}

// Behind "{". False: it is no quantity.
bool EndsReader::counts(unsigned& least, unsigned& most) {
  const auto from = number();
  if (!from) {
    return false;
  }
  least = most = *from;
  if (take(',')) {
    const auto to = at('}') ? std::optional<unsigned>(ByteRun::kNoLimit) : number();
    if (!to) {
      return false;
    }
    most = *to;
  }
  return take('}') && least <= most;
}

// How often the unit may come. False when that is not understood.
bool EndsReader::quantity(ByteRun& run) {
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
  exact_ = !take('?') && exact_;  // as few as will do: the same texts, another end
  run.repeat(least, most);
  return !more() || !quantifier(text_[at_]);
}

std::optional<ByteRun> EndsReader::nested() {
  if (depth_ == kDepthMost) {
    return std::nullopt;
  }
  ++depth_;
  const auto out = group();
  --depth_;
  return out;
}

// What is no group and no class: it is in one set.
std::optional<ByteRun> EndsReader::single(char c) {
  ByteRun out;
  if (c == '.') {
    out.set.add('\n');
    out.set.invert();
  } else if (c == '\\') {
    if (!escape(out.set, false)) {
      return std::nullopt;
    }
  } else if (quantifier(c) || c == ')' || c == '|') {
    return std::nullopt;
  } else {
    out.set.add(static_cast<unsigned char>(c));
  }
  if (fold_) {
    out.set.fold();
    exact_ = !out.set.blur() && exact_;
  }
  return out;
}

std::optional<ByteRun> EndsReader::unit() {
  const char c = text_[at_++];
  const bool assertion = c == '^' || c == '$' || (c == '\\' && (take('b') || take('B')));
  if (assertion) {
    exact_ = exact_ && (c == '^' ? at_ == 1 : c == '$' && !more() && to_end_);
    // What would repeat it may make it nothing.
    return more() && quantifier(text_[at_]) ? std::nullopt : std::optional(kNothing);
  }
  auto out = c == '(' ? nested() : c == '[' ? brackets() : single(c);
  return out && quantity(*out) ? out : std::nullopt;
}

// `complete`: nothing follows. `exact` stays if each run may take all it can.
std::vector<ByteRun> kept(std::span<const ByteRun> runs, bool& complete, bool& exact) {
  std::vector<ByteRun> out = joined(runs);
  const auto all = std::ranges::count_if(runs, [](const ByteRun& run) { return run.most > 0; });
  exact = exact && out.size() == static_cast<std::size_t>(all);
  if (!exact && out.size() > kKeptMost) {
    out.resize(kKeptMost);
    complete = false;
  }
  while (!exact && !complete && !out.empty() && out.back().least == 0) {
    out.pop_back();
  }
  return out;
}

Ends EndsReader::read() {
  const bool from_begin = text_.starts_with('^');
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
  if (!all && !runs.empty()) {
    runs.pop_back();  // a quantifier behind what was not understood may be its
  }
  const bool to_end = to_end_ && all;
  Ends out;
  out.whole = from_begin && to_end;
  out.exact = exact_ && all;
  if (from_begin) {
    out.head = kept(runs, out.whole, out.exact);
  }
  if (to_end && !out.whole) {
    bool complete = false;
    std::ranges::reverse(runs);
    out.tail = kept(runs, complete, out.exact);
  }
  out.exact = out.exact && !(out.head.empty() && out.tail.empty());
  return out;
}

}  // namespace

Ends ends_of(std::string_view expression, bool ignore_case) {
  return EndsReader(expression, ignore_case).read();
}

}  // namespace weir::adblock
