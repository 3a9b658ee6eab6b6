# SPDX-License-Identifier: Apache-2.0
#
# `weir cache` with a running proxy: what an operator sees of what is stored, and that it is gone after a
# purge.
"""stats, ls, show, why and purge of a running proxy's cache."""

import http.client
import http.server
import json
import os
import re
import subprocess
import threading

from harness import Case, LOOPBACK, wait_until

FIELDS = {
    "/fresh": {"Cache-Control": "max-age=1000", "ETag": '"one"', "Surrogate-Key": "red green"},
    "/other": {"Cache-Control": "max-age=1000", "Cache-Tag": "green, blue"},
    "/stale": {"Cache-Control": "max-age=0", "ETag": '"two"'},
    "/never": {"Cache-Control": "no-store"},
    "/vary": {"Cache-Control": "max-age=1000", "Vary": "Accept"},
}


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"x" * 1000
        self.send_response(200)
        for name, value in FIELDS[self.path].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Cache(Case):
    def begin(self, settings=None):
        server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.origin = "http://origin.test:%d" % server.server_port
        self.host = "origin.test:%d" % server.server_port
        config = {"admin": {"listen": "127.0.0.1:0"}, "destinations": {"allow": ["127.0.0.0/8"]}}
        proxy = self.proxy({**config, **(settings or {})})
        found = wait_until(lambda: "the admin interface is announced: " + proxy.errors(),
                           lambda: re.search(r"admin interface at http://(\S+)\n", proxy.errors()))
        self.admin = found[1]
        for path in FIELDS:
            self.assertEqual(self.get(proxy, self.origin + path)[0], 200)
        return proxy

    def weir(self, *arguments):
        done = subprocess.run([os.environ["WEIR_BINARY"], "cache", *arguments, "--admin", self.admin],
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
        return done.stdout.decode(), done.stderr.decode(), done.returncode

    def said(self, *arguments):
        out, errors, code = self.weir(*arguments)
        self.assertEqual((errors, code), ("", 0), out)
        return out

    def listed(self, *arguments):
        lines = self.said("ls", "--json", *arguments).splitlines()
        return sorted(json.loads(line)["url"].removeprefix(self.origin) for line in lines)

    def test_an_operator_sees_what_is_stored(self):
        """stats counts, ls lists, show shows heads, freshness, reasons and tags."""
        self.begin()
        self.assertEqual(self.listed(), ["/fresh", "/other", "/stale", "/vary"])
        self.assertEqual(self.listed(".test"), ["/fresh", "/other", "/stale", "/vary"])
        self.assertEqual(self.listed("other.test"), [])
        self.assertEqual(len(self.listed("--limit", "2")), 2)
        self.assertIn("4 entries of 4 URLs", self.said("stats"))
        self.assertIn(" memory ", self.said("ls").splitlines()[1])
        shown = self.said("show", self.origin + "/fresh")
        for part in ('"one"', "red, green", "from max-age", "Stored:", "Surrogate-Key: red green", "1,000, in memory"):
            self.assertIn(part, shown)
        self.assertEqual(self.weir("show", self.origin + "/never")[2], 1)
        self.assertEqual(self.weir("show", "nonsense")[2], 64)

    def test_why_says_what_a_get_would_get(self):
        """Each answer names its clause; of what is not stored, why the last answer was not."""
        proxy = self.begin()
        for path, answer, word in (("/fresh", "answered from memory", "fresh"), ("/stale", "the origin is asked", "stale"),
                                   ("/never", "fetched", "absent")):
            said = self.said("why", self.origin + path)
            self.assertIn(answer, said)
            self.assertIn("[%s]" % word, said)
        self.assertIn("[no_store]", self.said("why", self.origin + "/never"))
        self.assertNotIn("last answer", self.said("why", self.origin + "/unknown"))
        connection = http.client.HTTPConnection(LOOPBACK, proxy.port)
        self.addCleanup(connection.close)
        connection.request("GET", self.origin + "/vary", headers={"Accept": "text/html"})
        self.assertEqual(connection.getresponse().read(), b"x" * 1000)
        self.assertEqual(json.loads(self.said("why", "--json", self.origin + "/vary"))["variants"], 2)

    def test_a_purge_forgets_what_it_says(self):
        """By URL, tag, prefix, host, and all; a dry run forgets nothing."""
        self.begin()
        self.assertIn("would forget 2 URLs", self.said("purge", "--tag", "green", "--dry-run"))
        self.assertEqual(len(self.listed()), 4)
        self.assertIn("forgot 1 URL: 1 in memory, 0 on disk", self.said("purge", self.origin + "/stale"))
        self.assertEqual(self.listed(), ["/fresh", "/other", "/vary"])
        self.said("purge", "--tag", "blue")
        self.assertEqual(self.listed(), ["/fresh", "/vary"])
        self.said("purge", "--prefix", self.origin + "/f")
        self.assertEqual(self.listed(), ["/vary"])
        self.said("purge", "--host", "other.test")
        self.assertEqual(self.listed(), ["/vary"])
        self.said("purge", "--host", self.host)
        self.assertEqual(self.listed(), [])
        for wrong in ([], ["--all", "--tag", "x"], ["--tag", "a b"], ["--host", "a/b"]):
            self.assertEqual(self.weir("purge", *wrong)[2], 64, wrong)

    def test_the_disk_is_seen_and_purged_too(self):
        """An entry on disk is listed, and purged with --all."""
        self.begin({"cache": {"directory": self.path("store"), "disk": "64MiB"}})
        wait_until("all is written", lambda: self.said("stats").find("disk            4 entries") >= 0)
        self.assertIn(" both ", self.said("ls"))
        self.assertEqual(len(self.listed()), 4)
        self.assertIn("forgot 4 URLs: 4 in memory, 4 on disk", self.said("purge", "--all"))
        self.assertEqual(self.listed(), [])

    def test_a_cache_that_is_off_says_so(self):
        """No figures are made up."""
        self.begin({"cache": {"memory": 0}})
        out, errors, code = self.weir("stats")
        self.assertEqual((out, code), ("", 1))
        self.assertIn("cache is off", errors)
