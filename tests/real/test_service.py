# SPDX-License-Identifier: Apache-2.0
#
# The installed service under a systemd of its own: the first process in namespaces of its own (processes, mounts,
# network, control groups), with the machine's files under an overlay that goes with it, and with no units but ours and
# the targets they name, so that it touches nothing of the machine. Skipped where systemd, root or one of these is
# missing.
"""The unit through crashes, reloads and a stop, under a real systemd."""

import contextlib
import os
import subprocess
import unittest

from harness import Case, Program, wait_until

BUILD = os.path.dirname(os.path.abspath(os.environ.get("WEIR_BINARY", "")))
SYSTEMD = "/lib/systemd/systemd"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# $1: a folder for it; $2: what `cmake --install` made.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1" && mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys # a first systemd raises limits of the machine's
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for folder in run tmp dev var/tmp; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
chmod 1777 tmp var/tmp
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8; mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts && ln -s pts/ptmx dev/ptmx
: > dev/kmsg # where systemd logs
ip link set lo up
echo 0123456789abcdef0123456789abcdef > etc/machine-id
rm -rf etc/weir && cp -r "$2/." .
mkdir units
cp usr/local/lib/systemd/system/weir*.service units
for target in sysinit basic shutdown network-online nss-lookup; do
  printf '[Unit]\nDefaultDependencies=no\n' > "units/$target.target"
done
exec env -i container=weir-test SYSTEMD_UNIT_PATH=/units PATH="$3" \
  chroot . /lib/systemd/systemd --unit=basic.target --log-target=kmsg --log-color=no --show-status=no
"""


def groups():
    """Where control groups of the second version are; None: nowhere."""
    for path in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.access(os.path.join(path, "cgroup.procs"), os.W_OK):
            return path
    return None


class Service(Case):
    def setUp(self):
        super().setUp()
        self.need("cmake", "unshare", "nsenter", "systemctl", "systemd-sysusers", "setpriv", "ip", "curl",
                  "pgrep", "ps")
        if os.geteuid() != 0 or not os.path.exists(SYSTEMD):
            self.skipTest("starting a systemd needs root and " + SYSTEMD)
        if not os.path.exists(os.path.join(BUILD, "cmake_install.cmake")):
            self.skipTest("WEIR_BINARY is not in the tree that built it")
        self.run_program("cmake", "--install", BUILD, "--prefix", "/usr/local", "--strip",
                         env={"DESTDIR": self.path("tree")})
        self.boot()

    def boot(self):
        parent = groups()
        if parent is None:
            self.skipTest("there are no control groups of the second version")
        group = os.path.join(parent, "weir-test-%d" % os.getpid())
        try:
            os.mkdir(group)
        except OSError as error:
            self.skipTest("no control group can be made: %s" % error)
        self.addCleanup(self.remove_group, group)
        os.mkdir(self.path("boot"))
        enter = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup",
                 "--fork", "--kill-child"]
        self.systemd = Program(self, "systemd", [
            "sh", "-c", 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"', "-", group, *enter,
            "sh", "-c", BOOT, "-", self.path("boot"), self.path("tree"), PATH])
        children = "/proc/%d/task/%d/children" % (self.systemd.pid, self.systemd.pid)

        def up():
            if not self.systemd.alive():
                return True
            with open(children, encoding="ascii") as file:
                self.first = file.read().strip()
            return self.first and self.inside("systemctl", "is-active", "basic.target").stdout == b"active\n"
        try:
            wait_until(lambda: "systemd is up; it said:\n" + self.systemd.errors(), up)
        except AssertionError as late:
            self.skipTest(str(late))
        if not self.systemd.alive():
            self.skipTest("no systemd can be started here: " + self.systemd.errors()[-300:])
        self.told("systemd-sysusers")

    def remove_group(self, group):
        def removed():
            for path, _, _ in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):  # busy, until the last in it is gone
                    os.rmdir(path)
            return not os.path.exists(group)
        wait_until("its control groups are gone", removed)

    def inside(self, *command):
        """The command among its namespaces, and what came of it."""
        return subprocess.run(["nsenter", "-t", self.first, "-m", "-p", "-n", "-i", "-u", "-C", "-r", "-w", "env", "-i",
                               "PATH=" + PATH, *command], capture_output=True, timeout=60, check=False)

    def told(self, *command):
        done = self.inside(*command)
        if done.returncode:
            status = self.inside("sh", "-c", "systemctl status --no-pager 'weir*'; cat /dev/kmsg")
            self.fail("%s: %s\n%s" % (" ".join(command), done.stderr.decode(), status.stdout.decode()))
        return done.stdout.decode().strip()

    def shown(self, name):
        return self.told("systemctl", "show", "--value", "-p", name, "weir")

    def answers(self):
        """What a client is told of a page that the starter policy blocks."""
        return self.told("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-x", "127.0.0.1:3128",
                         "http://www.ads.example/")

    def crash_the_worker(self, main):
        worker = self.told("pgrep", "-P", main)
        self.told("kill", "-SEGV", worker)
        self.assertEqual(self.answers(), "403", "no client is refused")
        wait_until("there is another",
                   lambda: self.inside("pgrep", "-P", main).stdout.decode().strip() not in ("", worker))

    def test_the_gateways_rules_stay_while_a_worker_is_replaced(self):
        self.need("nft")
        self.told("sh", "-c", r'''
            sed -i 's/"127.0.0.1:3128"/&, {"at": "0.0.0.0:3129", "mode": "redirect"}/' /etc/weir/weir.json
            echo 'OPTIONS="--lan br-lan --port 3129"' > /etc/default/weir-gateway
            ip link add br-lan type bridge && ip address add 192.0.2.1/24 dev br-lan && ip link set br-lan up''')
        self.told("systemctl", "start", "weir")
        self.told("systemctl", "start", "weir-gateway")
        rules = self.told("nft", "-s", "list", "ruleset")
        self.assertIn("3129", rules)
        self.crash_the_worker(self.shown("MainPID"))
        self.assertEqual(self.told("systemctl", "is-active", "weir", "weir-gateway"), "active\nactive")
        self.assertEqual(self.told("nft", "-s", "list", "ruleset"), rules)
        self.told("systemctl", "stop", "weir-gateway", "weir")

    def test_the_unit_serves_through_crashes_and_reloads(self):
        self.told("systemctl", "start", "weir")  # returns when it is ready
        self.assertEqual(self.answers(), "403")
        main = self.shown("MainPID")
        self.assertEqual(self.told("ps", "-o", "user=", "--pid", main, "--ppid", main).split(), ["weir", "weir"])
        self.crash_the_worker(main)
        self.assertEqual([self.shown(name) for name in ("ActiveState", "MainPID", "NRestarts")], ["active", main, "0"])

        self.told("kill", "-KILL", main)
        wait_until("systemd has started it again", lambda: self.shown("NRestarts") == "1" and
                   (self.shown("ActiveState"), self.shown("SubState")) == ("active", "running"))
        self.assertNotEqual(self.shown("MainPID"), main)
        self.assertEqual(self.answers(), "403")

        self.told("systemctl", "reload", "weir")
        self.told("sh", "-c", "echo '{' > /etc/weir/weir.json")
        self.assertNotEqual(self.inside("systemctl", "reload", "weir").returncode, 0, "a faulty configuration is told")
        self.assertEqual((self.shown("ActiveState"), self.answers()), ("active", "403"))

        self.told("systemctl", "stop", "weir")
        self.assertEqual([self.shown(name) for name in ("ActiveState", "Result")], ["inactive", "success"])


if __name__ == "__main__":
    unittest.main()
