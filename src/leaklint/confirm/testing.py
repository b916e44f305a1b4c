"""Warm containers for users' own tests: invoke a handler several times, then look at what leaks."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leaklint.confirm.container import Container
from leaklint.confirm.in_process import InProcess
from leaklint.confirm.plan import Engine, Plan, Regime, Unusable, module_file
from leaklint.confirm.text import place_of
from leaklint.confirm.verdict import judge


@dataclasses.dataclass(frozen=True, slots=True)
class Leak:
    """One leak; prints as what was seen of it, so that a failing assertion explains itself."""

    code: str
    kind: str
    subject: str
    place: str
    """``path:line (function)`` of what started it, ``path:line`` of what binds it; empty where it has none."""
    evidence: str

    def __repr__(self) -> str:
        place = f" at {self.place}" if self.place else ""
        return f"{self.code} {self.kind} {self.subject}{place}: {self.evidence}".strip()


@dataclasses.dataclass(frozen=True, slots=True)
class Returned:
    """What came of one invocation."""

    answer: Any
    error: str
    """Type and message, empty where the handler returned."""
    printed: tuple[str, ...]
    """Every line that was printed meanwhile, by this invocation or by the work of another."""


class WarmContainer:
    """A handler in a container that stays warm."""

    def __init__(self, plan: Plan, handler: Callable[..., Any] | None, in_process: bool) -> None:
        self._plan = plan
        self._container: Container | InProcess = InProcess(plan, handler) if in_process else Container(plan)
        try:
            self._container.start()
            if self._container.record.init_error:
                raise Unusable(f"the handler was never called: {self._container.record.init_error}")
        except BaseException:
            self._container.close()
            raise

    def invoke(self, event: Any = None) -> Returned:
        """Calls the handler for one event, in which ``{{unique}}`` stands for a text that differs each time."""
        __tracebackhide__ = True  # what matters to the user is the line of the test
        record = self._container.record
        if not record.alive:
            raise Unusable(f"the container did not live to see another event: {record.ended}")
        seen = self._container.invoke(json.dumps(event))
        printed = tuple(line.text for line in record.printed if line.during == seen.number)
        answer = json.loads(seen.answer) if seen.status == "ok" and seen.answer else None
        return Returned(answer, seen.error, printed)

    @property
    def leaks(self) -> list[Leak]:
        """What was seen to leak up to now; state takes three invocations."""
        report = judge(self._plan, self._container.record, None)
        return [
            Leak(each.code, each.kind.value, each.subject, place_of(each), each.evidence) for each in report.only_seen
        ]

    def close(self) -> None:
        """Ends the container and everything that the handler has started."""
        self._container.close()


def warm_container(
    handler: str | Callable[..., Any],
    folder: Path,
    *,
    root: Path | str | None = None,
    in_process: bool = False,
    regime: str = "lambda",
    engine: str = "auto",
    timeout: float = 10.0,
    environment: dict[str, str] | None = None,
) -> WarmContainer:
    """Starts a container for a handler: ``module:function``, looked for below a folder, or the function itself.

    The root is the folder from which the module is imported; a relative one starts at the folder.
    """
    function = None if isinstance(handler, str) else handler
    name = handler if isinstance(handler, str) else _name_of(handler)
    found = _root_of(function) if function is not None else _root_with(name.partition(":")[0], folder)
    plan = Plan(
        root=folder / root if root is not None else found,
        handler=name,
        regime=Regime(regime),
        engine=Engine(engine),
        timeout=timeout,
        environment=environment or {},
    )
    return WarmContainer(plan, function, in_process)


def _name_of(function: Callable[..., Any]) -> str:
    """``module:function`` of a function that a module binds."""
    name = getattr(function, "__qualname__", "")
    if not name or "<" in name:
        raise Unusable(f"{function!r} is bound by no module: give its name, module:function")
    return f"{function.__module__}:{name}"


def _root_of(function: Callable[..., Any]) -> Path:
    """The folder from which the module of a function is imported."""
    module = sys.modules[function.__module__]
    path = Path(str(module.__file__)).resolve()
    parts = function.__module__.count(".") + (path.name == "__init__.py")
    return path.parents[parts]


def _root_with(module: str, folder: Path) -> Path:
    """The first folder that has a module: the project's, its ``src``, and those that Python imports from."""
    imported = (Path(each) for each in sys.path if each)
    return next((each for each in (folder, folder / "src", *imported) if module_file(each, module)), folder)
