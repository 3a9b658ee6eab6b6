# SPDX-License-Identifier: Apache-2.0
#
# What every test with real programs stands on: a private folder, the proxy under test, nginx and Python
# origins on ports the kernel chose, and waiting with a deadline. No test names a port, sleeps, or talks
# to anything but the loopback. Which binary is tested: WEIR_BINARY; WEIR_STAND_IN=squid or tinyproxy puts
# another proxy in its place, to try the tests themselves.
"""Processes, folders and deadlines for the tests with real clients."""

import contextlib
import http.client
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from proxies import stand_in, write_weir_config

PATIENCE = float(os.environ.get("WEIR_PATIENCE", "20"))
LOOPBACK = "127.0.0.1"


def wait_until(what, ready, seconds=PATIENCE):
    """The first true answer of `ready`, asked again and again; fails with `what` (text, or a function that
    makes it) when time is up."""
    end = time.monotonic() + seconds
    while True:
        answer = ready()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("after %.0f s still not: %s" % (seconds, what() if callable(what) else what))
        time.sleep(0.01)  # the only pause in these tests: between two looks


def listening_socket(host=LOOPBACK, backlog=1024):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, 0))
    sock.listen(backlog)
    return sock


def raise_descriptor_limit(wanted):
    """The soft limit after trying for `wanted`; root may lift the hard one too."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limits in ((wanted, max(hard, wanted)), (min(wanted, hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Program:
    """A process with its output in a file; ended when the test ends."""

    def __init__(self, case, name, command, **more):
        self.name = name
        self.errors_path = os.path.join(case.folder, name + ".stderr")
        with open(self.errors_path, "ab") as errors:
            self.errors_from = errors.tell()  # an earlier process of this test may have written, too
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            start_new_session=True, **more)
        case.addCleanup(self.end)

    @property
    def pid(self):
        return self.process.pid

    def errors(self):
        with open(self.errors_path, encoding="utf-8", errors="replace") as file:
            file.seek(self.errors_from)
            return file.read()

    def alive(self):
        return self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=PATIENCE):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("%s still runs after %.0f s" % (self.name, seconds)) from None

    def end(self):
        if self.alive():
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Proxy(Program):
    """The proxy under test. `settings`: sections of weir.json, merged over what every test needs."""

    def __init__(self, case, settings, tunnel_to, descriptors):
        self.case = case
        self.access_log = os.path.join(case.folder, "access.log")
        kind = os.environ.get("WEIR_STAND_IN", "")
        if kind:
            if settings:
                case.skipTest("needs settings that %s has no words for" % kind)
            self.port, command = stand_in(kind, case.folder, self.access_log)
        else:
            binary = os.environ.get("WEIR_BINARY", "")
            if not os.access(binary, os.X_OK):
                case.fail("no weir to test: set WEIR_BINARY to the built program")
            self.config = write_weir_config(case.folder, self.access_log, settings or {}, tunnel_to)
            self.port, command = None, [binary, "run", "--config", self.config]
        if descriptors:
            case.need("prlimit")
            command = ["prlimit", "--nofile=%d:%d" % (descriptors, descriptors)] + command
        super().__init__(case, kind or "weir", command)
        case.addCleanup(self.check_end)
        wait_until(lambda: "the proxy listens; it said:\n" + self.errors(), self.listens)

    def listens(self):
        if not self.alive():
            self.case.fail("the proxy ended with %d:\n%s" % (self.process.returncode, self.errors()))
        if self.port is None:
            found = re.search(r"listening on 127\.0\.0\.1:(\d+)", self.errors())
            self.port = int(found[1]) if found else None
            return self.port
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, self.port), 1).close()
            return True
        return False

    @property
    def url(self):
        return "http://%s:%d" % (LOOPBACK, self.port)

    def sanitized(self):
        with open("/proc/%d/maps" % self.pid, encoding="utf-8") as file:
            return bool(re.search(r"lib[atu]b?san", file.read()))

    def status_kib(self, row):
        with open("/proc/%d/status" % self.pid, encoding="utf-8") as file:
            return int(re.search(row + r":\s+(\d+)", file.read())[1])

    def peak_kib(self):
        """The most memory the process ever held, in KiB."""
        return self.status_kib("VmHWM")

    def own_kib(self):
        """What it holds now for itself alone, in KiB."""
        return self.status_kib("RssAnon")

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.pid, encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def log(self):
        if not os.path.exists(self.access_log):
            return ""
        with open(self.access_log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_log(self, pattern):
        return wait_until(lambda: "a line with %r in the access log, which ends:\n%s" % (
            pattern, self.log()[-1000:]), lambda: re.search(pattern, self.log()))

    def connect(self, source=LOOPBACK):
        return socket.create_connection((LOOPBACK, self.port), PATIENCE, (source, 0))

    def check_end(self):
        """Runs before end(): a proxy that fell over fails the test, whatever else was seen."""
        if not self.alive() and self.process.returncode not in (0, -signal.SIGKILL):
            self.case.fail("the proxy ended with %d:\n%s" % (self.process.returncode, self.errors()[-4000:]))


class Case(unittest.TestCase):
    """A test with a private folder. The docstring of a test is its sentence."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="weir-real-")
        os.chmod(self.folder, 0o755)  # programs that give up root must still get in
        self.addCleanup(shutil.rmtree, self.folder, True)

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
                self.skipTest("%s is not installed" % program)

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        return path

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def proxy(self, settings=None, tunnel_to=(), descriptors=None):
        """The proxy under test, with CONNECT to the ports of `tunnel_to` allowed."""
        return Proxy(self, settings, tunnel_to, descriptors)

    def run_program(self, *command, seconds=120, ok=True, env=None, stdin=subprocess.DEVNULL, cwd=None):
        """Output and error text of a program; its failure is the test's unless `ok` is False."""
        self.need(command[0])
        clean = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        clean.update(env or {}, LC_ALL="C.UTF-8", HOME=self.folder)
        try:
            done = subprocess.run(command, stdin=stdin, capture_output=True, env=clean, timeout=seconds,
                                  cwd=cwd or self.folder, check=False)
        except subprocess.TimeoutExpired as late:
            self.fail("%s ran longer than %d s\n%s" % (" ".join(command), seconds, late.stderr or b""))
        if ok and done.returncode != 0:
            self.fail("%s ended with %d:\n%s\n%s" % (" ".join(map(str, command)), done.returncode,
                                                    done.stdout.decode(errors="replace")[-3000:],
                                                    done.stderr.decode(errors="replace")[-3000:]))
        return done

    def curl(self, proxy, *arguments, **more):
        """curl through the proxy; quiet, errors shown, at most one minute a transfer."""
        self.need("curl")
        return self.run_program("curl", "-sS", "--max-time", str(more.pop("max_time", 60)), "--noproxy", "",
                                "-x", proxy.url, *arguments, **more)

    def get(self, proxy, url):
        """Status and body of one GET without any program."""
        connection = http.client.HTTPConnection(LOOPBACK, proxy.port, timeout=PATIENCE)
        try:
            connection.request("GET", url)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def main():
    """For `run.py`: one test by its name, or a whole file; 77 when all was skipped."""
    program = unittest.main(module=None, argv=sys.argv, exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        return 1
    return 77 if result.testsRun and len(result.skipped) == result.testsRun else 0
