# SPDX-License-Identifier: Apache-2.0
#
# Three network namespaces in a row, for the tests of the gateway: a client, a router, a server; IPv4 and IPv6 both.
# Sockets are made inside a namespace by stepping into it and out again, so nothing here touches the machine's own
# network, its rules or its switches.
"""A client, a router and a server in network namespaces of their own."""

import contextlib
import ctypes
import os
import re
import shlex
import signal
import socket
import subprocess
import sys

from harness import PATIENCE, Case, Program, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "iptables")
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)

CLIENT = {4: "10.77.1.2", 6: "fd77:1::2"}
OTHER = {4: "10.77.1.3", 6: "fd77:1::3"}  # the client's second address
ROUTER = {4: "10.77.1.1", 6: "fd77:1::1"}  # towards the client
OUTSIDE = {4: "10.77.2.1", 6: "fd77:2::1"}  # the router, towards the server
SERVER = {4: "10.77.2.2", 6: "fd77:2::2"}
ALIAS = {4: "10.77.2.9", 6: "fd77:2::9"}  # the server's second address
MAC = "02:77:00:00:00:02"


@contextlib.contextmanager
def inside(name):
    """This thread in a namespace; sockets made there stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + name, os.O_RDONLY)
    try:
        if LIBC.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        LIBC.setns(home, CLONE_NEWNET)
        os.close(there)
        os.close(home)


def forget_the_dead():
    """Namespaces of runs that were killed, with what still runs in them."""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else ():
        found = re.fullmatch(r"weir-(?:client|router|server)-(\d+)", name)
        if found and not os.path.exists("/proc/" + found[1]):
            pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
            for pid in pids.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", name], check=False)


class Lab(Case):
    """A test with its own three namespaces: self.client, self.router, self.server."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root may make network namespaces")
        if not os.path.exists("/proc/net/if_inet6"):
            self.skipTest("this machine has no IPv6")
        self.need("ip", "awk", "sysctl")
        self.state = os.path.join(self.folder, "state")
        self.listeners = []
        forget_the_dead()
        for role in ("client", "router", "server"):
            name = "weir-%s-%d" % (role, os.getpid())
            setattr(self, role, name)
            made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
            if made.returncode:
                self.skipTest("network namespaces are not permitted here: " + made.stderr.strip())
            self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=False)
        self.wire()
        self.serve()

    def ip(self, where, *lines):
        subprocess.run(["ip", "-n", where, "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)

    def wire(self):
        self.ip(self.router, "link set lo up",
                "link add lan0 type veth peer name eth0 address %s netns %s" % (MAC, self.client),
                "link add wan0 type veth peer name eth0 netns " + self.server,
                "addr add %s/24 dev lan0" % ROUTER[4], "addr add %s/64 dev lan0 nodad" % ROUTER[6],
                "addr add %s/24 dev wan0" % OUTSIDE[4], "addr add %s/64 dev wan0 nodad" % OUTSIDE[6],
                "link set lan0 up", "link set wan0 up",
                "route add default via " + SERVER[4], "route add ::/0 via " + SERVER[6])
        for where, own, router in ((self.client, (CLIENT, OTHER), ROUTER), (self.server, (SERVER, ALIAS), OUTSIDE)):
            self.ip(where, "link set lo up", "link set eth0 up",
                    *("addr add %s/24 dev eth0" % each[4] for each in own),
                    *("addr add %s/64 dev eth0 nodad" % each[6] for each in own),
                    "route add default via " + router[4], "route add ::/0 via " + router[6])
        self.switch("net.ipv4.ip_forward", 1)
        self.switch("net.ipv6.conf.all.forwarding", 1)
        for where in (self.client, self.router, self.server):
            wait_until("addresses of %s are ready" % where, lambda at=where: "tentative" not in self.at(
                at, "ip", "-6", "address").stdout)

    def at(self, where, *command, ok=True, env=None, stdin=None):
        """A program in a namespace."""
        done = subprocess.run(["ip", "netns", "exec", where, *command], capture_output=True, text=True, input=stdin,
                              env={**os.environ, "LC_ALL": "C", **(env or {})}, timeout=5 * PATIENCE, check=False)
        if ok and done.returncode:
            self.fail("%s ended with %d:\n%s\n%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
        return done

    def switch(self, name, value):
        self.at(self.router, "sysctl", "-q", "-w", "%s=%s" % (name, value))

    def peer(self, where, name, *words):
        """gateway_peer.py in a namespace, once it is ready."""
        program = Program(self, name, ["ip", "netns", "exec", where, sys.executable,
                                       os.path.join(HERE, "gateway_peer.py"), *map(str, words)])
        wait_until(lambda: "%s is ready; it said: %s" % (name, program.errors()), lambda: "ready" in program.errors())
        return program

    def serve(self):
        self.peer(self.server, "server", "serve", 80, 443, 8080, *SERVER.values(), *ALIAS.values())

    def listener(self, mode="redirect", *hosts, port=3129):
        """What stands in Weir's place."""
        self.listeners.append(self.peer(self.router, "listener%d" % len(self.listeners), "take", port, mode, *hosts))
        return self.listeners[-1]

    def ask(self, address, port=80, where=None, source=None, seconds=PATIENCE / 4):
        """What a TCP connection from the client is told, or the name of the error it meets."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        source = source or (CLIENT[6 if ":" in address else 4] if where is None else None)
        with inside(where or self.client):
            sock = socket.socket(family, socket.SOCK_STREAM)
        with sock:
            sock.settimeout(seconds)
            try:
                if source:
                    sock.bind((source, 0))
                sock.connect((address, port))
                return sock.makefile().readline().strip()
            except OSError as error:
                return type(error).__name__

    def ask_udp(self, address, port=443, seconds=PATIENCE / 4):
        """What a datagram from the client is answered, or the name of the error it meets."""
        with inside(self.client):
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.settimeout(seconds)
            try:
                sock.bind((CLIENT[6 if ":" in address else 4], 0))
                sock.connect((address, port))
                sock.send(b"quic")
                return sock.recv(100).decode()
            except OSError as error:
                return type(error).__name__

    def gate(self, *words, ok=True, shell="sh", env=None):
        """The script in the router's namespace, with a state of its own."""
        return self.at(self.router, *shlex.split(shell), os.path.join(SCRIPTS, "weir-gateway.sh"), *words, ok=ok,
                       env={"WEIR_GATEWAY_STATE": self.state, **(env or {})})

    def up(self, *words, **more):
        """`up` for the client's side, to be undone even if the test fails."""
        self.addCleanup(lambda: self.gate("down", ok=False))
        return self.gate("up", "--lan", "lan0", *words, **more)

    def snapshot(self):
        """Every rule, route and switch of the router, counters left out, and comments with their times."""
        text = self.at(self.router, "sh", "-c", """
          export PATH="$PATH:/usr/sbin:/sbin"
          show() { echo "== $*"; "$@" 2>/dev/null; }
          show nft list ruleset
          for f in 4 6; do show ip -$f rule; show ip -$f route show table all; done
          for tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do show $tool-save; done
          grep . /proc/sys/net/ipv[46]/conf/*/*forwarding /proc/sys/net/ipv4/conf/*/*accept_redirects \\
            /proc/sys/net/ipv4/ip_forward""").stdout
        text = re.sub(r"\[\d+:\d+\]|packets \d+ bytes \d+|^#.*\n", "", text, flags=re.M)
        return text

    def same(self, before, after):
        self.maxDiff = None
        self.assertMultiLineEqual(before, after)
