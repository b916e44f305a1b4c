"""State of the process, as opposed to state of modules: environment, folder, paths, logging, signals and the like.

Each aspect is a name and a text; two photos are compared by the texts.
"""

from __future__ import annotations

import atexit
import gc
import locale
import logging
import os
import random
import signal
import sys
import time
import types
import warnings
from collections.abc import Iterator
from typing import Any

from leaklint.confirm.inside.anatomy import class_name, home_of, text_of
from leaklint.confirm.inside.frames import LIBRARY, MACHINERY
from leaklint.confirm.inside.owners import Owners
from leaklint.confirm.inside.registry import Registry, module_of, name_of

SET_BY_RUNTIME = frozenset({"_X_AMZN_TRACE_ID"})

Aspect = tuple[str, str]


def process_state() -> Iterator[Aspect]:
    """Every aspect of the process."""
    for name, value in sorted(os.environ.items()):
        if name not in SET_BY_RUNTIME:
            yield f"os.environ[{name!r}]", value
    yield "current folder", _folder()
    yield "sys.path", "\n".join(each if type(each) is str else class_name(type(each)) for each in sys.path)
    yield "sys.argv", "\n".join(each if type(each) is str else "?" for each in sys.argv)
    yield "sys.stdout", _stream(sys.stdout)
    yield "sys.stderr", _stream(sys.stderr)
    yield "sys.excepthook", name_of(sys.excepthook)
    yield "recursion limit", str(sys.getrecursionlimit())
    yield "garbage collection", f"{gc.isenabled()} {gc.get_threshold()}"
    yield "umask", _umask()
    yield "time zone", " ".join(time.tzname)
    yield "locale", _locale()
    yield "warnings.filters", f"{len(warnings.filters)} filters"
    yield "atexit functions", str(atexit._ncallbacks())
    for number in sorted(signal.valid_signals()):
        action = signal.getsignal(number)
        if action not in (signal.SIG_DFL, signal.SIG_IGN, None) and number != signal.SIGINT:
            yield _signal(number), f"{module_of(action)}.{name_of(action)}"
    sockets = sys.modules.get("socket")
    if sockets is not None:
        yield "default socket timeout", str(sockets.getdefaulttimeout())
    decimals = sys.modules.get("decimal")
    if decimals is not None:
        current = decimals.getcontext()
        yield "decimal context", f"precision {current.prec}, {current.rounding}"
    yield from _logging()


def _signal(number: int) -> str:
    try:
        return f"signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {int(number)}"


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "removed"


def _stream(stream: Any) -> str:
    kind = type(stream)
    return f"{home_of(kind)}.{class_name(kind)} {id(stream)}"


def _umask() -> str:
    """The mask; reading it means setting it, which the copy may do."""
    mask = os.umask(0o077)
    os.umask(mask)
    return oct(mask)


def _locale() -> str:
    try:
        return locale.setlocale(locale.LC_ALL)
    except locale.Error:
        return "unknown"


def _logging() -> Iterator[Aspect]:
    """Handlers, filters and levels of every logger."""
    loggers = [("root", logging.root), *sorted(logging.Logger.manager.loggerDict.items(), key=lambda each: each[0])]
    for name, logger in loggers:
        if not isinstance(logger, logging.Logger):
            continue
        handlers = [class_name(type(each)) for each in logger.handlers]
        filters = [name_of(each) for each in logger.filters]
        if handlers or name == "root":
            yield f"handlers of logger {name}", f"{len(handlers)}: {', '.join(handlers)}"
        if filters:
            yield f"filters of logger {name}", f"{len(filters)}: {', '.join(filters)}"
        for handler in logger.handlers:
            if getattr(handler, "filters", None) and home_of(type(handler)) != "awslambdaric.bootstrap":
                yield f"filters of a handler of logger {name}", str(len(handler.filters))
        if logger.level or name == "root":
            yield f"level of logger {name}", str(logger.level)


def process_roots() -> list[tuple[str, Any]]:
    """What the process calls by itself, for the search of markers: signal handlers, hooks, and parts of loggers."""
    loggers = [("root", logging.root), *logging.Logger.manager.loggerDict.items()]
    found: list[tuple[str, Any]] = []
    for name, logger in loggers:
        if isinstance(logger, logging.Logger):
            found += [(f"handlers of logger {name}", each) for each in logger.handlers]
            found += [(f"filters of logger {name}", each) for each in logger.filters]
    for number in signal.valid_signals():
        found.append((_signal(number), signal.getsignal(number)))
    found.append(("sys.excepthook", sys.excepthook))
    return found


class Seeds:
    """Remembers with what the shared random generator was seeded: its state alone changes by being used."""

    def __init__(self) -> None:
        self._last = ""

    def watch(self, registry: Registry) -> None:
        """Wraps the entry point that seeds."""
        seed = random.seed

        def watched_seed(a: Any = None, version: int = 2) -> None:
            seed(a, version)
            self._last = "" if a is None else text_of(a, type(a)) or class_name(type(a))

        registry.replace(random, "seed", watched_seed)

    def found(self) -> Iterator[Aspect]:
        """The seed, where there is one."""
        if self._last:
            yield "seed of random", self._last


class Patches:
    """Notices functions of the standard library and of libraries that the handler has replaced."""

    def __init__(self, owners: Owners) -> None:
        self.owners = owners
        self._before = {
            (module, name): value
            for module, names in owners.modules(MACHINERY, LIBRARY)
            for name, value in list(names.items())
            if _can_be_patched(value)
        }

    def found(self, mine: set[str]) -> Iterator[Aspect]:
        """Everything that was replaced by something of the project since the start."""
        for module, names in self.owners.modules(MACHINERY, LIBRARY):
            for name, value in list(names.items()):
                before = self._before.get((module, name))
                if before is not None and value is not before and _home(value) in mine:
                    yield f"{module}.{name}", f"{_home(value)}.{name_of(value)} {id(value)}"


def _can_be_patched(value: Any) -> bool:
    return type(value) in (types.FunctionType, types.BuiltinFunctionType) or issubclass(type(value), type)


def _home(value: Any) -> str:
    return home_of(value) if issubclass(type(value), type) else module_of(value)
