#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# The demonstration's site, on 127.0.0.1:8000 behind nginx, which adds HTTPS and /large. Every page tells how many
# times it has been made, so that one can see who answered: a stored answer repeats its number. Counts are kept by
# host, for IPv4 and IPv6 have hosts of their own.
"""A small web site: cacheable, revalidated, streaming, WebSocket, slow."""

import collections
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, "/usr/local/bin")
from websocket import CLOSE, TEXT, accept_key, frame, read_frame  # noqa: E402  (the path comes first)

made = collections.Counter()
counting = threading.Lock()


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def count(self, what):
        """How many times it has been made for this host, this one included."""
        with counting:
            made[self.headers.get("Host", ""), what] += 1
            return made[self.headers.get("Host", ""), what]

    def page(self, text, **fields):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        name = {"/": "home"}.get(self.path, self.path[1:])
        getattr(self, "get_" + name, self.get_nothing)()

    def get_home(self):
        self.page("This is %s.\n" % self.headers.get("Host"), Cache_Control="no-store")

    def get_cacheable(self):
        self.page("made %d times\n" % self.count("cacheable"), Cache_Control="max-age=600")

    def get_revalidated(self):
        """Must be asked for each time, but only sent again when it has changed, which it never does."""
        if self.headers.get("If-None-Match") == '"first"':
            self.count("not_modified")
            self.send_response(304)
            self.send_header("ETag", '"first"')
            self.send_header("Cache-Control", "no-cache")
            self.end_headers()
            return
        self.page("made %d times\n" % self.count("revalidated"), ETag='"first"', Cache_Control="no-cache")

    def get_asked(self):
        """How many times the page above was asked about, and had not changed."""
        with counting:
            number = made[self.headers.get("Host", ""), "not_modified"]
        self.page("said not modified %d times\n" % number, Cache_Control="no-store")

    def get_stream(self):
        """Five lines, a fifth of a second apart, each sent when it is made."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Accel-Buffering", "no")
        self.end_headers()
        for number in range(1, 6):
            line = b"line %d\n" % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            time.sleep(0.2)
        self.wfile.write(b"0\r\n\r\n")

    def get_slow(self):
        time.sleep(1)
        self.page("after a second\n", Cache_Control="no-store")

    def get_blocked(self):
        self.page("nobody should see this\n")

    def get_websocket(self):
        """Sends every message back."""
        self.close_connection = True
        if not self.headers.get("Sec-WebSocket-Key"):
            self.send_error(426)
            return
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(self.headers["Sec-WebSocket-Key"]))
        self.end_headers()
        while True:
            opcode, data = read_frame(self.rfile)
            if opcode == CLOSE:
                return
            self.wfile.write(frame(TEXT, data))

    def get_nothing(self):
        self.send_error(404)

    def log_message(self, *_):
        """nginx writes the log."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8000), Site).serve_forever()
