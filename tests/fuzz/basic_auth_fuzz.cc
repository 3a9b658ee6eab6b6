// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the value of Proxy-Authorization, and as Base64. Beyond memory errors it looks for
// broken promises: accepted credentials keep every bound, and the text they came from is the only
// one that means them.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/base/base64.h"
#include "proxy/http/basic_auth.h"
#include "tests/base64_encode.h"

namespace {

void read_as_base64(std::string_view text) {
  std::array<char, 512> bytes;
  const auto size = weir::decode_base64(text, bytes);
  if (size) {
    WEIR_ASSERT(*size <= bytes.size());
    WEIR_ASSERT(weir::test::encode_base64({bytes.data(), *size}) == text);
  }
}

void read_as_credentials(std::string_view value) {
  weir::http::BasicCredentials out;
  const weir::Failure failure = weir::http::parse_basic(value, out);
  const std::string_view password = out.password().reveal();
  if (failure != weir::Failure::None) {
    WEIR_ASSERT(failure == weir::Failure::AuthRequired || failure == weir::Failure::AuthFailed);
    WEIR_ASSERT(out.user().empty() && password.empty());
    return;
  }
  WEIR_ASSERT(weir::http::may_be_basic_user(out.user()));
  WEIR_ASSERT(password.size() <= weir::http::kMaxBasicPassword);
  for (const char c : password) {
    WEIR_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  const std::string pair = std::string(out.user()) + ":" + std::string(password);
  WEIR_ASSERT(value.ends_with(" " + weir::test::encode_base64(pair)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_as_base64(input);
  read_as_credentials(input);
  // Most inputs are not Base64: as the bytes inside it they reach the rules about user and
  // password.
  read_as_credentials("Basic " + weir::test::encode_base64(input));
  return 0;
}
