# SPDX-License-Identifier: Apache-2.0
#
# `weir-gateway.sh doctor`: each fault is planted, must be found by its name, and where its remedy is a command for
# this laboratory the remedy is run and the fault must be gone.
"""The doctor of the gateway, and what it is to find."""

import glob
import os
import re
import shutil
import signal
import subprocess
import unittest

from gateway_lab import OUTSIDE, ROUTER, SCRIPTS, SERVER, Lab
from harness import wait_until

NFT = shutil.which("nft", path=os.environ["PATH"] + ":/usr/sbin:/sbin")


@unittest.skipUnless(NFT, "there is no nft")
class GatewayDoctor(Lab):
    def doctor(self, *words, hide=None):
        """Its faults as {id: fix}, and all it said. `hide`: a file that is not to be there."""
        self.sick = self.gate("doctor", *words, ok=False, env={"WEIR_GATEWAY_NAME": "sh %s/weir-gateway.sh" % SCRIPTS},
                              shell=("sh -c 'mount --bind /dev/null %s; exec sh \"$@\"' -" % hide) if hide else "sh")
        faults = re.findall(r"^fault ([a-z0-9-]+): .+\.?\n  fix: (.+)$", self.sick.stdout, flags=re.M)
        self.assertEqual(self.sick.returncode, 1 if faults else 0, self.sick.stdout + self.sick.stderr)
        return dict(faults)

    def healthy(self, *words):
        self.assertEqual(self.doctor(*words), {}, self.sick.stdout)
        self.assertIn("nothing wrong", self.sick.stdout)

    def mended(self, fault, *words):
        """Exactly this fault is found, and its fix mends it."""
        found = self.doctor(*words)
        self.assertEqual(set(found), {fault}, self.sick.stdout)
        self.at(self.router, "sh", "-c", found[fault], env={"WEIR_GATEWAY_STATE": self.state})
        self.healthy(*words)

    def nft(self, rules):
        self.at(self.router, "nft", "-f", "-", stdin=rules)

    def test_nothing_is_wrong_where_nothing_is_wrong(self):
        """Before and after `up`, in every mode and by every backend, and it changes nothing."""
        for backend in ("nft", "iptables-nft", "iptables-legacy"):
            if not shutil.which(backend):
                continue
            for mode in ("redirect", "tproxy"):
                with self.subTest(backend=backend, mode=mode):
                    listener = self.listener(mode)
                    self.healthy("--lan", "lan0", "--backend", backend, "--mode", mode)
                    self.assertIn("note not-up", self.sick.stdout)
                    self.up("--backend", backend, "--mode", mode)
                    before = self.snapshot()
                    self.healthy()
                    self.assertIn("note doh", self.sick.stdout)
                    self.same(before, self.snapshot())
                    listener.end()
                    self.gate("down")

    def test_forwarding_off(self):
        """Off in either family."""
        self.listener()
        self.up()
        self.switch("net.ipv4.ip_forward", 0)
        self.mended("forwarding-v4")
        self.switch("net.ipv6.conf.all.forwarding", 0)
        self.mended("forwarding-v6")

    def test_rp_filter_trouble(self):
        """What wg-quick and firewalld do to a transparent proxy really breaks it, and is found."""
        self.listener("tproxy")
        self.up("--mode", "tproxy")
        self.switch("net.ipv4.conf.all.rp_filter", 1)
        self.switch("net.ipv4.conf.lan0.rp_filter", 1)
        self.assertTrue(self.ask(SERVER[4]).startswith("taken"), "strict alone does no harm")
        self.healthy()
        self.switch("net.ipv4.conf.all.src_valid_mark", 1)
        self.assertEqual(self.ask(SERVER[4], seconds=1), "TimeoutError")
        self.mended("rp-filter")
        self.assertTrue(self.ask(SERVER[4]).startswith("taken"))
        self.nft("table inet fire { chain pre { type filter hook prerouting priority mangle + 10; "
                 "meta nfproto ipv6 fib saddr . mark . iif oif missing drop; }; }")
        self.assertEqual(self.ask(SERVER[6], seconds=1), "TimeoutError")
        self.assertEqual(set(self.doctor()), {"rp-filter"})

    def test_marks_that_answers_inherit(self):
        """tcp_fwmark_accept really sends the answers astray, and is found."""
        self.listener("tproxy")
        self.up("--mode", "tproxy")
        self.switch("net.ipv4.tcp_fwmark_accept", 1)
        self.assertEqual(self.ask(SERVER[4], seconds=1), "TimeoutError")
        self.mended("fwmark-accept")
        self.assertTrue(self.ask(SERVER[4]).startswith("taken"))

    def test_missing_programs_and_targets(self):
        """A program that is not installed, and a target that iptables does not know."""
        self.listener("tproxy")
        self.assertEqual(set(self.doctor("--lan", "lan0", "--backend", "nft", hide=NFT)), {"missing-tool"})
        libraries = glob.glob("/usr/lib/*/xtables/libxt_TPROXY.so")
        if not libraries or not shutil.which("iptables-nft"):
            self.skipTest("there is no iptables-nft")
        words = ("--lan", "lan0", "--backend", "iptables-nft", "--mode", "tproxy")
        self.healthy(*words)
        self.assertEqual(set(self.doctor(*words, hide=libraries[0])), {"missing-target"})

    def test_another_redirect_in_the_way(self):
        """Somebody else's REDIRECT, TPROXY or DNAT of web traffic; not what containers publish."""
        self.listener()
        self.up()
        docker = ("*nat\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"
                  "-A PREROUTING -i other0 -p tcp --dport 80 -j REDIRECT --to-ports 3128\n"
                  "-A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353\n"
                  "-A DOCKER ! -i docker0 -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80\nCOMMIT\n")
        for tool in ("iptables-nft", "iptables-legacy"):
            if not shutil.which(tool):
                continue
            with self.subTest(tool):
                self.at(self.router, tool + "-restore", "--noflush", stdin=docker)
                self.healthy()
                for rule in ("-p tcp --dport 80 -j REDIRECT --to-ports 3128",
                             "-i lan0 -p tcp -j REDIRECT --to-ports 8080",
                             "-p tcp -m multiport --dports 80,443 -j DNAT --to-destination 10.77.2.2:3128"):
                    self.at(self.router, tool, "-t", "nat", "-A", "PREROUTING", *rule.split())
                    self.assertEqual(set(self.doctor()), {"redirect-in-way"}, rule)
                    self.at(self.router, tool, "-t", "nat", "-D", "PREROUTING", *rule.split())
                self.healthy()
        for rule in ('type nat hook prerouting priority 0; tcp dport { 80, 443 } redirect to :3128',
                     'type nat hook prerouting priority 0; iifname "lan0" jump deep'):
            self.nft("table ip old { chain deep { tcp dport 80 dnat to 10.77.2.2:3128; }\n"
                     "chain pre { %s; }; }" % rule)
            self.assertEqual(set(self.doctor()), {"redirect-in-way"}, rule)
            self.at(self.router, "nft", "delete", "table", "ip", "old")
        self.nft("table inet old { chain pre { type nat hook prerouting priority 0; "
                 "fib daddr type local tcp dport 80 dnat ip to 10.77.2.2; "
                 "iifname \"wan0\" tcp dport 443 redirect to :44; }; }")
        self.healthy()

    def test_weir_is_not_exempt_from_rules_of_others(self):
        """A rule for the router's own connections would send Weir's back to it."""
        self.need("iptables-nft")
        self.listener()
        self.up("--uid", "nobody", "--backend", "iptables-nft")
        self.at(self.router, "iptables-nft", *"-t nat -A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 3128".split())
        self.mended("weir-not-exempt")

    def test_a_hole_for_ipv6(self):
        """IPv6 is forwarded, and only IPv4 is taken."""
        self.need("iptables-nft")
        self.listener()
        self.up("--backend", "iptables-nft")
        self.at(self.router, "ip6tables-nft", "-t", "nat", "-D", "PREROUTING", "-j", "WEIR_CAPTURE")
        self.assertEqual(self.ask(SERVER[6]), "server " + SERVER[6])
        self.mended("ipv6-hole")

    def test_rules_that_somebody_took_away(self):
        """A flush by somebody else, and a lost rule of routing."""
        self.listener("tproxy")
        self.up("--mode", "tproxy")
        self.at(self.router, "nft", "flush", "ruleset")
        self.assertIn("rules-missing", self.doctor())
        self.gate("up")
        self.at(self.router, "ip", "-6", "rule", "del", "pref", "776")
        self.mended("rules-missing")

    def test_quic_that_gets_past(self):
        """Open although it is to be blocked is a fault; open because it was asked for is a note."""
        self.need("iptables-nft")
        self.listener()
        self.up("--backend", "iptables-nft")
        self.at(self.router, "iptables-nft", "-D", "FORWARD", "-j", "WEIR_FORWARD")
        self.mended("quic-open")
        self.at(self.router, "iptables-nft", "-I", "FORWARD", "-j", "ACCEPT")
        self.mended("quic-open")
        self.up("--quic", "allow")
        self.healthy()
        self.assertIn("note quic-open", self.sick.stdout)

    def test_an_open_proxy(self):
        """Weir's ports reachable from outside: by the rules shut, by an address of the LAN not open at all."""
        self.need("iptables", "ip6tables")
        self.listener()
        self.up("--backend", "iptables")
        self.healthy()
        self.at(self.router, "iptables", "-D", "INPUT", "-j", "WEIR_INPUT")
        self.assertEqual(set(self.doctor()), {"open-proxy"})
        self.up()
        self.healthy()
        inner = self.listener("redirect", ROUTER[4], port=3128)
        self.healthy()
        inner.end()
        outer = self.listener("redirect", OUTSIDE[4], port=3128)
        self.assertEqual(set(self.doctor()), {"open-proxy"})
        outer.end()
        self.listener("redirect", port=3128)
        self.mended("open-proxy")

    def test_packets_too_large_for_the_way_out(self):
        """The LAN's packets are larger than the way out's, and nobody clamps."""
        self.need("iptables", "ip6tables")
        self.listener()
        self.up()
        self.ip(self.router, "link set wan0 mtu 1400")
        self.mended("mtu")

    def test_nobody_listens(self):
        """Nothing on the port; then only on the loopback address."""
        self.up("--guard", "no")
        self.assertEqual(set(self.doctor()), {"not-listening"} if NFT else set())
        listener = self.listener("redirect", "127.0.0.1", "::1")
        self.assertEqual(set(self.doctor()), {"listens-narrow"})
        listener.end()
        self.listener("redirect", "0.0.0.0")
        self.assertEqual(set(self.doctor()), {"listens-narrow"}, "not over IPv6")

    def test_a_listener_of_the_other_mode(self):
        """Rules for redirect before a listener for tproxy, and the other way round; nothing gets through."""
        self.need("ss")
        for made, other in (("tproxy", "redirect"), ("redirect", "tproxy")):
            listener = self.listener(made)
            self.up("--mode", other, "--exempt", "from:10.9.9.9")
            self.assertNotIn("taken %s" % SERVER[4], self.ask(SERVER[4], seconds=1))
            self.mended("mode-mismatch")
            self.assertIn("--exempt from:10.9.9.9", self.gate_options())
            self.assertTrue(self.ask(SERVER[4]).startswith("taken"))
            self.gate("down")
            listener.end()

    def gate_options(self):
        with open(os.path.join(self.state, "options"), encoding="ascii") as file:
            return file.read().replace("\n", " ")

    def test_what_the_other_mode_does_is_said_as_it_is(self):
        """nft goes on where it finds no transparent socket; iptables drops; both are what really happens."""
        self.need("ss", "iptables-nft")
        self.listener("redirect")
        for backend, fail, said, meets in (("nft", "open", "past Weir, unfiltered", "server " + SERVER[4]),
                                           ("nft", "closed", "every connection is refused", "ConnectionRefusedError"),
                                           ("iptables-nft", "open", "no connection gets through", "TimeoutError")):
            self.up("--mode", "tproxy", "--backend", backend, "--fail", fail)
            self.assertEqual(self.ask(SERVER[4], seconds=1), meets, backend + " " + fail)
            self.assertEqual(set(self.doctor()), {"mode-mismatch"})
            self.assertIn(said, self.sick.stdout)

    def test_a_configuration_that_says_something_else(self):
        """What is in force is held against the configuration's listeners, and is what everything else is about."""
        self.listener()
        self.up("--exempt", "10.9.9.9")
        self.healthy("--listener", "redirect:3129", "--listener", "tproxy:3130")
        for listeners in (("tproxy:3129",), ("redirect:3128", "tproxy:3130"), ("none",)):
            words = [word for each in listeners for word in ("--listener", each)]
            self.assertEqual(set(self.doctor(*words)), {"config-mismatch"}, self.sick.stdout)
            self.assertIn("redirect on port 3129", self.sick.stdout)
        config = self.path("weir.json", b'{"listen": [{"at": "0.0.0.0:3131", "mode": "tproxy"}]}')
        said = self.at(self.router, os.environ["WEIR_BINARY"], "gateway", "doctor", "-c", config, ok=False,
                       env={"WEIR_GATEWAY_STATE": self.state})
        self.assertEqual(said.returncode, 1)
        self.assertIn("listeners are: tproxy:3131.", said.stdout)
        self.assertNotIn("mode-mismatch", said.stdout)
        self.listener("tproxy", port=3130)
        self.mended("config-mismatch", "--listener", "tproxy:3130")
        self.assertIn("--mode tproxy", self.gate_options())
        self.assertIn("--exempt to:10.9.9.9", self.gate_options())

    def test_closed_and_dead(self):
        """--fail closed and no Weir: that is said, with the ways out, and that its rules are as they should be."""
        for backend in ("nft", "iptables-nft"):
            listener = self.listener()
            self.up("--fail", "closed", "--backend", backend)
            listener.end()
            wait_until("refused", lambda: self.ask(SERVER[4]) == "ConnectionRefusedError")
            found = self.doctor()
            self.assertEqual(set(found), {"not-listening"}, self.sick.stdout)
            self.assertIn("nothing passes, as --fail closed asks", self.sick.stdout)
            self.assertRegex(found["not-listening"], r"start weir.* down$")
            self.gate("up", "--lan", "lan0", "--fail", "closed", "--backend", backend, "--guard", "no")
            self.gate("fail")
            if backend == "nft":
                self.at(self.router, "nft", "flush", "chain", "inet", "weir", "forward")
            else:
                self.at(self.router, "ip6tables-nft", "-F", "WEIR_FORWARD")
            self.assertEqual(set(self.doctor()), {"not-listening", "rules-missing"}, self.sick.stdout)

    def test_the_guard_is_gone(self):
        """kill -9 of the guard is found, and `up` brings it back."""
        listener = self.listener()
        self.up()
        with open(os.path.join(self.state, "guard"), encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)
        self.mended("guard-gone")
        with open(os.path.join(self.state, "guard"), encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)
        listener.end()  # with the rules still in
        self.assertEqual(set(self.doctor()), {"not-listening", "guard-gone"})

    def test_interfaces_that_cannot_serve(self):
        """Missing, down, without an address."""
        self.listener()
        self.assertIn("lan-missing", self.doctor("--lan", "nowhere0"))
        self.ip(self.router, "link add bare0 type bridge", "link set bare0 up")
        self.assertIn("lan-address", self.doctor("--lan", "lan0", "--lan", "bare0"))
        self.ip(self.router, "link set bare0 down")
        self.assertIn("lan-down", self.doctor("--lan", "lan0", "--lan", "bare0"))
        self.ip(self.router, "link set lo down")
        self.assertIn("lo-down", self.doctor("--lan", "lan0"))

    def test_it_needs_to_be_told_the_lan(self):
        """Without --lan and without an `up` it asks for it."""
        done = subprocess.run(["sh", os.path.join(SCRIPTS, "weir-gateway.sh"), "doctor"], capture_output=True,
                              text=True, env={**os.environ, "WEIR_GATEWAY_STATE": self.state}, check=False)
        self.assertEqual(done.returncode, 64)
        self.assertIn("--lan is missing", done.stderr)
