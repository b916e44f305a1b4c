"""What is installed for a project: found in its own environment, read and never imported."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from leaklint.link.library import UNKNOWN, Described
from leaklint.pipeline.analyse import analyse
from leaklint.pipeline.installed import library_of, site_packages
from leaklint.pipeline.roots import Project
from leaklint.pipeline.settings import Settings

PACKAGE = {
    "postlib/__init__.py": (
        "raise SystemExit('imported')\n"
        "from .client import Client, Client as AsyncClient, connect\n"
        "from .helpers import *\n"
        "from . import sync\n"
        "default = Client()\n"
    ),
    "postlib/base.py": (
        "class Base:\n    async def close(self): ...\n    async def __aenter__(self): return self\n    aclose = close\n"
    ),
    "postlib/client.py": (
        "from __future__ import annotations\n"
        "import contextlib\n"
        "from typing import Optional, overload\n"
        "from postlib.base import Base\n"
        "class Letters:\n"
        "    async def put(self, text: str) -> None: ...\n"
        "class Client(Base):\n"
        "    spare: Optional[Letters] = None\n"
        "    def __init__(self) -> None:\n"
        "        self.letters = Letters()\n"
        "    @property\n"
        "    def box(self) -> Letters | None: ...\n"
        "    async def send(self, text: str) -> None: ...\n"
        "    def count(self) -> int: ...\n"
        "    def opened(self) -> Client: ...\n"
        "    @contextlib.asynccontextmanager\n"
        "    async def session(self):\n"
        "        yield self\n"
        "    async def pages(self):\n"
        "        yield 1\n"
        "    @overload\n"
        "    async def read(self, number: int) -> str: ...\n"
        "    async def read(self, number): ...\n"
        "async def connect() -> 'Client': ...\n"
        "def make():\n"
        "    return Client()\n"
    ),
    "postlib/helpers.py": "async def post(text): ...\ndef plain(text): ...\nasync def _hidden(): ...\n",
    "postlib/sync.py": "class Client:\n    def send(self, text): ...\n",
    "postlib/wrapping.py": (
        "import asyncio\n"
        "def same(function):\n    register(function)\n    return function\n"
        "def wrapped(function):\n    async def inner(*args): return await function(*args)\n    return inner\n"
        "def named(name):\n    def outer(function):\n        return function\n    return outer\n"
        "def run(function):\n    def inner(*args): return asyncio.run(function(*args))\n    return inner\n"
        "class Command:\n    def __init__(self, function): self.function = function\n"
    ),
    "postlib/broken.py": "async def f(:\n",
    "quiet.py": "def send(text): ...\n",
}


def install(folder: Path, files: dict[str, str] = PACKAGE) -> Path:
    """An environment with these files installed."""
    for name, text in files.items():
        path = folder / "lib" / "python3.12" / "site-packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def describe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Described]:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    install(tmp_path / ".venv")
    return library_of(tmp_path, None).describe


@pytest.mark.parametrize(
    ("name", "keeps"), [("same", True), ("wrapped", True), ("named", True), ("run", False), ("Command", False)]
)
def test_decorators_that_leave_a_coroutine_function_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, keeps: bool
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    install(tmp_path / ".venv")
    assert library_of(tmp_path, None).keeps_async(f"postlib.wrapping.{name}") is keeps
    assert not library_of(tmp_path, None).keeps_async("elsewhere.same")


@pytest.mark.parametrize(
    ("name", "kind", "type_"),
    [
        ("postlib.Client", "class", "postlib.client.Client"),
        ("postlib.AsyncClient", "class", "postlib.client.Client"),
        ("postlib.Client.send", "coroutine", ""),
        ("postlib.client.Client.send", "coroutine", ""),
        ("postlib.Client.close", "coroutine", ""),
        ("postlib.Client.aclose", "coroutine", ""),
        ("postlib.Client.read", "coroutine", ""),
        ("postlib.Client.count", "function", ""),
        ("postlib.Client.opened", "function", "postlib.client.Client"),
        ("postlib.Client.letters", "object", "postlib.client.Letters"),
        ("postlib.Client.spare", "object", "postlib.client.Letters"),
        ("postlib.Client.box", "object", "postlib.client.Letters"),
        ("postlib.Client.box.put", "coroutine", ""),
        ("postlib.default", "object", "postlib.client.Client"),
        ("postlib.default.send", "coroutine", ""),
        ("postlib.connect", "coroutine", "postlib.client.Client"),
        ("postlib.client.make", "function", "postlib.client.Client"),
        ("postlib.post", "coroutine", ""),
        ("postlib.plain", "function", ""),
        ("postlib.sync.Client.send", "function", ""),
    ],
)
def test_what_a_name_is(describe: Callable[[str], Described], name: str, kind: str, type_: str) -> None:
    assert describe(name) == Described(kind, type_)


@pytest.mark.parametrize(
    "name",
    [
        "postlib.Client.session",
        "postlib.Client.pages",
        "postlib._hidden",
        "postlib.nothing",
        "postlib.Client.nothing",
        "postlib.broken.f",
        "quiet.send",
        "missing.send",
        "json.dumps",
        "postlib",
    ],
)
def test_what_nothing_is_known_of(describe: Callable[[str], Described], name: str) -> None:
    assert describe(name) == UNKNOWN


def test_the_configured_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(install(tmp_path / "active")))
    configured, own = install(tmp_path / "configured"), install(tmp_path / ".venv")
    assert all(configured in each.parents for each in site_packages(tmp_path, "configured"))
    assert all(tmp_path / "active" in each.parents for each in site_packages(tmp_path, None))
    monkeypatch.delenv("VIRTUAL_ENV")
    assert all(own in each.parents for each in site_packages(tmp_path, None))
    assert site_packages(tmp_path, "nowhere") == []


def test_the_interpreter_stands_for_its_environment(tmp_path: Path) -> None:
    interpreter = install(tmp_path / "env") / "bin" / "python"
    interpreter.parent.mkdir()
    interpreter.touch()
    assert site_packages(tmp_path, "env/bin/python") == site_packages(tmp_path, "env")


def test_what_is_installed_for_leaklint_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert library_of(tmp_path, None).describe("flake8.main.cli.main") == UNKNOWN
    assert library_of(tmp_path, None).asynchronous("pytest") == frozenset()


APPLICATION = """import postlib
from postlib import Client, connect


class Own(Client):
    async def both(self):
        self.send("x")
        await self.send("y")


async def serve(client: Client, other: postlib.AsyncClient):
    client.send("a")
    other.letters.put("b")
    client.opened().close()
    postlib.post("c")
    made = await connect()
    made.send("d")
    client.count()
    client.session()
    postlib.plain("e")
    async with Client() as entered:
        entered.send("f")
    await client.send("g")


def plain(client: postlib.sync.Client):
    client.send("h")
"""


def findings(root: Path, python: str | None) -> list[tuple[str, int]]:
    project = Project(root, None, (root,))
    report = analyse(project, replace(Settings(), python=python))
    return [(each.code, each.place.span.line) for each in report.findings]


def test_a_call_of_an_installed_coroutine_function_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    install(tmp_path / "env")
    project = tmp_path / "project"
    project.mkdir()
    (project / "app.py").write_text(APPLICATION, encoding="utf-8")
    lines = [number for number, line in enumerate(APPLICATION.splitlines(), 1) if '("' in line or "close()" in line]
    wanted = [number for number in lines if "await" not in APPLICATION.splitlines()[number - 1]]
    silent = [number for number in wanted if '"e"' in APPLICATION.splitlines()[number - 1]]
    silent += [number for number in wanted if '"h"' in APPLICATION.splitlines()[number - 1]]
    assert findings(project, "../env") == [("LK201", number) for number in wanted if number not in silent]
    assert findings(project, None) == []


def test_nothing_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    install(tmp_path / ".venv")
    before = set(sys.modules)
    assert library_of(tmp_path, None).describe("postlib.Client.send").kind == "coroutine"
    assert not {name for name in set(sys.modules) - before if name.startswith("postlib")}
