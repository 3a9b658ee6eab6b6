# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts into a tree, and that it works there: the program with its configuration and
# starter policy, for an unprivileged user, too; the log's rotation by logrotate; completion in a real bash; the
# units as systemd reads them.
"""The installed tree."""

import json
import os
import re
import shutil
import signal
import subprocess

from harness import Case, Program, wait_until
from origins import PythonHttp

BUILD = os.path.dirname(os.path.abspath(os.environ.get("WEIR_BINARY", "")))


class Installed(Case):
    def setUp(self):
        super().setUp()
        self.need("cmake")
        if not os.path.exists(os.path.join(BUILD, "cmake_install.cmake")):
            self.skipTest("WEIR_BINARY is not in the tree that built it")
        self.root = self.path("root")
        self.install()
        self.prefix = os.path.join(self.root, "usr/local")
        self.weir = os.path.join(self.prefix, "bin/weir")

    def install(self):
        self.run_program("cmake", "--install", BUILD, "--prefix", "/usr/local", "--strip", env={"DESTDIR": self.root})

    def move(self, name, **changes):
        """The installed file with its paths below the test's own folder."""
        with open(os.path.join(self.root, name), encoding="utf-8") as file:
            text = file.read()
        for old, new in (("/var/", self.path("var") + "/"), ("/run/weir", self.path("run")), *changes.items()):
            text = text.replace(old, new)
        for folder in ("var/log/weir", "var/cache/weir", "var/lib/weir", "run"):
            os.makedirs(self.path(folder), exist_ok=True)
        moved = self.path("etc/weir/" + os.path.basename(name))
        os.makedirs(os.path.dirname(moved), exist_ok=True)
        with open(moved, "w", encoding="utf-8") as file:
            file.write(text)
        return moved

    def config(self):
        config = self.move("etc/weir/weir.json", **{"127.0.0.1:3128": "127.0.0.1:0"})
        for name in ("allowed.txt", "blocked.txt"):
            shutil.copy(os.path.join(self.root, "etc/weir", name), os.path.dirname(config))
        return config

    def begin(self, user=None):
        config = self.config()
        command = [self.weir, "run", "--config", config]
        if user:
            for path, folders, _ in os.walk(self.path("var")):
                shutil.chown(path, user)
            shutil.chown(self.path("run"), user)
            command = ["setpriv", "--reuid", user, "--clear-groups", *command]
        weir = Program(self, "weir", command)
        found = wait_until(weir.errors, lambda: re.search(r"listening on 127\.0\.0\.1:(\d+)", weir.errors()))
        weir.port = int(found[1])
        return weir, config


class Tree(Installed):
    def test_the_installed_program_runs_with_the_installed_configuration(self):
        weir, config = self.begin()
        origin = PythonHttp(self)
        self.assertEqual(self.get(weir, origin.url("/"))[0], 200)
        self.assertEqual(self.get(weir, "http://www.ads.example/")[0], 403)
        self.assertNotIn("warning", weir.errors())
        socket = ("--admin", "unix:" + self.path("run/admin.sock"))
        self.run_program(self.weir, "status", *socket)
        with open(os.path.join(os.path.dirname(config), "blocked.txt"), "a", encoding="utf-8") as file:
            file.write("more.example\n")
        self.run_program(self.weir, "reload", "--config", config)
        self.assertEqual(self.get(weir, "http://more.example/")[0], 403)
        weir.send(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)

    def test_an_unprivileged_user_can_run_it(self):
        if os.geteuid() != 0:
            self.skipTest("only root becomes another user")
        self.need("setpriv")
        weir, _ = self.begin("nobody")
        self.assertEqual(self.get(weir, "http://www.ads.example/")[0], 403)
        wait_until("it is logged", lambda: os.path.getsize(self.path("var/log/weir/access.log")))

    def test_the_configuration_is_not_written_over(self):
        path = os.path.join(self.root, "etc/weir/weir.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write("{}")
        self.install()
        self.assertEqual(self.read("root/etc/weir/weir.json"), b"{}")
        self.assertIn(b"listen", self.read("root/usr/local/share/doc/weir/etc/weir.json"))

    def test_the_gateway_works_from_there(self):
        self.run_program(self.weir, "gateway", "plan", "--lan", "br-lan")
        for script in ("gateway", "rules", "doctor"):
            self.assertTrue(os.access("%s/share/weir/iptables/weir-%s.sh" % (self.prefix, script), os.X_OK))

    def test_bash_completes_commands_verbs_and_options(self):
        script = os.path.join(self.prefix, "share/bash-completion/completions/weir")
        ask = ('. "%s"; COMP_WORDS=(weir %%s); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _weir; '
               'printf "%%%%s\\n" "${COMPREPLY[@]}"' % script)
        for words, expected in (("gate", "gateway"), ("gateway do", "doctor\ndown"), ("cache pu", "purge"),
                                ("run --sup", "--supervise"), ("completion ", "bash\nzsh\nfish")):
            words = words if not words.endswith(" ") else words + "''"
            done = self.run_program("bash", "-c", ask % words)
            self.assertEqual(done.stdout.decode().strip(), expected, words)

    def test_stack_traces_of_the_installed_program_name_functions(self):
        """The loader's table, which backtrace_symbols(3) reads, is there though the rest was stripped."""
        self.need("readelf")
        done = self.run_program("readelf", "--dyn-syms", "--wide", self.weir)
        self.assertIn(b"_ZN4weir6Worker", done.stdout)

    def test_units_name_the_program_where_it_is(self):
        for name in ("weir.service", "weir-gateway.service"):
            unit = self.read("root/usr/local/lib/systemd/system/" + name).decode()
            self.assertRegex(unit, r"\nExecStart=/usr/local/bin/weir ")
            self.assertNotIn("@", re.sub(r"[~=]@[a-z-]+|@system-service", "", unit))

    def test_the_gateways_unit_says_what_it_is_missing(self):
        """With the options as they are installed, and without the file, it starts and names what is left to say."""
        unit = self.read("root/usr/local/lib/systemd/system/weir-gateway.service").decode()
        self.assertRegex(unit, r"\nEnvironmentFile=-/etc/default/weir-gateway\n")
        given = self.read("root/etc/default/weir-gateway").decode()
        self.assertRegex(given, r'(?m)^#OPTIONS="--lan ')
        self.assertNotRegex(given, r"(?m)^[^#\n]")
        start = re.search(r"\nExecStart=\S+ (.*) \$OPTIONS\n", unit)[1].split()
        done = self.run_program(self.weir, *start, ok=False, env={"WEIR_GATEWAY_STATE": self.path("state")})
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"--lan is missing", done.stderr)


class Rotation(Installed):
    def test_logrotate_moves_the_log_and_no_line_is_lost(self):
        self.need("logrotate")
        weir, _ = self.begin()
        log = self.path("var/log/weir/access.log")
        self.get(weir, "http://one.ads.example/")
        wait_until("it is logged", lambda: os.path.exists(log) and b"one.ads" in self.read("var/log/weir/access.log"))
        rules = self.move("etc/logrotate.d/weir", **{"su weir weir": "su root root"})
        self.assertIn(self.path("run"), self.read("etc/weir/weir").decode())
        os.chmod(self.folder, 0o755)
        os.chmod(rules, 0o644)
        self.run_program("/usr/sbin/logrotate", "--force", "--state", self.path("state"), rules)
        self.get(weir, "http://two.ads.example/")
        wait_until("it is logged anew", lambda: os.path.exists(log) and b"two.ads" in self.read(
            "var/log/weir/access.log"))
        self.assertIn(b"one.ads", self.read("var/log/weir/access.log.1"))
        self.assertNotIn(b"one.ads", self.read("var/log/weir/access.log"))


class Units(Installed):
    def analyze(self, *arguments, ok=True):
        self.need("systemd-analyze")
        return self.run_program("systemd-analyze", *arguments, ok=ok)

    def whole(self):
        """A root directory in which everything a unit names exists."""
        for name in ("sysinit.target", "basic.target", "network-online.target", "nss-lookup.target", "shutdown.target",
                     "multi-user.target", "network.target", "system.slice", "-.slice", "-.mount"):
            path = os.path.join("/lib/systemd/system", name)
            target = self.path("root/usr/lib/systemd/system/" + name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.exists(path):
                shutil.copy(path, target)
        return self.path("root")

    def test_systemd_finds_nothing_to_complain_of(self):
        done = self.analyze("verify", "--man=no", "--root=" + self.whole(), "weir.service",
                            "weir-gateway.service", ok=False)
        complaints = [line for line in (done.stdout + done.stderr).decode().splitlines() if "weir" in line]
        self.assertEqual(complaints, [])

    def test_the_service_is_hardened(self):
        unit = os.path.join(self.prefix, "lib/systemd/system/weir.service")
        done = self.analyze("security", "--offline=yes", "--no-pager", "--threshold=30", unit, ok=False)
        said = done.stdout.decode() + done.stderr.decode()
        self.assertEqual(done.returncode, 0, said)
        print(said.strip().splitlines()[-1])


class Source(Case):
    def test_what_dev_run_configures_wants_nothing_that_only_tests_need(self):
        """A bare machine has no GoogleTest and no Python when it is asked to run Weir for the first time."""
        self.need("cmake", "ninja", "g++")
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with open(os.path.join(top, "dev"), encoding="utf-8") as file:
            options = re.search(r"(?m)^  build release (.*) -- weir ", file.read())[1].split()
        self.run_program("cmake", "-S", top, "-B", self.path("build"), "-G", "Ninja", *options,
                         *("-DCMAKE_DISABLE_FIND_PACKAGE_%s=ON" % name for name in ("GTest", "Python3")))
