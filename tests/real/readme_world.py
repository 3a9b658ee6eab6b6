# SPDX-License-Identifier: Apache-2.0
#
# The world in which the commands of README.md run: a network namespace with nothing but a loopback, where the
# names of README lead to a small site, by http and by https with a certificate that is believed there. A process of
# its own (`readme_world.py world FOLDER PID-OF-TEST`, started by unshare), so that the machine's network, hosts and certificates
# stay as they are. `readme_world.py serve PID` is the site alone, for the server behind a gateway.
"""The site and the namespace for the commands of README.md."""

import http.server
import os
import socket
import ssl
import subprocess
import sys
import threading

HOSTS = ["example.com", "www.example.com", "news.example", "ads.example", "www.games.example", "easylist.to",
         "malware-filter.gitlab.io", "raw.githubusercontent.com"]
LISTS = {
    "/easylist/easylist.txt": "[Adblock Plus 2.0]\n||ads.example^\n||tracker.example^\n/banner.gif$image\n",
    "/urlhaus-filter/urlhaus-filter-ag-online.txt": "||malware.example^\n",
    "/StevenBlack/hosts/master/alternates/porn-only/hosts": "0.0.0.0 adult.example\n",
}
FRESH = {"/logo.png": "max-age=3600", "/private": "private"}
PAGE = "<!doctype html>\n<title>Example Domain</title>\n<h1>Example Domain</h1>\n"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class Site(http.server.BaseHTTPRequestHandler):
    """A page for every path; lists, a picture and a git repository where README says there are."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        file = os.path.join(os.getcwd(), "site", path.lstrip("/"))
        status, body = 200, LISTS.get(path, PAGE).encode()
        if path == "/logo.png":
            body = bytes(200)
        elif path.startswith("/project.git/"):
            status = 200 if os.path.isfile(file) else 404
            body = b""
            if status == 200:
                with open(file, "rb") as open_file:
                    body = open_file.read()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "text/plain" if path in LISTS else "text/html")
        self.send_header("Cache-Control", FRESH.get(path, "no-store"))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    """Hears IPv4 and IPv6."""
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def serve(port, secure):
    server = Server(("::", port), Site)
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("site.pem", "site.key")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def make_world():
    """What is put over the machine's own is seen by this mount namespace alone."""
    run("ip", "link", "set", "lo", "up")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
        "site.key", "-out", "site.pem", "-days", "2", "-subj", "/CN=example.com", "-addext",
        "subjectAltName=" + ",".join("DNS:" + host for host in HOSTS))
    files = {"hosts": "127.0.0.1 localhost %s\n" % " ".join(HOSTS), "resolv.conf": "nameserver 127.0.0.1\n"}
    for name, text in files.items():
        with open(name, "w", encoding="ascii") as file:
            file.write(text)
        run("mount", "--bind", name, os.path.realpath("/etc/" + name))
    run("mount", "--bind", "site.pem", CERTIFICATES)


def main():
    if sys.argv[1] == "world":
        os.chdir(sys.argv[2])
        make_world()
        serve(443, True)
    serve(80, False)
    print("ready", os.getpid(), file=sys.stderr, flush=True)
    while os.path.exists("/proc/" + sys.argv[-1]):  # the test; should it be killed, nobody would end us
        threading.Event().wait(1)


if __name__ == "__main__":
    main()
