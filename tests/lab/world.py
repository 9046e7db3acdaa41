"""A world outside the lab: a name server and a server for HTTPS, on this host's own address."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_A, _IN = 1, 1
_HEAD = 12
"""Bytes before the question."""


class World:
    """What machines find at the address of this host.

    Args:
        address: this host's, on the lab's bridge.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self.asked: list[str] = []
        """Names that were asked for."""
        self.greeted: list[bytes] = []
        """What came in on 443."""
        self._names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names.bind((address, 53))
        self._web = socket.create_server((address, 443))

    def serve(self) -> None:
        """Answer until closed."""
        for serve in (self._answer, self._greet):
            threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        """Be gone."""
        for end in (self._names, self._web):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _answer(self) -> None:
        with suppress(OSError):
            while True:
                query, peer = self._names.recvfrom(4096)
                # Whoever tries whether the port answers asks for nothing.
                if len(query) > _HEAD:
                    self._names.sendto(self._reply(query), peer)

    def _reply(self, query: bytes) -> bytes:
        labels, at = [], _HEAD
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii"))
            at += 1 + query[at]
        self.asked.append(".".join(labels))
        question = query[_HEAD : at + 5]
        kind = struct.unpack("!H", query[at + 1 : at + 3])[0]
        answers = int(kind == _A)
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, answers, 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, _A, _IN, 60, 4) + socket.inet_aton(self._address)
        return head + question + record * answers

    def _greet(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._web.accept()
                connection.settimeout(5)
                with connection, suppress(OSError):
                    self.greeted.append(connection.recv(1024))
                    connection.sendall(b"hello\n")


@contextmanager
def world(address: str) -> Iterator[World]:
    """A world at an address, for as long as it is needed."""
    made = World(address)
    made.serve()
    try:
        yield made
    finally:
        made.close()
