// SPDX-License-Identifier: Apache-2.0
//
// Integer printing for log lines. Two digits at a time from a table of pairs: half the divisions of
// the plain loop. See line.h.
#include "proxy/observe/line.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace weir {
namespace {

constexpr std::array<char, 200> make_pairs() {
  std::array<char, 200> pairs{};
  for (unsigned i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
constexpr auto kPairs = make_pairs();
constexpr std::size_t kMostDigits = 20;  // UINT64_MAX

template <std::size_t kPart>
void copy_ends(char* to, const char* from, std::size_t size) {
  std::array<char, kPart> first;
  std::array<char, kPart> last;
  std::memcpy(first.data(), from, kPart);
  std::memcpy(last.data(), from + size - kPart, kPart);
  std::memcpy(to, first.data(), kPart);
  std::memcpy(to + size - kPart, last.data(), kPart);
}

}  // namespace

// Most pieces of a line are shorter than a call of memcpy is worth: two overlapping moves of a size
// that the compiler knows do for them.
void Line::put(std::string_view bytes) {
  const std::size_t size = std::min(bytes.size(), left());
  if (size > 16) {
    std::memcpy(at_, bytes.data(), size);
  } else if (size >= 8) {
    copy_ends<8>(at_, bytes.data(), size);
  } else if (size >= 4) {
    copy_ends<4>(at_, bytes.data(), size);
  } else if (size >= 2) {
    copy_ends<2>(at_, bytes.data(), size);
  } else if (size == 1) {
    *at_ = bytes[0];
  }
  at_ += size;
}

void Line::number(std::uint64_t value) {
  if (value < 10) {
    put(static_cast<char>('0' + value));
    return;
  }
  std::array<char, kMostDigits> text;
  std::size_t first = text.size();
  while (value >= 100) {
    first -= 2;
    std::memcpy(&text[first], &kPairs[2 * (value % 100)], 2);
    value /= 100;
  }
  if (value >= 10) {
    first -= 2;
    std::memcpy(&text[first], &kPairs[2 * value], 2);
  } else {
    text[--first] = static_cast<char>('0' + value);
  }
  put(std::string_view(&text[first], text.size() - first));
}

void Line::digits(std::uint64_t value, unsigned width) {
  std::array<char, kMostDigits> text;
  for (unsigned i = width; i-- > 0; value /= 10) {
    text[i] = static_cast<char>('0' + value % 10);
  }
  put(std::string_view(text.data(), width));
}

void Line::hex16(std::uint64_t value) {
  std::array<char, 16> text;
  for (std::size_t i = text.size(); i-- > 0; value >>= 4) {
    text[i] = "0123456789abcdef"[value & 15];
  }
  put(std::string_view(text.data(), text.size()));
}

void Line::pad_left(std::size_t start, std::size_t width) {
  const std::size_t written = size() - start;
  if (written >= width || width - written > left()) {
    return;
  }
  const std::size_t gap = width - written;
  std::memmove(begin_ + start + gap, begin_ + start, written);
  std::memset(begin_ + start, ' ', gap);
  at_ += gap;
}

}  // namespace weir
