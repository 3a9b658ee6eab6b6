# SPDX-License-Identifier: Apache-2.0
#
# What the statements of a play do: clients and origins send, wait and compare. One Performance is one
# run of one scene against one proxy; it owns the scene's connections and nothing else.
"""The statements of the play language, carried out."""

import functools
import os
import re

from actors import Actor, Diverged, Skip
from curtain import Curtain
from receive import Receiving
from script import BadPlay, Statement, split_parts, strings, unescape
import compose


@functools.cache
def flood_size():
    """More bytes than the kernel can hold on a way through the proxy whose far end does not read: a
    receive buffer that has grown as far as it may, a send buffer on either side, and some to spare."""
    def most(name):
        with open("/proc/sys/net/ipv4/" + name, encoding="ascii") as file:
            return int(file.read().split()[2])
    return (most("tcp_rmem") + 2 * most("tcp_wmem") + (2 << 20)) // 16 * 16


def methods_in(data):
    """The methods of the request lines in what a client sends. Quick, as the data may be large."""
    lines = [line for line in data.split(b"\r\n")[:-1] if line.endswith((b" HTTP/1.0", b" HTTP/1.1"))]
    found = [re.fullmatch(rb"([!-~]+) [^\r\n]* HTTP/1\.[01]", line) for line in lines]
    return [match.group(1) for match in found if match]


class Performance(Receiving, Curtain):
    def __init__(self, scene, proxy, stage, patience):
        self.scene, self.proxy, self.stage, self.patience = scene, proxy, stage, patience
        self.clients, self.origins = {}, {}
        self.split_at = None  # cut position for "in cuts"; 0 means every byte by itself
        self.loose = False  # after a deliberate accident nothing is compared any more
        self.splits_left = True
        self.logged = []  # log statements, judged when the curtain falls
        self.owed = 0  # records that must be there after an accident
        self.kept = {}  # field values remembered by "keep"
        for name in proxy.fixed:  # the proxy may dial these before the play names them
            self.origin(name)

    # Names and expansion.

    def expand(self, text):
        """$a, $a.port, $proxy, $proxy.port, $closed, $flood, $rep(text,count)."""
        def one(match):
            name, port = match.group(1), match.group(2)
            if name in self.kept:
                return self.kept[name]
            if name == "proxy":
                return str(self.proxy.address[1]) if port else "%s:%d" % self.proxy.address
            if name == "closed":
                return "127.0.0.1:1"
            if name == "flood":
                return "0123456789abcdef" * (flood_size() // 16)
            listener = self.origin(name).listener
            return str(listener.port) if port else listener.text
        text = re.sub(r"(?<!\\)\$([a-z][a-z0-9]*)(\.port)?(?![a-z0-9(])", one, text)
        return re.sub(r"\$rep\(((?:[^(),\\]|\\.)*),(\d+)\)", lambda m: m.group(1) * int(m.group(2)), text)

    def origin(self, name):
        actor = self.origins.get(name)
        if actor is None:
            alone = os.path.basename(self.scene.path).startswith(("c_", "r_4_"))
            listener = self.proxy.lend(name, alone)
            if listener is None:
                raise Skip("no IPv6 here")
            actor = self.origins[name] = Actor(name)
            actor.listener = listener
        return actor

    def client(self, name):
        actor = self.clients.get(name)
        if actor is None:
            actor = self.clients[name] = Actor(name)
            actor.line = self.stage.dial(self.proxy.address, name)
        return actor

    # Carrying out.

    def perform(self, statement):
        words = statement.text.split(" ", 2)
        if words[0] == "client" and len(words) == 3:
            actor = self.client(words[1])
            self.act(actor, words[2], statement, False)
        elif words[0] == "origin" and len(words) == 3:
            name, _, number = words[1].partition("#")
            actor = self.origin(name)
            if number:
                if not self.wait(lambda: len(actor.listener.lines) >= int(number)):
                    if self.loose:
                        return
                    raise Diverged("origin %s has %d connections" % (name, len(actor.listener.lines)))
                actor.line = actor.listener.lines[int(number) - 1]
            actor.pinned = bool(number)
            self.act(actor, words[2], statement, True)
        elif words[0] == "log":
            self.logged.append((statement, statement.text[4:]))
        else:
            raise BadPlay("cannot understand: %s" % statement.text)

    def act(self, actor, text, statement, is_origin):
        verb, _, rest = text.partition(" ")
        if verb in ("sends", "says"):
            self.send(actor, rest, statement, is_origin)
        elif verb == "gets":
            self.get(actor, rest, statement, is_origin)
        elif verb == "answers":
            for _ in range(int(rest)):
                self.get(actor, "* *", statement, True)
                self.send(actor, '200 | "ok"', Statement(statement.line, ""), True)
        elif text in ("is closed", "is cut", "is reset"):
            self.ending(actor, text[3:], is_origin)
        elif verb == "connections":
            self.settle()
            if not self.loose and len(actor.listener.lines) != int(rest):
                raise Diverged("%d connections, expected %s" % (len(actor.listener.lines), rest))
        elif verb == "keeps":
            self.still_open(actor, int(rest.split()[0]))
        elif text == "accepts":
            self.accept(actor)
        elif text == "connects":
            pass
        elif text == "is held back":
            self.settle()
            if not actor.line.outbox and not self.loose:
                raise Diverged("everything was taken; the sender is not held back")
        else:
            self.move(actor, text)

    def move(self, actor, text):
        line = actor.line
        if line is None and text == "pauses" and actor.listener:
            actor.listener.next_pauses = True
            return
        if line is None:
            if self.loose:
                return
            raise Diverged("%s has no connection" % actor.name)
        moves = {"closes": line.finish, "half-closes": line.half_close, "resets": line.reset}
        if text in moves:
            moves[text]()
        elif text == "discards":
            line.careless = True
        elif text in ("pauses", "reads on"):
            line.paused = text == "pauses"
            line.update()
        else:
            raise BadPlay("cannot understand: %s" % text)

    def still_open(self, actor, wanted):
        """How many connections the proxy holds to this origin."""
        def count():
            return sum(not line.over for line in actor.listener.lines)
        self.settle()
        if not self.wait(lambda: count() <= wanted) or (count() < wanted and not self.loose):
            raise Diverged("%d connections are open, expected %d" % (count(), wanted))

    def wait(self, condition):
        if self.loose:
            return condition()
        return self.stage.wait(condition, self.patience)

    def settle(self):
        self.proxy.settle()

    def accept(self, actor):
        fresh = lambda: [line for line in actor.listener.lines if not getattr(line, "taken", False)]
        if not self.wait(fresh):
            if self.loose:
                return
            raise Diverged("no connection came")
        actor.line = fresh()[0]
        actor.line.taken = True

    # Sending.

    def send(self, actor, rest, statement, is_origin):
        if is_origin and actor.line is None:
            if self.loose:
                return
            raise Diverged("origin %s has no connection to answer on" % actor.name)
        if statement.block is not None:
            data = compose.block(statement.block, self.expand)
        elif strings(rest) is not None:
            data = unescape(self.expand("".join(strings(rest))))
        elif is_origin:
            data = compose.response(split_parts(rest), self.expand, actor.last_method)
        else:
            data = compose.request(split_parts(rest), self.expand)
        if not is_origin:
            actor.sent += data
            actor.methods += methods_in(data)
        line = actor.line
        if is_origin or self.split_at is None or not self.splits_left:
            line.send(data)
            return
        self.splits_left = False
        cuts = range(1, len(data)) if self.split_at == 0 else [self.split_at]
        start = 0
        for cut in cuts:
            line.send(data[start:cut])
            self.proxy.sentinel()
            start = cut
        line.send(data[start:])
