// SPDX-License-Identifier: Apache-2.0
//
// See line_index.h.
#include "filters/lists/line_index.h"

#include <algorithm>

#include "filters/lists/lines.h"

namespace weir::filters {
namespace {

constexpr std::uint32_t kStride = 4;

}  // namespace

bool LineIndex::add(const List& list) {
  Numbered numbered{next_, list.index, {}};
  Lines lines(list.text);
  while (lines.next()) {
    if (lines.number() % kStride == 1) {
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
  Lines rest(list.text.substr(numbered.starts[(line - 1) / kStride]));
  for (std::uint32_t n = 0; n <= (line - 1) % kStride; ++n) {
    rest.next();
  }
  return {list.index, line, list.name, rest.line()};
}

std::size_t LineIndex::memory() const {
  std::size_t out = lists_.capacity() * sizeof(Numbered);
  for (const Numbered& each : lists_) {
    out += each.starts.capacity() * sizeof(std::uint32_t);
  }
  return out;
}

}  // namespace weir::filters
