# SPDX-License-Identifier: Apache-2.0
#
# The admin interface as operators meet it: curl, the commands that ask a running proxy, Prometheus' own
# checker of metrics, browsers' tricks, and a worker that stands still.
"""Metrics, health, status and reloads of a running proxy."""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading

from harness import Case, LOOPBACK, PATIENCE, listening_socket, wait_until
from origins import PythonHttp

USAGE, UNAVAILABLE, CONFIG = 64, 69, 78  # sysexits.h
RULES = [{"id": "games", "when": {"host": ".games.example"}, "then": {"block": True}}]


class Admin(Case):
    """One proxy with an admin interface on a port that the system chose."""

    def begin(self, settings=None, listen="127.0.0.1:0", **more):
        proxy = self.proxy({"admin": {"listen": listen, **more}, **(settings or {})})
        found = wait_until(lambda: "the admin interface is announced; said was:\n" + proxy.errors(),
                           lambda: re.search(r"admin interface at (\S+)\n", proxy.errors()))
        self.where = found[1].removeprefix("http://")
        return proxy

    def ask(self, path, *arguments, **more):
        """Status, head and body by curl."""
        address = self.where
        url = "http://%s%s" % (address, path)
        if address.startswith("unix:"):
            arguments = ("--unix-socket", address[5:], *arguments)
            url = "http://localhost" + path
        out = self.run_program("curl", "-sSi", "--max-time", "60", "--noproxy", "*", *arguments, url,
                               **more).stdout.decode()
        head, _, body = out.partition("\r\n\r\n")
        return int(head.split()[1]), head, body

    def weir(self, *arguments):
        done = subprocess.run([os.environ["WEIR_BINARY"], *arguments], capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, env={**os.environ, "TZ": "UTC"}, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def change(self, proxy, change):
        """Writes the configuration anew."""
        with open(proxy.config, encoding="utf-8") as file:
            config = json.load(file)
        change(config)
        with open(proxy.config, "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)


class Interface(Admin):
    def test_it_answers_curl(self):
        self.begin()
        status, head, body = self.ask("/healthz")
        self.assertEqual((status, body), (200, "ok\n"))
        self.assertIn("Content-Type: text/plain", head)
        self.assertEqual(self.ask("/readyz")[0], 200)
        self.assertEqual(self.ask("/nothing")[0], 404)
        self.assertEqual(self.ask("/metrics", "-X", "POST")[0], 405)
        self.assertEqual(self.ask("/metrics", "-I")[2], "")
        self.assertIn("POST /api/v1/reload", self.ask("/")[2])

    def test_status_tells_of_the_proxy(self):
        proxy = self.begin({"policy": {"rules": RULES}})
        origin = PythonHttp(self)
        self.assertEqual(self.get(proxy, origin.url("/x"))[0], 200)

        def counted():
            told = json.loads(self.ask("/api/v1/status")[2])
            exchanges = told["metrics"]["weir_exchanges_total"]
            return told if exchanges == {"forward": {"default": {"2xx": {"miss": 1}}}} else None
        told = wait_until("the request is counted", counted)
        self.assertEqual(told["pid"], proxy.pid)
        self.assertEqual(told["listeners"], [{"name": "forward", "at": "127.0.0.1:%d" % proxy.port}])
        self.assertEqual({worker["state"] for worker in told["workers"]}, {"alive"})
        self.assertEqual((told["policy"]["rules"], told["reload"]), (1, None))

    def test_one_connection_serves_many_requests(self):
        self.begin()
        urls = ["http://%s%s" % (self.where, path) for path in ("/healthz", "/metrics", "/api/v1/status")]
        done = self.run_program("curl", "-sS", "--noproxy", "*", "-o", os.devnull, "-o", os.devnull, "-o", os.devnull,
                                "-w", "%{num_connects}", *urls)
        self.assertEqual(done.stdout, b"100")

    def test_prometheus_finds_nothing_to_complain_of(self):
        self.need("promtool")
        proxy = self.begin({"policy": {"rules": RULES}})
        origin = PythonHttp(self)
        self.get(proxy, origin.url("/x"))
        self.get(proxy, "http://a.games.example/")
        text = self.ask("/metrics")[2]
        with open(self.path("metrics", text.encode()), "rb") as metrics:
            done = self.run_program("promtool", "check", "metrics", stdin=metrics, ok=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_a_socket_in_the_file_system_serves_too(self):
        path = self.path("admin.sock")
        proxy = self.begin(listen="unix:" + path)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
        self.assertEqual(self.ask("/healthz")[2], "ok\n")
        for command in ("health", "status", "reload"):
            self.assertEqual(self.weir(command, "--config", proxy.config)[0], 0)
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(), 0)
        self.assertFalse(os.path.exists(path), "it is removed at the end")

    def test_a_socket_left_behind_is_replaced_and_one_in_use_is_not(self):
        path = self.path("admin.sock")
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(path)
        first = self.begin(listen="unix:" + path)
        code, _, errors = self.weir("run", "--config", first.config)
        self.assertEqual(code, UNAVAILABLE)
        self.assertIn("admin.listen", errors)
        self.assertEqual(self.ask("/healthz")[2], "ok\n")
        text = self.path("text", b"precious")
        self.change(first, lambda config: config["admin"].update(listen="unix:" + text))
        self.assertEqual(self.weir("run", "--config", first.config)[0], UNAVAILABLE)
        self.assertEqual(self.read("text"), b"precious")

    def test_a_port_in_use_stops_the_start(self):
        taken = listening_socket()
        self.addCleanup(taken.close)
        config = self.path("weir.json", json.dumps({
            "listen": ["127.0.0.1:0"], "admin": {"listen": "%s:%d" % taken.getsockname()}}).encode())
        code, _, errors = self.weir("run", "--config", config)
        self.assertEqual(code, UNAVAILABLE)
        self.assertIn("admin.listen", errors)

    def test_it_is_off_where_that_is_said(self):
        proxy = self.proxy({"admin": {"listen": "off"}})
        self.assertNotIn("admin interface", proxy.errors())
        code, _, errors = self.weir("health", "--config", proxy.config)
        self.assertEqual(code, 1)
        self.assertIn("off", errors)


class Metrics(Admin):
    """What is counted, as Prometheus reads it."""

    def series(self):
        """All series by their text."""
        lines = self.ask("/metrics")[2].splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def await_series(self, *expected):
        """Until these are there and not 0."""
        return wait_until("there is " + ", ".join(expected),
                          lambda: (lambda all: all if all.keys() >= set(expected) and all.get(expected[-1]) else None)
                          (self.series()))

    def test_requests_are_counted_by_listener_decision_status_and_cache(self):
        proxy = self.begin({"listen": [{"at": "127.0.0.1:0", "name": "lan \"a\""}], "policy": {"rules": RULES}})
        origin = PythonHttp(self)
        self.get(proxy, origin.url("/x"))
        self.get(proxy, "http://a.games.example/")
        with proxy.connect() as sock:
            sock.sendall(b"nonsense\r\n\r\n")
            sock.recv(4096)
        labels = 'weir_exchanges_total{listener="lan \\"a\\"",decision="%s",status="%s",cache="%s"}'
        wanted = [labels % words for words in (("default", "2xx", "miss"), ("block", "4xx", "none"),
                                               ("none", "4xx", "none"))]
        found = self.await_series(*wanted)
        self.assertEqual([found[name] for name in wanted], [1, 1, 1])
        self.assertEqual(sum(1 for name in found if name.startswith("weir_exchanges_total{")), 3)

    def test_steps_tunnels_and_what_is_held_are_told(self):
        origin = PythonHttp(self)
        proxy = self.begin({"connect": {"ports": [origin.port]}})
        self.get(proxy, origin.url("/x"))
        with proxy.connect() as sock:
            sock.sendall(b"CONNECT localhost:%d HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % (origin.port, origin.port))
            sock.recv(4096)
            self.assertEqual(self.await_series('weir_tunnels_active{kind="connect"}')
                             ['weir_tunnels_total{kind="connect"}'], 1)
        found = self.await_series("weir_cache_limit_bytes{tier=\"memory\"}", "weir_dns_lookups_total{outcome=\"cached\"}")
        for step in ("connect", "first_byte", "body"):
            self.assertGreaterEqual(found['weir_step_duration_seconds_count{step="%s"}' % step], 1, step)
        self.assertGreaterEqual(found['weir_workers{state="alive"}'], 1)
        self.assertEqual(found["weir_config_last_reload_successful"], 1)
        wait_until("the tunnel is over", lambda: self.series()['weir_tunnels_active{kind="connect"}'] == 0)

    def test_a_refused_configuration_and_lists_are_told(self):
        self.path("ads.txt", b"||ads.example^\n||more.example^\n")
        proxy = self.begin({"policy": {"lists": [{"name": "ads", "file": self.path("ads.txt")}],
                                       "rules": [{"id": "a", "when": {"list": "ads"}, "then": {"block": True}}]}})
        found = self.series()
        self.assertEqual(found['weir_list_rules{list="ads"}'], 2)
        self.assertGreater(found['weir_list_changed_timestamp_seconds{list="ads"}'], 1.6e9)
        self.assertEqual(found['weir_step_duration_seconds_count{step="compile"}'], 1)
        self.change(proxy, lambda config: config["policy"].update(rules=[{"id": "b", "then": {"blok": True}}]))
        self.assertEqual(self.weir("reload", "--admin", self.where)[0], CONFIG)
        found = self.series()
        self.assertEqual(found["weir_config_last_reload_successful"], 0)
        self.assertEqual(found['weir_step_duration_seconds_count{step="reload"}'], 1)

    def test_every_metric_is_in_the_reference(self):
        self.begin()
        code, reference, _ = self.weir("check-config", "--metrics")
        self.assertEqual(code, 0)
        names = re.findall(r"^# TYPE (\S+) (\S+)$", self.ask("/metrics")[2], re.M)
        self.assertGreater(len(names), 60)
        for name, kind in names:
            self.assertRegex(reference, r"(?m)^\| `%s` \| %s \| .* \| .+ \|$" % (name, kind))

    def test_the_shipped_rules_are_about_metrics_that_there_are(self):
        self.need("promtool")
        folder = os.path.join(os.path.dirname(__file__), "..", "..", "docker", "prometheus")
        rules = os.path.join(folder, "weir-rules.yml")
        self.run_program("promtool", "check", "rules", rules)
        self.run_program("promtool", "test", "rules", os.path.join(folder, "weir-rules-test.yml"), seconds=300)
        self.begin()
        names = set(re.findall(r"^# TYPE (\S+)", self.ask("/metrics")[2], re.M))
        with open(rules, encoding="utf-8") as file:
            used = set(re.findall(r"\b(?:weir|process)_[a-z_]+\b", re.sub(r"(?m)^ *#.*|'.*'", "", file.read())))
        self.assertGreater(len(used), 10)
        for name in used:
            self.assertIn(re.sub("_bucket$", "", name), names)


class Strangers(Admin):
    def test_a_foreign_host_is_misdirected(self):
        """DNS rebinding: a site that gives its own name our address learns nothing."""
        self.begin(hosts=["weir.test"])
        for host in ("evil.example", "evil.example:80", "localhost.evil.example"):
            status, _, body = self.ask("/api/v1/status", "-H", "Host: " + host)
            self.assertEqual((status, "version" in body), (421, False), host)
        for host in ("localhost", "weir.test", "127.0.0.1:80", "[::1]"):
            self.assertEqual(self.ask("/healthz", "-H", "Host: " + host)[0], 200, host)

    def test_pages_of_others_cannot_reload(self):
        proxy = self.begin()
        own = "http://" + self.where
        refused = [("-H", "Origin: http://evil.example"), ("-H", "Origin: null"),
                   ("-H", "Sec-Fetch-Site: cross-site")]
        for arguments in refused:
            self.assertEqual(self.ask("/api/v1/reload", "-X", "POST", *arguments)[0], 403, arguments)
        self.assertEqual(self.ask("/api/v1/reload", "-d", "a=b")[0], 415)
        self.assertNotIn("read anew", proxy.errors())
        self.assertIsNone(json.loads(self.ask("/api/v1/status")[2])["reload"])
        for arguments in [("-H", "Origin: " + own), ("-H", "Content-Type: application/json", "-d", "{}")]:
            self.assertEqual(self.ask("/api/v1/reload", "-X", "POST", *arguments)[0], 200, arguments)

    def test_it_is_not_reached_through_the_proxy(self):
        """Under no name of this machine, neither by GET nor by CONNECT, whatever destinations are allowed."""
        proxy = self.begin({"destinations": {"allow": ["127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128"]},
                            "connect": {"ports": list(range(1, 65536))}})  # which it gets is not known yet
        port = int(self.where.rpartition(":")[2])
        self.assertEqual(self.ask("/healthz")[0], 200)
        names = ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.0.0.2", "[::ffff:127.0.0.1]", "origin.test",
                 "[::]", "LOCALHOST", "localhost.", "a.localhost", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]")
        for name in names:
            url = "http://%s:%d/api/v1/status" % (name, port)
            done = self.curl(proxy, "-w", "%{http_code}", "-o", os.devnull, url)
            self.assertEqual(done.stdout, b"403", url)
            done = self.curl(proxy, "-p", "-w", "%{http_connect}", "-o", os.devnull, url, ok=False)
            self.assertEqual(done.stdout, b"403", "CONNECT " + url)

    def test_no_spelling_of_its_ipv4_address_reaches_it_through_the_proxy(self):
        """What curl would not send: the absolute form under another Host, odd numbers, addresses inside addresses."""
        self.refuse_spellings("127.0.0.1:0")

    def test_no_spelling_of_its_ipv6_address_reaches_it_through_the_proxy(self):
        self.refuse_spellings("[::1]:0")

    def refuse_spellings(self, listen):
        proxy = self.begin({"destinations": {"allow": ["0.0.0.0/0", "::/0"]},
                            "connect": {"ports": list(range(1, 65536))}}, listen=listen)
        port = int(self.where.rpartition(":")[2])
        for host in ("127.0.0.1", "[::1]", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.",
                     "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[::1%25lo]", "[::]", "0"):
            at = "%s:%d" % (host, port)
            for request in ("GET http://%s/api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n" % at,
                            "GET http://%s/api/v1/status HTTP/1.1\r\nHost: a.test\r\n\r\n" % at,
                            "GET /api/v1/status HTTP/1.1\r\nHost: %s\r\n\r\n" % at,
                            "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (at, at)):
                with proxy.connect() as sock:
                    sock.settimeout(PATIENCE)
                    sock.sendall(request.encode())
                    sock.shutdown(socket.SHUT_WR)
                    got = b"".join(iter(lambda s=sock: s.recv(65536), b""))
                self.assertRegex(got, rb"\AHTTP/1.1 [45]\d\d ", request)
                self.assertNotIn(b'"pid"', got, request)

    def test_requests_without_end_are_refused(self):
        self.begin()
        large = self.path("large", b" " * (64 * 1024 + 1))
        typed = ("-H", "Content-Type: application/json", "-H", "Expect:")
        self.assertEqual(self.ask("/api/v1/reload", *typed, "--data-binary", "@" + large)[0], 413)
        self.assertEqual(self.ask("/api/v1/reload", *typed, "-H", "Transfer-Encoding: chunked", "--data-binary",
                                  "@" + large)[0], 413)
        self.assertEqual(self.ask("/" + "a" * 9000)[0], 414)
        self.assertEqual(self.ask("/", "-H", "X: " + "a" * 20000)[0], 431)
        host, port = self.where.split(":")
        for junk in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\n\n", b"GET / HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"):
            with socket.create_connection((host, int(port)), PATIENCE) as sock:
                sock.sendall(junk)
                sock.shutdown(socket.SHUT_WR)
                got = b"".join(iter(lambda s=sock: s.recv(65536), b""))
            self.assertRegex(got, rb"\AHTTP/1.1 [45]\d\d |\A\Z", junk)
        self.assertEqual(self.ask("/healthz")[0], 200)

    def test_clients_that_hang_do_not_keep_others_out_for_ever(self):
        """More idle connections than it holds: those beyond are closed, and when others go it serves again."""
        self.begin()
        host, port = self.where.split(":")
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(socket.create_connection((host, int(port)), PATIENCE)) for _ in range(80)]
            for sock in socks:
                sock.settimeout(0.2)
            closed = 0
            for sock in socks:
                with contextlib.suppress(socket.timeout):
                    closed += sock.recv(1) == b""
            self.assertGreaterEqual(closed, 16)
        wait_until("it serves again", lambda: self.ask("/healthz", ok=False)[0] == 200)


class Commands(Admin):
    def test_health_and_status_find_the_proxy(self):
        proxy = self.begin({"policy": {"rules": RULES}})
        self.assertEqual(self.weir("health", "--admin", self.where), (0, "ok\n", ""))
        code, out, errors = self.weir("status", "--admin", self.where)
        self.assertEqual((code, errors), (0, ""))
        for words in ("process %d" % proxy.pid, "127.0.0.1:%d" % proxy.port, "1 rule, since", "alive"):
            self.assertIn(words, out)
        code, out, _ = self.weir("status", "--json", "--admin", "http://" + self.where)
        self.assertEqual((code, json.loads(out)["pid"]), (0, proxy.pid))

    def test_nobody_there_is_said(self):
        listener = listening_socket()
        address = "%s:%d" % listener.getsockname()
        listener.close()
        for command, expected in (("health", 1), ("status", UNAVAILABLE), ("reload", UNAVAILABLE)):
            code, out, errors = self.weir(command, "--admin", address)
            self.assertEqual((code, out), (expected, ""))
            self.assertIn(address, errors)
            self.assertEqual(errors.count("\n"), 1)

    def test_what_answers_something_else_is_no_health(self):
        listener = listening_socket()
        self.addCleanup(listener.close)
        answers = [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", b""]

        def serve():
            for answer in answers:
                sock, _ = listener.accept()
                with sock:
                    sock.recv(65536)
                    sock.sendall(answer)
        threading.Thread(target=serve, daemon=True).start()
        for _ in answers:
            self.assertEqual(self.weir("health", "--admin", "%s:%d" % listener.getsockname())[0], 1)

    def test_reload_takes_new_rules_into_use(self):
        proxy = self.begin()
        self.change(proxy, lambda config: config.update(policy={"rules": RULES}))
        self.assertEqual(self.weir("reload", "--admin", self.where), (0, "reloaded\nchanged: policy.rules\n", ""))
        self.assertEqual(self.get(proxy, "http://a.games.example/")[0], 403)
        self.assertIn("last reload    taken", self.weir("status", "--admin", self.where)[1])

    def test_a_faulty_configuration_changes_nothing_and_is_told(self):
        proxy = self.begin({"policy": {"rules": RULES}})
        self.change(proxy, lambda config: config["policy"]["rules"][0].update(then={"blok": True}))
        code, out, errors = self.weir("reload", "--admin", self.where)
        self.assertEqual((code, out), (CONFIG, ""))
        self.assertRegex(errors, r"weir\.json:\d+:\d+: policy\.rules\[0\]\.then\.blok: .*\"block\"")
        self.assertEqual(self.get(proxy, "http://a.games.example/")[0], 403)
        told = json.loads(self.ask("/api/v1/status")[2])["reload"]
        self.assertEqual(told["outcome"], "failed")
        self.assertRegex(told["problems"][0], r"weir\.json:\d+")
        self.assertRegex(self.ask("/metrics")[2], r'\nweir_policy_reloads_total\{outcome="failed"\} 1\n')

    def test_a_faulty_configuration_still_says_where_the_proxy_is(self):
        """So that `systemctl reload` with a mistake is a reload that failed, which WeirReloadFailed tells of."""
        proxy = self.begin(listen="unix:" + self.path("admin.sock"))
        with open(proxy.config, encoding="utf-8") as file:
            good = file.read()
        for change in (lambda text: text.replace("{", '{"limits": {"head": "one"},', 1),  # a setting
                       lambda text: text.replace(",", "", 1),  # no JSON
                       lambda text: text.replace("{", '{"policy": {"files": ["nowhere.json"]},', 1)):
            self.path("weir.json", change(good).encode())
            where = ("--config", proxy.config)
            code, out, errors = self.weir("reload", *where)
            self.assertEqual((code, out), (CONFIG, ""), errors)
            self.assertRegex(errors, r"weir: \S+weir\.json has a fault \(.*; asking the proxy at unix:")
            self.assertIn("nothing was changed", errors)
            self.assertIn("\nweir_config_last_reload_successful 0\n", self.ask("/metrics")[2])
            code, out, errors = self.weir("health", *where)
            self.assertEqual((code, out, errors.count("\n")), (0, "ok\n", 1))
            code, out, errors = self.weir("status", *where)
            self.assertEqual((code, errors.count("\n")), (0, 1))
            self.assertIn("last reload    failed", out)
            self.path("weir.json", good.encode())
            self.assertEqual(self.weir("reload", *where), (0, "reloaded\n", ""))
            self.assertIn("\nweir_config_last_reload_successful 1\n", self.ask("/metrics")[2])

    def test_what_does_not_say_where_the_proxy_is_is_told(self):
        nowhere = self.path("nowhere.json", b'{"admin": {"listen": "somewhere"}}')
        for config in (nowhere, self.path("missing.json")):
            for command, expected in (("health", 1), ("status", CONFIG), ("reload", CONFIG), ("cache stats", CONFIG)):
                code, out, errors = self.weir(*command.split(), "--config", config)
                self.assertEqual((code, out, errors.count("\n")), (expected, "", 1), errors)
                self.assertRegex(errors, r"json.*: .*--admin")
        self.assertEqual(self.weir("status", "--admin", "somewhere")[0], USAGE)

    def test_many_reloads_at_once_all_learn_their_outcome(self):
        self.begin({"policy": {"rules": RULES}})
        codes = []
        threads = [threading.Thread(target=lambda: codes.append(self.weir("reload", "--admin", self.where)[0]))
                   for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(codes, [0] * 12)


class Life(Admin):
    def starting(self, *options):
        """A proxy whose start is held up by a list that is required and whose server does not answer."""
        silent = listening_socket()
        self.addCleanup(silent.close)
        url = "https://%s:%d/list.txt" % silent.getsockname()
        config = self.path("starting.json", json.dumps({
            "listen": ["127.0.0.1:0"], "admin": {"listen": "unix:" + self.path("starting.sock")},
            "log": {"path": self.path("starting.log")}, "access_log": {"path": "off"},
            "lists": {"directory": self.path("kept")}, "process": {"pid_file": self.path("starting.pid")},
            "policy": {"lists": [{"name": "late", "url": url, "required": True, "timeout": "60s"}],
                       "rules": [{"id": "a", "when": {"list": "late"}, "then": {"block": True}}]}}).encode())
        program = subprocess.Popen([os.environ["WEIR_BINARY"], "run", "--config", config, *options])
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        self.where = "unix:" + self.path("starting.sock")
        silent.settimeout(PATIENCE)
        asked, _ = silent.accept()
        self.addCleanup(asked.close)
        return program, config

    def test_while_it_starts_it_may_be_stopped(self):
        """At once, with exit code 0, a line in the log, and nothing left behind."""
        for options in ((), ("--supervise",)):
            for number in (signal.SIGTERM, signal.SIGINT):
                program, _ = self.starting(*options)
                self.assertTrue(os.path.exists(self.path("starting.pid")))
                program.send_signal(number)
                self.assertEqual(program.wait(PATIENCE), 0, options)
                self.assertIn(b"stopped before it was ready", self.read("starting.log"))
                for name in ("starting.pid", "starting.sock"):
                    self.assertFalse(os.path.exists(self.path(name)), name)
                os.remove(self.path("starting.log"))

    def test_while_it_starts_it_is_alive_and_not_ready(self):
        _, config = self.starting()
        self.assertEqual(self.ask("/healthz")[::2], (200, "starting\n"))
        self.assertEqual(self.ask("/readyz")[::2], (503, "starting\n"))
        self.assertEqual(self.ask("/metrics")[0], 503)
        self.assertEqual(self.weir("health", "--config", config)[:2], (0, "starting\n"))
        self.assertEqual(self.weir("health", "--ready", "--config", config)[0], 1)

    def test_readiness_ends_and_health_goes_on_while_stopping(self):
        proxy = self.begin()
        with proxy.connect() as sock:
            sock.sendall(b"GET http://a.test/ HTTP/1.1\r\n")  # a request under way
            wait_until("it is there", lambda: json.loads(self.ask("/api/v1/status")[2])["connections"] == 1)
            proxy.send(signal.SIGTERM)
            wait_until("it is no longer ready", lambda: self.ask("/readyz")[0] == 503)
            self.assertEqual(self.ask("/healthz")[0], 200)
            self.assertEqual(self.weir("health", "--admin", self.where)[0], 0)
            self.assertEqual(self.weir("health", "--ready", "--admin", self.where)[:2], (1, ""))
            self.assertEqual(json.loads(self.ask("/api/v1/status")[2])["state"], "stopping")
        self.assertEqual(proxy.wait(), 0)

    def test_a_worker_that_stands_still_is_told_and_no_health(self):
        """One thread is stopped by the debugger's call; the others go on."""
        proxy = self.begin({"process": {"workers": 2}})
        wait_until("the loops turn",
                   lambda: not re.search(r"loop_lag_seconds_count [01]\n", self.ask("/metrics")[2]))
        libc = ctypes.CDLL(None, use_errno=True)
        seize, interrupt, detach = 0x4206, 0x4207, 17
        tasks = [int(name) for name in os.listdir("/proc/%d/task" % proxy.pid)]
        thread = next(task for task in tasks if self.is_worker(proxy, task))
        nothing = ctypes.c_void_p(0)
        if libc.ptrace(seize, thread, nothing, nothing) != 0:
            self.skipTest("this system lets nobody stop a thread")
        libc.ptrace(interrupt, thread, nothing, nothing)
        wait_until("health is bad", lambda: self.ask("/healthz")[0] == 503)
        self.assertRegex(self.ask("/healthz")[2], r"\Aworker [01] has not shown itself alive for \d+ s\n\Z")
        self.assertEqual(self.weir("health", "--admin", self.where)[0], 1)
        wait_until("it is told", lambda: "has not shown itself alive" in proxy.errors())
        wait_until("it is told to the end", lambda: "does not even tell where it is" in proxy.errors())
        os.waitpid(thread, 0x40000000)  # __WALL
        libc.ptrace(detach, thread, nothing, nothing)
        wait_until("health is good", lambda: self.ask("/healthz")[0] == 200)
        wait_until("that is told", lambda: "turns again" in proxy.errors())
        self.assertEqual(proxy.errors().count("has not shown itself alive"), 1)
        self.assertIn("weir_loop_stalls_total 1\n", self.ask("/metrics")[2])

    def is_worker(self, proxy, task):
        with open("/proc/%d/task/%d/comm" % (proxy.pid, task), encoding="utf-8") as file:
            return file.read().startswith("worker")
