# SPDX-License-Identifier: Apache-2.0
#
# README.md does what it says: each of its commands is run, in network namespaces where its ports and names are free,
# and must print what stands beside it (`…` is what may vary). What cannot be run is marked in the page with the
# reason, and checked as far as it can be; no block is passed over. README.zh-CN.md must have the same blocks in the
# same order; WEIR_GOLDEN=write copies them there.
"""The commands of the README pages."""

import json
import os
import re
import shutil
import subprocess
import sys

import readme_blocks
from gateway_lab import SERVER, Lab
from harness import Case, Program, wait_until
from readme_blocks import TOP, anchor, blocks, headings, links, looks_like, read

HERE = os.path.dirname(os.path.abspath(__file__))
WORLD = os.path.join(HERE, "readme_world.py")
PAGES = ("README.md", "README.zh-CN.md")
BUILTIN = {"export", "weir", "echo", "printf", "./dev"}


def week():
    """The access log of the school: 43 pages that are on its list, 17 that are not."""
    asked = [("10.20.3.7", "games.example")] * 12 + [("10.20.4.9", "maths.example")] * 5
    asked += [("10.20.5.%d" % (i + 1), "www.school.example") for i in range(43)]
    return "".join(json.dumps({"time": "2026-11-16T10:%02d:00.000Z" % i, "client": client, "method": "GET",
                               "url": "http://%s/" % host, "status": 200, "origin_status": 200, "served_by": "origin",
                               "type": "text/html", "decision": "allow"}) + "\n"
                   for i, (client, host) in enumerate(asked))


GIVEN = {"allowed.txt": "school.example\n", "week.log": week(), "up.secret": "secret\n"}


class Page(Case):
    """What can be seen without running anything but --help."""

    def help(self, *command):
        return self.run_program(os.environ["WEIR_BINARY"], *command, "--help").stdout.decode()

    def test_every_block_says_how_it_is_checked(self):
        """No unknown word, no unknown language; and a list of all blocks."""
        for block in blocks(read("README.md")):
            with self.subTest(str(block)):
                self.assertIn(block.lang, ("sh", "text", "json", "html"))
                self.assertLessEqual(set(block.marks), set(readme_blocks.WORDS))
                if block.lang in ("sh", "text"):
                    self.assertFalse("file" in block.marks)
                how = ", ".join(("%s (%s %s)" % (readme_blocks.WORDS[key], key, value)).replace(" )", ")")
                                for key, value in block.marks.items())
                usual = {"sh": "run", "text": "what the command before it prints", "json": "check-config", "html": ""}
                print("%-75s %s" % (block, how or usual[block.lang]))

    def test_commands_are_well_formed_and_their_options_exist(self):
        """bash reads each block, and each weir command knows each of its options and commands."""
        for block in blocks(read("README.md")):
            if block.lang != "sh":
                continue
            with self.subTest(str(block)):
                self.run_program("bash", "-n", "-c", block.text)
                for command in block.commands():
                    if command[0] == "weir":
                        self.check_options(command[1:])
                    elif "/" in command[0] and command[0] != "./dev":
                        self.assertTrue(os.access(os.path.join(TOP, command[0]), os.X_OK), command[0])

    def check_options(self, words):
        known, path = self.help(), []
        for word in words:
            if word.startswith("-"):
                for letter in [word] if word.startswith("--") else ["-" + each for each in word[1:]]:
                    self.assertRegex(known, r"(?m)^\s+(-\w,)?%s\b" % re.escape(letter), "weir %s" % " ".join(words))
            elif re.search(r"(?m)^  %s +\S" % re.escape(word), known):
                path.append(word)
                known = self.help(*path)
        self.assertTrue(path or not words, "weir %s: no such command" % " ".join(words))

    def test_what_is_said_to_be_elsewhere_is_there(self):
        """Tests that are named have the words in question; ./dev has the commands; the demonstration is run."""
        for block in blocks(read("README.md")):
            with self.subTest(str(block)):
                if "elsewhere" in block.marks:
                    where, _, words = block.marks["elsewhere"].partition(" ")
                    path = os.path.join(TOP, where)
                    self.assertTrue(os.path.exists(path), where)
                    files = [path] if os.path.isfile(path) else [os.path.join(path, name) for name in os.listdir(path)]
                    self.assertTrue(any(words in read(file) for file in files), words)
                for command in block.commands() if "dev" in block.marks else ():
                    self.assertEqual(command[0], "./dev")
                    self.assertIn("\n./dev %s " % command[1], "\n" + self.dev_help())
                if "docker" in block.marks:
                    for command in block.commands():
                        self.assertTrue(os.access(os.path.join(TOP, command[0]), os.X_OK), command[0])
                        self.assertIn('"%s"' % os.path.basename(command[0]), read("tests/real/test_docker.py"))
                    self.check_demo(block)

    def dev_help(self):
        return self.run_program(os.path.join(TOP, "dev"), "help").stdout.decode()

    def check_demo(self, block):
        """The sentences shown are sentences of the demonstration."""
        for line in re.findall(r"(?m)^pass  (.*)$", block.wanted):
            self.assertIn('"%s"' % line, read("docker/demo"))

    def test_links_lead_somewhere(self):
        """Each file and each heading that the pages refer to is there."""
        for name in PAGES:
            page = read(name)
            own = {anchor(text) for _, text in headings(page)}
            for link in links(page):
                with self.subTest("%s: %s" % (name, link)):
                    file, _, part = link.partition("#")
                    if not link.startswith("http"):
                        there = own if not file else {anchor(text) for _, text in headings(read(file))} if part else ()
                        self.assertTrue(not file or os.path.exists(os.path.join(TOP, file)))
                        self.assertTrue(not part or part in there)

    def test_the_chinese_page_has_the_same_commands(self):
        """Byte for byte, in the same order, below headings of the same levels; and each page leads to the other."""
        english, chinese = (read(name) for name in PAGES)
        ours = [found[0] for found in readme_blocks.BLOCK.finditer(english)]
        if os.environ.get("WEIR_GOLDEN") == "write":
            following = iter(ours)
            chinese = readme_blocks.BLOCK.sub(lambda found: next(following, found[0]), chinese)
            with open(os.path.join(TOP, PAGES[1]), "w", encoding="utf-8") as file:
                file.write(chinese)
        theirs = [found[0] for found in readme_blocks.BLOCK.finditer(chinese)]
        for own, other in zip(ours, theirs):
            self.assertEqual(own, other)
        self.assertEqual(len(ours), len(theirs))
        self.assertEqual([level for level, _ in headings(english)], [level for level, _ in headings(chinese)])
        self.assertIn("](README.zh-CN.md)", english)
        self.assertIn("](README.md)", chinese)
        rows = [len(re.findall(r"(?m)^\|.*\|$", page)) for page in (english, chinese)]
        self.assertEqual(rows[0], rows[1], "rows of tables")


class Walk:
    """Runs blocks one after the other; `at` says where, as words before the command."""

    def __init__(self, case, **environment):
        self.case, self.started, self.said = case, None, ""
        for folder in ("bin", "kept"):
            os.makedirs(case.path(folder))
        os.symlink(os.path.abspath(os.environ["WEIR_BINARY"]), case.path("bin/weir"))
        for name, text in GIVEN.items():
            case.path(name, text.encode())
        self.environment = {"PATH": case.path("bin") + ":" + os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
                            "STATE_DIRECTORY": case.path("kept"), "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1",
                            **environment}

    def write(self, block):
        if "file" in block.marks:
            self.case.path(block.marks["file"], block.text.encode())

    def missing(self, block):
        """A program that the block needs and this machine has not."""
        for command in block.commands():
            if command[0] not in BUILTIN and "/" not in command[0] and not shutil.which(
                    command[0], path=self.environment["PATH"]):
                return command[0]
        return None

    def start(self, block, at):
        """In place of what was started before."""
        self.end()
        script = block.text.replace("./dev run", "weir run")
        self.started = Program(self.case, "started%d" % block.line, [*at, "bash", "-c", "exec " + script],
                               env=dict(os.environ, **self.environment, HOME=self.case.folder), cwd=self.case.folder)
        wanted = block.wanted or "…\n…listening on …\n…"
        wait_until(lambda: "%s prints\n%s\nIt printed\n%s" % (block, wanted, self.started.errors()),
                   lambda: looks_like(wanted, self.started.errors()))

    def end(self):
        if self.started:
            self.started.end()

    def run(self, block, at):
        """Again and again until it prints what it should, as a reader would who was too quick."""
        def fits():
            done = self.case.run_program(*at, "bash", "-o", "pipefail", "-ec", "exec 2>&1\n" + block.text,
                                         env=self.environment, ok=False)
            printed = done.stdout.decode(errors="replace")
            self.said = "exit code %d\n%s" % (done.returncode, printed)
            return done.returncode == int(block.marks.get("exit", 0)) and (
                block.wanted is None or looks_like(block.wanted, printed))

        wait_until(lambda: "%s prints\n%s\nIt printed, last,\n%s\nWhat runs said\n%s" % (
            block, block.wanted, self.said, self.started.errors()[-600:] if self.started else ""), fits)

    def do(self, block, at):
        absent = self.missing(block)
        if absent:
            how = "NOT RUN: %s is not installed" % absent
        elif "starts" in block.marks:
            self.start(block, at)
            how = "started; said what it should"
        else:
            self.run(block, at)
            how = "run; said what it should" if block.wanted else "run"
        print("%-75s %s" % (block, how))


class World(Case):
    def setUp(self):
        super().setUp()
        self.need("unshare", "nsenter", "ip", "openssl", "curl", "bash")
        if not os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
            self.skipTest("there is no file of certificates to put another over")
        self.walk = Walk(self)
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        if subprocess.run(["unshare", *user, "--net", "--mount", "true"], capture_output=True, check=False).returncode:
            self.skipTest("no namespaces can be made here")
        self.repository()
        world = Program(self, "world", ["unshare", *user, "--net", "--mount", "--fork", "--kill-child", sys.executable,
                                        WORLD, "world", self.folder, str(os.getpid())], env=dict(os.environ, **self.walk.environment))
        wait_until(lambda: "the world is ready: " + world.errors(), lambda: "ready" in world.errors())
        pid = re.search(r"ready (\d+)", world.errors())[1]
        user = ["--user", "--preserve-credentials"] if user else []
        self.inside = ["nsenter", "--target", pid, *user, "--net", "--mount", "--wd=" + self.folder]

    def repository(self):
        if not shutil.which("git"):
            return
        bare = self.path("site/project.git")
        os.makedirs(bare)
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
        self.run_program(*git, "init", "-q", "work")
        self.run_program(*git, "-C", "work", "commit", "-q", "--allow-empty", "-m", "begin")
        self.run_program(*git, "clone", "-q", "--bare", "work", bare)
        self.run_program(*git, "-C", bare, "update-server-info")

    def test_each_command_prints_what_stands_beside_it(self):
        """One after the other, as a reader would who has time."""
        elsewhere = {"docker", "elsewhere", "not here", "namespaces, router", "namespaces, device"}
        for block in blocks(read("README.md")):
            with self.subTest(str(block)):
                if block.lang == "json":
                    self.judge(block)
                elif block.lang == "html":
                    self.walk.write(block)
                elif block.lang == "sh" and not elsewhere & set(block.marks) and (
                        "dev" not in block.marks or "starts" in block.marks):
                    self.walk.do(block, self.inside)

    def judge(self, block):
        """A configuration is one that Weir takes."""
        name = block.marks.get("file", "unnamed.json")
        self.path(name, block.text.encode())
        done = self.run_program(*self.inside, "weir", "check-config", name, env=self.walk.environment, ok=False)
        self.assertEqual(done.returncode, 78 if "faulty" in block.marks else 0,
                         "%s\n%s" % (block, done.stderr.decode()))
        print("%-75s %s" % (block, "refused, as it should be" if "faulty" in block.marks else "check-config takes it"))


class Router(Lab):
    """The gateway's commands: a device, a router whose inner interface is br-lan, and the site behind it."""

    def setUp(self):
        super().setUp()
        self.need("bash", "curl")
        self.walk = Walk(self, WEIR_GATEWAY_STATE=self.state)

    def ip(self, where, *lines):
        super().ip(where, *(line.replace("lan0", "br-lan") for line in lines))

    def serve(self):
        site = Program(self, "site", ["ip", "netns", "exec", self.server, sys.executable, WORLD, "serve",
                                     str(os.getpid())])
        wait_until(lambda: "the site is ready: " + site.errors(), lambda: "ready" in site.errors())

    def test_a_gateway_is_put_up_and_taken_down(self):
        """What README says of a router, with real packets; what was there before is there again."""
        self.path(".curlrc", ("resolve = \"example.com:80:%s\"\n" % SERVER[4]).encode())
        self.addCleanup(lambda: self.gate("down", ok=False))
        before = self.snapshot()
        places = {"namespaces, router": self.router, "namespaces, device": self.client}
        for block in blocks(read("README.md")):
            self.walk.write(block)
            for mark, where in places.items():
                if mark in block.marks:
                    self.walk.do(block, ["ip", "netns", "exec", where])
        self.walk.end()
        self.same(before, self.snapshot())
