// SPDX-License-Identifier: Apache-2.0
//
// What is known of one downloaded list: the version in use, the one before it, and one that was
// held back; and as text, which is the file beside them. That file decides which version is in use:
// replacing it is the one step by which anything changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "filters/document.h"
#include "proxy/base/instant.h"

namespace weir {

// One version of a list.
struct KeptVersion {
  std::string sha256;  // of its bytes as they came; empty: there is no such version
  std::uint64_t bytes = 0;
  std::uint32_t rules = 0;  // in force when it is compiled alone
  filters::ListFormat format = filters::ListFormat::Auto;
  std::string etag;           // as the server wrote them, for the next question
  std::string last_modified;  // likewise
  WallTime fetched;
  explicit operator bool() const { return !sha256.empty(); }
};

struct Kept {
  std::string url;
  KeptVersion current;
  KeptVersion previous;
  KeptVersion held;
  std::string held_reason;  // why `held` is not in use
  WallTime checked;         // when the server last said what is newest
  std::string failure;      // why the last attempt failed; empty: it did not
};

std::string kept_text(const Kept& kept);
// Nothing when the text is cut short or is no such text.
std::optional<Kept> read_kept(std::string_view text);

}  // namespace weir
