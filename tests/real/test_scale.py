# SPDX-License-Identifier: Apache-2.0
#
# Many at once: ten thousand kept-alive clients, thousands of tunnels, and more clients than there are
# descriptors. Scaled down, in words, where the machine allows fewer descriptors.
"""Crowds of connections."""

import contextlib
import socket
import sys
import time

from crowd import Crowd, EchoOrigin, loopback_request
from harness import Case, LOOPBACK, raise_descriptor_limit, wait_until
from origins import Nginx

CLIENTS = 10_000
TUNNELS = 4_000
SPARE = 400  # descriptors a process needs for everything else


class Scale(Case):
    def how_many(self, wanted, each):
        """`wanted`, or what the descriptors allow when the hungriest process needs `each` of them."""
        limit = raise_descriptor_limit(wanted * each + SPARE)
        count = min(wanted, (limit - SPARE) // each)
        if count < wanted:
            print("scaled down to %d connections: the descriptor limit is %d" % (count, limit),
                  file=sys.stderr)
        return count

    def test_heavy_ten_thousand_clients_are_served_and_kept(self):
        count = self.how_many(CLIENTS, 1)
        origin = Nginx(self, connections=8192)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy()
        crowd = Crowd(self, (LOOPBACK, proxy.port))
        request, answered = loopback_request(origin.port), lambda inbox: inbox.endswith(b"\r\n\r\nhello\n")
        before = proxy.own_kib()
        crowd.grow(count, request, answered, 120)
        grown = proxy.own_kib() - before
        crowd.say(request, answered, 120)
        self.assertGreaterEqual(proxy.descriptors(), count)
        status, _ = self.get(proxy, origin.url("/small.txt"))
        self.assertEqual(status, 200)
        print("%d kept connections: %.1f KiB each" % (count, grown / count), file=sys.stderr)
        if not proxy.sanitized():
            self.assertLess(grown / count, 16)
        crowd.close()
        wait_until("the proxy let go of the connections", lambda: proxy.descriptors() < 2000)

    def test_heavy_thousands_of_tunnels_stay_open(self):
        count = self.how_many(TUNNELS, 2)
        origin = EchoOrigin(self)
        proxy = self.proxy(tunnel_to=[origin.port])
        crowd = Crowd(self, (LOOPBACK, proxy.port))
        opening = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (origin.port, origin.port)
        crowd.grow(count, opening, lambda inbox: inbox.endswith(b"\r\n\r\n"), 120)
        for member in crowd.members:
            self.assertTrue(member.inbox.startswith(b"HTTP/1.1 200"), member.inbox)
        crowd.say(b"are you there?", lambda inbox: inbox == b"are you there?", 60)
        crowd.close()
        wait_until("the proxy let go of the tunnels", lambda: proxy.descriptors() < 200)

    def test_a_proxy_out_of_descriptors_recovers(self):
        origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy(descriptors=128)
        early = proxy.connect()
        self.addCleanup(early.close)
        flood = []

        def end_flood():
            while flood:
                flood.pop().close()
        self.addCleanup(end_flood)
        for _ in range(400):
            with contextlib.suppress(OSError):
                sock = socket.socket()
                sock.settimeout(0.05)
                flood.append(sock)
                sock.connect((LOOPBACK, proxy.port))
        wait_until("the proxy is short of descriptors", lambda: proxy.descriptors() > 64)
        began, used = time.monotonic(), proxy.cpu_seconds()
        early.sendall(loopback_request(origin.port))  # an answer of any kind: there may be no socket left
        self.assertRegex(early.recv(4096)[:15], rb"^HTTP/1\.1 (200|502|503)")
        wait_until("a second has passed", lambda: time.monotonic() - began > 1)
        self.assertLess(proxy.cpu_seconds() - used, 0.5, "it waits for descriptors without spinning")
        end_flood()

        def works():
            with contextlib.suppress(OSError):
                return self.get(proxy, origin.url("/small.txt")) == (200, b"hello\n")
        wait_until("requests are served again", works)
        wait_until("no descriptor is lost", lambda: proxy.descriptors() < 60)
