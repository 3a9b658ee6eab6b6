# SPDX-License-Identifier: Apache-2.0
#
# Filter lists from a server that behaves and misbehaves, and a policy that is read anew, all while the
# proxy serves. SIGHUP makes it ask for new versions at once, so no test waits for an interval.
"""Downloaded lists: first, unchanged, changed, held back, failed; and SIGHUP."""

import gzip
import hashlib
import http.server
import json
import os
import signal
import ssl
import subprocess
import threading
from unittest import mock

from harness import Case, LOOPBACK, Proxy, wait_until
from origins import PythonHttp, Server, make_certificate, read_head, say
from proxies import write_weir_config

CONFIG = 78  # sysexits.h


class ListHandler(http.server.BaseHTTPRequestHandler):
    """Serves `case.body` with an ETag, or does what `case.trouble` does with the handler."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def do_GET(self):
        case = self.server.case
        case.asked.append((self.path, dict(self.headers.items())))
        if case.trouble:
            case.trouble(self)
            return
        etag = '"%s"' % hashlib.sha256(case.body).hexdigest()
        known = [tag.strip() for tag in self.headers.get("If-None-Match", "").split(",")]
        if etag in known:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.end_headers()
            case.unchanged += 1
            return
        self.give(case.body, ("ETag", etag))

    def give(self, body, *fields, status=200):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def names(*hosts, count=0):
    return "".join(host + "\n" for host in hosts + tuple("x%d.test" % n for n in range(count))).encode()


class Lists(Case):
    def setUp(self):
        super().setUp()
        self.body, self.trouble, self.asked, self.unchanged = names("ads.test"), None, [], 0
        self.server = PythonHttp(self, ListHandler)
        self.origin = Server(self, self.serve)
        self.directory = self.path("kept/lists")

    def serve(self, sock):
        while True:
            read_head(sock)
            say(sock, "200 OK", b"hello\n")

    def settings(self, **more):
        entry = dict({"name": "ads", "url": self.server.url("/ads.txt")}, **more)
        hosts = {name: [LOOPBACK] for name in ("ads.test", "new.test", "good.test")}
        return {"dns": {"hosts": hosts}, "lists": {"directory": self.directory}, "process": {"workers": 2},
                "policy": {"lists": [entry], "rules": [{"id": "r1", "when": {"list": "ads"}, "then": {"block": {}}}]}}

    def start(self, **more):
        return self.proxy(self.settings(**more))

    def status(self, proxy, host):
        return self.get(proxy, "http://%s:%d/" % (host, self.origin.port))[0]

    def until(self, proxy, host, status):
        """Both workers: a decision that changed stays so for a run of requests."""
        wait_until(lambda: "%s is answered with %d; the proxy said:\n%s" % (host, status, proxy.errors()),
                   lambda: all(self.status(proxy, host) == status for _ in range(8)))

    def said(self, proxy, *texts):
        wait_until(lambda: "%s in:\n%s" % (texts, proxy.errors()),
                   lambda: all(text in proxy.errors() for text in texts))

    def blocking(self, **more):
        """A proxy that has downloaded the list and judges by it."""
        proxy = self.start(**more)
        self.until(proxy, "ads.test", 403)
        return proxy

    def hup(self, proxy):
        proxy.send(signal.SIGHUP)

    def files(self, ending):
        return [name for name in os.listdir(self.directory) if name.endswith(ending)]

    # Good servers.

    def test_a_list_is_downloaded_and_judged_by(self):
        proxy = self.blocking()
        self.assertEqual(self.status(proxy, "good.test"), 200)
        self.said(proxy, 'list "ads": taken: 1 rules')
        agent = self.asked[0][1]
        self.assertTrue(agent["User-Agent"].startswith("weir/"))
        self.assertNotIn("Cookie", agent)

    def test_a_list_in_gzip_is_understood(self):
        self.body = gzip.compress(names("ads.test"))
        self.blocking()

    def test_a_coded_answer_is_understood(self):
        coded = gzip.compress(names("ads.test"))
        self.trouble = lambda handler: handler.give(coded, ("Content-Encoding", "gzip"))
        self.blocking()

    def test_a_list_that_has_not_changed_is_not_sent_again(self):
        proxy = self.blocking()
        self.hup(proxy)
        wait_until("304", lambda: self.unchanged == 1)
        self.assertEqual(self.status(proxy, "ads.test"), 403)

    def test_a_server_without_etags_is_asked_by_date(self):
        date = "Tue, 14 Nov 2023 22:13:20 GMT"
        self.trouble = lambda handler: handler.give(self.body, ("Last-Modified", date))
        proxy = self.blocking()
        self.hup(proxy)
        wait_until("a second question", lambda: len(self.asked) == 2)
        self.assertEqual(self.asked[1][1].get("If-Modified-Since"), date)

    def test_the_kept_list_is_used_at_the_next_start_without_asking(self):
        proxy = self.blocking()
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(), 0)
        again = self.another(self.settings())
        self.assertEqual(self.status(again, "ads.test"), 403)
        self.assertEqual(len(self.asked), 1)

    def test_an_update_under_traffic_changes_decisions_and_breaks_no_request(self):
        proxy = self.blocking()
        half, go_on = threading.Event(), threading.Event()

        def slow(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"a" * 100_000)
            half.set()
            go_on.wait(60)
            sock.sendall(b"b" * 100_000)
            sock.recv(1)
        origin = Server(self, slow)
        bodies, statuses, stop = [], set(), threading.Event()

        def fetch():
            bodies.append(self.get(proxy, "http://new.test:%d/" % origin.port))

        def traffic():
            while not stop.is_set():
                statuses.add(self.status(proxy, "good.test"))
        threads = [threading.Thread(target=work) for work in (fetch, traffic, traffic)]
        for thread in threads:
            thread.start()
        try:
            self.assertTrue(half.wait(20))
            self.body = names("ads.test", "new.test")
            self.hup(proxy)
            self.until(proxy, "new.test", 403)
        finally:
            go_on.set()
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(bodies[0][0], 200)
        self.assertEqual(len(bodies[0][1]), 200_000)
        self.assertEqual(statuses, {200})

    # Versions that are held back.

    def held_back(self, body, reason, **more):
        self.body = names("ads.test", count=99)
        proxy = self.blocking(**more)
        self.body = body
        self.hup(proxy)
        self.said(proxy, 'list "ads": new version held back: ' + reason)
        self.assertEqual(self.status(proxy, "ads.test"), 403)
        self.assertEqual(self.status(proxy, "new.test"), 200)
        self.assertEqual(len(self.files(".list")), 2)
        return proxy

    def test_a_list_that_shrinks_is_held_back(self):
        self.held_back(names("new.test", count=10), "it shrinks from 100 rules to 11, more than max_shrink 50 %")

    def test_a_list_that_grows_is_held_back(self):
        self.held_back(names("new.test", count=500), "it grows from 100 rules to 501")

    def test_a_list_that_blocks_a_canary_is_held_back(self):
        self.held_back(names("ads.test", "new.test", count=98), "it would block the canary www.new.test, by line 2",
                       canaries=["www.new.test"])

    def test_a_web_page_is_held_back(self):
        self.held_back(b"<!doctype html><title>Sign in</title>", "it is a web page")

    def test_what_is_held_back_is_said_once_and_asked_for_no_more(self):
        proxy = self.held_back(names("new.test"), "it shrinks")
        for count in (1, 2):
            self.hup(proxy)
            wait_until("304", lambda n=count: self.unchanged == n)
        self.assertEqual(proxy.errors().count("held back"), 1)

    def test_what_is_held_back_is_taken_when_the_limits_allow_it(self):
        proxy = self.held_back(names("new.test"), "it shrinks")
        self.change(proxy, self.settings(max_shrink=100))
        self.hup(proxy)
        self.until(proxy, "new.test", 403)
        self.assertEqual(self.status(proxy, "ads.test"), 200)

    def weir(self, proxy, *arguments):
        return subprocess.run([os.environ["WEIR_BINARY"], *arguments, "--config", proxy.config], capture_output=True,
                              timeout=60, check=False)

    def test_what_is_held_back_is_shown_and_taken_when_somebody_accepts_it(self):
        proxy = self.held_back(names("new.test"), "it shrinks")
        shown = self.weir(proxy, "lists").stdout.decode()
        self.assertRegex(shown, r"held back +the version of .*, with 1 rules\n +it shrinks from 100 rules to 1,")
        told = json.loads(self.weir(proxy, "lists", "--json").stdout)["lists"][0]["held_back"]
        self.assertEqual(told["rules"], 1)
        accepted = self.weir(proxy, "lists", "accept", "ads")
        self.assertEqual((accepted.returncode, accepted.stderr), (0, b""))
        self.assertIn(b"SIGHUP", accepted.stdout)
        self.assertEqual(self.status(proxy, "ads.test"), 403)
        self.hup(proxy)
        self.until(proxy, "new.test", 403)
        self.assertEqual(self.status(proxy, "ads.test"), 200)
        again = self.weir(proxy, "lists", "accept", "ads")
        self.assertEqual(again.returncode, 65)
        self.assertIn(b"no version of it is held back", again.stderr)
        self.assertEqual(self.weir(proxy, "lists", "accept", "other").returncode, 64)

    # Servers in trouble.

    def failing(self, trouble, reason, **more):
        proxy = self.blocking(**more)
        self.trouble = trouble
        self.hup(proxy)
        self.said(proxy, 'list "ads": not updated: ' + reason)
        self.assertEqual(self.status(proxy, "ads.test"), 403)
        return proxy

    def test_an_error_keeps_the_list(self):
        self.failing(lambda handler: handler.give(b"no", status=500), "the server answered 500")

    def test_a_server_that_is_gone_keeps_the_list(self):
        proxy = self.blocking()
        self.server.server.shutdown()
        self.server.server.server_close()
        self.hup(proxy)
        self.said(proxy, 'list "ads": not updated: 127.0.0.1 cannot be reached')
        self.assertEqual(self.status(proxy, "ads.test"), 403)

    def test_a_cut_answer_is_no_list(self):
        def cut(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b"new.test\n")
            handler.close_connection = True
        self.failing(cut, "127.0.0.1 ended its answer too early")

    def test_a_slow_server_is_given_up(self):
        done = threading.Event()
        self.addCleanup(done.set)
        self.failing(lambda handler: done.wait(60), "127.0.0.1 took too long", timeout="1s")

    def test_a_list_that_is_too_large_is_given_up_while_it_comes(self):
        endless = []

        def huge(handler):
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            piece = names(count=1000)
            try:
                while True:
                    handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            except OSError:
                endless.append("cut")
                handler.close_connection = True
        self.failing(huge, "it is larger than 102400 bytes", max_size="100KiB")
        wait_until("the server is cut off", lambda: endless)

    def test_a_coded_answer_that_swells_is_given_up(self):
        bomb = gzip.compress(b"ads.test\n" * 100_000)
        self.failing(lambda handler: handler.give(bomb, ("Content-Encoding", "gzip")),
                     "it is larger than 102400 bytes", max_size="100KiB")

    def redirect(self, to, status=302):
        return lambda handler: handler.give(b"", ("Location", to), status=status)

    def test_a_redirect_on_the_same_host_is_followed(self):
        def moved(handler):
            if handler.path == "/ads.txt":
                handler.give(b"", ("Location", "/real.txt"), status=301)
            else:
                handler.give(names("ads.test"))
        self.trouble = moved
        self.blocking()

    def test_redirects_without_end_are_given_up(self):
        self.failing(self.redirect("/ads.txt"), "it redirects more than 5 times")
        self.assertEqual(len(self.asked), 1 + 6)

    def test_a_redirect_to_plain_http_is_not_followed(self):
        self.failing(self.redirect("http://127.0.0.2:%d/" % self.origin.port), "it redirects to plain http")

    def test_a_redirect_to_an_address_inside_is_not_followed(self):
        self.failing(self.redirect("https://127.0.0.2:%d/" % self.origin.port),
                     "it redirects to 127.0.0.2, whose address is not a public one")

    def test_a_redirect_to_a_file_is_not_followed(self):
        self.failing(self.redirect("file:///etc/passwd"), "it redirects to something that is not https")

    def secure(self):
        """The URL of the list at a server with a certificate of its own, cert.pem."""
        make_certificate(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("cert.pem"), self.path("key.pem"))

        def serve(sock):
            with context.wrap_socket(sock, server_side=True) as tls:
                read_head(tls)
                say(tls, "200 OK", names("ads.test"))
        return "https://localhost:%d/ads.txt" % Server(self, serve).port

    def test_a_certificate_that_nobody_vouches_for_is_refused(self):
        proxy = self.proxy(self.settings(url=self.secure()))
        self.said(proxy, "the certificate of localhost cannot be trusted", "it counts as empty")
        self.assertEqual(self.status(proxy, "ads.test"), 200)

    def test_a_list_comes_by_https_from_whom_an_authority_vouches_for(self):
        url = self.secure()
        with mock.patch.dict(os.environ, SSL_CERT_FILE=self.path("cert.pem")):
            proxy = self.proxy(self.settings(url=url))
        self.until(proxy, "ads.test", 403)
        self.said(proxy, 'list "ads": taken: 1 rules')

    # Start.

    def test_a_list_that_cannot_be_had_counts_as_empty_until_it_can(self):
        self.trouble = lambda handler: handler.give(b"", status=503)
        proxy = self.start()
        self.said(proxy, "it has not been downloaded; it counts as empty", "the server answered 503")
        self.assertEqual(self.status(proxy, "ads.test"), 200)
        self.trouble = None
        self.until(proxy, "ads.test", 403)  # retried by itself

    def test_a_required_list_is_there_from_the_first_request_on(self):
        proxy = self.start(required=True)
        self.assertEqual(self.status(proxy, "ads.test"), 403)
        self.assertEqual(len(self.asked), 1)

    def test_a_required_list_that_cannot_be_had_refuses_the_start(self):
        self.trouble = lambda handler: handler.give(b"", status=404)
        said = self.refusal(self.settings(required=True))
        self.assertIn('list "ads": the server answered 404', said)

    def test_a_kept_list_that_is_damaged_is_noticed_and_fetched_again(self):
        proxy = self.blocking()
        proxy.send(signal.SIGTERM)
        proxy.wait()
        self.path(os.path.join("kept/lists", self.files(".list")[0]), b"good.test\n")
        again = self.another(self.settings())
        self.said(again, "is damaged")
        self.assertEqual(self.status(again, "good.test"), 200)
        self.hup(again)
        self.until(again, "ads.test", 403)

    def test_a_second_proxy_on_the_folder_reads_only(self):
        self.blocking()
        other = self.another(self.settings())
        self.said(other, "lists are not downloaded", "another process")
        self.assertEqual(self.status(other, "ads.test"), 403)
        self.assertEqual(len(self.asked), 1)

    def test_a_stop_does_not_wait_for_a_download(self):
        done = threading.Event()
        self.addCleanup(done.set)
        self.trouble = lambda handler: done.wait(60)
        proxy = self.start()
        wait_until("the question", lambda: self.asked)
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(5), 0)

    # The configuration read anew.

    def change(self, proxy, settings):
        """Changes the proxy's configuration as an editor does."""
        with open(proxy.config, encoding="utf-8") as file:
            config = json.load(file)
        config.update(settings)
        self.replace(proxy, json.dumps(config))

    def replace(self, proxy, text):
        with open(proxy.config + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(proxy.config + ".new", proxy.config)

    def test_what_a_list_leaves_of_a_url_goes_on_as_it_was_sent(self):
        listed = self.path("clean.txt")
        with open(listed, "w") as file:
            file.write("$removeparam=utm\n")
        heads = []
        origin = Server(self, lambda sock: (heads.append(read_head(sock)), say(sock, "200 OK", b"hello\n")))
        proxy = self.proxy({"policy": {"lists": [{"name": "clean", "file": listed, "format": "adblock"}],
                                       "rules": [{"id": "r1", "when": {"list": "clean"}, "then": {"block": {}}}]}})
        self.curl(proxy, "--path-as-is", origin.url("/a/../b%2f//?x=%41&%75tm=1&{}|=\\"), "-g")
        self.assertEqual(heads[0].split(b"\r\n")[0], b"GET /a/../b%2f//?x=%41&{}|=\\ HTTP/1.1")

    def test_sighup_takes_a_changed_policy_into_use(self):
        proxy = self.blocking()
        settings = self.settings()
        settings["policy"]["rules"].insert(0, {"id": "pass", "when": {"host": "ads.test"}, "then": {"allow": True}})
        self.change(proxy, settings)
        self.hup(proxy)
        self.until(proxy, "ads.test", 200)
        self.said(proxy, "policy read anew: 2 rules, 1 lists")
        self.assertNotIn("restart", proxy.errors())

    def test_sighup_takes_a_policy_away_and_back(self):
        proxy = self.blocking()
        self.change(proxy, {"policy": {}})
        self.hup(proxy)
        self.until(proxy, "ads.test", 200)
        self.change(proxy, self.settings())
        self.hup(proxy)
        self.until(proxy, "ads.test", 403)

    def test_sighup_with_a_broken_file_keeps_the_rules_and_says_where(self):
        proxy = self.blocking()
        self.replace(proxy, '{\n  "policy": { "rules": [ { "id": 5 } ] }\n}')
        self.hup(proxy)
        self.said(proxy, "weir.json:2:", "the policy stays as it was")
        self.assertEqual(self.status(proxy, "ads.test"), 403)

    def test_sighup_with_a_list_file_that_is_missing_keeps_the_rules(self):
        proxy = self.blocking()
        settings = self.settings()
        settings["policy"]["lists"].append({"name": "mine", "file": self.path("nowhere.txt")})
        self.change(proxy, settings)
        self.hup(proxy)
        self.said(proxy, "nowhere.txt: it cannot be opened", "the policy stays as it was")
        self.assertEqual(self.status(proxy, "ads.test"), 403)

    def test_a_file_that_blocks_a_canary_is_refused_and_changes_nothing(self):
        mine = self.path("mine.txt", b"first.test\n")
        settings = self.settings()
        settings["dns"]["hosts"].update({"first.test": [LOOPBACK], "second.test": [LOOPBACK]})
        settings["policy"]["lists"].append({"name": "mine", "file": mine, "canaries": ["www.good.test"]})
        settings["policy"]["rules"].append({"id": "own", "when": {"list": "mine"}, "then": {"block": True}})
        proxy = self.blocking()
        self.change(proxy, settings)
        self.hup(proxy)
        self.until(proxy, "first.test", 403)
        self.path("mine.txt", b"second.test\ngood.test\n")
        self.hup(proxy)
        self.said(proxy, "mine.txt: it blocks the canary www.good.test, by line 2: good.test", "the policy stays as it was")
        self.assertEqual(self.status(proxy, "second.test"), 200)
        self.assertEqual(self.status(proxy, "first.test"), 403)
        checked = self.weir(proxy, "check-config")
        self.assertEqual(checked.returncode, CONFIG)
        self.assertIn(b"it blocks the canary www.good.test, by line 2: good.test. Take that line out", checked.stderr)
        self.path("mine.txt", b"second.test\n")
        self.hup(proxy)
        self.until(proxy, "second.test", 403)

    def test_sighup_says_when_other_settings_need_a_restart(self):
        proxy = self.blocking()
        self.change(proxy, {"timeouts": {"client_idle": "7s"}, "process": {"workers": 3}})
        self.hup(proxy)
        self.said(proxy, "process.workers has changed; it needs a restart", "changed timeouts.client_idle")

    def another(self, settings):
        """A second proxy, with a folder of its own for its files."""
        first, self.folder = self.folder, self.path("other")
        os.makedirs(self.folder)
        try:
            return Proxy(self, settings, (), None)
        finally:
            self.folder = first

    def refusal(self, settings):
        """What a proxy says that does not start."""
        config = write_weir_config(self.folder, self.path("access.log"), settings, ())
        done = self.run_program(os.environ["WEIR_BINARY"], "run", "--config", config, ok=False, seconds=30)
        self.assertEqual(done.returncode, CONFIG)
        return done.stderr.decode()
