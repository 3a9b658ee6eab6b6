# SPDX-License-Identifier: Apache-2.0
#
# A router with Weir on it, and plain HTTP: by REDIRECT and by TPROXY, IPv4 and IPv6, each scene on all
# four roads. The client's destination is the only address dialled; a name is a claim. Numbers such as 2 and 3 are the server's addresses 10.2.0.2 and fd02::3 (see HOSTS).
"""Connections that the kernel turned aside: HTTP."""

import hashlib
import json
import os
import socket
import threading
import time

from harness import wait_until
from namespaces import ROADS, Case, plain_address, serve_web
from origins import Server, read_head, say

SIZE = 64 << 20


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

    def test_the_routers_own_addresses_hear_whoever_keeps_its_address(self):
        """They would answer the client itself, past the proxy that asks them, and it would wait for nothing."""
        self.gateway(transparent={"keep_client_address": True, "quiet_wait": "200ms"})
        Server(self, serve_web, listener=self.net.listen(8055, "router"))
        for road in self.roads():
            for at in (road.router, road.address(1)):
                with self.net.connect(road, at, 8055) as sock:
                    sock.settimeout(5)
                    status, body = ask(sock, "/own", "nowhere.test")
                    self.assertEqual((status, json.loads(body)["at"]), ("HTTP/1.1 200 OK", at))

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
