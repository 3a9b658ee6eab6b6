# SPDX-License-Identifier: Apache-2.0
#
# The commands beside `run`, by transcripts: each file of tests/golden/cli begins with a command line and
# holds what it prints, its complaints and its exit code. WEIR_GOLDEN=write writes them anew, to be read
# before they are committed.
"""check, explain, replay, lists and check-config with the real binary."""

import json
import os
import re
import shlex
import subprocess

from harness import Case

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "cli")
GIVEN = os.path.join(GOLDEN, "given")
FIGURES = re.compile(r'("(?:load_ms|load_wall_ms|decide_us_\w+|\w*_mb)"):[0-9.]+')
MEMORY = re.compile(r'(memory\W+|all together )[0-9.]+( MiB)?')


class Cli(Case):
    def weir(self, *arguments, stdin=None, **env):
        """A command in the folder of what is given; its output, complaints and exit code."""
        clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TZ")}
        clean.update(env, TZ="UTC", LC_ALL="C.UTF-8")
        done = subprocess.run([os.environ["WEIR_BINARY"], *arguments], input=stdin, capture_output=True,
                              env=clean, timeout=120, cwd=GIVEN, check=False)
        return done.stdout.decode(), done.stderr.decode(), done.returncode

    def transcript(self, command):
        out, errors, code = self.weir(*shlex.split(command)[1:])
        text = "$ " + command + "\n" + MEMORY.sub(r"\1N\2", out)
        if errors:
            text += "-- complaints --\n" + FIGURES.sub(r"\1:N", errors)
        return text + "-- exit code %d --\n" % code

    def compare(self, prefix):
        names = sorted(name for name in os.listdir(GOLDEN) if name.startswith(prefix))
        self.assertTrue(names)
        for name in names:
            with self.subTest(name):
                path = os.path.join(GOLDEN, name)
                with open(path, encoding="utf-8") as file:
                    expected = file.read()
                found = self.transcript(expected.splitlines()[0].removeprefix("$ "))
                if os.environ.get("WEIR_GOLDEN") == "write":
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(found)
                else:
                    self.maxDiff = None
                    self.assertEqual(found, expected)

    def test_explain_says_what_it_is_to_say(self):
        """Each transcript of explain is what explain prints."""
        self.compare("explain")

    def test_replay_says_what_would_change(self):
        """Each transcript of replay is what replay prints."""
        self.compare("replay")

    def test_lists_says_what_was_made_of_each(self):
        """Each transcript of lists is what lists prints."""
        self.compare("lists")

    def test_check_judges_each_line(self):
        """Each transcript of check and check-config is what they print."""
        self.compare("check")

    def test_help_and_completion_know_every_command(self):
        """Every command is in the help and in the scripts for shells, and says how it is used."""
        self.compare("help")
        self.compare("completion")
        for command in ("check-config", "check", "explain", "replay", "lists", "cache", "gateway", "completion"):
            self.assertIn("Examples:", self.weir(command, "--help")[0])
            for shell in ("bash", "zsh", "fish"):
                self.assertIn(command, self.weir("completion", shell)[0])

    def test_the_configuration_may_be_named_before_the_command(self):
        """`weir -c FILE explain` is `weir explain -c FILE`."""
        self.assertEqual(self.weir("-c", "weir.json", "lists"), self.weir("lists", "-c", "weir.json"))
        self.assertEqual(self.weir("-c", "nowhere.json", "check-config")[2], 78)

    def test_check_streams_from_and_to_files(self):
        """Ten thousand requests go through, in order, with little memory, and the figures are one line."""
        requests = self.path("in.jsonl", b"".join(
            b'{"i":%d,"url":"http://%s.example/%d"}\n' % (i, b"ads" if i % 3 == 0 else b"www", i)
            for i in range(10000)))
        decisions = self.path("out.jsonl")
        out, errors, code = self.weir("check", "--requests", requests, "--decisions", decisions,
                                      "--lists", "ads.txt")
        self.assertEqual((out, code), ("", 0), errors)
        figures = json.loads(errors)
        self.assertEqual((figures["requests"], figures["blocked"], figures["errors"]), (10000, 3334, 0))
        for name in ("load_ms", "decide_us_mean", "decide_us_p50", "decide_us_p99", "rss_mb"):
            self.assertGreater(figures[name], 0, name)
        with open(decisions, encoding="utf-8") as file:
            for i, line in enumerate(file):
                said = json.loads(line)
                self.assertEqual((said["i"], said["block"]), (i, i % 3 == 0))
        self.assertEqual(i, 9999)

    def test_what_only_compiling_shows_is_told_with_its_line_and_all_at_once(self):
        config = self.path("faulty.json", b'''{"policy": {
  "schedules": [
    {"name": "s", "zone": "Europe/Nowhere", "when": [{"days": ["mon"]}]}],
  "lists": [{"name": "l", "file": "missing.txt"}],
  "rules": [
    {"id": "page", "when": {"schedule": "s", "list": "l"}, "then": {"block": {"page": "missing.html"}}},
    {"id": "late", "when": {"status": 200}, "then": {"strip_query": "x"}}]}}
''')
        done = self.run_program(os.environ["WEIR_BINARY"], "check-config", config, ok=False)
        told = done.stderr.decode()
        self.assertEqual(done.returncode, 78)
        for part in ('list "l": ', config + ':3: schedule "s": time zone "Europe/Nowhere"',
                     config + ':6: rule "page": cannot read the page', config + ':7: rule "late": strip_query comes'):
            self.assertIn(part, told)

    def test_check_says_when_a_file_is_missing(self):
        """Missing files, folders and lists have their exit codes."""
        self.assertEqual(self.weir("check", "--requests", "nowhere")[2], 66)
        self.assertEqual(self.weir("check", "--lists", "nowhere", stdin=b"")[2], 78)
        self.assertEqual(self.weir("check", "--decisions", "/nowhere/at/all", stdin=b"")[2], 73)
        self.assertEqual(self.weir("check", "--nonsense")[2], 64)

    def test_check_tells_output_that_cannot_be_written(self):
        """A full disk is no success."""
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        code = self.weir("check", "--decisions", "/dev/full", "--lists", "ads.txt",
                         stdin=b'{"url":"http://a.example/"}\n')[2]
        self.assertEqual(code, 74)

    def test_json_of_every_command_is_json(self):
        """--json prints one JSON value."""
        for command in ("explain --json -c weir.json https://ads.example/x?a=\"\\\n", "lists --json -c weir.json",
                        "replay --json access.squid -c weir.json"):
            out, errors, code = self.weir(*command.split(" "))
            self.assertEqual(code, 0, errors)
            json.loads(out)

    def test_colour_is_for_terminals_alone(self):
        """No escape sequence in a pipe."""
        self.assertNotIn("\033", self.weir("explain", "-c", "weir.json", "http://ads.example/")[0])
