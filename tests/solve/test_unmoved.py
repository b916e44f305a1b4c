"""Edits that are said to change no answer about something asynchronous change none."""

from __future__ import annotations

import importlib.util
import os
import random
from pathlib import Path

import pytest
from edits import EDITS, functions_in

from leaklint.facts import Source
from leaklint.ir.facts import FileFacts
from leaklint.link.library import Library
from leaklint.link.modules import Modules
from leaklint.link.program import Program
from leaklint.pipeline.solving import models_of
from leaklint.solve.overview import Overview, Question
from leaklint.solve.unmoved import Rests, Unmoved

PROVE = bool(os.environ.get("LEAKLINT_PROVE"))
MODELS = models_of([])
WORK = """
import asyncio


async def fetch():
    await asyncio.sleep(0)


def begin():
    return fetch()


def plain(value):
    return value


class Keeper:
    def keep(self):
        self.work = fetch()
"""
USER = "import work\n\n\ndef main():\n    work.begin()\n    work.plain(1)\n    work.later(2)\n\n\ndef idle(value):\n    return value\n"
MOVING = {
    "what a function gives that was looked into": ("work", WORK.replace("return fetch()", "return 3")),
    "what a plain function gives": ("work", WORK.replace("return value", "return fetch()")),
    "a name that was looked up": ("work", f"{WORK}\n\ndef later(value):\n    return fetch()\n"),
    "a second function of a name": ("work", f"{WORK}\n\ndef begin():\n    return 3\n"),
    "a suspect": ("user", f"{USER}\n\ndef other():\n    work.fetch()\n"),
    "a coroutine function": ("user", f"{USER}\n\nasync def other():\n    return 1\n"),
    "a reader of an attribute with work": ("user", f"{USER}\n\ndef other(keeper):\n    return keeper.work\n"),
    "an import": ("user", f"import asyncio\n{USER}"),
    "a class": ("work", f"{WORK}\n\nclass Other(Keeper):\n    pass\n"),
    "a binding at module level": ("work", f"{WORK}\n\nlater = fetch\n"),
}
RESTING = {
    "a comment": ("user", f"# edited\n{USER}"),
    "a function that computes": ("user", f"{USER}\n\ndef other(value):\n    return len(value) + 1\n"),
    "the inside of a function": ("user", USER.replace("return value", "value = str(value)\n    return value")),
}


def overview(files: dict[str, FileFacts]) -> Overview:
    def body(_path: str, _name: str) -> object:
        raise AssertionError("outlines are enough")

    program = Program(files, body, Modules(files))  # type: ignore[arg-type]
    return Overview(program, MODELS, Library())


def questions(known: Overview, chance: random.Random, most: int = 0) -> list[Question]:
    functions = [f"{path}::{name}" for path, facts in known.whole.files.items() for name in facts.functions]
    asked = [("has_asynchronous",), ("suspects",)]
    asked += [
        (question, each.path, each.function, text)
        for each in known.suspects()
        for text in each.calls or ()
        for question in ("functions", "only_functions")
    ]
    some = chance.sample(functions, min(len(functions), most))
    return [*asked, *((question, each) for each in some for question in ("gives_back", "result"))]


def answered(files: dict[str, FileFacts], asked: list[Question]) -> tuple[list[object], Rests | None]:
    known = overview(files)
    answers: list[object] = []
    for name, *about in asked:
        try:
            answers.append(getattr(known, name)(*about))
        except KeyError:  # the function is gone
            answers.append(None)
    return answers, known.rests()


def unmoved(rests: Rests, files: dict[str, FileFacts], path: str, before: FileFacts) -> bool:
    known = overview(files)
    return Unmoved(rests, MODELS, known.library, known.whole, known.is_starred).by(path, before, files[path])


@pytest.mark.parametrize("edit", [*MOVING, *RESTING])
def test_an_edit(edit: str) -> None:
    files = {"work.py": Source(WORK.encode()).facts, "user.py": Source(USER.encode()).facts}
    _, rests = answered(files, questions(overview(files), random.Random(0)))
    assert rests is not None
    name, text = (MOVING | RESTING)[edit]
    edited = {**files, f"{name}.py": Source(text.encode()).facts}
    assert unmoved(rests, edited, f"{name}.py", files[f"{name}.py"]) == (edit in RESTING)


@pytest.mark.parametrize("package", ["asyncio", "concurrent", *(("_pytest",) if PROVE else ())])
def test_edits_of_real_code(package: str) -> None:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    root, chance = Path(found.origin).parent, random.Random(package)
    texts = {each.relative_to(root).as_posix(): each.read_text(encoding="utf-8") for each in sorted(root.rglob("*.py"))}
    names = sorted({name for text in texts.values() for name in functions_in(text)})
    files = {path: Source(text.encode()).facts for path, text in texts.items()}
    asked = questions(overview(files), chance, 100)
    answers, rests = answered(files, asked)
    assert rests is not None
    rested = 0
    for _ in range(600 if PROVE else 60):
        path = chance.choice(sorted(texts))
        text = chance.choice(EDITS)(texts[path], chance, names)
        edited = {**files, path: Source(text.encode()).facts}
        if unmoved(rests, edited, path, files[path]):
            rested += 1
            assert answered(edited, asked) == (answers, rests), text
    assert rested
