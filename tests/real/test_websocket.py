# SPDX-License-Identifier: Apache-2.0
#
# WebSockets and bare tunnels: through Upgrade and through CONNECT, large messages, half-closed
# connections, and connections on which nobody says anything.
"""WebSockets and tunnels through the proxy."""

import hashlib
import os
import select
import socket
import threading

from harness import Case, PATIENCE, wait_until
from origins import Server, read_head, say
from websocket import TEXT, Client, converse, open_tunnel, serve_echo


class WebSocket(Case):
    def chat(self, tunnel):
        origin = Server(self, serve_echo)
        proxy = self.proxy(tunnel_to=[origin.port])
        converse(self, Client(proxy, origin.port, tunnel))

    def test_a_conversation_over_upgrade(self):
        self.chat(tunnel=False)

    def test_a_conversation_inside_a_tunnel(self):
        self.chat(tunnel=True)

    def test_an_origin_that_declines_to_upgrade_is_heard(self):
        def serve(sock):
            read_head(sock)
            say(sock, "200 OK", b"no sockets here")
        origin, proxy = Server(self, serve), self.proxy()
        done = self.curl(proxy, "-H", "Upgrade: websocket", "-H", "Connection: Upgrade", origin.url())
        self.assertEqual(done.stdout, b"no sockets here")

    def test_a_silent_conversation_outlives_the_keep_alive_limits(self):
        origin = Server(self, serve_echo)
        proxy = self.proxy({"timeouts": {"client_idle": "1s", "head": "1s", "body_idle": "1s",
                                         "client_write": "1s", "origin_head": "1s",
                                         "origin_body_idle": "1s"}}, tunnel_to=[origin.port])
        clients = [Client(proxy, origin.port, tunnel) for tunnel in (False, True)]
        ended, _, _ = select.select([client.sock for client in clients], [], [], 2.5)
        self.assertEqual(ended, [], "nothing may arrive and nothing may end")
        for client in clients:
            client.send(TEXT, b"still here")
            self.assertEqual(client.read(), (TEXT, b"still here"))
            self.assertTrue(client.close())

    def test_an_idle_tunnel_is_closed_in_time(self):
        origin = Server(self, serve_echo)
        proxy = self.proxy({"timeouts": {"tunnel_idle": "1s"}}, tunnel_to=[origin.port])
        clients = [Client(proxy, origin.port, tunnel) for tunnel in (False, True)]
        for client in clients:
            try:
                self.assertEqual(client.sock.recv(1), b"")
            except ConnectionResetError:
                pass
            client.sock.close()
        wait_until("the origin's side is closed too", lambda: not origin.open)


class Tunnel(Case):
    def test_a_client_that_has_said_all_still_hears_the_answer(self):
        """Half-close: the answer depends on all that was sent, so the end must arrive, and only it."""
        def serve(sock):
            digest = hashlib.sha256()
            while piece := sock.recv(65536):
                digest.update(piece)
            sock.sendall(digest.hexdigest().encode() + b"x" * 2_000_000)
        origin = Server(self, serve)
        proxy = self.proxy(tunnel_to=[origin.port])
        sock, data = open_tunnel(proxy, origin.port), os.urandom(5 << 20)
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: sock.recv(1 << 20), b""))
        sock.close()
        self.assertEqual(got, hashlib.sha256(data).hexdigest().encode() + b"x" * 2_000_000)

    def test_an_origin_that_has_said_all_still_hears_the_client(self):
        heard = []

        def serve(sock):
            sock.sendall(b"my last words")
            sock.shutdown(socket.SHUT_WR)
            heard.append(b"".join(iter(lambda: sock.recv(1 << 20), b"")))
        origin = Server(self, serve)
        proxy = self.proxy(tunnel_to=[origin.port])
        sock = open_tunnel(proxy, origin.port)
        self.assertEqual(b"".join(iter(lambda: sock.recv(4096), b"")), b"my last words")
        sock.sendall(b"z" * 1_000_000)
        sock.close()
        wait_until("the origin heard everything", lambda: heard)
        self.assertEqual(len(heard[0]), 1_000_000)

    def test_early_bytes_reach_the_origin_after_the_handshake(self):
        origin = Server(self, lambda sock: sock.sendall(sock.recv(100)))
        proxy = self.proxy(tunnel_to=[origin.port])
        sock = proxy.connect()
        address = b"127.0.0.1:%d" % origin.port
        sock.sendall(b"CONNECT " + address + b" HTTP/1.1\r\nHost: " + address + b"\r\n\r\nearly bird")
        got = b"".join(iter(lambda: sock.recv(4096), b""))
        sock.close()
        self.assertTrue(got.startswith(b"HTTP/1.1 200") and got.endswith(b"\r\n\r\nearly bird"), got)

    def test_both_ways_at_once_move_all_bytes(self):
        def serve(sock):
            while piece := sock.recv(65536):
                sock.sendall(piece)
        origin = Server(self, serve)
        proxy = self.proxy(tunnel_to=[origin.port])
        sock, data, got = open_tunnel(proxy, origin.port), os.urandom(16 << 20), bytearray()

        def send():
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        while piece := sock.recv(1 << 20):
            got += piece
        sender.join(PATIENCE)
        sock.close()
        self.assertTrue(got == data, "what came back differs from what was sent")
