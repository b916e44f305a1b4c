"""Fingerprints: of each variable that survives, what can be compared between two photos.

A fingerprint
holds a digest of its content, a digest in which the markers of the current invocation stand for any invocation's, and
a digest of its shape alone, which tells "overwritten each time" from "grown".

State inside objects of libraries counts by the sizes of its containers only: what they keep otherwise changes by
being used, and says nothing about requests.
"""

from __future__ import annotations

import hashlib
import re
import types
from typing import Any

from leaklint.confirm.inside.anatomy import (
    ATOMS,
    LRU_CACHE,
    class_name,
    home_of,
    parts,
    size_of,
    text_of,
)

FOLLOWED = frozenset(
    {"builtins", "collections", "queue", "types", "functools", "itertools", "_io", "io", "array", "enum", "csv", "_csv"}
    | {"_collections", "contextvars", "_contextvars", "_thread", "configparser", "dataclasses", "string", "statistics"}
    | {"_functools", "heapq", "_queue", "abc", "hmac"}
)
"""Standard modules whose objects hold what the project puts in; the others' are machinery."""
WORKING = frozenset(
    {"asyncio", "_asyncio", "concurrent", "multiprocessing", "threading", "subprocess", "selectors", "sched", "socket"}
)
"""Modules of what runs: pending work is judged by the work list."""
MOST_NODES = 200_000
INTEGERS = 24
LIBRARY_DEPTH = 3
SUMMARY = 120

Fingerprint = dict[str, Any]


class Digest:
    """What one variable adds up to."""

    def __init__(self, own: re.Pattern[str]) -> None:
        self.own = own
        self.content = hashlib.blake2b(digest_size=12)
        self.alike = hashlib.blake2b(digest_size=12)
        self.shape = hashlib.blake2b(digest_size=12)
        self.size = 0
        self.integers: list[int] = []
        self.iterator = False

    def atom(self, value: Any, kind: type, text: str) -> None:
        """Adds a value without parts."""
        self.content.update(text.encode("utf-8", "replace") + b"\0")
        self.alike.update(self.own.sub("own", text).encode("utf-8", "replace") + b"\0")
        self.shape.update(kind.__name__.encode() + b"\0")
        if kind is int and len(self.integers) < INTEGERS:
            self.integers.append(value)
        elif kind in (str, bytes) or text.startswith(("StringIO", "BytesIO", "bytearray", "array")):
            self.size += len(text)
        self.iterator = self.iterator or text.startswith("iterator")

    def node(self, text: str) -> None:
        """Adds the kind and size of a value with parts."""
        for each in (self.content, self.alike, self.shape):
            each.update(text.encode() + b"\0")


def fingerprint(value: Any, mine: set[str], own: re.Pattern[str], bound: frozenset[int]) -> Fingerprint:
    """The fingerprint of one value and all that it leads to, up to the values of other variables (``bound``)."""
    digest = Digest(own)
    numbers: dict[int, int] = {}
    keep: list[Any] = []
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack and len(numbers) < MOST_NODES:
        current, foreign = stack.pop()
        kind = type(current)
        text = text_of(current, kind)
        if text is not None:
            if not foreign:
                digest.atom(current, kind, text)
            continue
        if id(current) in numbers:
            digest.node(f"seen {numbers[id(current)]}")
            continue
        if id(current) in bound and current is not value:
            digest.node("another variable's")
            continue
        numbers[id(current)] = len(numbers)
        keep.append(current)
        size = size_of(current, kind)
        digest.node(f"{class_name(kind)} {size}" if foreign == 0 or size >= 0 else class_name(kind))
        digest.size += max(size, 0)
        depth = _depth(current, kind, mine, foreign)
        if depth <= LIBRARY_DEPTH:
            unordered = issubclass(kind, set | frozenset)
            inside = [(part, depth) for _, part in parts(current)]
            stack.extend(_sorted(inside) if unordered else reversed(inside))
    return {
        "content": digest.content.hexdigest(),
        "alike": digest.alike.hexdigest(),
        "shape": digest.shape.hexdigest(),
        "size": digest.size,
        "integers": digest.integers,
        "iterator": digest.iterator,
        "text": summary(value),
        "identity": 0 if type(value) in ATOMS else id(value),
    }


def _sorted(inside: list[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """The items of a set in an order of their own; what cannot be ordered counts by its number."""
    known = [(text_of(part, type(part)), part, depth) for part, depth in inside]
    plain = [(text, part, depth) for text, part, depth in known if text is not None]
    return [(part, depth) for _, part, depth in sorted(plain, key=lambda each: each[0])]


def _depth(value: Any, kind: type, mine: set[str], foreign: int) -> int:
    """How far inside a library's object the parts are; beyond the last depth nothing is followed."""
    home = home_of(kind)
    if home in mine or home in FOLLOWED:
        if issubclass(kind, type):
            return LIBRARY_DEPTH + 1
        if kind is types.FunctionType and value.__globals__.get("__name__") not in mine:
            return LIBRARY_DEPTH + 1
        return foreign
    if issubclass(kind, type):
        return LIBRARY_DEPTH + 1
    if home.partition(".")[0] in WORKING or home.startswith("logging"):
        return LIBRARY_DEPTH + 1
    return foreign + 1


def summary(value: Any) -> str:
    """A few words that say what a value is, without its secrets: kind and size, or a short text."""
    kind = type(value)
    size = size_of(value, kind)
    if size >= 0:
        return f"{class_name(kind)} of {size}"
    if kind in ATOMS:
        text = repr(value)
        return text if len(text) <= SUMMARY else text[:SUMMARY] + "…"
    if kind is LRU_CACHE:
        return f"cache of {LRU_CACHE.cache_info(value).currsize}"
    text = text_of(value, kind) or class_name(kind)
    return text if len(text) <= SUMMARY else text[:SUMMARY] + "…"
