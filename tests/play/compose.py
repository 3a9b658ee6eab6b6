# SPDX-License-Identifier: Apache-2.0
#
# Turns the short forms of the play language into bytes to send. Whatever a play spells out stays as it
# is spelt; only what it leaves out is filled in: Host, Content-Length, the version, the reason.
"""Bytes of requests and responses from their short forms."""

import re

from script import strings, unescape

REASONS = {100: "Continue", 101: "Switching Protocols", 103: "Early Hints", 200: "OK", 201: "Created",
           204: "No Content", 203: "Non-Authoritative Information", 206: "Partial Content", 301: "Moved Permanently", 304: "Not Modified",
           401: "Unauthorized", 404: "Not Found", 413: "Content Too Large", 417: "Expectation Failed",
           500: "Internal Server Error", 503: "Service Unavailable"}


def block(lines, expand):
    """Each line gets CRLF, unless it ends in a backslash."""
    out = []
    for line in lines:
        open_end = line.endswith("\\") and not line.endswith("\\\\")
        out.append(unescape(expand(line[:-1] if open_end else line)))
        if not open_end:
            out.append(b"\r\n")
    return b"".join(out)


class Parts:
    """Fields, body and leavings-out of a short form."""

    def __init__(self, parts, expand):
        self.fields, self.left_out, self.body, self.trailers = [], set(), None, b""
        self.chunked = False
        for part in parts:
            if strings(part) is not None:
                self.body = unescape(expand("".join(strings(part))))
            elif part.startswith("chunked "):
                self.chunked = True
                pieces = [unescape(expand(piece)) for piece in strings(part[8:]) or []]
                self.body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces if p) + b"0\r\n"
            elif part.startswith("trailer "):
                self.trailers += unescape(expand(part[8:])) + b"\r\n"
            elif re.fullmatch(r"no [A-Za-z-]+", part):
                self.left_out.add(part[3:].lower())
            else:
                self.fields.append(unescape(expand(part)))
        if self.chunked:
            self.body += self.trailers + b"\r\n"
        self.names = {field.partition(b":")[0].strip().lower() for field in self.fields}

    def framing(self):
        """The framing field that goes without saying, if any."""
        if {b"content-length", b"transfer-encoding"} & self.names or "length" in self.left_out:
            return []
        if self.chunked:
            return [b"Transfer-Encoding: chunked"]
        if self.body is not None:
            return [b"Content-Length: %d" % len(self.body)]
        return []


def request(parts, expand):
    """'GET http://$a/x HTTP/1.0 | Field: value | "body"'."""
    start = unescape(expand(parts[0]))
    match = re.match(rb"(.*) (HTTP/[0-9.]+)\Z", start, re.S)
    line, version = match.groups() if match else (start, b"HTTP/1.1")
    more = Parts(parts[1:], expand)
    fields = []
    target = line.partition(b" ")[2]
    authority = re.match(rb"[A-Za-z]+://([^/?#]*)", target)
    if b"host" not in more.names and "host" not in more.left_out and version == b"HTTP/1.1":
        if authority:
            fields.append(b"Host: " + authority.group(1))
        elif line.startswith(b"CONNECT "):
            fields.append(b"Host: " + target)
    fields += more.fields + more.framing()
    return line + b" " + version + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + (more.body or b"")


def response(parts, expand, method):
    """'200 | Field: value | "body"', 'HTTP/1.0 200 Fine | ...'."""
    match = re.fullmatch(r"(?:(HTTP/[0-9.]+) )?(\d{3})(?: (.*))?", parts[0])
    version, status, reason = match.group(1) or "HTTP/1.1", int(match.group(2)), match.group(3)
    more = Parts(parts[1:], expand)
    fields = more.fields + more.framing()
    silent = status < 200 or status in (204, 304) or method == b"HEAD" or (method == b"CONNECT" and status < 300)
    if not silent and more.body is None and len(fields) == len(more.fields) and "length" not in more.left_out and (
            not {b"content-length", b"transfer-encoding"} & more.names):
        fields.append(b"Content-Length: 0")
    reason = REASONS.get(status, "Whatever") if reason is None else reason
    start = ("%s %d %s" % (version, status, reason)).encode("latin-1")
    return start + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + (more.body or b"")
