// SPDX-License-Identifier: Apache-2.0
//
// What the cache keeps of one response: its head, the numbers of its freshness, and its body. An
// entry never changes once others can see it; a validation makes a new one that shares the body.
//
// Entries are counted (shared_ptr) and read by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/instant.h"
#include "proxy/cache/freshness.h"
#include "proxy/http/message.h"
#include "proxy/store/body.h"

namespace weir::store {

// A run of a representation's bytes: all of them, or one range of an incomplete one.
struct Run {
  std::uint64_t first = 0;  // offset of its first byte in the representation
  std::shared_ptr<const Body> body;
};

struct Entry {
  Entry() = default;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  std::string url;          // the cache key: an absolute URL, cache/key.h
  std::string vary;         // the names of Vary, and what the request said there: cache/vary.h
  std::string variant;      // empty when there is no Vary
  std::string head_text;    // "HTTP/1.1 200 OK" CRLF fields CRLF CRLF, as kept
  http::ResponseHead head;  // views into head_text
  cache::Freshness freshness;
  std::uint64_t length = 0;  // bytes of the complete representation
  std::vector<Run> runs;     // in order, apart from each other; a complete one has one run, or none
                             // when the length is 0

  bool complete() const {
    return length == 0 || (runs.size() == 1 && runs[0].body->size() == length);
  }
  // Bytes it is charged for in memory: this, its texts and what of its body lies in memory.
  std::size_t memory() const;
};
using EntryPtr = std::shared_ptr<const Entry>;

// The variants stored under one URL, most recent first. Immutable, too.
struct Group {
  std::string url;
  std::vector<EntryPtr> entries;
  std::size_t memory() const;
};
using GroupPtr = std::shared_ptr<const Group>;

// Reads `head_text` into `head`. False when it is no complete response head.
bool parse_head(Entry& entry);

}  // namespace weir::store
