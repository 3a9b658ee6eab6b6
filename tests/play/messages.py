# SPDX-License-Identifier: Apache-2.0
#
# A deliberately unforgiving reader of HTTP/1.1 messages: everything the proxy under test emits
# goes through it, so a bare LF, a chunk extension or a doubled length that slips out of the proxy fails
# a play even when the play did not ask. It knows bytes only: no sockets, no expectations.
"""Strict parsing of what a proxy emits, as a request (to an origin) or a response (to a client)."""

import re

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\x00-\x20\x7f]+) (HTTP/1\.[01])\Z")
STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)\Z")
CHUNK_LINE = re.compile(rb"[0-9A-Fa-f]{1,16}\Z")


class Malformed(Exception):
    """The proxy under test emitted something that is not strict HTTP/1.1."""


class Message:
    """One parsed message. `framing` is none, length, chunked or close."""

    def __init__(self):
        self.start = b""
        self.fields = []  # (name, value) as received, in order
        self.trailers = []
        self.body = b""
        self.framing = "none"
        self.complete = False
        self.raw_head = b""
        self.method = self.target = self.version = b""
        self.status = 0
        self.reason = b""

    def values(self, name):
        wanted = name.lower()
        return [value for key, value in self.fields if key.lower() == wanted]

    def options(self):
        """The Connection options, lower case."""
        merged = b",".join(self.values(b"connection"))
        return {part.strip().lower() for part in merged.split(b",") if part.strip()}


def head_length(data):
    """The length of a complete head in `data`, or 0. Complains about line ends on the way."""
    end = data.find(b"\r\n\r\n")
    seen = data if end < 0 else data[: end + 4]
    bare = seen.replace(b"\r\n", b"")
    if b"\n" in bare:
        raise Malformed("a bare LF in a head")
    if b"\r" in bare and not bare.endswith(b"\r"):
        raise Malformed("a bare CR in a head")
    return end + 4 if end >= 0 else 0


def read_fields(lines):
    fields = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            raise Malformed("a folded field line %r" % line)
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name):
            raise Malformed("a bad field line %r" % line)
        if not VALUE.match(value):
            raise Malformed("a bad field value %r" % line)
        fields.append((name, value.strip(b" \t")))
    return fields


def read_head(data, is_request):
    """A Message with head only and the bytes used, or None when more is needed."""
    used = head_length(data)
    if not used:
        return None, 0
    message = Message()
    message.raw_head = bytes(data[:used])
    lines = message.raw_head[:-4].split(b"\r\n")
    message.start = lines[0]
    match = (REQUEST_LINE if is_request else STATUS_LINE).match(lines[0])
    if not match:
        raise Malformed("a bad start line %r" % lines[0])
    if is_request:
        message.method, message.target, message.version = match.groups()
    else:
        message.version, status, message.reason = match.groups()
        message.status = int(status)
    message.fields = read_fields(lines[1:])
    check_framing(message)
    return message, used


def check_framing(message):
    lengths = message.values(b"content-length")
    codings = message.values(b"transfer-encoding")
    if lengths and codings:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if len(lengths) > 1 or len(codings) > 1:
        raise Malformed("a repeated framing field")
    if lengths and not re.match(rb"[0-9]+\Z", lengths[0]):
        raise Malformed("a bad Content-Length %r" % lengths[0])
    if codings and codings[0].lower() != b"chunked":
        raise Malformed("a bad Transfer-Encoding %r" % codings[0])
    if message.status and (message.status < 200 or message.status == 204) and (
            codings or (lengths and message.status < 200)):
        raise Malformed("framing fields on a %d" % message.status)


def read_chunked(data, at):
    """(body, trailers, end) of a chunked body that starts at `at`; end is 0 when incomplete."""
    pieces = []
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            if b"\n" in data[at:]:
                raise Malformed("a bare LF after a chunk size")
            return b"".join(pieces), [], 0
        line = bytes(data[at:end])
        if not CHUNK_LINE.match(line):
            raise Malformed("a bad chunk size line %r" % line[:80])
        size = int(line, 16)
        at = end + 2
        if size == 0:
            break
        pieces.append(bytes(data[at:at + size]))
        if len(data) < at + size + 2:
            return b"".join(pieces), [], 0
        if data[at + size:at + size + 2] != b"\r\n":
            raise Malformed("no CRLF after a chunk")
        at += size + 2
    if data[at:at + 2] == b"\r\n":
        return b"".join(pieces), [], at + 2
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        return b"".join(pieces), [], 0
    return b"".join(pieces), read_fields(bytes(data[at:end]).split(b"\r\n")), end + 4


def read_message(data, is_request, no_body=False, ended=False):
    """(message, used). `message` is None before the head is there; `message.complete` tells whether
    the body ended as its framing says. `ended`: the sender has closed."""
    message, used = read_head(data, is_request)
    if message is None:
        return None, 0
    codings = message.values(b"transfer-encoding")
    lengths = message.values(b"content-length")
    bodyless = message.status and (message.status < 200 or message.status in (204, 304))
    if no_body or bodyless:
        message.complete = True
    elif codings:
        message.framing = "chunked"
        message.body, message.trailers, end = read_chunked(data, used)
        message.complete = end > 0
        used = end if end else len(data)
    elif lengths:
        message.framing = "length"
        size = int(lengths[0])
        message.body = bytes(data[used:used + size])
        message.complete = len(message.body) == size
        used += len(message.body)
    elif is_request:
        message.complete = True
    else:
        message.framing = "close"
        message.body = bytes(data[used:])
        message.complete = ended
        used = len(data)
    return message, used


def forwarded_request_faults(message):
    """What no forwarded request may ever look like, whatever the play is about."""
    faults = []
    if message.version != b"HTTP/1.1":
        faults.append("forwarded as %s" % message.version.decode())
    if len(message.values(b"host")) != 1:
        faults.append("forwarded with %d Host fields" % len(message.values(b"host")))
    to_parent = not message.target.startswith((b"/", b"*"))
    for name in (b"proxy-connection", b"proxy-authorization", b"keep-alive", b"http2-settings"):
        if name == b"proxy-authorization" and to_parent:
            continue
        if message.values(name):
            faults.append("hop-by-hop field %s forwarded" % name.decode())
    for option in message.options() - {b"close", b"keep-alive", b"upgrade", b"te"}:
        faults.append("Connection option %r forwarded" % option)
    return faults


def relayed_response_faults(message):
    """What no answer to a client may ever look like."""
    faults = []
    if message.status == 101 and b"upgrade" not in message.options():
        faults.append("101 without Connection: upgrade")
    for name in (b"proxy-connection",):
        if message.values(name):
            faults.append("hop-by-hop field %s relayed" % name.decode())
    for option in message.options() - {b"close", b"keep-alive", b"upgrade"}:
        faults.append("Connection option %r relayed" % option)
    return faults
