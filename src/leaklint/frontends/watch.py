"""``leaklint --watch``: checks again whenever a file changes, until it is interrupted."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from leaklint.pipeline.run import Request, parts_of
from leaklint.pipeline.wrong_use import WrongUse

Snapshot: TypeAlias = dict[Path, tuple[int, int]]
"""Time of change and size of every file that a run depends on."""

PACE = 0.5
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def snapshot_of(request: Request) -> Snapshot:
    """The files of the run as they are now; settings that are wrong at the moment are a state like any other."""
    try:
        parts = parts_of(request)
    except WrongUse:
        return {}
    found: Snapshot = {}
    for part in parts:
        files = [part.project.root / path for path in (*part.tree.own, *part.tree.libraries, *part.tree.templates)]
        for file in [*files, *filter(None, [part.project.config])]:
            try:
                state = file.stat()
            except OSError:
                continue
            found[file] = state.st_mtime_ns, state.st_size
    return found


def watch(check: Callable[[], None], look: Callable[[], Snapshot], pause: Callable[[float], None] = time.sleep) -> None:
    """Checks, waits for a change, and checks again."""
    clear = sys.stdout.isatty()
    seen = look()
    while True:
        if clear:
            sys.stdout.write(CLEAR)
        print(f"[{time.strftime('%H:%M:%S')}] checking")
        check()
        gc.collect()
        print("\nWaiting for changes; Ctrl-C ends it.", flush=True)
        # Compared with the state before the check, so that a change during it is not missed.
        while (now := look()) == seen:
            pause(PACE)
        seen = now
