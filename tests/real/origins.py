# SPDX-License-Identifier: Apache-2.0
#
# Servers behind the proxy. nginx where an ordinary web server is meant, started without root on sockets
# that were bound here and handed over; small Python servers where something must go wrong on purpose, or
# a checksum is wanted while the bytes arrive.
"""Origins: nginx, Python HTTP handlers, raw scripts, a name server."""

import contextlib
import hashlib
import http.server
import os
import socket
import socketserver
import struct
import subprocess
import threading

from harness import LOOPBACK, Program, listening_socket, wait_until
from nginx_text import nginx_text

NGINX = """  default_type application/octet-stream;
  types {{ text/html html; text/css css; text/javascript js; image/png png; text/plain txt; }}
  keepalive_timeout 600s;
  keepalive_requests 1000000;
  gzip on;
  gzip_proxied any;
  gzip_types text/plain;
  server {{
    listen {host}:{port} backlog=4096;
    root {root};
    autoindex on;
    location = /teapot {{ return 418; }}
    location = /moved {{ return 302 /small.txt; }}
  }}
{tls}"""
TLS = """  server {{
    listen {host}:{port} ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    root {root};
  }}
"""


class Nginx(Program):
    """Serves the folder `root` of the test; `port`, and `tls_port` with a certificate made here."""

    def __init__(self, case, tls=False, connections=1024):
        case.need("nginx")
        sockets = [listening_socket(backlog=4096)]
        self.root = case.path("root")
        os.makedirs(self.root, exist_ok=True)
        self.port = sockets[0].getsockname()[1]
        words = dict(folder=case.folder, root=self.root, host=LOOPBACK)
        tls_text = ""
        if tls:
            make_certificate(case)
            sockets.append(listening_socket())
            self.tls_port = sockets[1].getsockname()[1]
            tls_text = TLS.format(port=self.tls_port, **words)
        text = nginx_text(case.folder, NGINX.format(port=self.port, tls=tls_text, **words), connections)
        config = case.path("nginx.conf", text.encode())
        numbers = [sock.fileno() for sock in sockets]
        environment = dict(os.environ, NGINX="".join("%d;" % number for number in numbers))
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        environment["PATH"] = path
        super().__init__(case, "nginx", ["nginx", "-e", "stderr", "-p", case.folder, "-c", config],
                         env=environment, pass_fds=numbers)
        for sock in sockets:
            sock.close()
        wait_until(lambda: "nginx answers; it said:\n" + self.errors(), self.answers)

    def answers(self):
        assert self.alive(), "nginx ended: " + self.errors()
        with contextlib.suppress(OSError):
            with socket.create_connection((LOOPBACK, self.port), 1) as sock:
                sock.sendall(b"HEAD /teapot HTTP/1.0\r\n\r\n")
                return b"418" in sock.recv(100)
        return False

    def url(self, path):
        return "http://%s:%d%s" % (LOOPBACK, self.port, path)

    def tls_url(self, path):
        return "https://localhost:%d%s" % (self.tls_port, path)


NGINX_WITH_TLS = """  server {{
    listen {port};
    listen [::]:{port};
    listen 443 ssl;
    listen [::]:443 ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
{more}
  }}
"""


def nginx_in(case, port, more):
    """The path of a configuration for nginx in a namespace: TLS with cert.pem on 443, none on `port`."""
    text = NGINX_WITH_TLS.format(folder=case.folder, port=port, more=more)
    return case.path("nginx.conf", nginx_text(case.folder, text).encode())


def make_certificate(case):
    """cert.pem and key.pem for localhost, in the test's folder."""
    case.run_program("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-keyout", case.path("key.pem"), "-out", case.path("cert.pem"), "-days", "2",
                     "-subj", "/CN=localhost", "-addext",
                     "subjectAltName=DNS:localhost,DNS:*.test,DNS:good.test,DNS:other.test,IP:127.0.0.1")


class Server:
    """One thread for each connection, all ended with the test. `serve(sock)` is the whole origin."""

    def __init__(self, case, serve, host=LOOPBACK, listener=None):
        self.listener = listener or listening_socket(host)
        self.host, self.port = host, self.listener.getsockname()[1]
        self.serve = serve
        self.open = set()
        self.accepted = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()
        case.addCleanup(self.close)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                with self.lock:
                    self.open.add(sock)
                    self.accepted += 1
                threading.Thread(target=self.one, args=(sock,), daemon=True).start()

    def one(self, sock):
        try:
            self.serve(sock)
        except (OSError, EOFError, ValueError):
            pass  # the other side left: for the test to notice, not for us
        finally:
            with self.lock:
                self.open.discard(sock)
            sock.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def url(self, path="/"):
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "http://%s:%d%s" % (host, self.port, path)


def read_head(sock):
    """The bytes up to and with the empty line; EOFError when the other side ends first."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = sock.recv(65536)
        if not piece:
            raise EOFError
        head += piece
    return head


def say(sock, status, body=b"", fields=""):
    sock.sendall(("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), fields)).encode() + body)


class DigestHandler(http.server.BaseHTTPRequestHandler):
    """Answers GET with what it was asked, and PUT and POST with length, SHA-256 and framing of the body,
    digested as it arrives."""

    protocol_version = "HTTP/1.1"
    timeout = 300

    def log_message(self, *_):
        pass

    def body_pieces(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                if size == 0:
                    break
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return
        left = int(self.headers.get("Content-Length", "0"))
        piece = memoryview(bytearray(1 << 20))
        while left:
            got = self.rfile.readinto(piece[:min(left, len(piece))])
            if not got:
                raise EOFError
            left -= got
            yield piece[:got]

    def do_PUT(self):
        if self.path.startswith("/no-thanks"):  # an early final answer: the body is never read
            self.close_connection = True
            self.answer(403, b"no thanks\n")
            self.connection.shutdown(socket.SHUT_WR)
            while self.connection.recv(1 << 20):
                pass  # or the kernel would reset the connection and take the answer with it
            return
        digest, length = hashlib.sha256(), 0
        for piece in self.body_pieces():
            digest.update(piece)
            length += len(piece)
        framing = "chunked" if "Transfer-Encoding" in self.headers else "length"
        self.answer(200, ("%d %s %s\n" % (length, digest.hexdigest(), framing)).encode())

    do_POST = do_PUT

    def do_GET(self):
        lines = ["%s %s %s" % (self.command, self.path, self.request_version)]
        lines += ["%s: %s" % pair for pair in self.headers.items()]
        self.answer(200, ("\n".join(lines) + "\n").encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class PythonHttp:
    """Python's own HTTP server with a handler of the test's choice."""

    def __init__(self, case, handler=DigestHandler):
        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that left is the test's business
        self.server.case = case
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)

    def url(self, path="/"):
        return "http://%s:%d%s" % (LOOPBACK, self.port, path)


class NameServer:
    """Answers every question with one response code, or never (`code` None)."""

    def __init__(self, case, code):
        owner = self
        self.questions = 0

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                owner.questions += 1
                query, sock = self.request
                if code is not None and len(query) > 12:
                    head = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, 0, 0, 0)
                    end = query.index(b"\0", 12) + 5
                    sock.sendto(head + query[12:end], self.client_address)

        self.server = socketserver.UDPServer((LOOPBACK, 0), Handler)
        self.address = "%s:%d" % self.server.server_address
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)


class GitHandler(DigestHandler):
    """git's own smart HTTP program as a CGI, for the repositories below `case.git_root`."""

    def do_GET(self):
        self.cgi(b"")

    def do_POST(self):
        self.cgi(b"".join(bytes(piece) for piece in self.body_pieces()))

    def cgi(self, body):
        path, _, query = self.path.partition("?")
        environment = dict(os.environ, GIT_PROJECT_ROOT=self.server.case.git_root, GIT_HTTP_EXPORT_ALL="1",
                           REQUEST_METHOD=self.command, PATH_INFO=path, QUERY_STRING=query,
                           CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)),
                           REMOTE_USER="tester", REMOTE_ADDR=LOOPBACK, HOME=self.server.case.folder,
                           HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                           GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE,
                              timeout=60, check=True)
        head, _, out = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if out:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(out), out))
        self.wfile.write(b"0\r\n\r\n")
