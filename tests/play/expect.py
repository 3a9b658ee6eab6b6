# SPDX-License-Identifier: Apache-2.0
#
# Compares a parsed message with what a play says it must be. Pure: message in, complaints out.
"""Matching of messages against the parts of a `gets` statement."""

import re

from script import BadPlay, strings, unescape


def glob(text):
    """A pattern in which * stands for any bytes, as a compiled expression over bytes."""
    pieces = [re.escape(unescape(piece)) for piece in text.split("*")]
    return re.compile(rb".*".join(pieces) + rb"\Z", re.S)


def short(data, limit=200):
    data = bytes(data)
    return repr(data if len(data) <= limit else data[:limit] + b"...") + (
        "" if len(data) <= limit else " (%d bytes)" % len(data))


def status_choices(text):
    """'200', '4xx', 'any of 400 501' to a test on a number."""
    words = re.sub(r"^(any of|status)\s+", "", text.strip()).split()
    for word in words:
        if not re.fullmatch(r"[1-5](\d\d|xx)", word):
            raise BadPlay("not a status: %s" % word)
    return lambda status: any(re.fullmatch(word.replace("x", r"\d"), str(status)) for word in words)


def start_faults(text, message, is_request):
    if not is_request:
        if not status_choices(text)(message.status):
            return ["status %d, expected %s" % (message.status, text)]
        return []
    words = text.split(" ")
    faults = []
    if words[0] != "*" and unescape(words[0]) != message.method:
        faults.append("method %s" % short(message.method))
    if len(words) > 1:
        same = message.target == b"*" if words[1] == "*" and words[0] != "*" else glob(words[1]).match(message.target)
        if not same:
            faults.append("target %s, expected %s" % (short(message.target), words[1][:200]))
    return faults


def field_faults(expected, fields, what):
    """`expected`: (name, pattern text) in order. A name that is mentioned must have exactly these lines."""
    faults = []
    for name in dict.fromkeys(key.lower() for key, _ in expected):
        patterns = [text for key, text in expected if key.lower() == name]
        wanted = name.encode("latin-1")
        actual = [value for key, value in fields if key.lower() == wanted]
        if len(actual) != len(patterns) or not all(
                glob(text).match(value) for text, value in zip(patterns, actual)):
            faults.append("%s %s is %s, expected %s" % (what, name, [v.decode("latin-1")[:300] for v in actual],
                                                        [p[:300] for p in patterns]))
    return faults


def part_faults(part, message, wire):
    """Complaints about one part that is not a `Name: value`; None when it is one."""
    body = strings(part)
    if body is not None:
        wanted = unescape("".join(body))
        return [] if message.body == wanted else ["body %s, expected %s" % (short(message.body), short(wanted))]
    word, _, rest = part.partition(" ")
    quoted = strings(rest) if rest else None
    if word == "not" and quoted is not None:
        return ["contains %s" % rest] if unescape("".join(quoted)) in wire else []
    if word == "has" and quoted is not None:
        return [] if unescape("".join(quoted)) in wire else ["does not contain %s" % rest]
    if part.startswith("not trailer "):
        name = part[12:].strip().lower().encode()
        return ["trailer %s is there" % part[12:]] if any(k.lower() == name for k, _ in message.trailers) else []
    if word == "not":
        return ["field %s is there" % rest] if message.values(rest.strip().encode("latin-1")) else []
    if part == "no trailers":
        return ["trailers %r" % message.trailers] if message.trailers else []
    if word == "framed":
        return [] if message.framing == rest.strip() else ["framed %s, expected %s" % (message.framing, rest)]
    if word == "reason":
        return [] if message.reason == unescape(rest) else ["reason %s" % short(message.reason)]
    if word == "version":
        return [] if message.version == rest.encode() else ["version %s" % short(message.version)]
    match = re.fullmatch(r"body (\d+) bytes", part)
    if match:
        return [] if len(message.body) == int(match.group(1)) else ["body of %d bytes" % len(message.body)]
    if part.startswith("body ~ "):
        return [] if glob("".join(strings(part[7:]) or [""])).match(message.body) else [
            "body %s does not match" % short(message.body)]
    return None


def message_faults(start, parts, message, is_request):
    """All the ways `message` differs from the statement."""
    faults = start_faults(start, message, is_request)
    wire = message.raw_head + message.body
    fields, trailers = [], []
    for part in parts:
        found = part_faults(part, message, wire)
        if found is not None:
            faults += found
            continue
        into, text = (trailers, part[8:]) if part.startswith("trailer ") else (fields, part)
        name, colon, value = text.partition(":")
        if not colon:
            raise BadPlay("cannot understand the part %r" % part)
        into.append((name.strip(), value.strip(" ")))
    faults += field_faults(fields, message.fields, "field")
    faults += field_faults(trailers, message.trailers, "trailer")
    return faults
