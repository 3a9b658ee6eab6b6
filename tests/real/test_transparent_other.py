# SPDX-License-Identifier: Apache-2.0
#
# A router with Weir on it and everything that is neither plain HTTP nor TLS, or wants to seem so: it is
# carried through, and nothing that a server might take for a request gets past the rules on the way.
"""Connections that the kernel turned aside: other protocols."""

import contextlib
import hashlib
import os
import select
import signal
import socket
import threading

from harness import Program, wait_until
from namespaces import Case
from test_transparent import echo, hear
from websocket import BINARY, Client, serve_echo

PROXY_1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"  # the PROXY protocol, in front of a request
PROXY_2 = b"\r\n\r\n\0\r\nQUIT\n \0\0\0"


def listening(heard):
    """What an origin does that keeps what it hears and says nothing."""
    def listen(sock):
        with contextlib.suppress(OSError):
            while piece := sock.recv(65536):
                heard.append(piece)
    return listen


def digest(sock):
    """Hears to the end and then says what it heard."""
    seen, size = hashlib.sha256(), 0
    while piece := sock.recv(1 << 20):
        seen.update(piece)
        size += len(piece)
    sock.sendall(b"%d %s" % (size, seen.hexdigest().encode()))


class OtherProtocols(Case):
    def test_what_is_no_http_is_carried_through(self):
        self.gateway()
        self.origin(8002, echo)
        for road in self.roads():
            for text in (b"NICK weir\r\n", b"\x00\x01\x02", b"JDWP-Handshake", b"GETTING nowhere\r\n", b"hello"):
                with self.net.connect(road, 2, 8002) as sock:
                    sock.settimeout(10)
                    sock.sendall(text)
                    got = b""
                    while len(got) < len(text):
                        got += sock.recv(100)
                    self.assertEqual(got, text)

    def test_what_a_lenient_server_takes_for_http_is_no_way_round_the_rules(self):
        """An address that is known under a good name, too, so that only the request tells."""
        heard = []
        self.gateway(hosts={"bad.test": (2,), "good.test": (2,)}, transparent={"quiet_wait": "100ms"},
                     timeouts={"head": "1s"})
        self.web.close()
        self.origin(8043, listening(heard))
        for road in self.roads():
            for pieces in ((b"GET http://bad.test/\r\n",), (b"get /\n",), (b"GET\t/\tHTTP/1.1\r\nHost: bad.test\r\n\r\n",),
                           (b" GET / HTTP/1.1\r\nHost: bad.test\r\n\r\n",),
                           (b"GET / HTTP/01.1\r\nHost: bad.test\r\n\r\n",),
                           (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",),
                           (b"FOO /\r\n",), (b"Foo / x\n",), (b"SEARCH /\r\nHost: bad.test\r\n\r\n",),
                           (b"SEARCH foo", b"://bad.test/\r\n\r\n"), (b"M-SEARCH *\r\nHost: bad.test\r\n\r\n",),
                           (PROXY_1 + b"GET / HTTP/1.1\r\nHost: bad.test\r\n\r\n",), (b"PROXY", PROXY_1[5:]),
                           (PROXY_2 + b"GET / HTTP/1.1\r\nHost: bad.test\r\n\r\n",), (PROXY_2[:5], PROXY_2[5:]),
                           (b"PRO", b"PFIND / HTTP/1.1\r\nHost: bad.test\r\nConnection: close\r\n\r\n"),
                           (b"PROPFIND http:", b"//bad.test/ HTTP/1.1\r\nHost: bad.test\r\n\r\n")):
                with self.net.connect(road, 2, 8043) as sock:
                    for number, piece in enumerate(pieces):
                        if number:
                            select.select([sock], [], [], 0.3)  # longer than quiet_wait
                        sock.sendall(piece)
                    self.assertRegex(hear(sock)[:12], rb"HTTP/1\.1 [45]", pieces)
        self.assertEqual([piece for piece in heard if piece != b"SEARCH foo"], [])

    def test_real_servers_get_no_request_unread(self):
        """nginx answers HTTP/0.9, and Node whatever method it knows, without a version but with its Host."""
        self.gateway()
        self.nginx()
        self.node(8045, "require('http').createServer((q, s) => s.end('node'))")
        for road in self.roads():
            for text in (b"GET /who\r\n", b"FOO /who\r\n", b"SEARCH /\r\nHost: bad.test\r\n\r\n",
                         b"M-SEARCH *\r\nHost: bad.test\r\n\r\n", b"PURGE foo://bad.test/\r\n\r\n"):
                for port in (8000, 8045):
                    with self.net.connect(road, 2, port) as sock:
                        sock.sendall(text)
                        self.assertRegex(hear(sock), rb"^HTTP/1.1 4(?!(?s:.*)(nginx|node))", (port, text))

    def node(self, port, server):
        """A server of Node's in the server's namespace."""
        self.need("node")
        with self.net.inside("server"):
            program = Program(self, "node", ["node", "-e", "%s.listen(%d, '::')" % (server, port)])

        def listens():
            with contextlib.suppress(OSError), self.net.inside("server"):
                socket.create_connection(("10.2.0.2", port), 1).close()
                return True
            return False
        wait_until(lambda: "node listens; it said:\n" + program.errors(), listens)

    def test_what_becomes_http_after_a_pause_is_judged(self):
        """Any word may be a method. Its server may hear the word, and never the request."""
        heard = []
        self.gateway(hosts={"bad.test": (2,), "good.test": (2,)}, transparent={"quiet_wait": "100ms"},
                     timeouts={"head": "3s"})
        self.origin(8043, listening(heard))
        end = b" / HTTP/1.1\r\nHost: bad.test\r\nConnection: close\r\n\r\n"
        for road in self.roads():
            self.web_answer(road, 2, "/", "good.test")  # the address is known under a name that may pass
            for pieces, wanted in (((b"Foo", end), b"403"), ((b"Foo", b" ", end[1:]), b"403"),
                                   ((b"foo b", b"ar", end), b"400"), ((b"", b"Foo", end), b"403"),
                                   ((b"Foo http:/", b"/bad.test:8043" + end[1:]), b"403"),
                                   ((b"Foo" * 20, end), b"403"), ((b"Foo", b" /"), b"408"),
                                   ((b"\x0bGET" + end,), b"400"), ((b"\x0c", b"GET\x0b" + end[1:]), b"400")):
                with self.net.connect(road, 2, 8043) as sock:
                    for number, piece in enumerate(pieces):
                        if number:
                            select.select([sock], [], [], 0.3)  # longer than quiet_wait
                        sock.sendall(piece)
                    self.assertRegex(hear(sock)[:12], b"HTTP/1.1 " + wanted, pieces)
        self.assertEqual([piece for piece in heard if b"HTTP" in piece or b"/b" in piece], [])

    def test_a_beginning_that_outlasts_the_idle_time_ends(self):
        """Let through as a tunnel, what comes next would be read by nobody."""
        heard = []
        self.gateway(transparent={"quiet_wait": "100ms"}, timeouts={"tunnel_idle": "1s"})
        self.origin(8044, listening(heard))
        for road in self.roads():
            for beginning in (b"", b"Foo"):
                with self.net.connect(road, 2, 8044) as sock:
                    sock.sendall(beginning)
                    self.assertEqual(hear(sock), b"")
            wait_until("records", lambda: len(self.entries(road)) == 2)  # noqa: B023
            self.assertEqual([line["failure"] for line in self.entries(road)], ["tunnel_idle"] * 2)
        self.assertEqual(set(heard) - {b"Foo"}, set())

    def test_what_stays_unclear_is_carried_through(self):
        """In pieces, over one connection, although the server says nothing before the end."""
        self.gateway(transparent={"quiet_wait": "50ms"})
        far = self.origin(8005, digest)
        for road in self.roads():
            before = far.accepted
            with self.net.connect(road, 2, 8005) as sock:
                for piece in (b"hello", b" big ", b"world", b"\r\n", b"GET / HTTP/1.1\r\n"):
                    sock.sendall(piece)
                    select.select([sock], [], [], 0.2)
                sock.shutdown(socket.SHUT_WR)
                whole = b"hello big world\r\nGET / HTTP/1.1\r\n"
                self.assertEqual(hear(sock), b"%d %s" % (len(whole), hashlib.sha256(whole).hexdigest().encode()))
            self.assertEqual(far.accepted, before + 1)
            wait_until("a record", lambda: len(self.entries(road)) == 1)  # noqa: B023
            line = self.entries(road)[0]
            self.assertEqual((line["bytes_from_client"], line["bytes_to_origin"]), (len(whole), len(whole)), line)
            self.assertTrue(line["listener_name"].startswith(road.mode), line)

    def test_what_is_no_http_is_refused_if_that_is_wished(self):
        self.gateway(transparent={"unknown": "refuse", "quiet_wait": "200ms"})
        far = self.origin(8002, echo)
        for road in self.roads():
            for text in (b"NICK weir\r\n", b"\x00\x01\x02", b""):
                with self.net.connect(road, 2, 8002) as sock:
                    sock.sendall(text)
                    self.assertEqual(hear(sock), b"")
            self.assertEqual({line["failure"] for line in self.entries(road)}, {"unnamed_refused"})
            self.assertTrue(self.entries(road)[0]["listener_name"].startswith(road.mode))
        self.assertEqual(far.accepted, 0)

    def test_a_server_may_speak_first(self):
        self.gateway()

        def serve(sock):
            sock.sendall(b"220 welcome\r\n")
            sock.sendall(b"you said " + sock.recv(100))
        self.origin(8003, serve)
        for road in self.roads():
            with self.net.connect(road, 2, 8003) as sock:
                sock.settimeout(10)
                self.assertEqual(sock.recv(100), b"220 welcome\r\n")
                sock.sendall(b"HELO x")
                self.assertEqual(hear(sock), b"you said HELO x")

    def greeter(self, port):
        """Speaks first, and keeps what it hears until the end, when it says how much that was."""
        heard = []

        def serve(sock):
            sock.sendall(b"220 welcome\r\n")
            heard.append(hear(sock))
            sock.sendall(b"%d" % len(heard[-1]))
        self.origin(port, serve)
        return heard

    def test_whatever_follows_a_servers_greeting_is_carried_through(self):
        heard = self.greeter(8003)
        self.gateway(transparent={"quiet_wait": "50ms"})
        for road in self.roads():
            for pieces in ((b"EHLO x\r\n", b"GET / HTTP/1.1\r\n"), (b"\r\n", b"US", b"ER x\r\n"), (b"SSH-2.0-x\r\n",),
                           (b"POST\r\n",), (b"CONNECT {}\r\n",), (b"\x16\0\0\1\x85",),  # NNTP, NATS, MySQL
                           (b"", b"\x20\0\0\1" + os.urandom(1 << 20)), (b"A", b"B", b"C"), (b"",), (b"hello" * 9999,)):
                with self.net.connect(road, 2, 8003) as sock:
                    sock.settimeout(10)
                    self.assertEqual(sock.recv(100), b"220 welcome\r\n")
                    for piece in pieces:
                        sock.sendall(piece)
                        select.select([sock], [], [], 0.1)
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(hear(sock), b"%d" % len(b"".join(pieces)))
                self.assertTrue(heard[-1] == b"".join(pieces))
            wait_until("records", lambda: len(self.entries(road)) == 10)  # noqa: B023
            self.assertEqual({line["failure"] for line in self.entries(road)}, {None})

    def test_a_request_after_a_long_silence_is_judged(self):
        """Browsers keep spare connections; one that has been taken for a silent client's is none."""
        self.gateway()
        for road in self.roads():
            for host, wanted in (("bad.test", b"HTTP/1.1 403"), ("good.test", b"HTTP/1.1 200")):
                before = self.web.accepted
                with self.net.connect(road, 2) as sock:
                    wait_until("the server is asked", lambda: self.web.accepted > before)  # noqa: B023
                    sock.sendall(b"GET /late HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
                    self.assertEqual(sock.recv(12), wanted)
            wait_until("two records", lambda: len(self.entries(road)) == 2)  # noqa: B023
            self.assertEqual([line["status"] for line in self.entries(road)], [403, 200])

    def test_silent_connections_do_not_keep_the_proxy_from_ending(self):
        self.gateway(timeouts={"shutdown": "200ms"})
        socks = []
        for road in self.roads():
            socks.append(self.net.connect(road, 2))
            self.addCleanup(socks[-1].close)
        wait_until("the server is asked for each", lambda: self.web.accepted == len(socks))
        self.weir.send(signal.SIGTERM)
        self.assertEqual(self.weir.wait(), 0)
        self.assertEqual(len(self.entries()), len(socks))

    def test_a_request_typed_slowly_is_judged(self):
        self.gateway(transparent={"quiet_wait": "20ms"})
        for road in self.roads():
            with self.net.connect(road, 2) as sock:
                for byte in b"\r\nGET / HTTP/1.1\r\nHost: bad.test\r\n\r\n":
                    sock.sendall(bytes([byte]))
                    sock.settimeout(0.03)
                    with contextlib.suppress(TimeoutError):
                        self.assertEqual(sock.recv(12), b"HTTP/1.1 403")
                        break
                else:
                    sock.settimeout(20)
                    self.assertEqual(sock.recv(12), b"HTTP/1.1 403")
        self.assertEqual(self.web.accepted, 0)

    def test_a_web_socket_works(self):
        self.gateway()
        self.origin(8004, serve_echo)
        for road in self.roads():
            client = Client(None, 8004, sock=self.net.connect(road, 2, 8004))
            data = os.urandom(1 << 20)
            sender = threading.Thread(target=client.send, args=(BINARY, data))
            sender.start()
            got = client.read()
            sender.join()
            self.assertTrue(got == (BINARY, data))
            self.assertTrue(client.close())

    def test_a_client_may_end_its_half_and_still_hear(self):
        self.gateway()
        self.origin(8005, digest)
        for road in self.roads():
            for text in (b"\x01" * 100000, b"hello", b"GET", b""):
                with self.net.connect(road, 2, 8005) as sock:
                    sock.sendall(text)
                    sock.shutdown(socket.SHUT_WR)
                    wanted = "%d %s" % (len(text), hashlib.sha256(text).hexdigest())
                    self.assertEqual(hear(sock), wanted.encode(), text[:10])

    def test_a_server_may_end_its_half_and_still_hear(self):
        heard = []

        def serve(sock):
            sock.sendall(b"enough from me")
            sock.shutdown(socket.SHUT_WR)
            heard.append(hear(sock))
        self.gateway()
        self.origin(8006, serve)
        for road in self.roads():
            with self.net.connect(road, 2, 8006) as sock:
                self.assertEqual(hear(sock), b"enough from me")
                sock.sendall(b"x" * 100000)
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(hear(sock), b"")
        wait_until("four have been heard", lambda: len(heard) == 4)
        self.assertEqual([len(text) for text in heard], [100000] * 4)

    def test_an_http_client_may_end_its_half(self):
        self.gateway()
        for road in self.roads():
            with self.net.connect(road, 2) as sock:
                sock.sendall(b"GET /half HTTP/1.1\r\nHost: good.test\r\n\r\n")
                sock.shutdown(socket.SHUT_WR)
                self.assertRegex(hear(sock), rb"^HTTP/1.1 200 ")
