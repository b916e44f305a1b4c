"""The container's standard output and error: each piece of text goes to the warden with the work that printed it.

Programs that the handler starts, and C code, write to the file descriptors instead; the warden reads those as well,
but cannot tell who it was.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from leaklint.confirm.inside.channel import PACKET, Channel

PIECE = PACKET // 6
"""Bytes a message, so that the text still fits when all of it has to be escaped."""


class Printed(io.BufferedIOBase):
    """The binary end of a stream of the container."""

    def __init__(self, channel: Channel, descriptor: int, limit: int, who: Callable[[], str | None]) -> None:
        self._channel = channel
        self._descriptor = descriptor
        self._left = limit
        self._full = False
        self._partial: dict[str | None, bytes] = {}
        self._who = who

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return False

    def write(self, text: Any) -> int:
        """Keeps the text until its line is complete, as a line may come in many pieces."""
        if self.closed:
            raise ValueError("write to closed file")
        content = bytes(text)
        kept = content[: self._left]
        self._left -= len(kept)
        if len(kept) < len(content) and not self._full:
            self._full = True
            self._channel.say("output-full", stream=self._descriptor)
        if kept:
            who = self._who()
            self._partial[who] = self._partial.get(who, b"") + kept
            if b"\n" in kept or len(self._partial[who]) > PIECE:
                self._send(who, self._partial.pop(who, b""))
        return len(content)

    def _send(self, who: str | None, content: bytes) -> None:
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE].decode("utf-8", "replace")
            self._channel.say("printed", stream=self._descriptor, text=piece, work=who, pid=os.getpid())

    def send_partial(self) -> None:
        """Sends lines that were begun and not ended."""
        for who in list(self._partial):
            self._send(who, self._partial.pop(who, b""))

    def close(self) -> None:
        """Closes the stream; what was written before still counts."""
        if not self.closed:
            self.send_partial()
        super().close()


def redirect(channel: Channel, limit: int, who: Callable[[], str | None]) -> list[Printed]:
    """Puts streams that report to the warden in the place of both standard ones."""
    buffers = []
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        buffer = Printed(channel, descriptor, limit, who)
        stream = io.TextIOWrapper(
            cast(BinaryIO, buffer), encoding="utf-8", errors="backslashreplace", write_through=True
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
        buffers.append(buffer)
    return buffers
