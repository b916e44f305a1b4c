"""What is said of source that the parser refuses."""

from __future__ import annotations

import sys

import libcst
import pytest

from leaklint.facts.source import extract
from leaklint.pipeline.troubles import MOST_TRIES, not_understood

LATER = {
    (3, 11): b"type Names = list[str]\n",
    (3, 12): b"NAME = t'{__name__}'\n",
    (3, 13): b"NAME = t'{__name__}'\n",
}.get(sys.version_info[:2], b"lazy import json\n")


def said_of(source: bytes) -> tuple[str, str]:
    (trouble,) = extract(source).troubles
    (finding,) = not_understood([("app.py", trouble)], {"app.py": source})
    return finding.message, finding.cure


def test_syntax_of_a_later_python_is_no_mistake_of_the_file() -> None:
    message, cure = said_of(LATER)
    assert "later Python" in message
    assert cure.startswith("run leaklint with")


@pytest.mark.parametrize(
    "source",
    [b"def :\n", b"print 'x'\n", b"(" * 5_000, LATER + b"#" * 100_000, LATER + b"x = 1" + b" + 1" * 600 + b"\n"],
)
def test_what_no_python_reads_or_is_not_safe_to_try_is_for_its_owner_to_mend(source: bytes) -> None:
    message, cure = said_of(source)
    assert "later Python" not in message
    assert cure.startswith("mend the file")


@pytest.mark.parametrize(
    "chain",
    [
        "~" * 4_000,
        "lambda: " * 4_000,
        "1 if x else " * 4_000,
        "a / " * 4_000,
        "a @\\\n" * 4_000,
        "(\n" + "a %\n" * 4_000,
    ],
)
def test_no_chain_takes_long_to_try(chain: str) -> None:
    message, _ = said_of(LATER + f"x = {chain}a{')' if chain[0] == '(' else ''}\n".encode())
    assert "later Python" not in message


@pytest.mark.parametrize("rest", ["[0]" * 4_000, ".b" * 4_000, ". b" * 4_000, "()" * 4_000, ".b[0]()" * 1_000])
def test_no_chain_of_parts_takes_long_to_try(rest: str) -> None:
    assert "later Python" not in said_of(LATER + f"x = a{rest}\n".encode())[0]


def test_many_short_chains_are_tried() -> None:
    assert "later Python" in said_of(LATER + b"x = -a.b[0](1 / 2)\n" * 1_000)[0]


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_tree_of_a_later_python_is_tried_in_part(wrong: int) -> None:
    names = [f"m{number:02}.py" for number in range(MOST_TRIES + 5)]
    sources = {name: LATER + f"N = {name!r}\n".encode() for name in names}
    sources |= dict.fromkeys(names[:wrong], b"it is (wrong\n")
    troubles = [(name, each) for name in names for each in extract(sources[name]).troubles]
    said = list(not_understood(troubles, sources))
    assert [finding.place.path for finding in said] == names
    rest = [not wrong] * 5
    assert ["later Python" in finding.message for finding in said] == [False] * wrong + [True] * (
        MOST_TRIES - wrong
    ) + rest


@pytest.mark.parametrize(
    ("source", "is_later"),
    [
        (b"x = f'a-{g.split('-')[1]}'\n", True),
        (b'x = f"{a["b"]} and {c[\'d\']}" if y else f"{z["w"]:>4}"\n', True),
        (b'async def f():\n    return f"""{x}""", f"{await g("a")} {h["b"]}"\n', True),
        (b"x = f'a-{g.split('-')[1]}' +\n", False),
        (b"x = f'a-{g.split('-')[1'\n", False),
        (b"x = f'a-{g.split('-' 1)}'\n", False),
        (b"x = 'it is f'{a['b']}' here\n", False),
    ],
)
def test_quotes_within_quotes_are_tried_without_libcst(source: bytes, is_later: bool) -> None:
    try:
        libcst.parse_module(source)
        is_right = True
    except libcst.ParserSyntaxError:
        is_right = False
    troubles = [("app.py", each) for each in extract(source).troubles]
    said = any("later Python" in finding.message for finding in not_understood(troubles, {"app.py": source}))
    assert is_right == is_later
    assert said == (is_later and sys.version_info < (3, 12))
