"""Files and folders that are removed: they are told by their names, however these were put together."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from typing import Final

from leaklint.ir.effects import Pending, Work
from leaklint.ir.summary import Settle, Summary
from leaklint.ir.values import Path, Root, RootKind, Sources, Value
from leaklint.solve.filenames import end_of, is_named, may_end_alike, may_match
from leaklint.solve.lattice import (
    EMPTIED,
    NO_FILE,
    PATTERN,
    SYMBOLIC,
    TEMPORARY,
    VARIES,
    named,
    names_in,
    single_constant,
    slot,
)
from leaklint.solve.looping import both_cleared
from leaklint.solve.pending import FILE_GONE, FOLDER_GONE, tokens_at, with_names
from leaklint.solve.state import State, Status

_LISTED: Final = frozenset({TEMPORARY, VARIES})
_ALL_FILES: Final = frozenset({"*", "*.*", "**", "**/*"})
"""Patterns that are not narrower than the folder."""


def remove_file(
    state: State,
    value: Value,
    *,
    every_path: bool,
    contents: bool = False,
    emptied: bool = True,
    elsewhere: bool = False,
) -> None:
    """A file or folder is removed: also one whose name was put together in the same way, here or ``elsewhere``."""
    if not any(source == TEMPORARY or source.root.kind in SYMBOLIC for source in value.sources):
        return
    names = names_in(value.sources)
    rest = value.sources - {named(name) for name in names}
    files = _files(state)
    exact = {thing.path for thing in with_names(state, value.things)}
    if not contents and any(effect.path in exact for effect in files.values()):
        return  # the caller settles it: no other file is meant
    asked = frozenset().union(*(tested.reads for tested in state.guards))
    one_by_one = VARIES not in rest or bool(state.iterating)  # else it is one of a name that nobody else has drawn
    # a name that is known to the letter has lain in an attribute in between, no more
    is_known = every_path and exact <= {named(name) for name in names}
    told = asked if is_known else asked | value.sources
    symbolic = {source for source in told if source.root.kind in SYMBOLIC}
    if emptied and one_by_one and not symbolic:
        state.trimmed |= {_emptied(name) for name in names}
    elif emptied and one_by_one and is_known:
        state.cleared |= {_emptied(name) for name in names}  # where what the request says of it still holds
    elif emptied and state.iterating and len(symbolic) == 1 and value.sources <= {VARIES, *symbolic}:
        state.cleared |= _told(state, symbolic, value)
    status = Status.SETTLED if every_path else Status.MIXED
    contents = contents or rest <= _LISTED
    for key, effect in files.items():
        alike = contents or may_end_alike(state, effect, value, surely=elsewhere)
        if alike and is_named(effect.sources, names, rest, contents=contents):
            of_one = state.tokens[key].within and not effect.sources.isdisjoint(state.iterating)
            state.settle([key], status, within=of_one)


def note_name(state: State, name: Path, value: Value, *, every_path: bool, contents: bool = False) -> None:
    """A file is removed under a name that was put together here: whoever knows what it was made from, knows the file.

    A name that was drawn is known to nobody else, and of a file that was made here nobody else has to know.
    """
    own = tokens_at(state, name, (Work.FILE,))
    if name.root.kind is RootKind.MADE and not own and VARIES not in value.sources and _is_told(value.sources):
        place = slot(name, FOLDER_GONE if contents else FILE_GONE)
        state.heap[place] = Value(end_of(state, value).things, value.sources)
        state.settled[place] = (True, every_path or state.settled.get(place, (True, False))[1])


def remove_named(state: State, settle: Settle, name: Value) -> None:
    """A callee has removed a file under a name that it has put together: here it is known what that is made from."""
    remove_file(state, name, every_path=settle.every_path, contents=settle.contents, emptied=False, elsewhere=True)
    note_name(state, settle.path, name, every_path=settle.every_path, contents=settle.contents)


def _is_told(sources: Sources) -> bool:
    """Whether a caller knows more than this function of what a name was made from."""
    return any(source.root.kind in SYMBOLIC for source in sources)


def emptied_by(summary: Summary, arguments: Sequence[Value]) -> set[Path]:
    """The marks for folders that a callee empties: constant ones, and those that its arguments name."""
    found = {path for path in summary.trims if path.root.owner == EMPTIED}
    for path in summary.trims:
        if path.root.kind is RootKind.PARAMETER and path.fields[:1] == (EMPTIED,):
            folder = arguments[int(path.root.name)]
            sources, names = folder.sources, names_in(folder.sources)
            is_constant = single_constant(folder)[0] or sources == {TEMPORARY, *map(named, names)}
            if len(names) == 1 and is_constant:
                found.add(_emptied("/".join([names[0].rstrip("/"), *path.fields[1:]])))
            elif len(sources) == 1:
                places = [source for source in sources if source.root.kind is RootKind.PARAMETER]
                found |= {Path(place.root, (*place.fields, *path.fields)) for place in places}
    return found


def _told(state: State, folders: AbstractSet[Path], value: Value) -> set[Path]:
    """The marks for folders of which the caller knows the name, or for what matches a constant pattern in them."""
    listed = [state.heap.get(slot(Path(thing.path.root), PATTERN)) for thing in value.things]
    patterns = {"*" if each is None else single_constant(each)[1] for each in listed}
    if patterns <= _ALL_FILES:
        return {slot(folder, EMPTIED) for folder in folders}
    pattern = patterns.pop() if len(patterns) == 1 else None
    return {slot(slot(folder, EMPTIED), pattern) for folder in folders} if isinstance(pattern, str) else set()


def _emptied(folder: str) -> Path:
    """The mark for a folder, or a pattern, whose files have been removed."""
    return Path(Root(RootKind.LIBRARY, EMPTIED, folder))


def remove_folder(state: State, name: str, *, surely: bool = False) -> None:
    """All that is in a folder for temporary files, or that a pattern may match, or surely does, is removed."""
    gone = [
        key
        for key, effect in _files(state).items()
        if is_named(effect.sources, [name], frozenset({TEMPORARY}), contents=True)
        if effect.path is not None and may_match(state, effect.path, name, surely=surely)
    ]
    state.settle(gone)


def folders_emptied(state: State, back: Sequence[State]) -> None:
    """After a loop: where it does not run, nothing is in the folder from which each round removes a file."""
    for mark in sorted(frozenset.intersection(*(each.trimmed for each in back))):
        if mark.root.owner == EMPTIED:
            remove_folder(state, mark.root.name)
    cleared = reduce(both_cleared, (each.cleared for each in back))
    if state.iterating:
        state.cleared |= cleared  # the loop around it goes through the folders
    else:
        state.trimmed |= cleared - {NO_FILE}


def _files(state: State) -> dict[tuple[object, ...], Pending]:
    """The files that this invocation has made, by the keys of their tokens."""
    return {
        key: token.effect
        for key, token in state.tokens.items()
        if isinstance(token.effect, Pending) and token.effect.work is Work.FILE and token.effect.path is not None
    }
