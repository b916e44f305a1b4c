"""By which names a function may call something asynchronous: what is imported, stored and bound under another name.

``assist()`` is a call of ``helper`` after ``from .helpers import helper as assist``, and so is ``later()`` after
``later = helper``. What the name that is called stands for decides, as far as outlines tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from leaklint.facts.bindings import CONSTANT
from leaklint.facts.drops import known_elements, last_name
from leaklint.ir.facts import FileFacts, FunctionFacts

_PARTIAL: Final = ("partial()", "partialmethod()")
_ANYTHING: Final = ("?", "{}")
"""What may hold a function that its text does not name."""


class Naming:
    """What the names in a program's functions may call."""

    def __init__(self, files: Mapping[str, FileFacts], knows: Callable[[str, str], bool]) -> None:
        """``knows`` says whether a file may know something asynchronous by a name, or by any if that is empty."""
        self._files = files
        self._knows = knows

    def may(self, path: str, function: FunctionFacts, text: str) -> bool:
        """Whether what a function calls by a text may be something asynchronous."""
        if self._knows(path, last_name(text)):
            return True
        waiting, seen = [_container(text)], set[str]()
        while waiting:
            name = waiting.pop()
            if name in _ANYTHING:
                return self._knows(path, "")
            for each in known_elements(name):
                if self._knows(path, last_name(each)):
                    return True
                waiting.append(_container(each))
            if name in seen or not name.isidentifier():
                continue
            seen.add(name)
            for bound in self._bound(path, function, name):
                if bound == "@":
                    names = [each.name for each in self._files[path].imports if each.alias == name]
                    if any(each and self._knows(path, each) for each in names):
                        return True
                elif bound.startswith("(") or self._knows(path, last_name(bound)):
                    return True
                else:
                    waiting.append(_container(bound))
        return False

    def _bound(self, path: str, function: FunctionFacts, name: str) -> tuple[str, ...]:
        """The texts of what is bound to a name of a function, or of one around it."""
        functions, around = self._files[path].functions, function.name
        while around:
            known = functions.get(around)
            if known is not None and name in known.bindings:
                return known.bindings[name] if known.bindings[name] != CONSTANT else ()
            around = around.rpartition(".<locals>.")[0]
        return ()


def other_names(facts: FileFacts, knows: Callable[[str], bool]) -> Iterator[str]:
    """Names at module level and in classes of a file that may stand for something asynchronous of another name.

    ``knows`` says whether the file may know something asynchronous by a name.
    """
    for each in facts.imports:
        if each.name and each.alias != each.name and not knows(each.alias) and knows(each.name):
            yield each.alias
    for function in facts.functions.values():
        if function.name == "<module>" or function.name.endswith("<body>"):
            for name, texts in function.bindings.items():
                if not knows(name) and any(_stands_for(text, knows) for text in texts):
                    yield name


def _stands_for(text: str, knows: Callable[[str], bool]) -> bool:
    name = last_name(text)
    return knows(name) if name else text.endswith(_PARTIAL)


def _container(text: str) -> str:
    """The text of what the elements are of that a text takes."""
    while text.endswith("[]"):
        text = text[:-2]
    return text
