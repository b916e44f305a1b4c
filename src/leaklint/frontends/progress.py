"""Progress: one line on the terminal while long work goes on, erased before anything else is printed."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from types import TracebackType
from typing import TextIO

from leaklint.report.plain import plain

PATIENCE = 0.5
"""Seconds before the line is first drawn: short work needs none."""

PACE = 0.2
ERASE = "\r\x1b[2K"
USUAL_WIDTH = 80


class Progress:
    """Draws what is being done, how much of it, and for how long, from a thread of its own."""

    def __init__(self, stream: TextIO, *, wanted: bool) -> None:
        self.stream = stream
        self.wanted = wanted
        self.place = ""
        """The project at work, where there are several."""
        self.doing = "looking for files"
        self.ended = threading.Event()
        self.thread: threading.Thread | None = None

    def hears(self, doing: str, done: int, of: int) -> None:
        """Is told how far the work has come."""
        self.doing = f"{doing} {done}/{of} files"

    def begins(self, place: str) -> None:
        """Is told which project comes next."""
        self.place = plain(place)
        self.doing = "looking for files"

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
            self.stream.write(ERASE + self._line(time.monotonic() - begin))
            self.stream.flush()
            drawn, pause = True, PACE
        if drawn:
            self.stream.write(ERASE)
            self.stream.flush()

    def _line(self, seconds: float) -> str:
        """The line, cut where the terminal ends: what wraps cannot be erased."""
        place = f" in {self.place}" if self.place else ""
        return f"leaklint: {self.doing} ({seconds:.0f} s){place}"[: _width(self.stream) - 1]


def _width(stream: TextIO) -> int:
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    return USUAL_WIDTH


def progress(options: argparse.Namespace) -> Progress:
    """The progress of a command, drawn on a terminal that can erase, and where no option speaks against it."""
    unwanted = getattr(options, "quiet", False) or getattr(options, "no_progress", False)
    able = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Progress(sys.stderr, wanted=able and not unwanted)
