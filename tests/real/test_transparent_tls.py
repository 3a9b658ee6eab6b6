# SPDX-License-Identifier: Apache-2.0
#
# A router with Weir on it and TLS, of which only the greeting is read: it is judged by the name in it,
# however it is cut, and passes untouched otherwise. Greetings are OpenSSL's own, cut anew where a scene
# wants that.
"""Connections that the kernel turned aside: TLS by its server name."""

import contextlib
import hashlib
import http.server
import os
import re
import socket
import ssl
import struct
import threading

from harness import wait_until
from namespaces import Case
from origins import DigestHandler
from test_transparent import hear

ALERT = b"\x15\x03\x03\x00\x02\x02\x70"  # fatal, unrecognized_name
SIZE = 64 << 20


def greeting(name):
    """What OpenSSL says first, as one record."""
    context = ssl.create_default_context()
    context.check_hostname = False
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def extended(hello, kind, body):
    """The greeting with one more extension at its end."""
    message = hello[9:]
    at = 34
    at += 1 + message[at]
    at += 2 + int.from_bytes(message[at:at + 2], "big")
    at += 1 + message[at]
    extensions = message[at + 2:] + struct.pack("!HH", kind, len(body)) + body
    message = message[:at] + struct.pack("!H", len(extensions)) + extensions
    return records(b"\x01" + len(message).to_bytes(3, "big") + message, 16384)


def sni(name):
    """The body of the extension server_name."""
    return struct.pack("!HBH", len(name) + 3, 0, len(name)) + name.encode()


def records(handshake, size):
    """A handshake message in records of so many bytes."""
    pieces = [handshake[i:i + size] for i in range(0, len(handshake), size)]
    return b"".join(b"\x16\x03\x01" + struct.pack("!H", len(piece)) + piece for piece in pieces)


def cuts(hello):
    """The same greeting in other shapes: what to send, and how much of it at once."""
    large = extended(hello, 21, bytes(16000 - len(hello)))
    return {"whole": (hello, len(hello)), "dribbled": (hello, 7), "many records": (records(hello[5:], 9), 1 << 20),
            "dribbled records": (records(hello[5:], 31), 100), "large": (large, 1448),
            "large in records": (records(large[5:], 900), 1 << 20)}


class Sink:
    """Hears greetings on 8043 and says that it did."""

    def __init__(self, case):
        self.heard = []
        self.server = case.origin(8043, self.serve)

    def serve(self, sock):
        got = b""
        while piece := sock.recv(65536):
            got += piece
            if got.endswith(b"END"):
                break
        self.heard.append(got)
        sock.sendall(b"heard")


class Greetings(Case):
    def say(self, road, last, hello, step=1 << 20, port=443):
        """What comes back for a greeting sent in so large pieces."""
        with self.net.connect(road, last, port) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for i in range(0, len(hello), step):
                    sock.sendall(hello[i:i + step])
            except (BrokenPipeError, ConnectionResetError):
                pass
            return hear(sock)

    def test_https_passes_with_the_certificate_of_its_origin(self):
        self.gateway()
        self.nginx()
        self.path("root/x", b"hello\n")
        for road in self.roads():
            self.assertEqual(self.secure(road, 2, "good.test", "/x"), (200, b"hello\n"))
            line = self.entry(road, "good.test:443")
            self.assertEqual((line["claim"], line["status"], line["kind"]), ("verified", 200, "tunnel"))

    def test_a_blocked_name_gets_an_alert_at_once(self):
        self.gateway()
        self.nginx()
        for road in self.roads():
            with self.net.inside("client"):
                done = self.run_program("openssl", "s_client", "-connect", road.url(3, "", 443)[7:], "-servername",
                                        "bad.test", "-bind", ("[%s]:0" if road.family == "v6" else "%s:0")
                                        % road.client, ok=False)
            self.assertRegex(done.stderr, rb"(?i)unrecognized name")
            self.assertEqual(self.say(road, 3, greeting("bad.test")), ALERT)
            self.assertEqual(self.entry(road, "bad.test:443")["rule"], "no-bad")

    def test_a_greeting_is_judged_however_it_is_cut(self):
        self.gateway()
        far = self.origin(8043, hear)
        for road in self.roads():
            for shape, (text, step) in cuts(greeting("BAD.test")).items():
                self.assertEqual(self.say(road, 3, text, step, 8043), ALERT, shape)
        self.assertEqual(far.accepted, 0, "a blocked greeting has been connected")

    def test_a_greeting_passes_unchanged_however_it_is_cut(self):
        self.gateway()
        sink = Sink(self)
        for road in self.roads():
            for shape, (text, step) in cuts(greeting("good.test")).items():
                self.assertEqual(self.say(road, 2, text + b"END", step, 8043), b"heard", shape)
                self.assertTrue(sink.heard[-1] == text + b"END", shape)

    def test_a_greeting_after_a_long_silence_is_judged(self):
        self.gateway()
        sink = Sink(self)
        for road in self.roads():
            before = sink.server.accepted
            with self.net.connect(road, 2, 8043) as sock:
                wait_until("the server is asked", lambda: sink.server.accepted > before)  # noqa: B023
                sock.sendall(greeting("bad.test"))
                self.assertEqual(hear(sock), ALERT)
            wait_until("one record", lambda: len(self.entries(road)) == 1)  # noqa: B023
            self.assertIn("bad.test", self.entries(road)[0]["url"])

    def test_a_server_that_speaks_first_changes_nothing_for_others(self):
        self.gateway(process={"workers": 1}, transparent={"quiet_wait": "50ms"})
        self.origin(8003, lambda sock: sock.sendall(b"hello"))
        sink = Sink(self)
        for road in self.roads():
            with self.net.connect(road, 2, 8003) as sock:
                self.assertEqual(hear(sock), b"hello")
            before = sink.server.accepted
            with self.net.connect(road, 2, 8043) as sock:
                sock.sendall(greeting("good.test"))
                wait_until("the greeting is passed on", lambda: sink.server.accepted > before)  # noqa: B023
                sock.sendall(b"\x14\3\3\0\1\1" + b"END")
                self.assertEqual(hear(sock), b"heard")

    def test_a_greeting_without_a_name_is_known_in_every_form(self):
        """In SSL 2's, and behind records that servers skip: it counts as TLS, also where no rules are."""
        self.gateway(transparent={"no_name": "refuse", "quiet_wait": "200ms"}, policy={"rules": []})
        sink = Sink(self)
        suites = bytes.fromhex("00c02f00009c00002f0000ff")
        old = b"\1\3\3\0%c\0\0\0\x10" % len(suites) + suites + bytes(16)
        for road in self.roads():
            for text in (b"\x80%c" % len(old) + old, b"\x15\3\1\0\2\1\0" + greeting(None)):
                self.assertIn(self.say(road, 2, text + b"END", port=8043), (ALERT, b""))
                self.assertIn(self.say(road, 2, text + b"END", port=8043, step=1), (ALERT, b""))
        self.assertEqual(sink.heard, [])

    def test_a_greeting_behind_other_records_is_no_way_round(self):
        self.gateway()
        sink = Sink(self)
        for road in self.roads():
            for before in (b"\x15\x03\x01\x00\x02\x01\x00", b"\x16\x03\x01\x00\x00"):
                got = self.say(road, 3, before + greeting("bad.test") + b"END", port=8043)
                self.assertIn(got, (ALERT, b""))
        self.assertEqual([text for text in sink.heard if b"bad.test" in text], [])

    def test_a_malformed_greeting_is_refused_with_rules_and_without(self):
        """Malformed, larger than 16 KiB, or cut short by the client: an alert, and nobody is connected."""
        good = greeting("good.test")
        huge = extended(good, 21, bytes(17000))
        twice = extended(extended(good, 0, b"\0\x09\0\0\x06a.test"), 21, b"")
        torn = good[:5] + b"\x01\x00\x00\x40" + b"\xff" * (len(good) - 9)
        for rules in ([], [{"id": "no-bad", "when": {"host": "bad.test"}, "then": {"block": {}}}]):
            self.gateway(policy={"rules": rules})
            sink = Sink(self)
            for road in self.roads():
                for text in (huge, twice, torn, good[:5] + b"\x02" + good[6:]):
                    self.assertEqual(self.say(road, 2, text + b"END", port=8043), ALERT)
                with self.net.connect(road, 2, 8043) as sock:
                    sock.sendall(good[:100])
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(hear(sock), ALERT)
                wait_until("five records", lambda: len(self.entries(road)) == 5)  # noqa: B023
                self.assertEqual({line["failure"] for line in self.entries(road)}, {"unnamed_refused"})
            self.assertEqual(sink.heard, [])
            sink.server.close()
            self.stop_gateway()

    def test_a_forged_name_passes_marked(self):
        self.gateway()
        self.nginx()
        self.path("root/x", b"hello\n")
        for road in self.roads():
            self.assertEqual(self.secure(road, 2, "other.test", "/x"), (200, b"hello\n"))
            self.assertEqual(self.entry(road, "other.test:443")["claim"], "contradicted")

    def test_a_forged_name_opens_no_blocked_address(self):
        self.gateway(hosts={"bad.test": (3,), "other.test": (9,)})
        for road in self.roads():
            for name in ("bad.test", "other.test", "nowhere.test", None):
                self.assertEqual(self.say(road, 3, greeting(name)), ALERT, name)

    def test_strict_refuses_a_forged_name_without_a_word_of_plain_text(self):
        self.gateway(transparent={"host_verify": "strict"})
        self.nginx()
        self.path("root/x", b"hello\n")
        for road in self.roads():
            self.assertEqual(self.say(road, 2, greeting("other.test")), ALERT)
            self.assertEqual(self.entry(road, "other.test")["failure"], "name_contradicted")
            self.assertEqual(self.secure(road, 2, "good.test", "/x"), (200, b"hello\n"))

    def test_no_plain_text_is_ever_put_into_tls(self):
        self.gateway()
        for road in self.roads():  # nobody listens there, and some cannot be understood
            for text in (greeting("good.test"), greeting(None), greeting("good.test")[:5] + b"\x02" + bytes(300),
                         b"\x16\x03\x01\x00\x00" + bytes(20)):
                self.assertNotIn(b"HTTP", self.say(road, 6, text))

    def test_a_greeting_without_a_name_passes_or_is_refused_as_set(self):
        self.nginx_names(("tunnel", b"200"), ("refuse", b""))

    def test_an_address_in_place_of_a_name_is_none(self):
        """As devices send it, although no name is an address (RFC 6066 3)."""
        for no_name, wanted in (("tunnel", b"heard"), ("refuse", ALERT)):
            self.gateway(transparent={"no_name": no_name, "quiet_wait": "200ms"})
            sink = Sink(self)
            for road in self.roads():
                hello = records(extended(greeting(None), 0, sni(road.address(2)))[5:], 16384)
                self.assertEqual(self.say(road, 2, hello + b"END", port=8043), wanted)
                self.assertEqual(self.entry(road, road.address(2))["failure"],
                                 None if no_name == "tunnel" else "unnamed_refused")
            sink.server.close()
            self.stop_gateway()

    def nginx_names(self, *scenes):
        self.nginx()
        for setting, wanted in scenes:
            self.gateway(transparent={"no_name": setting, "quiet_wait": "200ms"})
            for road in self.roads():
                answer = self.fetch(road, road.url(2, "/who", scheme="https"), "-k", ok=False)
                self.assertEqual(answer[0], 200 if wanted else 0)
                if not wanted:
                    self.assertEqual(self.say(road, 2, greeting(None)), ALERT)
            self.stop_gateway()

    def stop_gateway(self):
        self.weir.end()
        self.weir.process.returncode = 0
        self.web.close()
        os.unlink(self.weir.access_log)

    def test_an_encrypted_name_passes_or_is_refused_as_set(self):
        sink = Sink(self)
        for setting, wanted in (("tunnel", b"heard"), ("refuse", ALERT)):
            self.gateway(transparent={"encrypted_hello": setting, "quiet_wait": "200ms"})
            for road in self.roads():
                hidden = extended(greeting("good.test"), 0xfe0d, os.urandom(200))
                self.assertEqual(self.say(road, 2, hidden + b"END", port=8043), wanted)
                self.assertEqual(self.say(road, 2, greeting("good.test") + b"END", port=8043), b"heard")
            self.stop_gateway()
        self.assertEqual(len(sink.heard), 4 * 2 + 4)

    def test_control_bytes_in_a_name_forge_no_line_of_the_log(self):
        self.gateway()
        hello = greeting("abcdefghij.test")
        for road in self.roads():
            for evil in (b"a\nb\rc\x1b[2Jd", b'","status":9', b"\xff\x00\x80       "):
                self.say(road, 2, hello.replace(b"abcdefghij", evil[:10].ljust(10)))
        for line in self.weir.log().splitlines():
            self.assertTrue(line.isprintable(), line)
            self.assertNotIn("999", re.sub(r'"id":"[^"]*"', "", line.split('"time"')[0]))

    def test_what_is_no_tls_passes_on_443(self):
        self.gateway()
        self.origin(443, lambda sock: sock.sendall(b"you said " + sock.recv(100)))
        for road in self.roads():
            for text in (b"SSH-2.0-client\r\n", b"\x00\x00\x00\x01"):
                with self.net.connect(road, 2, 443) as sock:
                    sock.sendall(text)
                    self.assertEqual(hear(sock), b"you said " + text)

    def test_a_silent_name_server_holds_no_tls_up(self):
        self.gateway(silent_dns=True, transparent={"verify_wait": "300ms"})
        Sink(self)
        for road in self.roads():
            self.assertEqual(self.say(road, 2, greeting("nowhere.test") + b"END", port=8043), b"heard")
            self.assertEqual(self.entry(road, "nowhere.test")["claim"], "unverified")


class Bulk(Case):
    def digests(self):
        """The handler that nginx passes uploads to."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), DigestHandler, bind_and_activate=False)
        server.socket = self.net.listen(8001)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def over_tls(self, road, path, *more):
        return self.secure(road, 2, "good.test", path, *more)

    def in_the_clear(self, road, path, *more):
        """Under a name that nobody bears out, so that nothing comes from the cache."""
        return self.fetch(road, road.url(2, path, 8000), *more, host="nowhere.test")

    def both_ways(self, size, fetch):
        self.gateway()
        self.nginx()
        self.digests()
        source = self.path("root/big", b"")
        digest = hashlib.sha256()
        with open(source, "wb") as file:
            for _ in range(size >> 20):
                piece = os.urandom(1 << 20)
                digest.update(piece)
                file.write(piece)
        for road in self.roads():
            fetch(road, "/big", "-o", "down", "--max-time", "300")
            self.run_program("cmp", source, "down")
            _, said = fetch(road, "/digest", "-T", source, "-H", "Expect:", "--max-time", "300")
            self.assertEqual(said.split()[:2], [b"%d" % size, digest.hexdigest().encode()])

    def test_64_mib_of_tls_arrive_whole_both_ways(self):
        self.both_ways(SIZE, self.over_tls)

    def test_heavy_1_gib_of_tls_arrives_whole_both_ways(self):
        self.both_ways(1 << 30, self.over_tls)

    def test_heavy_1_gib_of_http_arrives_whole_both_ways(self):
        self.both_ways(1 << 30, self.in_the_clear)
