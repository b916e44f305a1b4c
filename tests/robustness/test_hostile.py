"""Programs that are hard to analyse: each ends soon, and what can be analysed is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from leaklint import solve
from leaklint.ir.finding import Finding
from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.solving import solved
from leaklint.solve.world import Ask, Solving, World

HANDLER = "X = []\n\n\ndef handler(event, context):\n"
LEAK = [("LK101", 4)]


def findings(files: dict[str, str]) -> list[Finding]:
    """What is found in a project of these files."""
    sources = {path: text.encode("utf-8", "surrogatepass") for path, text in files.items()}
    found = solved(Path("/project"), Settings(), sources, frozenset(), {}, lambda _: Place(".", NOWHERE))[0]
    return sorted(found, key=lambda each: (each.place, each.code))


def codes(text: str, **more: str) -> list[tuple[str, int]]:
    """Codes and lines of what is found in a file."""
    return [(each.code, each.place.span.line) for each in findings({"app.py": text, **more})]


@pytest.mark.parametrize(
    "text",
    [
        HANDLER + "    return " + " + ".join(["event"] * 20_000),
        HANDLER + "    return " + "(" * 1_500 + "event" + ")" * 1_500,
        HANDLER + "    return event" + ".a" * 20_000,
        HANDLER + "    return " + "[" * 300 + "event" + "]" * 300,
        HANDLER + "    return '\0'",
    ],
    ids=["sum", "parentheses", "attributes", "lists", "null"],
)
def test_what_is_too_deep_is_one_finding(text: str) -> None:
    (finding,) = findings({"app.py": text, "other.py": "def f():\n    return 1\n"})
    assert (finding.code, finding.place.path) == ("LK901", "app.py")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HANDLER + "    f(event, [event])\ndef f(x, y):\n    g(x, [y, x])\n    f(y, [x])\ndef g(x, y):\n    f(x, [y])\n    X.append(x)\n", 11),
        (HANDLER + "    y = event\n    for i in event:\n        y = [y, y]\n    X.append(y)\nX.append(X)\n", 8),
        (HANDLER + "".join("    " * (i + 1) + f"for a{i} in event:\n" for i in range(15)) + "    " * 16 + "X.append(a3)\n", 20),
        (HANDLER.replace("def", "".join("@d\n" for _ in range(100)) + "def").replace("X = []", "X = []\ndef d(f): return f") + "    X.append(event)\n", 106),
        ("\ufeff" + HANDLER.replace("\n", "\r\n") + "\tX.append(event)\r\n", 5),
        ("\f" + HANDLER + "\f    X.append(event)\n", 5),
        (HANDLER.replace("X", "ключ") + "    ключ.append(event)\n", 5),
    ],
    ids=["recursion", "itself", "loops", "decorators", "bom", "form-feed", "script"],
)  # fmt: skip
def test_the_leak_is_still_found(text: str, line: int) -> None:
    assert ("LK101", line) in codes(text)


def test_many_branches_of_one_if() -> None:
    branches = "".join(f"    elif event == {i}:\n        X.append({i})\n" for i in range(500))
    found = codes(HANDLER + "    if event == 'a':\n        pass\n" + branches)
    assert found[0] == ("LK901", 4), "what is left out is said"
    assert len([code for code, _ in found if code == "LK101"]) == 400


def test_hierarchies_that_python_refuses() -> None:
    text = "class A: pass\nclass B(A): pass\nclass C(A, B):\n    def m(self, x): X.append(x)\nclass D(D): pass\nclass E(F): pass\nclass F(E): pass\n"
    assert ("LK101", 4) in codes(text + HANDLER + "    C().m(event)\n    E()\n    D()\n")


def test_a_merge_of_nested_containers_is_solved_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    begin = solve.begin

    def counted(world: World, question: Ask) -> Solving:
        asked[question.name] += 1
        return begin(world, question)

    monkeypatch.setattr(solve, "begin", counted)
    merge = """
def merge(one, other):
    for key, value in other.items():
        if isinstance(value, dict):
            one[key] = merge(one.get(key, {}), value)
        elif isinstance(value, list):
            one[key] = [merge({}, each) for each in value]
        else:
            one[key] = value
    return one
"""
    calls = "    X.append(merge({'a': {'b': [{}]}}, event))\n    merge({}, merge({'c': []}, {'d': event}))\n"
    assert codes(HANDLER + calls + merge) == [("LK101", 5)]
    assert asked["app.py::merge"] <= 16
