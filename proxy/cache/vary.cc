// SPDX-License-Identifier: Apache-2.0
//
// See vary.h; variant_text() is in variant_text.cc.
#include "proxy/cache/vary.h"

#include <algorithm>
#include <array>

#include "proxy/cache/vary_parts.h"
#include "proxy/http/language.h"

namespace weir::cache {
namespace {

using http::FieldId;
using http::Fields;
using parts::each_line;
using parts::each_name;
using parts::Writer;
using std::string_view;

constexpr string_view kAny = "*";

bool takes_language(string_view vary) {
  bool found = false;
  each_name(vary, [&found](string_view name) { found = found || name == "accept-language"; });
  return found;
}

// The language wanted more than any other; empty when several are or "*" is.
string_view single_language(const Fields& request) {
  string_view best;
  int most = 0;
  each_line(request, FieldId::AcceptLanguage, {}, [&](string_view value) {
    http::each_element(value, [&](string_view element) {
      const http::Weighed weighed = http::weigh(element);
      if (weighed.thousandths > most) {
        best = weighed.range;
        most = weighed.thousandths;
      } else if (weighed.thousandths == most) {
        best = {};
      }
      return true;
    });
  });
  return best == kAny ? string_view() : best;
}

string_view cut_line(string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Do two variants of the same vary text differ in the language at most?
bool same_but_language(string_view vary, string_view a, string_view b) {
  bool same = true;
  each_name(vary, [&](string_view name) {
    const string_view left = cut_line(a);
    const string_view right = cut_line(b);
    same = same && (left == right || name == "accept-language");
  });
  return same;
}

// Compares a request with stored variants; the request's own text is made again only when the names
// change, which they rarely do under one URI.
class Chooser {
 public:
  Chooser(const Fields& request, Arena& arena) : request_(request), arena_(arena) {}

  bool matches(const Variant& stored) {
    return stored.vary.empty() || (stored.vary != kAny && stored.variant == text(stored.vary));
  }

  bool speaks(const Variant& stored, string_view language) {
    return stored.vary != kAny && takes_language(stored.vary) &&
           same_ignoring_case(trim_ows(stored.content_language), language) &&
           same_but_language(stored.vary, stored.variant, text(stored.vary));
  }

 private:
  string_view text(string_view vary) {
    if (vary != vary_) {
      vary_ = vary;
      text_ = variant_text(vary, request_, arena_);
    }
    return text_;
  }

  const Fields& request_;
  Arena& arena_;
  string_view vary_;
  string_view text_;
};

struct VaryNames {
  std::array<string_view, kVaryLimit> names;  // as written
  std::size_t count = 0;
  std::size_t size = 0;  // of the names, each with a comma
};

// False when they are to be taken for "*".
bool collect(const Fields& response, VaryNames& out) {
  bool good = true;
  each_line(response, FieldId::Vary, {}, [&](string_view value) {
    http::each_element(value, [&](string_view name) {
      good = good && name != kAny && all(name, kTchar) && out.count < kVaryLimit;
      if (good) {
        out.names[out.count++] = name;
        out.size += name.size() + 1;
      }
      return good;
    });
  });
  return good;
}

template <class Fits>
std::size_t latest(std::span<const Variant> stored, Fits fits) {
  std::size_t best = kNoVariant;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if ((best == kNoVariant || stored[i].date > stored[best].date) && fits(stored[i])) {
      best = i;
    }
  }
  return best;
}

}  // namespace

bool varies_by_any(const Fields& response) {
  VaryNames names;
  return !collect(response, names);
}

string_view vary_text(const Fields& response, Arena& arena) {
  VaryNames found;
  if (!collect(response, found)) {
    return kAny;
  }
  if (found.count == 0) {
    return {};
  }
  auto& [names, count, size] = found;
  Writer lower(arena, size);
  for (std::size_t i = 0; i < count; ++i) {
    const char* from = lower.at();
    lower.add_lower(names[i]);
    names[i] = lower.since(from);
  }
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(names.begin(), end);
  Writer out(arena, size);
  std::for_each(names.begin(), std::unique(names.begin(), end), [&out](string_view name) {
    if (!out.whole().empty()) {
      out.add(',');
    }
    out.add(name);
  });
  return out.whole();
}

std::size_t choose_variant(std::span<const Variant> stored, const Fields& request, Arena& arena) {
  Chooser chooser(request, arena);
  const std::size_t exact =
      latest(stored, [&](const Variant& variant) { return chooser.matches(variant); });
  if (exact != kNoVariant) {
    return exact;
  }
  const string_view language = single_language(request);
  if (language.empty()) {
    return kNoVariant;
  }
  return latest(stored, [&](const Variant& variant) { return chooser.speaks(variant, language); });
}

}  // namespace weir::cache
