# SPDX-License-Identifier: Apache-2.0
#
# Faults that a review found and that need time to show: waits that began too early, connections kept after
# an upload that stalled, and a stop that waited for nobody or forgot somebody. The faults that bytes
# alone can show are plays (tests/play/r_*.play).
"""Regressions about waits, stalled uploads and the stop."""

import contextlib
import json
import signal
import socket
import threading
import time

from crowd import loopback_request
from harness import Case, LOOPBACK, wait_until
from origins import NameServer, Server, say

ONE = {"process": {"workers": 1}}  # then what was connected before is accepted before


class Reader:
    """Heads and bodies from a connection, what comes behind them kept for the next."""

    def __init__(self, sock):
        self.sock, self.rest = sock, b""

    def more(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise EOFError
        self.rest += piece

    def head(self):
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head

    def body(self, size):
        while len(self.rest) < size:
            self.more()
        body, self.rest = self.rest[:size], self.rest[size:]
        return body


def post(port, path, size):
    return ("POST http://%s:%d%s HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: %d\r\n\r\n"
            % (LOOPBACK, port, path, LOOPBACK, port, size)).encode()


def length_of(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def quiet_for(sock, seconds):
    """True when the other side said nothing for so long."""
    sock.settimeout(seconds)
    try:
        sock.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    finally:
        sock.settimeout(None)
    return False


def answer_all(sock):
    """An origin that reads every request to its end and says ok."""
    reader = Reader(sock)
    while True:
        reader.body(length_of(reader.head()))
        say(sock, "200 OK", b"ok")


def connect(case, proxy, seconds=10):
    sock = proxy.connect()
    sock.settimeout(seconds)
    case.addCleanup(sock.close)
    return sock


def heard(sock):
    """Status and body of one answer with a length."""
    reader = Reader(sock)
    head = reader.head()
    return head.split(b" ", 2)[1], reader.body(length_of(head))


class Uploads(Case):
    WAIT = 2.0  # timeouts.origin_head

    def upload_slowly(self, origin):
        """The client's connection, its upload having ended just now after longer than WAIT, and shortly before
        twice that: a wait that begins with the upload, or is renewed while it runs, ends too soon."""
        sock, began = connect(self, self.proxy({"timeouts": {"origin_head": "2s"}})), time.monotonic()
        sock.sendall(post(origin.port, "/", 1000))
        left = 1000
        while time.monotonic() - began < 1.75 * self.WAIT:
            self.assertTrue(quiet_for(sock, 0.1), "answered or closed before the upload was over")
            sock.sendall(b"x")
            left -= 1
        sock.settimeout(10)
        sock.sendall(b"x" * left)
        return sock

    def test_the_wait_for_the_answer_starts_when_a_slow_upload_ends(self):
        def serve(sock):
            reader = Reader(sock)
            reader.body(length_of(reader.head()))
            quiet_for(sock, self.WAIT / 2)  # thinks
            say(sock, "200 OK", b"taken")
        self.assertEqual(heard(self.upload_slowly(Server(self, serve))), (b"200", b"taken"))

    def test_an_origin_that_never_answers_a_slow_upload_has_the_whole_wait(self):
        def serve(sock):
            reader = Reader(sock)
            reader.body(length_of(reader.head()))
            reader.more()
        sock, ended = self.upload_slowly(Server(self, serve)), time.monotonic()
        self.assertEqual(heard(sock)[0], b"504")
        self.assertGreater(time.monotonic() - ended, 0.75 * self.WAIT)

    def test_a_connection_that_did_not_take_a_whole_upload_is_not_used_again(self):
        """Origins that read nothing until the proxy has given up writing, then answer early and read on:
        what the next client asks must not become the rest of that body. Where the end of a body waits
        depends on the kernel's buffers, so there are many sizes."""
        go, silent = threading.Event(), threading.Event()
        self.addCleanup(go.set)
        self.addCleanup(silent.set)

        def late(sock):
            if not go.is_set():
                go.wait(60)
                say(sock, "200 OK", b"early")
            reader = Reader(sock)
            while True:
                head = reader.head()
                reader.body(length_of(head))
                if head.startswith(b"GET "):
                    say(sock, "200 OK", b"whole")

        def half(sock):
            Reader(sock).head()
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")
            silent.wait(60)
        proxy = self.proxy({"timeouts": {"origin_body_idle": "1s", "origin_head": "60s"}, **ONE})
        uploads = []
        for size in range(400_000, 6_400_000, 400_000):
            origin, sock = Server(self, late), connect(self, proxy, 0.1)
            rest = memoryview(post(origin.port, "/upload", size) + b"x" * size)
            with contextlib.suppress(TimeoutError):  # held back
                while rest:
                    rest = rest[sock.send(rest):]
            sock.settimeout(10)
            uploads.append((size, origin, sock))
        # The same limit, begun later: when this answer is given up, so were the uploads.
        clock, watch = Server(self, half), connect(self, proxy)
        watch.sendall(loopback_request(clock.port, "/"))
        with contextlib.suppress(ConnectionResetError):
            while watch.recv(65536):
                pass
        go.set()
        for size, origin, sock in uploads:
            with contextlib.suppress(ConnectionResetError):
                sock.recv(4096)  # an answer or an end: either will do
            other = connect(self, proxy)
            other.sendall(loopback_request(origin.port, "/victim"))
            try:
                self.assertEqual(heard(other), (b"200", b"whole"))
            except TimeoutError:
                self.fail("after an upload of %d bytes a request was taken for its end" % size)


class Stop(Case):
    def ask(self, sock, words):
        sock.sendall(words)
        self.assertEqual(heard(sock), (b"200", b"ok"))

    def test_sigterm_with_silent_and_idle_clients_ends_at_once(self):
        origin = Server(self, answer_all)
        proxy = self.proxy({"timeouts": {"shutdown": "30s"}, **ONE})
        silent = [connect(self, proxy) for _ in range(20)]
        got, posted = connect(self, proxy), connect(self, proxy)
        self.ask(got, loopback_request(origin.port))
        self.ask(posted, post(origin.port, "/", 5000) + b"x" * 5000)
        posted.sendall(post(origin.port, "/", 5000))  # and once more, the body by itself
        wait_until("the head arrived", lambda: origin.accepted and quiet_for(posted, 0.05))
        posted.settimeout(10)
        self.ask(posted, b"x" * 5000)
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(5), 0)
        for sock in [*silent, got, posted]:
            self.assertEqual(sock.recv(1), b"")

    def record(self, proxy, path):
        found = [json.loads(line) for line in proxy.log().splitlines() if path in line]
        self.assertEqual(len(found), 1, proxy.log())
        return found[0]

    def test_an_exchange_that_waits_for_a_name_at_the_cut_is_recorded(self):
        names = NameServer(self, None)
        proxy = self.proxy({"dns": {"servers": [names.address], "hosts_file": False},
                            "timeouts": {"dns": "20s", "shutdown": "500ms"}, "access_log": {"format": "json"}})
        sock = connect(self, proxy)
        sock.sendall(b"GET http://slow.test/waits HTTP/1.1\r\nHost: slow.test\r\n\r\n")
        wait_until("a question", lambda: names.questions)
        proxy.send(signal.SIGTERM)
        proxy.wait(8)
        self.assertEqual(self.record(proxy, "/waits")["failure"], "shutting_down")

    def test_a_tunnel_that_waits_for_a_name_at_the_cut_is_recorded(self):
        names = NameServer(self, None)
        proxy = self.proxy({"dns": {"servers": [names.address], "hosts_file": False},
                            "timeouts": {"dns": "20s", "shutdown": "500ms"}, "access_log": {"format": "json"}})
        sock = connect(self, proxy)
        sock.sendall(b"CONNECT slow.test:443 HTTP/1.1\r\nHost: slow.test:443\r\n\r\n")
        wait_until("a question", lambda: names.questions)
        proxy.send(signal.SIGTERM)
        proxy.wait(8)
        self.assertEqual(self.record(proxy, "slow.test:443")["failure"], "shutting_down")

    def test_an_exchange_that_waits_for_its_answer_at_the_cut_is_recorded(self):
        asked, over = threading.Event(), threading.Event()
        self.addCleanup(over.set)

        def serve(sock):
            Reader(sock).head()
            asked.set()
            over.wait(30)
        origin = Server(self, serve)
        proxy = self.proxy({"timeouts": {"shutdown": "500ms"}, "access_log": {"format": "json"}})
        sock = connect(self, proxy)
        sock.sendall(loopback_request(origin.port, "/waits"))
        self.assertTrue(asked.wait(10))
        proxy.send(signal.SIGTERM)
        proxy.wait(8)
        self.record(proxy, "/waits")


class Greeting(Case):
    def test_a_client_that_waits_before_its_greeting_is_judged_by_it(self):
        body = (b"\x03\x03" + b"r" * 32 + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + b"\0\x11"
                + b"\0\0\0\x0d\0\x0b\0\0\x08bad.test")
        hello = b"\x16\x03\x01" + (len(body) + 4).to_bytes(2, "big") + b"\x01" + len(body).to_bytes(3, "big") + body
        seen = []

        def answer(sock):
            seen.append(sock.recv(65536))
        origin = Server(self, answer)
        rules = [{"id": "no", "when": {"host": ".bad.test"}, "then": {"block": True}}]
        proxy = self.proxy({"policy": {"rules": rules}}, tunnel_to=[origin.port])
        with proxy.connect() as sock:
            sock.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % origin.port)
            self.assertIn(b" 200 ", Reader(sock).head())
            sock.settimeout(0.7)
            with self.assertRaises(TimeoutError):
                sock.recv(1)  # both wait for the other; the server never speaks first
            sock.settimeout(10)
            sock.sendall(hello)
            self.assertEqual(sock.recv(100), b"\x15\x03\x03\0\x02\x02\x70")
        wait_until("the origin's connection ends", lambda: seen)
        self.assertEqual(seen, [b""])
