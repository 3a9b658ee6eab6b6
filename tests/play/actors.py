# SPDX-License-Identifier: Apache-2.0
#
# The clients and origins of a scene as the statements see them, and the ways a scene can end early.
# State only; what is done with it stands in acts.py, receive.py and curtain.py.
"""Actors of a scene, and the exceptions of playing it."""


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
        self.sent = b""  # all a client has sent
        self.head = b""  # head taken by itself whose body is still to come
        self.last_method = b""
        self.pinned = False  # the statement names one connection


class At(Diverged):
    """A divergence found at the end that belongs to an earlier statement."""

    def __init__(self, statement, why):
        super().__init__(why)
        self.statement = statement
