# SPDX-License-Identifier: Apache-2.0
#
# What the statements of a play do: clients and origins send, wait and compare. One Performance is one
# run of one scene against one proxy; it owns the scene's connections and nothing else.
"""The statements of the play language, carried out."""

import json
import re

from expect import message_faults, short, status_choices
from messages import Malformed, forwarded_request_faults, read_message, relayed_response_faults
from script import BadPlay, Statement, split_parts, strings, unescape
import compose


class Diverged(Exception):
    """The proxy did not do what the play says."""


class Skip(Exception):
    """The scene cannot be played here."""


class Actor:
    """A client, or an origin with its connections."""

    def __init__(self, name):
        self.name = name
        self.line = None
        self.listener = None
        self.methods = []  # requests sent and not yet answered, clients only
        self.finals = 0
        self.head = b""  # head taken by itself whose body is still to come
        self.last_method = b""
        self.pinned = False  # the statement names one connection


class Performance:
    def __init__(self, scene, proxy, stage, patience):
        self.scene, self.proxy, self.stage, self.patience = scene, proxy, stage, patience
        self.clients, self.origins = {}, {}
        self.split_at = None  # cut position for "in cuts"; 0 means every byte by itself
        self.loose = False  # after a deliberate accident nothing is compared any more
        self.splits_left = True
        self.logged = []  # log statements, judged when the curtain falls
        self.owed = 0  # records that must be there after an accident
        self.kept = {}  # field values remembered by "keep"

    # Names and expansion.

    def expand(self, text):
        """$a, $a.port, $proxy, $proxy.port, $closed, $rep(text,count)."""
        def one(match):
            name, port = match.group(1), match.group(2)
            if name in self.kept:
                return self.kept[name]
            if name == "proxy":
                return str(self.proxy.address[1]) if port else "%s:%d" % self.proxy.address
            if name == "closed":
                return "127.0.0.1:1"
            listener = self.origin(name).listener
            return str(listener.port) if port else listener.text
        text = re.sub(r"(?<!\\)\$([a-z][a-z0-9]*)(\.port)?(?![a-z0-9(])", one, text)
        return re.sub(r"\$rep\(((?:[^(),\\]|\\.)*),(\d+)\)", lambda m: m.group(1) * int(m.group(2)), text)

    def origin(self, name):
        actor = self.origins.get(name)
        if actor is None:
            actor = self.origins[name] = Actor(name)
            actor.listener = self.proxy.lend(name)
            if actor.listener is None:
                raise Skip("no IPv6 here")
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
            actor.methods += re.findall(rb"(?:\A|\r\n)([!-~]+) [^\r\n]* HTTP/1\.[01](?=\r\n)", data)
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

    # Receiving.

    def get(self, actor, rest, statement, is_origin):
        if rest == "nothing":
            return self.get_nothing(actor, is_origin)
        if rest == "no whole request":
            return self.get_no_whole(actor)
        if rest.startswith("bytes "):
            return self.get_bytes(actor, "".join(strings(rest[6:]) or []), is_origin)
        if strings(rest) is not None:
            raise BadPlay("gets bytes \"...\" is meant")
        times = re.match(r"(\d+) times (.*)", rest)
        if times:
            for _ in range(int(times.group(1))):
                message = self.get(actor, times.group(2), statement, is_origin)
            return message
        parts = split_parts(rest)
        start = parts.pop(0)
        and_close = start.endswith(" and close")
        start = start[:-10] if and_close else start
        or_cut = start.endswith(" or is cut")
        start = start[:-10] if or_cut else start
        head_only = start.startswith("head ")
        start = start[5:] if head_only else start
        final = start.startswith("final ")
        start = start[6:] if final else start
        message = self.take(actor, is_origin, head_only, or_cut)
        while final and message is not None and message.status < 200:
            message = self.take(actor, is_origin, head_only, or_cut)
        if message is None:
            return None
        keeps = [part.split() for part in parts if part.startswith("keep ")]
        parts = [self.expand(part) for part in parts if not part.startswith("keep ")]
        faults = message_faults(self.expand(start), parts, message, is_origin)
        for _, name, field in keeps:
            self.kept[name] = b", ".join(message.values(field.encode())).decode("latin-1").replace("\\", "\\\\")
        if is_origin:
            faults += forwarded_request_faults(message)
            if self.proxy.is_weir and message.method != b"CONNECT" and not message.values(b"via"):
                faults.append("forwarded without Via")
            actor.last_method = message.method
        else:
            faults += relayed_response_faults(message)
            if message.status == 101 or message.status >= 200:
                actor.finals += 1
            if and_close and message.framing != "close" and message.version == b"HTTP/1.1" and (
                    b"close" not in message.options()):
                faults.append("the last answer has no Connection: close")
        if faults and not self.loose:
            raise Diverged("; ".join(faults) + "\n  whole: " + short(message.raw_head + message.body, 2000))
        if and_close:
            self.ending(actor, "closed", is_origin)
        return message

    def pick(self, actor):
        """The connection of an origin on which something is unread."""
        line = actor.line
        if line is not None and (line.inbox or actor.pinned):
            return line
        for other in actor.listener.lines:
            if other.inbox:
                return other
        return None

    def take(self, actor, is_origin, head_only, or_cut):
        state = {"size": -1, "message": None, "used": 0, "line": None}

        def ready(force=False):
            line = self.pick(actor) if is_origin else actor.line
            if line is None:
                return False
            size = len(line.inbox)
            if size == state["size"] and not line.over and not force:
                return False
            if size > 65536 and not (force or line.over or size > 1.25 * state["size"]
                                     or line.inbox.endswith(b"\r\n\r\n") or size == state.get("need")):
                return False
            method = actor.methods[0] if actor.methods else b""
            no_body = head_only or (not is_origin and method == b"HEAD")
            message, used = read_message(line.inbox, is_origin, no_body, line.ended and not line.broken)
            if message is not None and not is_origin and method == b"CONNECT" and message.status // 100 == 2:
                message, used = read_message(line.inbox, False, True)
            state.update(size=size, message=message, used=used, line=line)
            if message is not None and message.framing == "length":
                state["need"] = len(message.raw_head) + int(message.values(b"content-length")[0])
            return (message is not None and message.complete) or line.over
        try:
            if not self.wait(ready):
                ready(True)
        except Malformed as fault:
            line = self.pick(actor) if is_origin else actor.line
            if self.loose:
                line.inbox.clear()
                return None
            raise Diverged("malformed: %s\n  got: %s" % (fault, short(line.inbox, 2000)))
        message, line = state["message"], state["line"]
        if message is None or not message.complete:
            if self.loose:
                return None
            if or_cut and line is not None and line.over:
                line.inbox.clear()
                return None
            how = "nothing came" if line is None else "%s%s, %s" % (
                "an incomplete message came" if line.inbox else "nothing came",
                " and the connection broke" if line.broken else " and the connection closed" if line.ended else "",
                short(line.inbox, 2000))
            raise Diverged(how)
        del line.inbox[:state["used"]]
        actor.head = message.raw_head if head_only else b""
        if is_origin:
            actor.line = line
            line.taken = True
        elif message.status >= 200 and actor.methods:
            actor.methods.pop(0)
        return message

    def get_bytes(self, actor, text, is_origin):
        wanted = unescape(self.expand(text))
        line_of = (lambda: self.pick(actor)) if is_origin else (lambda: actor.line)

        def there():
            line = line_of()
            return line is not None and (len(line.inbox) >= len(wanted) or line.over)
        self.wait(there)
        line = line_of()
        found = bytes(line.inbox[:len(wanted)]) if line else b""
        if line:
            del line.inbox[:len(wanted)]
            if is_origin:
                actor.line = line
                line.taken = True
        if found != wanted and not self.loose:
            raise Diverged("bytes %s, expected %s" % (short(found, 1000), short(wanted, 1000)))

    def get_nothing(self, actor, is_origin):
        self.settle()
        lines = actor.listener.lines if is_origin else [actor.line]
        for line in lines:
            if line.inbox and not self.loose:
                raise Diverged("%s got %s" % (line.name, short(line.inbox, 2000)))

    def get_no_whole(self, actor):
        """Whatever reached the origin must be one request cut short, and its connection closed."""
        self.settle()
        for line in actor.listener.lines:
            if self.loose:
                return
            if not self.wait(lambda: line.over):
                raise Diverged("the connection to the origin stays open; it got %s" % short(line.inbox, 2000))
            try:
                message, _ = read_message(line.inbox, True)
            except Malformed as fault:
                raise Diverged("malformed: %s\n  got: %s" % (fault, short(line.inbox, 2000)))
            if message is not None and message.complete:
                raise Diverged("a whole request came: %s" % short(line.inbox, 2000))
            line.inbox.clear()

    def ending(self, actor, how, is_origin):
        line = actor.line
        if self.loose:
            return
        if line is None:
            raise Diverged("%s has no connection" % actor.name)
        if not self.wait(lambda: line.over):
            raise Diverged("the connection stays open; unread: %s" % short(line.inbox, 1000))
        if how == "reset" and not line.broken:
            raise Diverged("closed in order, expected a reset")
        if how == "cut":
            data, line.inbox = actor.head + bytes(line.inbox), bytearray()
            try:
                message, _ = read_message(data, is_origin, False, line.ended and not line.broken)
            except Malformed as fault:
                raise Diverged("malformed: %s\n  got: %s" % (fault, short(data, 2000)))
            if message is not None and message.complete:
                raise Diverged("the answer looks complete: %s" % short(data, 2000))
        elif line.inbox:
            raise Diverged("closed, but first came %s" % short(line.inbox, 2000))

    # The end of a scene.

    def forgive(self):
        """From here on nothing is compared; requests the proxy has read are still owed a record."""
        self.proxy.sentinel()
        self.loose = True
        self.owed = sum(actor.finals + bool(actor.methods) for actor in self.clients.values())

    def lines(self):
        found = [actor.line for actor in self.clients.values() if actor.line]
        for actor in self.origins.values():
            found += actor.listener.lines
        return [line for line in found if not line.closed]

    def curtain(self):
        """Checks what must hold after every scene, and closes everything."""
        if not self.loose:
            self.settle()
            for line in self.lines():
                if line.inbox and not getattr(line, "careless", False):
                    raise Diverged("left unread at %s: %s" % (line.name, short(line.inbox, 2000)))
        for line in self.lines():
            line.close()
        for actor in self.origins.values():
            actor.listener.clear()
        if not self.proxy.is_weir:
            return
        self.settle()
        records = self.proxy.records()
        finals = sum(actor.finals for actor in self.clients.values())
        most = finals + sum(len(actor.methods) for actor in self.clients.values())
        least = max(finals, self.owed)
        if not least <= len(records) <= max(most, least):
            raise Diverged("%d access log records, expected %s\n  %s" % (
                len(records), least if most == least else "%d to %d" % (least, most), "\n  ".join(records)))
        if not self.loose:
            for statement, text in self.logged:
                self.check_log(statement, text, records)

    @staticmethod
    def same(actual, wanted):
        text = actual if isinstance(actual, str) else json.dumps(actual)
        return re.fullmatch(".*".join(re.escape(piece) for piece in wanted.split("*")), text) is not None

    def check_log(self, statement, text, records):
        match = re.fullmatch(r"records (\d+)", text)
        if match:
            if len(records) != int(match.group(1)):
                raise At(statement, "%d records\n  %s" % (len(records), "\n  ".join(records)))
            return
        verb, _, rest = text.partition(" ")
        if verb not in ("has", "lacks"):
            raise BadPlay("cannot understand: log %s" % text)
        found = False
        for record in records:
            if strings(rest) is not None:
                hit = "".join(strings(rest)) in record
            else:
                fields = json.loads(record)
                hit = all(self.same(fields.get(key), value) for key, value in (
                    pair.split("=", 1) for pair in self.expand(rest).split()))
            found = found or hit
        if found != (verb == "has"):
            raise At(statement, "the log %s it\n  %s" % ("has" if found else "lacks", "\n  ".join(records)))


class At(Diverged):
    """A divergence found at the end that belongs to an earlier statement."""

    def __init__(self, statement, why):
        super().__init__(why)
        self.statement = statement
