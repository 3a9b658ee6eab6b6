// SPDX-License-Identifier: Apache-2.0
//
// The other direction of proxy/base/base64.h, for tests and fuzzers only: Weir itself never writes
// Base64. Written bit by bit, so that it shares no idea, and no mistake, with the decoder.
#pragma once

#include <string>
#include <string_view>

namespace weir::test {

inline std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      const bool inside = i / 8 < bytes.size();
      const unsigned byte = inside ? static_cast<unsigned char>(bytes[i / 8]) : 0u;
      value = value * 2 + ((byte >> (7 - i % 8)) & 1u);
    }
    out.push_back(kAlphabet[value]);
  }
  while (out.size() % 4 != 0) {
    out.push_back('=');
  }
  return out;
}

}  // namespace weir::test
