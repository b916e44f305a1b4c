"""The channel: messages from the container to its warden, one packet each, that no print and no fork can mix up.

Packets are written with the interpreter's lock held. An ordinary write lets go of it, and then a thread whose timer
has run out could run between the last message and the freeze.
"""

from __future__ import annotations

import ctypes
import json
import time
from typing import Any

PACKET = 60_000


def now() -> int:
    """Nanoseconds on a clock that all processes of the machine share and nobody sets."""
    return time.monotonic_ns()


class Channel:
    """The container's end of the channel; a closed one swallows messages, as nobody is left to read them."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._write = ctypes.PyDLL(None).write if descriptor >= 0 else None
        self._encode = json.JSONEncoder(ensure_ascii=True, default=lambda value: type(value).__name__).encode

    def say(self, what: str, **more: Any) -> None:
        """Sends one message, stamped here: the warden may come to read it late."""
        packet = self._encode({"say": what, "at": now(), **more}).encode()
        assert self._write is not None
        self._write(self.descriptor, packet, len(packet))

    def say_all(self, what: str, name: str, values: list[Any], **more: Any) -> None:
        """Sends a long list in as many packets as it takes."""
        batch: list[Any] = []
        size = 0
        for value in values:
            length = len(self._encode(value)) + 1
            if batch and size + length > PACKET:
                self.say(what, **{name: batch}, **more)
                batch, size = [], 0
            batch.append(value)
            size += length
        if batch:
            self.say(what, **{name: batch}, **more)
