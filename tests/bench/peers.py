# SPDX-License-Identifier: Apache-2.0
"""The programs that are compared: how each is configured, started, counted and stopped.

All listen on 127.0.0.1 on ports the kernel chose, write an access log, use one worker and are pinned
to one core. A peer that is missing says why in `missing` and is left out of the run.
"""
import json
import os
import socket
import subprocess
import time
from pathlib import Path

from nginx_text import nginx_text
from process import BenchError, find_program, free_port, spawn, stop, tree

START_SECONDS = 10


class Peer:
    """One program. Subclasses say how it is configured and what it cannot do."""

    name = ""
    program = ""
    cannot = ()  # scenarios it has no honest way to play
    logs = True  # "stdout": to its standard output
    keeps = True  # client connections, between exchanges
    start_seconds = START_SECONDS

    def __init__(self, tools, folder, origin_port, cpu):
        self.tools = tools
        self.folder = Path(folder) / self.name
        self.origin = origin_port
        self.cpu = cpu
        self.child = None
        self.port = self.tunnel_port = 0
        self.path = self.find()
        self.missing = "" if self.path else f"{self.program} is not installed"

    def find(self):
        return find_program(self.program)

    def log(self):
        return self.folder / "access.log"

    def port_for(self, tunnel):
        return self.tunnel_port if tunnel else self.port

    def command(self):
        raise NotImplementedError

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def launch(self, env=None):
        """Starts it; returns the moment just before."""
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)  # squid gives up its rights before it opens its log
        self.port = free_port()
        self.tunnel_port = self.port
        argv = self.command()
        began = time.monotonic()
        with open(self.folder / "output", "ab") as output:
            out = open(self.log(), "ab") if self.logs == "stdout" else output
            self.child = spawn(argv, self.cpu, stdin=subprocess.DEVNULL, stdout=out, stderr=output,
                               env=os.environ | (env or {}), cwd=self.folder)
            if out is not output:
                out.close()
        return began

    def first_answer(self, began):
        """Waits for the first right answer; milliseconds since `began`."""
        request = (f"GET http://127.0.0.1:{self.origin}/1k HTTP/1.1\r\n"
                   f"Host: 127.0.0.1:{self.origin}\r\n\r\n").encode()
        while time.monotonic() - began < self.start_seconds:
            if self.child.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                    s.sendall(request)
                    answer = b""
                    while len(answer) < 1024 and (piece := s.recv(4096)):
                        answer += piece
            except OSError:
                time.sleep(0.0005)
                continue
            elapsed = (time.monotonic() - began) * 1000
            if answer[9:12] == b"200":
                return elapsed
            self.fail(f"its first answer is wrong: {answer[:80]!r}")
        return self.fail("it did not start")

    def start(self, env=None):
        return self.first_answer(self.launch(env))

    def pids(self):
        return tree(self.child.pid)

    def pss(self):
        """Proportional memory of all its processes, in KiB."""
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total

    def check_log(self):
        """The access log must have grown; then it is emptied, as it grows by megabytes a second."""
        until = time.monotonic() + 3
        while self.logs and not (self.log().exists() and self.log().stat().st_size > 0):
            if time.monotonic() > until:
                self.fail("it writes no access log")
            time.sleep(0.05)
        if self.log().exists():
            os.truncate(self.log(), 0)

    def stop(self):
        stop(self.child)
        self.child = None

    def fail(self, why):
        tail = ""
        for name in ("output", "cache.log", "error.log"):
            path = self.folder / name
            if path.exists():
                tail += path.read_text(errors="replace")[-600:]
        raise BenchError(f"{self.name}: {why}\n{tail}")


class Weir(Peer):
    name = "weir"
    program = "weir"

    def find(self):
        path = self.tools.build / "weir"
        return str(path) if path.is_file() else None

    def __init__(self, *arguments):
        super().__init__(*arguments)
        if self.missing:
            self.missing = f"no program at {self.tools.build}/weir: build the release preset first"

    def command(self):
        config = {
            "listen": [f"127.0.0.1:{self.port}"],
            "admin": {"listen": "off"},
            "access_log": {"path": str(self.log()), "format": "squid"},
            "process": {"workers": 1},
            "connect": {"ports": [self.origin]},
            "origin": {"max_per_destination": 0, "max_idle_per_destination": 128},
        }
        return [self.path, "run", "--config", self.write("weir.json", json.dumps(config, indent=2))]


class Relay(Peer):
    name = "relay"
    program = "bench_relay"
    logs = False
    cannot = ("hit", "hit100k")

    def find(self):
        return str(self.tools.relay)

    def command(self):
        self.tunnel_port = free_port()
        return [self.path, str(self.origin), str(self.port), str(self.tunnel_port)]


class Nginx(Peer):
    name = "nginx"
    program = "nginx"
    cannot = ("connect", "tunnel", "idle-tunnel")

    def command(self):
        errors, access = f"{self.folder}/error.log crit", f"{self.log()} combined"
        config = self.write("nginx.conf", nginx_text(self.folder, f"""
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  proxy_cache_path {self.folder}/cache keys_zone=kept:16m max_size=1g;
  sendfile on;
  tcp_nopush on;
  upstream origin {{
    server 127.0.0.1:{self.origin};
    keepalive 128;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache kept;
      proxy_request_buffering off;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 128k;
    }}
  }}
""", connections=19000, descriptors=20000, errors=errors, access=access))
        return [self.path, "-e", f"{self.folder}/error.log", "-p", str(self.folder), "-c", config]


class Haproxy(Peer):
    """mode http throughout: CONNECT is parsed, logged and passed on to the origin, which takes it."""

    name = "haproxy"
    program = "haproxy"
    logs = "stdout"
    mode = "http"

    def command(self):
        http = "option httplog\n  http-reuse always" if self.mode == "http" else "option tcplog"
        config = self.write("haproxy.cfg", f"""
global
  maxconn 9000
  maxpipes 256
  tune.pipesize 1048576
  nbthread 1
  log stdout format raw local0 info
defaults
  mode {self.mode}
  log global
  {http}
  option splice-request
  option splice-response
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  timeout tunnel 600s
  timeout http-keep-alive 600s
cache kept
  total-max-size 64
  max-object-size 1000000
frontend clients
  bind 127.0.0.1:{self.port} backlog 4096
  default_backend origin
  {"http-request cache-use kept" if self.mode == "http" else ""}
  {"http-response cache-store kept" if self.mode == "http" else ""}
backend origin
  server one 127.0.0.1:{self.origin}
""")
        return [self.path, "-db", "-f", config]


class HaproxyTcp(Haproxy):
    """mode tcp with splicing: what HAProxy does when it need not understand the bytes."""

    name = "haproxy-tcp"
    mode = "tcp"
    cannot = ("get", "newconn", "post", "bulk", "chunked", "hit", "hit100k", "idle", "start")


class Squid(Peer):
    name = "squid"
    program = "squid"

    def command(self):
        config = self.write("squid.conf", f"""
http_port 127.0.0.1:{self.port}
workers 1
acl everyone src all
http_access allow everyone
access_log stdio:{self.log()} squid
cache_log {self.folder}/cache.log
cache_store_log none
cache_mem 128 MB
maximum_object_size_in_memory 8 MB
pid_filename none
coredump_dir {self.folder}
max_filedescriptors 20000
client_idle_pconn_timeout 10 minutes
pinger_enable off
netdb_filename none
shutdown_lifetime 0 seconds
""")
        return [self.path, "-N", "-f", config]


class Tinyproxy(Peer):
    """Closes the client connection after each exchange: "kept-alive" GETs reconnect."""

    name = "tinyproxy"
    program = "tinyproxy"
    keeps = False
    cannot = ("idle", "hit", "hit100k")

    def command(self):
        config = self.write("tinyproxy.conf", f"""
Port {self.port}
Listen 127.0.0.1
Timeout 600
MaxClients 9000
Allow 127.0.0.0/8
ConnectPort {self.origin}
LogFile "{self.log()}"
LogLevel Connect
""")
        return [self.path, "-d", "-c", config]


ALL = [Weir, Relay, Nginx, Haproxy, HaproxyTcp, Squid, Tinyproxy]
