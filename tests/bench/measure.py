# SPDX-License-Identifier: Apache-2.0
"""What is measured, and how one measurement of one peer is taken. Every function returns plain numbers."""
import json
import mmap
import signal
import subprocess
import time
from dataclasses import dataclass

from process import find_program, spawn, stop

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True)
class Scenario:
    """One way of loading a proxy; CPU is counted per answer, or per GiB of body."""

    key: str
    title: str
    mode: str
    extra: tuple = ()
    per_gib: bool = False

    @property
    def tunnel(self):
        return self.mode in ("connect", "tunnel", "idle-tunnel")


def body(path, size, connections):
    return ("--path", f"/{path}/{size}", "--expect", str(size), "--connections", str(connections))


LOADED = [
    Scenario("get", "kept-alive 1 KiB GET, 64 connections (µs)", "get"),
    Scenario("newconn", "a client connection per 1 KiB GET (µs)", "newconn"),
    Scenario("connect", "CONNECT + one 1 KiB GET + close (µs)", "connect"),
    Scenario("post", "kept-alive 100 KiB POST (µs)", "get", ("--post", str(100 * 1024))),
    Scenario("tunnel", "100 MiB through a tunnel (ms per GiB)", "tunnel", body("size", 100 * MIB, 4), True),
    Scenario("bulk", "100 MiB GET, Content-Length (ms per GiB)", "get", body("size", 100 * MIB, 4), True),
    Scenario("hit", "kept-alive 1 KiB GET out of the cache, 64 connections (µs)", "get", body("cached", 1024, 64)),
    Scenario("hit100k", "kept-alive 100 KiB GET out of the cache (µs)", "get", body("cached", 100 * 1024, 64)),
    Scenario("chunked", "1 MiB GET, chunked (ms per GiB)", "get", body("chunked", MIB, 4), True),
]
IDLE = [
    Scenario("idle", "PSS per idle kept-alive client (KiB)", "idle"),
    Scenario("idle-tunnel", "PSS per idle tunnel (KiB)", "idle-tunnel"),
]


class Bench:
    """The fixed parts of a run: tools, cores, origin, options."""

    def __init__(self, tools, options, origin_port, load_cpu):
        self.tools = tools
        self.options = options
        self.origin_port = origin_port
        self.load_cpu = load_cpu

    def load_command(self, peer, scenario, *extra):
        return [str(self.tools.load), "--origin", str(self.origin_port),
                "--proxy", str(peer.port_for(scenario.tunnel)), "--mode", scenario.mode,
                "--head", self.options.head, "--reconnect", "no" if peer.keeps else "yes",
                *scenario.extra, *extra]

    def run_load(self, peer, scenario, *extra, wrap=()):
        command = [*wrap, *self.load_command(peer, scenario, *extra)]
        child = spawn(command, self.load_cpu, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = child.communicate(timeout=self.options.seconds + 180)
        except subprocess.TimeoutExpired:
            peer.fail(f"{scenario.key}: the load generator did not end")
        finally:
            stop(child)
        if child.returncode != 0:
            peer.fail(f"{scenario.key}: {err.strip()}")
        return json.loads(out), err


def cpu(bench, peer, scenario):
    """CPU of all the proxy's processes over the window, per answer or GiB; and what else was seen."""
    pids = [part for pid in peer.pids() for part in ("--pid", str(pid))]
    seconds = ("--seconds", str(bench.options.seconds), "--warmup", str(bench.options.warmup))
    seen, _ = bench.run_load(peer, scenario, *seconds, *pids)
    peer.check_log()
    amount = seen["bytes"] / GIB if scenario.per_gib else seen["requests"]
    if amount == 0:
        peer.fail(f"{scenario.key}: nothing was finished within the window")
    unit = 1e6 if scenario.per_gib else 1e3
    return {
        "cost": seen["cpu_ns"] / amount / unit,
        "rate": amount / (seen["wall_ns"] / 1e9),
        "busy": seen["cpu_ns"] / seen["wall_ns"],
        "p50": seen["p50_us"],
        "p99": seen["p99_us"],
        "reopened": seen["reopened"],
    }


def memory(bench, peer, scenario, count):
    """Growth of PSS per connection, KiB, of a fresh instance that has been warmed up first."""
    peer.start()
    try:
        warm = Scenario("warm", "", "connect" if scenario.tunnel else "get")
        bench.run_load(peer, warm, "--requests", "2000")
        time.sleep(0.3)
        before = peer.pss()
        holder = spawn(bench.load_command(peer, scenario, "--connections", str(count)), bench.load_cpu,
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            said = holder.stdout.readline()
            if not said.startswith("READY"):
                peer.fail(f"{scenario.key}: {holder.stderr.read().strip()}")
            time.sleep(1.5)  # for buffers that are given back a little later
            after = peer.pss()
            holder.stdin.close()
            if holder.wait(60) != 0:
                peer.fail(f"{scenario.key}: {holder.stderr.read().strip()}")
        finally:
            stop(holder)
        return {"cost": (after - before) / count, "base_mib": before / 1024}
    finally:
        peer.stop()


def perf_calls(bench, peer, scenario, requests):
    pids = ",".join(str(pid) for pid in peer.pids())
    wrap = (find_program("perf"), "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", pids, "--")
    _, err = bench.run_load(peer, scenario, "--requests", str(requests), wrap=wrap)
    for line in err.splitlines():
        parts = line.split(",")
        if len(parts) > 2 and parts[2].startswith("raw_syscalls") and parts[0].isdigit():
            return int(parts[0]) / requests
    return None


def strace_calls(bench, peer, scenario, requests, folder):
    summary = folder / "strace"
    pids = [part for pid in peer.pids() for part in ("-p", str(pid))]
    tracer = spawn([find_program("strace"), "-f", "-c", "-o", str(summary), *pids], bench.load_cpu,
                   stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        bench.run_load(peer, scenario, "--requests", str(requests))
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
    finally:
        stop(tracer)
    for line in summary.read_text().splitlines() if summary.exists() else []:
        parts = line.split()  # % time, seconds, microseconds a call, calls, errors (if any), "total"
        if parts and parts[-1] == "total":
            return int(parts[3]) / requests
    return None


def system_calls(bench, peer, scenario, requests, folder):
    """System calls per answer, connecting included; None where they cannot be counted.

    perf counts without slowing the proxy; strace, the second choice, slows it, so that each wait of
    the proxy finds more to do and the figure comes out a little low.
    """
    trial = ["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"]
    if find_program("perf") and subprocess.run(trial, capture_output=True).returncode == 0:
        return perf_calls(bench, peer, scenario, requests)
    if find_program("strace"):
        return strace_calls(bench, peer, scenario, requests, folder)
    return None


def allocations(bench, peer, scenario, folder):
    """Heap allocations per answer of a fresh instance with a counter preloaded, warm."""
    counter = folder / f"{peer.name}.count"
    counter.write_bytes(bytes(mmap.PAGESIZE))
    counter.chmod(0o666)
    peer.start({"LD_PRELOAD": str(bench.tools.alloc), "BENCH_ALLOC_FILE": str(counter)})
    try:
        seen, _ = bench.run_load(peer, scenario, "--counter", str(counter), "--seconds", "0.5",
                                 "--warmup", "0.5")
        return seen["counted"] / max(1, seen["requests"])
    finally:
        peer.stop()


def start_time(peer):
    """Milliseconds from starting the process to its first answer."""
    try:
        return peer.start()
    finally:
        peer.stop()
