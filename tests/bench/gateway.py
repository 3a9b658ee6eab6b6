# SPDX-License-Identifier: Apache-2.0
"""What a transparent gateway costs: TLS passed by its server name through Weir and through HAProxy's `mode tcp`
with splicing, and the time that a connection takes through each beside one that is merely forwarded.

A client, a router and a server in network namespaces of their own. Three addresses of the client go three ways
through the router at the same time: turned aside to Weir, turned aside to HAProxy, and forwarded. So a round asks
all of them one after another over the same links. By REDIRECT or TPROXY, over IPv4 or IPv6: one of the four in a run.
Needs root, `ip`, `iptables`, `nginx`, `openssl` and `curl`.
"""
import json
import os
import socket
import ssl
import statistics
import subprocess
import time

import report
from nginx_text import nginx_text
from process import BenchError, find_program, spawn, stop

ROADS = {"weir": (2, 3129), "haproxy-tcp": (3, 3131), "forwarded": (4, None)}  # the client's addresses and the ports
NAME = "bench.test"
MARK, TABLE = 1, 100  # by which packets that TPROXY takes stay on the router
CONNECTIONS = 300  # of each road, for the latency
ANSWERS = 9  # on each of them
NGINX = """  server {{
    listen 443 ssl;
    listen [::]:443 ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    ssl_session_tickets off;
    root {folder}/root;
    sendfile on;
  }}
"""
HAPROXY = """global
  maxconn 1000
  maxpipes 64
  tune.pipesize 1048576
  nbthread 1
  log stdout format raw local0 info
defaults
  mode tcp
  log global
  option tcplog
  option splice-auto
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend taken
  bind {any}:{port}{how}
  tcp-request inspect-delay 5s
  acl blocked req.ssl_sni -i blocked.test
  tcp-request content reject if blocked
  tcp-request content accept if {{ req.ssl_hello_type 1 }}
  default_backend there
backend there
  server any 0.0.0.0
"""


def run(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **options).stdout


class Router:
    """The namespaces, the server in one of them, the proxies in another."""

    def __init__(self, options, cores, folder, mib):
        self.cores, self.folder, self.build, self.mib = cores, folder, options.build.resolve(), mib
        self.mode, self.six = options.gateway_mode, options.gateway_family == 6
        self.lan, self.wan, self.length = ("fd01::", "fd02::", 64) if self.six else ("10.1.0.", "10.2.0.", 24)
        self.server = self.wan + "2"
        self.names = {role: "weir-bench-%s-%d" % (role, os.getpid()) for role in ("client", "router", "server")}
        self.children = {}

    def ip(self, role, *lines):
        run("ip", "-n", self.names[role], "-batch", "-", input="\n".join(lines) + "\n")

    def inside(self, role, *argv):
        return ["ip", "netns", "exec", self.names[role], *map(str, argv)]

    def build_network(self):
        for name in self.names.values():
            run("ip", "netns", "add", name)
        def own(net, last, device):
            return "addr add %s%d/%d dev %s%s" % (net, last, self.length, device, " nodad" if self.six else "")
        everywhere = "::/0" if self.six else "default"
        self.ip("router", "link set lo up", "link add lan type veth peer name c0 netns " + self.names["client"],
                "link add wan type veth peer name s0 netns " + self.names["server"],
                own(self.lan, 1, "lan"), own(self.wan, 1, "wan"), "link set lan up", "link set wan up")
        self.ip("client", "link set lo up", "link set c0 up", *(own(self.lan, last, "c0") for last, _ in ROADS.values()),
                "route add %s via %s1" % (everywhere, self.lan))
        self.ip("server", "link set lo up", "link set s0 up", own(self.wan, 2, "s0"),
                "route add %s via %s1" % (everywhere, self.wan))
        switch = "net.ipv6.conf.all.forwarding=1" if self.six else "net.ipv4.ip_forward=1"
        run(*self.inside("router", "sysctl", "-q", "-w", switch))
        self.turn_aside()

    def turn_aside(self):
        taken = ["-A PREROUTING -i lan -s %s%d -p tcp --dport 443 -j " % (self.lan, last) +
                 ("REDIRECT --to-ports %d" % port if self.mode == "redirect" else
                  "TPROXY --on-port %d --tproxy-mark %d" % (port, MARK)) for last, port in ROADS.values() if port]
        table = "nat"
        if self.mode == "tproxy":
            table = "mangle"
            taken.insert(0, "-A PREROUTING -p tcp -m socket --transparent -j MARK --set-mark %d" % MARK)
            flag = "-6" if self.six else "-4"
            run(*self.inside("router", "ip", flag, "rule", "add", "fwmark", MARK, "lookup", TABLE))
            run(*self.inside("router", "ip", flag, "route", "add", "local", "::/0" if self.six else "0.0.0.0/0", "dev", "lo",
                             "table", TABLE))
        run(*self.inside("router", "ip6tables-restore" if self.six else "iptables-restore"),
            input="*%s\n%s\nCOMMIT\n" % (table, "\n".join(taken)))

    def start(self, name, role, core, *argv):
        with open(self.folder / (name + ".out"), "wb") as out:
            self.children[name] = spawn(self.inside(role, *argv), core, stdin=subprocess.DEVNULL, stdout=out,
                                        stderr=subprocess.STDOUT)

    def start_all(self):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem", "-days", "1", "-subj", "/CN=" + NAME)
        (self.folder / "root").mkdir()
        (self.folder / "root" / "small").write_bytes(b"x" * 1024)
        with open(self.folder / "root" / "big", "wb") as big:
            for _ in range(self.mib):
                big.write(os.urandom(1 << 20))
        (self.folder / "gw-nginx.conf").write_text(nginx_text(self.folder, NGINX.format(folder=self.folder)))
        everywhere = "[::]" if self.six else "0.0.0.0"
        (self.folder / "gw-haproxy.cfg").write_text(HAPROXY.format(
            any=everywhere, port=ROADS["haproxy-tcp"][1], how=" transparent" if self.mode == "tproxy" else ""))
        (self.folder / "gw-weir.json").write_text(json.dumps({
            "listen": [{"at": "%s:%d" % (everywhere, ROADS["weir"][1]), "name": "taken", "mode": self.mode}],
            "dns": {"hosts": {NAME: [self.server]}}, "process": {"workers": 1}, "admin": {"listen": "off"},
            "access_log": {"path": str(self.folder / "gw-weir.log")},
            "policy": {"rules": [{"id": "no", "when": {"host": "blocked.test"}, "then": {"block": {}}}]}}))
        first, last = self.cores[0], self.cores[-1]
        self.start("nginx", "server", first, find_program("nginx"), "-e", "stderr", "-p", self.folder, "-c",
                   self.folder / "gw-nginx.conf")
        self.start("weir", "router", last, self.build / "weir", "run", "-c", self.folder / "gw-weir.json")
        lost = self.six and self.mode == "redirect"  # HAProxy 2.6 does not find out where these were going
        if find_program("haproxy") and not lost:
            self.start("haproxy-tcp", "router", last, find_program("haproxy"), "-db", "-f",
                       self.folder / "gw-haproxy.cfg")
        for name in self.roads():
            self.wait_until_it_answers(name)

    def roads(self):
        return [name for name in ROADS if name in self.children or name == "forwarded"]

    def address(self, name):
        return "%s%d" % (self.lan, ROADS[name][0])

    def wait_until_it_answers(self, name):
        until = time.monotonic() + 10
        while self.fetch(name, "small", check=False) != 1024:
            if time.monotonic() > until:
                raise BenchError("gateway: nothing comes by the road " + name)
            time.sleep(0.05)

    def fetch(self, name, what, check=True):
        """A GET over TLS by curl; the bytes that came."""
        done = subprocess.run(self.inside(
            "client", "taskset", "-c", self.cores[0], "curl", "-sk", "-o", os.devnull, "-w", "%{size_download}",
            "--interface", self.address(name), "--resolve", NAME + ":443:" + ("[%s]" if self.six else "%s") % self.server,
            "--max-time", "120",
            "https://%s/%s" % (NAME, what)), capture_output=True, text=True)
        if check and done.returncode:
            raise BenchError("gateway: curl by the road %s: %s" % (name, done.stderr.strip()))
        return int(done.stdout or 0) if done.returncode == 0 else 0

    def cpu(self, name):
        """CPU seconds of a child so far, all threads, by the kernel's own clock."""
        return time.clock_gettime((~self.children[name].pid << 3) | 2)

    def close(self):
        for child in self.children.values():
            stop(child)
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def ask(tls):
    """One small answer."""
    tls.sendall(b"GET /small HTTP/1.1\r\nHost: bench.test\r\n\r\n")
    got = b""
    while len(got) < 1024 or len(got) < 1024 + got.index(b"\r\n\r\n") + 4:
        piece = tls.recv(65536)
        if not piece:
            raise BenchError("gateway: an answer was cut")
        got += piece


def connect_once(server, address, context):
    """Milliseconds for connecting, the handshake and one answer; and for an answer once it is open, the median."""
    began = time.perf_counter()
    with socket.create_connection((server, 443), 20, (address, 0)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(sock, server_hostname=NAME) as tls:
            ask(tls)
            times = [time.perf_counter()]
            first = times[0] - began
            for _ in range(ANSWERS):
                ask(tls)
                times.append(time.perf_counter())
            return 1000 * first, 1000 * statistics.median(b - a for a, b in zip(times, times[1:]))


def latencies(router, roads, rounds):
    """In a child of its own, in the client's namespace: connections by each road in turn."""
    words = json.dumps([router.server, [[name, router.address(name)] for name in roads]])
    paths = dict(os.environ, PYTHONPATH=os.pathsep.join(os.sys.path[:2]))  # as for ourselves
    said = run(*router.inside("client", "taskset", "-c", router.cores[0], os.sys.executable, __file__, words, rounds),
               env=paths)
    return json.loads(said)


def child(server, roads, rounds):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    out = {what: {name: [] for name, _ in roads} for what in ("connect", "answer")}
    for number in range(rounds + 20):
        for name, address in roads:
            connect, answer = connect_once(server, address, context)
            if number >= 20:
                out["connect"][name].append(connect)
                out["answer"][name].append(answer)
    return out


def tables(how, costs, times):
    lines = ["### A transparent gateway: " + how, "",
             report.table(["TLS passed by SNI", "CPU ms per GiB", "beside Weir in the same round"], [
                 [name, report.cell(seen), "" if name == "weir" else "%.2f" % statistics.median(
                     other / own for other, own in zip(seen, costs["weir"]))] for name, seen in costs.items()]), ""]
    for what, title in (("connect", "connect, TLS handshake, one answer"), ("answer", "one answer when it is open")):
        base = statistics.median(times[what]["forwarded"])
        lines.append(report.table([title, "median ms", "more than forwarded, ms"], [
            [name, "%.3f" % statistics.median(seen), "" if name == "forwarded" else "%+.3f" %
             (statistics.median(seen) - base)] for name, seen in times[what].items()]) + "\n")
    return "\n".join(lines)


def measure_gateway(bench_run):
    """The section of the report; a sentence where it cannot be measured here."""
    missing = [name for name in ("ip", "iptables", "nginx", "openssl", "curl") if not find_program(name)]
    if os.geteuid() != 0 or missing:
        return "gateway: left out: " + ("needs root" if not missing else "no " + " ".join(missing)) + "\n"
    quick = bench_run.options.quick
    mib = 64 if quick else 1024
    router = Router(bench_run.options, bench_run.cores, bench_run.folder, mib)
    how = "%s, IPv%d" % (router.mode, 6 if router.six else 4)
    costs = {}
    try:
        router.build_network()
        router.start_all()
        for number in range(1 + bench_run.options.rounds):
            for name in router.roads():
                if name == "forwarded":
                    continue
                before = router.cpu(name)
                if router.fetch(name, "big") != mib << 20:
                    raise BenchError("gateway: a transfer by %s was cut" % name)
                cost = 1000 * (router.cpu(name) - before) * 1024 / mib
                if number > 0:  # the first warms up
                    costs.setdefault(name, []).append(cost)
                    bench_run.say("gateway round %d %s: %.0f ms of CPU per GiB" % (number, name, cost))
        times = latencies(router, router.roads(), 30 if quick else CONNECTIONS)
    finally:
        router.close()
    for name, seen in costs.items():
        for cost in seen:
            bench_run.note("gateway", "TLS by SNI through a gateway, %s (CPU ms per GiB)" % how, name, cost)
    bench_run.results.setdefault("gateway", {})["latency_ms"] = times
    return tables(how, costs, times)


if __name__ == "__main__":
    print(json.dumps(child(*json.loads(os.sys.argv[1]), int(os.sys.argv[2]))))
