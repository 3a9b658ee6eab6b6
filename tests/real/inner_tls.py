# SPDX-License-Identifier: Apache-2.0
#
# What tests of looking into TLS stand on: an authority made by the program itself, origins that speak TLS
# with certificates good and bad, and clients that trust the authority or do not.
"""Authorities, TLS origins and TLS clients."""

import json
import os
import socket
import ssl

import harness
from harness import LOOPBACK, PATIENCE, wait_until
from origins import Server, read_head, say
from websocket import read_until_empty_line


EXPIRED = """[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
[names]
subjectAltName = DNS:origin.test
"""


def make_authority(case):
    """The folder of a certificate and its key, as `weir ca create` makes them."""
    folder = case.path("ca")
    case.run_program(os.environ["WEIR_BINARY"], "ca", "create", "--dir", folder)
    return folder


def tls_settings(case):
    folder = make_authority(case)
    certificate(case, "cert")
    return {"ca_certificate": folder + "/weir-ca.pem", "ca_key": folder + "/weir-ca.key",
            "origin_ca": case.path("cert.pem")}


def certificate(case, name, alternative="DNS:origin.test,DNS:bad.test,IP:127.0.0.1"):
    """A pair of files, NAME.pem and NAME.key, signed by itself."""
    case.run_program("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                     "-keyout", case.path(name + ".key"), "-out", case.path(name + ".pem"), "-subj", "/CN=a server",
                     "-addext", "subjectAltName=" + alternative, "-days", "2")
    return case.path(name + ".pem"), case.path(name + ".key")


def expired_certificate(case, name):
    """The same, good for one day of 2020."""
    pem, key = certificate(case, name)
    config = case.path(name + ".conf", (EXPIRED.format(folder=case.folder)).encode())
    case.path("index.txt", b"")
    case.run_program("openssl", "req", "-new", "-key", key, "-subj", "/CN=a server", "-out", case.path(name + ".csr"))
    case.run_program("openssl", "ca", "-batch", "-selfsign", "-config", config, "-keyfile", key, "-in",
                     case.path(name + ".csr"), "-out", pem, "-notext", "-startdate", "20200101000000Z", "-enddate",
                     "20200102000000Z", "-extensions", "names")
    return pem, key


def tls_server(case, serve, pair=None, most=None, tickets=2):
    """An origin whose `serve` gets the secured socket, after so many tickets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*(pair or (case.path("cert.pem"), case.path("cert.key"))))
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.num_tickets = tickets
    if most:
        context.maximum_version = most

    def secured(sock):
        sock.settimeout(PATIENCE)
        with context.wrap_socket(sock, server_side=True) as inner:
            serve(inner)
    return Server(case, secured)


def echo_requests(sock):
    """An origin that says what it was asked, connection after connection."""
    count = 0
    while True:
        head = read_head(sock).decode("latin-1")
        count += 1
        body = json.dumps({"head": head, "count": count, "token": os.urandom(8).hex()}).encode()
        kept = "Cache-Control: max-age=600\r\n" if "kept" in head.split(" ")[1] else "Cache-Control: no-store\r\n"
        say(sock, "200 OK", body, kept + "Content-Type: text/plain\r\n")


class Case(harness.Case):
    """A forward proxy with an authority. Everybody is in the group that trusts it, unless said otherwise."""

    def setUp(self):
        super().setUp()
        self.need("openssl", "curl")
        self.tls = tls_settings(self)
        self.trusted = self.tls["ca_certificate"]

    def interceptor(self, *rules, origins=(), clients=("127.0.0.0/8",), intercept=True, **settings):
        words = {"tls": self.tls, "access_log": {"format": "json"},
                 "dns": {"hosts": {name + ".test": [LOOPBACK] for name in ("origin", "bad", "odd_name", "other")}},
                 "policy": {"groups": [{"name": "ours", "clients": list(clients), "trusts_ca": True}],
                            "rules": [*rules, *([{"id": "look", "then": {"intercept": True}}] if intercept else [])]}}
        words.update(settings)
        self.weir = self.proxy(words, tunnel_to=[origin.port for origin in origins])
        return self.weir

    def fetch(self, url, *more, ok=True, trust=True):
        """Status and body through the proxy, by curl; 0 without an answer."""
        done = self.curl(self.weir, *(["--cacert", self.trusted] if trust else []), "-w", "\n%{http_code}", *more, url,
                         ok=ok)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body

    def inside(self, port, name="origin.test", connect=None):
        """A TLS connection through the proxy that trusts its authority."""
        sock = socket.create_connection((LOOPBACK, self.weir.port), PATIENCE)
        target = b"%s:%d" % ((connect or name).encode(), port)
        sock.sendall(b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + target + b"\r\n\r\n")
        head = read_until_empty_line(sock)
        assert head.startswith(b"HTTP/1.1 200"), head
        context = ssl.create_default_context(cafile=self.trusted)
        out = context.wrap_socket(sock, server_hostname=name)
        self.addCleanup(out.close)
        return out

    def entries(self):
        return [json.loads(line) for line in self.weir.log().rpartition("\n")[0].splitlines()]

    def entry(self, **wanted):
        """The first record that says all of that, once there is one. A URL may be given by a part of it."""
        def fits(line):
            return all(value in (line[key] or "") if key == "url" else line[key] == value
                       for key, value in wanted.items())
        return wait_until(lambda: "a record of %r among %s" % (wanted, self.entries()),
                          lambda: next((line for line in self.entries() if fits(line)), None))
