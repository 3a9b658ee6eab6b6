// SPDX-License-Identifier: Apache-2.0
//
// See query.h.
#include "filters/policy/query.h"

#include <algorithm>
#include <cstring>

#include "filters/encoded_words.h"

namespace weir::filters {
namespace {

// The parameters of a URL from which some were taken out, passed beside those of the whole one.
class Left {
 public:
  explicit Left(std::string_view url) : query_(query_of(url)), more_(query_.data() != nullptr) {}

  // Whether the next one of the whole URL is still there.
  bool take(std::string_view parameter) {
    const auto end = query_.find('&');
    if (!more_ || query_.substr(0, end) != parameter) {
      return false;
    }
    more_ = end != std::string_view::npos;
    query_.remove_prefix(more_ ? end + 1 : 0);
    return true;
  }

 private:
  std::string_view query_;
  bool more_;
};

}  // namespace

std::string_view query_of(std::string_view path) {
  const auto mark = path.find('?');
  return mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
}

std::string_view path_alone(std::string_view path) {
  return path.substr(0, path.find('?'));
}

std::string_view decode_query(std::string_view text, Arena& arena) {
  if (text.find_first_of("%+") == std::string_view::npos) {
    return text;
  }
  char* const out = arena.allocate(text.size());
  return {out, undo_escapes(text, '%', '+', out)};
}

std::string_view left_by_both(std::string_view url, std::string_view one, std::string_view other,
                              Arena& arena) {
  char* const out = arena.allocate(one.size() + 1);
  const std::size_t mark = path_alone(one).copy(out, one.size());
  std::size_t size = mark;
  Left in_one(one);
  Left in_other(other);
  each_parameter(query_of(url), [&](const Parameter& parameter) {
    const bool first = in_one.take(parameter.whole);
    if (in_other.take(parameter.whole) && first) {
      out[size] = size == mark ? '?' : '&';
      size += 1 + parameter.whole.copy(out + size + 1, parameter.whole.size());
    }
    return true;
  });
  return size == one.size() ? one : std::string_view(out, size);
}

std::vector<std::string_view> taken_out(std::string_view url, std::string_view left) {
  std::vector<std::string_view> out;
  Left rest(left);
  each_parameter(query_of(url), [&](const Parameter& parameter) {
    if (!rest.take(parameter.whole)) {
      out.push_back(parameter.whole);
    }
    return true;
  });
  std::ranges::sort(out);
  return out;
}

std::string_view resolved_path(std::string_view path, Arena& arena) {
  path = path_alone(path);
  const bool dots = path.find("/./") != std::string_view::npos ||
                    path.find("/../") != std::string_view::npos || path.ends_with("/.") ||
                    path.ends_with("/..");
  if (!dots || !path.starts_with('/')) {
    return path;
  }
  char* const out = arena.allocate(path.size());
  std::size_t size = 0;
  while (!path.empty()) {  // each turn takes "/segment"
    const auto end = path.find('/', 1);
    const std::string_view segment = path.substr(0, end);
    const bool last = end == std::string_view::npos;
    if (segment == "/..") {
      while (size > 0 && out[--size] != '/') {
      }
    }
    if (segment != "/." && segment != "/..") {
      std::memcpy(out + size, segment.data(), segment.size());
      size += segment.size();
    } else if (last) {
      out[size++] = '/';
    }
    path.remove_prefix(segment.size());
  }
  return {out, size};
}

std::string_view merged_path(std::string_view path, Arena& arena) {
  path = path_alone(path);
  if (path.find("//") == std::string_view::npos) {
    return resolved_path(path, arena);
  }
  char* const out = arena.allocate(path.size());
  std::size_t size = 0;
  for (const char c : path) {
    if (c != '/' || size == 0 || out[size - 1] != '/') {
      out[size++] = c;
    }
  }
  return resolved_path({out, size}, arena);
}

}  // namespace weir::filters
