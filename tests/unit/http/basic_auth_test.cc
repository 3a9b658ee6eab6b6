// SPDX-License-Identifier: Apache-2.0
//
// Tables for the reader of Basic credentials: what well-behaved clients send, and every way to
// write it wrongly that we could think of, at each limit and one beyond it.
#include "proxy/http/basic_auth.h"

#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <string>
#include <type_traits>

#include "tests/base64_encode.h"

namespace weir::http {
namespace {

std::string basic(std::string_view pair) {
  return "Basic " + test::encode_base64(pair);
}

struct Read {
  Failure failure;
  std::string user;
  std::string password;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view value) {
  BasicCredentials out;
  const Failure failure = parse_basic(value, out);
  return {failure, std::string(out.user()), std::string(out.password().reveal())};
}

const Read kNobody{Failure::AuthRequired, "", ""};
const Read kMalformed{Failure::AuthFailed, "", ""};

TEST(BasicAuth, ReadsUserAndPassword) {
  // RFC 7617 2 and 2.1.
  EXPECT_EQ(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            (Read{Failure::None, "Aladdin", "open sesame"}));
  EXPECT_EQ(read("Basic dGVzdDoxMjPCow=="), (Read{Failure::None, "test", "123\xc2\xa3"}));
}

TEST(BasicAuth, TheFirstColonDivides) {
  EXPECT_EQ(read(basic("u:a:b::")), (Read{Failure::None, "u", "a:b::"}));
}

TEST(BasicAuth, APasswordMayBeEmpty) {
  EXPECT_EQ(read(basic("u:")), (Read{Failure::None, "u", ""}));
}

TEST(BasicAuth, TheSchemeIsComparedWithoutCaseAndFollowedByAnySpaces) {
  for (const char* scheme : {"basic ", "BASIC ", "bAsIc   "}) {
    EXPECT_EQ(read(scheme + test::encode_base64("u:p")), (Read{Failure::None, "u", "p"})) << scheme;
  }
}

TEST(BasicAuth, OtherSchemesAreAsIfNothingHadCome) {
  for (const char* value : {"", "Bearer abc", "Digest username=\"u\"", "Basi dTpw", "Basic2 dTpw",
                            "dTpw", " Basic dTpw", "Basic\tdTpw", "Basic,dTpw", "Basic=dTpw"}) {
    EXPECT_EQ(read(value), kNobody) << value;
  }
}

TEST(BasicAuth, MalformedCredentialsFail) {
  struct Case {
    const char* what;
    std::string value;
  };
  const std::array cases{
      Case{"no token", "Basic"},
      Case{"no token but a space", "Basic "},
      Case{"a tab before the token", "Basic \tdTpw"},
      Case{"a space behind the token", "Basic dTpw "},
      Case{"two tokens", "Basic dTpw dTpw"},
      Case{"two credentials in a list", "Basic dTpw, Basic dTpw"},
      Case{"a parameter", "Basic realm=\"x\""},
      Case{"no padding", "Basic dTpwcA"},
      Case{"the alphabet for URLs", "Basic dTr_-_8="},
      Case{"a line end", "Basic dTpw\r\n"},
      Case{"no colon", basic("nobody")},
      Case{"nothing inside", "Basic ===="},
      Case{"an empty user", basic(":p")},
      Case{"a NUL in the password", basic(std::string_view("u:p\0q", 5))},
      Case{"a NUL in the user", basic(std::string_view("u\0v:p", 5))},
      Case{"a line end in the user", basic("u\nv:p")},
      Case{"a line end in the password", basic("u:p\r\nq")},
      Case{"a tab in the user", basic("u\tv:p")},
      Case{"a DEL in the password", basic("u:\x7f")},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(read(c.value), kMalformed) << c.what;
  }
}

TEST(BasicAuth, SizesAreBounded) {
  const std::string user(kMaxBasicUser, 'u');
  const std::string password(kMaxBasicPassword, 'p');
  EXPECT_EQ(read(basic(user + ":" + password)), (Read{Failure::None, user, password}));
  EXPECT_EQ(read(basic(user + "u:p")), kMalformed);
  EXPECT_EQ(read(basic("u:" + password + "p")), kMalformed);
  EXPECT_EQ(read(basic(std::string(100'000, 'x') + ":p")), kMalformed);
  EXPECT_EQ(read("Basic " + std::string(kMaxBasicToken + 4, 'A')), kMalformed);
}

TEST(BasicAuth, ARefusalLeavesNothingOfAnEarlierValue) {
  BasicCredentials out;
  ASSERT_EQ(parse_basic(basic("user:password"), out), Failure::None);
  ASSERT_EQ(parse_basic("Basic dXNlcjpwYXNzd29yZA==!!!!", out), Failure::AuthFailed);
  EXPECT_EQ(out.user(), "");
  EXPECT_EQ(out.password().size(), 0u);
}

template <class T>
concept Printable = requires(std::ostream& to, const T& what) {
  to << what;
};

TEST(BasicAuth, ASecretCannotBePrintedCopiedComparedOrTakenForText) {
  static_assert(!Printable<Secret<8>> && !Printable<SecretView> && !Printable<BasicCredentials>);
  static_assert(!std::is_convertible_v<SecretView, std::string_view>);
  static_assert(!std::is_convertible_v<std::string_view, SecretView>);
  static_assert(!std::is_copy_constructible_v<Secret<8>> &&
                !std::is_move_constructible_v<Secret<8>>);
  static_assert(!std::equality_comparable<SecretView>);
}

TEST(BasicAuth, ASecretIsWipedWhenItDies) {
  alignas(Secret<16>) std::array<char, sizeof(Secret<16>)> place{};
  auto* secret = new (place.data()) Secret<16>;
  secret->assign(SecretView("open sesame"));
  ASSERT_NE(std::string_view(place.data(), place.size()).find("sesame"), std::string_view::npos);
  secret->~Secret();
  EXPECT_EQ(std::string_view(place.data(), place.size()).find("sesame"), std::string_view::npos);
}

}  // namespace
}  // namespace weir::http
