# SPDX-License-Identifier: Apache-2.0
"""What filtering costs: decisions by full filter lists beside two other engines, lists of names and
patterns, and what a kept-alive GET loses by filtering, beside Squid with the same names.

Lists come from Debian's package of uBlock Origin: installed, or fetched with apt-get and unpacked under
build/. The other engines come from npm into build/. What is missing is said and left out.
"""
import json
import random
import resource
import statistics
import subprocess
import time
from pathlib import Path

import measure
import report
from peers import Squid, Weir
from process import BenchError, find_program

HERE = Path(__file__).resolve().parent
PACKAGE = "webext-ublock-origin-firefox"
LISTS = ["thirdparties/easylist/easylist.txt", "thirdparties/easylist/easyprivacy.txt",
         *(f"ublock/{name}.min.txt" for name in ("filters", "badware", "privacy", "quick-fixes", "unbreak")),
         "thirdparties/urlhaus-filter/urlhaus-filter-online.txt"]
ENGINES = {"ubo": "@gorhill/ubo-core", "ghostery": "@ghostery/adblocker"}
HOST = "www.shop-of-the-day.org"  # in no list: what is measured is a request that passes
NAMES = 1_000_000
REQUESTS = 20_000


def quiet(argv, folder, seconds=300):
    """Whether the command ended well within its time."""
    try:
        return subprocess.run(argv, cwd=folder, capture_output=True, timeout=seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_lists(build):
    """The paths of the full lists, in order; empty: not to be had."""
    place = build.parent / "bench-lists"
    for _ in range(2):
        for root in (Path("/usr/share"), place):
            found = sorted(root.glob("**/uBlock0@raymondhill.net/assets/" + LISTS[0])) if root.exists() else []
            if found:
                assets = found[0].parents[2]
                return [str(assets / name) for name in LISTS if (assets / name).exists()]
        place.mkdir(exist_ok=True)
        if not quiet(["apt-get", "download", PACKAGE], place):
            break
        for package in place.glob("*.deb"):
            quiet(["dpkg", "-x", str(package), "."], place)
    return []


def rule_urls(lists, rng):
    """URLs that plain rules of the lists are about."""
    out = []
    for path in lists:
        for line in Path(path).read_text(errors="replace").splitlines():
            rule = line.split("$")[0].rstrip("^")
            if not rule.startswith(("||", "/")) or any(c in rule for c in "*|^#\\ []()") and rule[:2] != "||":
                continue
            rest = rule.lstrip("|")
            if not rest.isascii() or any(c in rest for c in "*|^#\\ ~") or len(rest) < 5:
                continue
            base = "https://" + (rest if rule.startswith("||") else "media.paper-of-the-town.net" + rest)
            out.append(base + ("" if "/" in rest else f"/{rng.randrange(99)}/unit.js"))
    return out


SITES = ["www.paper-of-the-town.net", "shop.example.com", "cdn.video-hall.io", "static.forum-of-all.org",
         "img.wiki-of-trees.org", "api.weather-today.co.uk", "fonts.type-foundry.dev", "news.daily-star-sky.de"]
PARTS = ["assets", "static", "js", "images", "v2", "api", "content", "themes", "article", "2024", "media", "home"]
LEAVES = [("app.min.js", "script"), ("main.css", "style"), ("photo-1024x768.jpg", "image"), ("logo.svg", "image"),
          ("list.json?page=2&sort=new&q=green%20tea", "empty"), ("", "document"), ("clip.mp4", "video"),
          ("sans.woff2", "font"), ("frame.html?id=77", "iframe")]


def ordinary(rng):
    site = rng.choice(SITES)
    leaf, kind = rng.choice(LEAVES)
    path = "/".join(rng.choice(PARTS) for _ in range(rng.randrange(1, 5)))
    number = f"{rng.randrange(1 << 32):08x}/" if rng.random() < 0.4 else ""
    return f"https://{site}/{path}/{number}{leaf}", kind


def write_requests(lists, path):
    """Two in three are ordinary and match nothing, as on the web; the others come from the rules."""
    rng = random.Random(1)
    ruled = rule_urls(lists, rng)
    kinds = ["script", "image", "empty", "iframe"]
    with open(path, "w") as out:
        for i in range(REQUESTS):
            url, kind = (rng.choice(ruled), rng.choice(kinds)) if i % 3 == 0 else ordinary(rng)
            headers = {"sec-fetch-dest": kind, "accept": "*/*", "accept-encoding": "gzip, br",
                       "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"}
            if kind != "document":
                headers["referer"] = f"https://{rng.choice(SITES)}/"
            out.write(json.dumps({"i": i, "url": url, "method": "GET", "headers": headers}) + "\n")


def weir_check(tools, requests, lists, folder):
    done = subprocess.run([str(tools.build / "weir"), "check", "--requests", str(requests), "--decisions",
                           str(folder / "decisions"), "--lists", ",".join(lists)], capture_output=True, text=True)
    if done.returncode not in (0, 65):
        raise BenchError(f"weir check: {done.stderr.strip()[-300:]}")
    return json.loads(done.stderr.strip().splitlines()[-1])


def other_engine(name, build, requests, lists):
    """Its figures, or why there are none."""
    place = build.parent / "bench-npm"
    place.mkdir(exist_ok=True)
    if not (place / "node_modules" / ENGINES[name]).exists():
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", ".", ENGINES[name]]
        if not find_program("npm") or not quiet(install, place):
            return f"{ENGINES[name]} cannot be installed (no npm, or no network)"
    command = ["node", "--expose-gc", str(HERE / "engines" / f"{name}.mjs"), str(requests), ",".join(lists)]
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=400)
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError, OSError):
        return f"{ENGINES[name]} did not end well"


def decisions(run, lists, rows, missing):
    tools, folder = run.bench.tools, run.folder
    requests = run.options.requests or folder / "requests.jsonl"
    if not run.options.requests:
        write_requests(lists, requests)
    seen = [("weir", min((weir_check(tools, requests, lists, folder) for _ in range(run.options.rounds)),
                         key=lambda one: one["decide_us_mean"]))]
    for name in ENGINES if not run.options.quick else ():
        run.say(f"filters: {ENGINES[name]}")
        figures = other_engine(name, tools.build, requests, lists)
        if isinstance(figures, str):
            missing.append(figures)
        else:
            seen.append((ENGINES[name], figures))
    for name, one in seen:
        rows.append([name, f"{one['decide_us_mean']:.2f}", f"{one['decide_us_p50']:.2f}",
                     f"{one['decide_us_p99']:.2f}", f"{one['load_ms'] / 1000:.2f}", f"{one['lists_mb']:.1f}",
                     f"{one['rss_mb']:.1f}", f"{one['blocked']:,} of {one['requests']:,}"])


def write_names(path):
    rng = random.Random(2)
    letters = "abcdefghijklmnopqrstuvwxyz"
    with open(path, "w") as out:
        for _ in range(NAMES):
            out.write("".join(rng.choices(letters, k=rng.randrange(6, 14))) + rng.choice((".com\n", ".net\n", ".org\n")))


class Filtering(Weir):
    """Weir with nothing, one list of names, or the full lists."""

    def __init__(self, name, lists, *arguments):
        super().__init__(*arguments)
        self.name = name
        self.folder = self.folder.parent / name.replace(" ", "-")
        self.lists = lists

    def command(self):
        argv = super().command()
        path = Path(argv[-1])
        config = json.loads(path.read_text())
        config["dns"] = {"hosts": {HOST: ["127.0.0.1"]}}
        if self.lists:
            names = [f"list{i}" for i in range(len(self.lists))]
            config["policy"] = {
                "lists": [{"name": n, "file": str(f)} for n, f in zip(names, self.lists)],
                "rules": [{"id": "lists", "when": {"list": names}, "then": {"block": True}}]}
        path.write_text(json.dumps(config))
        return argv


class FilteringSquid(Squid):
    """Squid with nothing, or the names as an access list; a name covers what is below it."""

    def __init__(self, name, names, *arguments):
        super().__init__(*arguments)
        self.name = name
        self.folder = self.folder.parent / name.replace(" ", "-")
        self.names = names

    def command(self):
        argv = super().command()
        path = Path(argv[-1])
        rules = f'acl listed dstdomain "{self.names}"\nhttp_access deny listed\n' if self.names else ""
        hosts = self.write("hosts", f"127.0.0.1 {HOST}\n")
        path.write_text(f"hosts_file {hosts}\n{rules}" + path.read_text())
        return argv


def overhead(run, lists, missing):
    """CPU of a kept-alive GET with and without filtering: {name: [µs]}; all in each round."""
    cpu = run.cores[-1]
    names = run.folder / "names.txt"
    write_names(names)
    dotted = run.folder / "dotted.txt"
    dotted.write_text("".join("." + line + "\n" for line in sorted(set(names.read_text().split()))))
    for path in (run.folder, names, dotted):
        path.chmod(0o755)
    arguments = (run.bench.tools, run.folder, run.bench.origin_port, cpu)
    peers = [Filtering("weir", [], *arguments), Filtering("weir names", [names], *arguments)]
    if lists:
        peers.append(Filtering("weir full", lists, *arguments))
    peers += [FilteringSquid("squid", None, *arguments), FilteringSquid("squid names", dotted, *arguments)]
    missing += [f"{p.name}: {p.missing}" for p in peers if p.missing]
    peers = [p for p in peers if not p.missing]
    get = measure.Scenario("get", "", "get", ("--host", HOST))
    seen = {p.name: [] for p in peers}
    for peer in peers:
        run.started.append(peer)
        peer.start_seconds = 60
        peer.start()
    for number in range(run.options.rounds):
        for peer in peers:
            cost = measure.cpu(run.bench, peer, get)["cost"]
            seen[peer.name].append(cost)
            run.say(f"round {number + 1} filtering {peer.name}: {cost:.2f}")
    run.stop_all()
    return seen


def overhead_rows(seen):
    rows = []
    for name, costs in seen.items():
        base = seen[name.split()[0]]
        # Within a round both saw the same machine: the ratio is taken there.
        more = statistics.median(cost / ground - 1 for cost, ground in zip(costs, base))
        rate_lost = more / (1 + more)
        rows.append([name, report.cell(costs), f"{more:+.1%}" if costs is not base else "",
                     f"{rate_lost:.1%}" if costs is not base else ""])
    return rows


def measure_filters(run):
    """The section as Markdown."""
    began = time.monotonic()
    missing, rows, parts = [], [], ["", "# Filters", ""]
    lists = find_lists(run.bench.tools.build)
    if lists:
        decisions(run, lists, rows, missing)
        parts += [report.table(["full lists", "mean µs", "p50", "p99", "load s", "lists MB", "process MB", "blocked"],
                               rows), ""]
    else:
        missing.append(f"full lists: {PACKAGE} is neither installed nor to be downloaded")
    lists_tool = run.bench.tools.build / "tests" / "bench" / "bench_lists"
    if lists_tool.is_file():
        one = json.loads(subprocess.run([str(lists_tool)], capture_output=True, text=True, check=True).stdout)
        parts += [report.table(["lists alone", "load s", "MiB", "an answer"], [
            ["1,000,000 names", f"{one['load_s']:.2f}", f"{one['mib']:.1f}", f"{one['judge_ns']:.0f} ns"],
            ["5,000 RE2 patterns", f"{one['patterns_load_s']:.2f}", f"{one['patterns_mib']:.1f}",
             f"{one['patterns_us']:.2f} µs"]]), ""]
    else:
        missing.append("bench_lists is not built")
    parts += [report.table(["kept-alive GET that passes", "CPU µs", "more", "requests/s lost"],
                           overhead_rows(overhead(run, lists, missing))), ""]
    parts += [f"Left out: {why}" for why in missing]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    run.say(f"filters: {time.monotonic() - began:.0f} s, of which {used.ru_utime:.0f} s CPU")
    return "\n".join(parts) + "\n"
