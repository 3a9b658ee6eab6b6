// SPDX-License-Identifier: Apache-2.0
//
// Content codings undone as a body passes (RFC 9110 8.4): gzip, deflate, br and zstd, at most two
// of them on top of each other. A small body that decodes to a huge one is stopped by two caps, and
// a body that ends too early does not pass for a whole one.
//
// Bytes behind the end of gzip, deflate or br are dropped, as browsers drop them: the client is
// sent what was decoded and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "filters/body/stage.h"
#include "filters/subject.h"

namespace weir::filters {

enum class ContentCoding : std::uint8_t { Gzip, Deflate, Brotli, Zstd };

// Codings in the order in which they were applied; none: identity.
struct CodingList {
  static constexpr std::size_t kMost = 2;
  std::array<ContentCoding, kMost> codings{};
  std::size_t count = 0;
};

// What the Content-Encoding fields of a response say; nothing when one is unknown, or there are
// more than CodingList::kMost: then the body cannot be decoded.
std::optional<CodingList> content_codings(const FieldLookup& response);

// What clients make of the Content-Encoding fields who undo what they know.
enum class CodedAs : std::uint8_t {
  Plain,     // none, or only words that nobody undoes ("utf-8"): the body is taken as it is
  Coded,     // all of them can be undone here
  Disputed,  // one client takes as it is what another undoes: "gzip, utf-8", "identity, gzip"
};
struct CodingsSeen {
  CodedAs as = CodedAs::Plain;
  CodingList list;  // empty unless Coded
};
CodingsSeen codings_as_seen(const FieldLookup& response);

struct DecodeLimits {
  std::uint64_t ratio = 100;            // decoded bytes to one received ...
  std::uint64_t ratio_from = 64 << 10;  // ... once this many have been decoded; 0 ratio: any
  std::uint64_t output = 32ULL << 20;   // bytes; 0: any
};

// Never null; with an empty list it copies. A body of no bytes at all is whole under any coding.
std::unique_ptr<BodyStage> make_decoder(const CodingList& list, const DecodeLimits& limits);

struct DecodedStart {
  std::string_view text;  // in `to`
  bool over = false;      // that is the whole body
  bool broken = false;    // what follows is not what the coding says
};

// The decoded beginning of a body of which `coded` is the beginning, as much as `to` holds and the
// bytes tell: what sniffing needs. A malformed body yields what came before the fault.
DecodedStart decode_start(const CodingList& list, std::string_view coded, std::span<char> to);

}  // namespace weir::filters
