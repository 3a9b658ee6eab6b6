// SPDX-License-Identifier: Apache-2.0
//
// See crc32c.h. The instruction takes 3 cycles but can begin one in each: three parts of a block
// are summed side by side and joined by what so many zero bytes do to a checksum, which is linear.
#include "proxy/store/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weir::store {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // bits reversed
using Table = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Table make_table() {
  Table out{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) {
      sum = (sum >> 1) ^ ((sum & 1U) != 0 ? kPolynomial : 0U);
    }
    out[0][byte] = sum;
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    for (std::size_t n = 1; n < out.size(); ++n) {
      out[n][byte] = (out[n - 1][byte] >> 8) ^ out[0][out[n - 1][byte] & 255U];
    }
  }
  return out;
}

constexpr Table kTable = make_table();

std::uint64_t word_at(const char* at) {
  std::uint64_t out = 0;
  std::memcpy(&out, at, sizeof out);
  return out;
}

// Raw sums: without the inversions before and behind.
std::uint32_t raw_by_table(std::uint32_t sum, const char* at, std::size_t n) {
  for (; n >= 8; at += 8, n -= 8) {
    const std::uint64_t word = word_at(at) ^ sum;
    sum = 0;
    for (std::size_t byte = 0; byte < 8; ++byte) {
      sum ^= kTable[7 - byte][(word >> (8 * byte)) & 255U];
    }
  }
  for (; n != 0; ++at, --n) {
    sum = (sum >> 8) ^ kTable[0][(sum ^ static_cast<unsigned char>(*at)) & 255U];
  }
  return sum;
}

#if defined(__x86_64__)
constexpr std::size_t kPart = 1024;
using Shift = std::array<std::array<std::uint32_t, 256>, 4>;

// What kPart zero bytes make of a raw sum, for each value of each of its bytes.
Shift make_shift() {
  Shift out{};
  const std::array<char, kPart> zeros{};
  for (std::size_t n = 0; n < out.size(); ++n) {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      out[n][byte] = raw_by_table(byte << (8 * n), zeros.data(), zeros.size());
    }
  }
  return out;
}

std::uint32_t shifted(const Shift& shift, std::uint32_t sum) {
  return shift[0][sum & 255U] ^ shift[1][(sum >> 8) & 255U] ^ shift[2][(sum >> 16) & 255U] ^
         shift[3][sum >> 24];
}

__attribute__((target("sse4.2"))) std::uint32_t raw_of_three(const Shift& shift, std::uint32_t sum,
                                                             const char* at) {
  std::uint64_t first = sum;
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t n = 0; n < kPart; n += 8) {
    first = _mm_crc32_u64(first, word_at(at + n));
    second = _mm_crc32_u64(second, word_at(at + kPart + n));
    third = _mm_crc32_u64(third, word_at(at + 2 * kPart + n));
  }
  const std::uint32_t joined =
      shifted(shift, static_cast<std::uint32_t>(first)) ^ static_cast<std::uint32_t>(second);
  return shifted(shift, joined) ^ static_cast<std::uint32_t>(third);
}

__attribute__((target("sse4.2"))) std::uint32_t raw_by_instruction(std::uint32_t sum,
                                                                   const char* at, std::size_t n) {
  static const Shift shift = make_shift();
  for (; n >= 3 * kPart; at += 3 * kPart, n -= 3 * kPart) {
    sum = raw_of_three(shift, sum, at);
  }
  std::uint64_t wide = sum;
  for (; n >= 8; at += 8, n -= 8) {
    wide = _mm_crc32_u64(wide, word_at(at));
  }
  sum = static_cast<std::uint32_t>(wide);
  for (; n != 0; ++at, --n) {
    sum = _mm_crc32_u8(sum, static_cast<unsigned char>(*at));
  }
  return sum;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) {
    return ~raw_by_instruction(~before, bytes.data(), bytes.size());
  }
#endif
  return crc32c_by_table(bytes, before);
}

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) {
  return ~raw_by_table(~before, bytes.data(), bytes.size());
}

}  // namespace weir::store
