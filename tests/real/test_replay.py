# SPDX-License-Identifier: Apache-2.0
#
# A day's traffic judged again from its log. What the log does not hold of a request (fields, types shown by
# bytes, names in greetings ...) may have decided about it; replay must say so, and never call it a change.
"""replay over logs of real traffic."""

import json
import os

from harness import LOOPBACK, Case, wait_until
from inner_tls import certificate, tls_server
from origins import Server, read_head, say

PACKED = b"\x1f\x8b\x08" + b"\0" * 400


def block(name, **when):
    return {"id": name, "when": {"host": name + ".test", **when}, "then": {"block": True}}


# A rule for a host of its name, so that one condition alone decides about each host.
RULES = [
    block("type", media_type="video/*"),
    block("bytes", media_type="application/x-gzip"),
    block("name", file_name="*.exe"),
    block("size", response_size={"at_least": "1KiB"}),
    block("sent", request_size={"at_least": 10}),
    block("status", status=404),
    block("answer", response_field={"X-Bad": True}),
    block("field", field={"X-Mine": "yes"}),
    block("agent", field={"User-Agent": "bad*"}),
    block("wanted", kind="script"),
    block("address", destination="127.0.0.9/32"),
    block("query", query={"a": "b"}),
    {"id": "hidden", "when": {"sni": "hidden.test"}, "then": {"block": True}},
    {"id": "elsewhere", "when": {"host": "away.test"}, "then": {"redirect": "http://type.test/"}},
    {"id": "unless", "when": {"host": "unless.test", "not": {"field": {"X-Mine": True}}}, "then": {"close": True}},
    {"id": "listed", "when": {"list": "ads"}, "then": {"block": True}},
    {"id": "pass-gif", "when": {"host": "mixed.test", "media_type": "image/*"}, "then": {"allow": True}},
    block("mixed", status="2xx"),
    {"id": "retype", "when": {"host": "retyped.test"}, "then": {"set_response_field": {"Content-Type": "video/x"}}},
    block("retyped", media_type="video/*"),
]
HOSTS = ("type", "bytes", "name", "size", "sent", "status", "answer", "field", "agent", "wanted", "query", "away",
         "unless", "ads", "mixed", "shown", "hidden", "retyped", "cors")


def answer(sock):
    """The path says how: a status, a type, and what else."""
    while True:
        head = read_head(sock).decode("latin-1")
        path = head.split(" ")[1]
        fields = "X-Bad: yes\r\n" if "bad" in path else ""
        fields += 'Content-Disposition: attachment; filename="a.exe"\r\n' if "named" in path else ""
        kind = "video/mp4" if "video" in path else "image/gif" if "image" in path else "text/plain"
        body = PACKED if "packed" in path else b"x" * 5000 if "large" in path else b"GIF89a" + b"\0" * 30
        say(sock, "404 Not Found" if "missing" in path else "200 OK", body,
            "%sContent-Type: %s\r\nCache-Control: no-store\r\n" % (fields, kind))


class Replay(Case):
    def setUp(self):
        super().setUp()
        self.need("openssl", "curl")
        certificate(self, "cert")
        self.path("ads.txt", b"||shown.test^$script,domain=a.test\n||ads.test^$third-party\n@@||ads.test^*/ours$script\n"
                             b"||cors.test^\n@@||cors.test^$xhr,domain=a.test\n")
        self.origin = Server(self, answer)
        self.secure = tls_server(self, answer)

    def serve(self, log):
        hosts = {name + ".test": [LOOPBACK] for name in HOSTS}
        hosts["address.test"] = ["127.0.0.9"]
        hosts["inner.test"] = ["169.254.1.1"]
        self.weir = self.proxy({
            "access_log": {"format": log}, "dns": {"hosts": hosts}, "destinations": {"private_ranges": True},
            "policy": {"lists": [{"name": "ads", "file": self.path("ads.txt"), "format": "adblock"}],
                       "rules": RULES}}, tunnel_to=[self.secure.port])
        self.asked = 0

    def ask(self, host, path="/", *more):
        url = "http://%s.test:%d%s" % (host, self.origin.port, path)
        self.asked += 1
        done = self.curl(self.weir, "-o", self.path("body"), "-w", "%{http_code}", *more, url, ok=False)
        return int(done.stdout)

    def tunnel(self, host, name):
        """A tunnel to a host, and a greeting that names perhaps another: whether the server answers."""
        self.asked += 1
        done = self.curl(self.weir, "-k", "--http1.1", "--connect-to", "::%s.test:%d" % (host, self.secure.port), "-o",
                         self.path("body"), "-p", "https://%s.test:%d/" % (name, self.secure.port), ok=False)
        return done.returncode == 0

    def traffic(self):
        """Requests that each rule stops, and such that it lets pass."""
        self.assertEqual((self.ask("type", "/video"), self.ask("type", "/")), (403, 200))
        self.assertEqual((self.ask("bytes", "/packed"), self.ask("bytes", "/")), (403, 200))
        self.assertEqual((self.ask("name", "/named"), self.ask("name", "/b.exe"), self.ask("name")), (403, 403, 200))
        self.assertEqual((self.ask("size", "/large"), self.ask("size")), (403, 200))
        self.assertEqual((self.ask("sent", "/", "-d", "0123456789abc"), self.ask("sent")), (403, 200))
        self.assertEqual((self.ask("status", "/missing"), self.ask("status")), (403, 200))
        self.assertEqual((self.ask("answer", "/bad"), self.ask("answer")), (403, 200))
        self.assertEqual((self.ask("field", "/", "-H", "X-Mine: yes"), self.ask("field")), (403, 200))
        self.assertEqual((self.ask("agent", "/", "-A", "bad one"), self.ask("agent")), (403, 200))
        self.assertEqual((self.ask("wanted", "/", "-H", "Sec-Fetch-Dest: script"), self.ask("wanted")), (403, 200))
        self.assertEqual((self.ask("query", "/?a=b"), self.ask("query", "/?a=c")), (403, 200))
        self.assertEqual(self.ask("address"), 403)
        self.assertEqual(self.ask("away"), 302)
        self.assertEqual((self.ask("unless", "/", "-H", "X-Mine: yes"), self.ask("unless")), (200, 0))
        self.assertEqual((self.ask("mixed", "/image"), self.ask("mixed")), (200, 403))
        page = ("-H", "Sec-Fetch-Dest: script", "-H", "Referer: http://a.test/")
        self.assertEqual((self.ask("shown", "/", *page), self.ask("shown")), (403, 200))
        self.assertEqual((self.ask("ads", "/x", *page), self.ask("ads", "/ours", *page), self.ask("ads")),
                         (403, 200, 200))
        self.assertEqual((self.ask("retyped", "/"), self.ask("retyped", "/video")), (200, 403))
        self.assertEqual((self.ask("cors", "/", "-H", "Origin: http://a.test", "-H", "Sec-Fetch-Dest: empty"), self.ask("cors")),
                         (200, 403))
        self.assertEqual(self.ask("inner"), 403)
        self.assertTrue(self.tunnel("type", "type"))
        self.assertFalse(self.tunnel("type", "hidden"))
        self.assertFalse(self.tunnel("hidden", "hidden"))
        self.assertEqual(self.ask("nowhere.invalid"), 502)
        wait_until("a line of each in the log", lambda: self.weir.log().count("\n") == self.asked)

    def replay(self, *changes):
        """What replay says with rules left out, and with others before the rest."""
        with open(self.weir.config, encoding="utf-8") as file:
            draft = json.load(file)
        dropped = [each for each in changes if isinstance(each, str)]
        draft["policy"]["rules"] = [each for each in changes if isinstance(each, dict)] + [
            rule for rule in RULES if rule["id"] not in dropped]
        config = self.path("draft.json", json.dumps(draft).encode())
        done = self.run_program(os.environ["WEIR_BINARY"], "replay", self.weir.access_log, "--config", config, "--json",
                                "--limit", "100")
        return json.loads(done.stdout)

    def reasons(self, said):
        return {row["reason"]: row["count"] for row in said["unjudged"]}

    def test_nothing_changes_under_the_same_rules(self):
        """Whatever the log's format lacks, the same rules change nothing; what cannot be known is named."""
        for log in ("json", "squid", "combined"):
            with self.subTest(log):
                if os.path.exists(self.path("access.log")):
                    os.remove(self.path("access.log"))
                self.serve(log)
                self.traffic()
                said = self.replay()
                self.assertEqual((said["by_rule"], said["records"]), ([], self.asked), said)
                self.assertEqual(said["judged"] + sum(self.reasons(said).values()), said["records"])
                self.assertGreater(said["judged"], 8, said)
                for rule, condition in (("type", "media_type"), ("bytes", "media_type"), ("name", "file_name"),
                                        ("size", "response_size"), ("sent", "request_size"), ("status", "status"),
                                        ("answer", "response_field"), ("field", "field X-Mine"), ("wanted", "kind"),
                                        ("unless", "field X-Mine")):
                    reason = "rule %s asks for %s, which the log does not hold" % (rule, condition)
                    self.assertIn(reason, self.reasons(said))
                self.weir.end()

    def test_what_can_be_judged_is_a_change(self):
        """A draft without a rule, or with one more, changes what does not hang on what the log lacks."""
        self.serve("json")
        self.traffic()
        changed = {(row["change"], row["rule"]): row["count"] for row in self.replay("type", "query", "elsewhere")["by_rule"]}
        self.assertEqual(changed, {("blocked to allowed", "type"): 1, ("blocked to allowed", "query"): 1,
                                   ("redirected to allowed", "elsewhere"): 1})
        said = self.replay({"id": "none", "when": {"host": "field.test"}, "then": {"block": True}},
                           {"id": "odd", "when": {"host": "sent.test", "field": {"X-New": True}},
                            "then": {"block": True}})
        self.assertEqual([(row["change"], row["rule"], row["count"]) for row in said["by_rule"]],
                         [("allowed to blocked", "none", 1)])
        self.assertEqual(self.reasons(said)["rule odd asks for field X-New, which the log does not hold"], 2)
