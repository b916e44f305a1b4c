"""Programs of sizes that nobody writes by hand: each is analysed in time, and the leak in it is found."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.solving import solved

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
SHARE = 1 if PROVE else 10
"""Quick tests try a tenth of the size."""
HANDLER = "X = []\n\n\ndef handler(event, context):\n"


def found_in(files: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """Code, file and line of what is found in a project."""
    sources = {path: text.encode("utf-8", "surrogatepass") for path, text in files.items()}
    solution = solved(Path("/project"), Settings(), sources, frozenset(), {}, lambda _: Place(".", NOWHERE))
    return sorted((each.code, each.place.path, each.place.span.line) for each in solution.findings)


def found(text: str) -> list[tuple[str, int]]:
    """Code and line of what is found in a file."""
    return [(code, line) for code, _, line in found_in({"app.py": text})]


def test_a_file_of_100000_lines() -> None:
    lines = 100_000 // SHARE
    text = HANDLER + "    X.append(event)\n" + "".join(f"y{i} = {i}\n" for i in range(lines))
    assert found(text) == [("LK101", 5)]


def test_a_file_of_25000_functions() -> None:
    count = 25_000 // SHARE
    text = (
        HANDLER + f"    f{count - 1}(event)\n" + "".join(f"def f{i}(x):\n    X.append(x)\n\n\n" for i in range(count))
    )
    assert found(text) == [("LK101", 7 + 4 * (count - 1))]


def test_a_function_of_20000_lines() -> None:
    lines = 20_000 // SHARE
    text = HANDLER + "".join(f"    y{i} = event[{i}]\n" for i in range(lines)) + "    X.append(y5)\n"
    assert found(text) == [("LK101", lines + 5)]


def test_an_if_of_2000_branches() -> None:
    count = 2_000 // SHARE
    branches = "".join(f"    elif event == {i}:\n        y = {i}\n" for i in range(count))
    text = HANDLER + "    if event == 'a':\n        pass\n" + branches + "    X.append(event)\n"
    assert found(text) == [("LK101", 7 + 2 * count)]


def test_a_chain_of_50000_calls() -> None:
    count = 50_000 // SHARE // (1 if PROVE else 2)
    chain = "".join(f"def f{i}(x): f{i + 1}(x)\n" for i in range(count))
    text = HANDLER + "    f0(event)\n" + chain + f"def f{count}(x): X.append(x)\n"
    assert found(text) == [("LK101", 6 + count)]


def test_a_hierarchy_of_5000_classes() -> None:
    count = 5_000 // SHARE
    classes = "class C0:\n    def m(self, x): X.append(x)\n" + "".join(
        f"class C{i}(C{i - 1}): pass\n" for i in range(1, count)
    )
    assert found(classes + HANDLER + f"    C{count - 1}().m(event)\n") == [("LK101", 2)]


def test_5000_classes_with_one_base() -> None:
    count = 5_000 // SHARE
    classes = "class C0:\n    def m(self, x): X.append(x)\n" + "".join(
        f"class C{i}(C0): pass\n" for i in range(1, count)
    )
    calls = "".join(f"    C{i}().m(event)\n" for i in range(1, count, 100))
    assert found(classes + HANDLER + calls) == [("LK101", 2)]


@pytest.mark.parametrize(
    "imports",
    ["import m{next}\nfrom m{next} import Y as Z\nY = []\n", "from m{next} import *\nY = []\ndef f{at}(x): return x\n"],
    ids=["by name", "of everything"],
)
def test_a_circle_of_1000_modules(imports: str) -> None:
    count = 1_000 // SHARE
    ring = {f"m{i}.py": imports.format(next=(i + 1) % count, at=i) for i in range(count)}
    files = {"app.py": "import m0\n" + HANDLER + "    m0.Y.append(event)\n", **ring}
    assert [(code, path) for code, path, _ in found_in(files)] == [("LK101", "app.py")]


def test_a_circle_of_modules_that_call_each_other() -> None:
    count = 300 // SHARE
    module = "import m{next}\nY = []\ndef f(x):\n    Y.append(x)\n    m{next}.f(x)\n"
    ring = {f"m{i}.py": module.format(next=(i + 1) % count) for i in range(count)}
    files = {"app.py": "import m0\ndef handler(event, context):\n    m0.f(event)\n", **ring}
    assert {path for code, path, _ in found_in(files) if code == "LK101"} == set(ring)


@pytest.mark.parametrize(
    "text",
    [
        "T = {" + ", ".join(f"'k{i}': f{i % 7}" for i in range(20_000 // SHARE)) + "}\n",
        "T = [" + ", ".join(f"['k{i}', {i}]" for i in range(20_000 // SHARE)) + "]\n",
        "".join(f"v{i} = dict(a={i})\n" for i in range(5_000 // SHARE)),
    ],
    ids=["dictionary", "list", "calls"],
)
def test_large_tables(text: str) -> None:
    functions = "".join(f"def f{i}(): pass\n" for i in range(7))
    assert found(HANDLER + "    X.append(event)\n" + functions + text) == [("LK101", 5)]


@pytest.mark.parametrize(
    ("start", "line"),
    [
        ("X = {{}}\n", "X['k{i}'] = [{i}]\n"),
        ("class A: pass\nX = A()\nX.append = print\n", "X.b{i} = [{i}]\n"),
        ("X = []\n", "X.append([{i}])\n"),
        ("X = []\ny0 = ''\n", "y{i} = 'a' + str({i}) + f'{{y0}}'\n"),
        ("X = []\n", "y{i} = made_by(X, [{i}])\n"),
        ("X = []\ndef made_by(x): return x\n", "@made_by\ndef y{i}(): pass\n"),
    ],
    ids=["items", "attributes", "elements", "texts", "calls", "decorators"],
)
def test_modules_that_fill_something_line_by_line(start: str, line: str) -> None:
    lines = "".join(line.format(i=i) for i in range(20_000 // SHARE // (1 if "['k" in line else 5)))
    text = start.format() + lines + "def handler(event, context):\n    global X\n    X = event\n"
    assert found(text) == [("LK102", len(text.splitlines()))]


@pytest.mark.parametrize(
    "line",
    ["y{i} = made_by(event, [{i}])\n", "y{i} = [z for z in event if z]\n", "y{i} = {{}}; y0['a{i}'] = y{i}\n"],
    ids=["calls", "comprehensions", "items"],
)
def test_functions_that_fill_something_line_by_line(line: str) -> None:
    lines = "".join("    " + line.format(i=i) for i in range(2_000 // SHARE))
    assert found(HANDLER + lines + "    X.append(event)\n") == [("LK101", 5 + lines.count("\n"))]


def test_functions_that_all_wrap_what_they_are_given_and_call_each_other() -> None:
    count = 60 if PROVE else 8
    functions = "".join(
        f"def f{i}(x, y):\n    y.append(x)\n"
        + "".join(f"    f{(i * 7 + j * 3 + 1) % count}([x, y], y)\n" for j in range(6 if PROVE else 2))
        for i in range(count)
    )
    text = HANDLER + "    f0(event, [])\n" + functions + "    X.append(x)\n"
    told = found(text)
    assert ("LK101", len(text.splitlines())) in told or ("LK901", 4) in told
    assert told


def test_functions_that_all_call_each_other() -> None:
    count = 60 // (1 if PROVE else 3)
    functions = "".join(
        f"def f{i}(x, y):\n" + "".join(f"    f{(i * 7 + j * 3 + 1) % count}(x, y)\n" for j in range(6))
        for i in range(count)
    )
    text = HANDLER + "    f0(event, [])\n" + functions + "    X.append(x)\n"
    assert found(text) == [("LK101", len(text.splitlines()))]


def test_40_objects_that_hand_on_what_they_are_asked_for() -> None:
    handing = (
        "class C{i}:\n    def __init__(self, x): self.x = x\n    def __getattr__(self, n): return getattr(self.x, n)\n"
    )
    classes = "".join(handing.format(i=i) for i in range(40))
    wrapped = "Y = C0([])\nZ = []\n" + "".join(f"Z = C{i}(Z)\n" for i in range(40))
    text = HANDLER + "    Z.append(event)\n    Y.append(event)\n" + classes + wrapped
    assert found(text) == [("LK101", 6)]


def test_data_that_holds_itself() -> None:
    body = "    d = {}\n    d['d'] = d\n    for i in range(5):\n        d = {'a': d, 'b': [d, d]}\n    X.append(d)\n"
    assert found(HANDLER + body + "X.append(X)\n") == [("LK101", 9)]


@pytest.mark.parametrize(
    "name", ["ключ", "数据", "größe", "مفتاح", "कुंजी", "\N{MATHEMATICAL FRAKTUR SMALL X}", "ªº", "_ñ1"]
)
def test_names_in_every_script(name: str) -> None:
    text = f"class {name}:\n    kept = []\n\n\ndef lambda_handler({name}2, context):\n    {name}.kept.append({name}2)\n"
    assert found(text) == [("LK103", 6)]
