# SPDX-License-Identifier: Apache-2.0
#
# Another configuration taken into use while the proxy runs: each kind of setting seen by the next request
# and not by the one under way, reloads that fail and change nothing, listeners that come and go, and a
# hundred reloads under load.
"""Reloads: settings, listeners, failures, and a crowd that must not notice."""

import base64
import collections
import contextlib
import json
import os
import re
import signal
import socket
import threading
import time

from harness import LOOPBACK, PATIENCE, listening_socket, wait_until
from origins import NameServer, PythonHttp, Server, read_head, say
from test_admin import Admin

# What htpasswd makes of the passwords "one" and "two", with the fewest rounds.
PASSWORDS = {"one": b"user:$2y$04$abcdefghijklmnopqrstuuuiMd1XkP3MYkehzxpPHB6m5Tr0FZSYG\n",
             "two": b"user:$2y$04$abcdefghijklmnopqrstuuIHDRnKw4Zdb/3/EAZQMg/2vwJPJBL7u\n"}


def basic(word):
    return "Proxy-Authorization: Basic " + base64.b64encode(b"user:" + word.encode()).decode() + "\r\n"


class Client:
    """One kept-alive connection, on which requests follow each other."""

    def __init__(self, case, port):
        self.sock = socket.create_connection((LOOPBACK, port), PATIENCE)
        case.addCleanup(self.sock.close)

    def send(self, url, fields=""):
        host = url.split("/")[2]
        self.sock.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (url, host, fields)).encode())

    def take(self):
        """Status, head and body of the next answer."""
        head = read_head(self.sock)
        head, _, body = head.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head + b"\r\nContent-Length: 0")[1])
        while len(body) < length:
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError
            body += piece
        return int(head.split()[1]), head.decode(), body

    def get(self, url, fields=""):
        self.send(url, fields)
        return self.take()


class Reloading(Admin):
    def begin(self, settings=None, **more):
        self.held, self.let_go = threading.Event(), threading.Event()
        self.addCleanup(self.let_go.set)
        self.origin = Server(self, self.serve)
        return super().begin(settings, **more)

    def serve(self, sock):
        while True:
            path = read_head(sock).split()[1].decode()
            if path.startswith("/hold"):
                self.held.set()
                self.let_go.wait(PATIENCE)
            kept = "Cache-Control: max-age=600\r\n" if path.startswith("/kept") else ""
            say(sock, "200 OK", b"hello\n", kept)

    def reload(self, proxy, change=None, ok=True):
        """What `weir reload` said of a changed configuration."""
        if change is not None:
            self.change(proxy, change if callable(change) else lambda config: self.put(config, change))
        code, out, errors = self.weir("reload", "--admin", self.where)
        self.assertEqual(code, 0 if ok else 78, errors + proxy.errors())
        return out if ok else errors

    @staticmethod
    def put(config, changes):
        for name, value in changes.items():
            section, _, member = name.partition(".")
            if member:
                config.setdefault(section, {})[member] = value
            else:
                config[name] = value

    def status(self):
        return json.loads(self.ask("/api/v1/status")[2])

    def listening(self):
        return {one["name"]: int(one["at"].rpartition(":")[2]) for one in self.status()["listeners"]}


class Settings(Reloading):
    def test_a_request_under_way_keeps_what_it_began_with(self):
        proxy = self.begin({"http": {"via": "before"}})
        client = Client(self, proxy.port)
        client.send(self.origin.url("/hold"))
        self.assertTrue(self.held.wait(PATIENCE))
        out = self.reload(proxy, {"http.via": "after", "access_log.format": "NEW %{status}", "limits.head": "1KiB",
                                  "limits.request_line": "512B"})
        self.assertIn("changed: http.via, limits.request_line, limits.head, access_log.format", out)
        self.let_go.set()
        head = client.take()[1]
        self.assertIn("before-", head)
        proxy.wait_for_log(r"TCP_MISS/200 .* GET http")
        self.assertIn("after-", client.get(self.origin.url("/x"))[1])
        proxy.wait_for_log(r"(?m)^NEW 200$")
        self.assertEqual(client.get(self.origin.url("/x"), "X: %s\r\n" % ("x" * 2000))[0], 431)

    def test_who_may_use_the_proxy_is_asked_anew(self):
        proxy = self.begin()
        client = Client(self, proxy.port)
        url = self.origin.url("/x")
        self.assertEqual(client.get(url)[0], 200)
        self.reload(proxy, {"clients.allow": ["10.0.0.0/8"]})
        self.assertEqual(client.get(url)[0], 403)
        self.reload(proxy, {"clients.allow": ["loopback"], "clients.max_connections_per_client": 1})
        client = Client(self, proxy.port)
        self.assertEqual(client.get(url)[0], 200, "it is counted now, whichever worker has it")
        self.assertEqual(self.get(proxy, url)[0], 503)
        self.reload(proxy, {"clients.max_connections_per_client": 0})
        self.assertEqual(self.get(proxy, url)[0], 200)

    def test_passwords_come_change_and_go(self):
        proxy = self.begin()
        url, path = self.origin.url("/x"), self.path("users", PASSWORDS["one"])
        client = Client(self, proxy.port)
        self.assertEqual(client.get(url)[0], 200)
        self.reload(proxy, {"auth.htpasswd_file": path})
        client = Client(self, proxy.port)
        self.assertEqual(client.get(url)[0], 407)
        client = Client(self, proxy.port)
        self.assertEqual(client.get(url, basic("one"))[0], 200)
        self.path("users", PASSWORDS["two"])
        self.reload(proxy)
        self.assertEqual(client.get(url, basic("two"))[0], 200)
        self.assertEqual(client.get(url, basic("one"))[0], 407)
        self.reload(proxy, {"auth.htpasswd_file": ""})
        self.assertEqual(self.get(proxy, url)[0], 200)

    def test_names_and_destinations_are_judged_anew(self):
        proxy = self.begin({"dns": {"hosts": {"a.test": [LOOPBACK]}}})
        url = "http://a.test:%d/x" % self.origin.port
        other = "http://b.test:%d/x" % self.origin.port
        self.assertEqual(self.get(proxy, url)[0], 200)
        self.reload(proxy, {"destinations.deny": ["127.0.0.0/8"]})
        self.assertEqual(self.get(proxy, url)[0], 403)
        self.reload(proxy, {"destinations.deny": [], "dns.hosts": {"b.test": [LOOPBACK]}})
        self.assertEqual(self.get(proxy, other)[0], 200)

    def test_a_name_that_is_being_looked_up_is_waited_for(self):
        """The name server of the settings before never answers; the request that asked it is told so by its
        own time limit, not by the reload."""
        silent, no_such_name = NameServer(self, None), NameServer(self, 3)
        proxy = self.begin({"dns": {"servers": [silent.address]}, "timeouts": {"dns": "2s"}})
        client = Client(self, proxy.port)
        client.send("http://somewhere.example/")
        wait_until("the name server is asked", lambda: silent.questions)
        self.reload(proxy, {"dns.servers": [no_such_name.address]})
        self.assertEqual(self.get(proxy, "http://elsewhere.example/")[0], 502)
        self.assertEqual(client.take()[0], 504)

    def test_a_parent_of_the_same_name_may_be_another(self):
        ways = [Server(self, lambda sock, n=n: self.parent(sock, n)) for n in (b"1", b"2")]
        parents = [[{"name": "up", "host": "127.0.0.1:%d" % way.port}] for way in ways]
        proxy = self.begin({"parents": parents[0], "routes": [{"hosts": ["*"], "parents": ["up"]}]})
        client = Client(self, proxy.port)
        self.assertEqual(client.get("http://a.test/")[2], b"1")
        self.reload(proxy, {"parents": parents[1]})
        self.assertEqual(client.get("http://a.test/")[2], b"2")
        self.reload(proxy, {"routes": []})
        self.assertEqual(client.get(self.origin.url("/x"))[2], b"hello\n")

    @staticmethod
    def parent(sock, name):
        while True:
            read_head(sock)
            say(sock, "200 OK", name)

    def test_logs_go_elsewhere(self):
        proxy = self.begin()
        client, second, said = Client(self, proxy.port), self.path("second.log"), self.path("said.log")
        client.get(self.origin.url("/first"))
        proxy.wait_for_log("/first")
        self.reload(proxy, {"access_log.path": second, "log.path": said, "log.level": "debug"})
        client.get(self.origin.url("/second"))
        wait_until("the other file has it", lambda: b"/second" in self.read("second.log"))
        self.assertNotIn("/second", proxy.log())
        wait_until("the operator's log went, too", lambda: b"generation 2" in self.read("said.log"))
        self.reload(proxy, {"access_log.path": "off"})
        client.get(self.origin.url("/nowhere"))
        self.reload(proxy, {"access_log.path": proxy.access_log})
        client.get(self.origin.url("/third"))
        proxy.wait_for_log("/third")
        self.assertNotIn("/nowhere", proxy.log() + self.read("second.log").decode())

    def test_a_smaller_cache_lets_go_and_what_is_kept_stays(self):
        proxy = self.begin({"cache": {"memory": "1MiB"}})
        client, url = Client(self, proxy.port), self.origin.url("/kept")
        client.get(url)
        self.assertIn("hit", client.get(url)[1])
        self.reload(proxy, {"cache.memory": "64MiB"})
        self.assertIn("hit", client.get(url)[1])
        self.reload(proxy, {"cache.memory": "1KiB"})
        self.assertNotIn("hit", client.get(url)[1])

    def test_what_needs_a_restart_is_named_and_stays(self):
        proxy = self.begin({"process": {"workers": 2}})
        out = self.reload(proxy, {"process.workers": 5, "cache.memory": "0B", "limits.fields": 100})
        self.assertEqual(out, "reloaded\nchanged: limits.fields\nnot changed: cache.memory needs a restart\n"
                              "not changed: process.workers needs a restart\n")
        told = self.status()
        self.assertEqual((told["generation"], len(told["workers"])), (2, 2))
        self.assertEqual(told["reload"]["needs_restart"], ["cache.memory", "process.workers"])
        self.assertIn("process.workers has changed; it needs a restart",
                      self.weir("status", "--admin", self.where)[1])
        self.assertIn("process.workers has changed; it needs a restart", proxy.errors())

    def test_sighup_says_what_it_took_into_use(self):
        proxy = self.begin()
        self.change(proxy, lambda config: self.put(config, {"timeouts.client_idle": "7s"}))
        proxy.send(signal.SIGHUP)
        wait_until("it is said", lambda: "generation 2: changed timeouts.client_idle" in proxy.errors())


class Failing(Reloading):
    def test_nothing_changes_and_all_that_is_wrong_is_said_at_once(self):
        proxy = self.begin({"http": {"via": "before"}})
        taken = listening_socket()
        self.addCleanup(taken.close)
        port, users = taken.getsockname()[1], self.path("users", b"user\n")
        before = self.listening()
        errors = self.reload(proxy, {
            "http.via": "after", "listen": ["127.0.0.1:0", {"at": "127.0.0.1:%d" % port, "name": "second"}],
            "auth.htpasswd_file": users, "access_log.path": "/nowhere/access.log", "log.path": "/nowhere/log",
            "policy.lists": [{"name": "mine", "file": self.path("nowhere.txt")}],
            "policy.rules": [{"id": "r", "when": {"list": "mine"}, "then": {"block": True}}]}, ok=False)
        for part in ("auth\\.htpasswd_file: .*users:1: ",
                     "listen\\[1\\]: cannot listen on 127.0.0.1:%d: Address already in use" % port,
                     "access_log\\.path: .*/nowhere/access.log: No such file", "log\\.path: .*/nowhere/log: No such file"):
            self.assertRegex(errors, r"weir\.json:\d+:\d+: " + part)
        self.assertIn("nowhere.txt: it cannot be", errors)
        self.assertIn("nothing was changed", errors)
        self.assertIn("before-", Client(self, proxy.port).get(self.origin.url("/x"))[1])
        self.assertEqual(self.listening(), before)
        told = self.status()
        self.assertEqual((told["generation"], told["reload"]["outcome"]), (1, "failed"))
        taken.close()
        self.path("users", PASSWORDS["one"])
        out = self.reload(proxy, {"access_log.path": proxy.access_log, "log.path": "stderr", "policy": {}})
        self.assertIn("changed: listen, auth.htpasswd_file, http.via", out)
        told = self.status()
        self.assertEqual((told["generation"], told["reload"]["outcome"]), (2, "taken"))
        self.assertIn("auth.htpasswd_file: ", " ".join(told["failed_reload"]["problems"]))
        self.assertIn("before that", self.weir("status", "--admin", self.where)[1])

    def test_a_log_that_was_tried_does_not_stay(self):
        proxy = self.begin()
        new = os.path.join(self.folder, "new.log")
        self.reload(proxy, {"log.path": new, "access_log.path": "/nowhere/access.log"}, ok=False)
        self.assertFalse(os.path.exists(new))
        self.reload(proxy, {"log.path": new, "access_log.path": proxy.access_log})
        self.assertTrue(os.path.exists(new))

    def test_a_mistake_is_told_with_its_file_and_line(self):
        proxy = self.begin()
        errors = self.reload(proxy, {"limits.head": "one", "timeouts.hed": "3s"}, ok=False)
        self.assertRegex(errors, r"weir\.json:\d+:\d+: limits\.head")
        self.assertRegex(errors, r"weir\.json:\d+:\d+: timeouts\.hed.*\"head\"")


class Listening(Reloading):
    def test_listeners_come_and_go_and_connections_stay(self):
        proxy = self.begin()
        url = self.origin.url("/x")
        self.reload(proxy, {"listen": ["127.0.0.1:0", {"at": "127.0.0.1:0", "name": "second"}]})
        ports = self.listening()
        self.assertEqual(ports["forward"], proxy.port, "the first one is the same as before")
        through = Client(self, ports["second"])
        self.assertEqual(through.get(url)[0], 200)
        waiting = Client(self, ports["second"])
        own = "http://127.0.0.1:%d/" % ports["second"]
        self.assertEqual(Client(self, proxy.port).get(own)[0], 403, "it is never dialled")
        self.reload(proxy, {"listen": ["127.0.0.1:0"]})
        self.assertEqual(self.listening(), {"forward": proxy.port})
        wait_until("nobody listens there any more", lambda: self.refused(ports["second"]))
        self.assertEqual(through.get(url)[0], 200)
        self.assertEqual(waiting.get(url)[0], 200)
        self.assertEqual(self.get(proxy, url)[0], 200)

    def test_an_address_is_left_for_another_at_the_same_port(self):
        proxy = self.begin()
        url, client = self.origin.url("/x"), Client(self, proxy.port)
        self.assertEqual(client.get(url)[0], 200)
        for host in ("0.0.0.0", "127.0.0.2", "127.0.0.1"):  # to all, to one, and back without the step between
            self.reload(proxy, {"listen": ["%s:%d" % (host, proxy.port)]})
            self.assertEqual([one["at"] for one in self.status()["listeners"]], ["%s:%d" % (host, proxy.port)])
            self.assertEqual(client.get(url)[0], 200)
        wait_until("the others are closed", lambda: self.refused(proxy.port, "127.0.0.2"))
        self.assertEqual(self.get(proxy, url)[0], 200)
        told = self.reload(proxy, {"listen": ["0.0.0.0:%d" % proxy.port, "127.0.0.1:%d" % proxy.port]}, ok=False)
        self.assertIn("127.0.0.1:%d is already listen[0], 0.0.0.0:%d, which takes the same port" %
                      (proxy.port, proxy.port), told)

    @staticmethod
    def refused(port, host=LOOPBACK):
        try:
            socket.create_connection((host, port), 1).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_a_new_name_keeps_the_socket(self):
        proxy = self.begin()
        url, client = self.origin.url("/x"), Client(self, proxy.port)
        self.assertEqual(client.get(url)[0], 200)
        self.reload(proxy, {"listen": [{"at": "127.0.0.1:0", "name": "lab"}],
                            "policy.groups": [{"name": "lab", "listeners": ["lab"]}],
                            "policy.rules": [{"id": "no", "when": {"group": "lab"}, "then": {"block": True}}]})
        self.assertEqual(self.listening(), {"lab": proxy.port})
        self.assertEqual(self.get(proxy, url)[0], 403)
        self.assertEqual(client.get(url)[0], 200, "it came by the listener of the name before")

    def test_descriptors_are_not_lost(self):
        proxy = self.begin()
        before = proxy.descriptors()
        for _ in range(5):
            self.reload(proxy, {"listen": ["127.0.0.1:0", {"at": "127.0.0.1:0", "name": "second"}]})
            self.reload(proxy, {"listen": ["127.0.0.1:0"]})
        wait_until("all are closed", lambda: proxy.descriptors() <= before + 2)


class Load:
    """Clients of all kinds that count what they get, until told to stop."""

    def __init__(self, case, proxy, origin, echo):
        self.case, self.proxy, self.origin, self.echo = case, proxy, origin, echo
        self.stop = threading.Event()
        self.counts, self.failures = collections.Counter(), []
        self.slowest, self.took = 0.0, []
        self.threads = []

    def start(self, kind, count):
        for _ in range(count):
            self.threads.append(threading.Thread(target=self.run, args=(kind,), daemon=True))
            self.threads[-1].start()

    def run(self, kind):
        try:
            getattr(self, kind)()
        except (OSError, EOFError, AssertionError) as why:
            self.failures.append("%s: %r" % (kind, why))

    def one(self, client, kind):
        began = time.monotonic()
        status, _, body = client.get(self.origin.url("/x"))
        self.took.append(time.monotonic() - began)
        assert (status, body) == (200, b"hello\n"), (status, body)
        self.counts[kind] += 1

    def kept(self):
        client = Client(self.case, self.proxy.port)
        while not self.stop.is_set():
            self.one(client, "kept")

    def idle(self):
        """Rests longer than it asks."""
        client = Client(self.case, self.proxy.port)
        while not self.stop.wait(0.5):
            self.one(client, "idle")

    def fresh(self):
        while not self.stop.is_set():
            client = Client(self.case, self.proxy.port)
            self.one(client, "fresh")
            client.sock.close()

    def tunnel(self):
        sock = socket.create_connection((LOOPBACK, self.proxy.port), PATIENCE)
        with sock:
            sock.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % self.echo.port)
            assert b" 200 " in read_head(sock)
            while not self.stop.wait(0.01):
                sock.sendall(b"x" * 1000)
                got = 0
                while got < 1000:
                    piece = sock.recv(65536)
                    assert piece, "the tunnel ended"
                    got += len(piece)
                self.counts["tunnel"] += 1

    def download(self):
        """Slow, and longer than all reloads."""
        client = Client(self.case, self.proxy.port)
        client.send(self.origin.url("/endless"))
        left = b""
        while not self.stop.wait(0.02):
            piece = client.sock.recv(4096)
            assert piece, "the download ended"
            left += piece
            self.counts["download"] += 1
        client.sock.close()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                self.failures.append("a client hangs")


class UnderLoad(Reloading):
    NAMES = int(os.environ.get("WEIR_RELOAD_NAMES", "1000000"))

    def serve(self, sock):
        while True:
            if b"/endless" not in read_head(sock):
                say(sock, "200 OK", b"hello\n")
                continue
            sock.sendall(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n" % (1 << 40))
            while True:
                sock.sendall(b"y" * 65536)

    @staticmethod
    def echo(sock):
        while True:
            piece = sock.recv(65536)
            if not piece:
                return
            sock.sendall(piece)

    def variant(self, number):
        """Rules, limits and log format in turns; none of them touches what the clients ask for."""
        rules = [{"id": "r%d" % n, "when": {"host": ".h%d-%d.example" % (number % 7, n)}, "then": {"block": True}}
                 for n in range(number % 5)]
        return {"policy": {"rules": rules}, "limits.head": "%dKiB" % (32 + number % 3),
                "limits.fields": 100 + number, "access_log.format": ("squid", "combined", "json")[number % 3],
                "timeouts.client_idle": "%ds" % (60 + number % 2)}

    def test_heavy_a_hundred_reloads_under_load_are_not_noticed(self):
        """One of them with a list of a million names. Memory: what is left of it, once the policy before is
        gone, is within 16 MiB of what it was: the allocator's spare room, and freed pieces between live ones."""
        names = self.path("names.txt")
        with open(names, "w", encoding="ascii") as file:
            file.writelines("n%d.listed-%d.example\n" % (n, n % 977) for n in range(self.NAMES))
        echo = Server(self, self.echo)
        proxy = self.begin({"connect": {"ports": [echo.port]}, "cache": {"memory": "0B"},
                            "process": {"workers": 2}, **{"limits": {"head": "32KiB"}}})
        load = Load(self, proxy, self.origin, echo)
        for kind, count in (("kept", 6), ("fresh", 2), ("idle", 20), ("tunnel", 4), ("download", 2)):
            load.start(kind, count)
        for number in range(6):  # what every configuration needs is there
            self.reload(proxy, self.variant(number))
        wait_until("all kinds of clients are at work", lambda: len(load.counts) == 5)
        enough = sum(load.counts.values()) + 3000
        wait_until("all have their buffers", lambda: sum(load.counts.values()) > enough)
        base, quiet = proxy.own_kib(), sorted(load.took)
        load.took.clear()
        peak, compiling = base, []
        for number in range(100):
            change = self.variant(number)
            if number == 50:
                change["policy"] = {"lists": [{"name": "long", "file": names}], "rules": [
                    {"id": "long", "when": {"list": "long"}, "then": {"block": True}}]}
                load.took.clear()
            self.reload(proxy, change)
            if number == 50:
                compiling = sorted(load.took)
                self.assertEqual(self.get(proxy, "http://n5.listed-5.example/")[0], 403)
                peak = proxy.own_kib()
        self.reload(proxy, self.variant(5))
        self.assertEqual(load.failures, [])
        done = dict(load.counts)
        slack = (16 if not proxy.sanitized() else 1024) * 1024
        wait_until(lambda: "%d KiB go back to %d and not remain %d" % (peak, base, proxy.own_kib()),
                   lambda: proxy.own_kib() <= base + slack)
        after = proxy.own_kib()
        load.end()
        self.assertEqual(load.failures, [])
        self.assertEqual(self.status()["generation"], 108)
        print("\n%s; %d KiB before, %d with the long list, %d after; requests took %s ms while it rested, "
              "%s while the long list was compiled" % (done, base, peak, after, self.spread(quiet),
                                                       self.spread(compiling)))

    @staticmethod
    def spread(took):
        with contextlib.suppress(IndexError):
            return "%.1f (half), %.1f (99 of 100), %.1f (most)" % tuple(
                1000 * took[min(int(len(took) * part), len(took) - 1)] for part in (0.5, 0.99, 1))
        return "nothing"
