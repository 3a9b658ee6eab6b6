# SPDX-License-Identifier: Apache-2.0
#
# A real browser: Chromium without a window loads pages through --proxy-server. The page counts what it
# received and writes the sum into itself, which --dump-dom prints.
"""Chromium through the proxy."""

import re
import shutil
import struct
import threading
import zlib

from harness import Case, PATIENCE
from origins import Nginx, Server, read_head, say
from websocket import serve_echo

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", "--disable-default-apps", "--disable-dev-shm-usage",
         "--ignore-certificate-errors", "--proxy-bypass-list=<-loopback>"]

PAGE = """<!doctype html><title>many</title>{styles}
<p id=sum>nothing yet</p>
<script>var pictures = 0, scripts = 0, wrong = 0;</script>
{scripts}
{images}
<script>
window.addEventListener("load", function () {{
  var sheets = document.styleSheets.length;
  document.getElementById("sum").textContent =
      "images " + pictures + " scripts " + scripts + " sheets " + sheets + " wrong " + wrong;
}});
</script>"""

# The picture is withheld until the page asks for its release, so the page is not complete before.
SOCKET_PAGE = """<!doctype html><title>waiting</title><p id=sum>waiting</p><img src="{hold}hold">
<script>
var socket = new WebSocket("ws://127.0.0.1:{port}/chat");
socket.onopen = function () {{ socket.send("hello through the proxy"); }};
socket.onmessage = function (event) {{
  document.getElementById("sum").textContent = "echo: " + event.data;
  socket.close();
  new Image().src = "{hold}release";
}};
</script>"""

# Everything it embeds is replaced by the proxy; the picture at the end waits until all of it has spoken.
REPLACED_PAGE = """<!doctype html><title>replaced</title><p id=sum>nothing yet</p>
<script>
var said = [], left = 6;
function say(word) {{
  said.push(word);
  document.getElementById("sum").textContent = said.sort().join(", ");
  if (--left == 0) new Image().src = "{hold}release";
}}
["gif", "png2", "png32", "blocked"].forEach(function (name) {{
  var image = new Image();
  image.onload = function () {{ say(name + " " + image.naturalWidth + "x" + image.naturalHeight); }};
  image.onerror = function () {{ say(name + " failed"); }};
  image.src = "/" + name + ".img";
}});
["audio", "video"].forEach(function (kind) {{
  var media = document.createElement(kind);
  media.muted = true;
  media.onended = function () {{ say(kind + " ended"); }};
  media.onerror = function () {{ say(kind + " failed"); }};
  media.src = "/" + kind + ".clip";
  document.body.append(media);
  media.play().catch(function () {{}});
}});
</script><img src="{hold}hold">"""
REPLACED_LIST = b"""/gif.img$image,redirect=1x1.gif
/png2.img$image,redirect=2x2.png
/png32.img$image,redirect=32x32.png
/blocked.img$image
/audio.clip$media,redirect=noop-0.1s.mp3
/video.clip$media,redirect=noop-1s.mp4
"""


def png(red, green, blue):
    """A picture of one pixel."""
    def chunk(kind, data):
        return (struct.pack("!I", len(data)) + kind + data +
                struct.pack("!I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(bytes([0, red, green, blue]))) + chunk(b"IEND", b""))


class Chromium(Case):
    def dump(self, proxy, url, *more):
        """What the page wrote into its one paragraph."""
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if not program:
            self.skipTest("chromium is not installed")
        done = self.run_program(program, *FLAGS, "--user-data-dir=" + self.path("profile"),
                                "--proxy-server=" + proxy.url, *more, "--dump-dom", url, seconds=120)
        found = re.search(r'<p id="sum">(.*?)</p>', done.stdout.decode(errors="replace"))
        return found[1] if found else done.stdout[:300] + done.stderr[-2000:]

    def many(self):
        for n in range(80):
            self.path("root/i/%d.png" % n, png(n, 2 * n, 255 - n))
        for n in range(15):
            self.path("root/s/%d.js" % n, b"scripts += 1;" + b" " * 5000 * n)
            self.path("root/c/%d.css" % n, b"p.x%d { color: red }" % n)
        self.path("root/many.html", PAGE.format(
            styles="".join('<link rel=stylesheet href="/c/%d.css">' % n for n in range(15)),
            scripts="".join('<script src="/s/%d.js"></script>' % n for n in range(15)),
            images="".join('<img src="/i/%d.png" onload="pictures++" onerror="wrong++">' % n
                           for n in range(80))).encode())

    def test_heavy_a_page_of_a_hundred_resources_is_complete(self):
        self.many()
        origin, proxy = Nginx(self), self.proxy()
        said = self.dump(proxy, origin.url("/many.html"))
        self.assertEqual(said, "images 80 scripts 15 sheets 15 wrong 0")
        proxy.wait_for_log(r"/i/79\.png")
        self.assertGreaterEqual(len(re.findall(r"GET http://127\.0\.0\.1", proxy.log())), 111)

    def test_heavy_the_same_page_over_https_comes_through_tunnels(self):
        self.many()
        origin = Nginx(self, tls=True)
        proxy = self.proxy(tunnel_to=[origin.tls_port])
        said = self.dump(proxy, origin.tls_url("/many.html"))
        self.assertEqual(said, "images 80 scripts 15 sheets 15 wrong 0")
        proxy.wait_for_log(r"CONNECT localhost:")

    def hold(self):
        """An origin of pictures that it withholds until somebody asks for /release."""
        released = threading.Event()

        def serve(sock):
            if b"/release" in read_head(sock):
                released.set()
            released.wait(PATIENCE)
            say(sock, "200 OK", png(1, 2, 3), "Content-Type: image/png\r\nConnection: close\r\n")
        return Server(self, serve)

    def test_heavy_what_rules_put_in_place_of_pictures_sound_and_film_is_good(self):
        hold, origin = self.hold(), Nginx(self)
        path = self.path("list.txt", REPLACED_LIST)
        proxy = self.proxy({"policy": {"lists": [{"name": "ads", "file": path, "format": "adblock"}],
                                       "rules": [{"id": "ads", "when": {"list": "ads"}, "then": {"block": True}}]}})
        self.path("root/replaced.html", REPLACED_PAGE.format(hold=hold.url()).encode())
        said = self.dump(proxy, origin.url("/replaced.html"), "--autoplay-policy=no-user-gesture-required")
        self.assertEqual(said, "audio ended, blocked 1x1, gif 1x1, png2 2x2, png32 32x32, video ended")

    def test_heavy_a_web_socket_in_a_page_is_answered(self):
        chat, hold, origin = Server(self, serve_echo), self.hold(), Nginx(self)
        proxy = self.proxy(tunnel_to=[chat.port])
        self.path("root/chat.html", SOCKET_PAGE.format(port=chat.port, hold=hold.url()).encode())
        said = self.dump(proxy, origin.url("/chat.html"))
        self.assertEqual(said, "echo: hello through the proxy")
        self.assertEqual(chat.accepted, 1)
