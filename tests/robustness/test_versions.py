"""Source for every Python from 3.8 on: analysed where this Python reads it, and one clear LK901 where it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from leaklint.ir.finding import Finding
from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.solving import solved

PROGRAMS = {
    (3, 8): [
        "def handler(event, context, /):\n    if (x := event):\n        SEEN.append(f'{x=}')\n",
        "def handler(event, context):\n    SEEN.append(x := event)\n",
    ],
    (3, 9): [
        "@(lambda f: f)\ndef handler(event, context):\n    global KEPT\n    KEPT = {} | event\n",
        "def handler(event, context):\n    with (open(event) as a):\n        SEEN.append(a.read())\n",
    ],
    (3, 10): [
        "def handler(event, context):\n    match event:\n        case {'id': x, **rest}:\n            SEEN.append(x)\n",
        "def handler(event: int | None, context):\n    with (open(event) as a, open(event) as b):\n        SEEN.append(b.read())\n",
    ],
    (3, 11): [
        "def handler(event, context):\n    try:\n        f()\n    except* ValueError:\n        SEEN.append(event)\n",
        "def handler(event, context):\n    SEEN.append(SEEN[*event])\n",
    ],
    (3, 12): [
        "type Event = dict[str, str]\ndef handler(event: Event, context):\n    SEEN.append(event)\n",
        "def keep[T](x: T): SEEN.append(x)\ndef handler(event, context):\n    keep(event)\n",
        "def handler(event, context):\n    SEEN.append(f'{event['id']}')\n",
        "class Box[T]:\n    def put(self, x: T): SEEN.append(x)\ndef handler(event, context):\n    Box[int]().put(event)\n",
    ],
    (3, 13): ["def keep[T = int](x: T): SEEN.append(x)\ndef handler(event, context):\n    keep(event)\n"],
    (3, 14): [
        "def handler(event, context):\n    SEEN.append(t'{event}')\n",
        "def handler(event, context):\n    SEEN.append(t'{event}' t'.')\n",
        "def handler(event, context):\n    try:\n        f()\n    except ValueError, TypeError:\n        SEEN.append(event)\n",
    ],
}
CASES = [(version, text) for version, texts in PROGRAMS.items() for text in texts]


def found_in(text: str) -> list[Finding]:
    """What is found in a file, with another one beside it."""
    files = {
        "app.py": f"SEEN = []\n{text}".encode(),
        "other.py": b"X = []\ndef handler(event, context): X.append(event)\n",
    }
    found = solved(Path("/project"), Settings(), files, frozenset(), {}, lambda _: Place(".", NOWHERE)).findings
    assert [each.code for each in found if each.place.path == "other.py"] == ["LK101"], "the rest is analysed"
    return [each for each in found if each.place.path == "app.py"]


@pytest.mark.parametrize(("version", "text"), CASES, ids=[f"{major}.{minor}" for (major, minor), _ in CASES])
def test_source_of_every_version(version: tuple[int, int], text: str) -> None:
    (finding,) = found_in(text)
    if sys.version_info >= version:
        assert finding.code in ("LK101", "LK102")
    else:
        host = f"{sys.version_info.major}.{sys.version_info.minor}"
        assert finding.code == "LK901"
        assert (
            finding.message
            == f"not analysed: it is written for a later Python than Python {host}, on which leaklint runs here"
        )
        assert finding.cure == "run leaklint with the Python that the file is written for"


def test_annotations_that_are_never_evaluated() -> None:
    text = "class A:\n    x: B = []\n    def m(self, y: Later) -> C:\n        self.x.append(y)\ndef handler(event: No, context):\n    A().m(event)\n"
    assert [each.code for each in found_in(text)] == ["LK103"]


def test_a_context_variable_that_is_set_with_a_with_statement() -> None:
    text = "import contextvars\nV = contextvars.ContextVar('V', default=None)\ndef handler(event, context):\n    with V.set(event):\n        pass\n"
    assert found_in(text) == []


@pytest.mark.parametrize("text", ["print 'old'\n", "exec 'x'\n", "x = `1`\n", "0777\n"])
def test_source_of_python_2(text: str) -> None:
    (finding,) = found_in(text)
    assert finding.message.startswith("not analysed: cannot be parsed: ")
