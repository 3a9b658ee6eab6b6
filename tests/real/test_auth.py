# SPDX-License-Identifier: Apache-2.0
#
# Names and passwords: htpasswd files as the usual tools write them, asked for by curl, and the promise
# that a password is seen neither by origins nor in any log.
"""Basic authentication of real clients."""

import base64
import ctypes
import os
import re

from harness import Case
from origins import Nginx, PythonHttp

PASSWORD = "correct horse"


class Auth(Case):
    def bcrypt(self):
        self.need("htpasswd")
        self.run_program("htpasswd", "-cbB", "-C", "5", self.path("htpasswd"), "ann", PASSWORD)

    def yescrypt(self):
        try:
            crypt = ctypes.CDLL("libcrypt.so.1").crypt
        except OSError:
            self.skipTest("no libcrypt on this machine")
        crypt.restype = ctypes.c_char_p
        line = crypt(PASSWORD.encode(), b"$y$j8T$" + b"abcdefghijklmnop$")
        if not line or not line.startswith(b"$y$"):
            self.skipTest("this libcrypt knows no yescrypt")
        self.path("htpasswd", b"ann:" + line + b"\n")

    def start(self, **more):
        settings = {"auth": {"htpasswd_file": self.path("htpasswd"), "realm": "Test Realm"}}
        return self.proxy(settings, **more)

    def code(self, proxy, url, *arguments):
        done = self.curl(proxy, "-o", "body", "-D", "head", "-w", "%{http_code}", *arguments, url)
        return int(done.stdout)

    def check_right_and_wrong(self):
        origin, proxy = PythonHttp(self), self.start()
        self.assertEqual(self.code(proxy, origin.url(), "-U", "ann:" + PASSWORD), 200)
        self.assertEqual(self.code(proxy, origin.url(), "-U", "ann:" + PASSWORD), 200)  # remembered
        self.assertEqual(self.code(proxy, origin.url(), "-U", "ann:wrong"), 407)
        self.assertEqual(self.code(proxy, origin.url(), "-U", "bob:" + PASSWORD), 407)
        self.assertEqual(self.code(proxy, origin.url()), 407)
        self.assertRegex(self.read("head").decode(), r'(?i)proxy-authenticate: Basic realm="Test Realm"')
        return proxy

    def test_a_bcrypt_password_opens_and_a_wrong_one_does_not(self):
        self.bcrypt()
        self.check_right_and_wrong()

    def test_a_yescrypt_password_opens_and_a_wrong_one_does_not(self):
        self.yescrypt()
        self.check_right_and_wrong()

    def test_curl_answers_a_challenge_by_itself(self):
        self.bcrypt()
        origin, proxy = PythonHttp(self), self.start()
        self.assertEqual(self.code(proxy, origin.url(), "--proxy-anyauth", "-U", "ann:" + PASSWORD), 200)

    def test_a_tunnel_needs_the_password_too(self):
        self.bcrypt()
        origin = Nginx(self, tls=True)
        self.path("root/small.txt", b"hello\n")
        proxy = self.start(tunnel_to=[origin.tls_port])
        trust = ["--cacert", self.path("cert.pem")]
        url = origin.tls_url("/small.txt")
        self.assertEqual(self.curl(proxy, *trust, "-U", "ann:" + PASSWORD, url).stdout, b"hello\n")
        done = self.curl(proxy, *trust, url, ok=False)
        self.assertIn(b"407", done.stderr)

    def test_a_password_reaches_no_origin_and_no_log(self):
        self.bcrypt()
        origin, proxy = PythonHttp(self), self.start()
        seen = self.curl(proxy, "-U", "ann:" + PASSWORD, origin.url("/first")).stdout.decode()
        self.assertNotIn("proxy-authorization", seen.lower())
        self.assertEqual(self.code(proxy, origin.url("/second"), "-U", "ann:not " + PASSWORD), 407)
        proxy.wait_for_log(r"/second")
        proxy.wait_for_log(r"/first \S*ann\b")
        written = proxy.log() + proxy.errors()
        for secret in (PASSWORD, base64.b64encode(b"ann:correct horse").decode()):
            self.assertNotIn(secret, written)

    def test_a_password_file_with_plain_text_is_refused_in_words(self):
        self.path("htpasswd", b"ann:plain text\n")
        config = self.path("bad.json", b'{"listen": ["127.0.0.1:0"], "auth": {"htpasswd_file": "%s"}}'
                           % self.path("htpasswd").encode())
        binary = os.environ.get("WEIR_BINARY", "")
        if os.environ.get("WEIR_STAND_IN") or not binary:
            self.skipTest("this is about weir's own words")
        done = self.run_program(binary, "run", "--config", config, ok=False, seconds=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(re.search(rb"(?i)htpasswd|password", done.stderr), done.stderr)
