# SPDX-License-Identifier: Apache-2.0
#
# RFC 6455 for both sides of a test: enough of it to open, send, ping and close, and no more. The client
# goes through a proxy either with Upgrade in a forwarded request or inside a CONNECT tunnel.
"""A small WebSocket client and echo server."""

import base64
import hashlib
import os
import re
import socket
import struct
import threading

from harness import LOOPBACK, PATIENCE
from origins import read_head

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_key(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def xor(data, mask):
    repeated = (mask * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")


def write_frame(sock, opcode, data=b"", masked=False):
    """One whole message in one frame (5.2)."""
    size, flag = len(data), 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, flag | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, flag | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, flag | 127, size)
    mask = os.urandom(4) if masked else b""
    sock.sendall(head + mask + (xor(data, mask) if masked else data))


def read_exactly(sock, count):
    out = bytearray()
    while len(out) < count:
        piece = sock.recv(min(count - len(out), 1 << 20))
        if not piece:
            raise EOFError("the connection ended inside a frame")
        out += piece
    return bytes(out)


def read_frame(sock):
    first, second = read_exactly(sock, 2)
    size = second & 0x7f
    if size == 126:
        size, = struct.unpack("!H", read_exactly(sock, 2))
    elif size == 127:
        size, = struct.unpack("!Q", read_exactly(sock, 8))
    mask = read_exactly(sock, 4) if second & 0x80 else b""
    data = read_exactly(sock, size)
    return first & 0x0f, xor(data, mask) if mask else data


def serve_echo(sock):
    """An origin for `Server`: opens, returns every message, answers pings, and closes politely."""
    head = read_head(sock)
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
    if not key or not re.search(rb"(?i)upgrade: websocket", head):
        sock.sendall(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"
                     b"Connection: close\r\n\r\n")
        return
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + accept_key(key[1]) + b"\r\n\r\n")
    while True:
        opcode, data = read_frame(sock)
        if opcode == PING:
            write_frame(sock, PONG, data)
        elif opcode == CLOSE:
            write_frame(sock, CLOSE, data)
            return
        else:
            write_frame(sock, opcode, data)


def open_tunnel(proxy, port):
    """A socket behind a CONNECT answered with 200."""
    sock = socket.create_connection((LOOPBACK, proxy.port), PATIENCE)
    sock.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (port, port))
    head = read_until_empty_line(sock)
    assert head.startswith(b"HTTP/1.1 200") or head.startswith(b"HTTP/1.0 200"), head
    return sock


def read_until_empty_line(sock):
    """A head, byte by byte so that nothing behind it is taken."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)
        if not piece:
            raise EOFError("the connection ended inside a head: %r" % head)
        head += piece
    return head


class Client:
    """A WebSocket through `proxy` to a local port; `tunnel` chooses CONNECT instead of Upgrade. A `sock` is
    taken as it is, without asking for a proxy."""

    def __init__(self, proxy, port, tunnel=False, sock=None):
        address = b"127.0.0.1:%d" % port
        if sock is not None:
            self.sock, target = sock, b"/chat"
        elif tunnel:
            self.sock, target = open_tunnel(proxy, port), b"/chat"
        else:
            self.sock = socket.create_connection((LOOPBACK, proxy.port), PATIENCE)
            target = b"http://" + address + b"/chat"
        key = base64.b64encode(os.urandom(16))
        self.sock.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: " + address + b"\r\nUpgrade: websocket\r\n"
                          b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key +
                          b"\r\n\r\n")
        self.head = read_until_empty_line(self.sock)
        assert self.head.startswith(b"HTTP/1.1 101 "), self.head
        assert accept_key(key) in self.head, self.head

    def send(self, opcode, data=b""):
        write_frame(self.sock, opcode, data, masked=True)

    def read(self):
        return read_frame(self.sock)

    def close(self):
        """Says goodbye, hears goodbye, sees the end."""
        self.send(CLOSE, struct.pack("!H", 1000))
        answer = self.read()
        assert answer == (CLOSE, struct.pack("!H", 1000)), answer
        rest = self.sock.recv(1)
        self.sock.close()
        return rest == b""


def converse(case, client):
    """A whole conversation with an echo: small, large, a ping, goodbye."""
    client.send(TEXT, "grüß".encode())
    case.assertEqual(client.read(), (TEXT, "grüß".encode()))
    data = os.urandom(3 << 20)
    sender = threading.Thread(target=client.send, args=(BINARY, data))
    sender.start()
    opcode, got = client.read()
    sender.join()
    case.assertTrue(opcode == BINARY and got == data)
    client.send(PING, b"there?")
    case.assertEqual(client.read(), (PONG, b"there?"))
    case.assertTrue(client.close(), "the connection ends when both said goodbye")
