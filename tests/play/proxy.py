# SPDX-License-Identifier: Apache-2.0
#
# The proxy under test: starts weir with a configuration and reads what it prints, or stands in for any
# other forward proxy (--peer). Holds the sentinel: an ordinary GET on a connection of its own, sent
# whenever a play needs to know that the proxy has dealt with everything it was given before.
"""Processes of the proxy under test, their access log and their descriptors."""

import collections
import json
import os
import re
import signal
import subprocess
import tempfile

from script import unescape
from stage import Line, Listener

POOL_OF_PORTS = 24  # listeners per process and address family, used in turn


class ProxyTrouble(Exception):
    """The proxy did not start, died, or stopped answering."""


class Pipe:
    """Lines read from a pipe of the process."""

    def __init__(self, stage, file):
        self.stage, self.file = stage, file
        self.rest = b""
        self.lines = []
        self.closed = False
        os.set_blocking(file.fileno(), False)
        stage.selector.register(file, 1, self)

    def fill(self):
        try:
            data = os.read(self.file.fileno(), 1 << 16)
        except BlockingIOError:
            return
        if not data:
            self.close()
            return
        *whole, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line.decode("utf-8", "replace") for line in whole]

    def close(self):
        if not self.closed:
            self.closed = True
            self.stage.selector.unregister(self.file)
            self.file.close()


class Answering(Line):
    """A line of the sentinel's origin: answers every request at once."""

    def fill(self):
        super().fill()
        while b"\r\n\r\n" in self.inbox:
            del self.inbox[:self.inbox.index(b"\r\n\r\n") + 4]
            self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        if self.over:
            self.close()


class AnsweringListener(Listener):
    def fill(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            Answering(self.stage, sock, "sentinel origin")


class Peer:
    """Any forward proxy at an address. No log, no descriptors, no settings."""

    is_weir = False

    def __init__(self, stage, address, patience):
        self.stage, self.address, self.patience = stage, address, patience
        self.listeners = collections.deque(Listener(stage, "?", "127.0.0.1") for _ in range(POOL_OF_PORTS))
        self.listeners6 = collections.deque()
        try:
            self.listeners6.extend(Listener(stage, "?", "::1") for _ in range(4))
        except OSError:
            pass
        self.beacon = AnsweringListener(stage, "sentinel", "127.0.0.1")
        self.fixed = {}
        self.alone, self.lent = collections.deque(), 0  # listeners with an address of their own
        self.sentry = None
        self.count = 0

    def lend(self, name, alone=False):
        """A listener nobody else uses in this scene; names that end in 6 are IPv6. `alone`: at an address
        that no other scene of this process has, so that nothing stored for another scene answers."""
        if name in self.fixed:
            self.fixed[name].clear()
            return self.fixed[name]
        if alone:
            self.alone.append(self.listener_alone(name))
            if len(self.alone) > POOL_OF_PORTS:
                self.retire(self.alone.popleft())
            return self.alone[-1]
        pool = self.listeners6 if name.endswith("6") else self.listeners
        if not pool:
            return None
        pool.rotate(-1)
        listener = pool[-1]
        listener.name = name
        listener.clear()
        return listener

    def listener_alone(self, name):
        """Not at the proxy's own port: on a loopback address it would take that for itself, and refuse."""
        self.lent += 1
        host = "127.%d.%d.%d" % (1 + self.lent // 62500 % 250, 1 + self.lent // 250 % 250, 1 + self.lent % 250)
        listener = Listener(self.stage, name, host)
        while listener.port == self.address[1]:
            unfit, listener = listener, Listener(self.stage, name, host)  # the second while the first holds the port
            self.retire(unfit)
        return listener

    def retire(self, listener):
        listener.clear()
        self.stage.selector.unregister(listener.sock)
        listener.sock.close()

    def alive(self):
        return True

    def sentinel(self):
        """Returns once a request sent now has been answered; its path is returned."""
        self.count += 1
        path = "/~/%d" % self.count
        request = "GET http://%s%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (self.beacon.text, path, self.beacon.text)
        for _ in range(2):
            if self.sentry is None or self.sentry.over:
                if self.sentry is not None:
                    self.sentry.close()
                try:
                    self.sentry = self.stage.dial(self.address, "sentinel")
                except OSError as error:
                    raise ProxyTrouble("cannot connect to the proxy: %s" % error)
            sentry = self.sentry
            sentry.inbox.clear()
            sentry.send(request.encode())
            done = self.stage.wait(lambda: b"\r\n\r\n" in sentry.inbox or sentry.over, self.patience)
            if sentry.inbox and done:
                if not re.match(rb"HTTP/1.1 200 [^\r]*\r\n", sentry.inbox):
                    sentry.close()
                    self.sentry = None
                return path
            if not done:
                break
            sentry.close()
            self.sentry = None
        raise ProxyTrouble("the proxy no longer answers")

    def settle(self):
        """Two sentinels: what the first one's turn of the proxy's loop began, the second one's has ended."""
        self.sentinel()
        self.sentinel()

    def stop(self):
        pass

    def final_words(self):
        return ""


def deep_set(tree, key, text):
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    *path, last = key.split(".")
    for part in path:
        tree = tree.setdefault(part, {})
    tree[last] = value


class Weir(Peer):
    """One weir process with one configuration."""

    is_weir = True

    def __init__(self, stage, binary, settings, patience):
        super().__init__(stage, None, patience)
        self.errors = self.log = None
        ports = [listener.port for listener in [*self.listeners, *self.listeners6]] + [1, 443]
        config = {
            "listen": ["127.0.0.1:0"],
            "admin": {"listen": "off"},
            "connect": {"ports": ports},
            "dns": {"hosts": {"a.test": ["127.0.0.1"], "b.test": ["127.0.0.1"], "six.test": ["::1"]},
                    "servers": ["127.0.0.1:9"]},
            "access_log": {"path": "-", "format": "json"},
            "process": {"workers": 1},
            "timeouts": {"dns": "500ms"},
        }
        self.folder = tempfile.TemporaryDirectory(prefix="weir-play-")
        for key, text in settings:
            deep_set(config, key, self.fixed_origins(self.in_file(key, text)))
        path = os.path.join(self.folder.name, "weir.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.process = subprocess.Popen([binary, "run", "--config", path], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.log = Pipe(stage, self.process.stdout)
        self.errors = Pipe(stage, self.process.stderr)
        self.find_port()
        try:
            self.settle()
        except ProxyTrouble as fault:
            words = self.final_words()
            self.stop()
            raise ProxyTrouble(str(fault) + words)
        self.baseline = self.descriptors()
        self.read_upto = len(self.log.lines)

    def in_file(self, key, text):
        """A value that begins with @ is the content of a file; the setting is its path."""
        if not text.startswith("@"):
            return text
        path = os.path.join(self.folder.name, key.replace(".", "_"))
        with open(path, "wb") as file:
            file.write(unescape(text[1:].strip().strip('"')))
        return path

    def fixed_origins(self, text):
        """$a and $a.port in a setting: that origin is the same listener in all scenes of this process."""
        def one(match):
            name = match.group(1)
            if name not in self.fixed:
                self.fixed[name] = self.listeners.popleft()
                self.fixed[name].name = name
            listener = self.fixed[name]
            return str(listener.port) if match.group(2) else listener.text
        return re.sub(r"\$([a-z])(\.port)?(?![a-z0-9$])", one, text)

    def find_port(self):
        found = []

        def listening():
            found.extend(re.findall(r"listening on 127\.0\.0\.1:(\d+)", "\n".join(self.errors.lines)))
            return found or self.errors.closed
        if not self.stage.wait(listening, max(5.0, self.patience)) or not found:
            words = self.final_words()
            self.stop()
            raise ProxyTrouble("weir did not start" + words)
        self.address = ("127.0.0.1", int(found[0]))
        self.without_own_port()

    def without_own_port(self):
        """IPv6 listeners may have the number that the proxy's port has in IPv4: it takes those for itself."""
        for listener in [each for each in self.listeners6 if each.port == self.address[1]]:
            self.listeners6.remove(listener)
            self.retire(listener)

    def alive(self):
        return self.process.poll() is None

    def descriptors(self):
        """Open descriptors, pipes apart: those for moving bytes are kept for the next use."""
        folder, count = "/proc/%d/fd" % self.process.pid, 0
        for name in os.listdir(folder):
            try:
                count += not os.readlink(os.path.join(folder, name)).startswith("pipe:")
            except OSError:
                pass
        return count

    def leaked(self):
        """How many descriptors are open beyond the baseline once everything had time to close."""
        self.settle()
        if not self.stage.wait(lambda: self.stage.turn(0.01) or self.descriptors() <= self.baseline, 3.0):
            return self.descriptors() - self.baseline
        return 0

    def records(self):
        """Access log records since the last call, without the sentinels'. Closes the books: a final
        sentinel is sent and its record waited for, so nothing earlier can be missing."""
        mark = self.sentinel()
        pattern = re.compile(re.escape(mark) + r"(?![0-9])")

        def arrived():
            return any(pattern.search(line) for line in self.log.lines[self.read_upto:])
        if not self.stage.wait(arrived, self.patience):
            raise ProxyTrouble("no access log record of a finished request after %.0f s" % self.patience)
        lines = self.log.lines[self.read_upto:]
        self.read_upto = len(self.log.lines)
        return [line for line in lines if "/~/" not in line or self.beacon.text not in line]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for line in (self.sentry,):
            if line is not None:
                line.close()
        for pipe in (self.log, self.errors):
            pipe.close()
        for listener in [*self.listeners, *self.listeners6, *self.fixed.values(), *self.alone, self.beacon]:
            self.retire(listener)
        self.folder.cleanup()

    def final_words(self):
        while not self.errors.closed and self.stage.turn(0.05):
            pass
        code = self.process.poll()
        said = "\n".join(self.errors.lines[-25:])
        return "\n  weir %s; its last words:\n    %s" % (
            "runs" if code is None else "ended with code %s" % code, said.replace("\n", "\n    "))
