"""Commands that a shell runs: what ``rm`` removes of the folder for temporary files."""

from __future__ import annotations

import re
import shlex
from typing import Final

from leaklint.ir.effects import Work
from leaklint.ir.values import Path, Root, RootKind, Value
from leaklint.solve import pending
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    EMPTIED,
    SYMBOLIC,
    TEMPORARY,
    extend,
    named,
    ordered,
    single_constant,
)
from leaklint.solve.lookup import read_field
from leaklint.solve.state import State

_COMMANDS: Final = re.compile(r"[;&|\n]+")
_MOST_WORDS: Final = 20
REMOVES: Final = "rm"


def run(act: Activation, state: State, command: Value) -> None:
    """A command is run: a text, or a list of its words."""
    certain, text = single_constant(command)
    if certain:
        for each in _COMMANDS.split(text) if isinstance(text, str) else ():
            for name in _removed(each):
                _remove(state, name)
        return
    for thing in ordered(command.things):
        words = [read_field(act, state, extend(thing.path, f"[{position}]")) for position in range(_MOST_WORDS)]
        known = [word for word in words if word is not None]
        if known and single_constant(known[0]) == (True, REMOVES):
            _remove_words(state, known[1:])


def _remove_words(state: State, words: list[Value]) -> None:
    """What the words of a command name is removed; folders, and what is in them, where an option says so."""
    constants = [str(single_constant(word)[1]) for word in words]
    options = "".join(text for text in constants if text.startswith("-"))
    for word, text in zip(words, constants, strict=True):
        if text.startswith("-"):
            continue
        if "r" in options.lower():
            pending.remove_file(state, word, every_path=True, contents=True, emptied=False)
        names = pending.with_names(state, word.things)
        for each in names:
            pending.settle_at(state, each.path, (Work.FILE,))
        pending.note_removed(state, names, contents="r" in options.lower())


def _removed(command: str) -> list[str]:
    """The names under the folder for temporary files that a command removes."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    if words[:1] == ["sudo"]:
        words = words[1:]
    return [word for word in words[1:] if word.startswith("/tmp")] if words[:1] == [REMOVES] else []


def _remove(state: State, name: str) -> None:
    """A file, a folder, or all that a pattern matches, is removed."""
    gone = Value(frozenset(), frozenset({TEMPORARY, named(name.partition("*")[0])}))
    pending.remove_file(state, gone, every_path=True, contents=True, emptied=False)
    asked = frozenset().union(*(tested.reads for tested in state.guards)) if state.guards else frozenset()
    cleaned = {Path(Root(RootKind.LIBRARY, EMPTIED, name))}
    if any(source.root.kind in SYMBOLIC for source in asked):
        state.resets |= cleaned  # the request decides whether: it is so on this path
    else:
        state.trimmed |= cleaned
