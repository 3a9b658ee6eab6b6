// SPDX-License-Identifier: Apache-2.0
//
// A Rewriter at work on one body. Positions are offsets into the whole body; a buffer holds those
// bytes from the one before `pos_` (which \b and (?m)^ look at) to `have_`. Every rule says either
// where its next match begins or up to where none begins; the smallest of these is how far the body
// is decided. What is found depends on positions only, never on how the input was cut.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "filters/body/rewrite_rules.h"

namespace weir::filters {
namespace {

constexpr std::size_t kBufferLeast = 16 * 1024;
// Then somebody else's turn: one decision may cost a look through two windows.
constexpr unsigned kDecisionsPerStep = 32;

// What is known of a rule's next match at or behind a position.
struct Outlook {
  bool found = false;
  std::uint64_t at = 0;     // found: where it begins ...
  std::uint64_t end = 0;    // ... and ends
  std::uint64_t clear = 0;  // none begins before this
  std::uint64_t seen = 0;   // literals: have_ when that was found out
};

class Rewriting final : public BodyStage {
 public:
  Rewriting(std::shared_ptr<const Rewriter> owner, const Rewriter::Compiled& compiled,
            const RewriteLimits& limits)
      : owner_(std::move(owner)),
        rules_(compiled.rules),
        window_(std::max(limits.window, Rewriter::kWindowLeast)),
        growth_(limits.growth),
        outlooks_(compiled.rules.size()) {
    const std::size_t blocks = compiled.has_expressions ? 2 * window_ + 2 : 0;
    buffer_.resize(std::max({blocks, 4 * compiled.longest_literal, kBufferLeast}));
  }

  BodyFlow step(std::string_view in, bool last, std::span<char> to) override;
  bool busy() const override { return busy_; }
  bool over() const override { return ended_ && pos_ == have_; }
  BodyTrouble trouble() const override { return trouble_; }

 private:
  std::size_t fill(std::string_view in);
  std::size_t emit(std::span<char> to);
  std::size_t emit_replacement(std::span<char> to);
  bool decide();
  void begin_match(std::size_t rule);
  void look(std::size_t index);
  void look_for_literal(const std::string& literal, Outlook& out);
  void look_for_expression(const RE2& expression, Outlook& out);
  std::uint64_t partial_literal(const std::string& literal, std::uint64_t from) const;
  std::uint64_t view_end(std::uint64_t at) const { return (at / window_ + 2) * window_; }
  std::string_view bytes(std::uint64_t from, std::uint64_t to) const {
    return {buffer_.data() + (from - base_), static_cast<std::size_t>(to - from)};
  }

  const std::shared_ptr<const Rewriter> owner_;
  const std::vector<RewriteRule>& rules_;
  const std::size_t window_;
  const std::uint64_t growth_;

  std::vector<char> buffer_;
  std::uint64_t base_ = 0;   // position of buffer_[0]
  std::uint64_t pos_ = 0;    // everything before is done
  std::uint64_t clear_ = 0;  // no match begins in [pos_, clear_)
  std::uint64_t have_ = 0;   // end of what has come
  bool ended_ = false;       // nothing follows have_

  std::vector<Outlook> outlooks_;
  const RewriteRule* matched_ = nullptr;  // its match begins at clear_
  std::uint64_t match_end_ = 0;
  std::array<std::string_view, kGroupsMost + 1> groups_;  // of the match, inside the buffer
  std::size_t piece_ = 0;                                 // of the replacement, being written
  std::size_t piece_done_ = 0;                            // bytes of it written

  std::uint64_t made_ = 0;
  bool busy_ = false;
  BodyTrouble trouble_ = BodyTrouble::None;
};

BodyFlow Rewriting::step(std::string_view in, bool last, std::span<char> to) {
  BodyFlow flow;
  busy_ = false;
  for (unsigned decisions = 0; trouble_ == BodyTrouble::None; ++decisions) {
    flow.made += emit(to.subspan(flow.made));
    if (flow.made == to.size() || trouble_ != BodyTrouble::None) {
      break;
    }
    if (decisions == kDecisionsPerStep) {
      busy_ = true;
      break;
    }
    if (decide()) {
      continue;
    }
    const std::size_t taken = fill(in.substr(flow.used));
    flow.used += taken;
    const bool ends = last && !ended_ && flow.used == in.size();
    ended_ = ended_ || ends;
    if (taken == 0 && !ends) {
      break;
    }
  }
  return flow;
}

// Copies as much as there is room for. Only called when no match is being replaced.
std::size_t Rewriting::fill(std::string_view in) {
  const std::size_t held = static_cast<std::size_t>(have_ - base_);
  if (in.size() > buffer_.size() - held) {
    const std::uint64_t keep = pos_ == 0 ? 0 : pos_ - 1;
    std::memmove(buffer_.data(), buffer_.data() + (keep - base_),
                 static_cast<std::size_t>(have_ - keep));
    base_ = keep;
  }
  const auto at = static_cast<std::size_t>(have_ - base_);
  const std::size_t n = std::min(in.size(), buffer_.size() - at);
  if (n > 0) {
    std::memcpy(buffer_.data() + at, in.data(), n);
    have_ += n;
  }
  return n;
}

std::size_t Rewriting::emit(std::span<char> to) {
  const std::string_view plain = bytes(pos_, clear_).substr(0, to.size());
  if (!plain.empty()) {
    std::memcpy(to.data(), plain.data(), plain.size());
  }
  pos_ += plain.size();
  made_ += plain.size();
  std::size_t done = plain.size();
  if (matched_ != nullptr && pos_ == clear_) {
    done += emit_replacement(to.subspan(done));
  }
  return done;
}

std::size_t Rewriting::emit_replacement(std::span<char> to) {
  std::size_t done = 0;
  for (; piece_ < matched_->with.size(); ++piece_, piece_done_ = 0) {
    const ReplacementPiece& piece = matched_->with[piece_];
    const std::string_view whole = piece.group < 0 ? std::string_view(piece.text)
                                                   : groups_[static_cast<std::size_t>(piece.group)];
    const std::string_view rest = whole.substr(piece_done_).substr(0, to.size() - done);
    if (!rest.empty()) {
      std::memcpy(to.data() + done, rest.data(), rest.size());
    }
    done += rest.size();
    made_ += rest.size();
    piece_done_ += rest.size();
    if (made_ > match_end_ && made_ - match_end_ > growth_) {
      trouble_ = BodyTrouble::TooMuchNew;
      return done;
    }
    if (piece_done_ < whole.size()) {
      return done;
    }
  }
  matched_ = nullptr;
  pos_ = clear_ = match_end_;
  return done;
}

// Finds out how far the body is decided. False when that is no further than it was.
bool Rewriting::decide() {
  if (pos_ == have_) {
    return false;
  }
  std::uint64_t bound = have_;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    look(i);
    const Outlook& outlook = outlooks_[i];
    bound = std::min(bound, outlook.found ? outlook.at : outlook.clear);
  }
  clear_ = bound;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const Outlook& outlook = outlooks_[i];
    if (outlook.found && outlook.at == bound) {
      begin_match(i);
      return true;
    }
    if (!outlook.found && outlook.clear == bound) {
      break;  // this rule comes first, and it may yet match here
    }
  }
  return clear_ > pos_;
}

void Rewriting::begin_match(std::size_t index) {
  matched_ = &rules_[index];
  match_end_ = outlooks_[index].end;
  piece_ = piece_done_ = 0;
  groups_[0] = bytes(clear_, match_end_);
  if (matched_->groups == 0) {
    return;
  }
  const re2::StringPiece text(buffer_.data(), static_cast<std::size_t>(have_ - base_));
  std::array<re2::StringPiece, kGroupsMost + 1> found;
  matched_->expression->Match(text, static_cast<std::size_t>(clear_ - base_),
                              static_cast<std::size_t>(std::min(view_end(clear_), have_) - base_),
                              RE2::ANCHOR_START, found.data(), matched_->groups + 1);
  for (std::size_t i = 1; i <= static_cast<std::size_t>(matched_->groups); ++i) {
    groups_[i] = {found[i].data(), found[i].size()};
  }
}

void Rewriting::look(std::size_t index) {
  Outlook& outlook = outlooks_[index];
  if (outlook.found && outlook.at >= pos_) {
    return;
  }
  outlook.found = false;
  const RewriteRule& rule = rules_[index];
  if (rule.expression == nullptr) {
    look_for_literal(rule.literal, outlook);
  } else {
    look_for_expression(*rule.expression, outlook);
  }
}

void Rewriting::look_for_literal(const std::string& literal, Outlook& out) {
  if (out.clear >= pos_ && out.seen == have_ && !ended_) {
    return;
  }
  const std::uint64_t from = std::max(pos_, out.clear);
  out.seen = have_;
  out.clear = have_;
  const std::string_view text = bytes(from, have_);
  const void* const hit = ::memmem(text.data(), text.size(), literal.data(), literal.size());
  if (hit != nullptr) {
    out.found = true;
    out.at = from + static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
    out.end = out.at + literal.size();
    out.clear = out.at;
  } else if (!ended_) {
    out.clear = partial_literal(literal, from);
  }
}

// Where the bytes that have come may end in the beginning of the literal; have_ if they cannot.
std::uint64_t Rewriting::partial_literal(const std::string& literal, std::uint64_t from) const {
  std::string_view tail = bytes(from, have_);
  if (tail.size() >= literal.size()) {
    tail.remove_prefix(tail.size() - literal.size() + 1);
  }
  for (;;) {
    tail.remove_prefix(std::min(tail.find(literal.front()), tail.size()));
    if (tail.empty() || literal.starts_with(tail)) {
      return have_ - tail.size();
    }
    tail.remove_prefix(1);
  }
}

void Rewriting::look_for_expression(const RE2& expression, Outlook& out) {
  if (out.clear > pos_) {
    return;
  }
  out.clear = pos_;
  const std::uint64_t next_block = (pos_ / window_ + 1) * window_;
  const std::uint64_t end = std::min(view_end(pos_), have_);
  if (!ended_ && have_ <= view_end(pos_)) {
    return;  // one byte more, for \b and $
  }
  const re2::StringPiece text(buffer_.data(), static_cast<std::size_t>(have_ - base_));
  for (std::uint64_t from = pos_; from < std::min(next_block, end); ++from) {
    re2::StringPiece match;
    if (!expression.Match(text, static_cast<std::size_t>(from - base_),
                          static_cast<std::size_t>(end - base_), RE2::UNANCHORED, &match, 1)) {
      break;
    }
    from = base_ + static_cast<std::size_t>(match.data() - text.data());
    if (from >= next_block) {
      break;
    }
    if (!match.empty()) {
      out.found = true;
      out.at = from;
      out.end = from + match.size();
      return;
    }
  }
  out.clear = std::min(next_block, have_);
}

}  // namespace

std::unique_ptr<BodyStage> Rewriter::start(const RewriteLimits& limits) const {
  return std::make_unique<Rewriting>(shared_from_this(), *compiled_, limits);
}

}  // namespace weir::filters
