# SPDX-License-Identifier: Apache-2.0
#
# `weir run --supervise`: the worker process is killed in every way while real clients are at work; what is
# told to a service manager is read from a real datagram socket.
"""The supervisor, and what service managers are told."""

import array
import concurrent.futures
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

from crowd import loopback_request
from harness import Case, LOOPBACK, PATIENCE, Program, listening_socket, wait_until
from origins import Server, read_head
from proxies import write_weir_config

USAGE, UNAVAILABLE, SOFTWARE, CONFIG = 64, 69, 70, 78  # sysexits.h


def answer_all(sock):
    """An origin that answers until the proxy leaves; what has "hang" in its target only begins an answer."""
    with contextlib.suppress(OSError):
        while True:
            head = read_head(sock)
            if not head:
                return
            if b"hang" in head.split(b"\r\n")[0]:
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                sock.recv(1)
                return
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok")


SANITIZERS = ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")


def setUpModule():  # pylint: disable=invalid-name
    """Workers are killed here as a crash would: a sanitizer must not take that for its own finding."""
    before = {name: os.environ.get(name) for name in SANITIZERS}
    for name, value in before.items():
        os.environ[name] = (value + ":" if value else "") + "handle_segv=0"

    def put_back():
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    unittest.addModuleCleanup(put_back)


class Supervised(Case):
    """A proxy under `--supervise` with an admin interface."""

    def begin(self, settings=None, env=None, options=()):
        self.access_log = self.path("access.log")
        merged = {"admin": {"listen": "127.0.0.1:0"}, **(settings or {})}
        self.config = write_weir_config(self.folder, self.access_log, merged, ())
        clean = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        self.supervisor = Program(self, "weir", [os.environ["WEIR_BINARY"], "run", "--supervise", "--config",
                                                 self.config, *options], env={**clean, **(env or {})})
        self.port = int(self.said(r"listening on 127\.0\.0\.1:(\d+)"))
        self.admin = self.said(r"admin interface at (\S+)\n").removeprefix("http://")
        self.addCleanup(self.end_all, self.worker())

    def end_all(self, worker):
        self.supervisor.end()
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)

    def said(self, pattern, times=1):
        found = wait_until(lambda: "%r said %d times; said was:\n%s" % (pattern, times, self.supervisor.errors()),
                           lambda: (lambda all: all if len(all) >= times else None)(
                               re.findall(pattern, self.supervisor.errors())))
        return found[times - 1]

    def worker(self):
        """The present worker process."""
        path = "/proc/%d/task/%d/children" % (self.supervisor.pid, self.supervisor.pid)

        def find():
            with open(path, encoding="ascii") as file:
                return file.read().split()
        return int(wait_until("there is a worker", find)[0])

    def kill(self, number=signal.SIGSEGV):
        """Kills the worker; the next one, when it serves."""
        old, announced = self.worker(), self.supervisor.errors().count("listening on")
        os.kill(old, number)
        self.said(r"listening on", announced + 1)
        new = self.worker()
        self.assertNotEqual(old, new)
        return new

    def get(self, url, seconds=PATIENCE):
        with socket.create_connection((LOOPBACK, self.port), seconds) as sock:
            sock.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % url.encode())
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def status(self):
        done = subprocess.run([os.environ["WEIR_BINARY"], "status", "--json", "--admin", self.admin],
                              capture_output=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def gone(self, pid):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError), open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"  # nobody here collects the dead
        return True


class Crash(Supervised):
    def test_a_crash_under_load_loses_only_its_own_connections(self):
        """Clients that open a connection for each request: none is refused, and each that began after the crash
        is served; the longest wait is printed."""
        origin = Server(self, answer_all)
        self.begin({"process": {"workers": 2}})
        url, stop, clients = "http://127.0.0.1:%d/" % origin.port, threading.Event(), 16
        results = []  # (when it began, how long it took, what came of it)

        def client():
            while not stop.is_set():
                began, what = time.monotonic(), "ok"
                try:
                    answer = self.get(url)
                    what = "ok" if answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"ok") else "cut"
                except ConnectionRefusedError:
                    what = "refused"
                except OSError:
                    what = "cut"
                results.append((began, time.monotonic() - began, what))
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            jobs = [pool.submit(client) for _ in range(clients)]
            try:
                wait_until("load", lambda: len(results) > 200)
                killed_at = time.monotonic()
                self.kill()
                served_at = time.monotonic()
                before = len(results)
                wait_until("load again", lambda: len(results) > before + 200)
            finally:
                stop.set()
            for job in jobs:
                job.result()
        came = {what: sum(1 for each in results if each[2] == what) for what in ("ok", "cut", "refused")}
        self.assertEqual(came["refused"], 0)
        self.assertLessEqual(came["cut"], clients, "only what was under way")
        self.assertEqual([each for each in results if each[0] > served_at and each[2] != "ok"], [])
        print("crash to served again: %.0f ms; longest request: %.0f ms; %s" % (
            (served_at - killed_at) * 1000, max(each[1] for each in results) * 1000, came))
        self.assertRegex(self.supervisor.errors(),
                         r"error: the worker process was killed by SIGSEGV( \(core dumped\))? after \d+\.\d s; "
                         r"it is started again at once \(restart 1\)\n")

    def test_clients_that_come_while_no_worker_is_there_wait(self):
        """The supervisor stands still when the worker dies: connections are made all the same."""
        origin = Server(self, answer_all)
        self.begin({"process": {"workers": 2}})
        worker = self.worker()
        self.supervisor.send(signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)
        wait_until("it is dead", lambda: self.gone(worker))
        with contextlib.ExitStack() as stack:
            socks = []
            for _ in range(40):  # more than one for each socket of the group
                sock = stack.enter_context(socket.create_connection((LOOPBACK, self.port), PATIENCE))
                sock.sendall(loopback_request(origin.port, "/"))
                socks.append(sock)
            host, _, port = self.admin.rpartition(":")
            admin = stack.enter_context(socket.create_connection((host, int(port)), PATIENCE))
            admin.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.supervisor.send(signal.SIGCONT)
            for sock in [*socks, admin]:
                self.assertTrue(sock.recv(65536).startswith(b"HTTP/1.1 200"))

    def test_restarts_are_counted_and_told(self):
        self.begin()
        self.assertEqual(self.status()["supervisor"], {"pid": self.supervisor.pid, "restarts": 0, "last_end": None})
        self.kill()
        self.kill(signal.SIGKILL)
        told = self.status()
        self.assertEqual((told["supervisor"]["restarts"], told["pid"]), (2, self.worker()))
        self.assertRegex(told["supervisor"]["last_end"], r"\Awas killed by SIGKILL after ")
        self.assertEqual(told["metrics"]["weir_restarts_total"], 2)
        done = self.run_program(os.environ["WEIR_BINARY"], "status", "--admin", self.admin)
        self.assertRegex(done.stdout.decode(), r"supervisor +process %d, 2 restarts; the one before was killed by "
                                               r"SIGKILL" % self.supervisor.pid)

    def test_a_row_of_deaths_is_backed_off(self):
        self.begin()
        for _ in range(3):
            self.kill()
        words = re.findall(r"it is (started again [^(]+) \(restart", self.supervisor.errors())
        self.assertEqual(words, ["started again at once", "started again in 0.2 s", "started again in 0.5 s"])

    def test_a_listener_that_is_no_longer_wanted_is_not_kept(self):
        """The configuration changes between two lives: old sockets end, new ones begin."""
        self.begin({"process": {"workers": 3}})
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        config["process"]["workers"] = 1
        config["listen"].append("127.0.0.2:0")
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.kill()
        other = int(self.said(r"listening on 127\.0\.0\.2:(\d+)"))
        for _ in range(20):  # none is led to a socket that nobody reads
            self.assertIn(b" 421 ", self.direct(LOOPBACK, self.port))
        self.assertIn(b" 421 ", self.direct("127.0.0.2", other))
        config["listen"].pop()
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.kill()
        with self.assertRaises(ConnectionRefusedError):
            self.direct("127.0.0.2", other)

    def test_an_address_that_takes_the_port_of_a_kept_socket_gets_it(self):
        """Clients and the admin interface move from one address to all, each at the port it had."""
        self.begin()
        admin = int(self.admin.rpartition(":")[2])
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        for listen, at in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", "0.0.0.0")):
            config["listen"] = ["%s:%d" % (listen, self.port)]
            config["admin"]["listen"] = "%s:%d" % (at, admin)
            with open(self.config, "w", encoding="utf-8") as file:
                json.dump(config, file)
            self.kill()
            self.assertIn(b" 421 ", self.direct(LOOPBACK, self.port))
            done = self.run_program("curl", "-sS", "http://127.0.0.1:%d/healthz" % admin)
            self.assertEqual(done.stdout, b"ok\n")
        self.assertEqual(self.supervisor.errors().count("cannot listen"), 0)

    def direct(self, host, port):
        with socket.create_connection((host, port), PATIENCE) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: sock.recv(65536), b""))

    def test_a_transparent_listener_and_a_socket_in_the_file_system_live_on(self):
        if os.geteuid() != 0:
            self.skipTest("TPROXY needs CAP_NET_ADMIN")
        path = self.path("admin.sock")
        listen = [{"at": "127.0.0.1:0"}, {"at": "127.0.0.1:0", "mode": "tproxy", "name": "gateway"}]
        self.begin({"listen": listen, "admin": {"listen": "unix:" + path}})
        ports = re.findall(r"listening on 127\.0\.0\.1:(\d+)", self.supervisor.errors())
        inode = os.stat(path).st_ino
        self.kill()
        again = re.findall(r"listening on 127\.0\.0\.1:(\d+)", self.supervisor.errors())[2:]
        self.assertEqual((ports, len(set(ports))), (again, 2))
        self.assertEqual(os.stat(path).st_ino, inode)
        done = self.run_program("curl", "-sS", "--unix-socket", path, "http://localhost/healthz")
        self.assertEqual(done.stdout, b"ok\n")
        self.assertIn(b"HTTP/1.1 ", self.direct(LOOPBACK, int(ports[0])))
        for fd in os.listdir("/proc/%d/fd" % self.worker()):  # nothing is inherited twice
            self.assertLess(int(fd), 200)


class Ends(Supervised):
    def test_sigterm_ends_both_and_finishes_what_runs(self):
        let_go = threading.Event()

        def slow(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            let_go.wait(30)
            sock.sendall(b"rest")
            sock.recv(1)
        origin = Server(self, slow)
        self.begin()
        worker = self.worker()
        with socket.create_connection((LOOPBACK, self.port), PATIENCE) as sock:
            sock.sendall(loopback_request(origin.port, "/"))
            wait_until("it runs", lambda: b"half" in sock.recv(65536))
            self.supervisor.send(signal.SIGTERM)

            def refused():
                with contextlib.suppress(socket.timeout):
                    try:
                        socket.create_connection((LOOPBACK, self.port), 1).close()
                    except ConnectionRefusedError:
                        return True
                return False
            wait_until("new clients are refused, and not left waiting", refused)
            let_go.set()
            self.assertEqual(sock.recv(65536), b"rest")
        self.assertEqual(self.supervisor.wait(), 0)
        self.assertTrue(self.gone(worker))

    def test_a_killed_supervisor_takes_its_worker_along(self):
        self.begin()
        worker = self.worker()
        self.supervisor.send(signal.SIGKILL)
        wait_until("the worker has ended", lambda: self.gone(worker))
        self.assertIn("stopped", self.supervisor.errors())

    def test_that_holds_for_a_worker_of_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root changes the user")
        os.chmod(self.folder, 0o777)
        path = self.path("admin.sock")
        self.begin({"process": {"user": "nobody"}, "admin": {"listen": "unix:" + path}})
        import pwd
        self.assertEqual(os.stat(path).st_uid, pwd.getpwnam("nobody").pw_uid)
        self.kill()
        worker = self.worker()
        self.assertEqual(os.stat("/proc/%d" % worker).st_uid, pwd.getpwnam("nobody").pw_uid)
        self.supervisor.send(signal.SIGKILL)
        wait_until("the worker has ended", lambda: self.gone(worker))

    def test_a_faulty_configuration_is_final(self):
        config = self.path("weir.json", b'{"listen": ["nonsense"]}')
        done = self.run_program(os.environ["WEIR_BINARY"], "run", "--supervise", "-c", config, ok=False)
        self.assertEqual(done.returncode, CONFIG)
        self.assertNotIn(b"started again", done.stderr)

    def test_a_configuration_that_is_half_written_at_a_crash_is_waited_for(self):
        self.begin()
        with open(self.config, encoding="utf-8") as file:
            good = file.read()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("{")
        os.kill(self.worker(), signal.SIGSEGV)
        self.said("ended with exit code 78")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(good)
        self.assertTrue(self.get("http://localhost/").startswith(b"HTTP/1.1 "))

    def test_a_start_that_fails_is_not_tried_again(self):
        taken = listening_socket()
        self.addCleanup(taken.close)
        config = self.path("weir.json", json.dumps({"listen": ["127.0.0.1:%d" % taken.getsockname()[1]],
                                                    "admin": {"listen": "off"}}).encode())
        done = self.run_program(os.environ["WEIR_BINARY"], "run", "--supervise", "-c", config, ok=False)
        self.assertEqual(done.returncode, UNAVAILABLE)
        self.assertNotIn(b"started again", done.stderr)

    def test_a_worker_that_is_told_to_end_ends_all(self):
        self.begin()
        os.kill(self.worker(), signal.SIGTERM)
        self.assertEqual(self.supervisor.wait(), 0)

    def test_sighup_and_sigusr1_reach_the_worker(self):
        self.begin()
        self.supervisor.send(signal.SIGUSR1)
        self.said("log files opened again")
        self.supervisor.send(signal.SIGHUP)
        wait_until("it was read anew", lambda: self.status()["reload"])


class Hang(Supervised):
    def test_a_worker_that_stands_still_is_ended_and_replaced(self):
        """One loop is stopped by the debugger's call. Its stack is asked for before the process is ended."""
        self.begin({"process": {"workers": 2}}, options=("--stalled-limit", "7s"))
        old = self.worker()
        libc = ctypes.CDLL(None, use_errno=True)
        seize, interrupt = 0x4206, 0x4207
        task = wait_until("its loops run", lambda: self.loop_of(old))
        nothing = ctypes.c_void_p(0)
        if libc.ptrace(seize, task, nothing, nothing) != 0:
            self.skipTest("this system lets nobody stop a thread")
        libc.ptrace(interrupt, task, nothing, nothing)
        os.waitpid(task, 0x40000000)  # __WALL: it stands
        self.said("has not shown itself alive")
        self.said(r"no sign of life for \d+\.\d s; it is made to end")
        os.waitpid(task, 0x40000000)  # the debugger hears first that it has died
        self.said(r"the worker process was killed by SIG(ABRT|KILL)")
        self.said("admin interface at", 2)
        self.assertNotEqual(self.worker(), old)

    def test_a_limit_below_the_least_is_refused(self):
        """And not taken for another: a worker's stack has to be logged before it is ended."""
        for limit in ("3", "3s", "6999ms", "2h", "soon", "-7", "7 s"):
            done = subprocess.run([os.environ["WEIR_BINARY"], "run", "--supervise", "--stalled-limit=" + limit,
                                   "--config", self.path("missing.json")], capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, USAGE, limit)
            self.assertIn(b"no time from 7s to 1h", done.stderr)
        for limit in ("7", "7s", "1m", "1h", "0"):  # these go on to the configuration
            done = subprocess.run([os.environ["WEIR_BINARY"], "run", "--supervise", "--stalled-limit=" + limit,
                                   "--config", self.path("missing.json")], capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, CONFIG, limit)

    def loop_of(self, pid):
        for name in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/comm" % (pid, name), encoding="utf-8") as file:
                if file.read().startswith("worker"):
                    return int(name)
        return None


class Manager(Supervised):
    """What systemd is told, read from a socket such as it has."""

    def open(self, abstract=False):
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.settimeout(PATIENCE)
        name = "\0weir-test-%d" % os.getpid() if abstract else self.path("notify")
        self.manager.bind(name)
        self.heard = []
        return {"NOTIFY_SOCKET": name.replace("\0", "@")}

    def hear(self, word):
        """The next message with that line, which may be a pattern."""
        while True:
            text = self.manager.recv(65536).decode()
            self.heard.append(text)
            if re.search("^%s$" % word, text, re.MULTILINE):
                return text

    def plain(self, env, settings=None):
        config = write_weir_config(self.folder, self.path("access.log"),
                                   {"admin": {"listen": "127.0.0.1:0"}, **(settings or {})}, ())
        self.plain_config = config
        return Program(self, "weir", [os.environ["WEIR_BINARY"], "run", "-c", config], env={**os.environ, **env})

    def test_a_life_is_told(self):
        for abstract in (False, True):
            with self.subTest(abstract=abstract):
                weir = self.plain(self.open(abstract))
                text = self.hear("READY=1")
                self.assertRegex(text, r"STATUS=serving clients on 1 listeners with \d+ workers\n")
                self.assertNotIn("MAINPID", text)
                port = re.search(r"listening on 127\.0\.0\.1:(\d+)", weir.errors())[1]
                socket.create_connection((LOOPBACK, int(port)), PATIENCE).close()
                before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                weir.send(signal.SIGHUP)
                text = self.hear("RELOADING=1")
                said = int(re.search(r"^MONOTONIC_USEC=(\d+)$", text, re.MULTILINE)[1])
                self.assertTrue(before <= said <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
                self.hear("READY=1")
                weir.send(signal.SIGTERM)
                self.hear("STOPPING=1")
                self.assertEqual(weir.wait(), 0)
                self.assertFalse([text for text in self.heard if "WATCHDOG" in text])

    def test_a_reload_that_fails_is_told_in_the_status(self):
        weir = self.plain(self.open())
        self.hear("READY=1")
        with open(self.plain_config, "w", encoding="utf-8") as file:
            file.write("{")
        weir.send(signal.SIGHUP)
        self.hear("RELOADING=1")
        self.assertRegex(self.hear("READY=1"), r"STATUS=.*the last reload failed, nothing was changed: .*weir\.json")

    def test_signs_of_life_come_only_while_all_loops_turn(self):
        weir = self.plain({**self.open(), "WATCHDOG_USEC": "900000"}, {"process": {"workers": 2}})
        self.hear("READY=1")
        began = time.monotonic()
        for _ in range(6):
            self.hear("WATCHDOG=1")
        self.assertLess(time.monotonic() - began, 6 * 0.9)
        libc = ctypes.CDLL(None, use_errno=True)
        nothing = ctypes.c_void_p(0)
        task = Hang.loop_of(self, weir.pid)
        if libc.ptrace(0x4206, task, nothing, nothing) != 0:
            self.skipTest("this system lets nobody stop a thread")
        libc.ptrace(0x4207, task, nothing, nothing)
        self.manager.settimeout(2)
        try:
            began = time.monotonic()
            with contextlib.suppress(socket.timeout):
                while time.monotonic() - began < PATIENCE:
                    self.hear("WATCHDOG=1")
                self.fail("it goes on telling that all is well")
        finally:
            os.waitpid(task, 0x40000000)  # __WALL
            libc.ptrace(17, task, nothing, nothing)
        self.manager.settimeout(PATIENCE)
        self.hear("WATCHDOG=1")

    def test_a_watchdog_meant_for_another_process_is_not_ours(self):
        weir = self.plain({**self.open(), "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"})
        self.hear("READY=1")
        weir.send(signal.SIGTERM)
        self.hear("STOPPING=1")
        self.assertFalse([text for text in self.heard if "WATCHDOG" in text])

    def test_a_supervisor_tells_for_its_worker(self):
        self.begin(env={**self.open(), "WATCHDOG_USEC": "900000"})
        text = self.hear("READY=1")
        self.assertIn("MAINPID=%d\n" % self.supervisor.pid, text)
        self.hear("WATCHDOG=1")
        os.kill(self.worker(), signal.SIGSEGV)
        self.assertIn("SIGSEGV", self.hear("STATUS=the worker process was killed.*"))
        self.assertIn("MAINPID=%d\n" % self.supervisor.pid, self.hear("READY=1"))
        self.assertFalse([text for text in self.heard if "FDSTORE" in text])
        self.supervisor.send(signal.SIGTERM)
        self.hear("STOPPING=1")

    def test_a_manager_with_a_store_of_descriptors_keeps_the_listeners(self):
        """As systemd does with FileDescriptorStoreMax=: what was stored comes back as LISTEN_FDS."""
        weir = self.plain(self.open(), {"process": {"workers": 2}})
        stored = []
        while not any("READY=1" in text for text in self.heard):
            text, ancillary, _, _ = self.manager.recvmsg(65536, socket.CMSG_SPACE(100 * 4))
            self.heard.append(text.decode())
            for _, _, numbers in ancillary:
                fds = array.array("i")
                fds.frombytes(numbers)
                stored += [(re.search("FDNAME=(.*)", self.heard[-1])[1], fd) for fd in fds]
        self.addCleanup(lambda: [os.close(fd) for _, fd in stored])
        self.assertEqual(len(stored), 3)  # one for each worker, one for the admin interface
        port = re.search(r"listening on 127\.0\.0\.1:(\d+)", weir.errors())[1]
        weir.send(signal.SIGKILL)
        weir.wait()
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(socket.create_connection((LOOPBACK, int(port)), PATIENCE)) for _ in range(20)]
            program = ("import os, sys; os.environ['LISTEN_PID'] = str(os.getpid())\n"
                       "os.execv(sys.argv[1], sys.argv[1:])")
            fds = [os.dup(fd) for _, fd in stored]
            self.addCleanup(lambda: [os.close(fd) for fd in fds])

            def place():
                for nth, fd in enumerate([os.dup2(fd, 100 + nth) for nth, fd in enumerate(fds)]):
                    os.dup2(fd, 3 + nth)
            again = Program(self, "again", ["python3", "-c", program, os.environ["WEIR_BINARY"], "run", "-c",
                                            self.plain_config], preexec_fn=place, pass_fds=(3, 4, 5),
                            env={**os.environ, "LISTEN_FDS": str(len(stored)),
                                 "LISTEN_FDNAMES": ":".join(name for name, _ in stored)})
            for sock in socks:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                self.assertIn(b" 421 ", sock.recv(65536))
            self.assertIn("listening on 127.0.0.1:" + port, again.errors())
