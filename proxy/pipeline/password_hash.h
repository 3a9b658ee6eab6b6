// SPDX-License-Identifier: Apache-2.0
//
// Password hashes as crypt(3) makes them: which kinds are good enough, and whether a password is
// the one a hash was made of. It knows nothing of users or files.
//
// Pure apart from the time it takes; any thread. A Password is wiped when it dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/secret.h"

namespace weir {

// The longest that crypt(3) takes.
constexpr std::size_t kMaxPassword = 511;
using Password = Secret<kMaxPassword>;

// What one verification may cost: several seconds of one core, no more.
constexpr std::uint64_t kMaxBcryptCost = 16;
constexpr std::uint64_t kMaxShaRounds = 10'000'000;

// Why `hash` is not acceptable, as the end of a sentence; empty when it is. Judges the form: every
// hash that passes is one that crypt(3) can verify.
std::string_view why_refused(std::string_view hash);

// True when `password`, which holds no NUL, is the one `hash` was made of. Slow by design (tens of
// milliseconds and, for yescrypt, megabytes): for the offload pool. Its working memory is wiped.
bool password_matches(const Password& password, const std::string& hash);

}  // namespace weir
