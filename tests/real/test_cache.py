# SPDX-License-Identifier: Apache-2.0
#
# The cache under load and under attack: a thousand clients for one fetch, a process killed while it writes, a
# disk that lies. Every body says by itself whether it is right, so a wrong one cannot go unseen.
"""The cache: collapsing, the disk tier, kill -9, damage."""

import contextlib
import hashlib
import os
import random
import re
import selectors
import signal
import socket
import threading
import time

from harness import Case, LOOPBACK, PATIENCE, wait_until
from origins import Server, read_head, say

FRESH = "Cache-Control: max-age=3600\r\n"


def size_of(path):
    """From 1 byte to 5 MiB, most of them small, always the same for a path."""
    chance = random.Random(path)
    return int(2 ** chance.uniform(0, 22.3))


def body_of(path):
    """Bytes that nothing but the path determines."""
    return random.Random("body " + path).randbytes(size_of(path))


class Library:
    """An origin of bodies that follow from their paths: counted and in chunks, with their digest."""

    def __init__(self, case):
        self.asked = 0
        self.server = Server(case, self.serve)

    def url(self, path):
        return self.server.url(path)

    def serve(self, sock):
        while True:
            path = read_head(sock).split(b" ", 2)[1].decode()
            self.asked += 1
            body = body_of(path)
            if path.startswith("/chunks"):
                sock.sendall(("HTTP/1.1 200 OK\r\n%sETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n" % FRESH).encode())
                for at in range(0, len(body), 100000):
                    piece = body[at:at + 100000]
                    sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                sock.sendall(b"0\r\n\r\n")
            else:
                say(sock, "200 OK", body, FRESH + "ETag: \"1\"\r\n")


def ask(sock, url, fields=""):
    sock.sendall(("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (url, fields)).replace(
        "Host: x", "Host: " + url.split("/")[2]).encode())


def read_answer(sock):
    """Status, head and body of one answer with a length or in chunks; EOFError when it is cut."""
    with sock.makefile("rb", 1 << 18) as file:
        def take(count):
            out = file.read(count)
            if len(out) < count:
                raise EOFError
            return out
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = file.readline()
            if not line:
                raise EOFError
            head += line
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if length:
            body = take(int(length[1]))
        else:
            pieces = [b"-"]
            while pieces[-1]:
                line = file.readline()
                if not line.endswith(b"\r\n"):
                    raise EOFError
                pieces.append(take(int(line, 16)))
                take(2)
            body = b"".join(pieces[1:])
    return int(head.split(b" ")[1]), head.decode("latin-1"), body


def gather(address, count, request):
    """`count` connections that all ask at once; their bytes when each has ended. One thread."""
    selector, answers, socks = selectors.DefaultSelector(), {}, []
    for _ in range(count):
        sock = socket.create_connection(address, PATIENCE)
        sock.setblocking(False)
        socks.append(sock)
    for sock in socks:
        sock.send(request)
        answers[sock] = b""
        selector.register(sock, selectors.EVENT_READ)
    return selector, answers


def finish(selector, answers, seconds=60):
    end = time.monotonic() + seconds
    while selector.get_map():
        if time.monotonic() > end:
            raise AssertionError("%d of %d still wait" % (len(selector.get_map()), len(answers)))
        for key, _ in selector.select(1):
            piece = key.fileobj.recv(65536)
            answers[key.fileobj] += piece
            if not piece:
                selector.unregister(key.fileobj)
                key.fileobj.close()
    return list(answers.values())


class Collapse(Case):
    def crowd(self, control, waits_for):
        """1,000 clients ask for one path whose origin answers when `waits_for(origin)` is true."""
        release, asked = threading.Event(), []

        def serve(sock):
            read_head(sock)
            asked.append(time.monotonic())
            release.wait(PATIENCE)
            say(sock, "200 OK", b"x" * 5000, control + "Connection: close\r\n")
        origin = Server(self, serve)
        proxy = self.proxy({"access_log": {"format": "json"}})
        url = origin.url("/slow")
        request = ("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (url, url.split("/")[2])).encode()
        selector, answers = gather((LOOPBACK, proxy.port), 1000, request)
        wait_until("the origin is asked", lambda: waits_for(asked))
        # All have been accepted and read when a request that came later has been answered.
        other = Server(self, lambda sock: (read_head(sock), say(sock, "200 OK", b"other")))
        for _ in range(8):
            self.assertEqual(self.get(proxy, other.url())[1], b"other")
        began = time.monotonic()
        release.set()
        found = finish(selector, answers)
        return proxy, asked, found, time.monotonic() - began

    def test_a_thousand_clients_for_one_slow_answer_cost_one_fetch(self):
        proxy, asked, found, _ = self.crowd(FRESH, len)
        self.assertEqual(len(asked), 1)
        for answer in found:
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer[:200])
            self.assertEqual(answer.partition(b"\r\n\r\n")[2], b"x" * 5000)
        wait_until("1,000 lines in the log", lambda: proxy.log().count('/slow"') >= 1000)

    def test_an_answer_for_one_alone_frees_a_thousand_at_once(self):
        """Nobody waits for another: all are asked for together as soon as the first answer is seen."""
        _, asked, found, took = self.crowd("Cache-Control: no-store\r\n", len)
        whole = sum(answer.startswith(b"HTTP/1.1 200 ") for answer in found)
        self.assertEqual((whole, len(asked)), (1000, 1000))
        self.assertLess(took, 30)


class Disk(Case):
    def setUp(self):
        super().setUp()
        self.store = self.path("store")
        os.makedirs(self.store)
        self.library = Library(self)

    def start(self, **more):
        return self.proxy({"cache": {"directory": self.store, "disk": "256MiB", "memory": "16MiB",
                                     "memory_object": "256KiB", **more}})

    def check(self, proxy, paths, fields=""):
        """Asks for each path; every body must be right. How many were hits."""
        hits = 0
        with proxy.connect() as sock:
            for path in paths:
                ask(sock, self.library.url(path), fields)
                status, head, body = read_answer(sock)
                self.assertEqual(status, 200, head)
                self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(body_of(path)).digest(), path + head)
                hits += "; hit" in head
        return hits

    def paths(self, count=60):
        return ["/%s/%d" % (("counted", "chunks")[n % 2], n) for n in range(count)]

    def stop(self, proxy):
        proxy.send(signal.SIGTERM)
        self.assertEqual(proxy.wait(), 0, proxy.errors())

    def test_what_was_stored_is_there_after_a_restart(self):
        proxy = self.start()
        self.check(proxy, self.paths())
        self.stop(proxy)
        asked = self.library.asked
        proxy = self.start()
        self.assertEqual(self.check(proxy, self.paths()), 60, proxy.errors())
        self.assertEqual(self.library.asked, asked)

    def test_parts_are_cut_out_of_what_lies_on_disk(self):
        proxy = self.start()
        path = next(path for path in ("/counted/r%d" % n for n in range(1000)) if size_of(path) > 2000000)
        self.check(proxy, [path])
        self.stop(proxy)
        proxy, body = self.start(), body_of(path)
        with proxy.connect() as sock:
            for first, last in ((0, 0), (700000, 1500000), (len(body) - 5, len(body) - 1), (524287, 524289)):
                ask(sock, self.library.url(path), "Range: bytes=%d-%d\r\n" % (first, last))
                status, head, part = read_answer(sock)
                self.assertEqual(status, 206, head)
                self.assertIn("; hit", head)
                self.assertTrue(part == body[first:last + 1], head)

    def test_killed_at_any_moment_it_never_serves_a_wrong_body(self):
        chance = random.Random(4)
        for turn in range(6):
            proxy = self.start()
            paths = ["/%s/k%d" % (chance.choice(("counted", "chunks")), chance.randrange(200)) for _ in range(400)]
            wrong, count = [], [0]

            def client(mine):
                with contextlib.suppress(OSError, EOFError):
                    with proxy.connect() as sock:
                        for path in mine:
                            ask(sock, self.library.url(path))
                            status, head, body = read_answer(sock)
                            count[0] += 1
                            if status != 200 or body != body_of(path):
                                wrong.append((path, head))
            threads = [threading.Thread(target=client, args=(paths[n::4],)) for n in range(4)]
            for thread in threads:
                thread.start()
            until = chance.randrange(5, 80)
            wait_until("answers", lambda: count[0] >= until or not any(t.is_alive() for t in threads))
            proxy.send(signal.SIGKILL)
            proxy.wait()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual(wrong, [], "turn %d" % turn)
            self.assertGreater(count[0], 0)

    def damage(self, hurt):
        """Stores, stops, lets `hurt` change each larger file, and reads everything again."""
        proxy = self.start()
        self.check(proxy, self.paths())
        self.stop(proxy)
        for folder, _, names in os.walk(self.store):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.getsize(path) > 4096:
                    with open(path, "r+b") as file:
                        hurt(file, os.path.getsize(path))
        proxy = self.start()
        hits = self.check(proxy, self.paths())
        again = self.check(proxy, self.paths())
        self.assertGreaterEqual(again, hits)
        return proxy, hits

    def test_bytes_that_have_changed_on_disk_are_never_served(self):
        def hurt(file, size):
            chance = random.Random(size)
            for _ in range(max(1, size // 200000)):
                at = chance.randrange(4096, size) if size > 8192 else size // 2
                file.seek(at)
                old = file.read(1)
                file.seek(at)
                file.write(bytes([old[0] ^ 0x55]))
        proxy, hits = self.damage(hurt)
        self.assertLess(hits, 60)
        self.assertRegex(proxy.errors(), r"(?i)stored|segment|checksum|damaged|corrupt")

    def test_files_that_were_cut_short_are_never_served_beyond_their_end(self):
        proxy, hits = self.damage(lambda file, size: file.truncate(size * 2 // 3))
        self.assertLess(hits, 60)
        self.assertTrue(proxy.alive())

    def test_two_processes_do_not_share_a_directory(self):
        first = self.start()
        self.check(first, self.paths(10))
        second = self.start()
        self.assertRegex(second.errors(), r"(?i)cache|store|directory")
        self.check(second, self.paths(10))
        self.check(first, self.paths(20))
        self.check(second, self.paths(20))

    def test_a_fill_in_progress_does_not_hold_up_the_end(self):
        held = threading.Event()

        def serve(sock):
            read_head(sock)
            sock.sendall(("HTTP/1.1 200 OK\r\n%sContent-Length: 50000000\r\n\r\n" % FRESH).encode() + b"x" * 3000000)
            held.wait(PATIENCE)
        origin = Server(self, serve)
        proxy = self.start()
        with proxy.connect() as sock:
            ask(sock, origin.url("/big"))
            sock.recv(1000)
        self.stop(proxy)
        held.set()

    def test_a_body_of_unknown_length_of_64_mib_goes_to_disk_while_it_is_read(self):
        size, block = 64 << 20, bytes(range(256)) * 4096

        def serve(sock):
            read_head(sock)
            sock.sendall(("HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n" % FRESH).encode())
            for _ in range(size // len(block)):
                sock.sendall(b"%x\r\n%s\r\n" % (len(block), block))
            sock.sendall(b"0\r\n\r\n")
        origin, proxy = Server(self, serve), self.start()
        for turn in range(2):
            with proxy.connect() as sock:
                ask(sock, origin.url("/huge"))
                status, head, body = read_answer(sock)
            self.assertEqual((status, len(body)), (200, size))
            self.assertTrue(body == block * (size // len(block)))
            if turn == 0:
                wait_until("it is stored", lambda: "; hit" in self.head_of(proxy, origin.url("/huge")))
        self.assertIn("; hit", head)
        self.assertEqual(origin.accepted, 1)

    def head_of(self, proxy, url):
        with proxy.connect() as sock:
            ask(sock, url, "Range: bytes=0-0\r\n")
            return read_answer(sock)[1]
