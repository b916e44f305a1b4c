"""Odd input of every kind: what the command says, and the status that it ends with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LEAK = "SEEN = []\n\n\ndef handler(event, context):\n    SEEN.append(event)\n"
CLEAN = "def handler(event, context):\n    return event\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path) -> Path:
    """An empty working folder with a project of its own."""
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "leaklint.toml").touch()
    monkeypatch.chdir(folder)
    return folder


def codes(printed: str) -> list[str]:
    """Place and code of each line of the concise format."""
    return [" ".join(line.split(" ")[:2]) for line in printed.splitlines() if " LK" in line]


FILES: list[tuple[str, bytes, int, list[str]]] = [
    ("clean", CLEAN.encode(), 0, []),
    ("findings", LEAK.encode(), 1, ["a.py:5:5: LK101"]),
    ("syntax error", b"def f(:\n", 1, ["a.py:1:7: LK901"]),
    ("binary", b"\x7fELF\x02\x01\x01\x00\x00", 1, ["a.py:1:8: LK901"]),
    ("not UTF-8", b"x = 1\ny = '\xff'\n", 1, ["a.py:2:6: LK901"]),
    ("declared latin-1", b"# coding: latin-1\nx = '\xff'\n", 0, []),
    ("unknown coding", b"# coding: klingon\nx = 1\n", 1, ["a.py:1:1: LK901"]),
    ("empty", b"", 0, []),
    ("byte order mark", b"\xef\xbb\xbf" + LEAK.encode(), 1, ["a.py:5:5: LK101"]),
    ("carriage returns", LEAK.encode().replace(b"\n", b"\r\n"), 1, ["a.py:5:5: LK101"]),
    ("NUL byte", b"x = 1\n\0\n", 1, ["a.py:2:1: LK901"]),
    ("deep parentheses", b"x = " + b"(" * 1500 + b"1" + b")" * 1500 + b"\n", 1, ["LK901"]),
    ("unknown code in noqa", b"x = 1  # noqa: LK999\n", 1, ["a.py:1:8: LK902"]),
]


@pytest.mark.parametrize(("source", "status", "found"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_a_file(folder: Path, leaklint: Any, source: bytes, status: int, found: list[str]) -> None:
    (folder / "a.py").write_bytes(source)
    (folder / "other.py").write_text(LEAK)
    ended = leaklint("--output-format", "concise", "a.py")
    assert ended.status == status
    assert [each for each in codes(ended.out) if not any(each.endswith(want) for want in found)] == []
    assert len(codes(ended.out)) == len(found)
    # The rest of the project is analysed whatever is wrong with one file.
    assert "other.py:5:5: LK101" in leaklint("--output-format", "concise").out


def test_a_sum_of_20000_terms_hides_nothing(folder: Path, leaklint: Any) -> None:
    (folder / "a.py").write_text("x = " + " + ".join(["1"] * 20_000) + "\n")
    (folder / "b.py").write_text(LEAK)
    ended = leaklint("--output-format", "concise")
    assert "b.py:5:5: LK101" in ended.out
    assert set(codes(ended.out)) <= {"a.py:1:1: LK901", "b.py:5:5: LK101"}
    assert ended.status == 1


def loop(folder: Path) -> None:
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "self.py").symlink_to("self.py")


def dangling(folder: Path) -> None:
    (folder / "gone.py").symlink_to("nowhere.py")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")


def device(folder: Path) -> None:
    (folder / "zero.py").symlink_to("/dev/zero")


def called_like_a_file(folder: Path) -> None:
    (folder / "x.py").mkdir()


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (loop, ["self.py:1:1: LK901"]),
        (dangling, ["gone.py:1:1: LK901"]),
        (pipe, ["pipe.py:1:1: LK901"]),
        (device, ["zero.py:1:1: LK901"]),
        (called_like_a_file, []),
        (lambda folder: None, []),
    ],
    ids=["link to itself", "dangling link", "pipe", "device", "folder called x.py", "empty folder"],
)
def test_a_folder(folder: Path, leaklint: Any, make: Callable[[Path], None], found: list[str]) -> None:
    make(folder)
    ended = leaklint("--output-format", "concise")
    assert (codes(ended.out), ended.status) == (found, 1 if found else 0)


SETTINGS = [
    ("[tool.leaklint\n", "error: pyproject.toml:1:15: not valid TOML: "),
    ("[tool.leaklint]\nselct = []\n", "error: pyproject.toml:2:1: unknown setting `selct`; did you mean `select`?"),
    (
        "[tool.leaklint]\nselect = 3\n",
        "error: pyproject.toml:2:10: `select`: expected a list of strings, found a number",
    ),
    ('[tool.leaklint]\nselect = ["LK999"]\n', "error: pyproject.toml:2:11: `select`: unknown selector `LK999`"),
    (
        '[tool.leaklint]\nseverity = { LKX = "error" }\n',
        "error: pyproject.toml:2:14: `severity`: unknown selector `LKX`; did you mean `LK`?\n"
        '  2 | severity = { LKX = "error" }\n                   ^^^\n',
    ),
    (
        '[tool.leaklint]\nplatforms = "aws"\n',
        "error: pyproject.toml:2:13: `platforms`: unknown value `aws`; did you mean",
    ),
    ("[tool.leaklint]\nfoo = 3\n", "error: pyproject.toml:2:1: unknown setting `foo`; `leaklint config` lists all"),
    (
        "[tool.other]\n[tool.leaklnt]\nselect = []\n",
        "error: pyproject.toml:2:7: unknown table `tool.leaklnt`; did you mean `tool.leaklint`?\n",
    ),
    (
        '[tool.leaklint]\nmodels = [\n  "row.toml"]\n',
        "error: pyproject.toml:3:3: `models`: no such file `row.toml`; did you mean `rows.toml`?\n",
    ),
    (
        '[tool.leaklint]\nbaseline = "nowhere.json"\n',
        "error: pyproject.toml:2:12: `baseline`: no such file `nowhere.json`; `leaklint --update-baseline` makes it\n",
    ),
]


@pytest.mark.parametrize(("text", "message"), SETTINGS)
def test_wrong_settings(folder: Path, leaklint: Any, text: str, message: str) -> None:
    (folder / "leaklint.toml").unlink()
    (folder / "pyproject.toml").write_text(text)
    (folder / "rows.toml").touch()
    (folder / "a.py").write_text(LEAK)
    ended = leaklint()
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "error: nowhere: no such file or folder\n"),
        (["nowhere", "a.py"], "error: nowhere: no such file or folder\n"),
        (
            ["nowhere", "a.pyy"],
            "error: nowhere: no such file or folder\nerror: a.pyy: no such file or folder; did you mean `a.py`?",
        ),
        (["expain", "LK101"], "error: expain: no such file or folder; did you mean the command `explain`?\n"),
        (["--select", ""], "error: --select: no code is given; `leaklint rules` lists all codes\n"),
        (["--select"], "error: --select: a value is missing\n"),
        (["--color", "alway"], "error: --color: unknown value `alway`; did you mean `always`?\n"),
        (["--color", "red"], "error: --color: unknown value `red`; expected one of `auto`, `always`, `never`\n"),
        (
            ["--output-format", "html:"],
            "error: --output-format: `html:` names no file; write html:FILE, or html alone\n",
        ),
        (
            ["--statistics", "--output-format", "sarif"],
            "error: --statistics: there are none in the format `sarif`, but",
        ),
        (["--add-ignore", " "], "error: --add-ignore: say why they stay"),
        (["--add-ignore", "two\nlines"], "error: --add-ignore: the reason is one line\n"),
        (["--since", ""], "error: --since: no revision is given"),
        (
            ["--output-format", "json:r", "--output-format", "sarif:./r"],
            "error: --output-format: two formats go to `r`; each needs a file of its own\n",
        ),
        (["--handlers", "a:nope"], "error: --handlers: a.py has no 'nope'\n"),
        (["--handlers", "a:handlr", "a.py"], "error: --handlers: a.py has no 'handlr'; did you mean 'handler'?\n"),
        (["--handlers", "b:handler"], "error: --handlers: there is no module 'b'\n"),
        (["completion", "tcsh"], "error: shell: unknown value `tcsh`; expected one of `bash`, `zsh`, `fish`\n"),
        (["--selct", "LK1"], "unknown option --selct; did you mean `--select`?"),
        (["--select", "LK1O1"], "error: --select: unknown selector `LK1O1`; did you mean `LK101`?\n"),
        (["--ignore", "E501"], "error: --ignore: unknown selector `E501`; did you mean `LK501`?\n"),
        (["--output-format", "jsn"], "error: --output-format: unknown format `jsn`; did you mean `json`?\n"),
        (["--output-format", "json", "--output-format", "text"], "only one format can go to standard output"),
        (["--min-severity", "erro"], "error: --min-severity: unknown value `erro`; did you mean `error`?\n"),
        (["--config", "nowhere.toml"], "error: nowhere.toml: no such settings file\n"),
        (["--since", "HEAD"], "error: --since HEAD: not a git repository"),
        (
            ["--baseline", "nowhere.json"],
            "error: nowhere.json: no such baseline; `leaklint --baseline nowhere.json --update-baseline` makes it\n",
        ),
        (["-", "--stdin-filename", "no/a.py"], "error: --stdin-filename: no/a.py: there is no such folder\n"),
        (["--stdin-filename", "a.py"], "error: --stdin-filename and `-` go together"),
        (["--output-format", "json:a.py/x"], "error: a.py/x: cannot be written: "),
        (["explain", "LK1O1"], "error: unknown rule `LK1O1`; did you mean `LK101`?\n"),
        (["explain", "module-state-mutatd"], "error: unknown rule `module-state-mutatd`; did you mean "),
        (["explain"], "the following arguments are required"),
    ],
)
def test_wrong_use(folder: Path, leaklint: Any, arguments: list[str], message: str) -> None:
    (folder / "a.py").write_text(LEAK)
    ended = leaklint(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
