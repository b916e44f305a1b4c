"""Code that no handler reaches: functions that may drop something asynchronous, for rules of scope ``any``.

Solving every function of a project would cost too much, so that the outline decides: a function counts where one of
the calls whose result it may drop has the name of a coroutine function (or of what starts a task) that its file can
know, because the file, or a file that it imports at any distance, defines it or imports the library that does.
"""

from __future__ import annotations

from collections.abc import Iterable

from leaklint.ir.effects import Declare, Site
from leaklint.ir.facts import FileFacts
from leaklint.link.program import Program
from leaklint.models.load import Models

ROUNDS = 2
"""How many functions deep a wrapper that returns a coroutine is followed."""


def droppers(program: Program, models: Models) -> list[tuple[str, str]]:
    """The functions that may drop a coroutine or a task: (path, qualified name), sorted."""
    own = {path: _asynchronous(facts) for path, facts in program.files.items()}
    packages = {path: frozenset(filter(models.asynchronous, _packages(facts))) for path, facts in program.files.items()}
    if not any(own.values()) and not any(packages.values()):
        return []
    wrappers: dict[str, set[str]] = {path: set(names) for path, names in own.items()}
    reach = _Imports(program)
    known: dict[str, frozenset[str]] = {}
    read = frozenset().union(*(facts.attributes_read for facts in program.files.values()))
    for _ in range(ROUNDS + 1):
        changed = False
        for path, facts in program.files.items():
            files = reach.of(path)
            names = frozenset().union(*(wrappers[each] for each in files))
            for package in set().union(*(packages[each] for each in files)):
                names |= models.asynchronous(package)
            known[path] = names
            for function in facts.functions.values():
                if not names.isdisjoint(function.dropped_calls):
                    last = function.name.rpartition(".")[2]
                    if last not in wrappers[path]:
                        wrappers[path].add(last)
                        changed = True
        if not changed:
            break
    return sorted(
        (path, function.name)
        for path, facts in program.files.items()
        for function in facts.functions.values()
        if not known[path].isdisjoint(function.dropped_calls)
        or any(call in known[path] and attribute not in read for attribute, call in function.stored_calls)
    )


def without_await(program: Program) -> Iterable[Declare]:
    """``async def`` without anything asynchronous in it, where nothing outside asks for it to be one."""
    passed = frozenset().union(*(facts.passed for facts in program.files.values()))
    handlers = {(each.path, each.attribute) for each in program.handlers if each.awaited}
    for path, facts in sorted(program.files.items()):
        for function in facts.functions.values():
            if not function.is_async or function.has_await or function.is_generator or function.is_stub:
                continue
            owner = facts.classes.get(function.in_class) if function.in_class else None
            last = function.name.rpartition(".")[2]
            if function.decorators or last.startswith("__") or (owner is not None and owner.bases):
                continue
            if last not in passed and (path, function.name) not in handlers:
                site = Site(path, function.name, function.name_span)
                yield Declare(site=site, what="async-without-await", operation=function.name)


def _asynchronous(facts: FileFacts) -> set[str]:
    return {function.name.rpartition(".")[2] for function in facts.functions.values() if function.is_async} | {
        # ``sms = partial(push, "sms")``: what is made from a coroutine function may be one
        name
        for name, text in facts.bound_calls.items()
        if text.endswith("partial()")
    }


def _packages(facts: FileFacts) -> set[str]:
    return {fact.module.partition(".")[0] for fact in facts.imports if not fact.level}


class _Imports:
    """Which files of the project a file imports, at any distance."""

    def __init__(self, program: Program) -> None:
        self._direct = {path: tuple(_direct(program, path, facts)) for path, facts in program.files.items()}
        self._reach: dict[str, frozenset[str]] = {}

    def of(self, path: str) -> frozenset[str]:
        """The file and all that it imports."""
        known = self._reach.get(path)
        if known is None:
            seen = {path}
            pending = [path]
            while pending:
                for each in self._direct[pending.pop()]:
                    if each not in seen:
                        seen.add(each)
                        pending.append(each)
            known = self._reach[path] = frozenset(seen)
        return known


def _direct(program: Program, path: str, facts: FileFacts) -> Iterable[str]:
    for fact in facts.imports:
        if fact.name and fact.name != "*":
            found = program.modules.import_name(path, fact.module, fact.name, fact.level)
            target = found[0] if isinstance(found, tuple) else found
        else:
            target = program.modules.resolve(path, fact.module, fact.level)
        if target is not None and target in program.files:
            yield target
