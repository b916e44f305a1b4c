"""The Runtime API as the platform serves it: HTTP on loopback, one request after the other on each connection.

Each reply is written at once and without delay; two writes would cost 40 ms of waiting for an acknowledgement.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass

BASE = "/2018-06-01/runtime"
LARGEST_BODY = 64 * 1024 * 1024
REASONS = {100: "Continue", 200: "OK", 202: "Accepted", 400: "Bad Request", 404: "Not Found", 413: "Payload Too Large"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a container to the platform."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection of a container."""

    def __init__(self, stream: socket.socket, serve: Callable[[Connection, Call], None]) -> None:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.setblocking(True)
        stream.settimeout(5)
        self.stream = stream
        self._serve = serve
        self._received = b""
        self._continued = False

    def readable(self) -> bool:
        """Reads what has come, and serves complete requests; False when the other side has closed."""
        try:
            received = self.stream.recv(1 << 16)
        except OSError:
            return False
        if not received:
            return False
        self._received += received
        while True:
            try:
                call = self._next_call()
            except ValueError:
                return False
            if call is None:
                return len(self._received) <= LARGEST_BODY
            self._serve(self, call)

    def _next_call(self) -> Call | None:
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, _, path = first.partition(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, rest = _unchunked(rest)
            if body is None:
                self._continue(headers)
                return None
        else:
            length = headers.get("content-length", "0")
            size = int(length) if length.isdigit() else 0
            if len(rest) < size:
                self._continue(headers)
                return None
            body, rest = rest[:size], rest[size:]
        self._received = rest
        self._continued = False
        return Call(method, path.rpartition(" ")[0], headers, body)

    def _continue(self, headers: dict[str, str]) -> None:
        if headers.get("expect", "").lower() == "100-continue" and not self._continued:
            self._continued = True
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Sends a reply in one write."""
        lines = [
            f"HTTP/1.1 {status} {REASONS[status]}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._send("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)

    def _send(self, packet: bytes) -> None:
        try:
            self.stream.sendall(packet)
        except OSError:
            return


def _unchunked(text: bytes) -> tuple[bytes | None, bytes]:
    """The body that chunks make up and what follows it; no body where some of it is still to come."""
    body = b""
    while True:
        line, end, text = text.partition(b"\r\n")
        if not end:
            return None, b""
        size = int(line.partition(b";")[0] or b"0", 16)
        if len(text) < size + 2:
            return None, b""
        body, text = body + text[:size], text[size + 2 :]
        if size == 0:
            return body, text


def accepted(connection: Connection) -> None:
    """The reply to whatever a container reports."""
    connection.reply(202, json.dumps({"status": "OK"}).encode())
