"""Analysis that would run away is ended and said; what is found elsewhere stays found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from leaklint.ir.finding import Finding
from leaklint.ir.location import NOWHERE, Place
from leaklint.pipeline.settings import Settings
from leaklint.pipeline.solving import solved
from leaklint.solve import activation, budget, flow, sparing, state

HANDLER = """
X = []
def handler(event, context):
    {calls}
def lambda_handler(event, context):
    X.append(event)
"""
LOOP = """
def busy(x):
    before = None
    for a in x:
        for b in a:
            if before:
                X.append(before)
            before = b
"""


def findings(**files: str) -> list[Finding]:
    """What is found in a project of these modules."""
    sources = {f"{name}.py": text.encode() for name, text in files.items()}
    found = solved(Path("/project"), Settings(), sources, frozenset(), {}, lambda _: Place(".", NOWHERE))
    return sorted(found.findings, key=lambda each: (each.place, each.code))


def places(found: Iterable[Finding]) -> list[tuple[str, str, int]]:
    """Code, file and line of findings."""
    return [(each.code, each.place.path, each.place.span.line) for each in found]


def limit_of_solving(monkeypatch: pytest.MonkeyPatch, most: int, patience: int = 3) -> None:
    for module in (activation, flow):
        monkeypatch.setattr(module, "MAX_OF_SOLVING", most)
    monkeypatch.setattr(activation, "PATIENCE", patience)


def test_a_large_function_goes_through_its_loops_once(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"app": HANDLER.format(calls="busy(event)") + LOOP}
    whole = findings(**files)
    assert places(whole) == [("LK101", "app.py", 6), ("LK101", "app.py", 13)]
    limit_of_solving(monkeypatch, 60, patience=100)
    (found, said) = findings(**files)
    assert places([found]) == [("LK101", "app.py", 6)]
    assert places([said]) == [("LK901", "app.py", 8)], "at the name of the function"
    assert said.message == "too large, analysed in part: its loops are followed through one round only"
    assert said.cure == "divide it, or leave it out with `extend-exclude`"


def test_a_function_that_is_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    many = "def large(x):\n" + "".join(f"    if x: y{i} = [x]\n" for i in range(200)) + "    X.append(x)\n"
    files = {"app": HANDLER.format(calls="large(event)\n    small(event)") + many + "def small(x):\n    X.append(x)\n"}
    assert [each.code for each in findings(**files)] == ["LK101", "LK101", "LK101"]
    limit_of_solving(monkeypatch, 2_000)
    found = findings(**files)
    assert places(found) == [("LK101", "app.py", 7), ("LK901", "app.py", 8), ("LK101", "app.py", 211)]
    assert found[1].message == "too large, analysed in part: what it does is left out"


@pytest.mark.parametrize("line", ["X.append(x[{i}])", "with open(x[{i}]) as y{i}: X.append(y{i}.read())"])
def test_further_effects_of_a_function_are_counted(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    many = "def many(x):\n" + "".join(f"    {line.format(i=i)}\n" for i in range(60))
    files = {"app": HANDLER.format(calls="many(event)") + many}
    whole = findings(**files)
    assert [each.code for each in whole] == ["LK101"] * 61
    monkeypatch.setattr(state, "MOST_TOKENS", 50)
    found = findings(**files)
    (said,) = [each for each in found if each.code == "LK901"]
    assert places([said]) == [("LK901", "app.py", 7)], "at the name of the function"
    assert said.message.startswith("too large, analysed in part: of its effects, ")
    leaks = [each for each in found if each.code == "LK101"]
    assert set(places(leaks)) < set(places(whole))
    assert len(leaks) > 10


def test_work_that_is_handed_to_what_is_left_out_counts_as_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    many = "def finish(x):\n" + "".join(f"    if x: y{i} = [x]\n" for i in range(200)) + "    x.join()\n"
    thread = "thread = threading.Thread(target=print)\n    thread.start()\n    finish(thread)"
    limit_of_solving(monkeypatch, 2_000)
    found = findings(app="import threading" + HANDLER.format(calls=thread) + many)
    assert [each.code for each in found] == ["LK101", "LK901"]


def test_what_a_file_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = "import large\ndef all(x):\n" + "".join(f"    large.f{i}(x)\n" for i in range(100))
    large = "X = []\n" + "".join(f"def f{i}(x):\n    X.append(x)\n" for i in range(100))
    files = {"app": "import calls" + HANDLER.format(calls="calls.all(event)"), "calls": calls, "large": large}
    assert len(findings(**files)) == 101
    monkeypatch.setattr(budget, "MAX_OF_FILE", 400)
    found = findings(**files)
    said = [each for each in found if each.code == "LK901"]
    leaks = [each for each in found if each.code == "LK101"]
    assert [each.place.path for each in said] == ["large.py"]
    assert said[0].message.startswith("too large, analysed in part: `f")
    assert said[0].message.endswith(f" and {100 - (len(leaks) - 1) - 1} more functions are left out")
    assert 2 < len(leaks) < 101, "what was solved before is still there"
    assert leaks[0].place.path == "app.py"


def test_what_a_handler_may_take_is_not_missing_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    large = "X = []\n" + "".join(
        f"def f{i}(x):\n    X.append(x)\n    f{i + 1}(x)\n    return g{i + 1}(x)\ndef g{i}(x):\n    return x\n"
        for i in range(80)
    )
    files = {
        "app": "import large\nfrom large import *" + HANDLER.format(calls="f0(event)"),
        "other": "import large\ndef handler(event, context):\n    large.f70(event)\n",
        "large": large + "def f80(x): X.append(x)\ndef g80(x): return x\n",
    }
    assert len(findings(**files)) == 82
    monkeypatch.setattr(budget, "MAX_OF_HANDLER", 1_500)
    found = findings(**files)
    said = [each for each in found if each.code == "LK901"]
    assert [each.place.path for each in said] == ["app.py"]
    assert said[0].message.startswith("too large, analysed in part: of what `app:handler` calls, `g")
    lines = {each.place.span.line for each in found if each.place.path == "large.py"}
    assert {1 + 6 * i + 2 for i in range(70, 80)} <= lines, "the other handler has a budget of its own"


def test_what_is_forgotten_outside_of_handlers_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = "".join(f"def g{i}():\n    return save({i})\ndef f{i}():\n    g{i}()\n" for i in range(20))
    files = {"app": "from store import save\n" + functions, "store": "async def save(x): ...\n"}
    remembered = places(findings(**files))
    assert [each[0] for each in remembered].count("LK201") == 20
    monkeypatch.setattr(sparing, "MOST_REMEMBERED", 3)
    assert places(findings(**files)) == remembered


def test_what_imports_may_take_is_not_for_the_handler_to_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = "".join(
        f"def f{i}(x):\n    X.append(x)\n    f{i + 1}(x)\n    return g{i}(x)\ndef g{i}(x):\n    return x\n"
        for i in range(80)
    )
    files = {
        "app": "import large" + HANDLER.format(calls="large.f70(event)"),
        "large": f"X = []\n{steps}def f80(x): X.append(x)\nf0(1)\n",
    }
    remembered = places(findings(**files))
    assert len(remembered) == 12
    monkeypatch.setattr(budget, "MAX_OF_IMPORTS", 1_500)
    found = findings(**files)
    said = [each for each in found if each.code == "LK901"]
    assert [each.place.path for each in said] == ["large.py"]
    assert said[0].message.startswith("too large, analysed in part: of what importing it calls, `g0` and ")
    assert places(each for each in found if each.code != "LK901") == remembered
