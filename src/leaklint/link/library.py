"""What an installed package says of a name that has no row: read with astroid, never imported.

The text of a module comes from a function that is handed in, so that nothing here touches the disk. astroid only turns
text into nodes: its own inference looks for further modules in the environment of whoever runs it, which is leaklint's
and says nothing of the project's. Names are followed here instead: imports, star imports, classes and their bases,
annotations of returns and attributes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

MOST_STEPS: Final = 12
"""How many imports and aliases a name is followed through, and how many bases of a class deep."""
KEEPS_ASYNC: Final = frozenset(
    {"abstractmethod", "classmethod", "deprecated", "final", "overload", "override", "staticmethod"}
)
"""Decorators after which a coroutine function is still one."""
SAME: Final = frozenset({"Self"})
TRANSPARENT: Final = frozenset({"Annotated", "Awaitable", "ClassVar", "Final", "Optional"})


class ModuleText(NamedTuple):
    """The source of an installed module."""

    text: str
    is_package: bool


class Described(NamedTuple):
    """What a name is: ``coroutine``, ``function``, ``class``, ``object``, or nothing that is known."""

    kind: str = ""
    type: str = ""
    """Dotted name of the class of what a call gives (of what awaiting it gives), or of the object."""


UNKNOWN: Final = Described()


class Library:
    """The packages that are installed for a project."""

    def __init__(
        self,
        read: Callable[[str], ModuleText | None] = lambda _module: None,
        asynchronous: Callable[[str], frozenset[str]] = lambda _package: frozenset(),
        versions: tuple[str, ...] = (),
    ) -> None:
        self.versions = versions
        """All that is installed, each with its version: what the answers depend on."""
        self._read = read
        self._asynchronous = asynchronous
        self._modules: dict[str, _Module | None] = {}
        self._described: dict[str, Described] = {}

    def asynchronous(self, package: str) -> frozenset[str]:
        """Plain names of all that a package defines with ``async def``; none where it is not installed."""
        return self._asynchronous(package)

    def describe(self, name: str) -> Described:
        """What a dotted name is. Packages without anything asynchronous are not looked into."""
        known = self._described.get(name)
        if known is None:
            known = UNKNOWN
            if self._asynchronous(name.partition(".")[0]):
                found = self._found(name)
                known = self._described_as(found) if found is not None else UNKNOWN
            self._described[name] = known
        return known

    def keeps_async(self, name: str) -> bool:
        """Whether a coroutine function is still one under a decorator: it gives back what it is given, or a wrapper
        that is a coroutine function itself.
        """
        found = self._found(name) if self._asynchronous(name.partition(".")[0]) else None
        return found is not None and type(found.node).__name__ == "FunctionDef" and _wraps_async(found.node)

    # -------------------------------------------------------------------------------------------------- following names
    def _found(self, name: str) -> _Definition | None:
        """The definition that a dotted name leads to."""
        head, *rest = name.split(".")
        module = self._module(head)
        found = _Definition(module, None, None) if module is not None else None
        for part in rest:
            found = self._member(found, part) if found is not None else None
        return found

    def _member(self, owner: _Definition, name: str, steps: int = 0) -> _Definition | None:
        if steps > MOST_STEPS:
            return None
        if owner.node is None:
            return self._global(owner.module, name, steps)
        if type(owner.node).__name__ == "ClassDef":
            return self._attribute(owner, name, steps)
        if type(owner.node).__name__ in ("AnnAssign", "Assign", "FunctionDef"):
            kind = self._class_of(owner, steps + 1)
            return self._attribute(kind, name, steps + 1) if kind is not None else None
        return None

    def _global(self, module: _Module, name: str, steps: int) -> _Definition | None:
        if steps > MOST_STEPS:
            return None
        node = module.names.get(name)
        if node is None:
            for below in module.stars:
                target = self._module(module.absolute(below))
                if target is not None and not name.startswith("_"):
                    found = self._global(target, name, steps + 1)
                    if found is not None:
                        return found
            submodule = self._module(f"{module.name}.{name}") if module.is_package else None
            return _Definition(submodule, None, None) if submodule is not None else None
        kind = type(node).__name__
        if kind == "ImportFrom":
            real = next(old for old, new in node.names if (new or old) == name)
            source = module.absolute(node)
            target = self._module(source)
            if target is not None and (target is not module or real != name):
                found = self._global(target, real, steps + 1)
                if found is not None:
                    return found
            below = self._module(f"{source}.{real}")
            return _Definition(below, None, None) if below is not None else None
        if kind == "Import":
            real = next(old for old, new in node.names if (new or old.partition(".")[0]) == name)
            renamed = any(new == name for _, new in node.names)
            target = self._module(real if renamed else real.partition(".")[0])
            return _Definition(target, None, None) if target is not None else None
        if kind == "Assign" and type(node.value).__name__ in ("Name", "Attribute"):
            return self._expression(module, node.value.as_string(), steps + 1)
        return _Definition(module, node, None)

    def _attribute(self, owner: _Definition, name: str, steps: int) -> _Definition | None:
        """What a class, or the nearest of its bases, defines under a name."""
        pending = [owner]
        seen: list[Any] = []
        while pending and len(seen) < MOST_STEPS:
            each = pending.pop(0)
            if each.node in seen or type(each.node).__name__ != "ClassDef":
                continue
            seen.append(each.node)
            node = _names(each.node.body).get(name)
            if node is not None and type(node).__name__ == "Assign" and type(node.value).__name__ == "Name":
                node = _names(each.node.body).get(node.value.name, node)
            if node is not None:
                return _Definition(each.module, node, owner)
            for method in each.node.body if not node else ():
                annotated = _bound_in(method, name)
                if annotated is not None:
                    return _Definition(each.module, annotated, owner)
            bases = [self._expression(each.module, base.as_string(), steps + 1) for base in each.node.bases]
            pending += [base for base in bases if base is not None]
        return None

    def _expression(self, module: _Module, text: str, steps: int) -> _Definition | None:
        """The definition that a dotted name in a module leads to, without what stands in brackets."""
        head, *rest = text.partition("[")[0].strip("'\" ").split(".")
        found = self._global(module, head, steps)
        for part in rest:
            found = self._member(found, part, steps + 1) if found is not None else None
        return found

    # ------------------------------------------------------------------------------------------------- describing them
    def _described_as(self, found: _Definition) -> Described:
        kind = type(found.node).__name__
        if kind == "AsyncFunctionDef":
            if found.node.is_generator() or not _keeps_async(found.node):
                return UNKNOWN
            return Described("coroutine", self._type_of(found))
        if kind == "FunctionDef":
            if _decorators(found.node) & {"property", "cached_property"}:
                return Described("object", self._type_of(found))
            return Described("function", self._type_of(found))
        if kind == "ClassDef":
            return Described("class", found.dotted)
        if kind in ("AnnAssign", "Assign"):
            return Described("object", self._type_of(found))
        return UNKNOWN

    def _type_of(self, found: _Definition) -> str:
        made = self._class_of(found, 0)
        return made.dotted if made is not None else ""

    def _class_of(self, found: _Definition, steps: int) -> _Definition | None:
        """The class of what calling a function gives, or of what an attribute or a module's name holds."""
        for text in _type_texts(found.node):
            last = text.rpartition(".")[2]
            if last in SAME and found.owner is not None:
                return found.owner
            named = self._expression(found.module, text, steps + 1)
            if named is not None and type(named.node).__name__ == "ClassDef":
                return named
        return None

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            self._modules[name] = None
            found = self._read(name)
            node = _parsed(found.text, name, found.is_package) if found is not None else None
            if node is not None and found is not None:
                self._modules[name] = _Module(name, found.is_package, node)
        return self._modules[name]


class _Module:
    """A module: what its names are bound to."""

    def __init__(self, name: str, is_package: bool, node: Any) -> None:
        self.name = name
        self.is_package = is_package
        self.names = _names(node.body)
        self.stars = [each for each in _statements(node.body) if _is_star(each)]

    def absolute(self, node: Any) -> str:
        """The module that a ``from`` import names."""
        if not node.level:
            return str(node.modname)
        parts = self.name.split(".")
        kept = parts[: len(parts) - node.level + (1 if self.is_package else 0)]
        return ".".join([*kept, node.modname] if node.modname else kept)


class _Definition(NamedTuple):
    """A node and the module that it stands in; no node for the module itself."""

    module: _Module
    node: Any
    owner: _Definition | None
    """The class through which a member was found."""

    @property
    def dotted(self) -> str:
        """The full name of a class."""
        return f"{self.module.name}.{self.node.name}"


def _parsed(text: str, name: str, is_package: bool) -> Any:
    """The nodes of a module; None where it cannot be parsed."""
    from astroid.manager import AstroidManager
    from astroid.rebuilder import TreeRebuilder

    try:
        tree = ast.parse(text)
        return TreeRebuilder(AstroidManager(), data=text).visit_module(tree, name, "", is_package)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(body: Iterable[Any]) -> Iterator[Any]:
    """The statements of a body, and of the conditions and handlers in it, in their order."""
    pending = list(body)[::-1]
    while pending:
        node = pending.pop()
        kind = type(node).__name__
        if kind in ("If", "Try", "With"):
            parts = [*getattr(node, "finalbody", ()), *getattr(node, "orelse", ())][::-1]
            parts += [each for handler in getattr(node, "handlers", ()) for each in handler.body][::-1]
            pending += parts
            pending += list(node.body)[::-1]
        else:
            yield node


def _names(body: Iterable[Any]) -> dict[str, Any]:
    """What the names of a module or class are bound to: the first definition that is none for type checkers alone."""
    names: dict[str, Any] = {}
    for node in _statements(body):
        kind = type(node).__name__
        if kind in ("AsyncFunctionDef", "ClassDef", "FunctionDef"):
            if kind == "ClassDef" or node.name not in names or "overload" in _decorators(names[node.name]):
                names[node.name] = node
        elif kind in ("Import", "ImportFrom"):
            for old, new in node.names:
                bound = new or (old.partition(".")[0] if kind == "Import" else old)
                names.setdefault(bound, node)
        elif kind == "Assign":
            for target in node.targets:
                if type(target).__name__ == "AssignName":
                    names.setdefault(target.name, node)
        elif kind == "AnnAssign" and type(node.target).__name__ == "AssignName":
            names.setdefault(node.target.name, node)
    names.pop("*", None)
    return names


def _bound_in(method: Any, name: str) -> Any:
    """The annotated or plain assignment of ``self.name`` in a method."""
    for node in _statements(method.body) if type(method).__name__ in ("AsyncFunctionDef", "FunctionDef") else ():
        kind = type(node).__name__
        targets = [node.target] if kind == "AnnAssign" else node.targets if kind == "Assign" else []
        if any(type(each).__name__ == "AssignAttr" and each.attrname == name for each in targets):
            return node
    return None


def _wraps_async(node: Any) -> bool:
    """Whether a function, or one in it, gives back its own argument or a coroutine function that it defines."""
    pending = [node]
    while pending:
        function = pending.pop()
        inside = list(_statements(function.body))
        kept = {each.name for each in inside if type(each).__name__ == "AsyncFunctionDef"}
        kept |= {each.name for each in function.args.arguments}
        pending += [each for each in inside if type(each).__name__ == "FunctionDef"]
        returned = (each.value for each in inside if type(each).__name__ == "Return")
        if any(type(each).__name__ == "Name" and each.name in kept for each in returned):
            return True
    return False


def _is_star(node: Any) -> bool:
    return type(node).__name__ == "ImportFrom" and node.names[0][0] == "*"


def _decorators(node: Any) -> set[str]:
    found = getattr(node, "decorators", None)
    nodes = found.nodes if found is not None else ()
    return {each.as_string().partition("(")[0].rpartition(".")[2] for each in nodes}


def _keeps_async(node: Any) -> bool:
    return _decorators(node) <= KEEPS_ASYNC


def _type_texts(node: Any) -> Iterator[str]:
    """Dotted names of the classes that an annotation allows, or that a call makes."""
    kind = type(node).__name__
    if kind in ("AsyncFunctionDef", "FunctionDef"):
        if node.returns is not None:
            yield from _alternatives(node.returns.as_string())
            return
        for each in _statements(node.body):
            if type(each).__name__ == "Return" and type(each.value).__name__ == "Call":
                yield each.value.func.as_string()
    elif kind == "AnnAssign":
        yield from _alternatives(node.annotation.as_string())
    elif kind == "Assign" and type(node.value).__name__ == "Call":
        yield node.value.func.as_string()


def _alternatives(text: str) -> Iterator[str]:
    """The names in ``X | None``, ``Optional[X]`` and quoted annotations, without None."""
    for part in text.strip("'\" ").split("|"):
        name, bracket, inner = part.strip("'\" ").partition("[")
        if bracket and name.rpartition(".")[2] in TRANSPARENT:
            yield from _alternatives(inner.rstrip("]").partition(",")[0])
        elif name and name != "None":
            yield name
