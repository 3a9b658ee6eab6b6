// SPDX-License-Identifier: Apache-2.0
//
// See password_hash.h. The forms, as crypt(5) describes them:
//
//   bcrypt        $2y$ cost $ 22 characters of salt, 31 of digest        ($2a$, $2b$ likewise)
//   yescrypt      $y$ parameters $ salt $ 43 characters
//   sha512-crypt  $6$ [rounds=N$] salt (at most 16) $ 86 characters
//   sha256-crypt  $5$ [rounds=N$] salt (at most 16) $ 43 characters
//
// The form is judged to the last character, because a hash that was cut short when copied would
// otherwise look fine and let nobody in.
#include "proxy/pipeline/password_hash.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <cstring>
#include <memory>
#include <optional>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

static_assert(kMaxPassword < CRYPT_MAX_PASSPHRASE_SIZE);

constexpr std::string_view kDamaged = "the hash is damaged or incomplete";
constexpr std::string_view kTooSlow = "the hash costs too much to verify; choose a lower cost";
constexpr std::size_t kSaltMost = 86;

// The 64 characters crypt(3) writes digests in.
bool hash_characters(std::string_view text) {
  for (const char c : text) {
    if (!is(c, kAlpha) && !is(c, kDigit) && c != '.' && c != '/') {
      return false;
    }
  }
  return true;
}

// Takes everything before the next '$' off the front of `rest`; nothing when there is no '$'.
std::optional<std::string_view> take_part(std::string_view& rest) {
  const std::size_t end = rest.find('$');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return part;
}

std::string_view judge_bcrypt(std::string_view rest) {
  const auto cost_text = take_part(rest);
  const auto cost = cost_text && cost_text->size() == 2 ? parse_decimal(*cost_text) : std::nullopt;
  if (!cost || *cost < 4 || *cost > 31 || rest.size() != 53 || !hash_characters(rest)) {
    return kDamaged;
  }
  return *cost > kMaxBcryptCost ? kTooSlow : std::string_view();
}

std::string_view judge_yescrypt(std::string_view rest) {
  const auto parameters = take_part(rest);
  const auto salt = parameters ? take_part(rest) : std::nullopt;
  const bool good = salt && !parameters->empty() && hash_characters(*parameters) &&
                    salt->size() <= kSaltMost && hash_characters(*salt) && rest.size() == 43 &&
                    hash_characters(rest);
  return good ? std::string_view() : kDamaged;
}

std::string_view judge_sha(std::string_view rest, std::size_t digest) {
  constexpr std::string_view kRounds = "rounds=";
  if (rest.starts_with(kRounds)) {
    rest.remove_prefix(kRounds.size());
    const auto text = take_part(rest);
    const auto rounds = text ? parse_decimal(*text, 999'999'999) : std::nullopt;
    if (!rounds || *rounds < 1000) {
      return kDamaged;
    }
    if (*rounds > kMaxShaRounds) {
      return kTooSlow;
    }
  }
  const auto salt = take_part(rest);
  const bool good = salt && salt->size() <= 16 && hash_characters(*salt) && rest.size() == digest &&
                    hash_characters(rest);
  return good ? std::string_view() : kDamaged;
}

// Names the kinds that are known and not good enough.
std::string_view judge_other(std::string_view hash) {
  if (hash.starts_with("$apr1$") || hash.starts_with("$1$")) {
    return "the hash is MD5, which is guessed quickly";
  }
  if (hash.starts_with("{SHA}") || hash.starts_with("{SSHA}")) {
    return "the hash is SHA-1, which is guessed quickly";
  }
  if (hash.size() == 13 && hash_characters(hash)) {
    return "the hash is DES, which is guessed quickly and ignores all but 8 characters";
  }
  if (hash.empty()) {
    return "the hash is missing";
  }
  return "this is plain text or an unknown kind of hash";
}

std::string_view judge_form(std::string_view hash) {
  for (const std::string_view kind : {"$2y$", "$2b$", "$2a$"}) {
    if (hash.starts_with(kind)) {
      return judge_bcrypt(hash.substr(kind.size()));
    }
  }
  if (hash.starts_with("$y$")) {
    return judge_yescrypt(hash.substr(3));
  }
  if (hash.starts_with("$6$")) {
    return judge_sha(hash.substr(3), 86);
  }
  if (hash.starts_with("$5$")) {
    return judge_sha(hash.substr(3), 43);
  }
  return judge_other(hash);
}

}  // namespace

std::string_view why_refused(std::string_view hash) {
  const std::string_view why = judge_form(hash);
  if (!why.empty()) {
    return why;
  }
  const int salt = ::crypt_checksalt(std::string(hash).c_str());
  const bool known = salt != CRYPT_SALT_INVALID && salt != CRYPT_SALT_METHOD_DISABLED;
  return known ? std::string_view() : "this system's libcrypt does not verify this kind of hash";
}

bool password_matches(const Password& password, const std::string& hash) {
  const auto work = std::make_unique<crypt_data>();  // 32 KiB
  const char* made = ::crypt_r(password.reveal_c_str(), hash.c_str(), work.get());
  const bool matches = made != nullptr && std::strlen(made) == hash.size() &&
                       CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(work.get(), sizeof *work);
  return matches;
}

}  // namespace weir
