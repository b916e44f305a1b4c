"""The keys that a row may have, and what is wrong with a table whose form is not that of a row, in the user's words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, Final, get_args, get_type_hints

import msgspec

from leaklint.models.schema import Changes, Defers, Invokes, Opens, Process, Row, Settles, Variant

KEYS: Final = tuple(field.encode_name for field in msgspec.structs.fields(Row))
_STRUCTS: Final[dict[str, type[msgspec.Struct]]] = {
    "changes": Changes,
    "defers": Defers,
    "drained": Settles,
    "invokes": Invokes,
    "opens": Opens,
    "process": Process,
    "settles": Settles,
    "types": Variant,
}
PARTS: Final = {
    key: tuple(field.encode_name for field in msgspec.structs.fields(kind)) for key, kind in _STRUCTS.items()
}
"""Keys of the parts of a row: each is a table, or several in a list."""
_PLACE: Final = re.compile(r" - at `\$\.(?P<key>[\w-]+)(?:\[[^\]]*\])?(?:\.(?P<inner>[\w-]+))?.*`")
_VALUE: Final = re.compile(r"Invalid enum value '(?P<word>.*)'")
_TYPE: Final = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<found>[^`]*)`")
_TYPES: Final = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a number",
    "object": "a table",
    "str": "a text",
}


def in_our_words(error: str) -> str:
    """A complaint of msgspec's about a row: the key, what is wrong with it, and what was meant or may stand there."""
    place = _PLACE.search(error)
    key, inner = (place["key"], place["inner"]) if place else ("", None)
    where = ": ".join(filter(None, (key, inner))) + ": " if key else ""
    if value := _VALUE.match(error):
        part = _STRUCTS.get(key) if inner else None
        hints = get_type_hints(part or Row)
        known = list(_words(hints[(inner if part and inner else key).replace("-", "_")]))
        listed = "; expected one of " + ", ".join(f"`{each}`" for each in known)
        return f"{where}unknown value `{value['word']}`{_nearest(value['word'], known) or listed}"
    if kind := _TYPE.match(error):
        wanted = " or ".join(_TYPES.get(each, each) for each in kind["wanted"].split(" | ") if each != "null")
        return f"{where}expected {wanted}, found {_TYPES.get(kind['found'], kind['found'])}"
    field = error.partition("unknown field `")[2].partition("`")[0]
    return f"{error}{_nearest(field, PARTS.get(key, KEYS)) if field else ''}"


def _nearest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _words(kind: Any) -> Iterator[str]:
    """The words that a type allows, wherever they stand in it."""
    for each in get_args(kind):
        if isinstance(each, str):
            yield from [each] if each else []
        else:
            yield from _words(each)
