// SPDX-License-Identifier: Apache-2.0
//
// See entry.h.
#include "proxy/store/entry.h"

#include "proxy/http/parse.h"

namespace weir::store {
namespace {

// What a shared object costs beside itself: its counts, and what the allocator keeps of it.
constexpr std::size_t kShared = 32;

// Heads were bounded when they were received; a few fields more may have been written since.
constexpr http::HeadLimits kKept{.request_line = 64 * 1024, .head = 1024 * 1024, .fields = 2000};

std::size_t heap(const std::string& text) {
  constexpr std::size_t kInside = 15;  // shorter ones lie in the string itself
  return text.capacity() > kInside ? text.capacity() + 1 : 0;
}

}  // namespace

std::size_t Entry::memory() const {
  std::size_t bytes = sizeof(Entry) + kShared + heap(url) + heap(vary) + heap(variant) +
                      heap(head_text) + head.fields.lines.capacity() * sizeof(http::Field) +
                      runs.capacity() * sizeof(Run);
  for (const Run& run : runs) {
    bytes += run.body->memory() + kShared;
  }
  return bytes;
}

std::size_t Group::memory() const {
  std::size_t bytes = sizeof(Group) + kShared + heap(url) + entries.capacity() * sizeof(EntryPtr);
  for (const auto& entry : entries) {
    bytes += entry->memory();
  }
  return bytes;
}

bool parse_head(Entry& entry) {
  http::HeadScan scan;
  entry.head.clear();
  const http::Taken taken = http::take_response(entry.head_text, scan, kKept, entry.head);
  return taken.progress == http::Progress::Done && taken.used == entry.head_text.size();
}

}  // namespace weir::store
