# SPDX-License-Identifier: Apache-2.0
#
# The program as an operator meets it: signals under load, log files that are moved away, an analyser that
# reads the log, and every way a command line or a configuration can be wrong.
"""Start, stop, logs and words of the program."""

import concurrent.futures
import json
import os
import pwd
import re
import signal
import socket
import threading
import time

from crowd import loopback_request
from harness import Case, LOOPBACK, Program, listening_socket, wait_until
from origins import Nginx, Server, read_head, say
from proxies import write_weir_config

USAGE, DATA, NO_INPUT, UNAVAILABLE, CONFIG = 64, 65, 66, 69, 78  # sysexits.h

# Squid's native log as goaccess spells it (its own word SQUID expects a syslog prefix).
SQUID_NATIVE = "%x.%^ %~%L %h %^/%s %b %m %U"


class Stop(Case):
    def slow_origin(self):
        """An origin that sends half an answer and the rest when it is let go."""
        self.let_go = threading.Event()

        def serve(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"a" * 100_000)
            self.let_go.wait(30)
            sock.sendall(b"b" * 100_000)
            sock.recv(1)
        return Server(self, serve)

    def begin(self, proxy, origin, count):
        """Exchanges that are under way: the first half of each answer has been read."""
        socks = []
        for _ in range(count):
            sock = proxy.connect()
            self.addCleanup(sock.close)
            sock.sendall(loopback_request(origin.port, "/"))
            socks.append(sock)
        for sock in socks:
            got = b""
            while got.count(b"a") < 1000:
                got += sock.recv(65536)
        return socks

    def refuses(self, proxy):
        try:
            with socket.create_connection((LOOPBACK, proxy.port), 1) as sock:
                sock.settimeout(1)
                sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return sock.recv(1) == b""
        except OSError:
            return True

    def test_sigterm_under_load_finishes_what_runs(self):
        origin, proxy = self.slow_origin(), self.proxy()
        socks = self.begin(proxy, origin, 20)
        proxy.send(signal.SIGTERM)
        wait_until("new clients are no longer served", lambda: self.refuses(proxy))
        self.assertTrue(proxy.alive(), "it waits for what runs")
        self.let_go.set()
        for sock in socks:
            rest = b"".join(iter(lambda s=sock: s.recv(1 << 20), b""))
            self.assertEqual(rest.count(b"b"), 100_000)
        self.assertEqual(proxy.wait(), 0)
        self.assertEqual(proxy.log().count(" GET http://"), 20)

    def test_a_worker_that_ends_before_the_others_does_not_end_badly(self):
        """Its heart must not beat on: the others may need a second and more."""
        origin = self.slow_origin()
        proxy = self.proxy({"process": {"workers": 4}})
        (sock,) = self.begin(proxy, origin, 1)
        proxy.send(signal.SIGTERM)
        self.let_go.wait(1.5)  # longer than between two beats
        self.let_go.set()
        rest = b"".join(iter(lambda: sock.recv(1 << 20), b""))
        self.assertEqual(rest.count(b"b"), 100_000)
        self.assertEqual(proxy.wait(), 0)

    def test_sigterm_with_only_idle_connections_ends_at_once(self):
        origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy()
        idle = [proxy.connect() for _ in range(50)]
        for sock in idle:
            self.addCleanup(sock.close)
            sock.sendall(loopback_request(origin.port))
            sock.recv(4096)
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(5), 0)

    def test_a_second_sigterm_ends_it_at_once(self):
        origin, proxy = self.slow_origin(), self.proxy()
        self.begin(proxy, origin, 5)
        proxy.send(signal.SIGTERM)
        wait_until("the first signal was heard", lambda: self.refuses(proxy))
        self.assertTrue(proxy.alive())
        began = time.monotonic()
        proxy.send(signal.SIGTERM)
        proxy.wait(5)
        self.assertLess(time.monotonic() - began, 3)
        self.let_go.set()

    def test_the_grace_of_a_stop_is_bounded(self):
        origin = self.slow_origin()
        proxy = self.proxy({"timeouts": {"shutdown": "1s"}})
        self.begin(proxy, origin, 5)
        proxy.send(signal.SIGTERM)
        proxy.wait(8)
        self.let_go.set()


class Logs(Case):
    def test_sigusr1_under_load_moves_to_a_new_file_and_loses_no_line(self):
        origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy, each, clients = self.proxy(), 200, 4
        old = proxy.access_log + ".1"

        def client(number):
            for n in range(each):
                self.assertEqual(self.get(proxy, origin.url("/small.txt?%d-%d-" % (number, n)))[0], 200)
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            jobs = [pool.submit(client, number) for number in range(clients)]
            wait_until("a few lines", lambda: proxy.log().count("\n") > 5)
            os.rename(proxy.access_log, old)
            proxy.send(signal.SIGUSR1)
            for job in jobs:
                job.result()
        self.assertEqual(self.get(proxy, origin.url("/small.txt?last"))[0], 200)
        proxy.wait_for_log(r"\?last ")
        with open(old, encoding="utf-8") as file:
            lines = file.read() + proxy.log()
        for number in range(clients):
            for n in range(each):
                self.assertEqual(lines.count("?%d-%d- " % (number, n)), 1)

    def test_signals_that_come_while_it_starts_are_heeded_then(self):
        """A list that is required keeps the start waiting; meanwhile the log is moved and said to be."""
        asked, let_go = threading.Event(), threading.Event()
        self.addCleanup(let_go.set)

        def serve(sock):
            read_head(sock)
            asked.set()
            let_go.wait(30)
            say(sock, "200 OK", b"ads.test\n")
        url = Server(self, serve).url("/list")
        config = write_weir_config(self.folder, self.path("access.log"), {
            "lists": {"directory": self.path("kept")},
            "policy": {"lists": [{"name": "late", "url": url, "required": True, "timeout": "60s"}],
                       "rules": [{"id": "no", "when": {"list": "late"}, "then": {"block": {}}}]}}, ())
        weir = Program(self, "weir", [os.environ["WEIR_BINARY"], "run", "--config", config])
        self.assertTrue(asked.wait(30))
        os.rename(self.path("access.log"), self.path("access.log.1"))
        for number in (signal.SIGUSR1, signal.SIGHUP):
            weir.send(number)
        let_go.set()
        wait_until(lambda: "a new log; it said:\n" + weir.errors(), lambda: os.path.exists(self.path("access.log")))
        self.assertTrue(weir.alive())

    def run_as_nobody(self, log, settings=None, **process):
        """The program, which root starts and which becomes nobody, with its own log in that file."""
        if os.geteuid() != 0:
            self.skipTest("only root becomes another user")
        os.chmod(self.folder, 0o777)
        config = write_weir_config(self.folder, self.path("access.log"),
                                   {"process": {"user": "nobody", **process}, "log": {"path": log},
                                    **(settings or {})}, ())
        return Program(self, "weir", [os.environ["WEIR_BINARY"], "run", "--config", config])

    def test_logs_belong_to_the_user_that_it_becomes(self):
        log = self.path("weir.log")
        weir = self.run_as_nobody(log)

        def listens():
            return os.path.exists(log) and b"listening on" in self.read("weir.log")
        wait_until(lambda: "it listens; it said:\n" + weir.errors(), listens)
        nobody = pwd.getpwnam("nobody").pw_uid
        self.assertEqual([os.stat(self.path(name)).st_uid for name in ("weir.log", "access.log")], [nobody] * 2)
        os.rename(log, log + ".1")
        weir.send(signal.SIGUSR1)
        wait_until("a new log", lambda: os.path.exists(log) and b"opened again" in self.read("weir.log"))

    def test_what_a_reload_may_not_read_is_told_at_the_start(self):
        """Files that root reads for it at the start, and nobody later."""
        users = self.path("users", b"user:$2y$04$abcdefghijklmnopqrstuuuiMd1XkP3MYkehzxpPHB6m5Tr0FZSYG\n")
        os.chmod(users, 0o600)
        weir = self.run_as_nobody("stderr", settings={"auth": {"htpasswd_file": users}})
        wait_until(lambda: "it listens; it said:\n" + weir.errors(), lambda: "listening on" in weir.errors())
        self.assertEqual(weir.errors().count("every reload will be refused"), 1)
        self.assertRegex(weir.errors(), r"warning: \S+/users can be read no more \(Permission denied\), so every reload")

    def test_a_link_is_not_followed_with_the_rights_of_root(self):
        theirs, link = self.path("theirs", b"of root\n"), self.path("link")
        os.chmod(theirs, 0o600)
        os.symlink(theirs, link)
        for log, process, words in ((link, {}, "cannot open the log"), ("stderr", {"pid_file": link}, "process.pid_file")):
            with self.subTest(words):
                weir = self.run_as_nobody(log, **process)
                self.assertEqual(weir.wait(), 73)
                self.assertIn(words, weir.errors())
                self.assertEqual(self.read("theirs"), b"of root\n")

    def test_a_pid_file_that_it_may_no_longer_remove_is_emptied(self):
        """It stands in a folder of root's, and stays root's."""
        pid_file = self.path("roots/weir.pid", b"")
        weir = self.run_as_nobody("stderr", pid_file=pid_file)
        wait_until(lambda: "it listens; it said:\n" + weir.errors(), lambda: "listening on" in weir.errors())
        self.assertEqual((int(self.read("roots/weir.pid")), os.stat(pid_file).st_uid), (weir.pid, 0))
        weir.send(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)
        self.assertEqual(self.read("roots/weir.pid"), b"")
        weir = self.run_as_nobody("stderr", pid_file=self.path("weir.pid"))  # here it may
        wait_until(lambda: "it listens; it said:\n" + weir.errors(), lambda: "listening on" in weir.errors())
        weir.send(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)
        self.assertFalse(os.path.exists(self.path("weir.pid")))

    def test_goaccess_reads_the_squid_format(self):
        self.need("goaccess")
        origin = Nginx(self)
        self.path("root/small.txt", b"hello\n")
        proxy = self.proxy()
        self.curl(proxy, "-o", os.devnull, origin.url("/small.txt?[1-30]"))
        self.curl(proxy, "-o", os.devnull, origin.url("/missing"))
        proxy.wait_for_log(r"/missing ")
        report = self.path("report.json")
        self.run_program("goaccess", proxy.access_log, "--log-format=" + SQUID_NATIVE, "--datetime-format=%s",
                         "--date-format=%s", "--time-format=%s", "--no-global-config", "--no-progress",
                         "-o", report)
        general = json.loads(self.read("report.json"))["general"]
        self.assertEqual((general["valid_requests"], general["failed_requests"]), (31, 0))


class Words(Case):
    def weir(self, *arguments):
        binary = os.environ.get("WEIR_BINARY", "")
        if os.environ.get("WEIR_STAND_IN") or not binary:
            self.skipTest("this is about weir's own words")
        return self.run_program(binary, *arguments, ok=False, seconds=20)

    def check(self, config):
        text = config if isinstance(config, bytes) else json.dumps(config, indent=1).encode()
        return self.weir("check-config", "--config", self.path("weir.json", text))

    def test_files_that_cannot_be_used_are_told_all_at_once(self):
        """Each with the place where the configuration names it."""
        users = self.path("users", b"user\n")
        page = self.path("page.html", b"%{nonsense}")
        block = {"block": {"page": "nowhere.html"}}
        done = self.check({
            "auth": {"htpasswd_file": self.path("none")}, "admin": {"listen": "0.0.0.0:3180"},
            "tls": {"ca_certificate": self.path("ca.pem"), "ca_key": self.path("ca.key"), "origin_ca": users},
            "policy": {"lists": [{"name": "mine", "file": "nowhere.txt"}],
                       "rules": [{"id": "one", "when": {"list": "mine"}, "then": block},
                                 {"id": "two", "then": {"block": {"page": page}}}]}})
        self.assertEqual((done.returncode, done.stdout), (CONFIG, b""))
        errors = done.stderr.decode()
        for words in (r"weir\.json:\d+:\d+: auth\.htpasswd_file: \S+/none: cannot be read: No such file or directory; ",
                      r"weir\.json:\d+:\d+: tls\.ca_certificate: .*ca\.pem", r"weir\.json:\d+:\d+: tls\.origin_ca: .*users",
                      r"nowhere\.txt", r'weir\.json:\d+: rule "one": cannot read the page \S+/nowhere\.html: No such file',
                      r'weir\.json:\d+: rule "two": \S+/page\.html: ',
                      r"weir\.json:\d+:\d+: admin\.listen: warning: 0\.0\.0\.0:3180 can be reached from other machines"):
            self.assertRegex(errors, words)
        done = self.check({"auth": {"htpasswd_file": users}})
        self.assertRegex(done.stderr, rb"weir\.json:\d+:\d+: auth\.htpasswd_file: \S+/users:1: ")

    def test_what_goes_wrong_at_the_start_is_told_with_its_place(self):
        """File, line, column and name of the setting, as for what is wrong with the configuration itself."""
        taken = listening_socket()
        self.addCleanup(taken.close)
        port, users = taken.getsockname()[1], self.path("users", b"user\n")
        free = '"listen": ["127.0.0.1:0"]'
        for config, code, words in (
                ('"listen": [\n"127.0.0.1:0",\n {"at": "127.0.0.1:%d"}]' % port, 69,
                 r"weir\.json:4:2: listen\[1\]: cannot listen on 127\.0\.0\.1:%d: Address already in use; " % port),
                (free + ',\n"admin": {"listen": "127.0.0.1:%d"}' % port, 69,
                 r"weir\.json:3:21: admin\.listen: cannot listen on 127\.0\.0\.1:%d: " % port),
                (free + ',\n"log": {\n"path": "/nowhere/log"}', 73,
                 r"weir\.json:4:9: log\.path: cannot open the log /nowhere/log: No such file"),
                (free + ',\n"access_log": {"path": "/nowhere/access"}', 73,
                 r"weir\.json:3:24: access_log\.path: cannot open the access log /nowhere/access: No such file"),
                (free + ',\n"process": {"pid_file": "/nowhere/pid"}', 73,
                 r"weir\.json:3:25: process\.pid_file: cannot write /nowhere/pid: No such file"),
                (free + ',\n"auth": {"htpasswd_file": "%s"}' % users, CONFIG,
                 r"weir\.json:3:27: auth\.htpasswd_file: \S+/users:1: expected user:hash"),
                (free + ',\n"process": {"user": "no-such-user"}', 77,
                 r'weir\.json:3:21: process\.user: there is no user "no-such-user"')):
            if '"admin"' not in config:
                config += ',\n"admin": {"listen": "off"}'
            path = self.path("weir.json", b"{\n" + config.encode() + b"}")
            done = self.weir("run", "--config", path)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertRegex(done.stderr.decode(), "weir: " + re.escape(os.path.dirname(path)) + "/" + words)

    def test_an_admin_interface_that_others_reach_is_warned_of(self):
        for listen, warned in (("0.0.0.0:3180", 1), (":3180", 1), ("[::]:3180", 1), ("192.168.1.1:3180", 1),
                               ("127.0.0.1:3181", 0), ("[::1]:3180", 0), ("unix:/run/weir.sock", 0), ("off", 0)):
            done = self.check({"admin": {"listen": listen}})
            self.assertEqual(done.returncode, 0, listen)
            self.assertEqual(done.stderr.count(b"asks for no password"), warned, listen)

    def test_version_and_help_are_told_on_stdout(self):
        for word in ("version", "help"):
            done = self.weir(word)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertIn(b"eir", done.stdout)

    def test_an_unknown_command_is_refused_with_a_remedy(self):
        done = self.weir("walk")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(b"help", done.stderr)
        self.assertEqual(done.stdout, b"")

    def test_a_missing_file_is_named(self):
        done = self.weir("run", "--config", self.path("nowhere.json"))
        self.assertIn(done.returncode, (NO_INPUT, CONFIG))
        self.assertIn(b"nowhere.json", done.stderr)

    def test_a_good_configuration_passes(self):
        done = self.check({"listen": ["127.0.0.1:0"], "access_log": {"path": "off"}})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_mistake_is_told_at_once_with_its_line(self):
        done = self.check(b'{\n  "listne": ["127.0.0.1:0"],\n  "http": {"via": 7},\n'
                          b'  "timeouts": {"head": "soon"}\n}\n')
        self.assertIn(done.returncode, (DATA, CONFIG))
        said = (done.stderr + done.stdout).decode()
        for word in ("listne", "listen", "http.via", "timeouts.head"):
            self.assertIn(word, said)
        for line in (2, 3, 4):
            self.assertRegex(said, r"\b%d\b" % line)

    def test_broken_json_is_told_with_its_line(self):
        done = self.check(b'{\n "listen": [\n}\n')
        self.assertIn(done.returncode, (DATA, CONFIG))
        self.assertRegex((done.stderr + done.stdout).decode(), r"\b3\b")

    def test_the_schema_is_json(self):
        done = self.weir("check-config", "--schema")
        self.assertEqual(done.returncode, 0)
        schema = json.loads(done.stdout)
        self.assertIn("$schema", schema)
        self.assertIn("access_log", schema["properties"])

    def test_an_open_proxy_is_refused(self):
        done = self.check({"listen": ["0.0.0.0:0"], "clients": {"allow": ["0.0.0.0/0"]}})
        self.assertIn(done.returncode, (DATA, CONFIG))

    def test_a_port_in_use_is_named(self):
        listener = listening_socket()
        self.addCleanup(listener.close)
        address = "%s:%d" % listener.getsockname()
        config = self.path("weir.json", json.dumps({"listen": [address], "admin": {"listen": "off"}}).encode())
        done = self.weir("run", "--config", config)
        self.assertIn(done.returncode, (UNAVAILABLE, 71, 73, 75, 77))
        self.assertIn(address.encode(), done.stderr)
