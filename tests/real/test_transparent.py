# SPDX-License-Identifier: Apache-2.0
#
# A router with Weir on it, plain HTTP and everything that is not TLS: by REDIRECT and by TPROXY, IPv4 and
# IPv6, each scene on all four roads. The client's destination is the only address dialled; a name is a
# claim. Numbers such as 2 and 3 are the server's addresses 10.2.0.2 and fd02::3 (see HOSTS).
"""Connections that the kernel turned aside: HTTP and other protocols."""

import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import threading
import time

from harness import Program, wait_until
from namespaces import ROADS, Case, plain_address
from origins import read_head, say
from websocket import BINARY, Client, serve_echo

SIZE = 64 << 20
PROXY_1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"  # the PROXY protocol, in front of a request
PROXY_2 = b"\r\n\r\n\0\r\nQUIT\n \0\0\0"


def hear(sock, patience=20):
    """All bytes up to the end; a reset is an end too."""
    sock.settimeout(patience)
    out = bytearray()
    try:
        while piece := sock.recv(1 << 20):
            out += piece
    except ConnectionResetError:
        pass
    return bytes(out)


def listening(heard):
    """What an origin does that keeps what it hears and says nothing."""
    def listen(sock):
        with contextlib.suppress(OSError):
            while piece := sock.recv(65536):
                heard.append(piece)
    return listen


def ask(sock, target, host, method="GET"):
    """One exchange on a kept connection: status line and body."""
    sock.sendall(("%s %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (method, target, host)).encode("latin-1"))
    head, _, body = read_head(sock).partition(b"\r\n\r\n")
    size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < size:
        body += sock.recv(size - len(body))
    return head.split(b"\r\n")[0].decode(), body


class Names(Case):
    def test_http_goes_to_the_address_that_the_client_chose(self):
        self.gateway()
        for road in self.roads():
            scenes = (("literal", 2, None, "verified"), ("name", 2, "good.test", "verified"),
                      ("alias", 4, "cdn.test", "verified"), ("unknown", 2, "nowhere.test", "unverified"),
                      ("forged", 2, "other.test", "contradicted"), ("rooted", 2, "GOOD.test.", "verified"))
            for scene, last, host, claim in scenes:
                path = "/%s-%s" % (scene, road.name)
                answer = self.web_answer(road, last, path, host)
                self.assertEqual((answer["at"], answer["target"]), (road.address(last), path))
                line = self.entry(road, path)
                self.assertEqual((line["claim"], line["status"]), (claim, 200), line)
                self.assertIn(road.address(last), line["destination"])
                self.assertTrue(line["listener"].endswith(":%d" % road.port), line)
                self.assertEqual(line["listener_name"], road.mode + ("[::]" if road.family == "v6" else "0.0.0.0"))

    def test_a_server_hears_one_name_however_it_is_spelled(self):
        """What is stored is for all, and is known by the name and the port of the connection alone."""
        self.gateway()
        for road in self.roads():
            for number, host in enumerate(("good.test", "GOOD.test.", "good.test:80", "good.test:81")):
                answer = self.web_answer(road, 2, "/%d-%s" % (number, road.name), host)
                self.assertEqual(answer["host"], "good.test")

    def test_one_connection_may_name_several_hosts(self):
        self.gateway()
        for road in self.roads():
            with self.net.connect(road, 2) as sock:
                for host, claim in (("good.test", "verified"), ("cdn.test", "verified"),
                                    ("other.test", "contradicted"), ("good.test", "verified")):
                    path = "/%s-%s" % (claim, host)
                    status, body = ask(sock, path, host)
                    self.assertEqual((status, json.loads(body)["host"]), ("HTTP/1.1 200 OK", host))
                    self.assertEqual(self.entry(road, path)["claim"], claim)
                status, body = ask(sock, "/", "bad.test")
                self.assertTrue(status.startswith("HTTP/1.1 403"), status)

    def test_a_blocked_name_gives_the_block_page(self):
        self.gateway()
        for road in self.roads():
            status, body = self.fetch(road, road.url(3, "/page"), host="bad.test")
            self.assertEqual(status, 403)
            self.assertIn(b"bad.test", body)
            self.assertEqual(self.entry(road, "/page")["rule"], "no-bad")
        self.assertEqual(self.web.accepted, 0)

    def test_an_address_known_only_under_a_blocked_name_stays_blocked(self):
        self.gateway(hosts={"good.test": (2,), "bad.test": (3,), "other.test": (9,)})
        for road in self.roads():
            self.assertEqual(self.fetch(road, road.url(3), host="bad.test")[0], 403)
            for host in ("other.test", "nowhere.test", road.url(3)[7:-1]):
                self.assertEqual(self.fetch(road, road.url(3), host=host)[0], 403, host)
            self.assertEqual(self.web_answer(road, 2, "/", "other.test")["at"], road.address(2))

    def test_an_address_that_also_has_another_name_is_served(self):
        self.gateway()
        for road in self.roads():
            self.assertEqual(self.fetch(road, road.url(3), host="bad.test")[0], 403)
            self.web_answer(road, 4, "/", "mixed.test")  # from now on 3 is known under this name too
            self.assertEqual(self.web_answer(road, 3, "/", "nowhere.test")["at"], road.address(3))

    def test_strict_refuses_a_name_that_the_resolver_contradicts(self):
        self.gateway(transparent={"host_verify": "strict"})
        for road in self.roads():
            self.assertEqual(self.fetch(road, road.url(2, "/lie"), host="other.test")[0], 421)
            self.assertEqual(self.entry(road, "/lie")["failure"], "name_contradicted")
            self.web_answer(road, 4, "/", "cdn.test")
            self.web_answer(road, 2, "/", "nowhere.test")
            self.web_answer(road, 2, "/")

    def test_strict_groups_are_refused_and_others_served(self):
        kids = [road.client for road in ROADS if road.mode == "tproxy"]
        policy = {"groups": [{"name": "kids", "clients": kids}]}
        self.gateway(transparent={"quiet_wait": "200ms", "strict_groups": ["kids"]}, policy=policy)
        for road in self.roads():
            wanted = 421 if road.client in kids else 200
            self.assertEqual(self.fetch(road, road.url(2), host="other.test")[0], wanted)

    def test_a_silent_name_server_holds_nobody_up(self):
        self.gateway(silent_dns=True, transparent={"quiet_wait": "200ms", "verify_wait": "300ms"})
        for road in self.roads():
            began = time.monotonic()
            self.assertEqual(self.web_answer(road, 2, "/dumb", "nowhere.test")["at"], road.address(2))
            self.assertLess(time.monotonic() - began, 5)  # the resolver gives up after ten seconds
            line = self.entry(road, "/dumb")
            self.assertEqual(line["claim"], "unverified")

    def test_a_silent_name_server_is_not_waited_for_again_and_again(self):
        """Each worker waits once; then the traffic, whose destination is known, goes on at full speed."""
        self.gateway(silent_dns=True, transparent={"quiet_wait": "200ms", "verify_wait": "3s"},
                     process={"workers": 2})
        began = time.monotonic()
        for i in range(6):
            for road in self.roads():
                at = self.web_answer(road, 2, "/again-%d" % i, "nowhere%d-%s.test" % (i, road.name))["at"]
                self.assertEqual(at, road.address(2))
        self.assertLess(time.monotonic() - began, 6 * 4 * 3 / 2)
        self.assertEqual({line["claim"] for line in self.entries()}, {"unverified"})

    def test_clients_need_not_be_allowed_as_those_of_a_proxy(self):
        """Whom the firewall turns aside it has chosen; with IPv6, devices have addresses of the whole Internet."""
        self.gateway(clients={"allow": ["10.9.0.0/24"]})
        self.nginx()
        for road in self.roads():
            self.web_answer(road, 2, "/any", "good.test")
            self.assertEqual(self.secure(road, 2, "good.test", "/who")[0], 200)

    def test_routes_to_parents_hold(self):
        """A parent is told a name that fits, or the address; never a port or name that the client made up."""
        asked = []

        def parent(sock):
            head = read_head(sock)
            asked.append(head.split(b"\r\n")[0].decode())
            if not head.startswith(b"CONNECT"):
                return say(sock, "200 OK", b"by parent")
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            sock.recv(100)
            return sock.sendall(b"through parent")
        self.origin(9000, parent)
        self.gateway(parents=[{"name": "up", "host": "10.2.0.2:9000"}],
                     routes=[{"hosts": ["cdn.test"], "parents": ["direct"]}, {"hosts": ["*"], "parents": ["up"]}])
        for road in self.roads():
            del asked[:]
            self.assertEqual(self.fetch(road, road.url(2, "/a"), host="good.test"), (200, b"by parent"))
            self.assertEqual(self.fetch(road, road.url(2, "/b"), host="good.test:8080"), (200, b"by parent"))
            self.assertEqual(self.fetch(road, road.url(2, "/c"), host="other.test")[0], 421)
            self.assertEqual(self.web_answer(road, 4, "/d", "cdn.test")["at"], road.address(4))
            self.assertEqual(self.fetch(road, road.url(3, "/e"), host="bad.test")[0], 403)
            with self.net.connect(road, 2, 8001) as sock:
                sock.sendall(b"\x00\x01binary")
                self.assertEqual(hear(sock), b"through parent")
            there = road.url(2, "", 8001)[7:]
            self.assertEqual(asked, ["GET http://good.test/a HTTP/1.1", "GET http://good.test/b HTTP/1.1",
                                     "CONNECT %s HTTP/1.1" % there])

    def test_control_bytes_in_a_host_forge_no_line_of_the_log(self):
        self.gateway()
        for road in self.roads():
            for evil in (b"x\rGET", b"a\x0b\x1b[2J", b"a\nb: c", b'a","status":999,"x":"', b"\xff\xfe", b"a b\t"):
                with self.net.connect(road, 2) as sock:
                    sock.sendall(b"GET /evil HTTP/1.1\r\nHost: " + evil + b"\r\n\r\n")
                    self.assertRegex(sock.recv(100), rb"^HTTP/1.1 (400|200)")
        for line in self.weir.log().splitlines():
            self.assertTrue(line.isprintable(), line)
            self.assertNotEqual(json.loads(line)["status"], 999)


class Cache(Case):
    def test_a_forged_name_is_never_cached_and_poisons_nothing(self):
        self.gateway()
        for road in self.roads():
            path = "/kept-" + road.name
            tokens = {self.web_answer(road, 2, path, "other.test")["token"] for _ in range(3)}
            self.assertEqual(len(tokens), 3, "what was served under a forged name was kept")
            self.assertEqual(self.web_answer(road, 4, path, "good.test")["at"], road.address(4))
            kept = self.web_answer(road, 2, path, "good.test")
            self.assertEqual(kept["at"], road.address(2), "the forged answer was given to another client")
            self.assertEqual(self.web_answer(road, 2, path, "good.test"), kept)
            self.assertEqual(self.web_answer(road, 4, path, "good.test")["at"], road.address(4))
            self.assertEqual(self.web_answer(road, 2, path, "good.test"), kept)

    def test_an_unknown_name_is_never_cached(self):
        self.gateway()
        for road in self.roads():
            tokens = {self.web_answer(road, 2, "/kept-unknown", "nowhere.test")["token"] for _ in range(2)}
            self.assertEqual(len(tokens), 2)

    def test_a_verified_answer_is_shared_with_the_forward_proxy(self):
        proxy = self.gateway()

        def forward(path):
            with self.net.inside("router"):
                return json.loads(self.curl(proxy, "http://good.test" + path).stdout)
        for road in self.roads():
            path = "/kept-" + road.name
            first = self.web_answer(road, 2, path, "good.test")
            self.assertEqual(forward(path), first)
            self.assertEqual(self.web_answer(road, 2, path, "good.test"), first)
            first = forward(path + "-too")
            self.assertEqual(self.web_answer(road, 2, path + "-too", "good.test"), first)


class Doors(Case):
    def test_whoever_was_not_turned_aside_is_refused(self):
        self.gateway()
        for road in self.roads():
            with self.net.connect(road, road.router, road.port, road.bystander) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: good.test\r\n\r\n")
                self.assertEqual(hear(sock), b"")
        wait_until("four records", lambda: len(self.entries()) == 4)
        self.assertEqual([line["failure"] for line in self.entries()], ["not_redirected"] * 4)
        self.assertEqual(self.web.accepted, 0)

    def test_forms_for_a_proxy_are_no_way_round_the_rules(self):
        self.gateway()
        for road in self.roads():
            scenes = (("CONNECT good.test:443", 421), ("CONNECT bad.test:443", 421), ("GET http://bad.test/x", 403),
                      ("GET http://good.test:8000/x", 421), ("GET http://good.test/x", 200))
            for start, wanted in scenes:
                with self.net.connect(road, 2) as sock:
                    sock.sendall(start.encode() + b" HTTP/1.1\r\nHost: good.test\r\n\r\n")
                    self.assertEqual(int(sock.recv(12)[9:]), wanted, start)

    def test_loops_end_at_once(self):
        self.gateway(listen=["10.1.0.1:3200", "[fd01::1]:3200"])
        for road in self.roads():
            for port in (3200, 80, 3128, 3129, 3130):  # our own, but for two on which nobody listens
                with self.net.connect(road, road.router, port) as sock:
                    sock.sendall(b"GET /loop-%d HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\n\r\n" % port)
                    answer = hear(sock)
                if port == road.port:
                    self.assertEqual(answer, b"")
                else:
                    self.assertRegex(answer, rb"^HTTP/1.1 (403|50\d|421|508)", port)
                    self.entry(road, "/loop-%d" % port)
            wait_until("five records", lambda: len(self.entries(road)) >= 5)  # noqa: B023
            self.assertEqual(len(self.entries(road)), 5, self.entries(road))

    def test_nobody_is_led_to_the_admin_interface(self):
        """Whatever is allowed: who is turned aside on the way to it asks the proxy for the proxy itself."""
        self.gateway(admin={"listen": "[::]:3180"}, destinations={"allow": ["0.0.0.0/0", "::/0"]})
        for road in self.roads():
            for host in ("localhost", "good.test", road.router):
                with self.net.connect(road, road.router, 3180) as sock:
                    sock.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                                 % (("[%s]" if ":" in host else "%s") % host).encode())
                    answer = hear(sock)
                self.assertRegex(answer, rb"^HTTP/1.1 (403|421|50\d) ", host)
                self.assertNotIn(b'"pid"', answer)

    def test_the_routers_own_traffic_is_its_own(self):
        self.gateway()
        with self.net.inside("router"):
            for road in ROADS[:2]:
                done = self.run_program("curl", "-sS", "-g", "--noproxy", "*", road.url(2, "/own"))
                self.assertIn(json.loads(done.stdout)["by"], ("10.2.0.1", "fd02::1"))
        self.assertEqual(self.weir.log(), "")

    def test_a_server_sees_the_clients_address_if_that_is_wished(self):
        self.gateway(transparent={"keep_client_address": True, "quiet_wait": "200ms"})
        self.nginx()

        def who(sock):
            sock.sendall(plain_address(sock.getpeername()[0]).encode())
        self.origin(8003, who)
        for road in self.roads():
            if road.mode != "tproxy":
                continue
            for _ in range(3):
                self.assertEqual(self.web_answer(road, 2, "/", "good.test")["by"], road.client)
            self.assertEqual(self.secure(road, 2, "good.test", "/who")[1], b"%s good.test" % road.client.encode())
            with self.net.connect(road, 2, 8003) as sock:
                self.assertEqual(hear(sock), road.client.encode())


def echo(sock):
    while piece := sock.recv(1 << 16):
        sock.sendall(piece)


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

    def greeter(self, port, words=b"220 welcome\r\n"):
        """Speaks first, and keeps what it hears until the end, when it says how much that was."""
        heard = []

        def serve(sock):
            sock.sendall(words)
            heard.append(hear(sock))
            sock.sendall(b"%d" % len(heard[-1]))
        self.origin(port, serve)
        return heard

    def test_no_request_follows_a_servers_greeting_unread(self):
        """A server of HTTP/2 may send its settings first; whoever waits for them would pass all rules."""
        heard = self.greeter(8003, words=b"\0\0\0\4\0\0\0\0\0")
        self.gateway(transparent={"quiet_wait": "50ms"})
        end = b" / HTTP/1.1\r\nHost: bad.test\r\n\r\n"
        for road in self.roads():
            for pieces in ((b"GET" + end,), (b"Foo" + end,), (b"\r\n", b"GET", end), (b"fo", b"o", end), (b"GET /\n",),
                           (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),), (b"GET /", None), (PROXY_1 + b"GET" + end,)):
                with self.net.connect(road, 2, 8003) as sock:
                    sock.settimeout(10)
                    self.assertEqual(sock.recv(100), b"\0\0\0\4\0\0\0\0\0")
                    for piece in pieces:
                        if piece is None:
                            sock.shutdown(socket.SHUT_WR)
                        else:
                            sock.sendall(piece)
                            select.select([sock], [], [], 0.1)
                    self.assertEqual(hear(sock), b"", pieces)
            wait_until("records", lambda: len(self.entries(road)) == 8)  # noqa: B023
            self.assertEqual({line["failure"] for line in self.entries(road)}, {"unnamed_refused"})
        self.assertEqual([text for text in heard if b"HTTP" in text or b"\n" in text.strip(b"\r\n")], [])

    def test_anything_else_follows_a_servers_greeting(self):
        heard = self.greeter(8003)
        self.gateway(transparent={"quiet_wait": "50ms"})
        for road in self.roads():
            for pieces in ((b"EHLO x\r\n", b"GET / HTTP/1.1\r\n"), (b"\r\n", b"US", b"ER x\r\n"), (b"SSH-2.0-x\r\n",),
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
            wait_until("records", lambda: len(self.entries(road)) == 7)  # noqa: B023
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


class Transfers(Case):
    def serve_body(self, sock):
        while True:
            head = read_head(sock)
            if head.startswith(b"GET"):
                say(sock, "200 OK", self.body)
                continue
            seen, rest = hashlib.sha256(), head.partition(b"\r\n\r\n")[2]
            left = SIZE - len(rest)
            seen.update(rest)
            while left:
                piece = sock.recv(min(left, 1 << 20))
                left -= len(piece)
                seen.update(piece)
            say(sock, "200 OK", seen.hexdigest().encode())

    def test_64_mib_of_http_arrive_whole_both_ways(self):
        self.gateway()
        self.body = os.urandom(SIZE)
        self.origin(8007, self.serve_body)
        source = self.path("up", self.body)
        wanted = hashlib.sha256(self.body).hexdigest()
        for road in self.roads():
            self.fetch(road, road.url(2, "/", 8007), "-o", "down")
            self.assertEqual(hashlib.sha256(self.read("down")).hexdigest(), wanted)
            self.assertEqual(self.fetch(road, road.url(2, "/", 8007), "-T", source, "-H", "Expect:"),
                             (200, wanted.encode()))

    def test_64_mib_of_anything_arrive_whole_both_ways(self):
        self.gateway()
        body = b"\x00" + os.urandom(SIZE - 1)
        self.origin(8008, echo)
        for road in self.roads():
            with self.net.connect(road, 2, 8008) as sock:
                def send():
                    sock.sendall(body)
                    sock.shutdown(socket.SHUT_WR)
                sender = threading.Thread(target=send)
                sender.start()
                got = hear(sock)
                sender.join()
            self.assertTrue(got == body, "%d bytes came back" % len(got))
