#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Weir and its peers side by side and prints figures and ratios. See README.md beside this file.

    run.py BUILD_DIR [--quick] [--only get,post] [--peers weir,relay] [--json FILE] [--check]

BUILD_DIR holds the release build (the program `weir` and, if built there, the tools). Ends with 0 when
all was measured, 1 when --check is given and a goal is missed, 2 when the run is worthless (a wrong
answer, a peer that fell over, no tools).
"""
import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import filters  # noqa: E402
import gateway  # noqa: E402
import measure  # noqa: E402
import peers as peer_list  # noqa: E402
import report  # noqa: E402
from process import BenchError, spawn, stop  # noqa: E402

FLAGS = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wshadow"]
MOST_IDLE = 8800  # the peers are configured for 9,000 clients
SECTIONS = {"filters": filters.measure_filters, "gateway": gateway.measure_gateway}  # with tables of their own
OTHERS = ["idle", "idle-tunnel", "syscalls", "allocations", "start", *SECTIONS]


def parse():
    keys = [s.key for s in measure.LOADED] + OTHERS
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("build", type=Path)
    p.add_argument("--rounds", type=int, default=5, help="runs of each scenario and peer (5)")
    p.add_argument("--seconds", type=float, default=3.0, help="length of the measured window (3)")
    p.add_argument("--warmup", type=float, default=0.5, help="before the window (0.5)")
    p.add_argument("--idle", type=int, default=8500, help="idle connections for the memory figures")
    p.add_argument("--head", choices=("short", "browser"), default="short", help="request fields: 4 or 11")
    p.add_argument("--only", default=",".join(keys), help="of: " + " ".join(keys))
    p.add_argument("--peers", default=",".join(c.name for c in peer_list.ALL))
    p.add_argument("--requests", type=Path, help="for filters: requests as `weir check` reads them")
    p.add_argument("--gateway-mode", choices=("redirect", "tproxy"), default="redirect", help="how it is turned aside")
    p.add_argument("--gateway-family", type=int, choices=(4, 6), default=4, help="over IPv4 or IPv6")
    p.add_argument("--quick", action="store_true", help="one run of 0.5 s, 500 idle: a smoke test")
    p.add_argument("--json", type=Path, help="also write everything here")
    p.add_argument("--check", action="store_true", help="exit 1 if Weir misses a goal")
    o = p.parse_args()
    o.only, o.peers = o.only.split(","), o.peers.split(",")
    known = [c.name for c in peer_list.ALL]
    for given, allowed in ((o.only, keys), (o.peers, known)):
        for word in given:
            if word not in allowed:
                p.error(f"unknown name {word}; known: {' '.join(allowed)}")
    if o.quick:
        o.rounds, o.seconds, o.warmup, o.idle = 1, 0.5, 0.1, 500
    o.idle = allow_descriptors(o.idle)
    return o


def allow_descriptors(idle):
    """Raises our limit, which the children inherit. A tunnel costs a proxy two; returns what fits."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(1, min(idle, MOST_IDLE, (hard - 1000) // 2))


def find_tools(build, folder):
    """The tools from the build, or compiled here into the temporary folder."""
    tools = SimpleNamespace(build=build.resolve())
    for name in ("load", "origin", "relay", "alloc"):
        shared = name == "alloc"
        file_name = "libbench_alloc.so" if shared else f"bench_{name}"
        path = build.resolve() / "tests" / "bench" / file_name
        source = HERE / f"{name}.cc"
        if not path.is_file():
            path = folder / file_name
            extra = ["-shared", "-fPIC"] if shared else []
            subprocess.run([os.environ.get("CXX", "g++"), *FLAGS, *extra, str(source), "-o", str(path)],
                           check=True)
        setattr(tools, name, path)
    return tools


def start_origin(tools, cpu):
    child = spawn([str(tools.origin)], cpu, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    line = child.stdout.readline().strip()
    if not line.isdigit():
        raise BenchError("the origin did not start")
    return child, int(line)


def conditions(options, cores):
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    control = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return (f"{options.rounds} runs of {options.seconds:g} s after {options.warmup:g} s; {options.head} "
            f"request head; {options.idle} idle connections; {model}, {len(cores)} cores, Linux "
            f"{platform.release().split('-')[0]}, {control}; one worker each, access log on.")


class Run:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.results = {}
        self.started = []
        self.origin = None

    def note(self, key, title, name, value, ratio=True):
        entry = self.results.setdefault(key, {"title": title, "ratio": ratio, "peers": {}, "seen": {}})
        if value is not None:
            entry["peers"].setdefault(name, []).append(value)
        return entry

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def prepare(self):
        cores = sorted(os.sched_getaffinity(0))
        tools = find_tools(self.options.build, self.folder)
        self.origin, port = start_origin(tools, cores[0])
        self.bench = measure.Bench(tools, self.options, port, cores[0])
        self.cores = cores
        self.conditions = conditions(self.options, cores)
        if len(cores) < 2:
            self.conditions += " Only one core: load and proxy share it, the figures mean little."
        every = [c(tools, self.folder, port, cores[-1]) for c in peer_list.ALL
                 if c.name in self.options.peers]
        self.missing = {p.name: p.missing for p in every if p.missing}
        for name, why in self.missing.items():
            self.say(f"left out: {name}: {why}")
        self.peers = [p for p in every if not p.missing]

    def wanted(self, key):
        return key in self.options.only

    def able(self, key):
        return [p for p in self.peers if key not in p.cannot]

    def start_all(self):
        for peer in self.peers:
            self.started.append(peer)
            peer.start()

    def loaded(self):
        """CPU scenarios: in each round every scenario on every peer, so that noise hits all alike."""
        for number in range(self.options.rounds):
            for scenario in measure.LOADED:
                if not self.wanted(scenario.key):
                    continue
                for peer in self.able(scenario.key):
                    seen = measure.cpu(self.bench, peer, scenario)
                    entry = self.note(scenario.key, scenario.title, peer.name, seen["cost"])
                    entry["seen"].setdefault(peer.name, []).append(seen)
                    self.say(f"round {number + 1} {scenario.key} {peer.name}: {seen['cost']:.1f}"
                             f" (busy {seen['busy']:.0%})")
        seen = self.results.get("get", {}).get("seen", {})
        for key in ("p50", "p99"):
            for name, runs in seen.items():
                for one in runs:
                    self.note(key, f"{key} latency of the first, saturated (µs)", name, one[key])

    def calls(self):
        get = measure.LOADED[0]
        requests = 2000 if self.options.quick else 20000
        if self.wanted("syscalls"):
            for peer in self.able("get"):
                value = measure.system_calls(self.bench, peer, get, requests, self.folder)
                self.note("syscalls", "system calls per kept-alive GET", peer.name, value)
                self.say(f"syscalls {peer.name}: {value or 'cannot be counted here'}")

    def stop_all(self):
        for peer in self.started:
            peer.stop()
        self.started = []

    def fresh(self):
        """What needs an instance of its own: memory, allocations, start."""
        for scenario in measure.IDLE:
            for peer in self.able(scenario.key) if self.wanted(scenario.key) else []:
                self.started.append(peer)
                seen = measure.memory(self.bench, peer, scenario, self.options.idle)
                entry = self.note(scenario.key, scenario.title, peer.name, seen["cost"], False)
                entry["seen"][peer.name] = seen
                self.say(f"{scenario.key} {peer.name}: {seen['cost']:.2f} KiB")
        for peer in self.able("get") if self.wanted("allocations") else []:
            self.started.append(peer)
            value = measure.allocations(self.bench, peer, measure.LOADED[0], self.folder)
            self.note("allocations", "heap allocations per kept-alive GET", peer.name, value, False)
            self.say(f"allocations {peer.name}: {value:.2f}")
        for _ in range(self.options.rounds):
            for peer in self.able("start") if self.wanted("start") else []:
                self.started.append(peer)
                self.note("start", "start to first answer (ms)", peer.name, measure.start_time(peer), False)

    def close(self):
        self.stop_all()
        stop(self.origin)


def interrupted(_signal, _frame):
    raise BenchError("interrupted")


def main():
    options = parse()
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, interrupted)
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        os.chmod(folder, 0o755)
        run = Run(options, Path(folder))
        try:
            run.prepare()
            if set(options.only) - set(SECTIONS):
                run.start_all()
                run.loaded()
                run.calls()
                run.stop_all()
                run.fresh()
            sections = [measure_it(run) for name, measure_it in SECTIONS.items() if run.wanted(name)]
        except (BenchError, subprocess.CalledProcessError) as error:
            run.say(f"bench: {error}")
            return 2
        finally:
            run.close()
    judged = report.goals(run.results)
    document = {"conditions": run.conditions, "peers": [p.name for p in run.peers],
                "missing": run.missing, "results": run.results, "goals": judged}
    if set(options.only) - set(SECTIONS):
        print(report.markdown(document))
    print("\n".join(sections))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if options.check and not all(row[-1] for row in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
