"""By which names the files of a program may know something asynchronous.

A name counts in a file where the file, or one that it imports at any distance, defines it or imports the library that
does. Files are bits of numbers: which files a file reaches is one number, which files know a name another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial, reduce
from operator import or_

from leaklint.ir.facts import FileFacts
from leaklint.link.library import Library
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.denoted import OF_GENERATORS
from leaklint.solve.naming import other_names

_WORD = re.compile(r"\w+")
ROUNDS = 2
"""How many names deep something is followed that is bound to another name."""


class Knowing:
    """What the files of a program know."""

    def __init__(self, program: Program, models: Models, library: Library) -> None:
        self.bits = {path: 1 << index for index, path in enumerate(program.files)}
        self.names: dict[str, int] = {}
        """The files that define a name, or import what does."""
        for path, facts in program.files.items():
            for name in known_by_itself(facts, models, library):
                self.names[name] = self.names.get(name, 0) | self.bits[path]
        self.passed: dict[str, str] = {}
        """For files that pass on what may be asynchronous, a name by which they do."""
        self.reach = _reach(program, self.bits) if self.names else {}
        self._anything = reduce(or_, self.names.values(), 0)
        if self.names:
            self._learn_attributes(program)
            self._anything = reduce(or_, self.names.values(), 0)
            self._learn_other_names(program)

    def may(self, path: str, name: str) -> bool:
        """Whether a file may know something asynchronous by a name, or by any if that is empty."""
        return bool((self.names.get(name, 0) if name else self._anything) & self.reach[path])

    def by_number(self) -> dict[str, tuple[int, ...]]:
        """For each name the numbers of the files that know it, in the order of the program."""
        return {name: tuple(_ones(bits)) for name, bits in self.names.items()}

    def learn(self, named: Iterable[tuple[str, str]]) -> bool:
        """Takes note of names, each with the file in which it stands; whether any is new."""
        found = False
        for name, path in named:
            known, bit = self.names.get(name, 0), self.bits[path]
            if not known & bit:
                self.names[name] = known | bit
                found = True
        return found

    def _learn_attributes(self, program: Program) -> None:
        """An attribute in which a coroutine function may lie is called by its own name."""
        for path, facts in program.files.items():
            passed = next((name for name in facts.passed if self.may(path, name)), None)
            if passed is not None:
                self.passed[path] = passed
                names = {each for known in facts.classes.values() for each in known.instance_attributes}
                self.learn((name, path) for name in names)

    def _learn_other_names(self, program: Program) -> None:
        for _ in range(ROUNDS + 1):
            more = [
                (name, path)
                for path, facts in program.files.items()
                for name in other_names(facts, partial(self.may, path))
            ]
            if not self.learn(more):
                break


def known_by_itself(facts: FileFacts, models: Models, library: Library) -> set[str]:
    """Names of what a file defines, and of what is in the libraries that it imports."""
    known = _asynchronous(facts) | _awaited_callbacks(facts)
    words: set[str] | None = None
    for package in packages(facts):
        installed = library.asynchronous(package)
        known |= installed
        if not installed and not models.asynchronous(package):
            continue
        if installed or any(each.name == "*" and each.module.partition(".")[0] == package for each in facts.imports):
            known |= models.asynchronous(package)
        else:
            words = _words(facts) if words is None else words
            known |= models.asynchronous(package, words)
    if "__anext__" in known or any(each.is_async and each.is_generator for each in facts.functions.values()):
        known.update(OF_GENERATORS)
    return known


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


def _words(facts: FileFacts) -> set[str]:
    """The words by which a file may name what is in a package."""
    words = set(facts.attributes_read)
    for fact in facts.imports:
        words.update(fact.module.split("."), (fact.name,))
    texts = [text for _, text in _annotations(facts)] + [each.returns for each in facts.functions.values()]
    return words.union(_WORD.findall(" ".join(texts)))


def packages(facts: FileFacts) -> set[str]:
    """The packages from which a file imports by an absolute name."""
    return {fact.module.partition(".")[0] for fact in facts.imports if not fact.level}


def _reach(program: Program, bits: dict[str, int]) -> dict[str, int]:
    """For each file the files that it imports at any distance, and itself."""
    direct = {path: list(dict.fromkeys(_direct(program, path))) for path in program.files}
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


def _ones(bits: int) -> Iterator[int]:
    """The places of all ones in a number."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def reached(program: Program, path: str) -> set[str]:
    """The files that a file imports at any distance, and itself."""
    found, waiting = {path}, [path]
    while waiting:
        more = set(_direct(program, waiting.pop())) - found
        found |= more
        waiting += more
    return found


def _direct(program: Program, path: str) -> Iterable[str]:
    for imported in program.modules.imports_of(path):
        target = imported.inner or imported.module
        if target is not None and target in program.files:
            yield target
