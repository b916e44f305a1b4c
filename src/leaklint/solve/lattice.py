"""The lattice of abstract values: join, access paths, constants, and what a value was made from."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from leaklint.ir import values
from leaklint.ir.cfg import ConstantValue
from leaklint.ir.values import (
    MAX_FIELDS,
    NOTHING,
    UNKNOWN_TYPE,
    Path,
    Root,
    RootKind,
    Sources,
    Thing,
    Type,
    TypeKind,
    Value,
    is_temporary,
)

MAX_THINGS: Final = 12
"""A value with more possible things is unknown: less is said rather than something wrong."""
MAX_SOURCES: Final = 24
"""Of a value with more sources, only the first fields of each are kept, or its root."""

MOST_SOURCES: Final = 200
"""All further sources of a value are forgotten."""
FEW: Final = 8
"""So few places are compared with faster than they are looked up in."""

# Sources that rows speak of, too.
NEW: Final = values.NEW
TEMPORARY: Final = values.TEMPORARY
UNKNOWN_CALL: Final = values.UNKNOWN_CALL
VARIES: Final = values.VARIES

CONSTANT_PATH: Final = Path(Root(RootKind.LIBRARY, "constant"))
CLOCK: Final = Path(Root(RootKind.LIBRARY, "varies", "clock"))
"""Source of what tells how much time has passed."""
CROWD: Final = Path(Root(RootKind.LIBRARY, "constant", "crowd"))
"""A test says that there is more in a container than some number of elements."""
ROOM: Final = Path(Root(RootKind.LIBRARY, "constant", "room"))
"""Among what a test reads, where it has found that a container holds less than some limit."""
ROOTED: Final = Path(Root(RootKind.LIBRARY, "constant", "/"))
"""Source of texts that begin with a constant slash: as a path, they do not depend on the working folder."""
ELSEWHERE: Final = Path(Root(RootKind.LIBRARY, "constant", "elsewhere"))
"""Source of paths that begin with the constant name of a folder that is not the one for temporary files."""
FOLDER: Final = Path(Root(RootKind.LIBRARY, "process", "the working folder"))
AT_IMPORT: Final = "at import"
"""Owner of the source that says which state of the process a constant was when the module was imported."""
POSITION: Final = ".position"
"""The field of a file or buffer in which lies how far it has been read."""
MISSING: Final = "lookup"
"""Operation by which a container that makes what is missing is changed."""
MEASURED: Final = "<measured>"
"""Last field of a source of which only a difference to something else is used."""
HELD: Final = ".get()"
"""The field of a context variable in which lies its value: no attribute, since many objects have a ``value``."""
EMPTIED: Final = "emptied"
"""Owner of the mark for a folder, or a pattern, whose files have been removed."""
PATTERN: Final = "<pattern>"
"""The field of a listing in which lies the pattern that all in it matches."""
NO_FILE: Final = Path(Root(RootKind.LIBRARY, EMPTIED, "<no file>"))
"""The mark for a path of a loop's round on which there is no file to remove, or on which that has failed."""
CONSTANT_CONTEXT: Final = frozenset(
    {
        ".function_name",
        ".function_version",
        ".memory_limit_in_mb",
        ".log_group_name",
        ".log_stream_name",
        ".invoked_function_arn",
    }
)
"""What never differs between invocations of one function (contract, point 3)."""
ELEMENT: Final = "[]"
ANY_NAME: Final = "*"
"""The name of the variable of a module that is bound under a name which is not known."""
OWN_WORK: Final = (".work", ELEMENT)
"""Where an executor keeps its futures, by its rows: that is not for the project to look into."""
CONTENT: Final = "<content>"
"""The field that stands for all that a container holds, where it is read as a whole."""
SIZE: Final = "<size>"
"""The field that stands for how much a container holds, and under which keys."""
FACTORY: Final = ".default_factory"
"""The field of a dictionary in which lies what makes the value of a key that is not there."""
DICTS: Final = frozenset({"builtins.dict", "collections.defaultdict", "collections.OrderedDict", "collections.Counter"})
KEYS: Final = "{}"
"""The field of a dictionary that stands for its keys."""
ORIGINAL: Final = Type(TypeKind.UNKNOWN, "original")
"""Marks, in a field's value, that on some path the field still holds what it held at the start."""

BELOW: Final = Type(TypeKind.UNKNOWN, "below")
"""Marks what lies too deep to have a path of its own: the object at its path is not it, but what it lies in."""

SURVIVING: Final = frozenset({RootKind.STATIC, RootKind.VARIABLE, RootKind.CLASS, RootKind.FUNCTION, RootKind.MODULE})
"""Roots of what is still there in the next invocation (with the process state among ``LIBRARY``)."""
SYMBOLIC: Final = frozenset({RootKind.PARAMETER, RootKind.FREE})


def survives(path: Path) -> bool:
    """Whether what the path denotes outlives the invocation."""
    kind = path.root.kind
    return kind in SURVIVING or (kind is RootKind.LIBRARY and path.root.owner in ("process", "library"))


def context_of(path: Path) -> Path | None:
    """The library context in which lies what a path denotes; None where it is nothing of the kind."""
    return Path(path.root) if path.root.kind is RootKind.LIBRARY and path.root.owner == "context" else None


def extend(path: Path, field: str) -> Path:
    """The path with one more field; where there are too many, the path itself stands for what is below it."""
    if len(path.fields) >= MAX_FIELDS:
        return path
    return Path(path.root, (*path.fields, field))


def too_deep(value: Value, parent: Path) -> Value:
    """What was found in an object that stands for what is below it, where that is no more than its path."""
    if len(parent.fields) < MAX_FIELDS or not any(thing.path == parent for thing in value.things):
        return value
    things = {
        Thing(parent, BELOW) if thing.path == parent and thing.type == UNKNOWN_TYPE else thing for thing in value.things
    }
    return Value(frozenset(things), value.sources)


def slot(path: Path, name: str) -> Path:
    """The field of a callable that holds what it carries, such as ``<self>``: slots do not count as depth."""
    return Path(path.root, (*path.fields, name))


def prolong(path: Path, fields: Iterable[str]) -> Path:
    """The path with more fields, as far as they go."""
    room = MAX_FIELDS - len(path.fields)
    return Path(path.root, (*path.fields, *tuple(fields)[:room])) if room > 0 else path


def is_prefix(short: Path, long: Path) -> bool:
    """Whether ``long`` is ``short`` or lies below it."""
    return short.root == long.root and long.fields[: len(short.fields)] == short.fields


def is_within(path: Path, places: AbstractSet[Path]) -> bool:
    """Whether the path is one of the places or lies below one."""
    if len(places) < FEW:
        return any(is_prefix(place, path) for place in places)
    return any(Path(path.root, path.fields[:count]) in places for count in range(len(path.fields) + 1))


def named(text: str) -> Path:
    """The source that says which constant folder or file for temporary files a path was made from."""
    return Path(Root(RootKind.LIBRARY, "constant", text))


def at_import(state: Path) -> Path:
    """The source of what a piece of the state of the process was when the module was imported."""
    return Path(Root(RootKind.LIBRARY, AT_IMPORT, state.root.name), state.fields)


def names_in(sources: Sources) -> list[str]:
    """The constant folders and files for temporary files that a path was made from, sorted."""
    return sorted(
        source.root.name for source in sources if source.root.owner == "constant" and is_temporary(source.root.name)
    )


def parameter(index: int) -> Path:
    """The path of a parameter by position."""
    return Path(Root(RootKind.PARAMETER, "", str(index)))


@functools.lru_cache(10_000, typed=True)
def constant(value: ConstantValue) -> Value:
    """The value of a literal."""
    return Value(frozenset({Thing(CONSTANT_PATH, Type(TypeKind.CONSTANT, "", (type(value).__name__, value)))}))


NONE: Final = constant(None)


def of(*things: Thing, sources: Sources = frozenset()) -> Value:
    """A value of these things."""
    return Value(frozenset(things), sources)


def unknown(path: Path, sources: Sources = frozenset()) -> Value:
    """Something of which only the identity is known."""
    return Value(frozenset({Thing(path, UNKNOWN_TYPE)}), sources)


def join(left: Value, right: Value) -> Value:
    """Least upper bound: either of both."""
    if left is right or left == right:
        return left
    if not left.things and not left.sources:
        return right
    if not right.things and not right.sources:
        return left
    things = left.things | right.things
    if len(things) > MAX_THINGS:
        things = _widened(things)
    return Value(things, shortened(left.sources | right.sources))


def _widened(things: frozenset[Thing]) -> frozenset[Thing]:
    """At most ``MAX_THINGS`` things: constants become their types, then only what survives is kept."""
    general = frozenset(
        Thing(CONSTANT_PATH, Type(TypeKind.INSTANCE, f"builtins.{thing.type.constant[0]}"))
        if thing.type.kind is TypeKind.CONSTANT and thing.type.constant
        else thing
        for thing in things
    )
    if len(general) <= MAX_THINGS:
        return general
    return frozenset()


def shortened(sources: Sources) -> Sources:
    """Few enough sources that say as much: their last fields are left out, and what never differs is kept apart."""
    return sources if len(sources) <= MAX_SOURCES else _shortened(sources)


@functools.lru_cache(2_000)
def _shortened(sources: Sources) -> Sources:
    kept = MAX_FIELDS
    while len(sources) > MAX_SOURCES and kept:
        kept -= 1
        sources = frozenset([_cut(source, kept) for source in sources])
    return bounded(sources)


def _cut(source: Path, kept: int) -> Path:
    """The source with so many fields; one at least where that tells what never differs between invocations."""
    if len(source.fields) <= kept:
        return source
    return Path(source.root, source.fields[: kept or source.fields[0] in CONSTANT_CONTEXT])


def bounded(sources: Sources) -> Sources:
    """At most ``MOST_SOURCES``: those first that come from outside."""
    if len(sources) <= MOST_SOURCES:
        return sources
    return frozenset(sorted(sources, key=lambda each: (not is_from_outside(each), each))[:MOST_SOURCES])


def ordered(things: frozenset[Thing]) -> Iterable[Thing]:
    """The things in an order that does not depend on hashes."""
    if len(things) < 2:
        return things
    return sorted(things, key=lambda thing: (thing.path, thing.type.kind, thing.type.name, repr(thing.type.constant)))


def join_all(values: Iterable[Value]) -> Value:
    """Least upper bound of all, whatever their order: they are too many together or not, never one after the other."""
    first, *others = [each for each in values if each.things or each.sources] or [NOTHING]
    if all(each is first or each == first for each in others):
        return first
    things = first.things.union(*(each.things for each in others))
    if len(things) > MAX_THINGS:
        things = _widened(things)
    return Value(things, shortened(first.sources.union(*(each.sources for each in others))))


def with_sources(value: Value, sources: Sources) -> Value:
    """The value, made from these sources too."""
    if sources <= value.sources:
        return value
    merged = value.sources | sources
    return Value(value.things, shortened(merged))


def is_part_of_sources(value: Value) -> bool:
    """Whether a part of the value is that part of its sources: not so where a call or a class made it from them."""
    return any(
        thing.path.root.kind is not RootKind.MADE or thing.type.name.startswith("builtins.") for thing in value.things
    )


def narrowed(value: Value, field: str) -> Sources:
    """What a part of the value was made from: that part of what the value was made from, as far as one can tell."""
    if not is_part_of_sources(value):
        return value.sources
    return frozenset(extend(source, field) if is_from_outside(source) else source for source in value.sources)


def is_from_outside(source: Path) -> bool:
    """Whether the source is what a function is given, or what a framework tells of the request."""
    return source.root.kind in SYMBOLIC or (source.root.kind is RootKind.LIBRARY and source.root.owner == "request")


def observed(value: Value) -> Sources:
    """The places that a test or a computation on the value reads: its sources and what it denotes by identity."""
    extra = [
        thing.path
        for thing in value.things
        if thing.path.root.kind in SYMBOLIC
        or (survives(thing.path) and thing.type.kind in (TypeKind.INSTANCE, TypeKind.UNKNOWN))
    ]
    return value.sources.union(extra) if extra else value.sources


def constants(value: Value) -> list[ConstantValue] | None:
    """The constants that the value may be, or None where it may be anything else."""
    if not value.things:
        return None
    result: list[ConstantValue] = []
    for thing in value.things:
        if thing.type.kind is not TypeKind.CONSTANT or thing.type.constant is None:
            return None
        result.append(thing.type.constant[1])
    return result


def constant_keys(value: Value) -> Sources:
    """What stands for the constants that a key may be, where it is nothing else."""
    return frozenset(Path(Root(RootKind.LIBRARY, "constant", repr(each))) for each in constants(value) or ())


def single_constant(value: Value) -> tuple[bool, ConstantValue]:
    """Whether the value is exactly one constant, and which."""
    found = constants(value)
    if found is not None and len(found) == 1:
        return True, found[0]
    return False, None


def truth(value: Value) -> bool | None:
    """Whether the value is true, where that is certain."""
    answers = set()
    for thing in value.things:
        kind = thing.type.kind
        if kind is TypeKind.CONSTANT and thing.type.constant is not None:
            answers.add(bool(thing.type.constant[1]))
        elif kind in (TypeKind.FUNCTION, TypeKind.METHOD, TypeKind.CLASS, TypeKind.MODULE, TypeKind.COROUTINE):
            answers.add(True)
        else:
            return None
    return answers.pop() if len(answers) == 1 else None


def is_made(thing: Thing) -> bool:
    """Whether it is an object of the project seen to be made: the type of a place is no proof that there is one."""
    made = thing.path.root.kind is RootKind.MADE and not thing.path.fields
    return made and thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name


def is_none(value: Value) -> bool | None:
    """Whether the value is None, where that is certain, or that it is an object of the project."""
    if value.things == NONE.things:
        return True
    return False if value.things and all(map(is_made, value.things)) else None


def field_of_key(key: Value) -> str:
    """The field under which an element with this key is found: ``['name']`` for a constant, else ``[]``."""
    certain, value = single_constant(key)
    if certain and isinstance(value, str | int) and not isinstance(value, bool):
        return f"[{value!r}]" if len(str(value)) <= 60 else ELEMENT
    return ELEMENT
