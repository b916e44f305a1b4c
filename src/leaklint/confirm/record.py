"""The record of a run: invocations, work, lines of output and photos, put together from the container's messages."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

Line = tuple[str, int, str]
"""Path relative to the root of the run, line, function."""

FRAME = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')
RETURN = re.compile("\r\n?")
"""How the runtime ends the lines of a traceback, so that its log keeps them together."""


@dataclasses.dataclass(slots=True)
class Invocation:
    """One event and what became of it."""

    number: int
    worker: int = 0
    event: str = ""
    status: str = "running"
    """``ok``, ``error``, ``timeout`` or ``ended``."""
    answer: str = ""
    error: str = ""
    """Type and message."""
    lines: tuple[Line, ...] = ()
    """Where an error came from: path, line, function, innermost last."""
    thawed: int = 0
    given: int = 0
    returned: int = 0
    frozen: int = 0

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return self.status != "ok"


@dataclasses.dataclass(slots=True)
class Work:
    """One piece of work that the handler started."""

    key: str
    kind: str
    name: str
    invocation: int
    lines: tuple[Line, ...]
    """The project's lines that started it, innermost first."""
    worker: int = 0
    parent: str | None = None
    library: bool = False
    started: int = 0
    pending_at_return: bool = False
    ended: str = ""
    """How it ended, empty while it is pending."""
    ended_at: int = 0

    @property
    def lost(self) -> bool:
        """Whether it can never run to its end."""
        return self.ended.startswith("lost")


@dataclasses.dataclass(frozen=True, slots=True)
class Printed:
    """A line of output."""

    text: str
    stream: int
    during: int
    at: int
    work: str | None = None
    """The work that printed it; None for the handler itself and for other programs."""


@dataclasses.dataclass(slots=True)
class Photo:
    """What survived one invocation; invocation 0 is the import."""

    invocation: int
    worker: int = 0
    state: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    process: dict[str, str] = dataclasses.field(default_factory=dict)
    places: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    coroutines: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    """Those that were never begun and that nobody can await any more."""
    complete: bool = False
    trouble: str = ""


@dataclasses.dataclass(slots=True)
class Record:
    """Everything that was seen in a run."""

    run: str
    invocations: list[Invocation] = dataclasses.field(default_factory=list)
    work: dict[str, Work] = dataclasses.field(default_factory=dict)
    printed: list[Printed] = dataclasses.field(default_factory=list)
    photos: list[Photo] = dataclasses.field(default_factory=list)
    isolated: bool = False
    init_error: str = ""
    """Why the handler could not be imported."""
    ended: str = ""
    """How the container ended before its time."""
    ended_during: int = 0
    output_full: bool = False
    left: list[int] = dataclasses.field(default_factory=list)
    """Processes that could not be ended."""
    freezes: bool = True
    """Whether the container was frozen between events."""

    @property
    def alive(self) -> bool:
        """Whether the container can take another event."""
        return not self.init_error and not self.ended

    def invocation(self, number: int) -> Invocation | None:
        """The invocation of a number."""
        return next((each for each in self.invocations if each.number == number), None)

    def inside(self, moment: int, worker: int) -> int:
        """The invocation that a container was busy with, 0 where it was with none.

        A container that freezes belongs to the next invocation from the thaw on.
        """
        for each in self.invocations:
            begin, end = (each.thawed, each.frozen) if self.freezes else (each.given, each.returned)
            if each.worker == worker and begin and begin <= moment and (not end or moment <= end):
                return each.number
        return 0

    def overlapped(self, work: Work) -> int:
        """The first later invocation of the same container that began before work was over, 0 where none did."""
        later = (each for each in self.invocations if each.worker == work.worker and each.number > work.invocation)
        return next((each.number for each in later if each.given and not 0 < work.ended_at < each.given), 0)


class Recorder:
    """Builds a record from the warden's messages, one after the other."""

    def __init__(self, run: str, root: str, *, freezes: bool = True) -> None:
        self.record = Record(run, freezes=freezes)
        self._root = root
        self._partial: dict[tuple[int, int, str | None], str] = {}

    def begin(self, number: int, event: str, worker: int) -> None:
        """An event is about to be handed out."""
        self.record.invocations.append(Invocation(number, worker, event))

    def take(self, message: dict[str, Any]) -> None:
        """Adds what one message says."""
        listener = getattr(self, "_" + str(message.get("say", "")).replace("-", "_"), None)
        if listener is not None:
            listener(message)

    def _current(self, message: dict[str, Any]) -> Invocation | None:
        return self.record.invocation(message["during"])

    def _started_run(self, message: dict[str, Any]) -> None:
        self.record.isolated = message["isolated"]

    def _thawed(self, message: dict[str, Any]) -> None:
        if current := self._current(message):
            current.thawed = message["at"]

    def _given(self, message: dict[str, Any]) -> None:
        if current := self._current(message):
            current.given = message["at"]
            current.thawed = current.thawed or message["at"]

    def _frozen(self, message: dict[str, Any]) -> None:
        if current := self._current(message):
            current.frozen = message["at"]

    def _answered(self, message: dict[str, Any]) -> None:
        if message["status"] == "init-error":
            self.record.init_error = _error_of(message["body"], self._root)[0]
            return
        current = self._current(message)
        if current is None:
            return
        current.status = message["status"]
        current.returned = current.returned or message["at"]
        if current.status == "ok":
            current.answer = message["body"]
        else:
            current.error, current.lines = _error_of(message["body"], self._root)

    def _not_prepared(self, message: dict[str, Any]) -> None:
        self.record.init_error = message["reason"].removeprefix(self._root + "/")

    def _stuck(self, message: dict[str, Any]) -> None:
        if current := self._current(message):
            current.status = "timeout"
            current.error = "timed out"
        else:
            self.record.init_error = "the import of the handler timed out"

    def _ended(self, message: dict[str, Any]) -> None:
        how = message["how"]
        if self.record.ended or self.record.init_error:
            return
        current = self._current(message)
        if current is not None and current.status != "running" and how in ("timeout", "init-timeout"):
            self.record.ended = "it timed out"
        elif current is None:
            self.record.init_error = f"the process ended while the handler was imported ({how})"
        else:
            self.record.ended = f"the process ended ({how})"
            if current.status == "running":
                current.status, current.error = "ended", f"Runtime.ExitError: the process ended ({how})"
        self.record.ended_during = message["during"]

    def _started(self, message: dict[str, Any]) -> None:
        key = f"{message['worker']}.{message['work']}"
        parent = message.get("parent")
        self.record.work[key] = Work(
            key,
            message["kind"],
            message["name"],
            message["invocation"],
            tuple((path, line, function) for path, line, function in message["lines"]),
            message["worker"],
            f"{message['worker']}.{parent}" if parent else None,
            bool(message.get("library")),
            message["at"],
        )

    def _over(self, message: dict[str, Any]) -> None:
        if "work" not in message:
            self.record.left = message["left"]
            return
        work = self.record.work.get(f"{message['worker']}.{message['work']}")
        if work is not None:
            work.ended, work.ended_at = message["how"], message["at"]

    def _returns(self, message: dict[str, Any]) -> None:
        if current := self._current(message):
            current.returned = message["at"]
        for number in message["pending"]:
            work = self.record.work.get(f"{message['worker']}.{number}")
            if work is not None and work.invocation == message["invocation"]:
                work.pending_at_return = True

    def _printed(self, message: dict[str, Any]) -> None:
        work = f"{message['worker']}.{message['work']}" if message["work"] else None
        self._print(message, work)

    def _written(self, message: dict[str, Any]) -> None:
        self._print(message, None)

    def _print(self, message: dict[str, Any], work: str | None) -> None:
        place = (message["worker"], message["stream"], work)
        *lines, rest = RETURN.sub("\n", self._partial.pop(place, "") + message["text"]).split("\n")
        for text in lines:
            self.record.printed.append(Printed(text, message["stream"], message["during"], message["at"], work))
        if rest:
            self._partial[place] = rest

    def _output_full(self, message: dict[str, Any]) -> None:
        self.record.output_full = True

    def _photo(self, message: dict[str, Any]) -> Photo:
        for photo in self.record.photos:
            if photo.invocation == message["invocation"] and photo.worker == message["worker"]:
                return photo
        self.record.photos.append(Photo(message["invocation"], message["worker"]))
        return self.record.photos[-1]

    def _photo_begins(self, message: dict[str, Any]) -> None:
        self._photo(message)

    def _photo_state(self, message: dict[str, Any]) -> None:
        self._photo(message).state |= {each["label"]: each for each in message["state"]}

    def _photo_process(self, message: dict[str, Any]) -> None:
        self._photo(message).process |= dict(message["aspects"])

    def _photo_markers(self, message: dict[str, Any]) -> None:
        self._photo(message).places += message["places"]

    def _photo_coroutines(self, message: dict[str, Any]) -> None:
        self._photo(message).coroutines += message["coroutines"]

    def _photo_ends(self, message: dict[str, Any]) -> None:
        self._photo(message).complete = message["complete"]

    def _photo_failed(self, message: dict[str, Any]) -> None:
        self._photo(message).trouble = message["reason"]


def _error_of(body: str, root: str) -> tuple[str, tuple[Line, ...]]:
    """Type and message of an error that the runtime reported, and the lines that it came through."""
    try:
        said = json.loads(body)
    except ValueError:
        return body[:200], ()
    if not isinstance(said, dict):
        return str(said)[:200], ()
    frames = [match for text in said.get("stackTrace") or () for match in FRAME.finditer(str(text))]
    lines = [(match["path"].removeprefix(root + "/"), int(match["line"]), match["function"]) for match in frames]
    own = [line for line in lines if not line[0].startswith("/") and "site-packages" not in line[0]]
    return f"{said.get('errorType')}: {said.get('errorMessage')}", tuple(own or lines)
