"""The photo: everything that survives an invocation, described by a forked copy of the container.

The fork takes about a millisecond; the slow part happens in the copy, which is nobody's child (it is forked twice),
so that no ``wait`` of the handler ever sees it, and which leaves by ``_exit``, so that nothing is flushed or run.
"""

from __future__ import annotations

import contextvars
import ctypes
import gc
import os
import re
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable
from typing import Any

from leaklint.confirm import marks
from leaklint.confirm.inside.anatomy import (
    LRU_CACHE,
    attributes_of_class,
    class_name,
    container_parts,
    home_of,
    home_of_cache,
    instance_parts,
    text_of,
)
from leaklint.confirm.inside.channel import Channel
from leaklint.confirm.inside.coroutines import forgotten
from leaklint.confirm.inside.fingerprint import fingerprint
from leaklint.confirm.inside.frames import LIBRARY
from leaklint.confirm.inside.markers import Root, find_markers
from leaklint.confirm.inside.owners import Owners
from leaklint.confirm.inside.process_state import Patches, Seeds, process_roots, process_state
from leaklint.confirm.inside.variables import Variable, variables

Fork = Callable[[], int]
DEADLINE = 20
"""Seconds of computing after which a copy ends itself."""


class Camera:
    """Takes photos; it keeps what it needs from before the handler was imported."""

    def __init__(self, channel: Channel, owners: Owners, run: str, fork: Fork, seeds: Seeds) -> None:
        self.channel = channel
        self.owners = owners
        self.run = run
        self.fork = fork
        self._standard_context = set(contextvars.copy_context())
        self._patches = Patches(owners)
        self._seeds = seeds

    def take(self, invocation: int, context: contextvars.Context) -> None:
        """Forks the copy that describes this moment."""
        self.channel.say("photo-begins", invocation=invocation)
        before = signal.getsignal(signal.SIGCHLD) if threading.current_thread() is threading.main_thread() else None
        handled = before not in (None, signal.SIG_DFL)
        if handled:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            child = self._forked()
            if child == 0:
                copy = self._forked()
                if copy == 0:
                    self._develop(invocation, context)
                self.channel.say("photo-copy", pid=copy)
                os._exit(0)
            ctypes.PyDLL(None).waitpid(child, None, 0)  # os.waitpid lets other threads run
        finally:
            if handled:
                signal.signal(signal.SIGCHLD, before)

    def _forked(self) -> int:
        if sys.version_info < (3, 12):
            return self.fork()
        with warnings.catch_warnings():  # the copy never touches what other threads may hold
            warnings.simplefilter("ignore", DeprecationWarning)
            return self.fork()

    def _develop(self, invocation: int, context: contextvars.Context) -> None:
        """Runs in the copy: describes everything, and ends the copy."""
        try:
            gc.disable()
            signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_VIRTUAL, DEADLINE)
            self.describe(invocation, context)
        except Exception as error:
            self.channel.say("photo-failed", invocation=invocation, reason=f"{type(error).__name__}: {error}")
        finally:
            os._exit(0)

    def describe(self, invocation: int, context: contextvars.Context) -> None:
        """Sends the description of this moment."""
        begun = time.perf_counter()
        mine = {name for name, _ in self.owners.project()}
        own = re.compile(self._own(invocation))
        held = list(variables(self.owners, mine))
        bound = frozenset(id(each.value) for each in held)
        state = [
            {
                "label": each.label,
                "where": self._where(each, mine),
                "cell": each.cell,
                **fingerprint(each.value, mine, own, bound),
            }
            for each in held
        ]
        contexts = [context, *_contexts_of_runners(held)]
        surviving = [pair for each in contexts for pair in self._set(each)]
        state += self._context(surviving, mine, own)
        self.channel.say_all("photo-state", "state", state, invocation=invocation)
        aspects = [*process_state(), *self._patches.found(mine), *self._seeds.found()]
        self.channel.say_all("photo-process", "aspects", [list(each) for each in aspects], invocation=invocation)
        roots: list[Root] = [(each.label, "project", each.value) for each in held]
        roots += [(self._names(variable)[0], "context", value) for variable, value in surviving]
        roots += [(label, "process", value) for label, value in aspects if label != "sys.argv"]
        roots += [(label, "process", value) for label, value in process_roots()]
        roots += self._libraries()
        search = find_markers(roots, re.compile(marks.pattern(self.run)), mine)
        self.channel.say_all("photo-markers", "places", search.places, invocation=invocation)
        if search.complete:
            left = forgotten(self.owners.frames, search.seen)
            self.channel.say_all("photo-coroutines", "coroutines", left, invocation=invocation)
        took = time.perf_counter() - begun
        self.channel.say("photo-ends", invocation=invocation, complete=search.complete, seconds=round(took, 4))

    def _where(self, variable: Variable, mine: set[str]) -> str:
        """Where a variable is, or that an installed library keeps its content."""
        home = home_of(type(variable.value))
        module = sys.modules.get(home)
        library = home not in mine and module is not None and self.owners.of_module(home, module) == LIBRARY
        return LIBRARY if library and variable.where == "global" else variable.where

    def _own(self, invocation: int) -> str:
        texts = (marks.marker(self.run, invocation), marks.request_id(self.run, invocation))
        return "|".join(re.escape(text) for text in texts)

    def _set(self, context: contextvars.Context) -> list[tuple[Any, Any]]:
        return [(variable, value) for variable, value in context.items() if variable not in self._standard_context]

    def _names(self, variable: Any) -> list[str]:
        """The labels of a context variable: wherever the project binds it, else its own name."""
        bound = [
            f"context variable {module}.{name}{where}"
            for module, names in self.owners.project()
            for name, value in list(names.items())
            for where, part in [("", value), *_kept_in(value, module)]
            if part is variable
        ]
        return sorted(bound) or [f"context variable {variable.name}"]

    def _context(self, surviving: list[tuple[Any, Any]], mine: set[str], own: re.Pattern[str]) -> list[dict[str, Any]]:
        found = []
        for variable, value in surviving:
            if not home_of(type(value)).startswith(("decimal", "_decimal")):
                seen = fingerprint(value, mine, own, frozenset())
                place = {"where": "context", "cell": -id(variable)}
                found += [{"label": label, **place, **seen} for label in self._names(variable)]
        return found

    def _libraries(self) -> list[Root]:
        """What installed libraries keep in their modules and classes."""
        roots: list[Root] = []
        for module, names in self.owners.modules(LIBRARY):
            for name, value in list(names.items()):
                label = f"{module}.{name}"
                if issubclass(type(value), type):
                    if home_of(value) == module:
                        roots += [
                            (f"{label}.{key}", LIBRARY, part)
                            for key, part in attributes_of_class(value).items()
                            if type(part) in (dict, list, set, str) and not key.startswith("__")
                        ]
                elif type(value) is LRU_CACHE and home_of_cache(value) != module:
                    continue  # told where it is defined; the standard library's own keep markers by being used
                elif type(value) not in (types.FunctionType, types.ModuleType) and _may_hold(value, name):
                    roots.append((label, LIBRARY, value))
        return roots


def _kept_in(value: Any, module: str) -> list[tuple[str, Any]]:
    """What a plain container, or a class of the module, has in it."""
    kind = type(value)
    if issubclass(kind, type):
        return (
            [(f".{name}", part) for name, part in attributes_of_class(value).items()]
            if home_of(value) == module
            else []
        )
    return list(container_parts(value, kind) or ()) if kind in (dict, list, tuple) else []


def _contexts_of_runners(held: list[Variable]) -> list[contextvars.Context]:
    """The contexts of the project's own ``asyncio.Runner``s: whatever such a runner runs shares one."""
    runners = [each.value for each in held if class_name(type(each.value)) == "Runner"]
    contexts = [
        dict(instance_parts(each)).get("._context") for each in runners if home_of(type(each)) == "asyncio.runners"
    ]
    return [each for each in contexts if type(each) is contextvars.Context]


def _may_hold(value: Any, name: str) -> bool:
    """Whether a global of a library can have taken something from a request."""
    if name.startswith("__") and name.endswith("__"):
        return False
    return type(value) is str or text_of(value, type(value)) is None
