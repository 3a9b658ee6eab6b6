// SPDX-License-Identifier: Apache-2.0
//
// What `weir gateway` hands to its script: options as they were given, and what the configuration
// says where they are silent. What the script then does is tested in tests/real/test_gateway.py.
#include <gtest/gtest.h>

#include "proxy/cli/gateway.h"

namespace weir::cli {
namespace {

using Words = std::vector<std::string>;

Settings with_user_and_two_ports() {
  Settings out;
  out.process.user = "weir";
  out.listeners.push_back({Endpoint{IpAddress::v4(0), 8080}, "second"});
  return out;
}

TEST(GatewayArguments, AreWhatWasGiven) {
  GatewayOptions options{"", "up", {"--lan", "br-lan", "--forwarding"}, {}};
  EXPECT_EQ(gateway_arguments(options, nullptr), (Words{"up", "--lan", "br-lan", "--forwarding"}));
}

TEST(GatewayArguments, TakeFromTheConfigurationWhatIsOpen) {
  const Settings settings = with_user_and_two_ports();
  GatewayOptions options{"weir.json", "up", {"--lan", "br-lan"}, {}};
  EXPECT_EQ(gateway_arguments(options, &settings),
            (Words{"up", "--lan", "br-lan", "--uid", "weir", "--forward-port", "3128",
                   "--forward-port", "8080", "--listener", "none"}));
  options.words = {"--lan", "br-lan", "--uid", "other", "--forward-port", "1"};
  EXPECT_EQ(gateway_arguments(options, &settings),
            (Words{"up", "--lan", "br-lan", "--uid", "other", "--forward-port", "1", "--listener",
                   "none"}));
}

TEST(GatewayArguments, NameEachTransparentListener) {
  Settings settings;
  settings.listeners = {{Endpoint{IpAddress::v4(0), 3129}, "lan", ListenMode::Redirect},
                        {Endpoint{IpAddress::v4(0), 3130}, "own", ListenMode::Tproxy}};
  for (const char* verb : {"up", "plan", "guard", "doctor"}) {
    EXPECT_EQ(
        gateway_arguments({"weir.json", verb, {"--lan", "l"}, {}}, &settings),
        (Words{verb, "--lan", "l", "--listener", "redirect:3129", "--listener", "tproxy:3130"}));
  }
}

TEST(GatewayArguments, LeaveARepeatedUpAlone) {
  const Settings settings = with_user_and_two_ports();
  EXPECT_EQ(gateway_arguments({"weir.json", "up", {}, {}}, &settings), (Words{"up"}));
  EXPECT_EQ(gateway_arguments({"weir.json", "down", {}, {}}, &settings), (Words{"down"}));
  EXPECT_EQ(gateway_arguments({"weir.json", "doctor", {}, {}}, &settings).size(), 9U);
}

TEST(GatewayArguments, EndWithTheCommandOfGuard) {
  EXPECT_EQ(gateway_arguments({"", "guard", {"--lan", "br-lan"}, {"weir", "run"}}, nullptr),
            (Words{"guard", "--lan", "br-lan", "--", "weir", "run"}));
}

TEST(GatewayScript, IsWholeAndKnowsEveryOption) {
  const std::string script(gateway_script());
  EXPECT_TRUE(script.ends_with("main \"$@\"\n"));
  for (const char* part : {"take_options() {", "nft_text() {", "ipt_text() {", "examine() {"}) {
    EXPECT_NE(script.find(part), std::string::npos) << part;
  }
  for (const GatewayOption& option : gateway_options()) {
    const std::string branch = std::string("      ") + option.name + ") ";
    EXPECT_NE(script.find(branch), std::string::npos) << option.name;
  }
}

}  // namespace
}  // namespace weir::cli
