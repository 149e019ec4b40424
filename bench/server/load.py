"""A client that costs little: one thread, connections that are kept, and one request that is sent over and over."""

from __future__ import annotations

import re
import select
import socket
import time
from dataclasses import dataclass, field
from typing import Self

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)
_PIECE = 1 << 18
#: The seconds after which a server that says nothing is given up.
_PATIENCE = 60


def post(path: str, body: bytes, headers: str = "Content-Type: application/json") -> bytes:
    """Return a request as it goes over the wire; further headers have a line each, with CRLF between them."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )


def get(path: str) -> bytes:
    """Return a request as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@dataclass(frozen=True)
class Answer:
    """What a server sent."""

    head: bytes
    body: bytes

    @property
    def is_good(self) -> bool:
        """Say whether its status is 200."""
        return self.head.startswith(b"HTTP/1.1 200 ")


@dataclass(frozen=True)
class Load:
    """What a number of requests took."""

    #: From the first request to the last answer.
    seconds: float
    #: From each request to its answer, in seconds.
    latencies: list[float]
    #: The last answer.
    last: Answer


@dataclass
class _Connection:
    socket: socket.socket
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    received: bytearray = field(default_factory=bytearray)
    #: Whether it is told when there is room for what is unsent.
    is_full: bool = False
    #: The length of the answer's head; 0 before that is there.
    head: int = 0
    #: The length of the answer with its head, as that says; None for one in chunks.
    expected: int | None = 0
    sent_at: float = 0.0


def _join(received: bytearray, place: int) -> bytes | None:
    """Return a body out of its chunks, which begin at that place; None while one is missing."""
    body = b""
    while (end := received.find(b"\r\n", place)) >= 0:
        size = int(received[place:end].partition(b";")[0], 16)
        place = end + 2 + size + 2
        if len(received) < place:
            return None
        if not size:
            return body
        body += received[end + 2 : end + 2 + size]
    return None


class Client:
    """A number of connections to one port of this machine, each with one request on its way; closed with the block."""

    def __init__(self, port: int, connections: int = 1) -> None:
        """Connect.

        Raises:
            OSError: nothing listens there.
        """
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        try:
            for _ in range(connections):
                each = socket.create_connection(("127.0.0.1", port), _PATIENCE)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                each.setblocking(False)
                self._connections[each.fileno()] = _Connection(each)
                self._poll.register(each.fileno(), select.EPOLLIN)
        except OSError:
            self.close()
            raise

    def ask(self, request: bytes) -> Answer:
        """Send one request; return the answer, whatever its status."""
        return self._drive(request, 1, refuse=False).last

    def drive(self, request: bytes, count: int) -> Load:
        """Send a request that many times, one after the other over each connection.

        Raises:
            RuntimeError: an answer has another status than 200.
            OSError: a connection was closed, or nothing came for a minute.
        """
        return self._drive(request, count, refuse=True)

    def _drive(self, request: bytes, count: int, *, refuse: bool) -> Load:
        whole = memoryview(request)
        latencies: list[float] = []
        last = Answer(b"", b"")
        started = time.perf_counter()
        waiting = list(self._connections.values())[:count]
        for connection in waiting:
            self._start(connection, whole)
        unstarted = count - len(waiting)
        while len(latencies) < count:
            events = self._poll.poll(_PATIENCE)
            if not events:
                raise TimeoutError(f"no answer for {_PATIENCE} s")
            for number, event in events:
                connection = self._connections[number]
                if event & select.EPOLLOUT:
                    self._send(connection)
                body = self._receive(connection) if event & ~select.EPOLLOUT else None
                if body is None:
                    continue
                latencies.append(time.perf_counter() - connection.sent_at)
                last = Answer(bytes(connection.received[: connection.head]), body)
                if refuse and not last.is_good:
                    raise RuntimeError(f"it answered {last.head.decode(errors='replace')}{last.body[:1000]!r}")
                if unstarted:
                    unstarted -= 1
                    self._start(connection, whole)
        return Load(time.perf_counter() - started, latencies, last)

    def _start(self, connection: _Connection, request: memoryview) -> None:
        connection.received = bytearray()
        connection.head = 0
        connection.unsent = request
        connection.sent_at = time.perf_counter()
        self._send(connection)

    def _send(self, connection: _Connection) -> None:
        try:
            sent = connection.socket.send(connection.unsent)
        except BlockingIOError:
            sent = 0
        connection.unsent = connection.unsent[sent:]
        if connection.is_full != bool(connection.unsent):
            connection.is_full = bool(connection.unsent)
            self._poll.modify(
                connection.socket.fileno(), select.EPOLLIN | (select.EPOLLOUT if connection.is_full else 0)
            )

    @staticmethod
    def _receive(connection: _Connection) -> bytes | None:
        """Read what is there; return the body once it is whole."""
        piece = connection.socket.recv(_PIECE)
        if not piece:
            raise ConnectionResetError("the server closed a connection")
        connection.received += piece
        if not connection.head:
            end = connection.received.find(b"\r\n\r\n")
            if end < 0:
                return None
            connection.head = end + 4
            length = _LENGTH.search(connection.received, 0, connection.head)
            if length is not None:
                connection.expected = connection.head + int(length[1])
            elif _CHUNKED.search(connection.received, 0, connection.head):
                connection.expected = None
            else:
                raise RuntimeError(f"an answer of unknown length: {bytes(connection.received[:end])!r}")
        if connection.expected is None:
            return _join(connection.received, connection.head)
        return (
            bytes(connection.received[connection.head :]) if len(connection.received) >= connection.expected else None
        )

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.socket.close()
        self._poll.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
