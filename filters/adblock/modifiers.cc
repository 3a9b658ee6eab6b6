// SPDX-License-Identifier: Apache-2.0
//
// All matching filters of a sort are gathered, a bounded number of them, then settled: important
// ones first, exceptions against the rest. What comes of it when the work is spent on the way is
// for nobody: whoever asks looks first.
#include "filters/adblock/modifiers.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "filters/adblock/refused_values.h"
#include "filters/encoded_words.h"
#include "proxy/base/ascii.h"

namespace weir::adblock {
namespace {

using filters::ListEdits;
// Matching modifiers of one sort. Further ones do nothing: exceptions count first, then what stands
// first in the lists.
constexpr std::size_t kMost = 64;

class Gathered {
 public:
  Gathered(const Engine& engine, Purpose purpose, const Asked& asked, FilterCall wants)
      : engine_(engine) {
    each_match(engine, purpose, asked, wants, [this](const Filter& filter) {
      keep(&filter);
      return false;
    });
  }
  // Those in force, in the order of the lists.
  template <class Use>
  void each(Use use) {
    std::sort(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(count_));
    for (std::size_t i = 0; i < count_; ++i) {
      const Filter& filter = *all_[i];
      if (!filter.exception && (filter.important || !lifted(filter))) {
        use(filter, engine_.value(filter));
      }
    }
  }

 private:
  static bool counts_before(const Filter* a, const Filter* b) {
    return a->exception != b->exception ? a->exception : a < b;
  }
  // A heap: the last that counts is on top.
  void keep(const Filter* filter) {
    const auto end = all_.begin() + static_cast<std::ptrdiff_t>(count_);
    if (std::find(all_.begin(), end, filter) != end) {
      return;
    }
    if (count_ < kMost) {
      all_[count_++] = filter;
      std::push_heap(all_.begin(), end + 1, counts_before);
    } else if (counts_before(filter, all_.front())) {
      std::pop_heap(all_.begin(), end, counts_before);
      all_.back() = filter;
      std::push_heap(all_.begin(), end, counts_before);
    }
  }
  bool lifted(const Filter& filter) const {
    for (std::size_t i = 0; i < count_; ++i) {
      const Filter& other = *all_[i];
      const bool same_sort =
          other.modifier == filter.modifier || filter.modifier == Modifier::Redirect;
      if (other.exception && same_sort &&
          (engine_.value(other).empty() || engine_.value(other) == engine_.value(filter))) {
        return true;
      }
    }
    return false;
  }

  const Engine& engine_;
  std::array<const Filter*, kMost> all_;
  std::size_t count_ = 0;
};

constexpr auto any = [](const Filter&) { return true; };

// "name:100" is the resource and how much it is preferred.
std::pair<std::string_view, int> redirect_parts(std::string_view value) {
  const auto colon = value.rfind(':');
  int priority = 0;
  if (colon != npos && colon + 1 < value.size()) {
    const auto* end = value.data() + value.size();
    const auto read = std::from_chars(value.data() + colon + 1, end, priority);
    if (read.ec == std::errc() && read.ptr == end) {
      return {value.substr(0, colon), priority};
    }
  }
  return {value, 0};
}

struct Expression {
  std::string source;
  bool ignore_case;
};

// "/source/" or "/source/i"; "|source", as old lists have it, is "/^source/i".
std::optional<Expression> expression_of(std::string_view value) {
  if (value.starts_with("|")) {
    return Expression{"^" + std::string(value.substr(1)), true};
  }
  const bool fold = value.ends_with("/i");
  value.remove_suffix(fold ? 1 : 0);
  if (value.size() < 3 || value.front() != '/' || value.back() != '/') {
    return std::nullopt;
  }
  return Expression{std::string(value.substr(1, value.size() - 2)), fold};
}

// As expressions see a parameter: percent-decoded, and "name=" where it has no value. Longer ones
// are seen as they are.
std::string_view decoded(std::string_view param, std::span<char> room) {
  const bool bare = param.find('=') == npos;
  if (param.size() >= room.size() || (!bare && param.find('%') == npos)) {
    return param;
  }
  std::size_t size = filters::undo_escapes(param, '%', ' ', room.data());
  if (bare) {
    room[size++] = '=';
  }
  return {room.data(), size};
}

bool to_remove(const Engine& engine, const Filter& filter, const Asked& asked,
               std::string_view param) {
  const Limits& limits = engine.limits[filter.limits];
  auto value = engine.value(filter);
  if (value.empty()) {
    return true;
  }
  if (!asked.work.spend(1 + param.size() / 16)) {
    return asked.gave_up_at(filter);
  }
  const bool negated = value.front() == '~';
  value.remove_prefix(negated ? 1 : 0);
  if (limits.value_expression == UINT32_MAX) {
    return (param.substr(0, param.find('=')) == value) != negated;
  }
  std::array<char, 1024> room;
  const auto text = decoded(param, room);
  const bool found = engine.expressions.found(limits.value_expression, text, asked.work);
  return asked.gave_up_at(filter) || found != negated;
}

// Calls `use` for each parameter until it returns true. True when it did.
template <class Use>
bool each_param(std::string_view query, Use use) {
  for (;;) {
    const auto amp = query.find('&');
    if (use(query.substr(0, amp))) {
      return true;
    }
    if (amp == npos) {
      return false;
    }
    query.remove_prefix(amp + 1);
  }
}

}  // namespace

const char* read_value(const Rule& rule, Engine& engine, Limits& limits) {
  if (rule.modifier == Modifier::None) {
    return nullptr;
  }
  if (const char* const why = refused_value(rule); why != nullptr) {
    return why;
  }
  auto value = rule.value;
  if (rule.modifier == Modifier::RemoveParam && !value.empty()) {
    const auto bare = value.substr(value.starts_with("~") ? 1 : 0);
    if (const auto expression = expression_of(bare)) {
      const auto added = engine.expressions.add(expression->source, expression->ignore_case);
      if (!added) {
        return added.error();
      }
      limits.value_expression = *added;
    } else if (bare.find('|') != npos) {
      return "several parameters in one removeparam";
    }
  }
  limits.value_at = static_cast<std::uint32_t>(engine.texts.size());
  limits.value_size = static_cast<std::uint32_t>(value.size());
  engine.texts += value;
  return nullptr;
}

std::string_view redirect_of(const Engine& engine, const Asked& asked) {
  if (asked.host_only) {
    return {};
  }
  std::string_view best;
  int highest = 0;
  Gathered(engine, Purpose::Redirect, asked, any).each([&](const Filter&, std::string_view value) {
    const auto [name, priority] = redirect_parts(value);
    if (best.empty() || priority > highest) {
      best = name;
      highest = priority;
    }
  });
  return best;
}

void remove_params(const Engine& engine, const Asked& asked, Arena& arena, ListEdits& out) {
  const auto mark = asked.raw.find('?');
  if (mark == npos || mark + 1 == asked.raw.size() || asked.host_only) {
    return;
  }
  const auto query = asked.raw.substr(mark + 1);
  Gathered gathered(engine, Purpose::Param, asked, [&](const Filter& filter) {
    return each_param(
        query, [&](std::string_view param) { return to_remove(engine, filter, asked, param); });
  });
  std::array<const Filter*, kMost> all;
  std::size_t count = 0;
  gathered.each([&](const Filter& filter, std::string_view) { all[count++] = &filter; });
  if (count == 0) {
    return;
  }
  char* url = arena.allocate(asked.raw.size());
  std::size_t size = asked.raw.substr(0, mark).copy(url, mark);
  each_param(query, [&](std::string_view param) {
    const Filter** const end = all.data() + count;
    const Filter** const by = std::find_if(all.data(), end, [&](const Filter* filter) {
      return to_remove(engine, *filter, asked, param);
    });
    if (by != end) {
      out.url_by = engine.hit(**by);
    } else {
      url[size] = size == mark ? '?' : '&';
      size += 1 + param.copy(url + size + 1, param.size());
    }
    return false;
  });
  if (out.url_by) {
    out.url = {url, size};
  }
}

void edit_fields(const Engine& engine, const Asked& asked, ListEdits& out) {
  Gathered(engine, Purpose::Field, asked, any)
      .each([&](const Filter& filter, std::string_view value) {
        if (out.count == out.edits.size() || value.empty()) {
          return;
        }
        using What = ListEdits::What;
        auto what = filter.modifier == Modifier::Csp           ? What::ContentSecurityPolicy
                    : filter.modifier == Modifier::Permissions ? What::PermissionsPolicy
                                                               : What::RemoveResponseField;
        if (filter.modifier == Modifier::RemoveHeader && value.starts_with("request:")) {
          what = What::RemoveRequestField;
          value.remove_prefix(8);
        }
        out.edits[out.count++] = {what, value, engine.hit(filter)};
      });
}

}  // namespace weir::adblock
