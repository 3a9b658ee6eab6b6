# SPDX-License-Identifier: Apache-2.0
#
# Clients told apart by their hardware addresses, over a pair of virtual Ethernet ends: one here, one in
# a network namespace of the test's own.
"""Groups of devices with a real neighbour table."""

import json
import os
import re
import subprocess
import unittest

from harness import Case, wait_until

HERE, THERE, MAC = "10.213.77.1", "10.213.77.2", "02:57:65:69:72:07"
HERE6, THERE6 = "fd57:6569:72::1", "fd57:6569:72::2"


def ip(*arguments):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout


class Devices(Case):
    def setUp(self):
        super().setUp()
        self.need("ip", "curl")
        self.space = "weir-%d" % os.getpid()
        self.end = "w%d" % os.getpid()
        try:
            ip("netns", "add", self.space)
        except (OSError, subprocess.CalledProcessError):
            raise unittest.SkipTest("network namespaces cannot be made here")
        self.addCleanup(subprocess.run, ["ip", "netns", "del", self.space], check=False)
        try:
            ip("link", "add", self.end, "type", "veth", "peer", "name", "c0", "netns", self.space, "address", MAC)
        except subprocess.CalledProcessError:
            raise unittest.SkipTest("virtual Ethernet cannot be had here")
        self.addCleanup(subprocess.run, ["ip", "link", "del", self.end], check=False, stderr=subprocess.DEVNULL)
        for address in (HERE + "/24", HERE6 + "/64"):
            ip("address", "add", address, "dev", self.end, *(["nodad"] if ":" in address else []))
        ip("link", "set", self.end, "up")
        for address in (THERE + "/24", THERE6 + "/64"):
            ip("-n", self.space, "address", "add", address, "dev", "c0", *(["nodad"] if ":" in address else []))
        ip("-n", self.space, "link", "set", "c0", "up")

    def status(self, proxy, host):
        where = "[%s]" % host if ":" in host else host
        port = re.search("listening on " + re.escape(where) + r":(\d+)", proxy.errors())[1]
        done = self.run_program("ip", "netns", "exec", self.space, "curl", "-s", "-o", os.devnull, "-w", "%{http_code}",
                                "--noproxy", "", "-x", "http://%s:%s" % (where, port),
                                "http://somewhere.test/", ok=False)
        return done.stdout.decode()

    def answers(self, mac):
        rules = [{"id": "tablet", "when": {"group": "tablet"}, "then": {"block": {"status": 451}}},
                 {"id": "others", "then": {"block": True}}]
        proxy = self.proxy({"listen": ["127.0.0.1:0", HERE + ":0", "[%s]:0" % HERE6], "clients": {"allow": ["private"]},
                            "policy": {"groups": [{"name": "tablet", "macs": [mac]}], "rules": rules}})
        wait_until("all addresses listen", lambda: proxy.errors().count("listening on") == 3)
        return [self.status(proxy, HERE), self.status(proxy, HERE6)]

    def test_a_device_is_known_by_its_hardware_address_at_its_first_request(self):
        self.assertEqual(self.answers(MAC), ["451", "451"])

    def test_a_device_is_known_by_the_name_in_its_lease(self):
        """By either family, in the log too; the file may change, and a thief of the address stays who he is."""
        lease = "0 %s " + THERE + " %s *\n"
        leases = self.path("dnsmasq.leases", (lease % (MAC, "Toms-Tablet")).encode())
        rules = [{"id": "tablet", "when": {"group": "tablet"}, "then": {"block": {"status": 451}}},
                 {"id": "others", "then": {"block": True}}]
        proxy = self.proxy({"listen": ["127.0.0.1:0", HERE + ":0", "[%s]:0" % HERE6],
                            "clients": {"allow": ["private"], "leases": [leases]}, "access_log": {"format": "json"},
                            "policy": {"groups": [{"name": "tablet", "devices": ["toms-tablet"]}], "rules": rules}})
        wait_until("all addresses listen", lambda: proxy.errors().count("listening on") == 3)
        self.assertEqual([self.status(proxy, HERE), self.status(proxy, HERE6)], ["451", "451"])
        wait_until("two lines", lambda: proxy.log().count("\n") == 2)
        for line in map(json.loads, proxy.log().splitlines()):
            self.assertEqual((line["client_mac"], line["client_name"]), (MAC, "toms-tablet"))
        for mac, name in (("02:57:65:69:72:08", "toms-tablet"), (MAC, "a\x1b[2J"), (MAC, "other")):
            self.path("dnsmasq.leases", (lease % (mac, name)).encode())
            wait_until("the lease %s %r is read" % (mac, name), lambda: self.status(proxy, HERE) == "403")
            self.path("dnsmasq.leases", (lease % (MAC, "toms-tablet.lan")).encode())
            wait_until("the name is back", lambda: self.status(proxy, HERE) == "451")
        os.remove(leases)
        wait_until("the file is gone", lambda: self.status(proxy, HERE) == "403")

    def test_explain_knows_devices_by_name_and_hardware_address(self):
        mac = "02:57:65:69:72:0a"  # no neighbour's, whatever runs beside
        leases = self.path("leases", b"0 %s 10.9.8.7 toms-tablet *\n" % mac.encode())
        config = self.path("weir.json", json.dumps({
            "clients": {"leases": [leases]},
            "policy": {"groups": [{"name": "tablet", "devices": ["toms-tablet"]}],
                       "rules": [{"id": "no", "when": {"group": "tablet"}, "then": {"block": True}}]}}).encode())
        binary = os.environ["WEIR_BINARY"]
        for who in ("10.9.8.7", "Toms-Tablet", mac):
            done = self.run_program(binary, "explain", "-c", config, "--json", "--as", who, "http://a.test/")
            asker = json.loads(done.stdout)["asker"]
            self.assertEqual((asker["client"], asker["mac"], asker["name"], asker["groups"]),
                             ("10.9.8.7", mac, "toms-tablet", ["tablet"]), who)
        done = self.run_program(binary, "explain", "-c", config, "--as", "nobodys", "http://a.test/", ok=False)
        self.assertIn(b"no lease or neighbour", done.stderr)

    def test_another_device_is_not_taken_for_it(self):
        self.assertEqual(self.answers("02:57:65:69:72:08"), ["403", "403"])
