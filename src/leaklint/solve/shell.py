"""Commands that a shell runs: what ``rm``, ``unlink`` or ``shred`` removes of the folder for temporary files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

from leaklint.ir.effects import Work
from leaklint.ir.values import Path, Root, RootKind, Value, is_temporary
from leaklint.solve import pending, removing
from leaklint.solve.activation import Activation
from leaklint.solve.lattice import (
    EMPTIED,
    SYMBOLIC,
    extend,
    ordered,
    single_constant,
)
from leaklint.solve.lookup import read_field
from leaklint.solve.state import State

_COMMANDS: Final = re.compile(r"[;&|\n]+")
_MOST_WORDS: Final = 20
REMOVE: Final = ("rm", "unlink")
_SHREDS_AWAY: Final = re.compile(r"-[a-z]*u[a-z]*|--remove(=.*)?")
"""The options with which ``shred`` removes what it overwrites."""
_RECURSIVE: Final = re.compile(r"-[a-zA-Z]*[rR][a-zA-Z]*|--recursive")


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
        if known and _removes([single_constant(word)[1] for word in known]):
            _remove_words(state, known[1:])


def _removes(words: Sequence[object]) -> bool:
    """Whether a command removes the files that it names."""
    shreds = words[0] == "shred" and any(isinstance(word, str) and _SHREDS_AWAY.fullmatch(word) for word in words[1:])
    return words[0] in REMOVE or shreds


def _remove_words(state: State, words: list[Value]) -> None:
    """What the words of a command name is removed; folders, and what is in them, where an option says so."""
    constants = [str(single_constant(word)[1]) for word in words]
    folders = any(_RECURSIVE.fullmatch(text) for text in constants)
    for word, text in zip(words, constants, strict=True):
        if text.startswith("-"):
            continue
        if folders or state.iterating:
            removing.remove_file(state, word, every_path=True, contents=folders, emptied=not folders)
        names = pending.with_names(state, word.things)
        for each in names:
            pending.settle_at(state, each.path, (Work.FILE,))
        pending.note_removed(state, names, contents=folders)


def _removed(command: str) -> list[str]:
    """The names under the folder for temporary files that a command removes."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    if words[:1] == ["sudo"]:
        words = words[1:]
    return [word for word in words[1:] if is_temporary(word)] if words and _removes(words) else []


def _remove(state: State, name: str) -> None:
    """A file, a folder, or all that a pattern matches, is removed."""
    removing.remove_folder(state, name)
    asked = frozenset().union(*(tested.reads for tested in state.guards)) if state.guards else frozenset()
    cleaned = {Path(Root(RootKind.LIBRARY, EMPTIED, name))}
    if any(source.root.kind in SYMBOLIC for source in asked):
        state.resets |= cleaned  # the request decides whether: it is so on this path
    else:
        state.trimmed |= cleaned
