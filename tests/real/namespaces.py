# SPDX-License-Identifier: Apache-2.0
#
# A client, a router and a server, each in a network namespace of its own, for what only a kernel can show.
# The namespaces have no names and live as long as this process holds them: nothing is left behind,
# whatever happens. Two source addresses of the client are turned aside in two ways, so that one proxy
# serves REDIRECT and TPROXY, IPv4 and IPv6 at the same time.
"""Network namespaces and the rules of a router."""

import contextlib
import ctypes
import json
import os
import re
import socket
import subprocess
import sys

import harness
from harness import PATIENCE, wait_until
from origins import NameServer, Server, make_certificate, nginx_in, read_head, say

CLONE_NEWNET = 0x40000000
REDIRECT_PORT, TPROXY_PORT = 3129, 3130
LIBC = ctypes.CDLL(None, use_errno=True)
OWN = ("client", "router", "server")


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Road:
    """One way through the router: a mode and a family."""

    def __init__(self, mode, family):
        self.mode, self.family = mode, family
        self.name = "%s-%s" % (mode, family)
        six, last = family == "v6", 2 if mode == "redirect" else 3
        self.client = "fd01::%d" % last if six else "10.1.0.%d" % last
        self.bystander = "fd01::4" if six else "10.1.0.4"
        self.router = "fd01::1" if six else "10.1.0.1"
        self.net = "fd02::" if six else "10.2.0."
        self.port = REDIRECT_PORT if mode == "redirect" else TPROXY_PORT

    def address(self, last):
        return "%s%d" % (self.net, last)

    def url(self, last, path="/", port=None, scheme="http"):
        host = "[%s]" % self.address(last) if self.family == "v6" else self.address(last)
        return "%s://%s%s%s" % (scheme, host, ":%d" % port if port else "", path)


ROADS = [Road(mode, family) for mode in ("redirect", "tproxy") for family in ("v4", "v6")]


class Namespaces:
    """`inside(name)` puts this thread, the sockets it makes and the programs it starts into one of them."""

    def __init__(self, case):
        if os.geteuid() != 0:
            case.skipTest("network namespaces need root")
        case.need("ip", "iptables", "ip6tables")
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.files = {"home": self.home}
        case.addCleanup(self.close)
        for name in OWN:
            try:
                check(LIBC.unshare(CLONE_NEWNET))
            except OSError as error:
                case.skipTest("no network namespace can be made here: %s" % error.strerror)
            self.files[name] = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        check(LIBC.setns(self.home, CLONE_NEWNET))
        self.wire()
        try:
            self.turn_aside()
        except subprocess.CalledProcessError as error:
            case.skipTest("the kernel lacks REDIRECT or TPROXY: %s" % error.stderr.decode().strip())

    def close(self):
        for file in self.files.values():
            os.close(file)

    @contextlib.contextmanager
    def inside(self, name):
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        check(LIBC.setns(self.files[name], CLONE_NEWNET))
        try:
            yield
        finally:
            check(LIBC.setns(before, CLONE_NEWNET))
            os.close(before)

    def run(self, name, *command, text=None):
        with self.inside(name):
            subprocess.run(command, input=text and text.encode(), check=True, capture_output=True,
                           pass_fds=list(self.files.values()))

    def ip(self, name, *lines):
        self.run(name, "ip", "-batch", "-", text="\n".join(lines) + "\n")

    def wire(self):
        def place(name):
            return "/proc/self/fd/%d" % self.files[name]
        for name in OWN:
            with self.inside(name), open("/proc/sys/net/ipv6/conf/default/accept_dad", "w", encoding="ascii") as file:
                file.write("0")
        self.ip("router", "link set lo up",
                "link add lan type veth peer name c0 netns " + place("client"),
                "link add wan type veth peer name s0 netns " + place("server"),
                "addr add 10.1.0.1/24 dev lan", "addr add fd01::1/64 dev lan", "link set lan up",
                "addr add 10.2.0.1/24 dev wan", "addr add fd02::1/64 dev wan", "link set wan up")
        self.ip("client", "link set lo up", "link set c0 up",
                *["addr add 10.1.0.%d/24 dev c0" % last for last in (2, 3, 4)],
                *["addr add fd01::%d/64 dev c0" % last for last in (2, 3, 4)],
                "route add default via 10.1.0.1", "route add ::/0 via fd01::1")
        self.ip("server", "link set lo up", "link set s0 up",
                *["addr add 10.2.0.%d/24 dev s0" % last for last in range(2, 7)],
                *["addr add fd02::%d/64 dev s0" % last for last in range(2, 7)],
                "route add default via 10.2.0.1", "route add ::/0 via fd02::1")
        with self.inside("router"):
            for what in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                with open("/proc/sys/net/" + what, "w", encoding="ascii") as file:
                    file.write("1")

    def turn_aside(self):
        """The rules: what comes from one address by REDIRECT, from the other by TPROXY, .4 not at all."""
        self.ip("router", "rule add fwmark 1 lookup 100", "route add local default dev lo table 100")
        self.run("router", "ip", "-6", "rule", "add", "fwmark", "1", "lookup", "100")
        self.run("router", "ip", "-6", "route", "add", "local", "::/0", "dev", "lo", "table", "100")
        ports = "-p tcp -m multiport --dports 80,443,3128:3130,3180,3200,8000:8100"
        for tables, family in (("iptables", "v4"), ("ip6tables", "v6")):
            redirect, tproxy = Road("redirect", family), Road("tproxy", family)
            text = """*nat
-A PREROUTING -i lan -s {redirect} {ports} -j REDIRECT --to-ports {redirect_port}
COMMIT
*mangle
-A PREROUTING -p tcp -m socket --transparent -j MARK --set-mark 1
-A PREROUTING -i lan -s {tproxy} {ports} -j TPROXY --on-port {tproxy_port} --tproxy-mark 1
COMMIT
""".format(redirect=redirect.client, tproxy=tproxy.client, ports=ports, redirect_port=REDIRECT_PORT,
           tproxy_port=TPROXY_PORT)
            self.run("router", tables + "-restore", text=text)

    def connect(self, road, last, port=80, source=None):
        """A socket of the client's towards one of the server's addresses (or a text address)."""
        to = last if isinstance(last, str) else road.address(last)
        with self.inside("client"):
            return socket.create_connection((to, port), PATIENCE, (source or road.client, 0))

    def listen(self, port, name="server"):
        """Hears both families, as a server does."""
        with self.inside(name):
            sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("::", port))
        sock.listen(256)
        return sock


def plain_address(text):
    """An IPv4 address as a dual-stack socket tells it."""
    return text[7:] if text.startswith("::ffff:") else text



HOSTS = {"good.test": (2,), "cdn.test": (2, 4), "bad.test": (3,), "other.test": (9,), "mixed.test": (3, 4)}
WORDS = {
    "listen": ["127.0.0.1:0"],
    "access_log": {"format": "json"},
    "transparent": {"quiet_wait": "200ms"},
    "policy": {"rules": [{"id": "no-bad", "when": {"host": "bad.test"}, "then": {"block": {}}}]},
}
NGINX = """
    root {folder}/root;
    client_max_body_size 0;
    location = /who {{ return 200 "$remote_addr $host"; }}
    location = /digest {{ proxy_pass http://127.0.0.1:8001; proxy_request_buffering off; }}"""


def serve_web(sock):
    """Says what it was asked, where, and by whom; below /kept for keeps, with a count that tells a second
    answer from the first."""
    count = 0
    while True:
        head = read_head(sock).decode("latin-1")
        target = head.split(" ", 2)[1]
        host = re.search(r"(?im)^host: *(.*?)\r?$", head)
        count += 1
        body = json.dumps({"target": target, "host": host and host[1], "count": count,
                           "at": plain_address(sock.getsockname()[0]), "by": plain_address(sock.getpeername()[0]),
                           "token": os.urandom(8).hex()})
        say(sock, "200 OK", body.encode(), "Cache-Control: %s\r\n" % (
            "max-age=600" if "kept" in target else "no-store"))


class Case(harness.Case):
    """A test on a router; what it needs is made when it asks for it."""

    def setUp(self):
        super().setUp()
        self.net = Namespaces(self)

    def gateway(self, silent_dns=False, hosts=None, **settings):
        """The proxy on the router, on the transparent ports of all roads, and as a forward proxy for the
        router itself."""
        self.web = self.origin(80, serve_web)
        with self.net.inside("router"):
            names = NameServer(self, None if silent_dns else 3)
            known = {name: ["%s%d" % (net, last) for net in ("10.2.0.", "fd02::") for last in lasts]
                     for name, lasts in (HOSTS if hosts is None else hosts).items()}
            words = json.loads(json.dumps(WORDS))
            words["dns"] = {"hosts": known, "servers": [names.address], "hosts_file": False}
            words["listen"] += [
                {"at": "%s:%d" % (any_address, port), "name": mode + any_address, "mode": mode}
                for any_address in ("0.0.0.0", "[::]")
                for mode, port in (("redirect", REDIRECT_PORT), ("tproxy", TPROXY_PORT))]
            words["listen"] += [{"at": at, "name": at} for at in settings.pop("listen", [])]
            for section, over in settings.items():
                if isinstance(over, list):
                    words[section] = over
                    continue
                words[section] = dict(words.get(section, {}), **over)
            self.weir = self.proxy(words)
        return self.weir

    def origin(self, port, serve):
        return Server(self, serve, listener=self.net.listen(port))

    def nginx(self):
        """nginx with TLS on 443 and without on 8000; cert.pem is its certificate."""
        self.need("nginx")
        make_certificate(self)
        os.makedirs(self.path("root"), exist_ok=True)
        config = nginx_in(self, 8000, NGINX.format(folder=self.folder))
        with self.net.inside("server"):
            program = harness.Program(self, "nginx", ["nginx", "-e", "stderr", "-p", self.folder, "-c", config])
            wait_until(lambda: "nginx listens; it said:\n" + program.errors(), self.nginx_listens)
        return program

    def nginx_listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("10.2.0.2", 443), 1).close()
            return True
        return False

    def roads(self):
        """Each road in turn; a scene that fails says on which."""
        for road in ROADS:
            try:
                yield road
            except GeneratorExit:
                print("on the road", road.name, file=sys.stderr)
                raise

    def fetch(self, road, url, *more, host=None, ok=True):
        """Status and body of a GET by curl, as the client of that road."""
        named = ["-H", "Host: " + host] if host else []
        with self.net.inside("client"):
            done = self.run_program("curl", "-sS", "-g", "--max-time", "60", "--noproxy", "*", "--interface",
                                    road.client, "-w", "\n%{http_code}", *named, *more, url, ok=ok)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body

    def web_answer(self, road, last, path, host=None, *more):
        status, body = self.fetch(road, road.url(last, path), *more, host=host)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def secure(self, road, last, name, path, *more, ok=True):
        """The same over TLS, with the name in the greeting and the server's certificate checked."""
        at = road.address(last)
        to = "%s:443:%s" % (name, "[%s]" % at if road.family == "v6" else at)
        return self.fetch(road, "https://%s%s" % (name, path), "--cacert", self.path("cert.pem"), "--resolve", to,
                          *more, ok=ok)

    def entries(self, road=None):
        whole = self.weir.log().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if road is None or line["client"] == road.client]

    def entry(self, road, part, count=1):
        """The last of the records of that road whose URL has `part`, once there are so many."""
        def found():
            return [line for line in self.entries(road) if part in (line["url"] or "")]
        wait_until(lambda: "%d records of %r: %s" % (count, part, self.entries(road)), lambda: len(found()) >= count)
        return found()[-1]
