# SPDX-License-Identifier: Apache-2.0
"""Turns measurements into Markdown tables: figures, ratios, and the goals Weir must reach."""
import statistics

MISSING = "n/a"


def middle(samples):
    return statistics.median(samples)


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(samples):
    """Median and, of several runs, the whole spread."""
    if not samples:
        return MISSING
    text = number(middle(samples))
    if len(samples) > 1:
        text += f" ({number(min(samples))}–{number(max(samples))})"
    return text


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def figures(results, peers):
    rows = [[entry["title"]] + [cell(entry["peers"].get(name)) for name in peers]
            for entry in results.values()]
    return table(["what"] + peers, rows)


def ratios(results, peers, base):
    """Each median as a multiple of one peer's."""
    rows = []
    for entry in results.values():
        ground = entry["peers"].get(base)
        if not ground or middle(ground) <= 0:
            continue
        row = [entry["title"].split(" (")[0]]
        for name in peers:
            samples = entry["peers"].get(name)
            row.append(f"{middle(samples) / middle(ground):.2f}" if samples else MISSING)
        rows.append(row)
    return table([f"times {base}"] + peers, rows) if rows else ""


# What must hold for Weir: scenario, the limit in words, and how it is found from the medians.
GOALS = [
    ("get", "at most 1.5 x relay", lambda m: 1.5 * m("get", "relay")),
    ("get", "below nginx", lambda m: m("get", "nginx")),
    ("newconn", "below HAProxy", lambda m: m("newconn", "haproxy")),
    ("connect", "below HAProxy", lambda m: m("connect", "haproxy")),
    ("post", "below HAProxy", lambda m: m("post", "haproxy")),
    ("tunnel", "at most HAProxy (tcp, splicing)", lambda m: m("tunnel", "haproxy-tcp")),
    ("bulk", "at most HAProxy", lambda m: m("bulk", "haproxy")),
    ("chunked", "below nginx", lambda m: m("chunked", "nginx")),
    ("idle", "at most 1.5 KiB", lambda m: 1.5),
    ("idle-tunnel", "at most 3 KiB", lambda m: 3),
    ("syscalls", "at most 5", lambda m: 5),
    ("allocations", "none", lambda m: 0.005),
    ("start", "under 50 ms", lambda m: 50),
]


def goals(results):
    """Rows of (scenario, goal, limit, Weir's figure, reached), for goals that this run can judge."""
    def median_of(key, name):
        return middle(results[key]["peers"][name])

    judged = []
    for key, words, limit_of in GOALS:
        try:
            limit, ours = limit_of(median_of), median_of(key, "weir")
        except (KeyError, statistics.StatisticsError):
            continue
        judged.append((results[key]["title"], words, limit, ours, ours <= limit))
    return judged


def goal_table(judged):
    rows = [[title, words, number(limit), number(ours), "yes" if good else "**NO**"]
            for title, words, limit, ours, good in judged]
    return table(["what", "goal", "limit", "weir", "reached"], rows)


def markdown(document):
    """The whole report."""
    results, peers = document["results"], document["peers"]
    parts = ["# Benchmark", "", document["conditions"], "",
             "CPU of the proxy unless said otherwise; medians, with the spread over all runs.", "",
             figures(results, peers), ""]
    for base in ("relay", "weir"):
        if base in peers:
            parts += [ratios({k: v for k, v in results.items() if v["ratio"]}, peers, base), ""]
    if document["goals"]:
        parts += [goal_table(document["goals"]), ""]
    parts += [f"Left out: {name}: {why}" for name, why in document["missing"].items()]
    return "\n".join(parts) + "\n"
