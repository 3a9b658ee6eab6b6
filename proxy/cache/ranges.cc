// SPDX-License-Identifier: Apache-2.0
//
// See ranges.h. A Range field is first taken apart as written, then laid over a length.
#include "proxy/cache/ranges.h"

#include <algorithm>
#include <charconv>

#include "proxy/base/ascii.h"
#include "proxy/cache/put.h"
#include "proxy/cache/validation.h"
#include "proxy/http/date.h"

namespace weir::cache {
namespace {

using http::FieldId;
using std::string_view;

// One range-spec as written (RFC 9110 14.1.1).
struct Spec {
  bool suffix = false;  // "-500": the last `last` bytes
  bool open = false;    // "500-"
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct Specs {
  std::array<Spec, kRangeLimit> all;
  std::size_t count = 0;
};

// Digits to a number; one too large for any content becomes the largest.
std::optional<std::uint64_t> position(string_view text) {
  if (text.empty() || !all(text, kDigit)) {
    return std::nullopt;
  }
  return parse_decimal(text).value_or(UINT64_MAX);
}

std::optional<Spec> parse_spec(string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == string_view::npos) {
    return std::nullopt;
  }
  Spec out;
  out.suffix = dash == 0;
  out.open = !out.suffix && dash + 1 == text.size();
  const auto first = out.suffix ? std::optional<std::uint64_t>(0) : position(text.substr(0, dash));
  const auto last =
      out.open ? std::optional<std::uint64_t>(UINT64_MAX) : position(text.substr(dash + 1));
  if (!first || !last || (!out.suffix && *last < *first)) {
    return std::nullopt;
  }
  out.first = *first;
  out.last = *last;
  return out;
}

// False when the field is malformed, of another unit, or too long a list: it is ignored then.
bool parse_range(string_view text, Specs& out) {
  constexpr string_view kUnit = "bytes=";
  if (!starts_with_ignoring_case(text, kUnit)) {
    return false;
  }
  bool good = true;
  http::each_element(text.substr(kUnit.size()), [&](string_view element) {
    const auto spec = parse_spec(element);
    good = spec && out.count < kRangeLimit;
    if (good) {
      out.all[out.count++] = *spec;
    }
    return good;
  });
  return good && out.count != 0;
}

// Nothing when the range lies behind the end.
std::optional<ByteRange> lay(const Spec& spec, std::uint64_t complete) {
  if (complete == 0 || (spec.suffix ? spec.last == 0 : spec.first >= complete)) {
    return std::nullopt;
  }
  if (spec.suffix) {
    return ByteRange{complete - std::min(spec.last, complete), complete - 1};
  }
  return ByteRange{spec.first, std::min(spec.last, complete - 1)};
}

bool overlap(const ByteRange& a, const ByteRange& b) {
  return a.first <= b.last && b.first <= a.last;
}

// More than two ranges that overlap others.
bool abusive(const RangeSet& set) {
  std::size_t overlapping = 0;
  for (const ByteRange& one : set.all()) {
    const bool does = std::ranges::any_of(set.all(), [&one](const ByteRange& other) {
      return &one != &other && overlap(one, other);
    });
    overlapping += does ? 1 : 0;
  }
  return overlapping > 2;
}

RangeAnswer lay_all(const Specs& specs, std::uint64_t complete, RangeSet& out) {
  out.count = 0;
  for (std::size_t i = 0; i < specs.count; ++i) {
    if (const auto range = lay(specs.all[i], complete); range) {
      out.ranges[out.count++] = *range;
    }
  }
  if (out.count == 0) {
    return RangeAnswer::Unsatisfiable;
  }
  return abusive(out) ? RangeAnswer::Whole : RangeAnswer::Parts;
}

// RFC 9110 13.1.5: an entity tag or a date, each compared strongly.
bool if_range_holds(string_view text, const http::ResponseHead& stored, const Freshness& freshness,
                    WallTime now) {
  if (text.starts_with('"') || text.starts_with("W/")) {
    return strongly_equal(parse_etag(text), etag_of(stored.fields));
  }
  const auto date = http::parse_date(text, now);
  return date && strong_date(freshness) && *date == freshness.last_modified;
}

// The complete length that a response speaks of, if it does.
std::uint64_t complete_length(const http::ResponseHead& head) {
  if (head.status == 206) {
    const auto place = parse_content_range(head.fields.value(FieldId::ContentRange));
    return place ? place->complete : kCompleteUnknown;
  }
  return parse_decimal(head.fields.value(FieldId::ContentLength)).value_or(kCompleteUnknown);
}

bool lengths_agree(const http::ResponseHead& a, const http::ResponseHead& b) {
  const std::uint64_t left = complete_length(a);
  const std::uint64_t right = complete_length(b);
  return left == right || left == kCompleteUnknown || right == kCompleteUnknown;
}

}  // namespace

bool range_applies(const http::RequestHead& request, const http::ResponseHead& stored,
                   const Freshness& freshness, WallTime now) {
  const http::Fields& fields = request.fields;
  const std::size_t conditions = fields.count(FieldId::IfRange);
  if (request.method_id != http::Method::Get || (stored.status != 200 && stored.status != 206) ||
      fields.count(FieldId::Range) != 1 || conditions > 1) {
    return false;
  }
  return conditions == 0 || if_range_holds(fields.value(FieldId::IfRange), stored, freshness, now);
}

RangeAnswer resolve_ranges(string_view range, std::uint64_t complete, RangeSet& out) {
  Specs specs;
  return parse_range(range, specs) ? lay_all(specs, complete, out) : RangeAnswer::Whole;
}

std::optional<ContentRange> parse_content_range(string_view text) {
  constexpr string_view kUnit = "bytes ";
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (!starts_with_ignoring_case(text, kUnit) || slash == string_view::npos || dash > slash) {
    return std::nullopt;
  }
  const auto first = parse_decimal(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto last = parse_decimal(text.substr(dash + 1, slash - dash - 1), UINT64_MAX - 2);
  const string_view whole = text.substr(slash + 1);
  const auto complete = whole == "*" ? std::optional<std::uint64_t>(kCompleteUnknown)
                                     : parse_decimal(whole, kCompleteUnknown - 1);
  if (!first || !last || !complete || *last < *first || *complete <= *last) {
    return std::nullopt;
  }
  return ContentRange{{*first, *last}, *complete};
}

RangeAnswer resolve_in_part(string_view range, const ContentRange& stored, RangeSet& out) {
  Specs specs;
  if (!parse_range(range, specs)) {
    return RangeAnswer::NotStored;
  }
  const bool unknown = stored.complete == kCompleteUnknown;
  for (std::size_t i = 0; unknown && i < specs.count; ++i) {
    if (specs.all[i].suffix || specs.all[i].open) {
      return RangeAnswer::NotStored;
    }
  }
  const RangeAnswer answer = lay_all(specs, stored.complete, out);
  if (answer != RangeAnswer::Parts) {
    return answer == RangeAnswer::Whole ? RangeAnswer::NotStored : answer;
  }
  const bool inside = std::ranges::all_of(out.all(), [&stored](const ByteRange& part) {
    return part.first >= stored.range.first && part.last <= stored.range.last;
  });
  return inside ? RangeAnswer::Parts : RangeAnswer::NotStored;
}

string_view content_range_text(const ByteRange& range, std::uint64_t complete, Arena& arena) {
  constexpr std::size_t kRoom = 72;
  char* const text = arena.allocate(kRoom);
  char* to = put(put(text, "bytes "), range.first);
  to = put(put(put(to, "-"), range.last), "/");
  to = complete == kCompleteUnknown ? put(to, "*") : put(to, complete);
  return {text, static_cast<std::size_t>(to - text)};
}

string_view unsatisfied_range_text(std::uint64_t complete, Arena& arena) {
  constexpr std::size_t kRoom = 32;
  char* const text = arena.allocate(kRoom);
  const char* to = put(put(text, "bytes */"), complete);
  return {text, static_cast<std::size_t>(to - text)};
}

Multipart plan_multipart(const RangeSet& set, std::uint64_t complete, string_view content_type,
                         std::uint64_t number, Arena& arena) {
  std::array<char, 16> digits;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    digits[i] = "0123456789abcdef"[(number >> (4 * i)) & 15];
  }
  const string_view boundary = arena.join({"weir-", {digits.data(), digits.size()}});
  Multipart out;
  out.content_type = arena.join({"multipart/byteranges; boundary=", boundary});
  out.closing = arena.join({"\r\n--", boundary, "--\r\n"});
  out.length = out.closing.size();
  const string_view type =
      content_type.empty() ? string_view() : arena.join({"Content-Type: ", content_type, "\r\n"});
  for (std::size_t i = 0; i < set.count; ++i) {
    const string_view place = content_range_text(set.ranges[i], complete, arena);
    out.heads[i] = arena.join(
        {i == 0 ? "--" : "\r\n--", boundary, "\r\n", type, "Content-Range: ", place, "\r\n\r\n"});
    out.length += out.heads[i].size() + set.ranges[i].size();
  }
  return out;
}

bool may_combine(const http::ResponseHead& stored, const Freshness& stored_freshness,
                 const http::ResponseHead& fresh, const Freshness& fresh_freshness) {
  const bool encoded_alike =
      stored.fields.value(FieldId::ContentEncoding) == fresh.fields.value(FieldId::ContentEncoding);
  if (!encoded_alike || !lengths_agree(stored, fresh)) {
    return false;
  }
  if (stored.fields.has(FieldId::Etag) || fresh.fields.has(FieldId::Etag)) {
    return strongly_equal(etag_of(stored.fields), etag_of(fresh.fields));
  }
  return strong_date(stored_freshness) && strong_date(fresh_freshness) &&
         stored_freshness.last_modified == fresh_freshness.last_modified;
}

}  // namespace weir::cache
