// SPDX-License-Identifier: Apache-2.0
//
// See apply.h. An edited list of lines is written anew, never changed in place.
#include "filters/policy/apply.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <re2/re2.h>

#include "filters/policy/compiled.h"
#include "filters/policy/query.h"
#include "filters/policy/safe_search.h"
#include "filters/policy/wildcard.h"
#include "filters/url.h"
#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

// Lines in the arena while they are edited.
class Lines {
 public:
  Lines(std::span<const FieldLine> from, std::size_t room, Arena& arena) : arena_(arena) {
    const std::size_t most = from.size() + room;
    std::size_t space = most * sizeof(FieldLine) + alignof(FieldLine);
    void* at = arena.allocate(space);
    lines_ = static_cast<FieldLine*>(
        std::align(alignof(FieldLine), most * sizeof(FieldLine), at, space));
    std::uninitialized_copy(from.begin(), from.end(), lines_);
    count_ = from.size();
  }

  void add(std::string_view name, std::string_view value) {
    std::construct_at(lines_ + count_++, FieldLine{name, value});
  }
  void remove(std::string_view name) {
    FieldLine* const end = std::remove_if(lines_, lines_ + count_, [name](const FieldLine& line) {
      return same_ignoring_case(line.name, name);
    });
    count_ = static_cast<std::size_t>(end - lines_);
  }
  // One line of that name, where the first one stood.
  void set(std::string_view name, std::string_view value) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (same_ignoring_case(lines_[i].name, name)) {
        lines_[i].value = value;
        const auto again = [name](const FieldLine& l) { return same_ignoring_case(l.name, name); };
        FieldLine* const end = std::remove_if(lines_ + i + 1, lines_ + count_, again);
        count_ = static_cast<std::size_t>(end - lines_);
        return;
      }
    }
    add(name, value);
  }
  void replace(const FieldEdit& edit, const re2::RE2& match) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (same_ignoring_case(lines_[i].name, edit.name)) {
        lines_[i].value = replaced(lines_[i].value, match, edit.with);
      }
    }
  }
  std::span<const FieldLine> all() const { return {lines_, count_}; }

 private:
  std::string_view replaced(std::string_view value, const re2::RE2& match, std::string_view with);

  Arena& arena_;
  FieldLine* lines_ = nullptr;
  std::size_t count_ = 0;
};

// A value is never made longer than this: an expression that matches everywhere would square it.
constexpr std::size_t kValueMost = 16 * 1024;

// Bytes written twice: once to count them, once to keep them.
class Writer {
 public:
  explicit Writer(char* out) : out_(out) {}
  void put(std::string_view text) {
    if (out_ != nullptr && !text.empty()) {
      std::memcpy(out_ + size_, text.data(), text.size());
    }
    size_ += text.size();
  }
  std::size_t size() const { return size_; }

 private:
  char* out_;
  std::size_t size_ = 0;
};

// `with`, in which \0 to \9 stand for groups and \\ for a backslash (checked when compiled).
void expand(std::string_view with, const std::array<re2::StringPiece, 10>& groups, Writer& out) {
  for (std::size_t i = 0; i < with.size(); ++i) {
    if (with[i] != '\\' || i + 1 == with.size()) {
      out.put(with.substr(i, 1));
      continue;
    }
    const char next = with[++i];
    if (is(next, kDigit)) {
      const auto& group = groups[static_cast<std::size_t>(next - '0')];
      out.put({group.data(), group.size()});
    } else {
      out.put(with.substr(i, 1));
    }
  }
}

// All matches from left to right, none twice in one place. Returns how many there were.
std::size_t replace_all(std::string_view value, const re2::RE2& match, std::string_view with,
                        Writer& out) {
  const re2::StringPiece text(value.data(), value.size());
  std::array<re2::StringPiece, 10> groups;
  const int wanted = std::min(9, match.NumberOfCapturingGroups()) + 1;
  std::size_t kept = 0;  // up to here the value has been written
  std::size_t count = 0;
  for (std::size_t from = 0; from <= value.size() && out.size() <= kValueMost;) {
    groups.fill({});
    if (!match.Match(text, from, text.size(), RE2::UNANCHORED, groups.data(), wanted)) {
      break;
    }
    const auto at = static_cast<std::size_t>(groups[0].data() - value.data());
    const std::size_t size = groups[0].size();
    if (size == 0 && count > 0 && at < kept) {
      ++from;
      continue;
    }
    out.put(value.substr(kept, at - kept));
    expand(with, groups, out);
    kept = at + size;
    from = size == 0 ? at + 1 : kept;
    ++count;
  }
  out.put(value.substr(std::min(kept, value.size())));
  return count;
}

std::string_view Lines::replaced(std::string_view value, const re2::RE2& match,
                                 std::string_view with) {
  Writer counter(nullptr);
  if (value.data() == nullptr) {
    value = "";
  }
  if (replace_all(value, match, with, counter) == 0 || counter.size() > kValueMost) {
    return value;
  }
  char* const out = arena_.allocate(counter.size());
  Writer writer(out);
  replace_all(value, match, with, writer);
  return trim_ows({out, writer.size()});
}

std::size_t room_for(const Few<Adjustments::One>& fields, const ListEdits* edits) {
  std::size_t room = edits == nullptr ? 0 : edits->count;
  for (const auto& one : fields) {
    room += one.action->fields.size();
  }
  return room;
}

void apply(const Adjustments::One& one, Lines& lines) {
  const Action& action = *one.action;
  const bool set =
      action.kind == ActionKind::SetRequestField || action.kind == ActionKind::SetResponseField;
  for (const auto& [name, value] : action.fields) {
    set ? lines.set(name, value) : lines.add(name, value);
  }
  const bool removes = action.kind == ActionKind::RemoveRequestField ||
                       action.kind == ActionKind::RemoveResponseField;
  for (std::size_t i = 0; removes && i < action.names.size(); ++i) {
    lines.remove(action.names[i]);
  }
  for (std::size_t i = 0; i < action.edits.size(); ++i) {
    lines.replace(action.edits[i], *one.prepared->matches[i]);
  }
}

bool of_request(const ListEdits::Edit& edit) {
  return edit.what == ListEdits::What::RemoveRequestField;
}

void apply(const ListEdits::Edit& edit, Lines& lines) {
  switch (edit.what) {
    case ListEdits::What::RemoveRequestField:
    case ListEdits::What::RemoveResponseField:
      if (may_edit_field(edit.text)) {
        lines.remove(edit.text);
      }
      return;
    case ListEdits::What::ContentSecurityPolicy:
    case ListEdits::What::PermissionsPolicy:
      if (all(edit.text, kFieldVchar)) {
        const bool csp = edit.what == ListEdits::What::ContentSecurityPolicy;
        lines.add(csp ? "Content-Security-Policy" : "Permissions-Policy", edit.text);
      }
      return;
  }
}

bool some_edit(const ListEdits* edits, bool request) {
  const auto count = edits == nullptr ? 0 : edits->count;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (of_request(edits->edits[i]) == request) {
      return true;
    }
  }
  return false;
}

std::span<const FieldLine> edit(std::span<const FieldLine> from, const Few<Adjustments::One>& some,
                                const ListEdits* edits, bool request, Arena& arena) {
  if (some.empty() && !some_edit(edits, request)) {
    return from;
  }
  Lines lines(from, room_for(some, edits), arena);
  for (const auto& one : some) {
    apply(one, lines);
  }
  for (std::uint32_t i = 0; edits != nullptr && i < edits->count; ++i) {
    if (of_request(edits->edits[i]) == request) {
      apply(edits->edits[i], lines);
    }
  }
  return lines.all();
}

// Writes the path, then what `keep` leaves of the query, then `more` as a parameter.
template <class Keep>
std::string_view with_parameters(std::string_view path, Keep keep, std::string_view more,
                                 Arena& arena) {
  const std::string_view bare = path_alone(path);
  const std::string_view query = query_of(path);
  char* const out = arena.allocate(path.size() + more.size() + 2);
  Writer writer(out);
  writer.put(bare);
  writer.put("?");
  bool first = true;
  const auto put = [&](std::string_view parameter) {
    writer.put(first ? "" : "&");
    writer.put(parameter);
    first = false;
  };
  each_parameter(query, [&](const Parameter& parameter) {
    if (query.data() != nullptr && keep(parameter)) {
      put(parameter.whole);
    }
    return true;
  });
  if (!more.empty()) {
    if (first || writer.size() == bare.size() + 1) {  // nothing, or one empty parameter
      first = true;
    }
    put(more);
  }
  const std::size_t size = writer.size() == bare.size() + 1 ? bare.size() : writer.size();
  return {out, size};
}

}  // namespace

bool may_edit_field(std::string_view name) {
  constexpr std::array<std::string_view, 10> kForbidden = {
      "connection", "content-length",    "expect",  "host", "keep-alive", "te",
      "trailer",    "transfer-encoding", "upgrade", "via"};
  return !name.empty() && all(name, kTchar) && !starts_with_ignoring_case(name, "proxy-") &&
         std::ranges::none_of(kForbidden, [name](std::string_view forbidden) {
           return same_ignoring_case(name, forbidden);
         });
}

bool edits_request(const Adjustments& adjustments) {
  return !adjustments.request_fields.empty() || some_edit(adjustments.edits, true);
}

bool edits_response(const Adjustments& adjustments) {
  return !adjustments.response_fields.empty() || some_edit(adjustments.edits, false);
}

std::span<const FieldLine> edit_request(std::span<const FieldLine> lines,
                                        const Adjustments& adjustments, Arena& arena) {
  return edit(lines, adjustments.request_fields, adjustments.edits, true, arena);
}

std::span<const FieldLine> edit_response(std::span<const FieldLine> lines,
                                         const Adjustments& adjustments, Arena& arena) {
  return edit(lines, adjustments.response_fields, adjustments.edits, false, arena);
}

std::string_view take_out(std::string_view path, std::string_view url, std::string_view left,
                          Arena& arena) {
  const std::vector<std::string_view> unwanted = taken_out(url, left);
  const auto keep = [&](const Parameter& parameter) {
    return !std::ranges::binary_search(unwanted, normalised_escapes(parameter.whole, arena));
  };
  return with_parameters(path, keep, {}, arena);
}

std::string_view strip_query(std::string_view path, const Adjustments& adjustments, Arena& arena) {
  const std::string_view query = query_of(path);
  if (query.empty() || adjustments.strip_query.empty()) {
    return path;
  }
  const auto unwanted = [&](const Parameter& parameter) {
    const std::string_view name = decode_query(parameter.name, arena);
    return std::ranges::any_of(adjustments.strip_query, [name](const Adjustments::One& one) {
      return std::ranges::any_of(one.action->names, [name](const std::string& pattern) {
        return !name.empty() && wildcard_match(pattern, name);
      });
    });
  };
  bool some = false;
  each_parameter(query, [&](const Parameter& parameter) {
    some = unwanted(parameter);
    return !some;
  });
  const auto keep = [&](const Parameter& parameter) { return !unwanted(parameter); };
  return some ? with_parameters(path, keep, {}, arena) : path;
}

std::string_view force_parameter(std::string_view path, std::string_view name,
                                 std::string_view value, Arena& arena) {
  const auto named = [&](const Parameter& parameter) {
    return decode_query(parameter.name, arena) == name;
  };
  std::size_t count = 0;
  bool right = false;
  if (const std::string_view query = query_of(path); query.data() != nullptr) {
    each_parameter(query, [&](const Parameter& parameter) {
      if (named(parameter)) {
        ++count;
        right = decode_query(parameter.value, arena) == value;
      }
      return true;
    });
  }
  if (count == 1 && right) {
    return path;
  }
  const auto keep = [&](const Parameter& parameter) { return !named(parameter); };
  return with_parameters(path, keep, arena.join({name, "=", value}), arena);
}

bool asks_otherwise(const Verdict& verdict, const Adjustments& adjustments, std::string_view host) {
  const bool asks_youtube =
      adjustments.youtube && !safe_search_for(host, 0, adjustments.youtube).field.empty();
  const auto& fields = adjustments.request_fields;
  return asks_youtube || verdict.decision == Decision::Route ||
         std::any_of(fields.begin(), fields.end(), [](const Adjustments::One& one) {
           return one.action->kind != ActionKind::RemoveRequestField;
         });
}

}  // namespace weir::filters
