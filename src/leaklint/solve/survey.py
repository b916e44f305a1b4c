"""What is known of a program from a quick look at each of its functions: see ``leaklint.solve.inert``.

For each name there are three bits, whatever the path and the order of what runs: the object may be one that survives
the invocation (``OWN``), it may hold such objects (``HOLDS``), it may be a module, a function or a class of a library
(``LIBRARY``). What a handler is given, what is written out, computed or made by a library in the invocation has none of
them. Of what is made while modules are imported all survives; constants have no bits there, and displays of constants
hold nothing.

What lies in objects is known by the name of the attribute alone, over all objects, and what is put into containers by
one bit for all of them, so that an alias that nobody sees makes no difference. A function has one set of bits for each
of its parameters, over all calls of anything by its plain name; one that is handed about as a value is given anything.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from leaklint.ir import cfg
from leaklint.ir.facts import FileFacts, FunctionFacts
from leaklint.link.program import Program
from leaklint.models.verbs import Verbs

OWN, HOLDS, LIBRARY = 1, 2, 4
BOTH: Final = OWN | HOLDS
Key = tuple[str, str]
"""A function: path and qualified name."""
IMPORTED: Final = ("<module>", "<body>")
BUILTINS: Final = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


class MayMatter(Exception):
    """Something cannot be understood here, so that anything may happen."""


class Steps(NamedTuple):
    """The instructions of a function."""

    all: list[cfg.AnyInstruction]
    back: bool
    """Whether one may run after those that follow it: there are loops."""


class Survey:
    """What is known of a program so far; ``news`` counts what somebody should have known before."""

    def __init__(self, program: Program, paths: Iterable[str], verbs: Verbs) -> None:
        """``paths`` are the files that are imported together with the handlers."""
        self.program = program
        self.paths = sorted(paths)
        self.verbs = verbs
        self.lasting = verbs.dating | verbs.running_out | verbs.caching | verbs.answering
        """Plain names of what gives something that may be used up, go stale or do something, if the import calls it."""
        self.functions: dict[str, list[tuple[Key, FunctionFacts]]] = {}
        """Functions by plain name."""
        self.classes: dict[str, list[Key]] = {}
        """Classes by plain name."""
        self.decorated: dict[str, list[Key]] = {}
        """Methods with decorators by plain name: binding or reading an attribute may run them."""
        self.news = 0
        self.matters: dict[Key, str] = {}
        """Functions that may do something that matters, and what, in short."""
        self.leads: dict[Key, dict[Key, None]] = {}
        """The functions that have been reached, and those that each of them calls or hands about."""
        self.escaped: dict[Key, None] = {}
        """Functions that the import has put somewhere, so that anything may call them."""
        self.common: dict[Key, None] = {}
        """Functions that are reached whatever a handler does."""
        self.anyhow: dict[Key, None] = {}
        """Functions of which nobody knows what they are given."""
        self.filing: dict[Key, str] = {}
        """Functions that make files, and by which name they call what does."""
        self.at_import: dict[Key, None] = {}
        """Functions that the import may run."""
        self.called_at_import: dict[str, set[str]] = {}
        """Plain names that the bodies of modules call, by path."""
        self.names: dict[Key, int] = {}
        """Module variables, by path and name."""
        self.fields: dict[str, int] = {}
        self.cells: dict[Key, int] = {}
        self.given: dict[Key, dict[str, int]] = {}
        """Parameters by function."""
        self.returned: dict[Key, int] = {}
        self.returned_anyhow = 0
        """What those functions return that anything may call."""
        self.items = 0
        self.items_of_import = False
        """Whether the import puts something that survives into containers, beside what is written out in them."""
        self.supplied = False
        """Whether the import makes containers that make what is missing."""
        self.raised = 0
        self.temporary = False
        """Whether a constant, or what a library gives, may be a folder for temporary files, or a part of its name."""
        self.meant: dict[str, dict[str, str]] = {}
        """By path, what is imported under another name, and what it is called where it is defined."""
        self.called_for: set[str] = set()
        """Names that modules bind to what a call gives: ``Row = namedtuple("Row", "id lines")``."""
        self._bodies: dict[Key, Steps] = {}
        for path in self.paths:
            facts = program.files[path]
            for name, function in facts.functions.items():
                self.functions.setdefault(plain_name(name), []).append(((path, name), function))
                if function.in_class is not None and function.decorators:
                    self.decorated.setdefault(plain_name(name), []).append((path, name))
            self.meant[path] = _renamed(facts)
            self.called_for.update(facts.bound_calls)
            for name in facts.classes:
                self.classes.setdefault(plain_name(name), []).append((path, name))

    def facts(self, key: Key) -> FunctionFacts:
        """What the outline says of a function."""
        return self.program.files[key[0]].functions[key[1]]

    def body(self, key: Key) -> Steps:
        """The instructions of a function in the order of the text."""
        found = self._bodies.get(key)
        if found is None:
            body = self.program.understood(*key)
            if body is None:
                raise MayMatter(f"{key[1]} cannot be analysed")
            blocks = _without_script(body) if key[1] == "<module>" else body.blocks
            steps = [each for block in blocks for each in block.instructions]
            found = self._bodies[key] = Steps(steps, _goes_back(body))
        return found

    def join(self, table: dict[Any, int], key: object, bits: int) -> None:
        """Adds bits to an entry; that is news only where somebody has asked for it before."""
        known = table.get(key)
        if known is None:
            if bits:
                table[key] = bits
        elif bits & ~known:
            table[key] = known | bits
            self.news += 1

    def put(self, bits: int, *, importing: bool) -> None:
        """Something is put into a container."""
        if bits and importing:
            self.news += not self.items_of_import
            self.items_of_import = True
        elif bits and not self.items:
            self.items = BOTH
            self.news += 1

    def give(self, key: Key, name: str, bits: int) -> None:
        """A parameter of a function gets a value."""
        self.join(self.given.setdefault(key, {}), name, bits)

    def global_(self, path: str, name: str) -> int:
        """What a name of a module denotes."""
        facts = self.program.files[path]
        if name in facts.global_writers:
            return BOTH
        if name in facts.literals:
            return 0
        if name in facts.module_names:
            return self.names.setdefault((path, name), 0)
        return 0 if name in BUILTINS else BOTH

    def imported(self, path: str, step: cfg.ImportName) -> int:
        """What ``from module import name`` gives."""
        found = self.program.modules.import_name(path, step.module, step.name, step.level)
        if found is None and not step.level:
            return self.of_library(step.name)
        if not isinstance(found, tuple) or found[0] not in self.program.files:
            return BOTH
        if found[1] in self.program.files[found[0]].module_names:
            return self.global_(*found)
        return BOTH

    def of_library(self, name: str) -> int:
        """What a name of a library denotes: functions, classes and modules are changed by binding attributes alone."""
        return BOTH if name in self.verbs.objects else LIBRARY

    def reach(self, key: Key, function: FunctionFacts, by: Key | None, *, anyhow: bool = False) -> None:
        """A function may run; with ``anyhow``, nobody knows what it is given."""
        if key not in self.leads:
            self.leads[key] = {}
            if function.is_async:
                self.matters[key] = "asynchronous"
            elif function.globals_bound and not function.name.endswith(IMPORTED):
                self.matters[key] = "global"
        if by is not None:
            self.leads[by][key] = None
        if anyhow:
            self.news += key not in self.anyhow
            self.anyhow[key] = None
            for each in function.parameters:
                self.give(key, each.name, BOTH)


def _renamed(facts: FileFacts) -> dict[str, str]:
    """What a file imports under another name, and what it is called where it is defined."""
    found: dict[str, str] = {}
    for each in facts.imports:
        if each.name and each.alias != each.name and each.at_module_level:
            again = each.alias in facts.functions or each.alias in facts.classes or each.alias in facts.bound_calls
            if again or found.setdefault(each.alias, each.name) != each.name:
                raise MayMatter(f"{each.alias} may be one of several")
    return found


def _goes_back(body: cfg.Body) -> bool:
    return any(
        0 <= target <= index
        for index, block in enumerate(body.blocks)
        for target in (*(edge.target for edge in block.next), block.raises_to)
    )


def plain_name(name: str) -> str:
    """The plain name of a qualified one."""
    return name.rpartition(".")[2].partition("#")[0]


def _without_script(body: cfg.Body) -> list[cfg.Block]:
    """The blocks of a module that run when it is imported: not what follows ``__name__ == "__main__"``."""
    names, mains, tests = set(), set(), set()
    for step in (each for block in body.blocks for each in block.instructions):
        if type(step) is cfg.LoadGlobal and step.name == "__name__":
            names.add(step.target)
        elif type(step) is cfg.Constant and step.value == "__main__":
            mains.add(step.target)
        elif type(step) is cfg.Operation and step.operator == "==" and {*step.operands} <= names | mains:
            tests.add(step.target)
    seen, pending = {0}, [0]
    while pending:
        block = body.blocks[pending.pop()]
        for target in (*(edge.target for edge in block.next), block.raises_to):
            first = body.blocks[target].instructions[:1] if target >= 0 else ()
            as_script = any(type(each) is cfg.Assume and each.condition in tests and each.truth for each in first)
            if target >= 0 and target not in seen and not as_script:
                seen.add(target)
                pending.append(target)
    return [body.blocks[each] for each in sorted(seen)]
