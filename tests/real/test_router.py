# SPDX-License-Identifier: Apache-2.0
#
# A home's router as people have it, of real programs only: dnsmasq gives the device its address and answers for
# names, `weir gateway up` turns its connections aside, Weir judges them, nginx is the web. Only the rules and the
# names of the namespaces are from the laboratory.
"""dnsmasq, `weir gateway` and Weir on one router; busybox, curl and nginx around it."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess

from gateway_lab import ALIAS, ROUTER, SERVER, Lab, inside
from harness import Program, wait_until
from origins import make_certificate, nginx_in

NAMES = {"good.test": SERVER, "bad.test": ALIAS, "games.test": SERVER}
NGINX = '    location / { return 200 "$host at $server_addr\\n"; }'
# What a DHCP client runs when it has a lease.
TAKE = """#!/bin/sh
case $1 in
bound | renew)
  ip addr add "$ip/24" dev "$interface"
  ip route add default via "$router"
  echo "nameserver $dns" >{folder}/resolv.conf ;;
esac
"""


class Router(Lab):
    def setUp(self):
        self.need("dnsmasq", "busybox", "nginx", "curl", "openssl")
        if "udhcpc" not in subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=False).stdout:
            self.skipTest("this busybox has no udhcpc")
        super().setUp()

    def serve(self):
        make_certificate(self)
        config = nginx_in(self, 80, NGINX)
        nginx = Program(self, "nginx", ["ip", "netns", "exec", self.server, "nginx", "-e", "stderr", "-p", self.folder,
                                        "-c", config])
        wait_until(lambda: "nginx listens; it said: " + nginx.errors(), lambda: self.connects(self.server, SERVER[4], 443))

    def connects(self, where, address, port):
        with inside(where), contextlib.suppress(OSError):
            socket.create_connection((address, port), 1).close()
            return True
        return False

    def lease(self):
        """dnsmasq on the router; the device asks it for an address, and for names from then on."""
        self.ip(self.client, "addr flush dev eth0 to 10.77.1.0/24")
        records = ["--host-record=%s,%s,%s" % (name, at[4], at[6]) for name, at in NAMES.items()]
        self.leases = self.path("dnsmasq.leases")
        dnsmasq = Program(self, "dnsmasq", [
            "ip", "netns", "exec", self.router, shutil.which("dnsmasq", path=os.environ["PATH"] + ":/usr/sbin"),
            "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--log-facility=-", "--no-resolv", "--no-hosts",
            "--interface=lan0", "--bind-interfaces", "--pid-file=" + self.path("dnsmasq.pid"),
            "--dhcp-range=10.77.1.50,10.77.1.60,1h", "--dhcp-leasefile=" + self.leases, "--dhcp-authoritative",
            "--no-ping", "--domain=home.test", *records])
        wait_until(lambda: "dnsmasq listens; it said: " + dnsmasq.errors(),
                   lambda: self.connects(self.router, ROUTER[4], 53))
        script = self.path("take", TAKE.format(folder=self.folder).encode())
        os.chmod(script, 0o755)
        self.at(self.client, "busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "10", "-T", "1", "-s", script,
                "-x", "hostname:Toms-Tablet")

    def begin(self, mode):
        words = {
            "listen": [{"at": "%s:3129" % host, "mode": mode} for host in ("0.0.0.0", "[::]")],
            "admin": {"listen": "off"},
            "dns": {"servers": [ROUTER[4] + ":53"], "hosts_file": False},
            "clients": {"leases": [self.leases]},
            "access_log": {"path": self.path("access.log"), "format": "json"},
            "policy": {
                "groups": [{"name": "tom", "devices": ["toms-tablet"]}],
                "rules": [{"id": "bad", "when": {"host": "bad.test"}, "then": {"block": {}}},
                          {"id": "toms-games", "when": {"group": "tom", "host": "games.test"}, "then": {"block": {}}}]}}
        config = self.path("weir.json", json.dumps(words).encode())
        weir = Program(self, "weir", ["ip", "netns", "exec", self.router, os.environ["WEIR_BINARY"], "run", "-c", config])
        wait_until(lambda: "Weir listens; it said: " + weir.errors(), lambda: weir.errors().count("listening on") == 2)
        self.addCleanup(self.gateway, "down")
        self.gateway("up", "--lan", "lan0", "--mode", mode)
        return weir

    def gateway(self, *words):
        return self.at(self.router, os.environ["WEIR_BINARY"], "gateway", *words, env={"WEIR_GATEWAY_STATE": self.state})

    def get(self, url, *more):
        """Status and body of a page for the device, which asks its own name server for the address."""
        done = self.at(self.client, "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec curl -sS --noproxy "*" "$@"',
                       self.path("resolv.conf"), "--max-time", "20", "--cacert", self.path("cert.pem"), "-w",
                       "\n%{http_code}", *more, url, ok=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body + done.stderr

    def log(self):
        return [json.loads(line) for line in self.read("access.log").decode().splitlines()]

    def test_a_device_has_nothing_to_configure_and_is_judged(self):
        self.lease()
        before = self.snapshot()
        for mode in ("redirect", "tproxy"):
            with self.subTest(mode=mode):
                weir = self.begin(mode)
                for family in ("-4", "-6"):
                    at = SERVER[int(family[1])]
                    for scheme in ("http", "https"):
                        status, body = self.get(scheme + "://good.test/", family)
                        self.assertEqual((status, body.strip("[]\n")), (200, "good.test at " + at))
                    for name, rule in (("bad.test", "bad"), ("games.test", "toms-games")):
                        self.assertEqual(self.get("http://%s/" % name, family)[0], 403)
                        status, said = self.get("https://%s/" % name, family)
                        self.assertEqual(status, 0)
                        self.assertRegex(said, "alert|unrecognized")
                        wait_until("the log names the rule", lambda n=name, r=rule: any(
                            n in (line["url"] or "") and line["rule"] == r for line in self.log()))
                    # A name that is not the address's: the address is known as the blocked name's.
                    status, said = self.get("http://%s/" % (ALIAS[4] if family == "-4" else "[%s]" % ALIAS[6]),
                                            family, "-H", "Host: good.test")
                    self.assertEqual(status, 403, said)
                wait_until("all is logged", lambda: len(self.log()) == 14)
                for line in self.log():
                    self.assertEqual(line["client_name"], "toms-tablet", line)
                    if line["status"] == 200 and "good.test" in line["url"]:
                        self.assertEqual(line["claim"], "verified", line)
                self.gateway("down")
                self.same(before, self.snapshot())
                self.assertEqual(self.get("http://bad.test/", "-4")[0], 200, "nothing is turned aside any more")
                weir.end()
                os.remove(self.path("access.log"))

    def test_the_routers_checks_find_nothing_wrong(self):
        """`weir gateway doctor` on such a router, while it serves."""
        self.lease()
        self.begin("redirect")
        said = self.gateway("doctor").stdout
        self.assertFalse(re.search(r"(?im)^\s*(fail|wrong)", said), said)
