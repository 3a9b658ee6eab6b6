# SPDX-License-Identifier: Apache-2.0
#
# The waiting half of the statements: gets, is closed, is cut. Everything that arrives is parsed strictly
# (messages.py) and compared (expect.py); what must not arrive is judged after a sentinel.
"""Statements that wait for something."""

import re

from actors import Diverged
from expect import message_faults, short
from messages import Malformed, forwarded_request_faults, read_message, relayed_response_faults
from script import BadPlay, split_parts, strings, unescape


class Receiving:
    """Mixed into Performance."""

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
            actor.methods.clear()  # nothing behind the last answer is served
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
            raise Diverged(how + (self.heard_by_clients() if is_origin else ""))
        del line.inbox[:state["used"]]
        actor.head = message.raw_head if head_only else b""
        if is_origin:
            actor.line = line
            line.taken = True
        elif (message.status >= 200 or message.status == 101) and actor.methods:
            actor.methods.pop(0)
        return message

    def heard_by_clients(self):
        """What the clients were told instead; the reason why an origin was not asked often stands there."""
        return "".join("\n  client %s has %s" % (client.name, short(client.line.inbox, 2000))
                       for client in self.clients.values() if client.line and client.line.inbox)

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
