# SPDX-License-Identifier: Apache-2.0
#
# `weir explain` must tell what the proxy then does: requests go through the running proxy, and what its
# access log says of each is compared with what explain says of the same request.
"""Explanations beside the proxy's own decisions."""

import json
import os
import random
import re

from harness import Case, LOOPBACK, wait_until
from origins import Server, read_head, say

BODY = b"plain words\n"
HOSTS = ["a.test", "www.a.test", "b.test", "ads.test"]
INNER = {"id": "inner", "when": {"destination": "127.0.0.0/8"}, "then": {"allow": True}}
OUTER = {"id": "outer", "when": {"destination": "10.0.0.0/8"}, "then": {"allow": True}}
REST = {"id": "rest", "then": {"block": True}}

CONDITIONS = {
    "host": ["a.test", ".a.test", "*.a.test", "ads.test"], "path": ["/x/", "/y"], "method": ["GET", "POST", "HEAD"],
    "list": ["names", "near", "far", "trial"], "destination": ["127.0.0.0/8", "10.0.0.0/8"],
    "field": [{"X-A": True}, {"X-A": False}, {"Host": "*.test:*"}], "kind": ["image", "other"],
    "request_size": [{"below": 1}, {"at_least": 5}], "response_size": [{"below": 5}, {"at_least": 5}],
    "status": ["2xx", 404], "media_type": ["text/*", "image/*"], "response_field": [{"X-Gone": True}],
    "schedule": ["always"], "client": ["127.0.0.2"], "query": [{"a": "1"}], "file_name": ["*.exe"]}
DECISIONS = [{"allow": True}, {"block": True}, {"redirect": "http://home.test/"}, {"close": True}, {}]


def serve(sock):
    """The path says with which status, HEAD is answered without a body."""
    head = read_head(sock)
    status = re.search(rb"/(\d\d\d)", head)[1].decode()
    length = int((re.search(rb"(?i)content-length: (\d+)", head) or [0, 0])[1])
    while length > 0:
        length -= len(sock.recv(length))
    fields = "Content-Type: text/plain\r\n"
    if head.startswith(b"HEAD"):
        sock.sendall(("HTTP/1.1 %s Told\r\n%sContent-Length: %d\r\n\r\n" % (status, fields, len(BODY))).encode())
    else:
        say(sock, status + " Told", BODY, fields)


def some_when(dice, depth=0):
    when = {}
    for _ in range(dice.choice([1, 1, 2])):
        if depth < 2 and dice.random() < 0.3:
            inner = some_when(dice, depth + 1)
            when.update({"not": inner} if dice.random() < 0.5 else {"any": [inner, some_when(dice, depth + 1)]})
        else:
            name = dice.choice(list(CONDITIONS))
            when[name] = dice.choice(CONDITIONS[name])
    return when


def some_rules(dice):
    return [{"id": "r%d" % i, "when": some_when(dice), "dry_run": dice.random() < 0.15,
             "then": {**dice.choice(DECISIONS), "tag": "t%d" % i}} for i in range(dice.randint(2, 6))]


def some_request(dice):
    method = dice.choice(["GET", "GET", "GET", "HEAD", "POST"])
    fields = [field for field in ("X-A: one", "Sec-Fetch-Dest: image") if dice.random() < 0.4]
    path = "/%s/%s/%s%s" % (dice.choice("xy"), dice.choice(["200", "404"]), dice.choice(["f.exe", "", "g.png"]),
                            dice.choice(["", "?a=1", "?a=2"]))
    return method, dice.choice(HOSTS), path, fields, dice.choice(["127.0.0.1", "127.0.0.2"])


class Explain(Case):
    def begin(self, rules, default="allow"):
        self.path("names.txt", b"ads.test\n")
        self.path("near.txt", b"127.0.0.0/8\n")
        self.path("far.txt", b"10.0.0.0/8\n")
        self.path("access.log", b"")
        lists = [{"name": name, "file": self.path(name + ".txt")} for name in ("names", "near", "far")]
        lists.append({"name": "trial", "file": self.path("names.txt"), "dry_run": True})
        policy = {"default": default, "rules": rules, "lists": lists,
                  "schedules": [{"name": "always", "when": [{"days": ["mon-sun"]}]}]}
        return self.proxy({"policy": policy, "access_log": {"format": "json"}, "process": {"workers": 1},
                           "dns": {"hosts": {host: [LOOPBACK] for host in HOSTS}}})

    def done(self, proxy, method, url, fields, client):
        """The record of the request, made."""
        before = proxy.log().count("\n")
        more = [part for field in fields for part in ("-H", field)]
        more += ["-I"] if method == "HEAD" else ["-X", method]
        self.curl(proxy, "-o", os.devnull, "--interface", client, *more, url, ok=False)
        lines = wait_until("a record", lambda: proxy.log().splitlines()[before:])
        record = json.loads(lines[-1])
        trials = [":".join(words.split(":")[:2]) for words in (record["would_have"] or "").split(",")]
        return (record["decision"], record["rule"] or "", trials,
                sorted((record["tags"] or "").split(",")))

    def told(self, proxy, method, url, fields, client):
        """The same of explain's answer."""
        status = re.search(r"/(\d\d\d)", url)[1]
        asked = ["-X", method, "--as", client, "--destination", LOOPBACK, "--response-status", status]
        asked += [part for field in fields for part in ("-H", field)]
        asked += ["--response-header", "Content-Type: text/plain",
                  "--response-header", "Content-Length: %d" % len(BODY), "--json", url]
        out = self.run_program(os.environ["WEIR_BINARY"], "explain", "-c", proxy.config, *asked).stdout
        told = json.loads(out)
        trial = told.get("on_trial")
        tags = [change["value"] for change in told["changes"] if change["action"] == "tag"]
        trials = ["%s:%s" % (trial["decision"], trial["rule"])] if trial else []
        trials += ["adjust:" + rule for rule in told.get("on_trial_adjusting", [])]
        return (told["decision"]["decision"], told["decision"].get("rule", ""), trials or [""], sorted(tags) or [""])

    def same(self, proxy, port, request, note=""):
        method, host, path, fields, client = request
        url = "http://%s:%d%s" % (host, port, path)
        done = self.done(proxy, method, url, fields, client)
        self.assertEqual(self.told(proxy, method, url, fields, client), done, "%s %s %s" % (note, request, proxy.config))
        return done[:2]

    def test_random_policies_are_explained_as_they_are_carried_out(self):
        origin = Server(self, serve)
        for seed in range(8):
            dice = random.Random(seed)
            rules = some_rules(dice)
            proxy = self.begin(rules, dice.choice(["allow", "allow", "block"]))
            for _ in range(12):
                self.same(proxy, origin.port, some_request(dice), json.dumps(rules))
            proxy.end()

    def test_a_block_waits_for_a_rule_before_it_about_the_address(self):
        """As the default to block does: the rules are asked in their order, whenever things become known."""
        origin = Server(self, serve)
        for rules, decided in (([INNER, REST], ("allow", "inner")), ([OUTER, REST], ("block", "rest"))):
            proxy = self.begin(rules)
            self.assertEqual(self.same(proxy, origin.port, ("GET", "a.test", "/x/200/", [], LOOPBACK)), decided)
            proxy.end()
        self.assertEqual(origin.accepted, 1)  # nobody was asked for what is blocked

    def test_of_the_rules_before_a_block_it_is_said_which_it_waits_for(self):
        name = {"id": "name", "when": {"file_name": "*.pdf"}, "then": {"allow": True}}
        proxy = self.begin([OUTER, name, REST])
        told = self.run_program(os.environ["WEIR_BINARY"], "explain", "-c", proxy.config, "http://a.test/").stdout.decode()
        self.assertIn("rule outer stands before it and may still decide: ", told)
        self.assertIn("rule name stands before it and is not asked any more: ", told)

    def test_a_tunnel_waits_for_the_address_too(self):
        origin = Server(self, serve)
        for rules, status in (([INNER, REST], b" 200 "), ([OUTER, REST], b" 403 ")):
            self.path("access.log", b"")
            names = {"dns": {"hosts": {"a.test": [LOOPBACK]}}, "policy": {"rules": rules}}
            proxy = self.proxy(names, tunnel_to=[origin.port])
            with proxy.connect() as sock:
                sock.sendall(b"CONNECT a.test:%d HTTP/1.1\r\nHost: a.test\r\n\r\n" % origin.port)
                self.assertIn(status, read_head(sock).split(b"\r\n")[0])
            proxy.end()

    def test_what_a_later_phase_overrules_leaves_nothing_in_the_log(self):
        origin = Server(self, serve)
        proxy = self.begin([{"id": "plain", "when": {"media_type": "text/*"}, "then": {"allow": True}},
                            {"id": "trial", "dry_run": True, "then": {"block": True}}])
        self.assertEqual(self.same(proxy, origin.port, ("GET", "a.test", "/x/200/", [], LOOPBACK)), ("allow", "plain"))
