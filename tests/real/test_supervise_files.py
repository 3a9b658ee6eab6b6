# SPDX-License-Identifier: Apache-2.0
#
# `weir run --supervise` and the files it has to do with itself: the operator's log, into which it writes beside the
# worker, and the pid file, which names it and goes with it; also when the worker has less rights than it has.
"""The supervisor's log and pid file."""

import json
import os
import signal
import socket
import unittest

from harness import LOOPBACK, PATIENCE, Program, wait_until
from proxies import write_weir_config
from test_supervise import Supervised, setUpModule  # pylint: disable=unused-import


class Log(Supervised):
    def test_the_log_goes_where_the_operators_log_goes(self):
        log = self.path("weir.log")
        self.begin_logged(log)
        self.assertIn(b"was killed by SIGSEGV", self.read("weir.log"))
        os.rename(log, log + ".1")
        self.supervisor.send(signal.SIGUSR1)
        wait_until("a new file", lambda: os.path.exists(log))
        os.kill(self.worker(), signal.SIGSEGV)
        wait_until("it is said in the new file", lambda: b"was killed by SIGSEGV" in self.read("weir.log"))

    def test_it_follows_a_log_that_a_reload_moves(self):
        old, new = self.path("weir.log"), self.path("moved.log")
        self.begin_logged(old)
        self.change_log(new)
        self.supervisor.send(signal.SIGHUP)
        wait_until("it is taken", lambda: os.path.exists(new) and b"changed log.path" in self.read("moved.log"))
        os.kill(self.worker(), signal.SIGSEGV)
        wait_until("it is said in the new file", lambda: b"(restart 2)" in self.read("moved.log"))
        wait_until("it serves again", lambda: b"listening on" in self.read("moved.log"))
        self.assertNotIn(b"(restart 2)", self.read("weir.log"))
        self.assertEqual(self.supervisor.errors(), "")

    def test_it_follows_no_worker_with_less_rights_to_a_file(self):
        """Which would be written with the rights of root wherever that user likes."""
        if os.geteuid() != 0:
            self.skipTest("only root changes the user")
        os.chmod(self.folder, 0o777)
        old, new = self.path("weir.log"), self.path("moved.log")
        self.begin_logged(old, {"process": {"user": "root"}})
        os.chmod(self.path("access.log"), 0o666)
        self.change_log(new, user="nobody")
        os.kill(self.worker(), signal.SIGSEGV)
        wait_until("it serves as another", lambda: os.path.exists(new) and b"listening on" in self.read("moved.log"))
        os.kill(self.worker(), signal.SIGSEGV)
        self.said(r"was killed by SIGSEGV.*\(restart 3\)")
        self.assertNotIn(b"(restart 3)", self.read("moved.log"))

    def change_log(self, path, **process):
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        config["log"]["path"] = path
        config.setdefault("process", {}).update(process)
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def begin_logged(self, log, settings=None):
        config = write_weir_config(self.folder, self.path("access.log"),
                                   {"log": {"path": log}, "admin": {"listen": "off"}, **(settings or {})}, ())
        self.config = config
        self.supervisor = Program(self, "weir", [os.environ["WEIR_BINARY"], "run", "--supervise", "-c", config])

        def logged(words):
            return os.path.exists(log) and words in self.read("weir.log")
        wait_until("it serves", lambda: logged(b"listening on"))
        os.kill(self.worker(), signal.SIGSEGV)
        wait_until("it is said", lambda: logged(b"was killed by SIGSEGV"))
        wait_until("it serves again", lambda: self.read("weir.log").count(b"listening on") == 2)


class PidFile(Supervised):
    def test_the_pid_file_names_who_is_to_be_told(self):
        path = self.path("weir.pid")
        self.begin({"process": {"pid_file": path}})
        self.assertEqual(int(self.read("weir.pid")), self.supervisor.pid)
        self.kill()
        self.assertEqual(int(self.read("weir.pid")), self.supervisor.pid)
        self.supervisor.send(signal.SIGTERM)
        self.assertEqual(self.supervisor.wait(), 0)
        self.assertFalse(os.path.exists(path))

    def test_the_pid_file_goes_though_the_worker_may_not_remove_it(self):
        """In a folder of root's, with a worker that is not root any more; also if it dies while it ends."""
        if os.geteuid() != 0:
            self.skipTest("only root changes the user")
        os.chmod(self.folder, 0o755)
        path = self.path("weir.pid")
        self.path("access.log", b"")
        os.chmod(self.path("access.log"), 0o666)
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.begin({"process": {"user": "nobody", "pid_file": path}})
            self.assertEqual((int(self.read("weir.pid")), os.stat(path).st_uid), (self.supervisor.pid, 0))
            with socket.create_connection((LOOPBACK, self.port), PATIENCE) as sock:
                sock.sendall(b"POST http://127.0.0.1:%d/ HTTP/1.1\r\n" % self.port)  # has begun: it is waited for
                wait_until("it is there", lambda: self.status()["connections"] == 1)
                self.supervisor.send(signal.SIGTERM)
                self.said("stopping: finishing what runs")
                if number == signal.SIGKILL:
                    os.kill(self.worker(), number)
            self.supervisor.wait()
            self.assertFalse(os.path.exists(path))

    def test_the_pid_file_of_another_is_left_alone(self):
        path = self.path("weir.pid")
        self.begin({"process": {"pid_file": path}})
        with open(path, "w", encoding="ascii") as file:
            file.write("1\n")
        self.supervisor.send(signal.SIGTERM)
        self.assertEqual(self.supervisor.wait(), 0)
        self.assertEqual(self.read("weir.pid"), b"1\n")


if __name__ == "__main__":
    unittest.main()
