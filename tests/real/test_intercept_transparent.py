# SPDX-License-Identifier: Apache-2.0
#
# Looking into TLS on a router: devices that know of no proxy, whose certificates are then ours, and the
# block page where others get an alert.
"""TLS that ends at a router."""

from inner_tls import make_authority
from namespaces import Case

ALL = ["0.0.0.0/0", "::/0"]
GAMES = {"id": "no-games", "description": "No games here.", "when": {"path": "/games/"}, "then": {"block": True}}
BAD = {"id": "no-bad", "description": "Not this one.", "when": {"host": "bad.test"}, "then": {"block": True}}
LOOK = {"id": "look", "when": {"not": {"host": "other.test"}}, "then": {"intercept": True}}


class Router(Case):
    def prepare(self, *rules, clients=tuple(ALL)):
        self.need("openssl")
        folder = make_authority(self)
        self.trusted = folder + "/weir-ca.pem"
        self.nginx()
        self.path("root/x", b"hello\n")
        self.path("root/games/1", b"fun\n")
        self.gateway(tls={"ca_certificate": self.trusted, "ca_key": folder + "/weir-ca.key",
                          "origin_ca": self.path("cert.pem")},
                     policy={"groups": [{"name": "ours", "clients": list(clients), "trusts_ca": True}],
                             "rules": list(rules)})

    def looked_into(self, road, last, name, path, **more):
        return self.secure(road, last, name, path, "--cacert", self.trusted, **more)

    def test_requests_inside_are_judged_and_answered(self):
        self.prepare(LOOK, GAMES)
        for road in self.roads():
            self.assertEqual(self.looked_into(road, 2, "good.test", "/x"), (200, b"hello\n"))
            status, body = self.looked_into(road, 2, "good.test", "/games/1")
            self.assertEqual(status, 403)
            self.assertIn(b"No games here.", body)
            line = self.entry(road, "https://good.test/x")
            self.assertEqual((line["intercept"], line["status"], line["rule"]), ("intercepted", 200, None))
            self.assertEqual(self.entry(road, "https://good.test/games/1")["rule"], "no-games")

    def test_a_name_that_our_resolver_does_not_bear_out_must_be_proven_by_its_certificate(self):
        self.prepare(LOOK)
        for road in self.roads():
            self.assertEqual(self.looked_into(road, 4, "good.test", "/x"), (200, b"hello\n"))
            status, _ = self.looked_into(road, 2, "elsewhere.example", "/x")
            self.assertEqual(status, 502)
            self.assertEqual(self.entry(road, "https://elsewhere.example/x")["failure"], "origin_wrong_name")

    def test_a_blocked_name_shows_its_page(self):
        self.prepare(BAD)
        for road in self.roads():
            status, body = self.looked_into(road, 3, "bad.test", "/")
            self.assertEqual(status, 403)
            self.assertIn(b"Not this one.", body)
            line = self.entry(road, "https://bad.test/")
            self.assertEqual((line["rule"], line["intercept"]), ("no-bad", "block_page"))

    def test_who_does_not_trust_us_gets_an_alert_or_passes_unread(self):
        self.prepare(BAD, LOOK, clients=["10.99.0.1"])
        for road in self.roads():
            self.assertEqual(self.looked_into(road, 3, "bad.test", "/", ok=False)[0], 0)
            self.assertEqual(self.secure(road, 2, "good.test", "/x"), (200, b"hello\n"))
            line = self.entry(road, "good.test:443")
            self.assertEqual((line["intercept"], line["kind"]), ("untrusting", "tunnel"))
