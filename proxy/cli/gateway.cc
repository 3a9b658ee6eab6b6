// SPDX-License-Identifier: Apache-2.0
//
// See gateway.h. The script is handed over in a nameless file of memory, not on standard input:
// so what it runs can have that, and this process can become the shell and need not watch one.
#include "proxy/cli/gateway.h"

#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "proxy/cli/sources.h"

namespace weir::cli {
namespace {

using Words = std::vector<std::string>;

bool has(const Words& words, std::string_view option) {
  return std::ranges::find(words, option) != words.end();
}

void add(Words& words, const char* option, std::string value) {
  words.emplace_back(option);
  words.push_back(std::move(value));
}

// As iproute2 and the script write marks.
std::string hex_text(std::uint32_t mark) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mark, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

bool takes_defaults(const GatewayOptions& options) {
  const bool again = options.words.empty();
  return options.verb == "doctor" ||
         (!again && (options.verb == "up" || options.verb == "plan" || options.verb == "guard"));
}

// Which of them the rules are for is chosen, or held against the rules, by the script.
void add_listeners(Words& words, const Settings& settings) {
  const bool ports = !has(words, "--forward-port");
  bool none = true;
  for (const Settings::Listener& listener : settings.listeners) {
    const std::string port = std::to_string(listener.at.port);
    if (listener.mode != ListenMode::Forward) {
      const bool tproxy = listener.mode == ListenMode::Tproxy;
      add(words, "--listener", (tproxy ? "tproxy:" : "redirect:") + port);
      none = false;
    } else if (ports) {
      add(words, "--forward-port", port);
    }
  }
  if (none) {
    add(words, "--listener", "none");
  }
}

void fill_in(Words& words, const Settings& settings) {
  if (!settings.process.user.empty() && !has(words, "--uid")) {
    add(words, "--uid", settings.process.user);
  }
  add_listeners(words, settings);
  if (settings.transparent.mark != 0 && !has(words, "--mark")) {
    add(words, "--mark", hex_text(settings.transparent.mark));
  }
}

// A descriptor that the shell may open anew; -1 when the system refuses.
int script_in_memory() {
  const int fd = ::memfd_create("weir-gateway", 0);
  std::string_view rest = gateway_script();
  while (fd >= 0 && !rest.empty()) {
    const auto wrote = ::write(fd, rest.data(), rest.size());
    if (wrote <= 0) {
      return -1;
    }
    rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return fd;
}

}  // namespace

const std::vector<GatewayOption>& gateway_options() {
  static const std::vector<GatewayOption> kOptions = {
      {"--lan", "IFACE", "Where the devices are; may be repeated"},
      {"--mode", "MODE", "redirect (the default) or tproxy, which can keep a device's address"},
      {"--ports", "PORT,...", "TCP ports to take; else 80,443"},
      {"--port", "PORT", "Where Weir listens for them; else 3129"},
      {"--listener", "MODE:PORT",
       "A listener of Weir's, among which mode and port are chosen; may be repeated"},
      {"--exempt", "WHAT",
       "Leave alone: a network (from:, to:, or both), a device's MAC, a user; may be repeated"},
      {"--backend", "NAME", "nft, iptables, iptables-nft or iptables-legacy; else what is there"},
      {"--fail", "CHOICE", "If Weir dies, devices are unfiltered (open, the default) or closed"},
      {"--guard", "CHOICE", "no: something else watches whether Weir lives"},
      {"--quic", "CHOICE", "block (the default) refuses UDP 443, so that TCP is used; or allow"},
      {"--uid", "USER", "The user Weir runs as, for doctor"},
      {"--forward-port", "PORT", "Further ports of Weir, for doctor; may be repeated"},
      {"--mark", "MARK", "Packets with this mark are left alone; else 0x77656972"},
      {"--route-mark", "MARK", "The mark that leads to Weir in mode tproxy; else 0x77656973"},
      {"--table", "NUMBER", "The routing table for that; else 177"},
      {"--pref", "NUMBER", "The place of the rule for that; else 776"},
  };
  return kOptions;
}

std::vector<std::string> gateway_arguments(const GatewayOptions& options,
                                           const Settings* settings) {
  Words out = options.words;
  if (settings != nullptr && takes_defaults(options)) {
    fill_in(out, *settings);
  }
  out.insert(out.begin(), options.verb);
  if (!options.command.empty()) {
    out.emplace_back("--");
    out.insert(out.end(), options.command.begin(), options.command.end());
  }
  return out;
}

std::string_view gateway_script() {
  static constexpr std::string_view kScript =
#include "gateway_script.inc"  // made of iptables/*.sh by CMakeLists.txt
      ;
  return kScript;
}

int gateway(const GatewayOptions& options) {
  // Rules come away whatever state the configuration is in.
  const bool asks = takes_defaults(options) && !options.config.empty();
  const auto settings = load_config(asks ? options.config : std::string());
  if (!settings) {
    complain(settings.error());
    return EX_CONFIG;
  }
  Words words = gateway_arguments(options, asks ? &*settings : nullptr);
  const int fd = script_in_memory();
  if (fd < 0 || ::setenv("WEIR_GATEWAY_NAME", "weir gateway", 1) != 0) {
    return fail("there is no memory for the script of the gateway.", EX_OSERR);
  }
  words.insert(words.begin(), {"sh", "/proc/self/fd/" + std::to_string(fd)});
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  ::execv("/bin/sh", argv.data());
  return fail("/bin/sh cannot be run, and the gateway is a script for it.", EX_UNAVAILABLE);
}

}  // namespace weir::cli
