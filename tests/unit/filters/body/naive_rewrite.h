// SPDX-License-Identifier: Apache-2.0
//
// What a rewritten body must be, worked out the slow way on the whole body at once: at every byte
// each rewrite in turn is tried, an expression within its block and the next. Shared by the table
// tests and the fuzzer.
#pragma once

#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/body/stage.h"
#include "filters/document.h"

namespace weir::test {

class NaiveRewriter {
 public:
  NaiveRewriter(std::span<const filters::BodyRewrite> rewrites, bool utf8 = false) {
    for (const auto& rewrite : rewrites) {
      rewrites_.push_back(rewrite);
      const RE2::Options options(utf8 ? RE2::DefaultOptions : RE2::Latin1);
      expressions_.push_back(rewrite.expression ? std::make_unique<RE2>(rewrite.find, options)
                                                : nullptr);
    }
  }

  std::string run(std::string_view body, std::size_t window) const {
    std::string out;
    for (std::size_t at = 0; at < body.size();) {
      std::size_t taken = 0;
      for (std::size_t i = 0; i < rewrites_.size() && taken == 0; ++i) {
        taken = replace(i, body, at, (at / window + 2) * window, out);
      }
      out += taken == 0 ? body.substr(at, 1) : "";
      at += std::max<std::size_t>(taken, 1);
    }
    return out;
  }

 private:
  // How long the match of rewrite `i` at `at` is; 0: none. Its replacement goes to `out`.
  std::size_t replace(std::size_t i, std::string_view body, std::size_t at, std::size_t end,
                      std::string& out) const {
    const filters::BodyRewrite& rewrite = rewrites_[i];
    if (!rewrite.expression) {
      if (body.substr(at, rewrite.find.size()) != rewrite.find) {
        return 0;
      }
      out += rewrite.with;
      return rewrite.find.size();
    }
    re2::StringPiece groups[10];
    const int count = 1 + expressions_[i]->NumberOfCapturingGroups();
    if (!expressions_[i]->Match({body.data(), body.size()}, at, std::min(end, body.size()),
                                RE2::ANCHOR_START, groups, std::min(count, 10)) ||
        groups[0].empty()) {
      return 0;
    }
    for (std::size_t c = 0; c < rewrite.with.size(); ++c) {
      if (rewrite.with[c] != '\\') {
        out += rewrite.with[c];
      } else if (rewrite.with[++c] == '\\') {
        out += '\\';
      } else {
        const auto& group = groups[rewrite.with[c] - '0'];
        out.append(group.data() == nullptr ? "" : group.data(), group.size());
      }
    }
    return groups[0].size();
  }

  std::vector<filters::BodyRewrite> rewrites_;
  std::vector<std::unique_ptr<RE2>> expressions_;
};

// Runs a body through a stage: at most `piece` bytes offered and `room` bytes taken at a time. The
// result ends where trouble began. Every piece is a copy, so that a view kept of it is noticed.
inline std::string run_stage(filters::BodyStage& stage, std::string_view body, std::size_t piece,
                             std::size_t room) {
  std::string out;
  std::vector<char> to(room);
  std::size_t at = 0;
  unsigned idle = 0;
  while (!stage.over() && stage.trouble() == filters::BodyTrouble::None && idle < 3) {
    const std::string_view next = body.substr(at, piece);
    const std::vector<char> in(next.begin(), next.end());
    const bool last = at + next.size() == body.size();
    const filters::BodyFlow flow = stage.step({in.data(), in.size()}, last, to);
    out.append(to.data(), flow.made);
    at += flow.used;
    idle = flow.used == 0 && flow.made == 0 && !stage.busy() ? idle + 1 : 0;
  }
  return out;
}

}  // namespace weir::test
