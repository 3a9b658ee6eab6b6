# SPDX-License-Identifier: Apache-2.0
#
# Faults that a review of the cache found and that bytes alone cannot show: rates, fetches that nobody waits for,
# clients that come from elsewhere. What a play can say is in tests/play/r_4_cache.play.
"""Regressions of the cache about time, load and where a client is."""

import contextlib
import os
import re
import socket
import subprocess
import threading
import time

from gateway_lab import inside
from harness import Case, LOOPBACK, PATIENCE, wait_until
from origins import Server, read_head, say

FRESH = "Cache-Control: max-age=3600\r\n"
STALE = "Cache-Control: public, max-age=1, stale-while-revalidate=3600\r\nAge: 10\r\nETag: \"1\"\r\n"


def ask(proxy, url, fields="", source=LOOPBACK, host=LOOPBACK):
    """Head and body of one answer, to the end of the connection."""
    with socket.create_connection((host, proxy.port), PATIENCE, (source, 0)) as sock:
        sock.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n"
                      % (url, url.split("/")[2], fields)).encode())
        with sock.makefile("rb") as file:
            head, _, body = file.read().partition(b"\r\n\r\n")
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        body = joined(body)
    return head.decode("latin-1"), body


def joined(chunks):
    """The data of a body in chunks."""
    out = b""
    while True:
        size, _, chunks = chunks.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            return out
        out, chunks = out + chunks[:count], chunks[count + 2:]


class Rates(Case):
    RATE, BURST, SIZE = 200_000, 20_000, 220_000

    def check_rate(self, then):
        """Three times: the first is fetched, the others are hits or not, and none is faster than the rule says."""
        def serve(sock):
            while True:
                head = read_head(sock)
                say(sock, "200 OK", b"hello old " * (self.SIZE // 10),
                    "Content-Type: text/plain\r\n" + ("Cache-Control: no-store\r\n" if b" /no " in head else FRESH))
        origin = Server(self, serve)
        limit = {"bandwidth": {"rate": self.RATE, "burst": self.BURST, "per": "client"}}
        proxy = self.proxy({"policy": {"rules": [{"id": "slow", "then": {**limit, **then}}]}})
        for number, path in enumerate(("/no", "/kept", "/kept")):
            began = time.monotonic()
            head, body = ask(proxy, origin.url(path), source="127.0.0.%d" % (2 + number))
            took = time.monotonic() - began
            self.assertIn(" 200 ", head)
            self.assertEqual(len(body), self.SIZE)
            self.assertGreater(took, 0.8 * (self.SIZE - 2 * self.BURST) / self.RATE, path + head)
            if number == 2:
                self.assertIn("; hit", head)
        return body

    def test_a_limit_of_bandwidth_holds_for_what_is_stored(self):
        self.check_rate({})

    def test_a_limit_of_bandwidth_holds_for_bodies_that_are_rewritten(self):
        body = self.check_rate({"rewrite_body": [{"find": "hello old", "with": "HELLO NEW"}]})
        self.assertTrue(body.startswith(b"HELLO NEW HELLO NEW "), body[:40])


class Refreshes(Case):
    def refreshed(self, answer):
        """An origin whose first answer is stale and may be refreshed; `answer(sock)` to whoever asks again."""
        asked = []

        def serve(sock):
            while True:
                head = read_head(sock)
                asked.append(head)
                if len(asked) == 1:
                    say(sock, "200 OK", b"body", STALE)
                else:
                    answer(sock)
        return Server(self, serve), asked

    def test_an_endless_answer_that_nobody_waits_for_is_given_up(self):
        ended = threading.Event()

        def endless(sock):
            sock.sendall(b"HTTP/1.1 200 OK\r\n" + FRESH.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(16384):  # 1 GiB: no end as far as a cache of 16 MiB can see
                    sock.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                return
            ended.set()
        origin, asked = self.refreshed(endless)
        proxy = self.proxy({"cache": {"memory": "16MiB", "memory_object": "1MiB"}})
        for _ in range(2):
            self.assertEqual(ask(proxy, origin.url("/x"))[1], b"body")
        self.assertTrue(ended.wait(PATIENCE), "the origin still sends")
        self.assertEqual(len(asked), 2)

    def check_one_refresh(self, fields, settings):
        held = threading.Event()
        self.addCleanup(held.set)
        origin, asked = self.refreshed(lambda sock: held.wait(PATIENCE))
        proxy = self.proxy(settings)
        for _ in range(200):
            self.assertEqual(ask(proxy, origin.url("/x"), fields)[1], b"body")
        wait_until("it is refreshed", lambda: len(asked) > 1)
        self.assertEqual(ask(proxy, Server(self, lambda sock: (read_head(sock), say(sock, "200 OK", b"other"))).url())[1],
                         b"other")
        self.assertEqual(len(asked), 2)

    def test_two_hundred_hits_refresh_once(self):
        self.check_one_refresh("", {})

    def test_two_hundred_hits_with_a_login_refresh_once(self):
        self.check_one_refresh("Authorization: Basic eDp5\r\n", {})

    def test_two_hundred_hits_refresh_once_where_nothing_is_collapsed(self):
        self.check_one_refresh("", {"cache": {"collapse": False}})


class Validations(Case):
    def test_what_is_asked_about_each_time_is_asked_about_by_all_at_once(self):
        """The origin answers none before all have asked: who waits for another waits for ever."""
        clients = 30
        together = threading.Barrier(clients)

        def serve(sock):
            while True:
                if b"If-None-Match" not in read_head(sock):
                    say(sock, "200 OK", b"body", "Cache-Control: no-cache\r\nETag: \"1\"\r\n")
                    continue
                together.wait(PATIENCE)
                sock.sendall(b"HTTP/1.1 304 Not Modified\r\nCache-Control: no-cache\r\nETag: \"1\"\r\n\r\n")
        origin, proxy, found = Server(self, serve), self.proxy(), []
        ask(proxy, origin.url("/x"))
        threads = [threading.Thread(target=lambda: found.append(ask(proxy, origin.url("/x"))[1]))
                   for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * PATIENCE)
        self.assertEqual(found, [b"body"] * clients)


class Places(Case):
    ELSEWHERE = "10.77.9.1"

    def namespace(self):
        """A network of its own in which this machine has a second address, which is not loopback."""
        if os.geteuid() != 0:
            self.skipTest("only root may make network namespaces")
        self.need("ip")
        name = "weir-server-%d" % os.getpid()  # a name whose dead gateway_lab forgets
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
        if made.returncode:
            self.skipTest("network namespaces are not permitted here: " + made.stderr.strip())
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=False)
        for words in ("link set lo up", "addr add %s/32 dev lo" % self.ELSEWHERE):
            subprocess.run(["ip", "-n", name, *words.split()], check=True)
        return inside(name)

    def test_what_a_local_client_had_stored_is_not_for_a_client_that_may_not_go_there(self):
        def serve(sock):
            while True:
                read_head(sock)
                say(sock, "200 OK", b"for this machine alone", FRESH)
        with self.namespace():
            origin = Server(self, serve)
            proxy = self.proxy({"listen": ["127.0.0.1:0", self.ELSEWHERE + ":0"],
                                "clients": {"allow": ["loopback", self.ELSEWHERE + "/32"]}})
            port = int(re.search(r"listening on %s:(\d+)" % re.escape(self.ELSEWHERE), wait_until(
                "both listen", lambda: self.ELSEWHERE in proxy.errors() and proxy.errors()))[1])
            self.assertEqual(ask(proxy, origin.url("/x"))[1], b"for this machine alone")
            self.assertIn("; hit", ask(proxy, origin.url("/x"))[0])
            proxy.port = port
            head, body = ask(proxy, origin.url("/x"), source=self.ELSEWHERE, host=self.ELSEWHERE)
            self.assertIn(" 403 ", head)
            self.assertNotIn(b"for this machine alone", body)
