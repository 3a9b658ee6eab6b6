# SPDX-License-Identifier: Apache-2.0
#
# Looking into TLS with real clients and servers: everything that rules, cache and tunnels do to plain
# requests must hold inside, nobody's certificate may be taken on trust, and whoever is not meant must
# notice nothing.
"""Requests inside TLS that ends at the proxy."""

import contextlib
import hashlib
import http.client
import json
import os
import socket
import ssl
import threading

from harness import LOOPBACK, PATIENCE
from inner_tls import Case, certificate, echo_requests, expired_certificate, tls_server
from origins import DigestHandler, Server, read_head, say
from websocket import Client, converse, serve_echo

BLOCK_PATH = {"id": "no-games", "description": "No games here.", "when": {"path": "/games/"}, "then": {"block": True}}
BLOCK_HOST = {"id": "no-bad", "description": "Not this one.", "when": {"host": "bad.test"}, "then": {"block": True}}


def pipe(from_sock, to_sock):
    with contextlib.suppress(OSError):
        while piece := from_sock.recv(65536):
            to_sock.sendall(piece)
        to_sock.shutdown(socket.SHUT_WR)


def url(origin, path="/", host="origin.test"):
    return "https://%s:%d%s" % (host, origin.port, path)


class Inside(Case):
    def test_a_request_is_asked_and_answered_inside(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(origins=[origin])
        status, body = self.fetch(url(origin, "/a?b=c"), "-H", "X-Mine: yes")
        head = json.loads(body)["head"]
        self.assertEqual(status, 200)
        self.assertTrue(head.startswith("GET /a?b=c HTTP/1.1\r\n"), head)
        self.assertIn("Host: origin.test:%d\r\n" % origin.port, head)
        self.assertIn("X-Mine: yes", head)
        line = self.entry(url=url(origin, "/a?b=c"))
        self.assertEqual((line["status"], line["method"], line["intercept"]), (200, "GET", "intercepted"))
        self.assertGreaterEqual(line["tls_us"], 0)
        outer = self.entry(method="CONNECT")
        self.assertEqual((outer["status"], outer["intercept"], outer["rule"]), (200, "intercepted", "look"))

    def test_tls_1_2_on_either_side_will_do(self):
        origin = tls_server(self, echo_requests, most=ssl.TLSVersion.TLSv1_2)
        self.interceptor(origins=[origin])
        self.assertEqual(self.fetch(url(origin), "--tls-max", "1.2")[0], 200)
        self.assertEqual(self.fetch(url(origin), "--http2")[0], 200)

    def test_rules_see_the_path_and_the_page_says_why(self):
        origin = tls_server(self, echo_requests)
        self.interceptor({"id": "late", "when": {"host": "nobody.test"}, "then": {"allow": True}}, origins=[origin],
                         policy={"groups": [{"name": "ours", "clients": ["loopback"], "trusts_ca": True}],
                                 "rules": [{"id": "look", "then": {"intercept": True}}, BLOCK_PATH]})
        status, body = self.fetch(url(origin, "/games/1"), "-H", "Accept: text/html")
        self.assertEqual(status, 403)
        self.assertIn(b"No games here.", body)
        self.assertEqual(self.fetch(url(origin, "/work"))[0], 200)
        line = self.entry(url="/games/1")
        self.assertEqual((line["rule"], line["failure"]), ("no-games", "blocked"))

    def test_rules_about_the_address_hold_inside_too(self):
        origin = tls_server(self, echo_requests)
        for net, told in (("127.0.0.0/8", 200), ("10.0.0.0/8", 403)):
            self.interceptor(origins=[origin], policy={
                "default": "block", "groups": [{"name": "ours", "clients": ["loopback"], "trusts_ca": True}],
                "rules": [{"id": "look", "then": {"intercept": True}},
                          {"id": "near", "when": {"method": "GET", "destination": net}, "then": {"allow": True}}]})
            self.assertEqual(self.fetch(url(origin))[0], told)
            self.weir.end()

    def test_a_second_client_is_answered_from_the_cache(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(origins=[origin])
        first, second = self.fetch(url(origin, "/kept")), self.fetch(url(origin, "/kept"))
        self.assertEqual(first, second)
        self.assertNotEqual(self.fetch(url(origin, "/other")), self.fetch(url(origin, "/other")))
        self.entry(url="/kept", served_by="cache")

    def test_bodies_are_rewritten(self):
        origin = tls_server(self, lambda sock: (read_head(sock), say(
            sock, "200 OK", b"the colour of it", "Content-Type: text/plain\r\n")))
        self.interceptor({"id": "spell", "then": {"rewrite_body": [{"find": "colour", "with": "color"}]}},
                         origins=[origin])
        self.assertEqual(self.fetch(url(origin)), (200, b"the color of it"))

    def test_requests_follow_each_other_on_one_connection_to_each_side(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(origins=[origin])
        done = self.curl(self.weir, "--cacert", self.trusted, "-w", "%{num_connects}\n", "-o", "/dev/null",
                         url(origin, "/1"), "-o", "/dev/null", url(origin, "/2"), "-o", self.path("third"),
                         url(origin, "/3"))
        self.assertEqual(done.stdout.split(), [b"1", b"0", b"0"])
        self.assertEqual(json.loads(self.read("third"))["count"], 3)
        self.assertEqual(origin.accepted, 1)

    def test_a_conversation_over_a_websocket(self):
        origin = tls_server(self, serve_echo)
        self.interceptor(origins=[origin])
        converse(self, Client(None, origin.port, sock=self.inside(origin.port, "127.0.0.1")))
        self.entry(kind="upgrade", status=101)

    def test_large_bodies_arrive_whole_both_ways(self):
        data = os.urandom(20 << 20)
        digest = hashlib.sha256(data).hexdigest().encode()
        made = []

        class Handler(DigestHandler):
            def do_GET(self):
                self.answer(200, data)

        origin = tls_server(self, lambda sock: made.append(Handler(sock, ("", 0), None)))
        self.interceptor(origins=[origin])
        self.path("up", data)
        self.fetch(url(origin, "/large"), "-o", self.path("down"))
        self.assertTrue(self.read("down") == data)
        status, body = self.fetch(url(origin, "/up"), "-T", self.path("up"))
        self.assertEqual(status, 200)
        self.assertIn(digest, body)
        status, body = self.fetch(url(origin, "/up"), "-T", self.path("up"), "-H", "Transfer-Encoding: chunked")
        self.assertIn(digest, body)

    def test_an_end_that_was_not_said_is_a_cut(self):
        def serve(sock):
            head = read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of it")
            if b"/whole" in head:
                sock.unwrap()
            else:
                os.close(sock.detach())  # a bare FIN
        origin = tls_server(self, serve)
        self.interceptor(origins=[origin])
        self.assertEqual(self.fetch(url(origin, "/whole")), (200, b"half of it"))
        done = self.curl(self.weir, "--cacert", self.trusted, url(origin, "/cut"), ok=False)
        self.assertNotEqual(done.returncode, 0)
        self.entry(url="/cut", failure="origin_cut")

    def test_a_server_that_speaks_of_nothing_but_tickets_is_left(self):
        """Each costs us some work and brings nobody an answer."""
        origin = tls_server(self, echo_requests, tickets=5000)
        honest = tls_server(self, echo_requests, tickets=20)
        self.interceptor(origins=[origin, honest])
        self.assertEqual(self.fetch(url(honest))[0], 200)
        self.assertEqual(self.fetch(url(origin))[0], 502)
        self.assertEqual(self.entry(url=url(origin))["status"], 502)
        self.assertEqual(self.fetch(url(honest))[0], 200)

    def test_a_client_that_has_said_its_end_is_still_answered(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(origins=[origin])
        done = self.run_program("sh", "-c", "printf 'GET /x HTTP/1.1\\r\\nHost: origin.test:%d\\r\\n\\r\\n' | openssl "
                                "s_client -quiet -no_ign_eof -proxy %s -connect origin.test:%d -servername origin.test "
                                "-CAfile %s -verify_return_error" % (origin.port, self.weir.url[7:], origin.port,
                                                                     self.trusted), ok=False)
        self.entry(url="/x", status=200)
        self.assertNotIn(b"verify error", done.stderr)

    def test_another_host_is_for_another_connection(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(origins=[origin])
        for head in (b"GET / HTTP/1.1\r\nHost: other.test:%d\r\n\r\n" % origin.port,
                     b"GET http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n\r\n",
                     b"CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n\r\n"):
            with self.inside(origin.port) as sock:
                sock.sendall(head)
                self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 421"), head)
        self.assertEqual(origin.accepted, 0)
        self.entry(failure="wrong_host")


    def test_a_parent_proxy_is_asked_for_a_tunnel_to_the_server(self):
        origin = tls_server(self, echo_requests)
        asked = []

        def serve(sock):
            asked.append(read_head(sock).decode())
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with socket.create_connection((LOOPBACK, origin.port), PATIENCE) as far:
                carry = threading.Thread(target=pipe, args=(far, sock))
                carry.start()
                pipe(sock, far)
                carry.join()

        parent = Server(self, serve)
        self.interceptor(origins=[origin], parents=[{"name": "up", "host": "%s:%d" % (LOOPBACK, parent.port)}],
                         routes=[{"hosts": ["*"], "parents": ["up"]}])
        done = self.curl(self.weir, "--cacert", self.trusted, url(origin, "/1"), "-o", self.path("a"),
                         url(origin, "/2"), "-o", self.path("b"))
        self.assertEqual(done.returncode, 0)
        self.assertTrue(json.loads(self.read("b"))["head"].startswith("GET /2 HTTP/1.1\r\n"))
        self.assertEqual(len(asked), 1)
        self.assertTrue(asked[0].startswith("CONNECT origin.test:%d HTTP/1.1\r\n" % origin.port), asked)
        self.entry(url="/2", parent="up", status=200)


class Trust(Case):
    def refused(self, word, pair, host="origin.test"):
        heard = []
        origin = tls_server(self, lambda sock: heard.append(sock.recv(1)), pair)
        self.interceptor(origins=[origin])
        status, body = self.fetch(url(origin, host=host))
        self.assertEqual(status, 502, body)
        self.assertIn(b"certificate", body)
        self.entry(failure=word)
        self.assertEqual([piece for piece in heard if piece], [], "something was sent to a server not verified")

    def test_a_server_of_no_known_authority_is_not_trusted(self):
        self.refused("origin_untrusted", certificate(self, "unknown"))

    def test_a_server_with_an_expired_certificate_is_not_trusted(self):
        pair = expired_certificate(self, "old")
        self.tls["origin_ca"] = pair[0]
        self.refused("origin_expired", pair)

    def test_a_server_of_another_name_is_not_trusted(self):
        pair = certificate(self, "elsewhere", alternative="DNS:elsewhere.test")
        self.tls["origin_ca"] = pair[0]
        self.refused("origin_wrong_name", pair)

    def test_a_server_without_tls_is_told_of(self):
        origin = Server(self, lambda sock: (sock.recv(100), sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n")))
        self.interceptor(origins=[origin])
        self.assertEqual(self.fetch(url(origin))[0], 502)
        self.entry(failure="origin_tls_failed")

    def test_a_client_that_rejects_us_is_logged_with_its_host(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(origins=[origin])
        self.assertEqual(self.fetch(url(origin), trust=False, ok=False)[0], 0)
        line = self.entry(failure="certificate_rejected")
        self.assertEqual((line["host"], line["intercept"]), ("origin.test", "intercepted"))
        self.assertEqual(origin.accepted, 0)

    def test_who_does_not_trust_us_passes_unread(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(BLOCK_PATH, origins=[origin], clients=("10.9.9.9",))
        status, _ = self.fetch(url(origin, "/games/1"), "--http1.1", "--cacert", self.path("cert.pem"), trust=False)
        self.assertEqual(status, 200)
        line = self.entry(method="CONNECT")
        self.assertEqual((line["intercept"], line["kind"]), ("untrusting", "tunnel"))

    def test_a_rule_that_says_tunnel_keeps_us_out(self):
        origin = tls_server(self, echo_requests)
        self.interceptor({"id": "bank", "when": {"host": "origin.test"}, "then": {"tunnel": True}}, origins=[origin])
        status, _ = self.fetch(url(origin), "--http1.1", "--cacert", self.path("cert.pem"), trust=False)
        self.assertEqual((status, self.entry(method="CONNECT")["rule"]), (200, "bank"))

    def test_the_name_of_a_spared_server_does_not_spare_another(self):
        """The greeting names whom nobody looks into; the tunnel was asked for to somebody else."""
        origin = tls_server(self, echo_requests)
        self.interceptor({"id": "bank", "when": {"host": "other.test"}, "then": {"tunnel": True}}, origins=[origin])
        with self.inside(origin.port, "other.test", connect="origin.test") as sock:  # by a certificate of ours
            sock.sendall(b"GET /games/1 HTTP/1.1\r\nHost: other.test:%d\r\n\r\n" % origin.port)
            self.assertTrue(read_head(sock).startswith(b"HTTP/1.1 502 "))
        self.entry(failure="origin_wrong_name")

    def test_what_is_for_one_person_is_not_shared(self):
        """A cookie, and no word that others may have it; or no word of how long it is good."""
        def serve(sock):
            while True:
                head = read_head(sock)
                fields = b"Cache-Control: max-age=600\r\n" if b"/cookie" in head else \
                    b"Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
                say(sock, "200 OK", hashlib.sha256(os.urandom(8)).hexdigest().encode(), fields.decode())
        origin = tls_server(self, serve)
        self.interceptor(origins=[origin])
        for path, more in (("/cookie", ("-H", "Cookie: s=1")), ("/guess", ())):
            first, second = (self.fetch(url(origin, path), *more)[1] for _ in range(2))
            self.assertNotEqual(first, second, path)
        first, second = (self.fetch(url(origin, "/cookie/none"))[1] for _ in range(2))
        self.assertEqual(first, second)

    def test_what_is_no_tls_is_refused_where_it_would_be_looked_into(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(origins=[origin])
        with socket.create_connection((LOOPBACK, self.weir.port), PATIENCE) as sock:
            sock.sendall(b"CONNECT origin.test:%d HTTP/1.1\r\nHost: origin.test\r\n\r\nSSH-2.0-x\r\n" % origin.port)
            got = b""
            while piece := sock.recv(1000):
                got += piece
        self.assertTrue(got.startswith(b"HTTP/1.1 200"), got)
        self.entry(failure="not_tls")
        self.assertEqual(origin.accepted, 0)


class BlockPage(Case):
    def test_a_blocked_host_shows_its_page_over_tls(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(BLOCK_HOST, origins=[origin], intercept=False)
        status, body = self.fetch(url(origin, "/x", "bad.test"), "-H", "Accept: text/html")
        self.assertEqual(status, 403)
        self.assertIn(b"Not this one.", body)
        line = self.entry(url="https://bad.test")
        self.assertEqual((line["rule"], line["intercept"], line["status"]), ("no-bad", "block_page", 403))
        self.assertEqual(origin.accepted, 0)

    def test_a_blocked_name_in_the_greeting_shows_it_too(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(BLOCK_HOST, origins=[origin], intercept=False)
        with self.inside(origin.port, "bad.test", connect="origin.test") as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: bad.test\r\n\r\n")
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            self.assertEqual((answer.status, answer.getheader("Connection")), (403, "close"))
            self.assertIn(b"Not this one.", answer.read())
            self.assertEqual(sock.recv(10), b"")

    def test_who_does_not_trust_us_gets_what_programs_understand(self):
        origin = tls_server(self, echo_requests)
        self.interceptor(BLOCK_HOST, origins=[origin], clients=("10.9.9.9",), intercept=False)
        done = self.curl(self.weir, "-v", "--cacert", self.trusted, url(origin, host="bad.test"), ok=False)
        self.assertRegex(done.stderr, rb"< HTTP/1.1 403")
