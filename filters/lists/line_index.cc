// SPDX-License-Identifier: Apache-2.0
//
// See line_index.h.
#include "filters/lists/line_index.h"

#include <algorithm>

#include "filters/lists/lines.h"

namespace weir::filters {
namespace {

constexpr std::uint32_t kStride = 4;
constexpr std::size_t kTextForStart = 64;  // bytes of text for each line that is kept, on average

}  // namespace

bool LineIndex::add(const List& list) {
  const auto count = static_cast<std::size_t>(std::ranges::count(list.text, '\n')) + 1;
  const std::size_t starts = std::min(count / kStride, list.text.size() / kTextForStart) + 1;
  Numbered numbered{next_, list.index, static_cast<std::uint32_t>(count / starts + 1), {}};
  numbered.starts.reserve(starts);
  Lines lines(list.text);
  while (lines.next()) {
    if ((lines.number() - 1) % numbered.stride == 0) {
      numbered.starts.push_back(static_cast<std::uint32_t>(lines.offset()));
    }
  }
  // The last number of all means "none" elsewhere.
  if (lines.number() >= UINT32_MAX - next_) {
    return false;
  }
  numbered.starts.shrink_to_fit();
  next_ += lines.number();
  lists_.push_back(std::move(numbered));
  return true;
}

const LineIndex::Numbered& LineIndex::find(std::uint32_t number) const {
  const auto behind = std::ranges::lower_bound(lists_, number, {}, &Numbered::base);
  return *(behind - 1);
}

ListHit LineIndex::hit(std::uint32_t number, std::span<const List> lists) const {
  const Numbered& numbered = find(number);
  const List& list = lists[numbered.list];
  const std::uint32_t line = number - numbered.base;
  const auto from = numbered.starts[(line - 1) / numbered.stride];
  return {list.index, line, list.name, list.text.substr(from), (line - 1) % numbered.stride};
}

std::size_t LineIndex::memory() const {
  std::size_t out = lists_.capacity() * sizeof(Numbered);
  for (const Numbered& each : lists_) {
    out += each.starts.capacity() * sizeof(std::uint32_t);
  }
  return out;
}

}  // namespace weir::filters
