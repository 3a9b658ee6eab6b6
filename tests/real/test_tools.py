# SPDX-License-Identifier: Apache-2.0
#
# Programs people point at a proxy every day: wget, apt-get with a repository made here, and git over the
# plain-files protocol (nginx) and the smart one (git's own CGI).
"""wget, apt-get and git through the proxy."""

import gzip
import os

from harness import Case
from origins import GitHandler, Nginx, PythonHttp

CONTROL = """Package: weir-test-package
Version: 1.0
Architecture: all
Maintainer: Nobody <nobody@example.test>
Section: misc
Priority: optional
Description: a package that exists to be fetched
"""


class Wget(Case):
    def wget(self, proxy, *arguments):
        return self.run_program("wget", "-nv", "--tries=1", "--timeout=30", *arguments,
                                env={"http_proxy": proxy.url, "https_proxy": proxy.url, "no_proxy": ""})

    def test_wget_fetches_resumes_and_mirrors(self):
        origin, proxy, data = Nginx(self), self.proxy(), os.urandom(1 << 20)
        self.path("root/site/a.bin", data)
        self.path("root/site/index.html", b'<a href="a.bin">a</a><a href="deep/b.html">b</a>')
        self.path("root/site/deep/b.html", b"<p>deep</p>")
        self.wget(proxy, "-O", "got", origin.url("/site/a.bin"))
        self.assertEqual(self.read("got"), data)
        self.path("a.bin", data[:1000])
        self.wget(proxy, "-c", origin.url("/site/a.bin"))
        self.assertEqual(self.read("a.bin"), data)
        self.wget(proxy, "-r", "-np", "-nH", "-P", "mirror", origin.url("/site/"))
        self.assertEqual(self.read("mirror/site/a.bin"), data)
        self.assertEqual(self.read("mirror/site/deep/b.html"), b"<p>deep</p>")

    def test_wget_uses_a_tunnel_for_https(self):
        origin = Nginx(self, tls=True)
        proxy = self.proxy(tunnel_to=[origin.tls_port])
        self.path("root/small.txt", b"hello\n")
        self.wget(proxy, "--ca-certificate", self.path("cert.pem"), "-O", "got",
                  origin.tls_url("/small.txt"))
        self.assertEqual(self.read("got"), b"hello\n")


class Apt(Case):
    def private_root(self, source):
        """Options for an apt-get that touches nothing outside the test's folder."""
        for name in ("state/lists/partial", "cache/archives/partial", "etc/trusted.gpg.d", "log"):
            os.makedirs(self.path(name))
        self.path("state/status", b"")
        self.path("sources.list", source.encode())
        settings = {
            "Dir": self.folder, "Dir::State": self.path("state"), "Dir::State::status": self.path("state/status"),
            "Dir::Cache": self.path("cache"), "Dir::Log": self.path("log"), "Dir::Etc": self.path("etc"),
            "Dir::Etc::SourceList": self.path("sources.list"), "Dir::Etc::SourceParts": "-",
            "Dir::Etc::Trusted": "-", "Dir::Etc::TrustedParts": self.path("etc/trusted.gpg.d"),
            "APT::Sandbox::User": "", "Acquire::Languages": "none", "Debug::NoLocking": "1",
            "Acquire::Retries": "0", "APT::Get::List-Cleanup": "0",
        }
        return [word for key, value in settings.items() for word in ("-o", "%s=%s" % (key, value))]

    def test_apt_get_updates_and_downloads(self):
        self.need("apt-get", "dpkg-deb", "dpkg-scanpackages")
        origin, proxy = Nginx(self), self.proxy()
        self.path("package/DEBIAN/control", CONTROL.encode())
        self.path("package/usr/share/weir-test/blob", os.urandom(2 << 20))
        os.makedirs(self.path("root/repo"))
        os.chmod(self.path("package/DEBIAN"), 0o755)
        deb = self.path("root/repo/weir-test-package_1.0_all.deb")
        self.run_program("dpkg-deb", "--root-owner-group", "-Znone", "-b", self.path("package"), deb)
        index = self.run_program("dpkg-scanpackages", "-m", ".", cwd=self.path("root/repo")).stdout
        self.path("root/repo/Packages", index)
        self.path("root/repo/Packages.gz", gzip.compress(index))
        options = self.private_root("deb [trusted=yes] %s ./\n" % origin.url("/repo"))
        options += ["-o", "Acquire::http::Proxy=" + proxy.url]
        self.run_program("apt-get", *options, "update")
        self.run_program("apt-get", *options, "download", "weir-test-package")
        with open(deb, "rb") as file:
            self.assertEqual(self.read("weir-test-package_1.0_all.deb"), file.read())
        self.run_program("apt-get", *options, "update")  # conditional requests this time
        proxy.wait_for_log(r"weir-test-package_1\.0_all\.deb")


class Git(Case):
    def git(self, *arguments, cwd=None, proxy=None):
        environment = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
                       "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@example.test",
                       "GIT_COMMITTER_NAME": "T", "GIT_COMMITTER_EMAIL": "t@example.test"}
        if proxy:
            environment.update(http_proxy=proxy.url, no_proxy="")
        return self.run_program("git", "-c", "init.defaultBranch=main", "-c", "safe.directory=*", *arguments,
                                env=environment, cwd=cwd).stdout

    def repository(self):
        """A bare repository below root/, with some history."""
        self.need("git")
        work, bare = self.path("work"), self.path("root/thing.git")
        self.git("init", "-q", work)
        for number in range(20):
            self.path("work/file%d" % number, os.urandom(20_000))
            self.git("add", ".", cwd=work)
            self.git("commit", "-q", "-m", "step %d" % number, cwd=work)
        self.git("clone", "-q", "--bare", work, bare)
        return work, bare

    def test_git_clones_over_plain_files(self):
        work, bare = self.repository()
        self.git("update-server-info", cwd=bare)
        origin, proxy = Nginx(self), self.proxy()
        self.git("clone", "-q", origin.url("/thing.git"), self.path("clone"), proxy=proxy)
        self.assertEqual(self.git("rev-parse", "HEAD", cwd=self.path("clone")),
                         self.git("rev-parse", "HEAD", cwd=work))
        proxy.wait_for_log(r"thing\.git/info/refs")

    def test_git_clones_fetches_and_pushes_over_the_smart_protocol(self):
        work, bare = self.repository()
        self.git("config", "http.receivepack", "true", cwd=bare)
        self.git_root = self.path("root")
        origin, proxy = PythonHttp(self, GitHandler), self.proxy()
        clone = self.path("clone")
        self.git("clone", "-q", origin.url("/thing.git"), clone, proxy=proxy)
        self.path("clone/new", os.urandom(3 << 20))  # more than http.postBuffer: pushed in chunks
        self.git("add", ".", cwd=clone)
        self.git("commit", "-q", "-m", "new", cwd=clone)
        self.git("push", "-q", "origin", "HEAD:main", cwd=clone, proxy=proxy)
        head = self.git("rev-parse", "HEAD", cwd=clone)
        self.assertEqual(self.git("rev-parse", "main", cwd=bare), head)
        second = self.path("second")
        self.git("clone", "-q", "--depth", "1", origin.url("/thing.git"), second, proxy=proxy)
        self.assertEqual(self.git("rev-parse", "HEAD", cwd=second), head)
        self.git("fsck", "--strict", cwd=clone)
