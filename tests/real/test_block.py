# SPDX-License-Identifier: Apache-2.0
#
# What programs are told when a rule blocks: a page for a browser in its language, problem+json or text for
# programs, a clean 403 to CONNECT, nothing where a page only embeds, and nothing of theirs unescaped.
"""Block pages with curl."""

import datetime
import json

from harness import Case

URL = "http://games.test/a?b=<script>'x'</script>"
POLICY = {"ask": "Mum & Dad", "rules": [{
    "id": "no-games", "description": "Games only after homework", "when": {"host": ".games.test"},
    "then": {"block": {"message": "Read a book instead."}}}]}


class Block(Case):
    def told(self, *arguments, url=URL, policy=None):
        """Head (in lower case) and body of the answer."""
        proxy = self.proxy({"policy": policy or POLICY})
        out = self.curl(proxy, "-g", "-i", *arguments, url).stdout.decode()
        head, _, body = out.partition("\r\n\r\n")
        return head.lower(), body

    def test_a_person_reads_why_in_their_language(self):
        for language, word in (("en-GB,en;q=0.9", "Blocked"), ("zh-CN,zh;q=0.9,en;q=0.1", "访问已被阻止")):
            head, body = self.told("-H", "Accept: text/html,*/*;q=0.8", "-H", "Accept-Language: " + language)
            self.assertTrue(head.startswith("http/1.1 403 "), head)
            self.assertIn("\r\ncontent-type: text/html", head)
            self.assertIn("error=http_request_denied; details=\"no-games\"", head)
            self.assertIn("default-src 'none'", head)
            for part in (word, "games.test", "Games only after homework", "Read a book instead.", "Mum &amp; Dad"):
                self.assertIn(part, body)
            self.assertNotIn("<script", body)

    def test_a_redirect_names_its_rule(self):
        rule = {"id": "moved", "when": {"host": ".games.test"}, "then": {"redirect": "http://home.test/"}}
        head, _ = self.told(policy={"rules": [rule]})
        self.assertTrue(head.startswith("http/1.1 302 "), head)
        self.assertIn('error=http_request_denied; details="moved"', head)

    def test_a_program_reads_problem_json(self):
        head, body = self.told("-H", "Accept: application/json")
        self.assertIn("\r\ncontent-type: application/problem+json", head)
        problem = json.loads(body)
        self.assertEqual((problem["status"], problem["rule"], problem["host"]), (403, "no-games", "games.test"))
        self.assertEqual(problem["ask"], "Mum & Dad")

    def test_a_terminal_reads_plain_lines(self):
        head, body = self.told()
        self.assertIn("\r\ncontent-type: text/plain", head)
        self.assertIn("\nRule: no-games\n", body)

    def test_a_connect_is_refused_cleanly(self):
        proxy = self.proxy({"policy": POLICY})
        done = self.curl(proxy, "-v", "https://games.test/", ok=False)
        self.assertEqual(done.returncode, 56)
        self.assertIn(b"< HTTP/1.1 403 ", done.stderr)
        self.assertIn(b"< Connection: close", done.stderr)

    def test_what_a_page_embeds_is_answered_with_as_little_as_does_no_harm(self):
        head, body = self.told("-H", "Sec-Fetch-Dest: script")
        self.assertTrue(head.startswith("http/1.1 403 ") and "\r\ncontent-type: text/javascript" in head, head)
        self.assertEqual(body, "")
        proxy = self.proxy({"policy": POLICY})
        picture = self.curl(proxy, "-g", "-H", "Sec-Fetch-Dest: image", URL).stdout
        self.assertTrue(picture.startswith(b"GIF89a"))

    def test_the_operators_own_page_is_shown(self):
        page = self.path("own.html", b"<h1>%{host}</h1>\n<p>%{until}\n<p>%{rule} %%{x}")
        rule = {"id": "r", "then": {"block": {"status": 451, "page": page}}}
        head, body = self.told("-H", "Accept: text/html", policy={"rules": [rule]})
        self.assertTrue(head.startswith("http/1.1 451 unavailable for legal reasons"), head)
        self.assertEqual(body, "<h1>games.test</h1>\n<p>r %{x}")

    def test_until_is_told_by_the_clock_of_the_schedule(self):
        """Not by the machine's; also where the schedule stands in a group, beside what does not hold."""
        ahead = datetime.timezone(datetime.timedelta(hours=5, minutes=45))

        def in_three_days():
            return datetime.datetime.now(ahead) + datetime.timedelta(days=3)
        before = in_three_days()
        pause = {"days": before.strftime("%a").lower(), "from": "12:00", "to": "13:00"}
        page = self.path("own.html", b"<p>%{until}")
        policy = {"schedules": [{"name": "pause", "zone": "Asia/Kathmandu", "when": [pause]}], "rules": [{
            "id": "r", "when": {"any": [{"not": {"schedule": "pause"}}, {"host": "other.test"}]},
            "then": {"block": {"page": page}}}]}
        body = self.told("-H", "Accept: text/html", policy=policy)[1]
        self.assertIn(body, [day.strftime("<p>%Y-%m-%d 12:00 +05:45") for day in (before, in_three_days())])
        body = self.told("-H", "Accept: text/html", url="http://other.test/", policy=policy)[1]
        self.assertEqual(body, "", "the other host holds for ever")
