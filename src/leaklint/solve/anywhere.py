"""Code that no handler reaches: functions that may drop something asynchronous, for rules of scope ``any``.

Solving every function of a project would cost too much, so that the outline decides: a function counts where one of
the calls whose result it may drop has the name of a coroutine function (or of what starts a task) that its file can
know, because the file, or a file that it imports at any distance, defines it or imports the library that does; or where
the result of such a call is handed to a function of the project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from leaklint.ir.effects import Declare, Site
from leaklint.ir.facts import FileFacts, FunctionFacts
from leaklint.link.library import Library
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.giving import Giving
from leaklint.solve.knowing import ROUNDS, Knowing, packages
from leaklint.solve.naming import Naming
from leaklint.solve.unmoved import Rests

Function: TypeAlias = tuple[str, str]
"""The path of its file, and its qualified name."""
VARIABLE = "ContextVar"


class Suspect(NamedTuple):
    """A function that may drop a coroutine or a task."""

    path: str
    function: str
    """Its qualified name."""
    calls: tuple[str, ...] | None = None
    """The texts of the calls of which the result may be dropped; None where it is a suspect for another reason, too."""
    handed: tuple[tuple[str, str], ...] = ()
    """The texts of calls to which something asynchronous is given, with the argument (see ``handed_calls``)."""


class Dropping(NamedTuple):
    """The functions that may drop something asynchronous, and what decided that."""

    suspects: list[Suspect]
    """Sorted."""
    giving: Giving | None
    """None where nothing in the program is asynchronous."""
    rests: Callable[[], Rests]
    """What all answers rest on that have been given so far."""


def droppers(program: Program, models: Models, library: Library) -> Dropping:
    """The functions that may drop a coroutine or a task."""
    knowing = Knowing(program, models, library)
    if not knowing.names:
        return Dropping([], None, Rests)
    naming = Naming(program.files, knowing.may)
    functions = [(path, each) for path, facts in program.files.items() for each in facts.functions.values()]
    _learn_wrappers(knowing, naming, [each for each in functions if each[1].given_calls])
    calls = Giving(program, models, library, naming)
    dropped = _dropping(program, functions, naming, calls)
    handed = {
        (path, function.name): given
        for path, function in functions
        if function.handed_calls and (given := tuple(_handed(path, function, calls)))
    }
    others = _dropping_what_is_awaited(program, knowing, calls, dropped)
    others.update(_handing_over(program, models, knowing, dropped.keys() | others))
    others.update(_storing_unread(program, knowing))
    found = [Suspect(*each) for each in others]
    found += [
        Suspect(*each, dropped.get(each, ()), handed.get(each, ()))
        for each in dropped.keys() | handed.keys()
        if each not in others
    ]
    return Dropping(sorted(found), calls, lambda: _rests(program, knowing, calls))


def _rests(program: Program, knowing: Knowing, calls: Giving) -> Rests:
    looked: dict[str, set[str]] = {}
    for path, name in calls.looked:
        looked.setdefault(path, set()).add(name)
    stored = (
        attribute
        for path, facts in program.files.items()
        for function in facts.functions.values()
        for attribute, call in function.stored_calls
        if knowing.may(path, call)
    )
    return Rests(
        knowing.by_number(),
        frozenset(stored),
        knowing.passed,
        {path: frozenset(names) for path, names in looked.items()},
    )


def _learn_wrappers(knowing: Knowing, naming: Naming, giving_back: Iterable[tuple[str, FunctionFacts]]) -> None:
    """Functions that give back what may be asynchronous are known by their names, too, some of them deep."""
    for _ in range(ROUNDS + 1):
        wrapping = [
            (function.name.rpartition(".")[2], path)
            for path, function in giving_back
            if any(naming.may(path, function, text) for text in function.given_calls)
        ]
        if not knowing.learn(wrapping):
            break


def _dropping(
    program: Program, functions: Iterable[tuple[str, FunctionFacts]], naming: Naming, calls: Giving
) -> dict[Function, tuple[str, ...]]:
    """The functions that may drop the results of calls, with the texts of these."""
    found: dict[Function, tuple[str, ...]] = {}
    for path, function in functions:
        texts = _droppable(program.files[path], function)
        if any(naming.may(path, function, text) for text in texts):
            dropped = tuple(text for text in texts if calls.may(path, function, (text,)))
            if dropped:
                found[path, function.name] = dropped
    return found


def _dropping_what_is_awaited(
    program: Program, knowing: Knowing, calls: Giving, dropped: Iterable[Function]
) -> set[Function]:
    """The functions that drop what awaiting gives: what an asynchronous function returns comes to light there."""
    giving: dict[str, int] = {}
    for path, name in dropped:
        function = program.files[path].functions[name]
        if function.is_async and calls.may(path, function, function.given_calls):
            last = name.rpartition(".")[2]
            giving[last] = giving.get(last, 0) | knowing.bits[path]
    for path, facts in program.files.items() if giving else ():
        for function in facts.functions.values():
            last = function.name.rpartition(".")[2]
            if function.is_async and function.is_stub and last in giving:
                giving[last] |= knowing.bits[path]
    return {
        (path, function.name)
        for path, facts in program.files.items()
        for function in (facts.functions.values() if giving else ())
        if any(giving.get(name, 0) & knowing.reach[path] for name in function.dropped_awaits)
    }


def _storing_unread(program: Program, knowing: Knowing) -> Iterator[Function]:
    """The functions that may store something asynchronous in attributes that nobody reads."""
    read = frozenset().union(*(facts.attributes_read for facts in program.files.values()))
    for path, facts in program.files.items():
        for function in facts.functions.values():
            if any(attribute not in read and knowing.may(path, call) for attribute, call in function.stored_calls):
                yield path, function.name


def _droppable(facts: FileFacts, function: FunctionFacts) -> tuple[str, ...]:
    """What a function calls where it, or who gets its result, may drop what that gives; or makes a context variable."""
    found = function.dropped_calls + function.looked_at
    if function.given_calls and (
        function.is_async
        or function.is_generator
        or "<lambda" in function.name
        or any(each.module == "contextvars" for each in facts.imports)
    ):
        found += function.given_calls
    return found


def _handed(path: str, function: FunctionFacts, calls: Giving) -> Iterator[tuple[str, str]]:
    """The calls of functions of the project that are given something asynchronous, with the argument."""
    for text, argument, inner in function.handed_calls:
        if calls.may(path, function, (inner,)) and calls.only_functions(path, function, text):
            yield text, argument


def _handing_over(program: Program, models: Models, knowing: Knowing, suspects: Iterable[Function]) -> list[Function]:
    """The functions that may give a coroutine function, or a lambda that drops something, to what awaits nothing."""
    found = []
    lambdas = {(path, name.rpartition(".<locals>.")[0]) for path, name in suspects if "<lambda" in name}
    for path, facts in program.files.items():
        given = any(knowing.may(path, name) for name in facts.passed)
        if not given and not any((path, function.name) in lambdas for function in facts.functions.values()):
            continue
        later = frozenset().union(*(models.running_later(package) for package in packages(facts)))
        found += [
            (path, function.name)
            for function in facts.functions.values()
            if later.intersection(function.calls) and (given or (path, function.name) in lambdas)
        ]
    return found


def scripts(program: Program, suspects: Iterable[Suspect], registering: Iterable[str]) -> frozenset[str]:
    """The files of which it matters what they do only where they are run as scripts.

    That may drop something asynchronous, make a context variable, or register handlers. Files of handlers may be run
    as scripts of their own.
    """
    paths = {each.path for each in (*program.handlers, *program.candidates)}.union(registering)
    paths.update(each.path for each in suspects if each.function == "<module>")
    return frozenset(paths).union(path for path, facts in program.files.items() if _makes_variables(facts))


def _makes_variables(facts: FileFacts) -> bool:
    """Whether a file may make context variables when it is run."""
    made = {each.alias for each in facts.imports if each.name == VARIABLE} | {VARIABLE}
    return any(
        not made.isdisjoint(function.calls)
        for function in facts.functions.values()
        if function.name.endswith(("<module>", "<body>"))
    )


def without_await(program: Program) -> Iterable[Declare]:
    """``async def`` without anything asynchronous in it, where nothing outside asks for it to be one."""
    passed = frozenset().union(*(facts.passed for facts in program.files.values()))
    handlers = {(each.path, each.attribute) for each in program.handlers if each.awaited}
    overridden = _overridden(program)
    for path, facts in sorted(program.files.items()):
        for function in facts.functions.values():
            if not function.is_async or function.has_await or function.is_generator or function.is_stub:
                continue
            owner = facts.classes.get(function.in_class) if function.in_class else None
            last = function.name.rpartition(".")[2]
            if function.decorators or last.startswith("__") or (owner is not None and owner.bases):
                continue
            if owner is not None and (_last(owner.name), last) in overridden:
                continue
            if last not in passed and (path, function.name) not in handlers:
                site = Site(path, function.name, function.name_span)
                yield Declare(site=site, what="async-without-await", operation=function.name)


def _overridden(program: Program) -> set[tuple[str, str]]:
    """Names of classes and of their methods that a subclass replaces by one that awaits something."""
    above: dict[str, set[str]] = {}
    awaiting: dict[str, set[str]] = {}
    for facts in program.files.values():
        for each in facts.classes.values():
            bases = {_last(base.partition("[")[0]) for base in each.bases}
            if not bases:
                continue
            above.setdefault(_last(each.name), set()).update(bases)
            methods = {name for name, method in each.methods.items() if facts.functions[method].has_await}
            awaiting.setdefault(_last(each.name), set()).update(methods)
    found: set[tuple[str, str]] = set()
    for name, methods in awaiting.items():
        waiting, seen = [name], {name}
        while waiting:
            new = above.get(waiting.pop(), set()) - seen
            found |= {(base, method) for base in new for method in methods}
            seen |= new
            waiting += new
    return found


def _last(name: str) -> str:
    return name.rpartition(".")[2]
