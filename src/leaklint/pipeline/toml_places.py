"""Where the keys and values of a TOML text stand: ``tomllib`` gives the values of valid text without their places.

A *key path* is the way to a value from the top: names of tables and keys, and positions in arrays.
"""

from __future__ import annotations

import bisect
import re
from typing import TypeAlias

import msgspec

KeyPath: TypeAlias = tuple[str | int, ...]

TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+|\#[^\n]*)
    |(?P<string>\"\"\"(?:\\.|[^\\])*?\"\"\"\"{0,2}|'''.*?''''{0,2}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<mark>[\[\]{},=.])
    |(?P<bare>[^\s\[\]{},=."'\#]+)
    """,
    re.DOTALL | re.VERBOSE,
)


class Extent(msgspec.Struct, frozen=True):
    """A place in the TOML text: 1-based line and column, and how many characters of that line."""

    line: int
    column: int
    length: int


class TomlPlaces(msgspec.Struct, frozen=True):
    """The places of all keys and all values, by key path."""

    keys: dict[KeyPath, Extent]
    values: dict[KeyPath, Extent]

    def of(self, path: KeyPath) -> Extent:
        """Where the value stands, else its key, else the nearest thing around it."""
        for end in range(len(path), 0, -1):
            found = self.values.get(path[:end]) or self.keys.get(path[:end])
            if found:
                return found
        return Extent(1, 1, 1)


def toml_places(text: str) -> TomlPlaces:
    """The places of a text that ``tomllib`` has read without an error."""
    scanner = _Scanner(text)
    scanner.run()
    return TomlPlaces(scanner.keys, scanner.values)


class _Scanner:
    """One pass over the tokens; ``stack`` holds the arrays and inline tables that are open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_starts = [0] + [match.end() for match in re.finditer("\n", text)]
        self.tokens = [match for match in TOKEN.finditer(text) if match.lastgroup != "space"]
        self.keys: dict[KeyPath, Extent] = {}
        self.values: dict[KeyPath, Extent] = {}
        self.tables_in_arrays: dict[KeyPath, int] = {}
        self.at = 0

    def run(self) -> None:
        table: KeyPath = ()
        while self.at < len(self.tokens):
            if self.peek() == "[":
                table = self.header()
            else:
                self.pair(table)

    def peek(self) -> str:
        return self.tokens[self.at].group() if self.at < len(self.tokens) else ""

    def extent(self, match: re.Match[str]) -> Extent:
        line = bisect.bisect_right(self.line_starts, match.start())
        shown = match.group().split("\n", 1)[0]
        return Extent(line, match.start() - self.line_starts[line - 1] + 1, len(shown))

    def header(self) -> KeyPath:
        opening = 0
        while self.peek() == "[":
            opening += 1
            self.at += 1
        path = self.key(())
        while self.peek() == "]" and opening:
            opening -= 1
            self.at += 1
            if opening:
                position = self.tables_in_arrays.get(path, 0)
                self.tables_in_arrays[path] = position + 1
                path = (*path, position)
        return path

    def key(self, table: KeyPath) -> KeyPath:
        """Reads a dotted key and notes the place of each of its parts."""
        path = table
        while self.at < len(self.tokens):
            match = self.tokens[self.at]
            self.at += 1
            if match.lastgroup == "string":
                import tomllib

                path = (*path, tomllib.loads(f"key = {match.group()}")["key"])
            else:
                path = (*path, match.group())
            self.keys.setdefault(path, self.extent(match))
            if self.peek() != ".":
                break
            self.at += 1
        return path

    def pair(self, table: KeyPath) -> None:
        """Reads ``key = value``, the value however deep it is nested."""
        stack: list[tuple[KeyPath, int]] = []
        self.value(self.key_and_equals(table), stack)
        while stack:
            path, position = stack[-1]
            token = self.peek()
            if token in ("]", "}", ""):
                self.at += 1
                stack.pop()
            elif token == ",":
                self.at += 1
                stack[-1] = (path, position + 1)
            elif position < 0:
                self.value(self.key_and_equals(path), stack)
            else:
                self.value((*path, position), stack)

    def key_and_equals(self, table: KeyPath) -> KeyPath:
        path = self.key(table)
        if self.peek() == "=":
            self.at += 1
        return path

    def value(self, path: KeyPath, stack: list[tuple[KeyPath, int]]) -> None:
        if self.at >= len(self.tokens):
            return
        match = self.tokens[self.at]
        self.at += 1
        self.values.setdefault(path, self.extent(match))
        if match.group() == "[":
            stack.append((path, 0))
        elif match.group() == "{":
            # In a table the position only counts commas: a number that stays below zero tells it from an array.
            stack.append((path, -1_000_000_000))
        else:
            while self.continues(match):
                match = self.tokens[self.at]
                self.at += 1

    def continues(self, match: re.Match[str]) -> bool:
        """Whether the next token belongs to the same number or date: ``1.5``, ``1979-05-27 07:32:00``."""
        if self.at >= len(self.tokens):
            return False
        following = self.tokens[self.at]
        between = self.text[match.end() : following.start()]
        return following.group() not in (",", "]", "}") and "\n" not in between and "#" not in between
