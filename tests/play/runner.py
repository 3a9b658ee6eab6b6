#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Runs .play files against the real binary over loopback (README.md describes the language). One weir
# process per distinct configuration, reused between scenes; a scene in which it crashes or hangs
# fails and the next one gets a fresh process. Ends with "N passed, N failed, N skipped".
"""Command line of the play runner."""

import argparse
import multiprocessing
import os
import sys
import time

from actors import At, Diverged, Skip
from acts import Performance
from proxy import Peer, ProxyTrouble, Weir
from script import BadPlay, read_play
from stage import Stage
import accidents

KEPT_PROCESSES = 4


class Company:
    """The proxies of one runner process, by configuration."""

    def __init__(self, options):
        self.options = options
        self.stage = Stage()
        self.running = {}

    def proxy_for(self, scene):
        key = tuple(sorted(scene.settings))
        if self.options.peer:
            if key:
                raise Skip("needs settings")
            if not self.running:
                host, _, port = self.options.peer.rpartition(":")
                self.running[()] = Peer(self.stage, (host, int(port)), self.options.patience)
            return self.running[()]
        proxy = self.running.pop(key, None)
        if proxy is None or not proxy.alive():
            if proxy is not None:
                proxy.stop()
            proxy = Weir(self.stage, self.options.weir, scene.settings, self.options.patience)
        self.running[key] = proxy  # most recently used last
        while len(self.running) > KEPT_PROCESSES:
            self.running.pop(next(iter(self.running))).stop()
        return proxy

    def discard(self, proxy):
        if self.options.peer:
            return
        for key in [key for key, value in self.running.items() if value is proxy]:
            del self.running[key]
        proxy.stop()

    def stop(self):
        for proxy in self.running.values():
            proxy.stop()
        self.running.clear()


def show(scene, statement, why, note=""):
    """The scene with the diverging line marked."""
    out = ["FAILED %s:%d: %s%s" % (scene.path, scene.line, scene.title, note)]
    for key, text in scene.settings:
        out.append("      set %s %s" % (key, text))
    for each in scene.statements:
        mark = ">>" if each is statement else "  "
        out.append("%s %4d  %s" % (mark, each.line, each.text[:300]))
        out += ["           . " + line[:300] for line in each.block or []]
    if statement is None:
        out.append(">>  end of the scene")
    out.append("  " + why)
    return "\n".join(out)


def play_once(company, scene, split=None, note=""):
    """None, or the report of a failure."""
    proxy = company.proxy_for(scene)
    performance = Performance(scene, proxy, company.stage, company.options.patience)
    performance.split_at = split
    statement = None
    try:
        for statement in scene.statements:
            performance.perform(statement)
        statement = None
        performance.curtain()
        return None
    except At as fault:
        return show(scene, fault.statement, str(fault), note)
    except Skip:
        for line in performance.lines():
            line.close()
        raise
    except (Diverged, ProxyTrouble, OSError, ValueError) as fault:
        why = str(fault) if isinstance(fault, (Diverged, ProxyTrouble)) else repr(fault)
        for line in performance.lines():
            line.close()
        dead = not proxy.alive()
        if dead or isinstance(fault, ProxyTrouble):
            why += proxy.final_words()
            company.discard(proxy)
        else:
            recover(company, proxy)
        return show(scene, statement, why, note)


def recover(company, proxy):
    """After a failed scene: bring the log's books in order, or throw the process away."""
    try:
        proxy.settle()
        if proxy.is_weir:
            proxy.records()
    except ProxyTrouble:
        company.discard(proxy)


def cut_positions(scene):
    """Where to split the first thing a client sends: everywhere, thinned out when it is long."""
    if "in cuts" not in scene.flags:
        return []
    size = next((sum(len(line) + 2 for line in s.block) if s.block else len(s.text) + 40
                 for s in scene.statements if s.text.startswith("client") and " sends" in s.text), 0)
    return range(1, min(size, 400))


def play_case(company, scene):
    report = play_once(company, scene)
    if report:
        return report
    for position in cut_positions(scene):
        report = play_once(company, scene, position, " (cut after byte %d)" % position)
        if report:
            return report
    if "in bytes" in scene.flags:
        report = play_once(company, scene, 0, " (byte by byte)")
        if report:
            return report
    if "fail each" in scene.flags or company.options.fail_each:
        return accidents.play_all(company, scene, show)
    return None


def play_file(path, options):
    """(passed, failed, skipped, reports) of one file."""
    company = Company(options)
    passed, skipped, reports = 0, 0, []
    try:
        for scene in read_play(path):
            for case in scene.cases():
                if options.k and options.k not in case.title:
                    continue
                started = time.monotonic()
                try:
                    report = play_case(company, case)
                except Skip as why:
                    skipped += 1
                    if options.v:
                        print("skipped %s: %s (%s)" % (os.path.basename(path), case.title, why), flush=True)
                    continue
                except BadPlay as fault:
                    report = "BAD PLAY %s:%d: %s\n  %s" % (path, case.line, case.title, fault)
                if report:
                    reports.append(report)
                else:
                    passed += 1
                if options.v:
                    print("%s %s: %s (%.0f ms)" % ("FAILED" if report else "ok", os.path.basename(path),
                                                   case.title, 1000 * (time.monotonic() - started)), flush=True)
        if not options.peer:
            reports += leak_reports(company, path)
    except BadPlay as fault:
        reports.append("BAD PLAY %s" % fault)
    except (ProxyTrouble, OSError) as fault:
        reports.append("FAILED %s: %s" % (path, fault))
    finally:
        company.stop()
    return passed, len(reports), skipped, reports


def leak_reports(company, path):
    found = []
    for proxy in list(company.running.values()):
        try:
            leaked = proxy.leaked() if proxy.alive() else 0
        except ProxyTrouble as fault:
            found.append("FAILED %s: at the end of the file: %s" % (path, fault))
            continue
        if leaked > 0:
            found.append("FAILED %s: %d descriptors leaked in weir" % (path, leaked))
    return found


def play_job(work):
    return play_file(*work)


def find_files(paths):
    for path in paths:
        if os.path.isdir(path):
            yield from sorted(os.path.join(path, name) for name in os.listdir(path) if name.endswith(".play"))
        else:
            yield path


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Plays .play files against weir over loopback.")
    parser.add_argument("paths", nargs="*", default=[here], help="files or folders (default: this folder)")
    parser.add_argument("--weir", help="the binary")
    parser.add_argument("--peer", help="host:port of any forward proxy, instead of --weir")
    parser.add_argument("-k", metavar="TEXT", help="only cases whose title contains TEXT")
    parser.add_argument("-v", action="store_true", help="name every case")
    parser.add_argument("--jobs", type=int, default=2, help="files played at once (default 2)")
    parser.add_argument("--patience", type=float, default=4.0, help="seconds to wait for anything")
    parser.add_argument("--fail-each", action="store_true", help="replay every scene with an accident at each step")
    options = parser.parse_args()
    if bool(options.weir) == bool(options.peer):
        parser.error("give either --weir or --peer")
    work = [(path, options) for path in find_files(options.paths)]
    totals = [0, 0, 0]
    if options.jobs > 1 and len(work) > 1:
        pool = multiprocessing.Pool(min(options.jobs, len(work)))
        results = pool.imap(play_job, work, 1)
    else:
        results = map(play_job, work)
    for passed, failed, skipped, reports in results:
        totals = [totals[0] + passed, totals[1] + failed, totals[2] + skipped]
        for report in reports:
            print(report + "\n", flush=True)
    print("%d passed, %d failed, %d skipped" % tuple(totals))
    return 1 if totals[1] or not sum(totals) else 0


if __name__ == "__main__":
    sys.exit(main())
