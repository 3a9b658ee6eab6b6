// SPDX-License-Identifier: Apache-2.0
//
// See byte_runs.h.
#include "filters/adblock/byte_runs.h"

namespace weir::adblock {
namespace {

std::uint16_t limited(unsigned count) {
  return static_cast<std::uint16_t>(std::min<unsigned>(count, ByteRun::kNoLimit));
}

// Puts a run behind the others.
void join(std::vector<ByteRun>& runs, ByteRun run) {
  for (auto i = runs.size(); i-- > 0;) {
    if (runs[i].varies() && runs[i].set.meets(run.set)) {
      for (auto k = i; k < runs.size(); ++k) {
        run.add(runs[k]);
      }
      runs.resize(i);
      i = runs.size();
    } else if (runs[i].least > 0) {
      break;
    }
  }
  runs.push_back(run);
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
}

bool ByteSet::blur() {
  const bool adds = (words_[2] | words_[3]) != 0 && (words_[2] & words_[3]) != ~0ULL;
  if (adds) {
    words_[2] = words_[3] = ~0ULL;
  }
  return adds;
}

bool ByteSet::meets(const ByteSet& other) const {
  std::uint64_t both = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    both |= words_[i] & other.words_[i];
  }
  return both != 0;
}

void ByteRun::add(const ByteRun& next) {
  set.add(next.set);
  least = limited(unsigned{least} + next.least);
  most = limited(unsigned{most} + next.most);
}

void ByteRun::repeat(unsigned from, unsigned to) {
  least = limited(least * from);
  most = limited(most * to);
}

std::vector<ByteRun> joined(std::span<const ByteRun> runs) {
  std::vector<ByteRun> out;
  for (const ByteRun& run : runs) {
    if (run.most > 0) {
      join(out, run);
    }
  }
  return out;
}

}  // namespace weir::adblock
