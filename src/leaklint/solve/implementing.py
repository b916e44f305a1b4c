"""Abstract methods: the one method of the project that stands behind a call of one on an object of unknown class."""

from __future__ import annotations

from collections import defaultdict

from leaklint.link.modules import is_test
from leaklint.link.program import Program

ABSTRACT = "abstractmethod"
Class = tuple[str, str]
"""A class: the path of its file, and its qualified name."""


class Implementing:
    """Which methods of a project implement which abstract ones."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._below: dict[str, list[Class]] | None = None
        self._only: dict[tuple[str, str], Class | None] = {}

    def only(self, owner: str, name: str) -> Class | None:
        """The class that alone implements an abstract method of a class; None where none or several do."""
        key = (owner, name)
        if key not in self._only:
            self._only[key] = self._search(owner, name)
        return self._only[key]

    def _search(self, owner: str, name: str) -> Class | None:
        function = self._program.function(f"{owner}.{name}")
        if function is None or not any(each.rpartition(".")[2] == ABSTRACT for each in function.decorators):
            return None
        found: set[Class] = set()
        waiting, seen = [_last(owner.partition("::")[2])], set[str]()
        while waiting:
            above = waiting.pop()
            seen.add(above)
            for path, class_name in self._subclasses().get(above, ()):
                if name in self._program.files[path].classes[class_name].methods:
                    found.add((path, class_name))
                if _last(class_name) not in seen:
                    waiting.append(_last(class_name))
        return found.pop() if len(found) == 1 else None

    def _subclasses(self) -> dict[str, list[Class]]:
        if self._below is None:
            self._below = defaultdict(list)
            for path, facts in self._program.files.items():
                for each in facts.classes.values() if not is_test(path) else ():
                    for base in each.bases:
                        self._below[_last(base.partition("[")[0])].append((path, each.name))
        return self._below


def _last(name: str) -> str:
    return name.rpartition(".")[2]
