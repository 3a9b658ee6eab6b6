# SPDX-License-Identifier: Apache-2.0
#
# The rules of the gateway (iptables/weir-gateway.sh) with real packets: what a client's connection meets, what is
# left when the rules are gone. In Weir's place stands a listener that tells where the kernel says the connection
# was going, so that these tests are about the rules alone.
"""plan, up, status, guard, fail and down in network namespaces."""

import functools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from gateway_lab import ALIAS, CLIENT, MAC, OTHER, OUTSIDE, ROUTER, SCRIPTS, SERVER, Lab, inside
from harness import Program, wait_until

BACKENDS = ("nft", "iptables-nft", "iptables-legacy")
MODES = ("redirect", "tproxy")
BOTH = (4, 6)

DOCKER = """*nat
:DOCKER - [0:0]
:DOCKER_OUTPUT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:40053
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.77.2.2:8080
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
COMMIT
"""

FOREIGN_NFT = """table inet foreign {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local tcp dport 8081 dnat ip to 10.77.2.2:8080
  }
}
"""


def everywhere(test):
    """The test by every backend in every mode; what one leaves behind is nothing to the next."""
    @functools.wraps(test)
    def each(self):
        for backend in self.backends():
            for mode in MODES:
                with self.subTest(backend=backend, mode=mode):
                    try:
                        self.prepare(backend)
                        test(self, backend, mode)
                    finally:
                        for listener in self.listeners:
                            listener.end()
                        self.gate("down")
    return each


class Gateway(Lab):
    def backends(self):
        have = [name for name in BACKENDS if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
        if not have:
            self.skipTest("there is neither nft nor iptables")
        return have

    def foreign(self):
        """Rules of others, which must survive."""
        for tool in ("iptables-nft-restore", "ip6tables-nft-restore", "iptables-legacy-restore"):
            text = DOCKER
            if tool.startswith("ip6"):
                text = "*filter\n:MINE - [0:0]\n-A FORWARD -j MINE\n-A MINE -s fd00:1::/64 -j RETURN\nCOMMIT\n"
            if shutil.which(tool):
                self.at(self.router, tool, "--noflush", stdin=text)
        if shutil.which("nft"):
            self.at(self.router, "nft", "-f", "-", stdin=FOREIGN_NFT)

    def weir(self, *words, ok=True):
        """The script in the program."""
        return self.at(self.router, os.environ["WEIR_BINARY"], "gateway", *words, ok=ok,
                       env={"WEIR_GATEWAY_STATE": self.state})

    @everywhere
    def test_connections_arrive_with_their_destination(self, backend, mode):
        """In each mode, by each backend and family, a device's connection is taken and knows where it was going."""
        self.listener(mode)
        self.up("--backend", backend, "--mode", mode, "--guard", "no")
        for v in BOTH:
            for port in (80, 443):
                self.assertEqual(self.ask(ALIAS[v], port), "taken %s %d from %s" % (ALIAS[v], port, CLIENT[v]))
            self.assertEqual(self.ask(SERVER[v], 8080), "server " + SERVER[v], "a port not asked for")
        self.gate("down")
        for v in BOTH:
            self.assertEqual(self.ask(ALIAS[v]), "server " + ALIAS[v])

    @everywhere
    def test_a_plan_changes_nothing(self, backend, mode):
        """`plan` prints every rule and leaves no trace, in the network or in the folder of the state."""
        before = self.snapshot()
        said = self.gate("plan", "--lan", "lan0", "--backend", backend, "--mode", mode, "--forwarding").stdout
        self.assertIn("3129", said)
        self.assertIn("tproxy" if mode == "tproxy" else "redirect", said.lower())
        self.same(before, self.snapshot())
        self.assertFalse(os.path.exists(self.state))

    @everywhere
    def test_what_a_plan_prints_is_what_up_does(self, backend, mode):
        """The plan run as a script makes the rules that `up` makes."""
        plan = self.gate("plan", "--lan", "lan0", "--backend", backend, "--mode", mode, "--fail", "closed").stdout
        self.at(self.router, "sh", "-s", stdin=plan)
        by_plan = self.snapshot()
        self.gate("down")
        self.up("--backend", backend, "--mode", mode, "--fail", "closed", "--guard", "no")
        self.same(*("\n".join(sorted(text.splitlines())) for text in (by_plan, self.snapshot())))
        self.gate("down")

    def up_up_down_down(self, backend, mode):
        options = ("--backend", backend, "--mode", mode, "--exempt", "10.77.1.9", "--exempt", "from:fd77:1::9")
        before = self.snapshot()
        self.up(*options)
        once = self.snapshot()
        self.assertNotEqual(before, once)
        self.up(*options)
        self.same(once, self.snapshot())
        self.gate("up")  # the last options once more
        self.same(once, self.snapshot())
        for _ in range(2):
            self.gate("down")
            self.same(before, self.snapshot())
        self.assertFalse(os.path.exists(self.state))

    @everywhere
    def test_up_up_down_down_leaves_nothing(self, backend, mode):
        """Twice up is once up; after down everything is as it was before."""
        self.listener(mode)
        self.up_up_down_down(backend, mode)

    @everywhere
    def test_up_up_down_down_leaves_the_rules_of_others(self, backend, mode):
        """The same where there are rules of containers and of an administrator."""
        self.listener(mode)
        self.foreign()
        self.up_up_down_down(backend, mode)

    def prepare(self, backend):
        """A table of iptables-legacy, once used, stays until its module goes: not for any script to change."""
        for tool in ("iptables-legacy", "ip6tables-legacy") if backend == "iptables-legacy" else ():
            for table in ("filter", "mangle", "nat"):
                self.at(self.router, tool, "-t", table, "-S")

    def test_a_change_of_mind_leaves_only_the_last(self):
        """`up` by another backend or mode replaces the rules; one `down` takes all of it."""
        backends = self.backends()
        for backend in backends:
            self.prepare(backend)
        before = self.snapshot()
        self.listener()
        for mode in MODES + MODES:
            for backend in backends:
                self.up("--backend", backend, "--mode", mode)
        self.up("--mode", "redirect", "--ports", "80")
        self.assertEqual(self.ask(SERVER[4]), "taken %s 80 from %s" % (SERVER[4], CLIENT[4]))
        self.assertEqual(self.ask(SERVER[4], 443), "server " + SERVER[4])
        self.gate("down")
        self.same(before, self.snapshot())

    @everywhere
    def test_down_needs_no_state(self, backend, mode):
        """Rules whose state is lost go all the same."""
        for tool in ("iptables-nft", "ip6tables-nft"):  # a chain that came with our rules is then left, empty
            for chain in ("filter INPUT", "filter FORWARD", "mangle PREROUTING", "nat PREROUTING"):
                self.at(self.router, tool, "-A", chain.split()[1], "-t", chain.split()[0], ok=False)
        before = self.snapshot()
        self.up("--backend", backend, "--mode", mode, "--guard", "no")
        shutil.rmtree(self.state)
        self.gate("down")
        self.same(before, self.snapshot())

    def refusing(self, backend):
        """PATH with programs before the backend's own that put an address no kernel takes in place of 10.9.9.9."""
        return self.instead(backend, "sed s/10.9.9.9/10.1.2.300/ | %s \"$@\"")

    def instead(self, backend, loading):
        """PATH with programs before the backend's own that load rules in another way."""
        folder = tempfile.mkdtemp(dir=self.folder)
        names = ["nft"] if backend == "nft" else [tool + "-restore" for tool in (backend, backend.replace("ip", "ip6", 1))]
        for name in names:
            real = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write('#!/bin/sh\ncase " $* " in *" -f "* | *" --noflush"*) %s ;;\n*) exec %s "$@" ;; esac\n'
                           % (loading % real, real))
            os.chmod(file.name, 0o755)
        return {"PATH": folder + ":" + os.environ["PATH"]}

    @everywhere
    def test_a_failing_up_leaves_nothing_or_what_was(self, backend, mode):
        """Rules the kernel refuses change nothing: not the network, not the rules of the last time."""
        before = self.snapshot()
        env = self.refusing(backend)
        bad = ("--backend", backend, "--mode", mode, "--exempt", "10.9.9.9")
        self.assertEqual(self.up(*bad, ok=False, env=env).returncode, 71)
        self.same(before, self.snapshot())
        self.up("--backend", backend, "--mode", mode, "--guard", "no")
        good = self.snapshot()
        self.assertEqual(self.up(*bad, ok=False, env=env).returncode, 71)
        self.same(good, self.snapshot())
        self.gate("down")
        self.same(before, self.snapshot())

    @everywhere
    def test_down_after_kill_of_up_itself(self, backend, mode):
        """Killed when the first of its rules are in, and before it could note what came into being with them."""
        before = self.snapshot()
        env = self.instead(backend, '%s "$@"; kill -9 $PPID')
        self.assertNotEqual(self.up("--backend", backend, "--mode", mode, "--forwarding", ok=False, env=env).returncode, 0)
        self.assertNotEqual(self.snapshot(), before)
        self.gate("down")
        self.same(before, self.snapshot())
        self.assertFalse(os.path.exists(self.state))

    @everywhere
    def test_the_exempt_are_left_alone(self, backend, mode):
        """A device by address or MAC, and a destination, in both families."""
        self.listener(mode)
        self.up("--backend", backend, "--mode", mode, "--guard", "no", "--fail", "closed",
                *("--exempt=from:%s" % OTHER[v] for v in BOTH), *("--exempt=to:%s" % ALIAS[v] for v in BOTH))
        for v in BOTH:
            self.assertTrue(self.ask(SERVER[v]).startswith("taken"))
            self.assertEqual(self.ask(SERVER[v], source=OTHER[v]), "server " + SERVER[v])
            self.assertEqual(self.ask(ALIAS[v]), "server " + ALIAS[v])
            self.assertEqual(self.ask_udp(ALIAS[v]), "quic")
            self.assertEqual(self.ask_udp(SERVER[v]), "ConnectionRefusedError")
        self.up("--backend", backend, "--mode", mode, "--guard", "no", "--exempt", MAC, "--exempt", "uid:root")
        for v in BOTH:
            self.assertEqual(self.ask(SERVER[v]), "server " + SERVER[v])

    @everywhere
    def test_the_routers_own_traffic_is_unaffected(self, backend, mode):
        """What the router asks, and what devices ask of the router itself, passes none of our rules."""
        self.listeners.append(self.peer(self.router, "page%d" % len(self.listeners), "serve", 80))
        self.listener(mode)
        self.up("--backend", backend, "--mode", mode, "--guard", "no", "--fail", "closed")
        for v in BOTH:
            self.assertEqual(self.ask(SERVER[v], where=self.router), "server " + SERVER[v])
            self.assertEqual(self.ask(ROUTER[v]), "server " + ROUTER[v], "the router's own page")
            self.assertEqual(self.ask(OUTSIDE[v]), "server " + OUTSIDE[v], "by its other address")
            self.assertEqual(self.ask(OUTSIDE[v], where=self.server), "server " + OUTSIDE[v], "from outside")

    @everywhere
    def test_the_port_itself_is_closed(self, backend, mode):
        """A connection straight to the transparent port is refused, from the LAN and from outside."""
        self.listener(mode)
        self.up("--backend", backend, "--mode", mode, "--guard", "no")
        for v in BOTH:
            self.assertEqual(self.ask(ROUTER[v], 3129), "ConnectionRefusedError")
            self.assertEqual(self.ask(OUTSIDE[v], 3129, where=self.server), "ConnectionRefusedError")

    @everywhere
    def test_quic_is_refused_at_once(self, backend, mode):
        """UDP 443 meets an ICMP error, not silence; `--quic allow` lets it pass."""
        self.up("--backend", backend, "--mode", mode, "--guard", "no")
        for v in BOTH:
            began = time.monotonic()
            self.assertEqual(self.ask_udp(SERVER[v]), "ConnectionRefusedError")
            self.assertLess(time.monotonic() - began, 1)
            self.assertEqual(self.ask_udp(SERVER[v], 8080), "quic")
        self.up("--backend", backend, "--mode", mode, "--guard", "no", "--quic", "allow")
        for v in BOTH:
            self.assertEqual(self.ask_udp(SERVER[v]), "quic")

    @everywhere
    def test_fail_open_lets_devices_pass_when_weir_dies(self, backend, mode):
        """After kill -9 the guard takes the rules away, and puts them back when Weir is back."""
        before = self.snapshot()
        listener = self.listener(mode)
        self.up("--backend", backend, "--mode", mode, "--fail", "open")
        self.assertTrue(self.ask(SERVER[4]).startswith("taken"))
        self.kill(listener)
        for v in BOTH:
            wait_until("devices pass", lambda v=v: self.ask(SERVER[v]) == "server " + SERVER[v])
        self.assertEqual(self.gate("status", ok=False).returncode, 1)
        listener = self.listener(mode)
        for v in BOTH:
            wait_until("they are taken again", lambda v=v: self.ask(SERVER[v]).startswith("taken"))
        self.assertEqual(self.gate("status").returncode, 0)
        self.kill(listener)
        self.gate("down")
        self.same(before, self.snapshot())
        self.assertEqual(self.gate("status", ok=False).returncode, 3)

    @everywhere
    def test_fail_closed_refuses_when_weir_dies(self, backend, mode):
        """After kill -9 devices are refused at once, never passed and never left hanging."""
        before = self.snapshot()
        listener = self.listener(mode)
        self.up("--backend", backend, "--mode", mode, "--fail", "closed")
        self.kill(listener)
        for v in BOTH:
            wait_until("refused at once", lambda v=v: self.ask(SERVER[v], 443) == "ConnectionRefusedError")
            self.assertEqual(self.ask_udp(SERVER[v]), "ConnectionRefusedError")
            self.assertEqual(self.ask(SERVER[v], 8080), "server " + SERVER[v])
        self.gate("down")
        self.same(before, self.snapshot())

    def test_nft_with_tproxy_fails_open_without_any_guard(self):
        """There the kernel itself passes on what nobody listens for, from the very next packet."""
        if "nft" not in self.backends():
            self.skipTest("there is no nft")
        listener = self.listener("tproxy")
        self.up("--backend", "nft", "--mode", "tproxy", "--guard", "no")
        self.assertTrue(self.ask(SERVER[6]).startswith("taken"))
        self.kill(listener)
        for v in BOTH:
            self.assertEqual(self.ask(SERVER[v]), "server " + SERVER[v])
        self.up("--backend", "nft", "--mode", "tproxy", "--guard", "no", "--fail", "closed")
        for v in BOTH:
            self.assertEqual(self.ask(SERVER[v]), "ConnectionRefusedError")

    def kill(self, listener):
        """kill -9, and gone."""
        listener.process.kill()
        listener.process.wait()

    def test_guard_runs_weir_and_ends_with_it(self):
        """`guard -- COMMAND`: rules while it listens, none once it is gone, and its exit code."""
        before = self.snapshot()
        for signal, code in (("KILL", 137), ("TERM", 143)):
            guard = subprocess.Popen(
                ["ip", "netns", "exec", self.router, "sh", os.path.join(SCRIPTS, "weir-gateway.sh"), "guard", "--lan",
                 "lan0", "--", "python3", os.path.join(os.path.dirname(__file__), "gateway_peer.py"), "take", "3129",
                 "redirect"], stdout=subprocess.PIPE, env={**os.environ, "WEIR_GATEWAY_STATE": self.state})
            self.addCleanup(guard.kill)
            wait_until("taken", lambda: self.ask(SERVER[6]).startswith("taken"))
            children = self.at(self.router, "cat", "/proc/%d/task/%d/children" % (guard.pid, guard.pid)).stdout
            if signal == "KILL":
                subprocess.run(["kill", "-KILL", children.split()[0]], check=True)
            else:
                guard.terminate()  # a supervisor ends it
            self.assertEqual(guard.wait(20), code)
            guard.stdout.close()
            self.assertEqual(self.ask(SERVER[6]), "server " + SERVER[6])
            self.same(before, self.snapshot())
        self.gate("down")

    def test_fail_does_what_was_chosen(self):
        """`fail`, for supervisors: open takes the rules away, closed leaves those that refuse."""
        self.listener()
        for choice, outcome in (("open", "server " + SERVER[4]), ("closed", "ConnectionRefusedError")):
            self.up("--fail", choice, "--guard", "no")
            self.gate("fail")
            self.assertEqual(self.ask(SERVER[4]), outcome)
        self.gate("down")
        self.assertEqual(self.gate("fail").returncode, 0)

    def test_forwarding_is_switched_on_only_when_asked_and_put_back(self):
        """The switches of every interface come back as they were."""
        self.switch("net.ipv4.ip_forward", 0)
        self.switch("net.ipv6.conf.all.forwarding", 0)
        self.switch("net.ipv6.conf.wan0.forwarding", 1)
        before = self.snapshot()
        self.up("--guard", "no")
        self.assertIn("ipv4/ip_forward:0", self.snapshot())
        for _ in range(2):
            self.up("--guard", "no", "--forwarding")
            self.assertIn("ipv4/ip_forward:1", self.snapshot())
            self.assertIn("ipv6/conf/all/forwarding:1", self.snapshot())
        self.gate("down")
        self.same(before, self.snapshot())

    @everywhere
    def test_open_connections_survive_a_second_up(self, backend, mode):
        """What Weir is serving goes on through `up`, in each mode."""
        self.listener(mode)
        self.up("--backend", backend, "--mode", mode, "--guard", "no")
        with inside(self.client):
            conn = socket.create_connection((SERVER[4], 80), 5)
        with conn:
            self.up("--backend", backend, "--mode", mode, "--guard", "no")
            self.assertTrue(conn.makefile().readline().startswith("taken"))

    def test_wrong_words_are_told_and_change_nothing(self):
        """Every bad option is a sentence and exit code 64."""
        before = self.snapshot()
        for words in (("up",), ("up", "--lan", "lan0; reboot"), ("up", "--lan", "lo"), ("up", "--lan"), ("nonsense",),
                      (),
                      ("up", "--lan", "lan0", "--ports", "80,99999"), ("up", "--lan", "lan0", "--mode", "magic"),
                      ("up", "--lan", "lan0", "--ports", "80,"), ("up", "--lan", "lan0", "--exempt", "$(reboot)"),
                      ("up", "--lan", "lan0", "--exempt", "nobody-of-this-name"), ("up", "--lan", "lan0", "x"),
                      ("up", "--lan", "lan0", "--port", "443"), ("up", "--lan", "lan0", "--mark", "0x0"),
                      ("up", "--lan", "lan0", "--port", "010"), ("up", "--lan", "lan0", "--ports", "080,443"),
                      ("up", "--lan", "lan0", "--exempt", "zz:zz:zz:zz:zz:zz"), ("plan", "--colour", "red")):
            with self.subTest(words):
                done = self.gate(*words, ok=False)
                self.assertEqual(done.returncode, 64)
                self.assertIn("weir-gateway", done.stderr)
        self.same(before, self.snapshot())

    def test_exemptions_that_are_none_are_told_at_once(self):
        """By the script and by the program, in other shells too, before anything is looked at or changed."""
        before = self.snapshot()
        wrong = ("300.1.1.1", "10.1.2.3/33", "10.1.2", "10.0.0.0/", "10.0.0.0/8/8", "fd00::1::2", "fd00::/129", "12345::1",
                 "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "from:::ffff:1.2.3.400", "to:10.1.2.256", "from:nobody",
                 "02:77:00:00:00", "02:77:00:00:00:0g", "0277:0:0:0:0:2", "uid:no-such-user", "uid:4294967290", "uid:", "-n")
        shells = [shell for shell in ("busybox ash", "dash", "bash --posix") if shutil.which(shell.split()[0])]
        for number, each in enumerate(wrong):
            with self.subTest(each):
                for done in (self.gate("up", "--lan", "lan0", "--exempt=" + each, ok=False, shell=shells[number % len(shells)]),
                             self.weir("up", "--lan", "lan0", "--exempt", each, ok=False)):
                    self.assertEqual(done.returncode, 64, done.stderr)
                    self.assertIn('"%s"' % each.removeprefix("from:").removeprefix("to:").removeprefix("uid:"), done.stderr)
                    self.assertEqual(done.stdout, "")
        self.same(before, self.snapshot())
        self.assertFalse(os.path.exists(self.state))
        for each in ("0.0.0.0/0", "10.77.1.9", "::/0", "fd77::ffff:10.1.2.3/128", "from:fd77:1::/64", MAC.upper(), "uid:0"):
            self.gate("plan", "--lan", "lan0", "--exempt", each)

    def test_the_configuration_chooses_mode_and_port(self):
        """Of its listeners the one that fits; where none or several fit, a sentence says so."""
        listeners = {"redirect": (3129,), "tproxy": (3130,)}

        def config(**ports):
            return self.path("weir.json", json.dumps({"listen": [
                {"at": "%s:%d" % (at, port), "name": "%s%d" % (at, port), "mode": mode}
                for mode, some in ports.items() for port in some for at in ("0.0.0.0", "[::]")]}).encode())

        def plan(*words, ok=True):
            return self.weir("plan", "--lan", "lan0", "--backend", "nft", "-c", both, *words, ok=ok)
        both = config(**listeners)
        for words, mode, port in ((("--mode", "tproxy"), "tproxy", 3130), (("--port", "3130"), "tproxy", 3130),
                                  (("--mode", "redirect"), "redirect", 3129), (("--port", "3129"), "redirect", 3129)):
            self.assertIn("%s to :%d" % (mode, port), plan(*words).stdout)
        for words, said in (((), "choose with --mode"), (("--mode", "tproxy", "--port", "3129"), "no listener"),
                            (("--port", "3131"), "there is: redirect:3129 tproxy:3130")):
            done = plan(*words, ok=False)
            self.assertEqual(done.returncode, 64, done.stdout)
            self.assertIn(said, done.stderr)
        both = config(redirect=(3129, 3139))
        self.assertIn("choose with --port", plan(ok=False).stderr)
        self.assertIn("redirect to :3139", plan("--port", "3139").stdout)
        both = config(tproxy=(3130,))
        self.assertIn("tproxy to :3130", plan().stdout)
        both = self.path("weir.json", b'{"listen": ["127.0.0.1:4321"]}')
        self.assertIn("no listener of mode", plan().stderr)

    def test_an_interface_that_comes_later(self):
        """`up` says so, as at boot there may be none yet; `status` is not content before it is there."""
        self.listener()
        self.assertIn("no interface late0 yet", self.up("--lan", "late0", "--guard", "no").stderr)
        done = self.gate("status", ok=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no interface late0", done.stdout)
        self.ip(self.router, "link add late0 type bridge")
        self.assertEqual(self.gate("status").returncode, 0)

    def test_who_waits_while_a_down_ends_gets_its_turn(self):
        os.makedirs(os.path.join(self.state, "lock"))
        self.path(os.path.join(self.state, "lock", "pid"), b"%d\n" % os.getpid())
        self.addCleanup(lambda: self.gate("down", ok=False))
        waiting = Program(self, "up", ["ip", "netns", "exec", self.router, "env", "WEIR_GATEWAY_STATE=" + self.state, "sh",
                                       "-x", os.path.join(SCRIPTS, "weir-gateway.sh"), "up", "--lan", "lan0", "--guard", "no"])
        wait_until("it waits", lambda: "sleep 1" in waiting.errors())
        shutil.rmtree(self.state)
        self.assertEqual(waiting.wait(), 0)
        self.assertIn("options", os.listdir(self.state))
        self.assertNotIn("lock", os.listdir(self.state))

    def test_it_runs_in_other_shells(self):
        """busybox (as on OpenWrt), dash and bash do the same."""
        self.listener("tproxy")
        before = self.snapshot()
        for shell in ("busybox ash", "dash", "bash --posix"):
            if not shutil.which(shell.split()[0]):
                continue
            with self.subTest(shell):
                self.up("--mode", "tproxy", shell=shell)
                for v in BOTH:
                    self.assertTrue(self.ask(SERVER[v]).startswith("taken"))
                self.gate("status", shell=shell)
                self.gate("doctor", shell=shell)
                self.gate("down", shell=shell)
                self.same(before, self.snapshot())

    def test_the_program_carries_the_scripts(self):
        """`weir gateway` alone does it all, and tells what the configuration says."""
        self.listener()
        config = self.path("weir.json", b'{"listen": ["127.0.0.1:4321"], "process": {"user": "nobody"}}')

        weir = self.weir
        before = self.snapshot()
        self.assertEqual(weir("plan", "--lan", "lan0").stdout.splitlines()[1:],
                         self.gate("plan", "--lan", "lan0").stdout.splitlines()[1:])
        self.addCleanup(lambda: self.gate("down", ok=False))
        weir("up", "--lan", "lan0", "-c", config, "--exempt", "to:" + ALIAS[4], "--exempt", "to:" + ALIAS[6])
        with open(os.path.join(self.state, "options"), encoding="ascii") as file:
            self.assertIn("--uid\nnobody\n", file.read())
        for v in BOTH:
            self.assertTrue(self.ask(SERVER[v]).startswith("taken"))
            self.assertEqual(self.ask(ALIAS[v]), "server " + ALIAS[v])
        self.assertIn("the guard watches", weir("status").stdout)
        self.assertIn("nothing wrong", weir("doctor").stdout)
        weir("down")
        self.same(before, self.snapshot())
        self.assertIn("weir gateway: --lan is missing", weir("up", ok=False).stderr)
        self.assertEqual(weir("down", "--colour", ok=False).returncode, 64)
        self.assertEqual(weir("guard", "--lan", "lan0", "--", "sh", "-c", "exit 7", ok=False).returncode, 7)

    def test_the_scripts_please_shellcheck(self):
        """No complaint of any kind."""
        names = ["weir-gateway.sh", "weir-options.sh", "weir-rules.sh", "weir-doctor.sh"]
        self.run_program("shellcheck", "--shell=sh", *names, cwd=SCRIPTS)

    def test_the_example_for_nft_is_what_it_says(self):
        """weir.nft, loaded as it is, takes both families' connections from its LAN."""
        self.need("nft")
        self.listener()
        with open(os.path.join(SCRIPTS, "weir.nft"), encoding="utf-8") as file:
            text = file.read().replace("br-lan", "lan0")
        for _ in range(2):
            self.at(self.router, "nft", "-f", "-", stdin=text)
        for v in BOTH:
            self.assertEqual(self.ask(SERVER[v]), "taken %s 80 from %s" % (SERVER[v], CLIENT[v]))
            self.assertEqual(self.ask_udp(SERVER[v]), "ConnectionRefusedError")
        self.at(self.router, "nft", "delete", "table", "inet", "weir")
