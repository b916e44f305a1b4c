"""Names of folders and files, as far as constants make them: ``os.path.join(tempfile.gettempdir(), "work")``."""

from __future__ import annotations

import posixpath
from typing import Final

from leaklint.ir.values import Thing, Value
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import ROOTED, TEMPORARY, constant, named, single_constant

JOIN: Final = "os.path.join"
TEMPORARY_FOLDER: Final = "tempfile.gettempdir"


def literal(text: str) -> Value:
    """The value of a constant text, which may be the name of a folder or file."""
    value = constant(text)
    if text.startswith("/tmp"):
        name = named(text)
        return Value(frozenset(Thing(name, thing.type) for thing in value.things), frozenset({TEMPORARY, name}))
    return Value(value.things, frozenset({ROOTED})) if text.startswith("/") else value


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
