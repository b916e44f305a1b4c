"""Code that no handler reaches: functions that may drop something asynchronous, for rules of scope ``any``.

Solving every function of a project would cost too much, so that the outline decides: a function counts where one of
the calls whose result it may drop has the name of a coroutine function (or of what starts a task) that its file can
know, because the file, or a file that it imports at any distance, defines it or imports the library that does; or where
the result of such a call is handed to a function of the project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial, reduce
from operator import or_
from typing import NamedTuple

from leaklint.ir.effects import Declare, Site
from leaklint.ir.facts import FileFacts, FunctionFacts
from leaklint.link.library import Library
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.giving import Giving
from leaklint.solve.naming import Naming, other_names
from leaklint.solve.receivers import OF_GENERATORS

_WORD = re.compile(r"\w+")
VARIABLE = "ContextVar"
ROUNDS = 2
"""How many functions deep a wrapper that returns a coroutine is followed."""


class Suspect(NamedTuple):
    """A function that may drop a coroutine or a task."""

    path: str
    function: str
    """Its qualified name."""
    calls: tuple[str, ...] | None = None
    """The texts of the calls of which the result may be dropped; None where it is a suspect for another reason, too."""
    handed: tuple[tuple[str, str], ...] = ()
    """The texts of calls to which something asynchronous is given, with the argument (see ``handed_calls``)."""


def droppers(program: Program, models: Models, library: Library) -> tuple[list[Suspect], Giving | None]:
    """The functions that may drop a coroutine or a task, sorted; and what decided that.

    Files are bits of numbers: which files a file reaches is one number, which files know a name another.
    """
    bits = {path: 1 << index for index, path in enumerate(program.files)}
    knowing: dict[str, int] = {}
    for path, facts in program.files.items():
        known = _asynchronous(facts) | _awaited_callbacks(facts)
        for package in _packages(facts):
            installed = library.asynchronous(package)
            known |= installed
            if installed or models.asynchronous(package):
                known |= models.asynchronous(package, None if installed else _named(facts, package))
        for name in known:
            knowing[name] = knowing.get(name, 0) | bits[path]
        if "__anext__" in known or any(each.is_async and each.is_generator for each in facts.functions.values()):
            for name in OF_GENERATORS:
                knowing[name] = knowing.get(name, 0) | bits[path]
    if not knowing:
        return [], None
    reach = _reach(program, bits)
    for path, facts in program.files.items():
        # an attribute in which a coroutine function may lie is called by its own name
        if any(knowing.get(name, 0) & reach[path] for name in facts.passed):
            for attribute in {each for known in facts.classes.values() for each in known.instance_attributes}:
                knowing[attribute] = knowing.get(attribute, 0) | bits[path]

    anything = reduce(or_, knowing.values())

    def may_know(path: str, name: str) -> bool:
        return bool((knowing.get(name, 0) if name else anything) & reach[path])

    for _ in range(ROUNDS + 1):
        more = [
            (name, path)
            for path, facts in program.files.items()
            for name in other_names(facts, partial(may_know, path))
        ]
        if not more:
            break
        for name, path in more:
            knowing[name] = knowing.get(name, 0) | bits[path]
    naming = Naming(program, may_know)
    functions = [(path, function) for path, facts in program.files.items() for function in facts.functions.values()]
    giving_back = [each for each in functions if each[1].given_calls]
    for _ in range(ROUNDS + 1):
        wrapping: dict[str, int] = {}
        for path, function in giving_back:
            if any(naming.may(path, function, text) for text in function.given_calls):
                last = function.name.rpartition(".")[2]
                wrapping[last] = wrapping.get(last, 0) | bits[path]
        if all(not files & ~knowing.get(name, 0) for name, files in wrapping.items()):
            break
        for name, files in wrapping.items():
            knowing[name] = knowing.get(name, 0) | files
    suspects = [
        (path, function.name)
        for path, function in functions
        if any(naming.may(path, function, text) for text in _droppable(program.files[path], function))
    ]

    calls = Giving(program, models, library, naming)
    dropped: dict[tuple[str, str], tuple[str, ...]] = {}
    """Those that may drop the results of calls."""
    giving: dict[str, int] = {}
    for path, name in suspects:
        function = program.files[path].functions[name]
        texts = tuple(text for text in _droppable(program.files[path], function) if calls.may(path, function, (text,)))
        if not texts:
            continue
        dropped[path, name] = texts
        if function.is_async and calls.may(path, function, function.given_calls):
            last = name.rpartition(".")[2]
            giving[last] = giving.get(last, 0) | bits[path]
    for path, facts in program.files.items() if giving else ():
        for function in facts.functions.values():
            last = function.name.rpartition(".")[2]
            if function.is_async and function.is_stub and last in giving:
                giving[last] |= bits[path]
    handed: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    """Those that may give something asynchronous to a function of the project."""
    for path, facts in program.files.items():
        for function in facts.functions.values():
            if function.handed_calls and (given := tuple(_handed(path, function, calls))):
                handed[path, function.name] = given
    others: set[tuple[str, str]] = set()
    """Those that are suspects for another reason."""
    for path, facts in program.files.items() if giving else ():
        # what an asynchronous function returns comes to light where it is awaited
        for function in facts.functions.values():
            if any(giving.get(name, 0) & reach[path] for name in function.dropped_awaits):
                others.add((path, function.name))
    others.update(_handing_over(program, models, may_know, dropped.keys() | others))
    read = frozenset().union(*(facts.attributes_read for facts in program.files.values()))
    for path, facts in program.files.items():
        for function in facts.functions.values():
            unread = [call for attribute, call in function.stored_calls if attribute not in read]
            if any(knowing.get(call, 0) & reach[path] for call in unread):
                others.add((path, function.name))
    found = [Suspect(*each) for each in others]
    found += [
        Suspect(*each, dropped.get(each, ()), handed.get(each, ()))
        for each in dropped.keys() | handed.keys()
        if each not in others
    ]
    return sorted(found), calls


def _droppable(facts: FileFacts, function: FunctionFacts) -> Iterator[str]:
    """What a function calls where it, or who gets its result, may drop what that gives; or makes a context variable."""
    yield from function.dropped_calls
    yield from function.looked_at
    makes_variables = any(each.module == "contextvars" for each in facts.imports)
    if function.is_async or function.is_generator or makes_variables or "<lambda" in function.name:
        yield from function.given_calls


def _handed(path: str, function: FunctionFacts, calls: Giving) -> Iterator[tuple[str, str]]:
    """The calls of functions of the project that are given something asynchronous, with the argument."""
    for text, argument, inner in function.handed_calls:
        if calls.may(path, function, (inner,)) and calls.only_functions(path, function, text):
            yield text, argument


def _handing_over(
    program: Program,
    models: Models,
    knows: Callable[[str, str], bool],
    suspects: Collection[tuple[str, str]],
) -> list[tuple[str, str]]:
    """The functions that may give a coroutine function, or a lambda that drops something, to work that awaits nothing.

    ``knows`` says whether a file may know something asynchronous by a name.
    """
    found = []
    lambdas = {(path, name.rpartition(".<locals>.")[0]) for path, name in suspects if "<lambda" in name}
    for path, facts in program.files.items():
        given = any(knows(path, name) for name in facts.passed)
        if not given and not any((path, function.name) in lambdas for function in facts.functions.values()):
            continue
        later = frozenset().union(*(models.running_later(package) for package in _packages(facts)))
        found += [
            (path, function.name)
            for function in facts.functions.values()
            if later.intersection(function.calls) and (given or (path, function.name) in lambdas)
        ]
    return found


def _reach(program: Program, bits: dict[str, int]) -> dict[str, int]:
    """For each file the files that it imports at any distance, and itself."""
    direct = {path: list(_direct(program, path, facts)) for path, facts in program.files.items()}
    reach = dict(bits)
    changed = True
    while changed:
        changed = False
        for path, imported in direct.items():
            found = reach[path]
            for each in imported:
                found |= reach[each]
            if found != reach[path]:
                reach[path] = found
                changed = True
    return reach


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


def _asynchronous(facts: FileFacts) -> set[str]:
    """Names in a file that may denote a coroutine function."""
    own = {function.name.rpartition(".")[2] for function in facts.functions.values() if function.is_async}
    # ``sms = partial(push, "sms")``: what is made from a coroutine function may be one
    own |= {name for name, text in facts.bound_calls.items() if text.endswith(("partial()", "partialmethod()"))}
    if own.intersection(facts.passed):  # a table of them, or an object that was given one
        elsewhere = {each.alias for each in facts.imports}  # what is imported is known where it is defined
        own |= (
            facts.module_names.keys()
            - facts.functions.keys()
            - facts.classes.keys()
            - facts.literals.keys()
            - elsewhere
        )
    return own


def _awaited_callbacks(facts: FileFacts) -> set[str]:
    """Names of parameters and attributes whose annotation says that calling them gives something to be awaited."""
    return {
        name
        for name, text in _annotations(facts)
        if "Callable" in text and ("Awaitable" in text or "Coroutine" in text)
    }


def _annotations(facts: FileFacts) -> Iterator[tuple[str, str]]:
    """Names of parameters and attributes with their annotations."""
    for function in facts.functions.values():
        for each in function.parameters:
            yield each.name, each.annotation
    for known in facts.classes.values():
        yield from known.annotations.items()
        yield from known.instance_annotations.items()


def _named(facts: FileFacts, package: str) -> set[str] | None:
    """The words by which a file may name what is in a package; None where a star hides some."""
    words = set(facts.attributes_read)
    for fact in facts.imports:
        if fact.name == "*" and fact.module.partition(".")[0] == package:
            return None
        words.update(fact.module.split("."), (fact.name,))
    texts = [text for _, text in _annotations(facts)] + [each.returns for each in facts.functions.values()]
    return words.union(_WORD.findall(" ".join(texts)))


def _packages(facts: FileFacts) -> set[str]:
    return {fact.module.partition(".")[0] for fact in facts.imports if not fact.level}


def _direct(program: Program, path: str, facts: FileFacts) -> Iterable[str]:
    for fact in facts.imports:
        if fact.name and fact.name != "*":
            found = program.modules.import_name(path, fact.module, fact.name, fact.level)
            target = found[0] if isinstance(found, tuple) else found
        else:
            target = program.modules.resolve(path, fact.module, fact.level)
        if target is not None and target in program.files:
            yield target
