#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# The far ends of the gateway's laboratory, one process in one namespace each. `serve PORT... ADDRESS...`: answers
# "server ADDRESS" on TCP, and echoes on UDP at these addresses. `take PORT redirect|tproxy [HOST...]`: stands where
# Weir will stand, and tells each client "taken ADDRESS PORT from ADDRESS", its original destination as the kernel
# tells it.
"""Servers for the tests of the gateway's rules."""

import ctypes
import selectors
import signal
import socket
import struct
import sys

SO_ORIGINAL_DST = 80  # the same number in both families
IPV6_TRANSPARENT = 75
FAMILIES = {socket.AF_INET: socket.SOL_IP, socket.AF_INET6: socket.IPPROTO_IPV6}


def bound(family, kind, host, port, transparent=False):
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if transparent:
        option = socket.IP_TRANSPARENT if family == socket.AF_INET else IPV6_TRANSPARENT
        sock.setsockopt(FAMILIES[family], option, 1)
    sock.bind((host, port))
    if kind == socket.SOCK_STREAM:
        sock.listen(64)
    return sock


def original(conn, tproxy):
    """Where the client was going: with TPROXY the connection's own address."""
    if tproxy:
        return conn.getsockname()[:2]
    if conn.family == socket.AF_INET:
        port, address = struct.unpack("!2xH4s8x", conn.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16))
    else:
        port, address = struct.unpack("!2xH4x16s4x", conn.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28))
    return socket.inet_ntop(conn.family, address), port


def answer(sock, words):
    """One TCP connection, told something and closed when the client has done so."""
    conn, peer = sock.accept()
    with conn:
        conn.settimeout(5)
        try:
            conn.sendall(words(conn, peer).encode() + b"\n")
            conn.shutdown(socket.SHUT_WR)
            conn.recv(1)
        except OSError:
            pass


def run(sockets, words):
    selector = selectors.DefaultSelector()
    for sock in sockets:
        selector.register(sock, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj.type == socket.SOCK_DGRAM:
                data, peer = key.fileobj.recvfrom(2048)
                key.fileobj.sendto(data, peer)
            else:
                answer(key.fileobj, words)


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(ports, hosts):
    run([bound(family_of(host), kind, host, port) for port in ports for kind, on in (
        (socket.SOCK_STREAM, ("0.0.0.0", "::")), (socket.SOCK_DGRAM, hosts)) for host in on],
        lambda conn, peer: "server %s" % conn.getsockname()[0])


def take(port, mode, hosts):
    tproxy = mode == "tproxy"
    run([bound(family_of(host), socket.SOCK_STREAM, host, port, tproxy)
         for host in hosts or ("0.0.0.0", "::")],
        lambda conn, peer: "taken %s %d from %s" % (*original(conn, tproxy), peer[0]))


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlives its test
    if sys.argv[1] == "serve":
        serve([int(port) for port in sys.argv[2:] if port.isdigit()],
              [host for host in sys.argv[2:] if not host.isdigit()])
    else:
        take(int(sys.argv[2]), sys.argv[3], sys.argv[4:])
