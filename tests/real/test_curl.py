# SPDX-License-Identifier: Apache-2.0
#
# curl against nginx and Python origins through the proxy: every way of framing a body, ranges, tunnels,
# old versions, and transfers larger than anything that is kept in memory.
"""curl through the proxy."""

import hashlib
import os
import re

from harness import Case, LOOPBACK, listening_socket
from origins import Nginx, PythonHttp, Server, read_head, say

MIB = 1 << 20
MAY_GROW_KIB = 64 * 1024  # what a transfer of any size may add to the proxy's memory


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Curl(Case):
    def start(self, tls=False, **files):
        """nginx with files, and the proxy."""
        self.origin = Nginx(self, tls)
        for name, content in files.items():
            self.path("root/" + name.replace("_", "."), content)
        return self.proxy(tunnel_to=[self.origin.tls_port] if tls else [])

    def sparse(self, name, size):
        """A file that is mostly holes, with a number at the start of each MiB so that order counts."""
        path = self.path(name, b"")
        with open(path, "r+b") as file:
            file.truncate(size)
            for block in range(size // MIB):
                file.seek(block * MIB)
                file.write(b"%012d" % block)
        return path

    def digest_of(self, path):
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while piece := file.read(MIB):
                digest.update(piece)
        return digest.hexdigest()

    def assert_small(self, proxy, before):
        if not proxy.sanitized():
            self.assertLess(proxy.peak_kib() - before, MAY_GROW_KIB, "memory grew with the body")

    def test_get_brings_the_same_bytes(self):
        data = os.urandom(3 * MIB)
        proxy = self.start(a_bin=data)
        self.curl(proxy, "-o", "got", "-D", "head", self.origin.url("/a.bin"))
        self.assertEqual(self.read("got"), data)
        self.assertIn(b"\r\nvia: ", self.read("head").lower())

    def test_head_has_the_length_and_no_body(self):
        proxy = self.start(a_bin=bytes(12345))
        out = self.curl(proxy, "-I", self.origin.url("/a.bin"), self.origin.url("/a.bin")).stdout.lower()
        self.assertEqual(out.count(b"content-length: 12345"), 2)

    def test_post_and_put_arrive_whole(self):
        origin, proxy, data = PythonHttp(self), self.proxy(), os.urandom(2 * MIB)
        path = self.path("up", data)
        for way in (["--data-binary", "@" + path], ["-T", path]):
            out = self.curl(proxy, *way, origin.url()).stdout.decode()
            self.assertEqual(out, "%d %s length\n" % (len(data), sha256(data)))

    def test_chunked_upload_stays_chunked(self):
        origin, proxy, data = PythonHttp(self), self.proxy(), os.urandom(2 * MIB)
        path = self.path("up", data)
        with open(path, "rb") as source:
            out = self.curl(proxy, "-T", "-", "-H", "Transfer-Encoding: chunked", origin.url(),
                            stdin=source).stdout.decode()
        self.assertEqual(out, "%d %s chunked\n" % (len(data), sha256(data)))

    def test_expect_100_continue_is_answered_by_the_origin(self):
        origin, proxy, data = PythonHttp(self), self.proxy(), os.urandom(MIB)
        path = self.path("up", data)
        done = self.curl(proxy, "-v", "-H", "Expect: 100-continue", "--expect100-timeout", "30", "-T", path,
                         origin.url())
        self.assertIn(b"HTTP/1.1 100", done.stderr)
        self.assertIn(sha256(data).encode(), done.stdout)

    def test_a_refusal_instead_of_100_continue_saves_the_upload(self):
        def serve(sock):
            read_head(sock)
            say(sock, "403 Forbidden", b"no\n", "Connection: close\r\n")
        origin, proxy = Server(self, serve), self.proxy()
        path = self.path("up", bytes(MIB))
        done = self.curl(proxy, "-H", "Expect: 100-continue", "--expect100-timeout", "30", "-T", path,
                         "-w", "%{http_code} %{size_upload}", origin.url())
        self.assertEqual(done.stdout, b"no\n403 0")

    def test_an_early_answer_to_a_large_upload_is_seen(self):
        origin, proxy = PythonHttp(self), self.proxy()
        path = self.sparse("up", 64 * MIB)
        done = self.curl(proxy, "-H", "Expect:", "-T", path, "-w", "%{http_code}", origin.url("/no-thanks"),
                         ok=False)
        self.assertIn(b"403", done.stdout)

    def test_http_1_0_is_served_and_kept_alive_when_asked(self):
        proxy = self.start(small_txt=b"hello\n")
        url = self.origin.url("/small.txt")
        done = self.curl(proxy, "-0", url)
        self.assertEqual(done.stdout, b"hello\n")
        done = self.curl(proxy, "-0", "-v", "-H", "Connection: keep-alive", "-H",
                         "Proxy-Connection: keep-alive", url, url)
        self.assertEqual(done.stdout, b"hello\nhello\n")

    def test_ranges_pass_untouched(self):
        data = os.urandom(1000)
        proxy = self.start(a_bin=data)
        done = self.curl(proxy, "-r", "100-199", "-w", "%{http_code}", self.origin.url("/a.bin"))
        self.assertEqual(done.stdout, data[100:200] + b"206")
        many = self.curl(proxy, "-r", "0-1,10-11", "-D", "-", self.origin.url("/a.bin")).stdout
        self.assertIn(b"multipart/byteranges", many)
        self.assertIn(data[10:12], many)
        beyond = self.curl(proxy, "-r", "5000-", "-o", os.devnull, "-w", "%{http_code}",
                           self.origin.url("/a.bin"))
        self.assertEqual(beyond.stdout, b"416")

    def test_a_cut_download_is_resumed(self):
        data = os.urandom(2 * MIB)
        proxy = self.start(a_bin=data)
        self.path("got", data[:700_001])
        self.curl(proxy, "-C", "-", "-o", "got", self.origin.url("/a.bin"))
        self.assertEqual(self.read("got"), data)

    def test_conditional_requests_and_redirects_pass(self):
        proxy = self.start(small_txt=b"hello\n")
        head = self.curl(proxy, "-I", self.origin.url("/small.txt")).stdout.decode()
        tag = re.search(r'(?i)etag: (\S+)', head)[1]
        code = ["-o", os.devnull, "-w", "%{http_code}"]
        done = self.curl(proxy, "-H", "If-None-Match: " + tag, *code, self.origin.url("/small.txt"))
        self.assertEqual(done.stdout, b"304")
        self.assertEqual(self.curl(proxy, "-L", self.origin.url("/moved")).stdout, b"hello\n")

    def test_compressed_and_chunked_answers_pass(self):
        text = b"all work and no play\n" * 50_000
        proxy = self.start(long_txt=text)
        done = self.curl(proxy, "--compressed", "-D", "head", self.origin.url("/long.txt"))
        self.assertEqual(done.stdout, text)
        self.assertIn(b"content-encoding: gzip", self.read("head").lower())

    def test_one_connection_serves_many_requests(self):
        proxy = self.start(small_txt=b"hello\n")
        done = self.curl(proxy, "-w", "%{num_connects}\n", self.origin.url("/small.txt?[1-50]"))
        self.assertEqual(sum(int(n) for n in re.findall(rb"hello\n(\d)", done.stdout)), 1)

    def test_fifty_transfers_at_once_do_not_mix(self):
        proxy = self.start(**{"f%d_txt" % n: b"%d;" % n * 20_000 for n in range(50)})
        self.curl(proxy, "-Z", "--parallel-max", "50", "-o", "got#1", self.origin.url("/f[0-49].txt"))
        for n in range(50):
            self.assertEqual(self.read("got%d" % n), b"%d;" % n * 20_000)

    def test_a_tunnel_to_tls_carries_the_same_bytes(self):
        data = os.urandom(3 * MIB)
        proxy = self.start(tls=True, a_bin=data)
        trust = ["--cacert", self.path("cert.pem")]
        self.curl(proxy, *trust, "-o", "got", self.origin.tls_url("/a.bin"))
        self.assertEqual(self.read("got"), data)
        proxy.wait_for_log(r"CONNECT localhost:%d" % self.origin.tls_port)

    def test_a_tunnel_for_plain_http_works(self):
        self.origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy(tunnel_to=[self.origin.port])
        self.assertEqual(self.curl(proxy, "-p", self.origin.url("/small.txt")).stdout, b"hello\n")

    def test_a_tunnel_to_a_port_not_allowed_is_refused(self):
        if os.environ.get("WEIR_STAND_IN"):
            self.skipTest("the stand-in allows every port")
        listener = listening_socket()
        self.addCleanup(listener.close)
        proxy = self.proxy()
        done = self.curl(proxy, "-p", "http://%s:%d/" % (LOOPBACK, listener.getsockname()[1]), ok=False)
        self.assertEqual(done.returncode, 56)
        self.assertIn(b"403", done.stderr)

    def test_an_origin_on_ipv6_is_reached(self):
        def serve(sock):
            read_head(sock)
            say(sock, "200 OK", b"six\n")
        try:
            origin = Server(self, serve, "::1")
        except OSError:
            self.skipTest("no IPv6 on this machine")
        self.assertEqual(self.curl(self.proxy(), "-g", origin.url()).stdout, b"six\n")

    def test_a_slow_reader_costs_no_memory(self):
        proxy = self.start()
        self.sparse("root/big.bin", 256 * MIB)
        before = proxy.peak_kib()
        done = self.curl(proxy, "--limit-rate", "4M", "--max-time", "3", "-o", "got",
                         self.origin.url("/big.bin"), ok=False)
        self.assertEqual(done.returncode, 28)  # curl gave up when its time was over, as told
        self.assertGreater(os.path.getsize(self.path("got")), 2 * MIB)
        self.assert_small(proxy, before)

    def test_heavy_upload_of_2_gib_keeps_its_checksum(self):
        origin, proxy = PythonHttp(self), self.proxy()
        path = self.sparse("up", 2048 * MIB + 17)
        before = proxy.peak_kib()
        out = self.curl(proxy, "-T", path, origin.url(), max_time=400, seconds=420).stdout.decode()
        self.assertEqual(out, "%d %s length\n" % (2048 * MIB + 17, self.digest_of(path)))
        self.assert_small(proxy, before)

    def test_heavy_chunked_upload_of_1_gib_keeps_its_checksum(self):
        origin, proxy = PythonHttp(self), self.proxy()
        path = self.sparse("up", 1024 * MIB)
        before = proxy.peak_kib()
        with open(path, "rb") as source:
            out = self.curl(proxy, "-T", "-", origin.url(), stdin=source, max_time=400, seconds=420)
        self.assertEqual(out.stdout.decode(), "%d %s chunked\n" % (1024 * MIB, self.digest_of(path)))
        self.assert_small(proxy, before)

    def test_heavy_download_beyond_32_bits_is_whole(self):
        proxy = self.start()
        self.sparse("root/big.bin", 4200 * MIB)
        before = proxy.peak_kib()
        done = self.curl(proxy, "-o", os.devnull, "-w", "%{size_download}", self.origin.url("/big.bin"),
                         max_time=400, seconds=420)
        self.assertEqual(int(done.stdout), 4200 * MIB)
        self.assert_small(proxy, before)
