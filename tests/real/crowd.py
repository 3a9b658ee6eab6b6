# SPDX-License-Identifier: Apache-2.0
#
# Many connections from one thread: opened from several loopback addresses so that ports do not run out,
# each given something to say and an answer to wait for, all kept open until told otherwise.
"""A crowd of client connections, and an echo origin that holds as many."""

import contextlib
import errno
import os
import selectors
import socket
import threading
import time

from harness import LOOPBACK, listening_socket

PER_SOURCE = 5000  # connections from one 127.0.0.x, far below the range of local ports
AT_ONCE = 400      # that speak at a time: what waits for one origin is limited, by default to 1,024


class Member:
    """One connection of the crowd."""

    __slots__ = ("sock", "inbox", "to_say")

    def __init__(self, address, source, to_say):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: share local ports
        self.sock.bind((source, 0))
        self.inbox, self.to_say = b"", to_say
        code = self.sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            self.sock.close()
            raise OSError(code, os.strerror(code))


class Crowd:
    """`count` connections to `address`, filled up and spoken to in rounds."""

    def __init__(self, case, address):
        self.address = address
        self.members = []
        self.selector = selectors.DefaultSelector()
        case.addCleanup(self.close)

    def grow(self, count, words, answered, seconds):
        """Opens `count` more; each says `words` and waits until `answered(inbox)`."""
        def open_one():
            source = "127.0.0.%d" % (2 + len(self.members) // PER_SOURCE)
            self.members.append(Member(self.address, source, words))
            return self.members[-1]
        self.work((open_one() for _ in range(count)), answered, seconds)

    def say(self, words, answered, seconds):
        """One more round: everybody says `words` and waits for the answer."""
        def prepare(member):
            member.inbox, member.to_say = b"", words
            return member
        self.work(map(prepare, self.members), answered, seconds)

    def work(self, members, answered, seconds):
        """Lets AT_ONCE of the members speak and listen at a time, until all have their answer."""
        end, waiting, more = time.monotonic() + seconds, 0, True
        while more or waiting:
            while more and waiting < AT_ONCE:
                member = next(members, None)
                more = member is not None
                if more:
                    self.selector.register(member.sock, selectors.EVENT_WRITE, member)
                    waiting += 1
            waiting -= self.turn(answered, end, waiting)

    def turn(self, answered, end, waiting):
        """How many got their answer in one turn; they are not watched any more."""
        done = 0
        for key, events in self.selector.select(1):
            member = key.data
            if events & selectors.EVENT_WRITE:
                sent = member.sock.send(member.to_say)
                member.to_say = member.to_say[sent:]
                if not member.to_say:
                    self.selector.modify(member.sock, selectors.EVENT_READ, member)
                continue
            piece = member.sock.recv(65536)
            if not piece:
                raise AssertionError("a connection was closed after %r" % member.inbox[:200])
            member.inbox += piece
            if answered(member.inbox):
                self.selector.unregister(member.sock)
                done += 1
        if time.monotonic() > end:
            raise AssertionError("%d of %d connections still wait for an answer" %
                                 (waiting - done, len(self.members)))
        return done

    def close(self):
        for member in self.members:
            member.sock.close()
        self.members = []
        self.selector.close()


class EchoOrigin:
    """Returns every byte, on as many connections as come, from one thread."""

    def __init__(self, case):
        self.listener = listening_socket(backlog=4096)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.wake, self.woken = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.woken, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        case.addCleanup(self.close)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.woken:
                    return
                if key.fileobj is self.listener:
                    with contextlib.suppress(BlockingIOError):
                        while True:
                            sock, _ = self.listener.accept()
                            self.selector.register(sock, selectors.EVENT_READ)
                    continue
                try:
                    piece = key.fileobj.recv(65536)
                    key.fileobj.sendall(piece)
                except OSError:
                    piece = b""
                if not piece:
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()

    def close(self):
        self.wake.send(b"x")
        self.thread.join(10)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
        self.wake.close()


def loopback_request(port, path="/small.txt"):
    return ("GET http://%s:%d%s HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (LOOPBACK, port, path, LOOPBACK, port)).encode()
