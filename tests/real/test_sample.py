# SPDX-License-Identifier: Apache-2.0
#
# `weir check` on requests as browsers send them, with a label each. The first test is ours: every class of case
# that a labelled sample of real requests has, with hosts and filters made up for it (types found from fields, or
# without any on plain http; pages and parties; documents; the order of decisions; conditionals; CONNECT).
#
# The second runs such a sample, which is not kept here: its lists have licences of their own. It wants
#   WEIR_SAMPLE        a folder with requests.jsonl and expected.jsonl, perhaps hosts-requests.jsonl and
#                      hosts-expected.jsonl: {"i": 0, "block": true, ...} for each request
#   WEIR_SAMPLE_LISTS  the lists its labels hold for, with commas between; else those of Debian's
#                      webext-ublock-origin-firefox, where that is installed
# and is skipped without the first.
#
# A URL whose path is empty ("http://ads.example") is judged as it is written: ".ads.example/" does not cover it, as
# labels say that come from engines which were handed that text. Whoever asks for it asks for "/" (RFC 9110 4.2.3): a
# browser puts the slash there before any filter sees the URL, and so does the proxy.
"""Labelled requests: ours, and a sample from outside."""

import json
import os
import subprocess

from harness import Case

ASSETS = "/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/uBlock0@raymondhill.net/assets"
INSTALLED = ["thirdparties/easylist/easylist.txt", "thirdparties/easylist/easyprivacy.txt",
             *("ublock/%s.min.txt" % name for name in ("filters", "badware", "privacy", "quick-fixes", "unbreak")),
             "thirdparties/urlhaus-filter/urlhaus-filter-online.txt"]

FILTERS = """[Adblock Plus 2.0]
! A host and what is below it; a host line, a hosts line; in other scripts.
||whole.example^
bare.example
0.0.0.0 sink.example
||münchen.example^
! Places in a URL.
||place.example/ad/
|https://start.example/x
/end.gif|
/wild*/pixel-
.plain.example/
/Case-Matters$match-case
/track-[0-9]+\\.php/
:8443/port^
! Types.
||t.example/a$script
||t.example/b$image
||t.example/c$xhr
||t.example/d$frame
||t.example/e$stylesheet
||t.example/f$font
||t.example/g$media
||t.example/h$object
||t.example/i$ping
||t.example/j$websocket
||t.example/k$other
||t.example/l$~script,~image
||t.example/m$document
||t.example/n$all
! Parties and pages.
||third.example^$3p
||first.example/own$1p
||hosting.github.io^$third-party
*/from.js$domain=news.example|~sport.news.example
*/any.js$from=brand.*
/deny.js$3p,domain=news.example,denyallow=good.example
/to.js$to=target.example|~ok.target.example
||post.example^$method=post
! Order.
||order.example^
@@||order.example/fine
||order.example/firm$important
||lifted.example^
@@||lifted.example^$redirect-rule
@@||lifted.example^$csp
@@||lifted.example^$removeparam
||only-image.example^
@@||only-image.example^$image
||gone.example^$script,3p
||gone.example^$third-party,script,badfilter
! Tunnels: whose page and for what is not known.
||1.2.3.4^
||some.example^
@@||some.example^$xhr,1p
||typed.example^
@@||typed.example^$script
||named.example^
@@||named.example^$domain=page.example
||own.example^$domain=~own.example
! Modifiers.
||clean.example^$removeparam=utm
||whole.example^$removeparam=utm
||swap.example^$script,redirect=noop.js
||swap2.example^
||swap2.example/x.js$redirect-rule=noop.js
||csp.example^$csp=script-src 'none'
! What decides nothing.
||popup.example^$popup
@@||whole.example^$generichide
@@||whole.example^$elemhide
||alias.example^$cname
whole.example##.ad
||unknown.example^$some-new-option
! Conditionals.
!#if env_firefox && !cap_nothing
||if.example^
!#else
||else.example^
!#endif
!#if (env_chromium || ext_abp)
||not.example^
!#if env_firefox
||nested.example^
!#endif
!#endif
"""

PAGE = "https://www.page.example/"
YES, NO = True, False


def browser(dest, page=PAGE, **more):
    """The fields of a request to https, as a browser sends them."""
    fields = {"user-agent": "Mozilla/5.0", "accept": "*/*", "sec-fetch-dest": dest,
              "sec-fetch-mode": {"document": "navigate", "iframe": "navigate", "websocket": "websocket",
                                 "empty": "cors", "font": "cors"}.get(dest, "no-cors"),
              "sec-fetch-site": "cross-site"}
    if page:
        fields["referer"] = page
    fields.update((name.replace("_", "-"), value) for name, value in more.items())
    return fields


def plain(accept="*/*", page="http://www.page.example/", **more):
    """The same to http, where there is nothing of Sec-Fetch."""
    fields = {"user-agent": "Mozilla/5.0", "accept": accept}
    if page:
        fields["referer"] = page
    fields.update((name.replace("_", "-"), value) for name, value in more.items())
    return fields


SCRIPT, IMAGE, FRAME, EMPTY, DOCUMENT = (browser(dest) for dest in ("script", "image", "iframe", "empty", "document"))
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"

# Label, URL, fields, and what else there is: method, rewrite, redirect.
REQUESTS = [
    # Hosts, and neighbours that just miss.
    (YES, "https://whole.example/x", SCRIPT), (YES, "https://a.b.whole.example:8080/", IMAGE),
    (NO, "https://notwhole.example/x", SCRIPT), (NO, "https://whole.example.net/x", SCRIPT),
    (NO, "https://x.test/?u=https://whole.example/", SCRIPT), (YES, "https://WHOLE.example./x", SCRIPT),
    (YES, "https://cdn.bare.example/x", SCRIPT), (YES, "https://sink.example/", IMAGE),
    (NO, "https://sunk.example/", IMAGE),
    (YES, "https://xn--mnchen-3ya.example/", IMAGE),
    # Places.
    (YES, "https://place.example/ad/x", SCRIPT), (NO, "https://place.example/add/x", SCRIPT),
    (YES, "https://start.example/xy", SCRIPT), (NO, "http://start.example/xy", plain()),
    (YES, "https://x.test/end.gif", IMAGE), (NO, "https://x.test/end.gif?1", IMAGE),
    (YES, "https://x.test/wild/1/pixel-2", IMAGE), (NO, "https://x.test/pixel-2/wild", IMAGE),
    (YES, "https://x.test/Case-Matters", SCRIPT), (NO, "https://x.test/case-matters", SCRIPT),
    (YES, "https://x.test/TRACK-12.php", IMAGE), (NO, "https://x.test/track-.php", IMAGE),
    (YES, "https://x.test:8443/port/x", IMAGE), (NO, "https://x.test:8444/port/x", IMAGE),
    # A path that is empty is not "/": see above.
    (YES, "https://www.plain.example/", IMAGE), (NO, "https://www.plain.example", IMAGE),
    (NO, "http://www.plain.example", plain("image/png,*/*;q=0.8")), (YES, "https://www.plain.example/x", IMAGE),
    (YES, "https://www.plain.example?x", IMAGE), (NO, "https://www.plain.example:81", IMAGE),
    # Types by Sec-Fetch-Dest.
    (YES, "https://t.example/a", SCRIPT), (YES, "https://t.example/a", browser("worker")),
    (YES, "https://t.example/a", browser("audioworklet")), (NO, "https://t.example/a", IMAGE),
    (YES, "https://t.example/b", IMAGE), (NO, "https://t.example/b", SCRIPT),
    (YES, "https://t.example/c", EMPTY), (NO, "https://t.example/c", FRAME),
    (YES, "https://t.example/d", FRAME), (YES, "https://t.example/d", browser("frame")),
    (NO, "https://t.example/d", DOCUMENT),
    (YES, "https://t.example/e", browser("style")), (YES, "https://t.example/f", browser("font")),
    (YES, "https://t.example/g", browser("audio")), (YES, "https://t.example/g", browser("video")),
    (YES, "https://t.example/h", browser("object")), (YES, "https://t.example/h", browser("embed")),
    (YES, "https://t.example/i", browser("empty", sec_fetch_mode="no-cors"), "POST"),
    (YES, "https://t.example/i", browser("empty", content_type="text/plain;charset=UTF-8"), "POST"),
    (YES, "https://t.example/i", browser("empty", ping_to=PAGE, content_type="text/ping"), "POST"),
    (NO, "https://t.example/i", browser("empty", content_type="application/json"), "POST"),
    (YES, "wss://t.example/j", browser("websocket", page=None, origin="https://page.example", upgrade="websocket")),
    (YES, "https://t.example/j", browser("empty", upgrade="websocket", connection="Upgrade")),
    (NO, "https://t.example/j", EMPTY),
    (YES, "https://t.example/k", browser("track")), (YES, "https://t.example/k", browser("manifest")),
    (YES, "https://t.example/k", browser("empty", sec_purpose="prefetch")), (NO, "https://t.example/k", EMPTY),
    (YES, "https://t.example/l", EMPTY), (NO, "https://t.example/l", SCRIPT), (NO, "https://t.example/l", IMAGE),
    # Types on plain http.
    (YES, "http://t.example/c", plain(x_requested_with="XMLHttpRequest")),
    (YES, "http://t.example/c", plain("application/json")),
    (YES, "http://t.example/c", plain(origin="http://www.page.example")), (YES, "http://t.example/c", plain(), "POST"),
    (YES, "http://t.example/d", plain(HTML)), (NO, "http://t.example/d", plain(HTML, page="http://www.t.example/")),
    (YES, "http://t.example/e", plain("text/css,*/*;q=0.1")), (YES, "http://t.example/b", plain("image/webp,*/*")),
    (YES, "http://t.example/f", plain("application/font-woff2;q=1.0,*/*")),
    (YES, "http://t.example/g", plain("video/webm,*/*")),
    (YES, "http://t.example/g", plain(range="bytes=0-", accept_encoding="identity;q=1, *;q=0")),
    (YES, "http://t.example/a.js?x", plain()), (YES, "http://t.example/f.woff2", plain()),
    (YES, "http://t.example/k", plain()),
    # Documents: only what says so, or ends where the host does.
    (YES, "https://whole.example/x", DOCUMENT), (NO, "https://place.example/ad/x", DOCUMENT),
    (YES, "https://t.example/m", DOCUMENT), (NO, "https://t.example/m", FRAME),
    (YES, "https://t.example/n", DOCUMENT), (YES, "https://t.example/n", IMAGE), (NO, "https://t.example/a", DOCUMENT),
    # Parties: by registrable domain, private suffixes too. The page is Referer's, else Origin's, else unknown or own.
    (YES, "https://third.example/", SCRIPT),
    (NO, "https://third.example/", browser("script", "https://www.third.example/")),
    (YES, "https://third.example/", browser("script", None, origin="https://page.example")),
    (YES, "https://third.example/", browser("script", None)),
    (NO, "https://third.example/", browser("script", None, sec_fetch_site="same-origin")),
    (NO, "https://third.example/", DOCUMENT), (NO, "http://third.example/x.js", plain(page=None)),
    (YES, "https://a.first.example/own", browser("script", "https://b.first.example/")),
    (NO, "https://a.first.example/own", SCRIPT),
    (YES, "https://hosting.github.io/x", browser("image", "https://other.github.io/")),
    (NO, "https://hosting.github.io/x", browser("image", "https://hosting.github.io/")),
    # Options about hosts and methods.
    (YES, "https://x.test/from.js", browser("script", "https://www.news.example/")),
    (NO, "https://x.test/from.js", SCRIPT),
    (NO, "https://x.test/from.js", browser("script", "https://sport.news.example/")),
    (YES, "https://x.test/any.js", browser("script", "https://www.brand.co.uk/")),
    (NO, "https://x.test/any.js", browser("script", "https://brand.page.example/")),
    (YES, "https://x.test/deny.js", browser("script", "https://news.example/")),
    (NO, "https://cdn.good.example/deny.js", browser("script", "https://news.example/")),
    (YES, "https://a.target.example/to.js", SCRIPT), (NO, "https://ok.target.example/to.js", SCRIPT),
    (NO, "https://x.test/to.js", SCRIPT),
    (YES, "https://post.example/", EMPTY, "POST"), (NO, "https://post.example/", EMPTY, "HEAD"),
    (NO, "https://post.example/", EMPTY, "OPTIONS"),
    # Important, exception, block; an exception of a modifier lifts that only.
    (YES, "https://order.example/x", SCRIPT), (NO, "https://order.example/fine", SCRIPT),
    (NO, "https://order.example/fine/firm", SCRIPT),
    (YES, "https://order.example/firm", SCRIPT),
    (YES, "https://lifted.example/?utm=1", SCRIPT), (NO, "https://only-image.example/", IMAGE),
    (YES, "https://only-image.example/", SCRIPT),
    (NO, "https://gone.example/", SCRIPT),
    # Modifiers.
    (NO, "https://clean.example/?a=1&utm=2", EMPTY, "GET", {"rewrite": "https://clean.example/?a=1"}),
    (NO, "https://clean.example/?a=1", EMPTY), (YES, "https://whole.example/?utm=1", EMPTY),
    (YES, "https://swap.example/x.js", SCRIPT, "GET", {"redirect": "noop.js"}),
    (NO, "https://swap.example/x.js", IMAGE),
    (YES, "https://swap2.example/x.js", SCRIPT, "GET", {"redirect": "noop.js"}),
    (YES, "https://swap2.example/y.js", SCRIPT),
    (NO, "https://csp.example/", DOCUMENT),
    # What decides nothing, and conditionals.
    (NO, "https://popup.example/", DOCUMENT), (NO, "https://alias.example/", SCRIPT),
    (NO, "https://unknown.example/", SCRIPT),
    (YES, "https://if.example/", SCRIPT), (NO, "https://else.example/", SCRIPT), (NO, "https://not.example/", SCRIPT),
    (NO, "https://nested.example/", SCRIPT),
]

# Label, label where third parties count, host.
TUNNELS = [
    (YES, YES, "whole.example"), (YES, YES, "a.whole.example"), (YES, YES, "bare.example"), (YES, YES, "if.example"),
    (NO, YES, "third.example"), (NO, YES, "hosting.github.io"), (NO, NO, "place.example"), (NO, NO, "t.example"),
    (NO, NO, "first.example"), (NO, NO, "post.example"), (NO, NO, "swap.example"), (NO, NO, "clean.example"),
    (NO, NO, "gone.example"), (NO, NO, "page.example"), (YES, YES, "order.example"),
    (YES, YES, "1.2.3.4"), (YES, YES, "x.1.2.3.4"), (NO, YES, "some.example"), (NO, NO, "typed.example"),
    (YES, YES, "named.example"), (NO, YES, "own.example"), (NO, YES, "a.own.example"),
]


class Sample(Case):
    def decide(self, requests, lists, *more):
        """What `weir check` decides, by the number of the request."""
        decisions = self.path("decisions.jsonl")
        subprocess.run([os.environ["WEIR_BINARY"], "check", "--requests", requests, "--decisions", decisions, "--lists",
                        ",".join(lists), *more], check=True, capture_output=True, timeout=100)
        return {one["i"]: one for one in self.lines(decisions)}

    @staticmethod
    def lines(path):
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def written(self, name, requests):
        return self.path(name, "".join(json.dumps(one) + "\n" for one in requests).encode())

    # Ours.

    def test_requests_as_browsers_send_them_are_judged_as_labelled(self):
        rows = [(*row, *("GET", {})[len(row) - 3:]) for row in REQUESTS]
        asked = [{"i": i, "url": url, "method": method, "headers": fields}
                 for i, (_, url, fields, method, _) in enumerate(rows)]
        lists = [self.path("filters.txt", FILTERS.encode())]
        found = self.decide(self.written("requests.jsonl", asked), lists)
        for i, (block, url, fields, method, more) in enumerate(rows):
            got = {name: found[i].get(name) for name in ("block", "rewrite", "redirect")}
            expected = dict({"block": block, "rewrite": None, "redirect": None}, **more)
            self.assertEqual(got, expected, "%s %s %s\n%s" % (method, url, fields, found[i]))

    def test_tunnels_are_judged_by_what_covers_the_whole_host(self):
        asked = [{"i": i, "url": host + ":443", "method": "CONNECT"} for i, (_, _, host) in enumerate(TUNNELS)]
        requests = self.written("tunnels.jsonl", asked)
        lists = [self.path("filters.txt", FILTERS.encode())]
        for column, more in ((0, []), (1, ["--third-party-hosts"])):
            found = self.decide(requests, lists, *more)
            for i, row in enumerate(TUNNELS):
                self.assertEqual(found[i]["block"], row[column], "%s %s\n%s" % (row[2], more, found[i]))

    # From outside.

    def sample(self):
        folder = os.environ.get("WEIR_SAMPLE")
        if not folder:
            self.skipTest("no labelled sample: WEIR_SAMPLE names no folder")
        named = os.environ.get("WEIR_SAMPLE_LISTS")
        lists = named.split(",") if named else [os.path.join(ASSETS, name) for name in INSTALLED]
        for path in lists:
            if not os.path.exists(path):
                self.skipTest("no lists for the sample: %s is not there; WEIR_SAMPLE_LISTS names them" % path)
        return folder, lists

    def compare(self, folder, lists, kind, label, *more):
        """How many there are, and those that are judged otherwise than labelled."""
        requests = os.path.join(folder, kind + "requests.jsonl")
        if not os.path.exists(requests):
            self.skipTest("no labelled sample: %s is not there" % requests)
        found = self.decide(requests, lists, *more)
        expected = {one["i"]: one for one in self.lines(os.path.join(folder, kind + "expected.jsonl"))}
        asked = {one["i"]: one for one in self.lines(requests)}
        self.assertEqual(set(asked), set(found))
        wrong = [asked[i] for i in sorted(expected) if found[i]["block"] != expected[i][label]
                 or (kind == "" and found[i].get("rewrite") != expected[i].get("rewrite"))]
        return len(expected), wrong, found

    def test_a_sample_is_judged_as_labelled(self):
        folder, lists = self.sample()
        count, wrong, found = self.compare(folder, lists, "", "block")
        print("%d requests, %d as labelled" % (count, count - len(wrong)))
        self.assertEqual([], wrong[:20], "%d of %d" % (len(wrong), count))

    def test_a_sample_of_tunnels_is_judged_as_labelled(self):
        folder, lists = self.sample()
        for label, more in (("block", []), ("block_if_third_party", ["--third-party-hosts"])):
            count, wrong, _ = self.compare(folder, lists, "hosts-", label, *more)
            print("%d tunnels, %d as labelled (%s)" % (count, count - len(wrong), label))
            self.assertEqual([], wrong[:20], "%d of %d" % (len(wrong), count))
