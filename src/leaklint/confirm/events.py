"""Events: read from files, as JSON text in which markers are filled in later."""

from __future__ import annotations

import json
from pathlib import Path

from leaklint.confirm import marks
from leaklint.confirm.plan import Unusable
from leaklint.confirm.samples import sample


def read_event(path: Path) -> list[str]:
    """The event in a file; of a file of JSON lines, all of them, to be handed out in turn."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unusable(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise Unusable(f"{path}: cannot be read: it is not UTF-8 text") from error
    if path.suffix == ".jsonl":
        lines = enumerate(text.splitlines(), 1)
        return [checked(line, str(path), number) for number, line in lines if line.strip()]
    return [checked(text, str(path))]


def checked(text: str, source: str, line: int = 1) -> str:
    """The text, which is JSON once its markers are filled in; it begins on this line of its source."""
    try:
        json.loads(marks.like_filled(text))
    except json.JSONDecodeError as error:
        raise Unusable(f"{source}:{line + error.lineno - 1}:{error.colno}: not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{source}: not valid JSON: {error}") from error
    return text


def gathered(paths: list[Path], source: str | None) -> list[str]:
    """The events that the user asked for, in turn; an empty one where none was."""
    events = [event for path in paths for event in read_event(path)]
    if source is not None:
        events.append(sample(source))
    return events or [json.dumps({"id": marks.PLACEHOLDER})]
