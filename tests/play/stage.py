# SPDX-License-Identifier: Apache-2.0
#
# The sockets of a play: scripted clients and origins, and the pump that moves their bytes. One thread;
# nothing blocks but select(), and every wait has a deadline and a condition. Knows no HTTP.
"""Endpoints over loopback and the event pump that drives them."""

import errno
import selectors
import socket
import struct
import time


class Line:
    """One TCP connection held by the play."""

    def __init__(self, stage, sock, name):
        self.stage = stage
        self.sock = sock
        self.name = name
        self.inbox = bytearray()
        self.outbox = bytearray()
        self.ended = False  # the other side sent FIN
        self.broken = False  # the other side sent RST
        self.paused = False
        self.closing = None  # "half" or "full", once the outbox is empty
        self.closed = False
        self.deaf = False  # the other side takes no more; what it said before can still be read
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stage.selector.register(sock, selectors.EVENT_READ, self)
        self.interest = selectors.EVENT_READ

    @property
    def over(self):
        return self.ended or self.broken or self.closed

    def send(self, data):
        self.outbox += data
        self.flush()

    def flush(self):
        while self.outbox and not self.closed and not self.deaf:
            try:
                sent = self.sock.send(memoryview(self.outbox)[:1 << 18].tobytes())
            except BlockingIOError:
                break
            except OSError:
                self.deaf = True
                break
            del self.outbox[:sent]
        if self.deaf:
            self.outbox.clear()
        if not self.outbox and self.closing:
            how, self.closing = self.closing, None
            if how == "half":
                try:
                    self.sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            else:
                self.close()
        self.update()

    def fill(self):
        for _ in range(64):
            try:
                data = self.sock.recv(1 << 17)
            except BlockingIOError:
                return
            except OSError as error:
                self.broken = True
                if error.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT):
                    raise
                break
            if not data:
                # After a failed send the reset has been told already, and recv() says end only.
                self.broken, self.ended = self.deaf, not self.deaf
                break
            self.inbox += data
        self.update()

    def update(self):
        if self.closed:
            return
        wanted = 0
        if not (self.paused or self.ended or self.broken):
            wanted |= selectors.EVENT_READ
        if self.outbox and not self.deaf:
            wanted |= selectors.EVENT_WRITE
        if wanted == self.interest:
            return
        if not self.interest:
            self.stage.selector.register(self.sock, wanted, self)
        elif wanted:
            self.stage.selector.modify(self.sock, wanted, self)
        else:
            self.stage.selector.unregister(self.sock)
        self.interest = wanted

    def half_close(self):
        self.closing = "half"
        self.flush()

    def finish(self):
        """Closes once everything is sent."""
        self.closing = "full"
        self.flush()

    def reset(self):
        if not self.closed:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close()

    def close(self):
        if self.closed:
            return
        if self.interest:
            self.stage.selector.unregister(self.sock)
            self.interest = 0
        self.closed = True
        self.sock.close()


class Listener:
    """A listening socket; the lines it accepted stand in order."""

    def __init__(self, stage, name, host):
        self.stage = stage
        self.name = name
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.sock.bind((host, 0))
        self.sock.listen(128)
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.text = ("[%s]:%d" if ":" in host else "%s:%d") % (host, self.port)
        self.lines = []
        self.next_pauses = False  # the next connection is not read from
        stage.selector.register(self.sock, selectors.EVENT_READ, self)

    def fill(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            line = Line(self.stage, sock, "%s#%d" % (self.name, len(self.lines) + 1))
            line.paused, self.next_pauses = self.next_pauses, False
            line.update()
            self.lines.append(line)

    def flush(self):
        pass

    def clear(self):
        self.fill()
        for line in self.lines:
            line.close()
        self.lines = []
        self.next_pauses = False


class Stage:
    """The selector and all endpoints of one runner process."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()

    def turn(self, seconds):
        """Waits for one batch of events; True if there was any."""
        events = self.selector.select(max(0.0, seconds))
        for key, mask in events:
            if mask & selectors.EVENT_READ and not getattr(key.data, "closed", False):
                key.data.fill()
            if mask & selectors.EVENT_WRITE and not getattr(key.data, "closed", False):
                key.data.flush()
        return bool(events)

    def wait(self, condition, seconds):
        """Pumps until `condition()` holds; False when the time is up."""
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.turn(left)
        return True

    def dial(self, address, name):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(5)
        sock.connect(address)
        return Line(self, sock, name)
