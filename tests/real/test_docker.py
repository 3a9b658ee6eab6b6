# SPDX-License-Identifier: Apache-2.0
#
# docker/: what its files must hold to, looked at everywhere; and the demonstration itself, run where an engine can be
# started (root, Debian's docker.io, docker-compose, slirp4netns and debootstrap) or answers already. The engine of
# the test has namespaces of its own: the machine is compared before and after. Its images stay beside the program
# under test, so that a second run is quick.
"""The image, the compose file and the demonstration."""

import glob
import json
import os
import re
import shutil
import subprocess
import time
import unittest

from harness import PATIENCE, Case, wait_until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(TOP, "docker")
MIB = 1 << 20
SLOWER = max(1.0, PATIENCE / 20)  # a busy machine


def text(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


def instructions(path):
    """A Dockerfile as [(word, rest)], with continued lines joined."""
    lines = re.sub(r"\\\n(\s*#.*\n)*", " ", text(*path)).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip() and not line.startswith("#")]


def compose_command():
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            if subprocess.run(command + ["version"], capture_output=True, check=False).returncode == 0:
                return command
    return None


class Docker(Case):
    def test_the_scripts_please_shellcheck(self):
        """All of them."""
        self.need("shellcheck")
        names = ["engine", "demo", "gateway-entry", "site/client", "site/serve"]
        self.run_program("shellcheck", *names, cwd=FOLDER)
        for name in names:
            self.assertTrue(os.access(os.path.join(FOLDER, name), os.X_OK), name)

    def test_the_dockerfiles_hold_to_the_rules(self):
        """Fixed bases, no root at the end, no lists of packages left, nothing fetched while building but packages."""
        for path in (("docker", "Dockerfile"), ("docker", "site", "Dockerfile"), ("docker", "prometheus", "Dockerfile")):
            with self.subTest(file="/".join(path)):
                self.assertNotIn("# syntax", text(*path), "would pull an image")
                steps = instructions(path)
                stages = set()
                for word, rest in steps:
                    if word == "FROM":
                        base, _, name = rest.partition(" AS ")
                        self.assertTrue(base in stages or base == "debian:bookworm-slim", base)
                        stages.add(name)
                    self.assertNotEqual(word, "ADD")
                    if word == "RUN" and "apt-get install" in rest and name != "build":
                        self.assertIn("--no-install-recommends", rest)
                        self.assertIn("rm -rf /var/lib/apt/lists/*", rest)
                users = [rest for word, rest in steps if word == "USER"]
                self.assertTrue(users and "root" not in users and "0" not in users, users)
                self.assertTrue([word for word, _ in steps if word == "STOPSIGNAL"])

    def test_the_image_is_made_of_what_the_tree_says(self):
        """The packages of ./dev, the version of the program, and a context that has what is copied."""
        steps = instructions(("docker", "Dockerfile"))
        names = [rest.partition(" AS ")[2] for word, rest in steps if word == "FROM"]
        self.assertEqual(names, ["runtime", "prebuilt", "build", "weir"], "the order matters to the old builder")
        wanted = set(re.search(r'^BUILD="([^"]+)"', text("dev"), re.M)[1].split())
        installs = [rest for word, rest in steps if word == "RUN" and "g++" in rest]
        self.assertLessEqual(wanted, set(installs[0].split()))
        version = re.search(r"project\(weir VERSION (\S+)", text("CMakeLists.txt"))[1]
        self.assertIn('image.version="%s"' % version, text("docker", "Dockerfile"))
        self.assertIn("image: weir:%s\n" % version, text("docker", "docker-compose.yml"))
        context = re.findall(r"^!(\S+)$", text(".dockerignore"), re.M)
        copied = [each.replace("[r]", "r") for word, rest in steps if word == "COPY" and not rest.startswith("--from")
                  for each in rest.split()[:-1]]
        self.assertEqual(set(copied), set(context))
        self.assertIn("HEALTHCHECK", [word for word, _ in steps])

    def test_the_compose_file_gives_no_more_than_is_needed(self):
        """Capabilities one by one, no root file system to write to; and both generations of Compose can read it."""
        file = text("docker", "docker-compose.yml")
        for never in ("privileged:", "docker.sock", "network_mode: host", "pid: host", "version:", ":latest"):
            self.assertNotIn(never, re.sub(r"#.*", "", file))
        services = file[file.index("\nservices:"):file.index("\nnetworks:")]
        services = re.split(r"^  (?=[a-z-]+:$)", services, flags=re.M)[1:]
        self.assertEqual(len(services), 5)
        for service in services:
            self.assertIn("<<: *hardened", service)
            self.assertLessEqual(set(re.findall(r"[A-Z]+(?:_[A-Z]+)*", "".join(re.findall(r"cap_add: (.*)", service)))),
                                 {"NET_ADMIN", "SETGID", "SETUID"})
        compose = compose_command()
        if compose is None:
            self.skipTest("there is no Compose to read it")
        read = self.run_program(*compose, "-f", "docker-compose.yml", "config", cwd=FOLDER).stdout.decode()
        self.assertEqual(read.count("read_only: true"), read.count("no-new-privileges:true"))
        self.assertIn("fd77:6569:7201::2", read)

    def test_its_configurations_are_right(self):
        """The one in the image and that of the demonstration, by Weir; that of Prometheus by promtool."""
        for name in ("weir.json", "demo-weir/weir.json"):
            self.run_program(os.environ["WEIR_BINARY"], "check-config", os.path.join(FOLDER, name))
        self.need("promtool")
        self.run_program("promtool", "check", "config", os.path.join(FOLDER, "prometheus", "prometheus.yml"))


TRACES = re.compile(r"docker|containerd|weir-engine|slirp|veth|\bbr-|\btap0|policy drop|forward", re.I)


def machine():
    """The lines, out of all that an engine might leave changed, that have to do with one."""
    def said(*command):
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        if not shutil.which(command[0], path=path):
            return ""
        return subprocess.run(command, capture_output=True, text=True, check=False,
                              env=dict(os.environ, PATH=path)).stdout
    groups = "\n".join(glob.glob("/sys/fs/cgroup/*") + glob.glob("/sys/fs/cgroup/*/*"))
    links = re.sub(r"(?m)^\d+: ", "", said("ip", "-o", "link"))
    forwarding = "".join("forwarding %s %s" % (path, text("/proc/sys/net", path)) for path in
                         ("ipv4/ip_forward", "ipv4/conf/all/forwarding", "ipv6/conf/all/forwarding"))
    everything = (said("nft", "-s", "list", "ruleset"), said("iptables-legacy-save"), said("ip6tables-legacy-save"),
                  links, text("/proc/self/mounts"), groups, forwarding, said("ps", "-eo", "comm"))
    return {line for part in everything for line in part.splitlines() if TRACES.search(line)}


class DockerDemo(Case):
    def docker(self, *words, **more):
        return self.run_program(*self.engine_run, "docker", *words, env=self.environment, **more)

    def begin(self):
        """An engine: our own, or one that answers."""
        self.need("docker")
        self.environment = {"WEIR_ENGINE_DIR": os.path.join(os.path.dirname(os.path.abspath(os.environ["WEIR_BINARY"])),
                                                           "docker-engine")}
        engine = os.path.join(FOLDER, "engine")
        if os.geteuid() == 0 and shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin"):
            self.addCleanup(self.run_program, engine, "stop", env=self.environment)
            # Should this test be killed, nobody would end the engine: this does.
            watch = subprocess.Popen(["sh", "-c", 'while kill -0 "$1"; do sleep 1; done; exec "$2" stop', "-",
                                      str(os.getpid()), engine], start_new_session=True, env=dict(
                                          os.environ, **self.environment), stderr=subprocess.DEVNULL)
            self.addCleanup(watch.wait)
            self.addCleanup(watch.kill)
            for verb in ("start", "base"):
                done = self.run_program(engine, verb, env=self.environment, ok=False, seconds=300 * SLOWER)
                if done.returncode:
                    self.skipTest("no engine: " + done.stderr.decode().strip()[-300:])
            self.engine_run = [engine, "run"]
            return
        if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
            self.skipTest("no Docker engine answers, and none can be started (root, docker.io)")
        self.engine_run = ["env"]

    def test_heavy_the_demonstration_passes_and_the_image_is_small(self):
        """All of it by IPv4 and IPv6; less than 60 MB over the base, not root, healthy and stopped without being
        killed; and the machine is as it was."""
        if compose_command() is None:
            self.skipTest("there is no Compose")
        before = machine()
        try:
            self.begin()
            began = time.monotonic()
            self.walk_through()
            self.look_at_the_image()
            print("with the base at hand: %.0f s" % (time.monotonic() - began))
        finally:
            self.doCleanups()
        wait_until(lambda: "it leaves the machine as it was, without\n" + "\n".join(machine() - before),
                   lambda: not machine() - before)

    def walk_through(self):
        done = self.run_program(*self.engine_run, os.path.join(FOLDER, "demo"), "--prebuilt", ok=False,
                                seconds=480 * SLOWER, env=dict(self.environment, WEIR_BINARY=os.environ["WEIR_BINARY"]))
        said = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, 0, said[-6000:])
        count = re.search(r"^(\d+) passed, 0 failed, \d+ s$", said, re.M)
        self.assertTrue(count, said[-6000:])
        self.assertEqual(int(count[1]), len(re.findall(r"^pass  ", said, re.M)))
        for family in ("IPv4", "IPv6"):
            self.assertIn("A device that knows of no proxy, " + family, said)
        print(said)

    def look_at_the_image(self):
        """The image alone, as `docker run --read-only` starts it."""
        sizes = [json.loads(self.docker("image", "inspect", name).stdout)[0]["Size"]
                 for name in ("debian:bookworm-slim", "weir:0.1.0")]
        self.assertLess(sizes[1] - sizes[0], 60 * MIB)
        print("over the base: %.1f MB" % ((sizes[1] - sizes[0]) / 1e6))
        alone = self.docker("run", "-d", "--read-only", "--cap-drop", "ALL", "weir:0.1.0").stdout.decode().strip()
        self.addCleanup(self.docker, "rm", "-fv", alone)
        wait_until("it is healthy", lambda: not self.docker("exec", alone, "weir", "health", ok=False).returncode)
        self.assertEqual(self.docker("exec", alone, "id", "-un").stdout, b"weir\n")
        self.assertIn(b"libcurl", self.docker("exec", alone, "sh", "-c", "ls /usr/lib/*-linux-gnu").stdout)
        self.docker("stop", "-t", "10", alone)
        state = json.loads(self.docker("inspect", alone).stdout)[0]["State"]
        self.assertEqual(state["ExitCode"], 0, state)


if __name__ == "__main__":
    unittest.main()
