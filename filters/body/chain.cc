// SPDX-License-Identifier: Apache-2.0
//
// See chain.h.
#include "filters/body/chain.h"

#include <array>
#include <utility>

namespace weir::filters {
namespace {

class Chain final : public BodyStage {
 public:
  Chain(std::unique_ptr<BodyStage> first, std::unique_ptr<BodyStage> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  BodyFlow step(std::string_view in, bool last, std::span<char> to) override {
    BodyFlow out;
    while (drain(out, to) && refill(in, last, out)) {
    }
    if (first_->over()) {
      out.used = in.size();
    }
    return out;
  }
  bool busy() const override { return second_->busy() || first_->busy(); }
  // The first one's end counts too: whether it is sound must not depend on how the input was cut.
  bool over() const override { return first_->over() && second_->over(); }
  BodyTrouble trouble() const override {
    return first_->trouble() != BodyTrouble::None ? first_->trouble() : second_->trouble();
  }

 private:
  // Lets the second stage work. True when it could do with more input.
  bool drain(BodyFlow& out, std::span<char> to) {
    for (;;) {
      if (out.made == to.size()) {
        return false;
      }
      if (second_->over()) {
        begin_ = end_;
        return !first_->over();
      }
      const std::string_view waiting(middle_.data() + begin_, end_ - begin_);
      if (waiting.empty() && !first_->over() && !second_->busy()) {
        return true;
      }
      const BodyFlow flow = second_->step(waiting, first_->over(), to.subspan(out.made));
      begin_ += flow.used;
      out.made += flow.made;
      if (second_->trouble() != BodyTrouble::None || second_->busy()) {
        return false;
      }
      if (flow.used == 0 && flow.made == 0) {
        return !first_->over();
      }
    }
  }

  // Lets the first stage work. True when that changed anything.
  bool refill(std::string_view in, bool last, BodyFlow& out) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
    }
    if (end_ == middle_.size()) {
      return false;
    }
    const BodyFlow flow = first_->step(in.substr(out.used), last, std::span(middle_).subspan(end_));
    out.used += flow.used;
    end_ += flow.made;
    if (first_->trouble() != BodyTrouble::None || first_->busy()) {
      return false;
    }
    return flow.used != 0 || flow.made != 0 || first_->over();
  }

  std::unique_ptr<BodyStage> first_;
  std::unique_ptr<BodyStage> second_;
  std::array<char, 16 * 1024> middle_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace

std::unique_ptr<BodyStage> chain(std::unique_ptr<BodyStage> first,
                                 std::unique_ptr<BodyStage> second) {
  return std::make_unique<Chain>(std::move(first), std::move(second));
}

}  // namespace weir::filters
