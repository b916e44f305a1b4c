"""Names of folders and files, as far as constants make them: ``os.path.join(tempfile.gettempdir(), "work")``."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Final

from leaklint.ir.values import Path, Sources, Thing, TypeKind, Value, is_temporary
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import (
    ELSEWHERE,
    ROOTED,
    TEMPORARY,
    constant,
    constants,
    extend,
    named,
    names_in,
    single_constant,
)
from leaklint.solve.state import State
from leaklint.solve.world import World

JOIN: Final = "os.path.join"
JOINING: Final = frozenset({JOIN, "pathlib.Path", "pathlib.PurePath"})
"""Functions whose first argument is what the path begins with that they give."""
_JOINPATH: Final = "pathlib.PurePath.joinpath"
_REST: Final = ".rest"
"""The field of a path in which lies what it was given besides its beginning."""
TEMPORARY_FOLDER: Final = "tempfile.gettempdir"
_MADE: Final = frozenset({"tempfile.TemporaryDirectory", "tempfile.mkdtemp"})
"""They make a folder in there. One that the import makes stays, and what invocations put into it stays with it."""
WORDS: Final = frozenset(each.rpartition(".")[2] for each in (TEMPORARY_FOLDER, *_MADE))
"""Plain names of what gives a folder for temporary files."""
NAMES: Final = frozenset({"builtins.str", "builtins.bytes", "os.PathLike", "pathlib.PurePath"})


def is_name(world: World, thing: Thing) -> bool:
    """Whether an object may be the name of a file: not a buffer, nor a writer, whose file has been made before."""
    return thing.type.kind is not TypeKind.INSTANCE or world.is_subclass(thing.type.name, NAMES)


def literal(text: str) -> Value:
    """The value of a constant text, which may be the name of a folder or file."""
    value = constant(text)
    if is_temporary(text):
        name = named(text)
        return Value(frozenset(Thing(name, thing.type) for thing in value.things), frozenset({TEMPORARY, name}))
    return Value(value.things, frozenset({ROOTED})) if text.startswith("/") else value


def placed(first: Value, sources: Sources) -> Sources:
    """The sources of a path that begins with another one: ``/mnt/{name}`` lies where that does, whatever follows."""
    texts = constants(first) or ()
    absolute = all(isinstance(each, str) and each[:1] == "/" != each and not is_temporary(each) for each in texts)
    if (texts and absolute) or (ELSEWHERE in first.sources and TEMPORARY not in first.sources):
        return (sources - {TEMPORARY, *map(named, names_in(sources))}) | {ELSEWHERE}
    return sources - {ELSEWHERE}


def beginning(name: str, arguments: Arguments, receiver: Sequence[Value]) -> Value | None:
    """What the path begins with that a function gives, where it gives one that it puts together."""
    if name in JOINING and arguments.positional:
        return arguments.positional[0]
    return receiver[0] if name == _JOINPATH and receiver else None


def put_together(state: State, result: Value, first: Value) -> Value:
    """A path that begins with ``first``: in one that begins elsewhere, a folder for temporary files is but a name."""
    sources = placed(first, result.sources)
    for thing in result.things if ELSEWHERE in sources else ():
        rest = state.heap.get(extend(thing.path, _REST))
        if rest is not None:
            state.heap[extend(thing.path, _REST)] = Value(frozenset(), placed(first, rest.sources))
    return Value(result.things, sources)


def made_at_import(name: str, given: Mapping[str, object], site: Path) -> Sources:
    """The sources of a folder for temporary files that the import makes, under a name of its own."""
    made = name in _MADE and given.get("dir") is None
    return literal(f"/tmp/<{site.root.owner} {site.root.name}>").sources if made else frozenset()


def concatenated(parts: Sequence[Value]) -> Value | None:
    """The name below the folder for temporary files that constant texts make together; None where they make none."""
    texts = [single_constant(part) for part in parts]
    if not all(certain and isinstance(text, str) for certain, text in texts):
        return None
    whole = "".join(str(text) for _, text in texts)
    return literal(whole) if whole.startswith("/tmp/") else None


def joined(arguments: Arguments) -> Arguments:
    """The arguments of ``os.path.join``, of which those at the beginning that are constants are one."""
    constants = []
    for value in arguments.positional:
        certain, text = single_constant(value)
        if not certain or not isinstance(text, str):
            break
        constants.append(text)
    if len(constants) < 2:
        return arguments
    return arguments._replace(positional=(literal(posixpath.join(*constants)), *arguments.positional[len(constants) :]))
