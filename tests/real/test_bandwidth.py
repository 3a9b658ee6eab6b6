# SPDX-License-Identifier: Apache-2.0
#
# curl under rules that limit bytes per second: downloads, uploads and tunnels keep to the rate, and those
# who share a limit get the same. Time is taken between the first byte and the last, by curl itself, and
# the origin lets all who share begin at once: how long programs take to start does not count. What goes
# at once, a tenth of a second's worth, is not counted either.
"""Bandwidth rules with real clients."""

import os
import re
import threading
import time

from harness import Case, PATIENCE
from origins import Server, read_head, say

RATE = 2_000_000
BURST = RATE // 10
SIZE = 3 * RATE // 2
TOLERANCE = 0.1


def rule(per, **more):
    limit = {"rate": RATE, "burst": BURST, "per": per}
    return {"policy": {"rules": [dict({"id": "slow", "then": {"bandwidth": limit}}, **more)]}}


class Origin(Server):
    """Serves one body, to so many clients at once; of an upload it says how long it took."""

    def __init__(self, case, clients=1, size=SIZE):
        self.body = os.urandom(size)
        self.all_here = threading.Barrier(clients)
        super().__init__(case, self.answer)

    def answer(self, sock):
        while True:
            head = read_head(sock)
            if head.startswith(b"PUT"):
                say(sock, "200 OK", b"%f" % self.receive(sock, head))
            else:
                self.all_here.wait(PATIENCE)
                say(sock, "200 OK", self.body)

    def receive(self, sock, head):
        got = head.partition(b"\r\n\r\n")[2]
        left = int(re.search(rb"content-length: (\d+)", head.lower())[1]) - len(got)
        began = time.monotonic()
        while left > 0:
            piece = sock.recv(min(left, 1 << 16))
            if not piece:
                raise EOFError
            left -= len(piece)
        return time.monotonic() - began


class Bandwidth(Case):
    def together(self, *transfers):
        """What each gives, all begun at once."""
        gave = [None] * len(transfers)
        faults = []

        def one(i, transfer):
            try:
                gave[i] = transfer()
            except AssertionError as fault:
                faults.append(fault)
        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(transfers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]
        return gave

    def download(self, proxy, origin, *more, times=1):
        """To be called: the seconds from the first byte to the last."""
        def transfer():
            name = "got%d" % threading.get_ident()
            urls = ["-o", name, origin.url()] * times
            with_times = self.curl(proxy, "-w", "%{time_starttransfer} %{time_total}\n", *more, *urls).stdout
            rows = [[float(word) for word in line.split()] for line in with_times.splitlines()]
            self.assertEqual(self.read(name), origin.body)
            return sum(end - begin for begin, end in rows)
        return transfer

    def assert_rate(self, size, seconds):
        self.assertLess(abs((size - BURST) / seconds / RATE - 1), TOLERANCE, "%d bytes in %.2f s" % (size, seconds))

    def assert_fair(self, seconds):
        self.assertGreater(min(seconds) / max(seconds), 1 - TOLERANCE, "not the same for all: %s" % seconds)
        self.assert_rate(len(seconds) * SIZE, max(seconds))

    def test_a_download_keeps_to_its_rate(self):
        proxy, origin = self.proxy(rule("connection")), Origin(self)
        self.assert_rate(SIZE, self.download(proxy, origin)())

    def test_an_upload_keeps_to_its_rate(self):
        proxy, origin = self.proxy(rule("connection")), Origin(self)
        path = self.path("up", origin.body)
        took = self.curl(proxy, "-H", "Expect:", "-T", path, origin.url()).stdout
        self.assert_rate(SIZE, float(took))

    def test_a_tunnel_keeps_to_its_rate(self):
        origin = Origin(self)
        proxy = self.proxy(rule("connection"), tunnel_to=[origin.port])
        self.assert_rate(SIZE, self.download(proxy, origin, "-p")())

    def test_connections_of_one_client_share_its_rate_fairly(self):
        proxy, origin = self.proxy(rule("client")), Origin(self, clients=2)
        self.assert_fair(self.together(*[self.download(proxy, origin)] * 2))

    def test_a_download_and_a_tunnel_share_a_rule_fairly(self):
        origin = Origin(self, clients=2)
        proxy = self.proxy(rule("rule"), tunnel_to=[origin.port])
        self.assert_fair(self.together(self.download(proxy, origin), self.download(proxy, origin, "-p")))

    def test_each_connection_has_a_rate_of_its_own(self):
        proxy, origin = self.proxy(rule("connection")), Origin(self, clients=2)
        for took in self.together(*[self.download(proxy, origin)] * 2):
            self.assert_rate(SIZE, took)

    def test_answers_on_one_connection_share_its_rate(self):
        proxy, origin = self.proxy(rule("connection")), Origin(self, size=SIZE // 10)
        began = time.monotonic()
        self.download(proxy, origin, times=10)()
        self.assertGreater(time.monotonic() - began, (SIZE - BURST) / RATE * (1 - TOLERANCE))

    def test_whoever_the_rule_is_not_about_is_not_held_up(self):
        proxy, origin = self.proxy(rule("rule", when={"host": "elsewhere.test"})), Origin(self)
        self.assertLess(self.download(proxy, origin)(), SIZE / RATE / 2)
