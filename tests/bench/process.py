# SPDX-License-Identifier: Apache-2.0
"""Children of the benchmark: found, started on one core, counted with their own children, stopped."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

PR_SET_PDEATHSIG = 1


class BenchError(Exception):
    """Something that makes the whole run worthless."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def spawn(argv, cpu, **options):
    """Starts a child pinned to a core, which dies with us."""
    libc = ctypes.CDLL(None)

    def prepare():
        os.sched_setaffinity(0, {cpu})
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return subprocess.Popen(argv, preexec_fn=prepare, **options)


def stop(child):
    if child is None or child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(3)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def find_program(name):
    places = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    return shutil.which(name, path=places)


def tree(root):
    """The process and all its descendants."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found
