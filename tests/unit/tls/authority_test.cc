// SPDX-License-Identifier: Apache-2.0
//
// What the authority may be made of, which names get a certificate, and what is kept of them. What
// the certificates say is for the handshakes of engine_test.cc and real programs to judge.
#include "proxy/tls/authority.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>

#include "tests/unit/tls/place.h"

namespace weir::tls {
namespace {

constexpr Micros kDay = 24 * 3600 * kSecond;

std::string error_of(const Place& place, WallTime now = wall_now()) {
  const auto loaded = Authority::load(place.certificate, place.key, now);
  return loaded ? "" : loaded.error();
}

TEST(Authority, IsLoadedAsItWasMade) {
  const Place place;
  EXPECT_EQ(error_of(place), "");
  EXPECT_GT(place.load()->until().us, wall_now().us + 3650 * kDay);
}

TEST(Authority, IsNotMadeOverAnotherOne) {
  const Place place;
  const auto again = make_authority(place.certificate, place.key, "Again", wall_now());
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().find("File exists"), std::string::npos) << again.error();
  EXPECT_EQ(error_of(place), "");
}

TEST(Authority, IsRefusedWithARemedy) {
  const Place place;
  const Place other;
  ::chmod(place.key.c_str(), 0640);
  EXPECT_NE(error_of(place).find("chmod 600 " + place.key), std::string::npos) << error_of(place);
  ::chmod(place.key.c_str(), 0600);
  const auto mixed = Authority::load(place.certificate, other.key, wall_now());
  ASSERT_FALSE(mixed);
  EXPECT_NE(mixed.error().find("does not belong to the key"), std::string::npos) << mixed.error();
  EXPECT_NE(error_of(place, {wall_now().us + 4000 * kDay}).find("has expired"), std::string::npos);
  EXPECT_NE(error_of(place, {wall_now().us - 400 * kDay}).find("not valid yet"), std::string::npos);
  std::ofstream(place.certificate) << "nonsense";
  EXPECT_NE(error_of(place).find("holds no certificate"), std::string::npos) << error_of(place);
  const auto none = Authority::load(place.folder + "/none", place.key, wall_now());
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().find("weir ca create"), std::string::npos) << none.error();
}

TEST(Authority, NamesOnlyWhatIsAHost) {
  for (const char* good : {"example.com", "a", "xn--bcher-kva.example", "_dmarc.x.org", "10.0.0.1",
                           "fd00::1", "a-b.c", "UPPER.example"}) {
    EXPECT_TRUE(may_certify(good)) << good;
  }
  const std::string label(63, 'a');
  EXPECT_TRUE(may_certify(label + "." + label + "." + label));
  const std::string long_name = label + "." + label + "." + label + "." + label;
  for (const std::string& bad :
       {std::string(), std::string("*.example.com"), std::string("a..b"), std::string("a."),
        std::string(".a"), std::string("a b"), std::string("a\0b", 3), std::string("-a.example"),
        std::string("a-.example"), std::string("a,DNS:b"), std::string("a:b"), std::string("b\xfc"),
        std::string("a/b"), std::string("a@b"), std::string("a\nb"), label + "a.example", long_name,
        std::string(255, 'a')}) {
    EXPECT_FALSE(may_certify(bad)) << bad;
  }
  const Place place;
  EXPECT_EQ(place.load()->mint("a,DNS:b", wall_now()), nullptr);
  EXPECT_NE(place.load()->mint("fd00::1", wall_now()), nullptr);
}

TEST(Authority, MakesNothingThatOutlivesIt) {
  const WallTime now = wall_now();
  const Place place({now.us - 3652 * kDay + 10 * kDay});
  const auto authority = place.load(now);
  ASSERT_NE(authority, nullptr);
  EXPECT_EQ(authority->mint("a.test", now)->until(), authority->until());
  EXPECT_EQ(authority->mint("a.test", {now.us + 11 * kDay}), nullptr);
  const Place fresh;
  EXPECT_LE(fresh.load()->mint("a.test", now)->until().us, now.us + 398 * kDay);
}

TEST(LeafCache, KeepsWhatIsUsedAndForgetsTheRest) {
  const Place place;
  const WallTime now = wall_now();
  LeafCache leaves(place.load(), 3);
  bool minted = false;
  const auto first = leaves.find("a.test", now, minted);
  EXPECT_TRUE(minted);
  for (const char* name : {"b.test", "c.test", "a.test", "d.test"}) {
    EXPECT_NE(leaves.find(name, now, minted), nullptr);
  }
  EXPECT_EQ(leaves.size(), 3U);
  EXPECT_EQ(leaves.find("a.test", now, minted), first);
  EXPECT_FALSE(minted);
  leaves.find("b.test", now, minted);
  EXPECT_TRUE(minted) << "the one not used for longest has gone";
  EXPECT_EQ(leaves.find("*.test", now, minted), nullptr);
  EXPECT_FALSE(minted);
}

TEST(LeafCache, MakesACertificateAnewBeforeItEnds) {
  const Place place;
  const WallTime now = wall_now();
  LeafCache leaves(place.load());
  bool minted = false;
  const auto first = leaves.find("a.test", now, minted);
  const auto second = leaves.find("a.test", {now.us + 89 * kDay + kDay / 2}, minted);
  EXPECT_TRUE(minted);
  EXPECT_GT(second->until().us, first->until().us);
  EXPECT_EQ(leaves.size(), 1U);
}

}  // namespace
}  // namespace weir::tls
