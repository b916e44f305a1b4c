"""Programs that are hard to analyse: each ends soon, and what can be analysed is."""

from __future__ import annotations

import os
import subprocess
import sys
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
        HANDLER + "    return event" + ".a" * 5_000,
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
        (HANDLER + "    X.append(event)\n" + "".join(f"y{i} = {i}\n" for i in range(20_000)), 5),
        (HANDLER + "".join(f"    y{i} = event[{i}]\n" for i in range(1_000)) + "    X.append(y5)\n", 1_005),
        (HANDLER + "    f0(event)\n" + "".join(f"def f{i}(x): f{i + 1}(x)\n" for i in range(1_500)) + "def f1500(x): X.append(x)\n", 1_506),
        (HANDLER + "    f(event, [event])\ndef f(x, y):\n    g(x, [y, x])\n    f(y, [x])\ndef g(x, y):\n    f(x, [y])\n    X.append(x)\n", 11),
        (HANDLER + "    y = event\n    for i in event:\n        y = [y, y]\n    X.append(y)\nX.append(X)\n", 8),
        (HANDLER + "".join("    " * (i + 1) + f"for a{i} in event:\n" for i in range(15)) + "    " * 16 + "X.append(a3)\n", 20),
        (HANDLER.replace("def", "".join("@d\n" for _ in range(100)) + "def").replace("X = []", "X = []\ndef d(f): return f") + "    X.append(event)\n", 106),
        ("\ufeff" + HANDLER.replace("\n", "\r\n") + "\tX.append(event)\r\n", 5),
        ("\f" + HANDLER + "\f    X.append(event)\n", 5),
        (HANDLER.replace("X", "ключ") + "    ключ.append(event)\n", 5),
    ],
    ids=["lines", "statements", "calls", "recursion", "itself", "loops", "decorators", "bom", "form-feed", "script"],
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


def test_a_deep_hierarchy() -> None:
    classes = "class C0:\n    def m(self, x): X.append(x)\n" + "".join(
        f"class C{i}(C{i - 1}): pass\n" for i in range(1, 400)
    )
    assert ("LK101", 2) in codes(classes + HANDLER + "    C399().m(event)\n")


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


def test_modules_that_import_each_other_in_a_circle() -> None:
    ring = {f"m{i}.py": f"import m{(i + 1) % 200}\nfrom m{(i + 1) % 200} import Y as Z\nY = []\n" for i in range(200)}
    found = findings({"app.py": "import m0\n" + HANDLER + "    m0.Y.append(event)\n", **ring})
    assert [each.code for each in found] == ["LK101"]


@pytest.mark.parametrize("case", ["lk101_module_state_mutated", "lk103_class_state_mutated"])
def test_the_same_bytes_whatever_the_hash_seed_and_the_state_of_the_cache(case: str, tmp_path: Path) -> None:
    folder = sorted((Path(__file__).parents[1] / "fixtures" / case).iterdir())[0]
    said = set()
    for seed in ("0", "1", "2", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LEAKLINT_CACHE_DIR": str(tmp_path / "cache")}
        command = [sys.executable, "-m", "leaklint", "--exit-zero", "--output-format", "json", "."]
        said.add(subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True).stdout)
    assert len(said) == 1
