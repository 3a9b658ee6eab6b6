// SPDX-License-Identifier: Apache-2.0
//
// Entries made and put into the store: new ones, ones with their body, ones that a validation has
// brought up to date, and parts joined to what is stored of the same content (RFC 9111 3.2-3.4).
#pragma once

#include <memory>
#include <string_view>

#include "proxy/cache/freshness.h"
#include "proxy/http/message.h"
#include "proxy/store/store.h"

namespace weir {

// What an entry is known by.
struct EntryNames {
  std::string_view url;
  std::string_view vary;
  std::string_view variant;
};

// An entry with that head and no body yet. Null when the head cannot be kept.
std::shared_ptr<store::Entry> make_entry(const EntryNames& names, const http::ResponseHead& head,
                                         const http::Fields& fields,
                                         const cache::Freshness& freshness);

// A copy of `draft` with the body, put into the store: whole, or as a part beginning at `first`,
// joined to the parts of the same content that are stored already. `since`: what erasures() said
// when the origin was asked. Any thread.
void keep_with_body(store::Store& store, const store::Entry& draft, std::uint64_t first,
                    std::shared_ptr<const store::Body> body, std::uint64_t since);

}  // namespace weir
