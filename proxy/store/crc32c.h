// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C (Castagnoli, RFC 3720 appendix B.4): what tells stored bytes from damaged ones. It guards
// against accidents, not against an attacker who can write to the cache's directory. Uses the
// processor's own instruction where there is one. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::store {

// The checksum of `bytes` behind those of which `before` is the checksum; 0 for none. Cost: 8 bytes
// or more in a nanosecond with the instruction, 1 without.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The same without the instruction.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace weir::store
