// SPDX-License-Identifier: Apache-2.0
//
// See validation.h.
#include "proxy/cache/validation.h"

#include <array>

#include "proxy/base/ascii.h"
#include "proxy/http/date.h"

namespace weir::cache {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;
using http::ResponseHead;
using std::string_view;

// RFC 9110 8.8.3: %x21 / %x23-7E / obs-text.
bool is_etagc(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x22 && byte != 0x7f;
}

bool has_last_modified(const Candidate& candidate) {
  return candidate.freshness->last_modified != kNoTime;
}

bool validatable(const Candidate& candidate) {
  return etag_of(candidate.head->fields).valid() || has_last_modified(candidate);
}

const Candidate* chosen_of(std::span<const Candidate> candidates) {
  for (const Candidate& each : candidates) {
    if (each.chosen) {
      return &each;
    }
  }
  return nullptr;
}

// The entity tags to send: each once, the chosen response's first.
struct Tags {
  std::array<string_view, kEtagsLimit> texts;
  std::size_t count = 0;

  void add(const Candidate& candidate) {
    const string_view text = candidate.head->fields.value(FieldId::Etag);
    if (count == kEtagsLimit || !etag_of(candidate.head->fields).valid()) {
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (texts[i] == text) {
        return;
      }
    }
    texts[count++] = text;
  }

  string_view joined(Arena& arena) const {
    if (count < 2) {
      return count == 0 ? string_view() : texts[0];
    }
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      size += texts[i].size() + 2;
    }
    char* const text = arena.allocate(size);
    char* to = text;
    for (std::size_t i = 0; i < count; ++i) {
      to += i == 0 ? 0 : string_view(", ").copy(to, 2);
      to += texts[i].copy(to, texts[i].size());
    }
    return {text, static_cast<std::size_t>(to - text)};
  }
};

// The candidate that fits: the chosen one, else the most recent.
template <class Fits>
std::size_t best(std::span<const Candidate> candidates, Fits fits) {
  std::size_t found = kNoCandidate;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!fits(candidates[i])) {
      continue;
    }
    if (candidates[i].chosen) {
      return i;
    }
    if (found == kNoCandidate ||
        candidates[i].freshness->date >= candidates[found].freshness->date) {
      found = i;
    }
  }
  return found;
}

// Servers that compress weaken the entity tag of the 200 but not that of the 304. They said 304 by
// a weak comparison (RFC 9110 13.1.2), so weakly it may select where nothing does strongly.
std::size_t select_by_tag(const Etag& tag, std::span<const Candidate> candidates) {
  const std::size_t strong = best(candidates, [&tag](const Candidate& each) {
    return strongly_equal(tag, etag_of(each.head->fields));
  });
  if (strong != kNoCandidate) {
    return strong;
  }
  return best(candidates, [&tag](const Candidate& each) {
    return weakly_equal(tag, etag_of(each.head->fields));
  });
}

std::size_t select_only(std::span<const Candidate> candidates) {
  if (candidates.size() == 1) {
    return 0;
  }
  std::size_t found = kNoCandidate;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (validatable(candidates[i])) {
      if (found != kNoCandidate) {
        return kNoCandidate;
      }
      found = i;
    }
  }
  return found;
}

bool same_name(const Field& a, const Field& b) {
  return a.id == b.id && (a.id != FieldId::Other || same_ignoring_case(a.name, b.name));
}

// Decides which lines of an update replace stored ones.
class Update {
 public:
  Update(const ResponseHead& stored, const ResponseHead& update)
      : stored_(stored), update_(update) {
    const Etag before = etag_of(stored.fields);
    const Etag after = etag_of(update.fields);
    same_bytes_ = strongly_equal(before, after);
    keep_weak_ = before.weak && !after.weak && weakly_equal(before, after);
  }

  bool takes(const Field& line) const {
    switch (line.id) {
      case FieldId::ContentRange:
        return stored_.status != 206;
      case FieldId::ContentEncoding:
        return same_bytes_;
      case FieldId::Etag:
        return !keep_weak_;
      case FieldId::Warning:
        return false;
      default:
        break;
    }
    return http::hop_of(line.id) == http::Hop::Essential ||
           (http::hop_of(line.id) != http::Hop::HopByHop &&
            !http::lists_token(update_.fields, FieldId::Connection, line.name));
  }

  bool replaces(const Field& stored) const {
    if (stored.id == FieldId::Date || stored.id == FieldId::Age) {
      return true;  // these tell of the message that arrived, even by their absence
    }
    for (const Field& line : update_.fields.lines) {
      if (same_name(line, stored) && takes(line)) {
        return true;
      }
    }
    return false;
  }

 private:
  const ResponseHead& stored_;
  const ResponseHead& update_;
  bool same_bytes_ = false;
  bool keep_weak_ = false;  // see select_by_tag()
};

bool same_date(string_view a, string_view b) {
  // Both are dates of one server; two-digit years fall into one century whatever now is.
  const auto left = http::parse_date(a, WallTime{});
  return left && left == http::parse_date(b, WallTime{});
}

}  // namespace

Etag parse_etag(string_view text) {
  Etag out;
  out.weak = text.starts_with("W/");
  const string_view opaque = text.substr(out.weak ? 2 : 0);
  if (opaque.size() < 2 || opaque.front() != '"' || opaque.back() != '"') {
    return {};
  }
  for (const char c : opaque.substr(1, opaque.size() - 2)) {
    if (!is_etagc(c)) {
      return {};
    }
  }
  out.opaque = opaque;
  return out;
}

Etag etag_of(const Fields& fields) {
  return fields.count(FieldId::Etag) == 1 ? parse_etag(fields.value(FieldId::Etag)) : Etag();
}

bool strongly_equal(const Etag& a, const Etag& b) {
  return !a.weak && !b.weak && weakly_equal(a, b);
}

bool weakly_equal(const Etag& a, const Etag& b) {
  return a.valid() && a.opaque == b.opaque;
}

bool strong_date(const Freshness& freshness) {
  constexpr std::int64_t kMinute = 60;
  return freshness.last_modified != kNoTime && freshness.date - kMinute >= freshness.last_modified;
}

bool has_validator(const Fields& fields) {
  return etag_of(fields).valid() ||
         http::parse_date(fields.value(FieldId::LastModified), WallTime{}).has_value();
}

Conditions conditions_for(std::span<const Candidate> candidates, Arena& arena) {
  Conditions out;
  Tags tags;
  if (const Candidate* chosen = chosen_of(candidates); chosen != nullptr) {
    tags.add(*chosen);
    if (has_last_modified(*chosen)) {
      out.if_modified_since = chosen->head->fields.value(FieldId::LastModified);
      if (tags.count == 0) {
        return out;  // an entity tag of another variant would outrank its date
      }
    }
  }
  for (const Candidate& each : candidates) {
    tags.add(each);
  }
  out.if_none_match = tags.joined(arena);
  return out;
}

void validating_fields(const Fields& request, const Conditions& conditions, Fields& out) {
  out.lines.clear();
  for (const Field& line : request.lines) {
    const bool replaced = line.id == FieldId::IfNoneMatch || line.id == FieldId::IfModifiedSince ||
                          line.id == FieldId::IfRange || line.id == FieldId::Range;
    if (!replaced) {
      out.lines.push_back(line);
    }
  }
  if (!conditions.if_none_match.empty()) {
    out.lines.push_back({"If-None-Match", conditions.if_none_match, FieldId::IfNoneMatch});
  }
  if (!conditions.if_modified_since.empty()) {
    out.lines.push_back(
        {"If-Modified-Since", conditions.if_modified_since, FieldId::IfModifiedSince});
  }
}

std::size_t select_by_304(const ResponseHead& not_modified, std::span<const Candidate> candidates) {
  const Etag tag = etag_of(not_modified.fields);
  if (tag.valid()) {
    return select_by_tag(tag, candidates);
  }
  const string_view date = not_modified.fields.value(FieldId::LastModified);
  if (not_modified.fields.has(FieldId::Etag) || date.empty()) {
    return not_modified.fields.has(FieldId::Etag) ? kNoCandidate : select_only(candidates);
  }
  return best(candidates, [date](const Candidate& each) {
    return same_date(date, each.head->fields.value(FieldId::LastModified));
  });
}

void merge_fields(const ResponseHead& stored, const ResponseHead& update, Fields& out) {
  const Update rules(stored, update);
  out.lines.clear();
  for (const Field& line : stored.fields.lines) {
    if (!rules.replaces(line)) {
      out.lines.push_back(line);
    }
  }
  for (const Field& line : update.fields.lines) {
    if (rules.takes(line)) {
      out.lines.push_back(line);
    }
  }
}

HeadEffect effect_of_head(const ResponseHead& answer, const ResponseHead& stored,
                          std::uint64_t stored_length) {
  if (answer.status != 200) {
    return HeadEffect::Nothing;
  }
  bool same = stored.status == 200 || stored.status == 206;
  if (answer.fields.has(FieldId::Etag)) {
    same = same && weakly_equal(etag_of(answer.fields), etag_of(stored.fields));
  }
  if (const Field* date = answer.fields.find(FieldId::LastModified); date != nullptr) {
    same = same && same_date(date->value, stored.fields.value(FieldId::LastModified));
  }
  if (const Field* length = answer.fields.find(FieldId::ContentLength); length != nullptr) {
    same = same && parse_decimal(length->value) == stored_length;
  }
  return same ? HeadEffect::Freshen : HeadEffect::Invalidate;
}

}  // namespace weir::cache
