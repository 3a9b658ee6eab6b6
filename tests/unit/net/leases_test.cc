// SPDX-License-Identifier: Apache-2.0
//
// Lease files of four DHCP servers, whole, cut and hostile; and which device an address is by them.
#include "proxy/net/leases.h"

#include <gtest/gtest.h>

#include "proxy/net/devices.h"
#include "proxy/net/silence.h"

namespace weir {
namespace {

constexpr WallTime kNow{1'767'225'600 * kSecond};  // 2026-01-01T00:00:00Z
constexpr MacAddress kTom{2, 0x57, 0x65, 0x69, 0x72, 7};
constexpr MacAddress kEve{2, 0x57, 0x65, 0x69, 0x72, 8};

IpAddress at(const char* text) {
  return *IpAddress::parse(text);
}

LeaseTable table(std::string_view text) {
  return LeaseTable(parse_leases(text, 1000));
}

// The name of an address now; "-" when there is no lease.
std::string name(const LeaseTable& leases, const char* address) {
  const Lease* lease = leases.of(at(address), kNow);
  return lease == nullptr ? "-" : lease->name;
}

TEST(Leases, dnsmasq_tells_addresses_names_and_hardware_addresses) {
  const LeaseTable leases = table(
      "1767229200 02:57:65:69:72:07 192.168.1.20 Toms-Phone 01:02:57:65:69:72:07\n"
      "0 02:57:65:69:72:08 192.168.1.21 * *\n"
      "1767225599 02:57:65:69:72:09 192.168.1.22 gone *\n"
      "duid 00:01:00:01:2f:00:00:00:02:57:65:69:72:01\n"
      "1767229200 1701405234 fd00::20 toms-phone 00:01:00:01:2f:00:00:00:02:57:65:69:72:07\n");
  EXPECT_EQ(name(leases, "192.168.1.20"), "toms-phone");
  EXPECT_EQ(leases.of(at("192.168.1.20"), kNow)->mac, kTom);
  EXPECT_EQ(name(leases, "192.168.1.21"), "") << "for ever, without a name";
  EXPECT_EQ(name(leases, "192.168.1.22"), "-") << "has ended";
  EXPECT_EQ(name(leases, "fd00::20"), "toms-phone");
  EXPECT_FALSE(leases.of(at("fd00::20"), kNow)->mac);
}

TEST(Leases, the_last_word_of_dhcpd_holds) {
  const std::string active =
      "lease 192.168.1.20 {\n  starts 3 2025/12/31 23:00:00;\n  ends 4 2026/01/01 01:00:00;\n"
      "  binding state active;\n  next binding state free;\n"
      "  hardware ethernet 02:57:65:69:72:07;\n  client-hostname \"Toms-Phone\";\n}\n";
  EXPECT_EQ(
      name(table("# a comment\nauthoring-byte-order little-endian;\n" + active), "192.168.1.20"),
      "toms-phone");
  EXPECT_EQ(
      name(table(active + "lease 192.168.1.20 {\n  binding state free;\n}\n"), "192.168.1.20"),
      "-");
  EXPECT_EQ(name(table("lease 192.168.1.20 {\n  ends never;\n  client-hostname \"a\";\n}\n"),
                 "192.168.1.20"),
            "a");
  EXPECT_EQ(name(table("lease 192.168.1.20 {\n  ends epoch 1767229200; # x\n"
                       "  client-hostname \"a\";\n}\n"),
                 "192.168.1.20"),
            "a");
  EXPECT_EQ(name(table("lease 192.168.1.20 {\n  ends 4 2025/12/31 23:59:59;\n}\n"), "192.168.1.20"),
            "-");
  EXPECT_EQ(table("lease 192.168.1.20 {\n  ends never;\n").size(), 0U) << "half written";
}

TEST(Leases, kea_is_read_by_its_columns) {
  const LeaseTable four = table(
      "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
      "user_context\n"
      "192.168.1.20,02:57:65:69:72:07,,3600,1767229200,1,0,0,toms-phone.lan.,0,\n"
      "192.168.1.21,02:57:65:69:72:08,,4294967295,1,1,0,0,printer,0,\n"
      "192.168.1.22,02:57:65:69:72:09,,3600,1767229200,1,0,0,declined,1,\n"
      "192.168.1.23,,,3600,1767229200,1,0,0,a&#x2cb,0,\n"
      "192.168.1.20,02:57:65:69:72:07,,3600,1767229201,1,0,0,toms-new-phone.lan.,0,\n");
  EXPECT_EQ(name(four, "192.168.1.20"), "toms-new-phone.lan");
  EXPECT_EQ(name(four, "192.168.1.21"), "printer");
  EXPECT_EQ(name(four, "192.168.1.22"), "-");
  EXPECT_EQ(name(four, "192.168.1.23"), "");
  const LeaseTable six = table(
      "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,"
      "fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context\n"
      "fd00::20,00:03,3600,1767229200,1,3600,0,1,128,0,0,toms-phone,02:57:65:69:72:07,0,\n");
  EXPECT_EQ(name(six, "fd00::20"), "toms-phone");
  EXPECT_EQ(six.of(at("fd00::20"), kNow)->mac, kTom);
}

TEST(Leases, odhcpd_writes_them_as_comments_of_a_hosts_file) {
  const LeaseTable leases = table(
      "# br-lan 025765697207 ipv4 toms-phone 1767229200 64 32 192.168.1.20/32\n"
      "# br-lan 000100012f 1a2b toms-phone 1767229200 20 128 fd00::20/128 2001:db8::20/128\n"
      "fd00::20\ttoms-phone\n"
      "# br-lan 025765697208 ipv4 broken\\x20evil -1 65 32 192.168.1.21/32\n");
  EXPECT_EQ(name(leases, "192.168.1.20"), "toms-phone");
  EXPECT_EQ(leases.of(at("192.168.1.20"), kNow)->mac, kTom);
  EXPECT_EQ(name(leases, "fd00::20"), "toms-phone");
  EXPECT_EQ(name(leases, "2001:db8::20"), "toms-phone");
  EXPECT_EQ(name(leases, "192.168.1.21"), "");
}

TEST(Leases, a_hostile_name_is_none) {
  const std::string evil[] = {"a\x1b[2J", "a\"b", "<script>", "../etc",
                              "-rf",      "a b",  "\xc3\xa4", "a\\012x",
                              ".x",       "_x",   "a,b",      std::string(254, 'a')};
  for (const std::string& each : evil) {
    EXPECT_EQ(plain_name(each), "") << each;
    const LeaseTable isc =
        table("lease 10.0.0.1 {\n ends never;\n client-hostname \"" + each + "\";\n}\n");
    EXPECT_EQ(name(isc, "10.0.0.1"), "") << each;
  }
  EXPECT_EQ(plain_name("Toms_Phone.Lan."), "toms_phone.lan");
}

TEST(Leases, nonsense_gives_nothing_and_numbers_are_bounded) {
  for (const char* text : {"", "\n\n", "}", "lease", "lease x {", "# a b", "address,", "1 2 3",
                           "99999999999999999999 02:57:65:69:72:07 10.0.0.1 a *"}) {
    EXPECT_LE(table(text).size(), 0U) << text;
  }
  std::string many;
  for (int i = 0; i < 200; ++i) {
    many += "0 02:57:65:69:72:07 10.0.0." + std::to_string(i) + " a *\n";
  }
  EXPECT_EQ(parse_leases(many, 50).size(), 50U);
  const std::string whole =
      "lease 192.168.1.20 {\n  ends never;\n  hardware ethernet 02:57:65:69:72:07;\n}\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_LE(table(whole.substr(0, cut)).size(), cut >= whole.size() - 1 ? 1U : 0U) << cut;
  }
}

TEST(Leases, a_device_is_known_by_any_of_its_addresses) {
  const LeaseTable leases = table(
      "1767229200 02:57:65:69:72:07 192.168.1.20 toms-phone *\n"
      "1767229200 02:57:65:69:72:08 192.168.1.21 eves *\n");
  const Device leased = identify(at("192.168.1.20"), kTom, leases, kNow);
  EXPECT_EQ(leased.name, "toms-phone");
  const Device far = identify(at("192.168.1.20"), std::nullopt, leases, kNow);
  EXPECT_EQ(far.mac, kTom) << "behind another router: the lease tells";
  const Device chosen = identify(at("2001:db8::77"), kTom, leases, kNow);
  EXPECT_EQ(chosen.name, "toms-phone") << "an address that it gave itself";
  const Device thief = identify(at("192.168.1.20"), kEve, leases, kNow);
  EXPECT_EQ(thief.name, "eves") << "who takes an address does not take its name";
  EXPECT_EQ(thief.mac, kEve);
  EXPECT_EQ(identify(at("192.168.1.99"), std::nullopt, leases, kNow).name, "");
}

TEST(Leases, names_are_found_with_their_domain_and_without) {
  const LeaseTable leases = table(
      "0 02:57:65:69:72:07 192.168.1.20 phone.kids.lan *\n0 02:57:65:69:72:08 192.168.1.21 phone "
      "*\n");
  EXPECT_EQ(leases.named("PHONE", kNow).size(), 2U);
  EXPECT_EQ(leases.named("phone.kids.lan", kNow).size(), 1U);
  EXPECT_EQ(leases.named("kids", kNow).size(), 0U);
}

TEST(Silence, lasts_until_an_answer_comes_in_time_and_longer_each_time) {
  const auto s = [](Micros seconds) { return Instant{(1000 + seconds) * kSecond}; };
  Silence silence;
  EXPECT_FALSE(silence.lasts(s(0)));
  silence.heard(s(1));
  silence.missed(s(0), s(2));
  EXPECT_FALSE(silence.lasts(s(2))) << "another name was answered meanwhile";
  silence.missed(s(2), s(3));
  EXPECT_TRUE(silence.lasts(s(7)));
  EXPECT_FALSE(silence.lasts(s(8))) << "somebody tries";
  silence.missed(s(8), s(9));
  EXPECT_TRUE(silence.lasts(s(18)));
  for (Micros t = 100; t < 2000; t += 100) {
    silence.missed(s(t), s(t + 1));
  }
  EXPECT_FALSE(silence.lasts(s(1901) + Silence::kMost));
  silence.missed(s(3000), s(3001));
  silence.heard(s(3002));
  EXPECT_FALSE(silence.lasts(s(3003)));
}

}  // namespace
}  // namespace weir
