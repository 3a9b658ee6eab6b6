// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of a text: what tells whether a kept list is still what was downloaded, and what names
// its files.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// 64 hexadecimal digits, lower case. Empty when the library refuses, which equals no digest.
std::string sha256_hex(std::string_view bytes);

}  // namespace weir
