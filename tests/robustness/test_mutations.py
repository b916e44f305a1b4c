"""Programs that nobody wrote: generated ones, and real ones in which something was changed. None crashes anything."""

from __future__ import annotations

import ast
import os
import textwrap
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaklint.ir.finding import Finding
from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.solving import solved
from leaklint.report import json_list
from leaklint.report.report import Report

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
"""Pieces end within the time that a test may take, and processes can share them."""
FIXTURES = Path(__file__).parents[1] / "fixtures"
REAL = [path.read_bytes() for path in sorted(FIXTURES.glob("*/*/*.py"))[::7]]
NAMES = ("event", "context", "a", "b", "X", "self", "f", "C")


def found_in(source: bytes) -> list[Finding]:
    """What is found in a file, every public function of which is an entry; a report can be made of it."""
    files = {"app.py": source}
    found = solved(Path("/project"), Settings(scope="all"), files, frozenset(), {}, lambda _: Place(".", NOWHERE))
    json_list.render(Report(root="/project", findings=tuple(found.findings), files=1))
    return found.findings


def is_python(source: bytes) -> bool:
    """Whether this Python reads it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


name = st.sampled_from(NAMES)
EXPRESSIONS = st.recursive(
    st.one_of(
        name, st.sampled_from(["1", "'k'", "None", "...", "[]", "{}", "()", "f'{a!r:>{b}}'", "b'x'", "__class__"])
    ),
    lambda inner: st.one_of(
        st.builds("{}.{}".format, inner, name),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:]".format, inner, inner),
        st.builds("{}({}, *{}, k={}, **{})".format, inner, inner, inner, inner, inner),
        st.builds("{}({})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} and {} or not {})".format, inner, inner, inner),
        st.builds("[{} for {} in {} if {}]".format, inner, name, inner, inner),
        st.builds("{{{}: {} for {} in {}}}".format, inner, inner, name, inner),
        st.builds("(lambda {}, *args, k={}: {})".format, name, inner, inner),
        st.builds("(c := {})".format, inner),
        st.builds("{{**{}, 'k': {}}}".format, inner, inner),
        st.builds("[*{}, {}]".format, inner, inner),
        st.builds("({} < {} is not {})".format, inner, inner, inner),
        st.builds("(await {})".format, inner),
        st.builds("(yield {})".format, inner),
    ),
    max_leaves=8,
)
TARGETS = st.one_of(
    name,
    st.builds("{}.{}".format, name, name),
    st.builds("{}[{}]".format, name, EXPRESSIONS),
    st.builds("({}, *{})".format, name, name),
)
SIMPLE = st.one_of(
    EXPRESSIONS,
    st.builds("{} = {} = {}".format, TARGETS, TARGETS, EXPRESSIONS),
    st.builds("{} += {}".format, name, EXPRESSIONS),
    st.builds("{}: {} = {}".format, name, EXPRESSIONS, EXPRESSIONS),
    st.builds("del {}".format, TARGETS),
    st.builds("return {}".format, EXPRESSIONS),
    st.builds("raise {} from {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("assert {}, {}".format, EXPRESSIONS, EXPRESSIONS),
    st.builds("global {}".format, name),
    st.builds("nonlocal {}".format, name),
    st.sampled_from(
        ["pass", "break", "continue", "return", "raise", "import os.path as b", "from . import a", "from app import *"]
    ),
)
HEADS = st.one_of(
    st.builds("if {}:".format, EXPRESSIONS),
    st.builds("while {}:".format, EXPRESSIONS),
    st.builds("for {} in {}:".format, TARGETS, EXPRESSIONS),
    st.builds("async for {} in {}:".format, TARGETS, EXPRESSIONS),
    st.builds("with {} as {}, {}:".format, EXPRESSIONS, TARGETS, EXPRESSIONS),
    st.builds("async with {}:".format, EXPRESSIONS),
    st.builds("def {}({}, /, {}={}, *args, **more):".format, name, st.just("p"), st.just("q"), EXPRESSIONS),
    st.builds("@{}\nasync def {}(p):".format, EXPRESSIONS, name),
    st.builds("class {}({}, metaclass={}):".format, name, EXPRESSIONS, EXPRESSIONS),
    st.builds("match {}:\n  case {{'k': {}, **rest}} if {}:".format, EXPRESSIONS, st.just("v"), EXPRESSIONS),
    st.builds("try: {}\nexcept* {} as {}:".format, EXPRESSIONS, EXPRESSIONS, name),
    st.builds("try: {}\nexcept {}: pass\nelse: {}\nfinally:".format, EXPRESSIONS, EXPRESSIONS, EXPRESSIONS),
)


def block(statements: list[str], head: str) -> str:
    """A compound statement; the one of ``match`` is deeper by one level."""
    return f"{head}\n" + textwrap.indent("\n".join(statements), "    " if "case" not in head else "      ")


STATEMENTS = st.recursive(
    SIMPLE, lambda inner: st.builds(block, st.lists(inner, min_size=1, max_size=4), HEADS), max_leaves=14
)


@pytest.mark.parametrize("_piece", range(20 if PROVE else 1))
@settings(max_examples=100 if PROVE else 50)
@given(st.lists(STATEMENTS, min_size=1, max_size=8), st.booleans())
def test_generated_programs(_piece: int, statements: list[str], in_handler: bool) -> None:
    text = "X = []\nasync def handler(event, context):\n" + textwrap.indent("\n".join(statements), "    ")
    source = (text if in_handler else "\n".join(statements)).encode()
    found = found_in(source)
    assert is_python(source) or [each.code for each in found] == ["LK901"]


PIECES = st.one_of(
    st.sampled_from(
        [b"\n", b"    ", b"\t", b"\r", b"\x0c", b"\x00", b"\xff", b"\xef\xbb\xbf", b"#", b"'", b'"""', b"\\\n"]
    ),
    st.sampled_from(
        [b"(", b")", b":", b"=", b"*", b"await ", b"global X\n", b"return\n", b"yield ", b"lambda: ", b"# noqa"]
    ),
    st.sampled_from(
        [b"# -*- coding: latin-1 -*-\n", b"# coding: utf-16\n", b"\xed\xa0\x80", b"type X = int\n", b"f'{'"]
    ),
    st.binary(max_size=4),
)
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), PIECES, st.floats(0, 1)), min_size=1, max_size=4)


@pytest.mark.parametrize("_piece", range(20 if PROVE else 1))
@settings(max_examples=100 if PROVE else 50)
@given(st.sampled_from(REAL), CHANGES)
def test_changed_programs(_piece: int, source: bytes, changes: list[tuple[float, int, bytes, float]]) -> None:
    for place, length, piece, other in changes:
        at, where = int(place * len(source)), int(other * len(source))
        taken = source[at : at + length]
        source = source[:at] + piece + source[at + length :]
        source = source[:where] + taken + source[where:]
    found = found_in(source)
    assert is_python(source) or "LK901" in [each.code for each in found]


LINES = sorted({line for source in REAL for line in source.splitlines() if line.strip()})


@pytest.mark.parametrize("_piece", range(10 if PROVE else 1))
@settings(max_examples=100 if PROVE else 50)
@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_shuffled_lines(_piece: int, lines: list[bytes]) -> None:
    source = b"\n".join(lines)
    found = found_in(source)
    assert is_python(source) or "LK901" in [each.code for each in found]
