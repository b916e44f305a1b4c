"""Files that are hard to read: encodings, broken text, sizes that exhaust a recursive reader; and purity."""

from __future__ import annotations

import ast
import gc
import sys
import warnings
from pathlib import Path

import msgspec
import pytest

from leaklint.facts import Source, extract
from leaklint.ir.cfg import Body, Constant, Operation
from leaklint.ir.facts import FileFacts
from leaklint.ir.location import Span


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("x = 'é'".encode(), "é"),
        (b"\xef\xbb\xbfx = '\xc3\xa9'", "é"),
        (b"# coding: latin-1\nx = '\xe9'", "é"),
        (b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\nx = '\x80'", "€"),
        (b"\xef\xbb\xbf# coding: utf-8\nx = 'a'", "a"),
        (b"x = 'a'\r\n\r\n", "a"),
        (b"\rx = 'a'\r", "a"),
        (b"\x0cx = 'a'\n", "a"),
        (b"x = '\\ud800'", "\\ud800"),
        (b"x = '\\d'", "\\d"),
    ],
)
def test_text_is_decoded_as_python_does(source: bytes, value: str) -> None:
    facts = extract(source)
    assert facts.troubles == ()
    assert facts.literals == {"x": value}


@pytest.mark.parametrize(
    ("source", "reason", "place"),
    [
        (b"x = 1\ny = \0", "is not text: it holds a NUL byte", (2, 5)),
        (b"x = 1\ny = '\xe9'", "is not text: byte 0xe9 is not valid utf-8", (2, 6)),
        (b"x = 1\n\ny = '\xc3\xa9\xe9'", "is not text: byte 0xe9 is not valid utf-8", (3, 7)),
        (b"\xef\xbb\xbfy = '\xe9'", "is not text: byte 0xe9 is not valid utf-8", (1, 6)),
        (b"\xef\xbb\xbf\n\n\ny = '\xe9'", "is not text: byte 0xe9 is not valid utf-8", (4, 6)),
        (b"# coding: ascii\ny = '\xe9'", "is not text: byte 0xe9 is not valid ascii", (2, 6)),
        (b"# coding: klingon\n", "is not text: unknown encoding: klingon", (1, 1)),
        (b"#\n# coding: klingon\n", "is not text: unknown encoding: klingon", (2, 1)),
        (b"# coding: rot13\n", "is not text: rot13 is not a text encoding", (1, 1)),
        (b"\xef\xbb\xbf# coding: latin-1\n", "is not text: encoding problem: utf-8", (1, 1)),
        (b"x = (\n", "cannot be parsed: '(' was never closed", (1, 5)),
        (
            b"def f():\nreturn 1\n",
            "cannot be parsed: expected an indented block after function definition on line 1",
            (2, 1),
        ),
        ("é = = 1\n".encode(), "cannot be parsed: invalid syntax", (1, 5)),
        (b"print 'x'\n", "cannot be parsed: Missing parentheses in call to 'print'. Did you mean print(...)?", (1, 1)),
        (b"x = 'a\n", "cannot be parsed: unterminated string literal (detected at line 1)", (1, 5)),
        (b"if x:\n  a\n b\n", "cannot be parsed: unindent does not match any outer indentation level", (3, 3)),
    ],
)
def test_what_cannot_be_read_is_a_trouble_with_its_place(source: bytes, reason: str, place: tuple[int, int]) -> None:
    facts = extract(source)
    (trouble,) = facts.troubles
    assert trouble.reason == reason
    assert (trouble.span.line, trouble.span.column) == place
    assert trouble.span.end_line > trouble.span.line or trouble.span.end_column > trouble.span.column
    assert facts == FileFacts(troubles=(trouble,))


@pytest.mark.parametrize("source", [b"", b"\n", b"# only a comment", b"\xef\xbb\xbf", b"'''doc'''"])
def test_a_file_without_statements(source: bytes) -> None:
    facts = extract(source)
    assert facts.troubles == ()
    assert list(facts.bodies) == ["<module>"]


def _instructions(body: Body) -> int:
    return sum(len(block.instructions) for block in body.blocks)


PATHOLOGICAL = {
    "sum": "x = " + " + ".join(["a"] * 20_000),
    "parentheses": "x = " + "(" * 1_500 + "1" + ")" * 1_500,
    "parentheses within reach": "x = " + "(" * 150 + "1" + ")" * 150,
    "elif": "if a:\n pass\n" + "".join(f"elif a == {n}:\n b = {n}\n" for n in range(2_000)),
    "calls": "x = a" + ".f()" * 3_000,
    "and": "x = " + " and ".join(["a"] * 5_000),
    "if and": "if " + " or ".join(["not a"] * 5_000) + ": pass",
    "choices": "x = " + "".join(f"{n} if a else " for n in range(900)) + "1",
    "not": "x = " + "not " * 1_500 + "a",
    "lambda": "x = " + "lambda: " * 900 + "1",
    "comparison": "x = " + " < ".join(["a"] * 5_000),
    "display": "x = [" + "1, " * 20_000 + "]",
    "string": "x = " + "'a' " * 20_000,
    "indents": "".join(" " * n + "if a:\n" for n in range(99)) + " " * 99 + "b = 1\n",
    "functions": "".join(" " * n + "def f():\n" for n in range(99)) + " " * 99 + "b = 1\n",
    "with": "with " + ", ".join(["a"] * 500) + ": pass",
    "statements": "x = 1\n" * 5_000,
    "unpacking": "[" * 180 + "x" + "]" * 180 + " = 1",
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_sizes_do_not_crash(name: str) -> None:
    facts = extract(PATHOLOGICAL[name].encode())
    for trouble in facts.troubles:
        assert "too deeply nested" in trouble.reason or "too many nested parentheses" in trouble.reason
    assert facts.troubles or _instructions(facts.bodies["<module>"]) > 0


@pytest.mark.parametrize("name", ["elif", "and", "if and", "choices", "comparison", "string", "indents", "functions"])
def test_long_chains_are_analysed_wherever_python_can_parse_them(name: str) -> None:
    assert extract(PATHOLOGICAL[name].encode()).troubles == ()


def test_chains_as_long_as_python_allows() -> None:
    for source in ("x = " + " + ".join(["a"] * 900), "x = a" + ".f()" * 450, "x = a" + "[0]" * 900):
        facts = extract(source.encode())
        assert facts.troubles == ()
        assert _instructions(facts.bodies["<module>"]) > 899


def test_a_function_with_too_many_paths_is_a_trouble_of_its_own() -> None:
    indent, lines = " ", ["def f():"]
    for _ in range(17):
        lines += [f"{indent}try: a()", f"{indent}finally:"]
        indent += " "
    facts = extract("\n".join([*lines, f"{indent}b()", "def g(): return 1"]).encode())
    (trouble,) = facts.troubles
    assert trouble.reason == "too many paths; this function is not analysed"
    assert trouble.span == Span(1, 5, 1, 6)
    assert len(facts.bodies["f"].blocks) == 1
    assert _instructions(facts.bodies["g"]) == 2


def test_a_function_that_is_too_deep_is_a_trouble_of_its_own() -> None:
    limit = sys.getrecursionlimit()
    facts = extract(f"def f(a):\n return {'~' * limit} a\ndef g(): return 1\n".encode())
    (trouble,) = facts.troubles
    assert trouble.reason == "too deeply nested; this function is not analysed"
    assert _instructions(facts.bodies["g"]) == 2


def test_no_warning_of_the_code_is_shown() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert extract(b"x = '\\d' is 1\n").troubles == ()


def test_values_that_no_codec_carries_are_source_text() -> None:
    facts = extract(b"x = [0xffffffffffffffffff, -9223372036854775809, b'a', 2j, ..., '\\ud800', f'\\udc00']\n")
    constants = [each for each in facts.bodies["<module>"].blocks[0].instructions if isinstance(each, Constant)]
    shown = [each.value for each in constants]
    assert shown == ["0xffffffffffffffffff", "9223372036854775809", "b'a'", "2j", "...", "\\ud800", "\\udc00"]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=FileFacts) == facts


@pytest.mark.parametrize("name", ["asyncio/base_events.py", "email/message.py", "dataclasses.py"])
def test_facts_are_pure_and_survive_encoding(name: str) -> None:
    source = (Path(warnings.__file__).parent / name).read_bytes()
    facts = extract(source)
    assert extract(source) == facts
    assert msgspec.msgpack.encode(extract(source)) == msgspec.msgpack.encode(facts)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=FileFacts) == facts


def test_bodies_on_demand_are_those_of_the_whole() -> None:
    source = (Path(warnings.__file__).parent / "functools.py").read_bytes()
    file, facts = Source(source), extract(source)
    assert file.facts.bodies == {}
    for name in sorted(facts.bodies, reverse=True):
        assert file.body(name) == facts.bodies[name]
    assert msgspec.structs.replace(facts, bodies={}) == file.facts


def test_an_operand_chain_keeps_each_step_in_place() -> None:
    facts = extract(b"x = a + bb + c\n")
    spans = [each.span for each in facts.bodies["<module>"].blocks[0].instructions if isinstance(each, Operation)]
    assert spans == [Span(1, 5, 1, 11), Span(1, 5, 1, 15)]


def test_a_tree_is_gone_as_soon_as_nobody_needs_it() -> None:
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(each, ast.AST) for each in gc.get_objects())
        source = Source(b"class C:\n    def f(self):\n        return [x for x in self.y if (lambda z: z)(x)]\n")
        source.lower("C.f")
        del source
        assert sum(isinstance(each, ast.AST) for each in gc.get_objects()) == before
    finally:
        gc.enable()
