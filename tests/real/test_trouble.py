# SPDX-License-Identifier: Apache-2.0
#
# Things that go wrong at the other ends: origins that die, names that do not resolve, clients that dawdle
# or vanish. Each must end in a clear answer or a clean cut, never in a short body that looks whole.
"""Trouble behind and in front of the proxy."""

import contextlib
import os
import re
import socket
import struct
import time

from crowd import loopback_request
from harness import Case, LOOPBACK, listening_socket, wait_until
from origins import NameServer, Nginx, PythonHttp, Server, read_head, say

CUT = (18, 56)  # curl: the body ended early, or the connection was reset


def reset(sock):
    """Ends a connection the rude way."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Origins(Case):
    def outcome(self, serve, settings=None):
        """curl's exit code and status for one GET from an origin that does `serve`."""
        origin = Server(self, serve)
        proxy = self.proxy(settings)
        done = self.curl(proxy, "-o", os.devnull, "-w", "%{http_code}", origin.url(), ok=False)
        return proxy, done.returncode, int(done.stdout)

    def test_an_origin_that_dies_inside_a_counted_body_is_noticed(self):
        def serve(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 5000)
        proxy, code, _ = self.outcome(serve)
        self.assertIn(code, CUT)
        self.assertTrue(proxy.alive())

    def test_an_origin_that_dies_inside_a_chunked_body_is_noticed(self):
        def serve(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + b"x" * 4096 + b"\r\n")
        _, code, _ = self.outcome(serve)
        self.assertIn(code, CUT)

    def test_an_origin_that_resets_inside_a_body_is_noticed(self):
        def serve(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 5000)
            reset(sock)
        _, code, _ = self.outcome(serve)
        self.assertIn(code, CUT)

    def test_an_origin_that_dies_before_its_head_gives_502(self):
        _, code, status = self.outcome(read_head)
        self.assertEqual((code, status), (0, 502))

    def test_an_origin_that_talks_nonsense_gives_502(self):
        def serve(sock):
            read_head(sock)
            sock.sendall(b"220 mail.example.test ESMTP\r\n\r\n")
        _, _, status = self.outcome(serve)
        self.assertEqual(status, 502)

    def test_an_origin_that_never_answers_gives_504(self):
        _, _, status = self.outcome(lambda sock: (read_head(sock), sock.recv(1)),
                                    {"timeouts": {"origin_head": "500ms"}})
        self.assertEqual(status, 504)

    def test_an_origin_that_falls_silent_in_its_body_is_given_up(self):
        def serve(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 5000)
            sock.recv(1)
        _, code, _ = self.outcome(serve, {"timeouts": {"origin_body_idle": "500ms"}})
        self.assertIn(code, CUT)

    def test_a_closed_port_gives_502(self):
        listener = listening_socket()
        port = listener.getsockname()[1]
        listener.close()
        status, _ = self.get(self.proxy(), "http://%s:%d/" % (LOOPBACK, port))
        self.assertIn(status, (502, 503))  # Squid says 503

    def test_a_kept_connection_that_the_origin_closed_costs_nothing(self):
        """The race every pool has: the request is sent again on a new connection, unseen."""
        def serve(sock):
            read_head(sock)
            say(sock, "200 OK", b"fine")
            with contextlib.suppress(OSError):
                sock.settimeout(0.02)
                sock.recv(1, socket.MSG_PEEK)
        origin, proxy = Server(self, serve), self.proxy()
        end, count = time.monotonic() + 2, 0
        while time.monotonic() < end:
            self.assertEqual(self.get(proxy, origin.url()), (200, b"fine"), "request %d" % count)
            count += 1


class Names(Case):
    def status_for(self, code):
        server = NameServer(self, code)
        proxy = self.proxy({"dns": {"servers": [server.address], "hosts_file": False},
                            "timeouts": {"dns": "1s"}})
        status, body = self.get(proxy, "http://nowhere.test/")
        self.assertGreater(server.questions, 0)
        self.assertGreater(len(body), 20)
        return status

    def test_a_name_that_does_not_exist_gives_502(self):
        self.assertEqual(self.status_for(3), 502)

    def test_a_name_server_that_fails_gives_502(self):
        self.assertEqual(self.status_for(2), 502)

    def test_a_name_server_that_says_nothing_gives_504(self):
        self.assertEqual(self.status_for(None), 504)

    def test_a_name_without_an_address_passes_no_block_that_waits_for_one(self):
        server = NameServer(self, 3)
        inner = {"id": "inner", "when": {"destination": "10.0.0.0/8"}, "then": {"allow": True}}
        for policy in ({"default": "block", "rules": [inner]},
                       {"rules": [inner, {"id": "rest", "then": {"block": True}}]}):
            proxy = self.proxy({"dns": {"servers": [server.address], "hosts_file": False}, "policy": policy})
            self.assertEqual(self.get(proxy, "http://nowhere.test/")[0], 403)
            self.assertIn(b" 403 ", self.curl(proxy, "-v", "https://nowhere.test/", ok=False).stderr)
            proxy.end()

    def test_a_name_with_a_configured_address_needs_no_server(self):
        origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy({"dns": {"hosts": {"site.test": ["127.0.0.1"]}, "servers": ["127.0.0.1:9"]}})
        self.assertEqual(self.get(proxy, "http://site.test:%d/small.txt" % origin.port), (200, b"hello\n"))


class Clients(Case):
    def hear(self, sock):
        with contextlib.suppress(ConnectionResetError):
            return b"".join(iter(lambda: sock.recv(65536), b""))
        return b""

    def test_a_head_that_dribbles_gets_408(self):
        proxy = self.proxy({"timeouts": {"head": "1s"}})
        sock, began = proxy.connect(), time.monotonic()
        self.addCleanup(sock.close)
        sock.sendall(b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        sock.settimeout(0.1)
        answer = b""
        while not answer:  # one more byte each tenth of a second: never idle, never done
            try:
                answer = sock.recv(65536)
                break
            except TimeoutError:
                sock.sendall(b"X")
            self.assertLess(time.monotonic() - began, 10, "a dribbling head holds a connection for ever")
        self.assertTrue(answer.startswith(b"HTTP/1.1 408"), answer)

    def test_hundreds_of_slow_heads_hinder_nobody(self):
        origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy({"timeouts": {"head": "2s"}})
        crowd = [proxy.connect() for _ in range(300)]
        for sock in crowd:
            self.addCleanup(sock.close)
            sock.sendall(b"GET http://127.0.0.1/ HTT")
        self.assertEqual(self.get(proxy, origin.url("/small.txt")), (200, b"hello\n"))
        for sock in crowd:
            self.assertTrue(self.hear(sock).startswith(b"HTTP/1.1 408"))

    def test_a_body_that_stops_gets_408(self):
        origin = PythonHttp(self)
        proxy = self.proxy({"timeouts": {"body_idle": "500ms"}})
        sock = proxy.connect()
        self.addCleanup(sock.close)
        sock.sendall(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 1000\r\n\r\nabc"
                     % (origin.url().encode(), origin.port))
        self.assertTrue(self.hear(sock).startswith(b"HTTP/1.1 408"))

    def test_a_client_that_leaves_frees_the_origin(self):
        left = []

        def serve(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
            try:
                while True:
                    sock.sendall(bytes(65536))
            except OSError:
                left.append(True)
        origin, proxy = Server(self, serve), self.proxy()
        sock = proxy.connect()
        sock.sendall(loopback_request(origin.port, "/"))
        sock.recv(4096)
        reset(sock)
        sock.close()
        wait_until("the origin's connection is closed", lambda: left)
        self.assertTrue(proxy.alive())

    def test_a_silent_kept_connection_is_closed(self):
        origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy({"timeouts": {"client_idle": "500ms"}})
        sock = proxy.connect()
        self.addCleanup(sock.close)
        sock.sendall(loopback_request(origin.port))
        heard = self.hear(sock)
        self.assertTrue(re.match(rb"HTTP/1\.1 200 ", heard) and heard.endswith(b"hello\n"), heard)
