// SPDX-License-Identifier: Apache-2.0
//
// What a request is for and which page it belongs to, from nothing but what a proxy sees: the
// Fetch metadata fields (Sec-Fetch-*), Referer and Origin, and, on plain http where browsers send
// no such fields, Accept, the path's extension and others.
#pragma once

#include "filters/subject.h"
#include "proxy/base/arena.h"

namespace weir::filters {

// Sets kind, page_host and party of `subject` from its method, host, path and request fields.
// `arena` holds a page host that had to be normalised.
void classify(Subject& subject, Arena& arena);

// The registrable domain of a normalised host (public suffix list, private section included); the
// host itself when it is an address or a public suffix.
std::string_view registrable_domain(std::string_view host);

// The kind's word: "document", "xhr", ...
std::string_view kind_name(ResourceKind kind);

}  // namespace weir::filters
