"""One function under analysis: its identity, its arguments' shapes, and how objects that it makes are named."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final, TypeAlias

from leaklint.ir.effects import Site
from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import Place, Span
from leaklint.ir.values import NOTHING, UNKNOWN_TYPE, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve.budget import MAX_OF_SOLVING, PATIENCE
from leaklint.solve.lattice import CONSTANT_PATH, FACTORY, constants, join, parameter, prolong, slot, survives
from leaklint.solve.state import State
from leaklint.solve.world import Shape, Shapes, Solving, World, instance

PLATFORM: Final = "<platform>"
"""Name of the function that calls a handler."""
SMALL_CONSTANTS: Final = (bool, type(None))
MAX_SHAPE_DEPTH: Final = 3
MAX_THINGS: Final = 4
"""Of more that a place may hold, a shape says nothing."""
MAX_FIELDS: Final = 12
WORK_OF_CARRYING: Final = 8
"""What each object counts that a shape is made of (see ``leaklint.solve.budget``)."""
MAX_CARRYING: Final = 300
"""Objects that make up one shape; where there are more, less deep ones do. Real programs have up to 130."""
_CODE: Final = (TypeKind.FUNCTION, TypeKind.METHOD)
_SAME: Final = "<same as "
"""Begins the field, in the shape of what a callable carries, that says how deep the object lies that it is."""
_Fields: TypeAlias = tuple[tuple[str, Shape], ...]
"""What an object carries in its fields, by name."""

ANY: Final = "<any>"
"""Stands for the class of an exception of which no more is known."""


class Activation:
    """A function while it is analysed; ``importing`` where it runs when its module is imported."""

    def __init__(self, world: World, identity: str, facts: FunctionFacts, *, importing: bool) -> None:
        self.world = world
        self.identity = identity
        self.path, _, self.name = identity.partition("::")
        self.facts = facts
        self.importing = importing
        self.cells = frozenset(facts.cells)
        self.returned: list[Value] = []
        self.shows: set[Path] = set()
        self.shows_new: set[Path] = set()
        self.wonders: set[Path] = set()
        """Surviving places of which it would have to know what lies there (see ``leaklint.solve.survivors``)."""
        self.yielded: list[Value] = []
        self.left_at_yield: set[Path] = set()
        """What work hangs on that nobody waits for where a generator is left at a ``yield``."""
        self.settled_at_yield: frozenset[Path] | None = None
        """Symbolic paths that are settled wherever the generator may be left at a ``yield``; None where it may not."""
        self.at_yield: dict[str, Value] = {}
        """What the names of a context manager hold where it yields (see ``leaklint.solve.leaving``)."""
        self.is_module_body = self.name == "<module>"
        self.is_function = not self.name.endswith(("<module>", "<body>"))
        self.augmented = ""
        """The operator of the augmented assignment under way, such as ``+=``."""
        self.in_place = False
        """Whether it changes an object, so that binding the name again changes nothing."""
        self.busy: dict[Root, bool] | None = None
        """Outside of handlers: what it is given that is, or where ``True`` holds, something asynchronous under way.

        None where it can get at such a thing without being given it, and where handlers are followed.
        """
        self.is_judged = False
        """Outside of handlers: whether it matters what becomes of that which it starts itself."""
        self.at = facts.span
        """The place where an attribute is being read."""
        self.getting: list[str] = []
        """The properties whose getters are being followed there, outermost first."""
        self.got: dict[tuple[str, Value], Value] | None = None
        """What properties have given, by getter and object, while the paths of one summary lead through them."""
        self.rows: list[str] = []
        """The rows whose callables are being followed there, outermost first."""
        self.working: list[Path] = []
        """What the work hangs on that begins here, while its function is being followed."""
        self.settling: set[Path] = set()
        """Places of which it settles in a loop what it finds there."""
        self.repeats = False
        """Whether the function has a ``while`` loop."""
        self.expects = False
        """Whether the effects of a call hang on what it returns: not those of what its callee calls in its turn."""
        self.hangs = False
        """Whether some effect hangs on the result of a call (see ``leaklint.solve.results``)."""
        self.fails = False
        """Whether one has to expect an exception of the call under way."""
        self.raises: set[str] = set()
        """The classes of the exceptions that it may raise then; ``ANY`` among them for all others."""
        self.leaving: set[str] = set()
        """The classes of the exceptions that leave the function."""
        self.risks = False
        """Whether it calls a library of which its own callers have to expect an exception."""
        self.work = 0
        """What solving it has taken so far (see ``leaklint.solve.budget``)."""
        self.catching: frozenset[str] = frozenset()
        """Names of the exceptions caught around the block under analysis; ``""`` for all."""
        self.handling: frozenset[str] = frozenset()
        """Those of them that are not raised again."""

    @property
    def is_given_up(self) -> bool:
        """Whether solving it has taken so much that it is left out."""
        return self.work > MAX_OF_SOLVING * PATIENCE

    def fail(self, raises: Collection[str] = ()) -> None:
        """A call under way may raise an exception: one of these classes, or, with none, whichever."""
        self.fails = True
        self.raises.update(raises or {ANY})

    def wonder(self, path: Path) -> None:
        """What lies at a path is used, and nothing is known of it: a caller may know what the invocation has put there.

        Of what it is given itself, it knows the shape.
        """
        if survives(path) or (path.fields and path.root.kind is RootKind.PARAMETER):
            self.wonders.add(path)

    def site(self, span: Span) -> Site:
        """The site of an effect in this function."""
        return Site(self.path, self.name, span)

    def place(self, span: Span) -> Place:
        """A place in this function's file."""
        return Place(self.path, span)

    def made(self, span: Span, what: str = "") -> Path:
        """The path of an object made by the expression at ``span``."""
        name = f"{self.name}@{_extent(span)}{what}"
        return Path(Root(RootKind.STATIC if self.importing else RootKind.MADE, self.path, name))

    def renamed(self, path: Path, span: Span) -> Path:
        """The path, in this function, of an object that a callee made in the call at ``span``."""
        root = path.root
        origin = root.name.partition("/")[0]
        kind = RootKind.STATIC if self.importing else RootKind.MADE
        here = Path(Root(kind, root.owner, f"{origin}/{self.path}:{_extent(span)}"), path.fields)
        if path in self.world.bounded:
            self.world.bounded.add(here)
        return here

    def makes(self, path: Path, span: Span) -> bool:
        """Whether the object is one that the expression at ``span`` makes, or a callee in the call there."""
        return path.root == self.made(span).root or path.root.name.endswith(f"/{self.path}:{_extent(span)}")

    def entry(self, shapes: Shapes, survivors: Sequence[tuple[Path, Shape]] = ()) -> State:
        """The state in which the function starts: parameters stand for themselves, with the types in their shapes."""
        state = State()
        state.quiet = self.world.only_work
        known = dict(shapes)
        for index, formal in enumerate(self.facts.parameters):
            path = parameter(index)
            value = self._shaped(state, path, known.get(index))
            if formal.kind == "star" and index not in known:
                value = Value(frozenset({Thing(path, instance("builtins.tuple"))}))
            elif formal.kind == "double_star" and index not in known:
                value = Value(frozenset({Thing(path, instance("builtins.dict"))}))
            state.env[formal.name] = Value(value.things, frozenset({path}))
        for position, name in enumerate(self.facts.free):
            path = Path(Root(RootKind.FREE, "", name))
            value = self._shaped(state, path, known.get(-1 - position))
            state.heap[path] = Value(value.things, frozenset({path}))
        for place, shape in survivors:
            state.heap[place] = self._shaped(state, place, shape)
        return state

    def _shaped(self, state: State, path: Path, shape: Shape | None) -> Value:
        if not shape:
            return Value(frozenset({Thing(path)}))
        things = []
        for kind, fields in sorted(shape, key=repr):
            if kind.kind is TypeKind.CONSTANT:
                things.append(Thing(CONSTANT_PATH, kind))
                continue
            above = _same_as(fields)
            if above is not None:
                things.append(Thing(Path(path.root, path.fields[:above]), kind))
                continue
            things.append(Thing(path, kind))
            for field, inner in fields:
                carried = field.startswith("<")
                below = slot(path, field) if carried else prolong(path, (field,))
                found = Value(self._shaped(state, below, inner).things, frozenset({below}))
                # where several callables may be, what each of them carries lies in one place
                state.heap[below] = join(state.heap[below], found) if carried else found
        return Value(frozenset(things))


def _extent(span: Span) -> str:
    """From where to where an expression goes, as names of objects say it: calls in a chain begin at one place."""
    end = f"{span.end_column}" if span.end_line == span.line else f"{span.end_line}+{span.end_column}"
    return f"{span.line}:{span.column}-{end}"


class _Shaping:
    """What objects carry, down to ``deepest`` fields; each is looked at once.

    A method that an object keeps of itself (``self.steps = [self.load]``) carries no other object, but that one.
    """

    def __init__(self, state: State, world: World, inside: _Inside, deepest: int) -> None:
        self._state = state
        self._world = world
        self._inside = inside
        self._deepest = deepest
        self._known: dict[tuple[Thing, int], _Fields] = {}
        self._above: list[Path] = []
        """The objects that are being looked at, outermost first."""
        self._outermost = deepest
        """How deep the outermost of them lies that something carries which was found since."""
        self.seen = 0
        """How many objects were looked at."""

    def of(self, value: Value, depth: int = 0) -> Shape:
        """The shape of what lies ``depth`` fields deep; raises ``_TooLarge``."""
        things = [thing for thing in value.things if thing.type.kind not in (TypeKind.UNKNOWN, TypeKind.CONSTANT)]
        result: list[tuple[Type, _Fields]] = [(kind, ()) for kind in _kinds_of_constants(value)]
        if len(things) + len(result) > MAX_THINGS:
            return frozenset()
        result += [(thing.type, self._fields(thing, depth)) for thing in things]
        only_constants = bool(result) and not things
        if only_constants and any(thing.type.kind is TypeKind.UNKNOWN for thing in value.things):
            result.append((UNKNOWN_TYPE, ()))  # it may be anything, and a constant on some path
        return _by_type(result)

    def _fields(self, thing: Thing, depth: int) -> _Fields:
        known = self._known.get((thing, depth))
        if known is not None:
            return known
        before, self._outermost = self._outermost, depth
        self._above.append(thing.path)
        found = tuple(islice(self._carried(thing, depth), MAX_FIELDS))
        self._above.pop()
        self.seen += 1
        if self.seen > MAX_CARRYING:
            raise _TooLarge
        if self._outermost == depth:
            self._known[thing, depth] = found
        self._outermost = min(self._outermost, before)
        return found

    def _again(self, name: str, value: Value) -> Shape:
        """The shape of what a callable carries that is one of the objects in which the callable lies."""
        (thing,) = value.things if name.startswith("<") and len(value.things) == 1 else (None,)
        if thing is None or thing.path not in self._above:
            return frozenset()
        depth = self._above.index(thing.path)
        self._outermost = min(self._outermost, depth)
        return frozenset({(thing.type, ((f"{_SAME}{depth}", frozenset()),))})

    def _carried(self, thing: Thing, depth: int) -> Iterator[tuple[str, Shape]]:
        """What counts of the fields of a thing, by name."""
        kind = thing.type
        if depth < self._deepest:
            for name, value in self._inside.of(thing.path):
                inner = self._again(name, value) or self.of(value, depth + 1)
                if inner and _telling(inner):
                    yield name, inner
                elif _hides(self._world, kind, name):
                    yield name, frozenset({(UNKNOWN_TYPE, ())})
        elif kind.kind in (TypeKind.INSTANCE, TypeKind.PARTIAL):
            for name, value in self._inside.of(thing.path):
                if not value.things or not all(_is_code_or_work(self._state, each) for each in value.things):
                    continue
                kinds = frozenset((each.type, self._receiving(each)) for each in value.things)
                if len(kinds) <= MAX_THINGS:
                    yield name, kinds
        else:
            yield from self._receiving(thing)

    def _receiving(self, thing: Thing) -> _Fields:
        """Of what a callable carries, the objects in which it lies."""
        carried = self._inside.of(thing.path) if thing.type.kind in _CODE else ()
        return tuple((name, again) for name, value in carried if (again := self._again(name, value)))


def _same_as(fields: _Fields) -> int | None:
    """How deep the object lies that something is which a callable carries; None where it is one of its own."""
    name = fields[0][0] if fields else ""
    return int(name.removeprefix(_SAME)) if name.startswith(_SAME) else None


def _kinds_of_constants(value: Value) -> set[Type]:
    """What is known of constants: which one it is of the small ones, and the type of all others."""
    found = set()
    for thing in value.things:
        kind = thing.type
        if kind.kind is TypeKind.CONSTANT and kind.constant is not None:
            name, content = kind.constant
            found.add(kind if isinstance(content, SMALL_CONSTANTS) else Type(TypeKind.INSTANCE, f"builtins.{name}"))
    return found


class _TooLarge(Exception):
    """More objects would count than ``MAX_CARRYING``."""


def shape_of(act: Activation, state: State, value: Value) -> Shape:
    """What a callee needs to know of an argument to be analysed for it: types and, for callables, what they carry."""
    inside = _Inside(state, act.world)
    for deepest in range(MAX_SHAPE_DEPTH, -1, -1):
        shaping = _Shaping(state, act.world, inside, deepest)
        with suppress(_TooLarge):
            shape = shaping.of(value)
            act.work += WORK_OF_CARRYING * shaping.seen
            return shape
        act.work += WORK_OF_CARRYING * MAX_CARRYING
    return frozenset()


def _hides(world: World, kind: Type, field: str) -> bool:
    """Whether what an object of the project holds in a field is found in the place of an object of its class."""
    if kind.kind is not TypeKind.INSTANCE or "::" not in kind.name or not field.startswith("."):
        return False
    classes = (world.classes.get(each) for each in world.order(kind.name))
    held = [known.attributes[field[1:]] for known in classes if known is not None and field[1:] in known.attributes]
    return bool(held) and constants(held[0]) is None


def _is_code_or_work(state: State, thing: Thing) -> bool:
    """Whether it is a function of the project, or an object of a library on which something hangs."""
    kind = thing.type
    of_library = kind.kind is TypeKind.INSTANCE and "::" not in kind.name
    return kind.kind in _CODE or (of_library and bool(state.tokens.about(thing.path)))


def _by_type(things: Sequence[tuple[Type, _Fields]]) -> Shape:
    """Several objects of one type as one: a constant in a field is known only where each of them has one there."""
    alike: dict[Type, list[dict[str, Shape]]] = {}
    for kind, fields in things:
        alike.setdefault(kind, []).append(dict(fields))
    unknown = UNKNOWN_TYPE in alike  # which may be an object of any of these types
    if len(alike) == len(things) and not unknown:
        return frozenset(things)
    result = []
    for kind, several in alike.items():
        together: list[tuple[str, Shape]] = []
        for name in sorted(set().union(*several)):
            held = [each for fields in several for each in fields.get(name, ())]
            if unknown or not all(name in fields for fields in several):
                held = [each for each in held if each[0].kind is not TypeKind.CONSTANT and _same_as(each[1]) is None]
            if held:
                together.append((name, _by_type(list(dict.fromkeys(held)))))
        result.append((kind, tuple(together[:MAX_FIELDS])))
    return frozenset(result)


def _telling(shape: Shape) -> bool:
    return any(kind.kind is not TypeKind.CONSTANT or kind.constant is not None for kind, _ in shape)


class _Inside:
    """What objects hold in their fields; what lies under one root is looked through once."""

    def __init__(self, state: State, world: World) -> None:
        self._state = state
        self._world = world
        self._by_root: dict[Root, dict[tuple[str, ...], dict[str, Value]]] = {}

    def of(self, path: Path) -> list[tuple[str, Value]]:
        """The fields of an object, by name."""
        found = self._under(path.root).get(path.fields, {})
        made = found.get(FACTORY, NOTHING)
        kinds = [each.type.name for each in made.things if each.type.kind is TypeKind.LIBRARY]
        if len(kinds) == 1:
            found = self._put_there_by_default(path, kinds[0]) | found
        return sorted(found.items(), key=lambda item: item[0])

    def _under(self, root: Root) -> dict[tuple[str, ...], dict[str, Value]]:
        """By the fields of the object that holds them."""
        if root not in self._by_root:
            inside = self._by_root[root] = {}
            for path, value in self._state.heap.under(root).items():
                if path.fields:
                    inside.setdefault(path.fields[:-1], {})[path.fields[-1]] = value
            for path, value in self._world.fields_below(Path(root)).items():
                # a constant is what it was at import; a method may have bound it anew since
                if path.fields and constants(value) is None:
                    inside.setdefault(path.fields[:-1], {}).setdefault(path.fields[-1], value)
        return self._by_root[root]

    def _put_there_by_default(self, path: Path, kind: str) -> dict[str, Value]:
        """What a default has put somewhere lies there by itself, where something lies in that."""
        depth = len(path.fields)
        names = {
            key.fields[depth]
            for key in (*self._state.heap.under(path.root), *self._world.fields_below(path))
            if len(key.fields) > depth + 1 and key.fields[:depth] == path.fields and key.fields[depth].startswith("[")
        }
        instance_of = Type(TypeKind.INSTANCE, kind)
        return {
            name: Value(frozenset({Thing(Path(path.root, (*path.fields, name)), instance_of)}))
            for name in sorted(names)
        }


Transfer = Callable[[Activation, State, Any], Solving]
"""What an instruction does to the state, where that may ask for the summaries of other functions."""
Direct = Callable[[Activation, State, Any], None]
"""What an instruction does to the state by itself."""
