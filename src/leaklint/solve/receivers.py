"""What the receiver of a call may be, as far as outlines tell.

The texts of the outlines (``leaklint.facts.drops``) say what a name is bound to, annotations say of which class that
is, and so on along the text. Every answer is on the safe side: what is not understood may be anything.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from typing import Final

from leaklint.facts.bindings import CONSTANT
from leaklint.facts.drops import STEP, known_elements, root_of
from leaklint.ir.facts import FunctionFacts, Parameter, is_class_method, is_property
from leaklint.link.names import Library as Foreign
from leaklint.link.names import Names, Own
from leaklint.link.program import Program
from leaklint.models.load import Models
from leaklint.solve.circles import Circles
from leaklint.solve.denoted import (
    ANYTHING,
    CLOSED,
    CONTAINER,
    MADE,
    NOTHING_KNOWN,
    OF_GENERATORS,
    PARAMETER,
    Kind,
    Kinds,
    agreed,
    defined,
    from_outside,
    opened,
    says_nothing,
)
from leaklint.solve.lineages import Lineages
from leaklint.solve.said import Said

_ROOTS: Final = {'""': NOTHING_KNOWN, "{}": frozenset({CONTAINER}), "?": ANYTHING}
_ENTERING: Final = ("__enter__", "__aenter__")
_MOST: Final = 12
"""Kinds that one text may have."""


class Receivers:
    """What texts in functions may denote."""

    def __init__(
        self,
        program: Program,
        models: Models,
        circles: Circles,
        asynchronous: Callable[[str], frozenset[str]],
        installed: Callable[[str], frozenset[str]],
        keeps_kind: Callable[[str], bool],
        is_replaced: Callable[[str, str], bool],
    ) -> None:
        """``asynchronous`` gives the last segments of what is asynchronous in a package, ``installed`` where it is.

        ``keeps_kind`` says whether the decorators of a function leave it what it is, ``is_replaced`` whether a class
        below a class has a method of a name that may give something asynchronous.
        """
        self._program = program
        self._models = models
        self._installed = installed
        self._keeps_kind = keeps_kind
        self._is_replaced = is_replaced
        self._names = Names(program.files, program.modules)
        from leaklint.solve.builtin_calls import SPECIAL, SPECIAL_METHODS

        self._circles = circles
        self.looked: set[tuple[str, str]] = set()
        """By path and name: the functions that were looked into, and the names that were looked up in files."""
        self._special = SPECIAL.keys() | SPECIAL_METHODS.keys()
        self._lineages = Lineages(program, self.meaning)
        self._said = Said(program, models, asynchronous, self.meaning, self._global)

    # ------------------------------------------------------------------------------------------------ texts to kinds
    def of(self, path: str, function: str, text: str) -> Kinds:
        """What a text in a function may denote."""
        return self._few((path, function, text), lambda: self._read(path, function, text))

    def _global(self, path: str, name: str) -> Kinds:
        """What a name at module level of a file may denote."""
        return self._few((path, "", name), lambda: self._bound(path, name))

    def _few(self, key: tuple[str, str, str], find: Callable[[], Kinds]) -> Kinds:
        found = self._circles.answer(key, find, frozenset(), ANYTHING)
        return found if len(found) <= _MOST else ANYTHING

    def _read(self, path: str, function: str, text: str) -> Kinds:
        if text.startswith("("):
            return self._said.annotated(path, text[1:])
        self.looked.add((path, function))
        root = root_of(text)
        found = self._root(path, function, root)
        known = self._program.files[path].functions.get(function)
        bindings = known.bindings if known is not None else {}
        for step in STEP.finditer(text, len(root)):
            found = frozenset(each for kind in found for each in self._step(kind, step[0]))
            for stored in bindings.get(text[: step.end()], ()):
                found |= self.of(path, function, stored)
        return found

    def _root(self, path: str, function: str, name: str) -> Kinds:
        if name in _ROOTS:
            return _ROOTS[name]
        if elements := known_elements(name):
            inside = frozenset[Kind]().union(*(self.of(path, function, each) for each in elements))
            return frozenset({Kind("container", "", inside | ANYTHING)})
        functions = self._program.files[path].functions
        around = function
        while around:
            known = functions.get(around)
            self.looked.add((path, around))
            if known is not None and name == "super" and known.in_class:
                # also what the class itself has: more than what may be meant
                return frozenset({Kind("super", f"{path}::{known.in_class}")})
            found = self._local(path, known, name) if known is not None else None
            if found is not None:
                return found
            around = around.rpartition(".<locals>.")[0]
        return self._global(path, name)

    def _local(self, path: str, function: FunctionFacts, name: str) -> Kinds | None:
        """What a name of a function may denote; None where it is none of its own."""
        if name in function.globals_bound or function.name == "<module>" or function.name.endswith(".<body>"):
            return None
        facts, found = self._program.files[path], set[Kind]()
        inner = f"{function.name}.<locals>.{name}"
        found.update(defined(path, facts, inner))
        parameter = next((each for each in function.parameters if each.name == name), None)
        if parameter is not None:
            found |= self._given_to(path, function, parameter)
        texts = function.bindings.get(name)
        if texts is not None:
            found |= self._bound_to(path, function.name, texts)
            if "@" in texts:
                found |= self._imported(path, name)
        return frozenset(found) if found or texts is not None else None

    def _bound_to(self, path: str, function: str, texts: Iterable[str]) -> Kinds:
        """What is bound to a name: an annotation, where there is one, is believed."""
        self.looked.add((path, function))
        said = [self._said.annotated(path, text[1:]) for text in texts if text.startswith("(")]
        values = [self.of(path, function, text) for text in texts if text[:1] not in ("(", "@")]
        return agreed(frozenset().union(*said), frozenset().union(*values))

    def _given_to(self, path: str, function: FunctionFacts, parameter: Parameter) -> Kinds:
        if parameter is function.parameters[0] and function.in_class and "staticmethod" not in function.decorators:
            # a mixin says which class it is mixed into
            mixed = self._said.annotated(path, parameter.annotation) if parameter.annotation else frozenset()
            what = "class" if function.name.endswith("__new__") or is_class_method(function) else "object"
            return mixed | {Kind(what, f"{path}::{function.in_class}")}
        found = self._said.annotated(path, parameter.annotation) if parameter.annotation else frozenset()
        if says_nothing(parameter.annotation):
            found = frozenset({PARAMETER})
        found = frozenset(from_outside(each) for each in found)
        if parameter.kind in ("star", "double_star"):
            found = frozenset({Kind("container", "", found)})
        return found | self.of(path, "<module>", parameter.default) if parameter.default else found

    def _imported(self, path: str, name: str) -> Kinds:
        """What imports of a file bind to a name."""
        found = set[Kind]()
        for each in self._program.files[path].imports:
            if each.alias != name:
                continue
            modules = self._program.modules
            if each.name:
                target = modules.import_name(path, each.module, each.name, each.level)
            else:
                target = modules.resolve(path, name if each.module.startswith(f"{name}.") else each.module)
            if isinstance(target, tuple):
                found |= self._global(*target)
            elif target is not None:
                found.add(Kind("module", target))
            else:
                found.add(CLOSED if each.level else Kind("library", f"{each.module}.{each.name}".rstrip(".")))
        return frozenset(found)

    def _bound(self, path: str, name: str) -> Kinds:
        self.looked.add((path, name))
        facts = self._program.files[path]
        found = set(defined(path, facts, name))
        body = facts.functions.get("<module>")  # not of a file that could not be read
        texts = body.bindings.get(name, ()) if body is not None else ()
        for writer in facts.global_writers.get(name, ()):
            found |= self._bound_to(path, writer, facts.functions[writer].bindings.get(name, ("?",)))
        found |= self._bound_to(path, "<module>", texts)
        meant = self.meaning(path, name)
        if sum(each.alias == name for each in facts.imports) > 1:  # one where the other fails
            found |= self._imported(path, name)
        elif isinstance(meant, Foreign):
            found.add(Kind("library", meant.name))
        elif meant is not None and (meant.path, meant.name) != (path, name):
            found |= self._global(meant.path, meant.name) if meant.name else {Kind("module", meant.path)}
        if not found:  # a constant; or a name that nobody binds
            return NOTHING_KNOWN if name in facts.module_names else ANYTHING
        return frozenset(found)

    def meaning(self, path: str, text: str) -> Own | Foreign | None:
        """What a dotted name at module level of a file stands for."""
        target = self._names.meaning(path, text)
        head = text.partition(".")[0]
        self.looked.add((path, head))
        if isinstance(target, Own):
            self.looked.add((target.path, target.name))
        if target == Own(path, text) and head not in self._program.files[path].module_names and hasattr(builtins, head):
            return Foreign(f"builtins.{text}")
        return target

    # --------------------------------------------------------------------------------------------------------- steps
    def _step(self, kind: Kind, step: str) -> Kinds:
        if kind.what in ("any", "closed"):
            return frozenset({kind})
        if step == "^":
            return self._awaited(kind)
        if step == "()":
            return self._called(kind)
        if step == "[]":
            if kind.what == "container":
                return kind.elements
            if kind.what == "object":
                return self._result_of(kind, "__getitem__") | self._iterated(kind)
            return frozenset({kind}) if kind.what in ("class", "library") else ANYTHING
        return self._attribute(kind, step[1:])

    def _result_of(self, kind: Kind, name: str) -> Kinds:
        """What a method of an object of the project gives."""
        return frozenset(got for each in self.member(kind, name) for got in self._called(each))

    def _iterated(self, kind: Kind) -> Kinds:
        """What an object of the project gives one after the other."""
        found = set[Kind]()
        for method, next_ in (("__iter__", "__next__"), ("__aiter__", "__anext__")):
            for each in self._result_of(kind, method):
                is_own = each.what == "object"
                found |= (
                    self._result_of(each, next_) if is_own else each.elements if each.what == "container" else {each}
                )
        return frozenset(found)

    def _awaited(self, kind: Kind) -> Kinds:
        if kind.what == "coroutine":
            return self.given_by(kind.name)
        if kind.what == "instance":
            rows = (self._models.row(each) for each in self._models.lineage(kind.name))
            if any(row is not None and row.awaited for row in rows):
                return ANYTHING
        return frozenset({kind})

    def _attribute(self, kind: Kind, name: str) -> Kinds:
        if kind.what == "container" and name == "items":
            pair = Kind("container", "", kind.elements)
            return frozenset({Kind("giving", "", frozenset({kind._replace(elements=frozenset({pair}))}))})
        if kind.what == "container" and name not in OF_GENERATORS:
            return frozenset({Kind("giving", "", kind.elements | {kind})})
        if kind.what in ("object", "class", "super"):
            return self.member(kind, name)
        if kind.what == "module":
            self.looked.add((kind.name, name))
            if name in self._program.files[kind.name].module_names:
                return self._global(kind.name, name)
            inside = self._program.modules.submodule(kind.name, name)
            return (
                frozenset({Kind("module", inside)})
                if inside is not None and inside in self._program.files
                else ANYTHING
            )
        rows = map(self._models.row, self._models.lineage(kind.name)) if kind.what == "instance" else ()
        held = next((row.attributes[name] for row in rows if row is not None and name in row.attributes), "")
        if held:
            return self._said.of_library(held)
        if kind.what in ("library", "instance"):
            return frozenset({Kind("library", f"{kind.name}.{name}")})
        return NOTHING_KNOWN if kind.what == "coroutine" else ANYTHING

    def _called(self, kind: Kind) -> Kinds:
        """What calling something gives."""
        if kind.what == "class":
            return frozenset({Kind("object", kind.name, MADE)})
        if kind.what == "super":
            return frozenset({kind})
        if kind.what == "giving":
            return kind.elements
        if kind.what == "library":
            return self._given_by_library(self._models.canonical(kind.name))
        if kind.what == "function":
            facts = self._program.function(kind.name)
            if facts is None or not self._keeps_kind(kind.name):
                return ANYTHING
            is_plain = not facts.is_async or facts.is_generator
            return self.given_by(kind.name) if is_plain else frozenset({Kind("coroutine", kind.name)})
        if kind.what == "object":
            return self._result_of(kind, "__call__")
        return frozenset({kind}) if kind.what in ("any", "closed") else ANYTHING

    def given_by(self, identity: str) -> Kinds:
        """What a function of the project returns."""
        facts = self._program.function(identity)
        if facts is None:
            return ANYTHING
        path = identity.partition("::")[0]
        if facts.returns:
            return opened(self._said.annotated(path, facts.returns))
        given = "yield" if facts.is_generator else "return"
        found = self._bound_to(path, facts.name, facts.bindings.get(given, CONSTANT))
        return frozenset({Kind("container", "", found)}) if facts.is_generator else opened(found)

    def _given_by_library(self, full: str) -> Kinds:
        owner, _, last = full.rpartition(".")
        name = self._models.method(owner, last) or full
        if name in self._special:
            return ANYTHING
        if self._models.is_class(name):
            return self._said.of_library(name)
        row = self._models.row(name)
        if row is None:
            if self._installed(name.partition(".")[0]):
                return ANYTHING
            # sessions, responses and files give themselves behind ``as``
            return self._said.of_library(owner) if last in _ENTERING else NOTHING_KNOWN
        if row.returns or row.types or row.copies:
            return ANYTHING
        return self._said.of_library(row.type) if row.type else NOTHING_KNOWN

    def is_protocol(self, class_: str) -> bool:
        """Whether objects of any class that has the same methods are objects of a class of the project."""
        return self._lineages.of(class_).is_protocol

    def member(self, kind: Kind, name: str) -> Kinds:
        """What an attribute of an object or a class of the project may be."""
        if name == "__class__":
            return frozenset({Kind("class", kind.name)}) if kind.what == "object" else ANYTHING
        lineage = self._lineages.of(kind.name)
        for owner in lineage.classes:
            found = self._own_member(owner, name)
            if found is not None:
                found = opened(found) if kind.elements == MADE else found
                return found | ANYTHING if self._is_replaced(kind.name, name) else found
        if not lineage.complete or self._is_replaced(kind.name, name):
            return ANYTHING
        return frozenset(Kind("library", f"{each}.{name}") for each in lineage.foreign) or NOTHING_KNOWN

    def _own_member(self, owner: str, name: str) -> Kinds | None:
        """What a class itself, or its methods, bind to an attribute; None where they do not."""
        path, _, class_name = owner.partition("::")
        facts = self._program.files[path]
        known = facts.classes[class_name]
        if name in known.methods:
            method = facts.functions[known.methods[name]]
            if is_property(method):
                return self.given_by(f"{path}::{method.name}")
            return frozenset(defined(path, facts, f"{class_name}.{name}")) | {
                Kind("function", f"{path}::{method.name}")
            }
        found = set(defined(path, facts, f"{class_name}.{name}"))
        for method_name in known.instance_attributes.get(name, ()):
            found |= self._bound_to(
                path, method_name, facts.functions[method_name].bindings.get(f"self.{name}", CONSTANT)
            )
        if name in known.attributes:
            body = facts.functions[f"{class_name}.<body>"].bindings.get(name, CONSTANT)
            found |= self._bound_to(path, "<module>", body)
            if any(each.what == "object" and self._own_member(each.name, "__get__") for each in found):
                return ANYTHING  # a descriptor
        annotation = known.annotations.get(name) or known.instance_annotations.get(name)
        if annotation:
            said = frozenset(from_outside(each) for each in self._said.annotated(path, annotation))
            return agreed(said, frozenset(found))
        return frozenset(found) or None
