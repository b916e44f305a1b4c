"""What a dotted name in a file stands for, as far as outlines tell: imports, re-exports and plain assignments."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from leaklint.ir.facts import FileFacts
from leaklint.link.classes import linearize
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


def brought_from(files: Mapping[str, FileFacts], modules: Modules, path: str, name: str) -> str | None:
    """The file that binds a name which ``from module import *`` brings into another, through how many ever.

    Of several such imports the last counts. Only files between the two are looked up in ``files``.
    """
    seen, waiting = {path}, [path]
    while waiting:
        importer = waiting.pop()
        if importer != path and name in files[importer].module_names:
            return importer
        for fact in files[importer].imports:
            target = modules.resolve(importer, fact.module, fact.level) if fact.name == "*" else None
            if target is not None and target in files and target not in seen and _gives(files[target], name):
                seen.add(target)
                waiting.append(target)
    return None


def _gives(facts: FileFacts, name: str) -> bool:
    """Whether a star import of a file brings a name, if it has it."""
    return not name.startswith("_") if facts.all_names is None else name in facts.all_names


class Names:
    """What the names in files stand for."""

    def __init__(self, files: Mapping[str, FileFacts], modules: Modules) -> None:
        self._files = files
        self._modules = modules
        self._imported = functools.cache(self._read_imports)
        self._starred = functools.cache(functools.partial(brought_from, files, modules))

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
                starred = self._starred(path, head) if stars and head not in self._files[path].module_names else None
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

    def inherited_from(self, path: str, name: str, method: str) -> list[str]:
        """The classes of libraries from which a class of the project may have a method that none of its own defines."""
        found: list[str] = []
        waiting, seen = [Own(path, name)], set[Own]()
        while waiting:
            own = waiting.pop()
            facts = self._files[own.path].classes.get(own.name)
            if facts is None or own in seen or method in facts.methods:
                continue
            seen.add(own)
            for base in [self.definition(own.path, each) for each in facts.bases]:
                if isinstance(base, Own):
                    waiting.append(base)
                elif base is not None:
                    found.append(base.name)
        return found

    def ancestry(self, path: str, name: str) -> tuple[tuple[Own, ...], tuple[str, ...]]:
        """A class and its ancestors in the project, in the order of look-up; the classes of libraries above them."""
        foreign: dict[str, None] = {}

        def bases(class_: Own) -> list[Own]:
            found = list[Own]()
            for text in self._files[class_.path].classes[class_.name].bases:
                base = text.partition("[")[0]
                meant = None if "(" in base else self.meaning(class_.path, base)
                if isinstance(meant, Library):
                    foreign[meant.name] = None
                elif meant is not None and meant.name in self._files[meant.path].classes:
                    found.append(meant)
            return found

        return linearize(Own(path, name), bases), tuple(foreign)

    def named(self, path: str, dotted: str) -> Own | None:
        """The file and the rest, for a dotted name that starts with a module of the project, as a file imports it."""
        parts = dotted.split(".")
        for count in range(len(parts), 0, -1):
            file = self._modules.resolve(path, ".".join(parts[:count]))
            if file is not None and file in self._files:  # else no import leads to it, and nobody knows what it says
                return Own(file, ".".join(parts[count:]))
        return None

    def _read_imports(self, path: str) -> tuple[dict[str, tuple[str, str, int]], bool]:
        """What imports bind at module level (module, name in it or ``""``, level); whether there are star imports."""
        bound: dict[str, tuple[str, str, int]] = {}
        stars = False
        for fact in self._files[path].imports:
            if not fact.at_module_level:
                continue
            if fact.name == "*":
                stars = True
            elif fact.name:
                bound[fact.alias] = (fact.module, fact.name, fact.level)
            else:
                is_top = fact.alias == fact.module.partition(".")[0]
                bound[fact.alias] = (fact.alias if is_top else fact.module, "", 0)
        return bound, stars


def _dotted(*parts: str) -> str:
    return ".".join(filter(None, parts))
