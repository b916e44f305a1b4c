"""What a dotted name in a file stands for, as far as outlines tell: imports, re-exports and plain assignments."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from leaklint.ir.facts import FileFacts
from leaklint.link.modules import Modules

_FURTHEST = 12
"""Names that one name may lead through."""


class Own(msgspec.Struct, frozen=True, gc=False):
    """A name in a file of the project; dotted for an attribute, ``""`` for the module itself."""

    path: str
    name: str


class Library(msgspec.Struct, frozen=True, gc=False):
    """A dotted name that no file of the project defines."""

    name: str


class Names:
    """What the names in files stand for."""

    def __init__(self, files: Mapping[str, FileFacts], modules: Modules) -> None:
        self._files = files
        self._modules = modules
        self._imported = functools.cache(self._read_imports)

    def meaning(self, path: str, text: str) -> Own | Library | None:
        """What a dotted name at module level of a file stands for, imports followed; None where that is not known."""
        for _ in range(_FURTHEST):
            head, _, rest = text.partition(".")
            imported, stars = self._imported(path)
            if head in imported:
                module, name, level = imported[head]
                if name:
                    target = self._modules.import_name(path, module, name, level)
                    if target is None:
                        return None if level else Library(_dotted(module, name, rest))
                    path, text = (target, rest) if isinstance(target, str) else (target[0], _dotted(name, rest))
                else:
                    own = self.named(path, _dotted(module, rest))
                    if own is None:
                        return Library(_dotted(module, rest))
                    path, text = own.path, own.name
            else:
                starred = None if head in self._files[path].module_names else self._starred(path, stars, head)
                if starred is None:
                    return Own(path, text)
                path = starred
            if not text:
                return Own(path, "")
        return None

    def definition(self, path: str, text: str) -> Own | Library | None:
        """As ``meaning``, with plain assignments (``handler = run``) followed too; a call is where it ends."""
        for _ in range(_FURTHEST):
            target = self.meaning(path, text)
            if not isinstance(target, Own):
                return target
            facts = self._files[target.path]
            value = facts.bound_calls.get(target.name)
            if value is None or value.endswith("()") or value in facts.functions or target.name in facts.functions:
                return target
            path, text = target.path, value
        return None

    def maker(self, path: str, text: str) -> Own | Library | None:
        """What made the object that a dotted name stands for: the meaning of the callee that it is bound to."""
        target = self.definition(path, text)
        if not isinstance(target, Own):
            return None
        value = self._files[target.path].bound_calls.get(target.name, "")
        return self.meaning(target.path, value.removesuffix("()")) if value.endswith("()") else None

    def written(self, path: str, text: str) -> str:
        """The dotted name as the imports of a file spell it, whoever defines it: ``df.DFApp`` with its package."""
        head, _, rest = text.partition(".")
        module, name, level = self._imported(path)[0].get(head, ("", "", 0))
        return "" if level or not module else _dotted(module, name, rest)

    def made_by(self, path: str, text: str) -> str:
        """The callee, as ``written``, of the call that made the object that a dotted name stands for."""
        target = self.definition(path, text)
        value = self._files[target.path].bound_calls.get(target.name, "") if isinstance(target, Own) else ""
        return self.written(target.path, value.removesuffix("()")) if isinstance(target, Own) and value else ""

    def _starred(self, path: str, stars: tuple[tuple[str, int], ...], name: str) -> str | None:
        """The file that ``from module import *`` brings a name from."""
        for module, level in stars:
            target = self._modules.resolve(path, module, level)
            if target is not None and target != path and name in self._files[target].module_names:
                return target
        return None

    def named(self, path: str, dotted: str) -> Own | None:
        """The file and the rest, for a dotted name that starts with a module of the project, as a file imports it."""
        parts = dotted.split(".")
        for count in range(len(parts), 0, -1):
            file = self._modules.resolve(path, ".".join(parts[:count]))
            if file is not None and file in self._files:  # else no import leads to it, and nobody knows what it says
                return Own(file, ".".join(parts[count:]))
        return None

    def _read_imports(self, path: str) -> tuple[dict[str, tuple[str, str, int]], tuple[tuple[str, int], ...]]:
        """What imports bind at module level (module, name in it or ``""``, level), and the starred modules."""
        bound: dict[str, tuple[str, str, int]] = {}
        stars: list[tuple[str, int]] = []
        for fact in self._files[path].imports:
            if not fact.at_module_level:
                continue
            if fact.name == "*":
                stars.append((fact.module, fact.level))
            elif fact.name:
                bound[fact.alias] = (fact.module, fact.name, fact.level)
            else:
                is_top = fact.alias == fact.module.partition(".")[0]
                bound[fact.alias] = (fact.alias if is_top else fact.module, "", 0)
        return bound, tuple(stars)


def _dotted(*parts: str) -> str:
    return ".".join(filter(None, parts))
