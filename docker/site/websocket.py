#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# RFC 6455, as much of it as the demonstration needs: opening, and one short message each way.
#   websocket.py ws://HOST/PATH MESSAGE [PROXY:PORT]     prints what comes back
# With a proxy, the upgrade is asked for in a forwarded request.
"""A WebSocket client, and the frames for site.py."""

import base64
import hashlib
import os
import socket
import sys
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE = 1, 8


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def read_frame(stream):
    """(opcode, data) of a frame with at most 125 bytes; (CLOSE, b"") at the end."""
    head = stream.read(2)
    if len(head) < 2:
        return CLOSE, b""
    size, mask = head[1] & 0x7f, stream.read(4) if head[1] & 0x80 else bytes(4)
    if size > 125:
        raise ValueError("only short messages are spoken here")
    return head[0] & 0x0f, bytes(byte ^ mask[at % 4] for at, byte in enumerate(stream.read(size)))


def frame(opcode, data, mask=b""):
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)) if mask else data
    return bytes([0x80 | opcode, len(data) | (0x80 if mask else 0)]) + mask + masked


def ask(url, message, proxy):
    parts = urlsplit(url)
    host, _, port = proxy.rpartition(":") if proxy else (parts.hostname, "", parts.port or 80)
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((host.strip("[]"), int(port)), 10) as sock:
        target = "http://%s%s" % (parts.netloc, parts.path) if proxy else parts.path
        sock.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s"
                      "\r\nSec-WebSocket-Version: 13\r\n\r\n" % (target, parts.netloc, key)).encode())
        stream = sock.makefile("rb")
        status = stream.readline().decode().strip()
        fields = [line.decode().strip() for line in iter(stream.readline, b"\r\n") if line]
        if " 101 " not in status or not any(accept_key(key) in field for field in fields):
            sys.exit("not opened: " + status)
        sock.sendall(frame(TEXT, message.encode(), os.urandom(4)))
        print(read_frame(stream)[1].decode())
        sock.sendall(frame(CLOSE, b"", os.urandom(4)))


if __name__ == "__main__":
    ask(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
