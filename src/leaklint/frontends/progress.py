"""Progress: one line on the terminal while long work goes on, erased before anything else is printed."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TextIO

from leaklint.report.plain import plain

PATIENCE = 0.5
"""Seconds before the line is first drawn: short work needs none."""

PACE = 0.2
ERASE = "\r\x1b[2K"


class Progress:
    """Draws what is being done and for how long, from a thread of its own; silent where it is not wanted."""

    def __init__(self, stream: TextIO, *, wanted: bool) -> None:
        self.stream = stream
        self.wanted = wanted
        self.doing = "looking for files"
        self.ended = threading.Event()
        self.thread: threading.Thread | None = None

    def say(self, doing: str) -> None:
        """Changes what the line says."""
        self.doing = plain(doing)

    def __enter__(self) -> Progress:
        if self.wanted:
            self.thread = threading.Thread(target=self._draw, name="leaklint-progress", daemon=True)
            self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.thread is not None:
            self.ended.set()
            self.thread.join()

    def _draw(self) -> None:
        begin = time.monotonic()
        drawn = False
        pause = PATIENCE
        while not self.ended.wait(pause):
            self.stream.write(f"{ERASE}leaklint: {self.doing} ({time.monotonic() - begin:.0f} s)")
            self.stream.flush()
            drawn, pause = True, PACE
        if drawn:
            self.stream.write(ERASE)
            self.stream.flush()
