"""The world of a run: the program, the models, and everything that has been solved so far.

Questions are asked by generators: ``answer = yield Ask(...)``. A question that is not answered yet suspends who asks
it; the engine works on an explicit stack, so that call chains of any depth cost no Python recursion.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Generator
from typing import Any, Final, NamedTuple, TypeAlias

from leaklint.ir.effects import AnyEffect, Site
from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import Place, Span
from leaklint.ir.summary import Summary
from leaklint.ir.values import Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.link.classes import linearize
from leaklint.link.library import Described
from leaklint.models.load import Models
from leaklint.solve.budget import Budget
from leaklint.solve.lattice import ORIGINAL, join, ordered
from leaklint.solve.overview import Overview
from leaklint.solve.pool import Pool
from leaklint.solve.prepared import choosing, tested
from leaklint.solve.registration import Registration

MAX_SPECIALISATIONS: Final = 6
MAX_RECURSIONS: Final = 2
MAX_FUNCTIONS_ASKED: Final = 1_000
"""Shapes under which a function may call itself, at any distance; the general summary is taken beyond."""
_MADE: Final = re.compile(r"(?P<line>\d+):(?P<start>\d+)-(?:(?P<last>\d+)\+)?(?P<end>\d+)")
"""A place in the name of an object, as ``Activation.made`` writes it."""
Shape: TypeAlias = frozenset[tuple[Type, tuple[tuple[str, "Shape"], ...]]]
"""What is known of an argument: its possible types and, for each, those of its fields."""
Shapes: TypeAlias = tuple[tuple[int, Shape], ...]
"""Shapes of the arguments about which something is known, by position; captured cells have negative positions."""
SUSPECT: Final = "function outside of handlers"
CURSORY: Final = "function called outside of handlers"
Busy: TypeAlias = tuple[tuple[int, bool], ...]
"""Positions of arguments that are something under way, or, where ``True`` stands beside, hold such a thing."""


class Ask(NamedTuple):
    """A question: the summary of a function under a shape, or the state of a module after its import."""

    what: str
    """``function`` or ``module``; ``SUSPECT`` for a function outside of handlers that is judged, and ``CURSORY`` for
    what it calls (see ``leaklint.solve.cursory``)."""
    name: str
    shapes: Shapes = ()
    importing: bool = False
    busy: Busy = ()
    """Outside of handlers: which arguments, captured variables last, are something asynchronous that is under way."""
    survivors: tuple[tuple[Path, Shape], ...] = ()
    """Shapes of what the invocation has put into surviving places (see ``leaklint.solve.survivors``)."""
    nth: int = 0
    """Of a handler: which of the callables that a registrar was given under its name."""


Solving: TypeAlias = Generator[Ask, Any, Any]
"""A computation that may ask questions on its way."""


class ModuleState(NamedTuple):
    """A module after its import: what its names denote, and its objects' fields are in ``World.heap``."""

    names: dict[str, Value]


class ClassState(NamedTuple):
    """A class after its body has run."""

    attributes: dict[str, Value]
    order: tuple[str, ...]
    """The class and its bases in method resolution order: ``path::name`` for the project's, dotted for libraries'."""
    metaclass: str = ""
    announces: bool = False
    """Whether it, or a base of it, may want to hear of subclasses (``__init_subclass__``)."""
    describes: bool = False
    """Whether a base or a decorator from elsewhere may take what its body binds as a description of attributes."""


class Named(NamedTuple):
    """What an object made at import is called."""

    name: str
    place: Place
    type: str
    of_class: bool = False
    """Whether only a class holds it, as an attribute."""


NAMED_TUPLE: Final = "collections.namedtuple of "
"""Begins the name of a class that ``namedtuple`` has made; its fields follow."""


class World:
    """Program, models and answers."""

    def __init__(self, overview: Overview, models: Models, *, examines: bool = False) -> None:
        """``examines``: somebody asks afterwards by which ways handlers get somewhere."""
        self.overview = overview
        self.program = overview.program
        self.models = models
        self.pool = Pool()
        """What summaries are made of."""
        self.modules: dict[str, ModuleState] = {}
        """Modules after their import, by path."""
        self.classes: dict[str, ClassState] = {}
        self.prepared: dict[str, Any] = {}
        """What is known of the blocks of a body, by function."""
        self._shapes: dict[str, set[Shapes]] = {}
        self.underway: Counter[str] = Counter()
        """How many summaries of a function are being computed."""
        self._chosen: dict[str, set[Shapes]] = {}
        self._choosing: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        self._tested: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        self._flagged: dict[tuple[str, bool], set[Shapes]] = {}
        self.library = overview.library
        """What is installed: asked where no row says what a name is."""
        self._decorations: dict[str, dict[Span, bool]] = {}
        self._fields: dict[Root, dict[Path, Value]] = {}
        self._owners: dict[Path, tuple[Path, str]] | None = None
        self.named: dict[Path, Named] = {}
        self.declared: dict[str, dict[object, tuple[AnyEffect, tuple[Place, ...]]]] = {}
        """Effects while modules were imported, by module: some are findings by themselves (LK201, LK402, LK405)."""
        self._bases: dict[str, tuple[str, ...]] = {}
        self.settled: dict[Path, set[Place]] = {}
        """What is settled for every invocation by what was set up at import, and where that was done."""
        self.waited_for: set[Site] = set()
        """Where tasks are dropped for which a caller waits: for all that there are."""
        self.bounded: set[Path] = set()
        """Containers with a bound or a time to live."""
        self.drained: set[Path] = set()
        """Containers out of which work takes elements that begins at import, or before the first request."""
        self.put_for_request: set[Path] = set()
        """Where handlers put request data into what a framework has for each request: ``flask.g.user``."""
        self.from_outside: set[Path] = set()
        """Objects of the import that came from the outside world: what nobody knows of them may ask it again."""
        self.changed: set[Path] = set()
        """Objects of the import, attributes and elements of them, that some invocation changes or binds."""
        self.of_libraries: set[Path] = set()
        """Attributes of objects of third-party libraries, which code reads that nobody sees."""
        self.caching: dict[str, tuple[bool, bool]] = {}
        """Functions with a cache put around at import: whether that is bounded, and their own names go without it."""
        self.cache_keys: dict[str, Value] = {}
        """Those of them of which a function of the project makes the keys of the cache, and that function."""
        self.unsure: set[str] = set()
        """Coroutine functions of the project of which a decorator that nobody knows may have made something else."""
        self.altered: set[str] = set()
        """Functions of the project under a decorator that nobody knows: a decorator may have been made of them."""
        self.importing: dict[str, dict[str, Value]] = {}
        """Names bound so far in the modules that are being imported."""
        self.rebound: dict[Path, Value] = {}
        """Module variables that other modules bind (``module.name = …``), and to what."""
        self.only_work = False
        """Whether there is no handler, so that nobody asks what is written, read or closed."""
        self.examines = examines
        self.calls: dict[str, dict[str, Place]] = {}
        """Which functions of the project call which, by identity, and where; empty where nobody asks for the ways."""
        self.watched = ""
        """The function of which the calls are remembered whose callee is not known."""
        self.unknown_calls: set[Span] = set()
        self.budget = Budget()
        self.cursory: Overview | None = None
        """Which calls give something asynchronous, while code outside of handlers is solved: others hardly matter."""
        self.registered: dict[str, Registration] = {}
        self.registered_at: dict[str, set[Place]] = {}
        """The project's functions that imports have handed to a framework, by ``path::qualified name``."""

    def initial(self, path: Path) -> Value | None:
        """What a module variable holds after import."""
        module = self.modules.get(path.root.owner)
        if module is None or path.root.kind is not RootKind.VARIABLE or path.fields:
            return None
        return module.names.get(path.root.name)

    def field(self, path: Path) -> Value | None:
        """What a field of an object that exists after import holds."""
        below = self._fields.get(path.root)
        return below.get(path) if below else None

    def fields_below(self, path: Path) -> dict[Path, Value]:
        """All known fields of objects under the path's root."""
        return self._fields.get(path.root, {})

    def note_attribute(self, owner: Thing, place: Path) -> None:
        """Remembers a place as an attribute of a third-party library's object, where ``owner`` is one."""
        kind = owner.type
        package, dot, _ = kind.name.partition(".")
        foreign = bool(dot) and "::" not in kind.name and package not in sys.stdlib_module_names
        if kind.kind is TypeKind.INSTANCE and foreign:
            self.of_libraries.add(place)

    def keep_field(self, path: Path, value: Value) -> None:
        """Remembers a field of an object that exists after import."""
        if any(thing.type == ORIGINAL for thing in value.things):
            value = Value(frozenset(thing for thing in value.things if thing.type != ORIGINAL), value.sources)
            known = self.field(path)
            value = join(known, value) if known is not None else value
        self._fields.setdefault(path.root, {})[path] = value

    def unshaped(self, function: str) -> Ask:
        """The question for what a function stores, whatever it is given."""
        return Ask("function" if self.cursory is None else CURSORY, function)

    def specialised(self, function: str, shapes: Shapes, plain: Shapes) -> Ask:
        """The question for a summary: beyond ``MAX_SPECIALISATIONS`` shapes of one function, the general one.

        Those with the texts that choose something are counted apart; beyond as many, ``plain`` stands for them.
        """
        most = self.budget.shapes(function, MAX_SPECIALISATIONS)
        if shapes != plain:
            chosen = self._chosen.setdefault(function, set())
            few = len(chosen) < most and self.underway[function] < MAX_RECURSIONS
            if shapes in chosen or few:
                chosen.add(shapes)
                return Ask("function", function, shapes)
            shapes = plain
        known = self._shapes.setdefault(function, set())
        if shapes in known:
            return Ask("function", function, shapes)
        if self.underway[function] >= MAX_RECURSIONS:
            return Ask("function", function, general_shapes(shapes))
        if len(known) >= most:
            return Ask("function", function, self._tested_alone(function, shapes, most))
        known.add(shapes)
        return Ask("function", function, shapes)

    def _tested_alone(self, function: str, shapes: Shapes, most: int) -> Shapes:
        """The general shapes, and what the function tests: flags (``sync=True``), of which there are few, too.

        A decorator may ask each function of the project what it is (``iscoroutinefunction``); it is given ``None``
        where it is called with options.
        """
        known = self._tested.get(function)
        if known is None:
            facts = self.program.function(function)
            names = [each.name for each in facts.parameters] if facts is not None else []
            known = self._tested[function] = tested(self.program.body(function), names)
        flags, asked = known
        kept = tuple((i, shape) for i, shape in shapes if i < 0 or (i in flags and _is_constant(shape, "bool")))
        functions = [(i, shape) for i, shape in shapes if i in asked and _is_function(shape)]
        if functions and most == MAX_SPECIALISATIONS:
            most = MAX_FUNCTIONS_ASKED
            kept = tuple(sorted({*kept, *functions}, key=lambda each: each[0]))
        elif not functions:
            kept += tuple((i, shape) for i, shape in shapes if i in asked and _is_constant(shape, "NoneType"))
        counted = self._flagged.setdefault((function, bool(functions)), set())
        if kept not in counted and len(counted) >= most:
            return general_shapes(shapes)
        counted.add(kept)
        return kept

    def is_registrar(self, name: str) -> bool:
        """Whether a library's function or method takes handlers."""
        return self.program.registrars is not None and self.program.registrars.registrar(name) is not None

    def is_adapter(self, registrar: str) -> bool:
        """Whether a registrar makes an object of its own, which is called or registers more (``Mangum``)."""
        framework = self.program.registrars.registrar(registrar) if self.program.registrars else None
        return framework is not None and (registrar in framework.callables or registrar in framework.objects)

    def makes_for_each_request(self, registrar: str) -> bool:
        """Whether a registrar that is given a class makes an object of it for each request (``Depends``)."""
        framework = self.program.registrars.registrar(registrar) if self.program.registrars else None
        return framework is not None and framework.injects and registrar.rpartition(".")[2] not in framework.registers

    def builder(self, class_name: str, name: str) -> str | None:
        """The row of a base class's method that makes an object of the class (``model_validate``)."""
        names = (self.models.method(each, name) for each in self.order(class_name) if "::" not in each)
        return next((each for each in names if each and (row := self.models.row(each)) and row.builds), None)

    def kept_object(self, class_name: str) -> Thing:
        """The one object of a class that a framework makes and keeps."""
        path, _, name = class_name.partition("::")
        thing = Thing(Path(Root(RootKind.STATIC, path, f"{name}@kept")), instance(class_name))
        facts = self.program.class_(class_name)
        if facts is not None:
            self.name_object(thing, name.rpartition(".")[2], path, facts.name_span)
        return thing

    def decorations(self, module: str) -> dict[Span, bool]:
        """Places of all decorators of functions in a file, and whether they are the results of calls."""
        known = self._decorations.get(module)
        if known is None:
            facts = self.program.files.get(module)
            functions = facts.functions.values() if facts is not None else ()
            known = self._decorations[module] = {
                span: text.endswith(")")
                for function in functions
                for span, text in zip(function.decorator_spans, function.decorators, strict=True)
            }
        return known

    def member_of_library(self, class_name: str, name: str) -> Described:
        """What an installed package says of a member of its class."""
        return self.library.describe(f"{class_name}.{name}")

    def summary_of_row(self, name: str, given: dict[str, Any]) -> Summary | None:
        """The summary of a library's function when called with these arguments."""
        return self.models.summary(name, given)

    def choosing(self, identity: str, facts: FunctionFacts) -> tuple[frozenset[int], frozenset[int]]:
        """Positions of the parameters on whose constants it depends what a function does, and on whether they are."""
        found = self._choosing.get(identity)
        if found is None:
            names = [each.name for each in facts.parameters]
            found = self._choosing[identity] = choosing(self.program.body(identity), names)
        return found

    def order(self, name: str) -> tuple[str, ...]:
        """Method resolution order of a class, the project's or a library's."""
        known = self.classes.get(name)
        if known is not None:
            return known.order
        if "::" in name:
            return (name,)
        return self.models.lineage(name)

    def is_subclass(self, name: str, bases: frozenset[str]) -> bool:
        """Whether the class is one of these or derives from one."""
        return any(each in bases for each in self.order(name))

    def linearized(self, name: str, bases: list[str]) -> tuple[str, ...]:
        """Order of a new class with these bases."""
        only = self.classes.get(bases[0]) if len(bases) == 1 else None
        if only is not None and name not in only.order:
            self._bases[name] = tuple(bases)
            return (name, *only.order)

        def bases_of(each: str) -> tuple[str, ...]:
            if each == name:
                return tuple(bases)
            return self.order(each)[1:] if "::" not in each else self._bases.get(each, ())

        self._bases[name] = tuple(bases)
        return linearize(name, bases_of)

    def owner_of(self, path: Path) -> tuple[Path, str] | None:
        """The object made at import, and the field, through which one reaches another object made at import."""
        if self._owners is None:
            self._owners = {}
            for fields in self._fields.values():
                for place, value in fields.items():
                    for thing in ordered(value.things):
                        if thing.path.root.kind is RootKind.STATIC and thing.path.root != place.root and place.fields:
                            owner = Path(place.root, place.fields[:-1])
                            self._owners.setdefault(thing.path, (owner, place.fields[-1]))
        return self._owners.get(path)

    def forget_owners(self) -> None:
        """What has been found of who holds whom does not hold any more: more has been imported."""
        self._owners = None

    def name_of(self, path: Path) -> str:
        """What an object made at import is called, as far as it has a name."""
        named = self.named.get(Path(path.root))
        return named.name if named is not None else path.root.name.rpartition("@")[0]

    def name_object(self, thing: Thing, name: str, module: str, span: Span) -> None:
        """Remembers what an object made at import is called: the first name stays."""
        if thing.path not in self.named:
            self.named[thing.path] = Named(name, Place(module, span), thing.type.name)


def general_shapes(shapes: Shapes) -> Shapes:
    """Shapes that say only which callables are captured."""
    return tuple((index, shape) for index, shape in shapes if index < 0)


def _is_constant(shape: Shape, of: str) -> bool:
    """Whether all that is known of an argument is that it is one constant of a type: ``True``, ``False``, ``None``."""
    return len(shape) == 1 and all(kind.constant is not None and kind.constant[0] == of for kind, _ in shape)


def _is_function(shape: Shape) -> bool:
    """Whether an argument is one of the project's functions."""
    return len(shape) == 1 and all(kind.kind is TypeKind.FUNCTION for kind, _ in shape)


def class_path(identity: str) -> Path:
    """The path of a project's class."""
    module, _, name = identity.partition("::")
    return Path(Root(RootKind.CLASS, module, name))


def function_path(identity: str) -> Path:
    """The path of a project's function object."""
    module, _, name = identity.partition("::")
    return Path(Root(RootKind.FUNCTION, module, name))


def variable(module: str, name: str) -> Path:
    """The path of a module variable."""
    return Path(Root(RootKind.VARIABLE, module, name))


def instance(name: str) -> Type:
    """The type of instances of a class."""
    return Type(TypeKind.INSTANCE, name)


def span_in(name: str) -> Span | None:
    """The place in the name of a root (see ``Activation.made``)."""
    found = _MADE.match(name.partition("/")[0].rpartition("@")[2])
    if found is not None:
        line, start = int(found["line"]), int(found["start"])
        return Span(line, start, int(found["last"] or line), int(found["end"]))
    return None
