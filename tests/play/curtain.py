# SPDX-License-Identifier: Apache-2.0
#
# The end of a scene: nothing unread anywhere, every connection closed, one access log record for each
# exchange, and what the scene says of the log.
"""What is checked after the last statement."""

import json
import re

from actors import At, Diverged
from expect import short
from messages import Malformed, read_message
from script import BadPlay, strings


def requests_begun(data):
    """How many requests a client began, by strict reading; bodies and tunnels hold none."""
    count = 0
    while data:
        try:
            message, used = read_message(data, True)
        except Malformed:
            return count
        if message is None:
            return count
        count += 1
        if not message.complete or message.method == b"CONNECT" or b"upgrade" in message.options():
            return count
        data = data[used:]
    return count


class Curtain:
    """Mixed into Performance."""

    def forgive(self):
        """From here on nothing is compared; requests the proxy has read are still owed a record."""
        self.proxy.sentinel()
        self.loose = True
        self.owed = sum(min(actor.finals + 1, max(actor.finals, requests_begun(actor.sent)))
                        for actor in self.clients.values())

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
        if self.loose:  # bytes of a lost exchange may have begun another
            most = max(most, self.owed) + len(self.clients)
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
