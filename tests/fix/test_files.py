"""Files keep what is not the fix's business: line ends, encodings, permissions, and what somebody else has written."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix.twins import mend

from leaklint.fix import verify
from leaklint.fix.edit import NotEdited, edited
from leaklint.fix.plan import After, Finally, Replace
from leaklint.fix.tree import Tree
from leaklint.frontends.cli import main
from leaklint.ir.location import Span
from leaklint.pipeline.mend import write

LEAK = """\
import asyncio


async def store(id_):
    await asyncio.sleep(0.01)


async def main(event):
    asyncio.create_task(store(event["id"]))  # größe
    return "OK"


def handler(event, context):
    return asyncio.run(main(event))
"""
MENDED = LEAK.replace("    asyncio.create_task", "    await asyncio.create_task")
LASTS = LEAK.replace(
    "    await asyncio.sleep(0.01)",
    "    while True:\n        await asyncio.sleep(1)\n        if id_:\n            return",
)
HANGS = LEAK.replace("    await asyncio.sleep(0.01)", "    while True:\n        await asyncio.sleep(1)")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "leaklint.toml").write_text("")
    (tmp_path / "app.py").write_text(LEAK, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LEAK.encode(), MENDED.encode()),
        (LEAK.replace("\n", "\r\n").encode(), MENDED.replace("\n", "\r\n").encode()),
        (LEAK.encode("utf-8-sig"), MENDED.encode("utf-8-sig")),
        (("# coding: latin-1\n" + LEAK).encode("latin-1"), ("# coding: latin-1\n" + MENDED).encode("latin-1")),
        (LEAK.rstrip("\n").encode(), MENDED.rstrip("\n").encode()),
        (LEAK.replace("    ", "\t").encode(), MENDED.replace("    ", "\t").encode()),
    ],
    ids=["plain", "carriage returns", "byte order mark", "latin-1", "no newline at the end", "tabs"],
)
def test_bytes_that_are_no_part_of_the_fix_stay(project: Path, before: bytes, after: bytes) -> None:
    (project / "app.py").write_bytes(before)
    assert main(["--fix", "--quiet"]) == 0
    assert (project / "app.py").read_bytes() == after


def test_a_function_with_many_fixes_is_walked_through_once_for_each_version(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = "".join(f"    t{each} = Thread(target=print, args=(event,))\n    t{each}.start()\n" for each in range(12))
    (project / "app.py").write_text(
        f"from threading import Thread\n\n\ndef handler(event, context):\n{starts}    return 1\n"
    )
    walked = [0]
    children = ast.iter_child_nodes

    def counted(node: ast.AST) -> Iterator[ast.AST]:
        walked[-1] += isinstance(node, ast.Assign)
        return children(node)

    def parsed(tree: Tree, source: bytes) -> None:
        walked.append(0)
        init(tree, source)

    init = Tree.__init__
    with monkeypatch.context() as patched:
        patched.setattr(Tree, "__init__", parsed)
        patched.setattr(ast, "iter_child_nodes", counted)
        mending = mend(project, unsafe=True)
    assert len(mending.done) == 12
    assert max(walked) < 12 * 20, "not for each pair of them"


def test_permissions_stay(project: Path) -> None:
    (project / "app.py").chmod(0o755)
    assert main(["--fix", "--quiet"]) == 0
    assert (project / "app.py").stat().st_mode & 0o777 == 0o755


def test_a_file_that_was_changed_meanwhile_is_left_alone(project: Path) -> None:
    mending = mend(project, unsafe=False)
    assert mending.after == {"app.py": MENDED.encode()}
    (project / "app.py").write_text("changed = True\n")
    assert write(mending) == {"app.py": "it was changed meanwhile"}
    assert (project / "app.py").read_text() == "changed = True\n"


def test_a_read_only_file_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app.py").chmod(0o444)
    assert main(["--fix"]) == 1
    assert capsys.readouterr().err == "app.py: left alone: it is read-only\nMended 0 findings.\n"
    assert (project / "app.py").read_text(encoding="utf-8") == LEAK


def test_a_link_stays_a_link(project: Path) -> None:
    (project / "kept.txt").write_text(LEAK, encoding="utf-8")
    (project / "app.py").unlink()
    (project / "app.py").symlink_to("kept.txt")
    assert main(["--fix", "--quiet"]) == 0
    assert (project / "app.py").is_symlink()
    assert (project / "kept.txt").read_text(encoding="utf-8") == MENDED


SHARED = "SEEN = []\n\n\ndef keep(item):\n    SEEN.append(item)\n"
KEEPS = "from shared import keep\n\n\ndef handler(event, context):\n    keep(event)\n    return 1\n"


def test_a_fix_is_written_in_all_of_its_files_or_in_none(project: Path) -> None:
    (project / "shared.py").write_text(SHARED)
    (project / "other.py").write_text(KEEPS)
    mending = mend(project, unsafe=True)
    assert set(mending.after) == {"app.py", "other.py", "shared.py"}
    (project / "shared.py").write_text(SHARED + "\n\nMORE = 1\n")
    assert write(mending) == {
        "shared.py": "it was changed meanwhile",
        "other.py": "its fix concerns another file that is left alone",
    }
    assert (project / "other.py").read_text() == KEEPS
    assert (project / "app.py").read_bytes() == MENDED.encode()


def test_a_diff_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--diff"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("--- app.py\n+++ app.py\n@@ ")
    assert '-    asyncio.create_task(store(event["id"]))  # größe\n+    await asyncio' in printed.out
    assert printed.err == "Would mend 1 finding (1 LK202) in 1 file.\n"
    assert (project / "app.py").read_text(encoding="utf-8") == LEAK
    patch = subprocess.run(["patch", "-p0"], input=printed.out, cwd=project, capture_output=True, text=True, check=True)
    assert patch.returncode == 0
    assert (project / "app.py").read_text(encoding="utf-8") == MENDED
    assert main(["--diff"]) == 0


def test_only_what_is_selected_is_mended(project: Path) -> None:
    assert main(["--diff", "--select", "LK101"]) == 0
    assert main(["--fix", "--select", "LK202", "--quiet"]) == 0
    assert (project / "app.py").read_text(encoding="utf-8") == MENDED


def test_what_may_never_end_is_waited_for_only_on_demand(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app.py").write_text(LASTS, encoding="utf-8")
    assert main(["--fix"]) == 1
    assert "LK202 error [unsafe fix]: " in capsys.readouterr().out
    assert (project / "app.py").read_text(encoding="utf-8") == LASTS
    assert main(["--fix", "--unsafe-fixes", "--show-fixes"]) == 0
    assert "app.py: LK202 await (unsafe)\n" in capsys.readouterr().err


def test_what_never_ends_is_not_waited_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app.py").write_text(HANGS, encoding="utf-8")
    assert main(["--fix", "--unsafe-fixes"]) == 1
    assert "LK202 error: " in capsys.readouterr().out
    assert (project / "app.py").read_text(encoding="utf-8") == HANGS


@pytest.mark.parametrize("wrong", [["--unsafe-fixes"], ["--fix", "-"], ["--fix", "--watch"]])
def test_options_that_do_not_go_together(project: Path, wrong: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"x = 1\n")))
    assert main(wrong) == 2


LOADED = """
import sys
from leaklint.frontends.cli import main
main(sys.argv[1:])
print("libcst" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("asked", "loaded"),
    [([], False), (["--output-format", "concise"], False), (["--output-format", "sarif"], True), (["--diff"], True)],
)
def test_libcst_is_imported_only_when_somebody_asks_for_edits(project: Path, asked: list[str], loaded: bool) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOADED, *asked], cwd=project, capture_output=True, text=True, check=True
    )
    assert ended.stderr.splitlines()[-1] == str(loaded)


def test_deep_nesting_is_left_to_the_guard(project: Path) -> None:
    (project / "deep.py").write_text(f"x = {'(' * 1_400}1{')' * 1_400}\n")
    assert main(["--fix", "--quiet", "--ignore", "LK901"]) == 0
    assert (project / "app.py").read_text(encoding="utf-8") == MENDED


def test_what_libcst_cannot_walk_is_not_mended(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = LEAK + f"\n\nTOTAL = {' + '.join(['1'] * 900)}\n"
    (project / "app.py").write_text(long, encoding="utf-8")
    main(["--fix"])
    mended = (project / "app.py").read_text(encoding="utf-8")
    assert mended in (long, long.replace("    asyncio.create_task", "    await asyncio.create_task"))
    assert "Traceback" not in capsys.readouterr().err


def looked_at(text: str, after: str, changes: list[Any]) -> str:
    return verify.complaint(Tree(text.encode()), after, changes)


def test_the_look_at_an_edit_sees_what_the_plan_does_not_say() -> None:
    text = "a = 1\nb = 2\nc = 3\n"
    change = Replace(Span(2, 5, 2, 6), "4")
    assert looked_at(text, "a = 1\nb = 4\nc = 3\n", [change]) == ""
    assert looked_at(text, "a = 1\nb = 4\nc = 5\n", [change]) == "line 3 would change, which the plan does not say"
    assert looked_at(text, "a = 1\nb = 4\n", [change]) == "line 3 would change, which the plan does not say"
    assert looked_at(text, "a = 1\nb = 4\nc  =  3\n", [change]) == "line 3 would change, which the plan does not say"
    assert looked_at(text, "a = 1\nif b:\n    c = 3\n", [change]) == "line 3 would be laid out in another way"
    assert looked_at(text, "a = 1\nb = (\n", [change]) == "the changed text does not parse"


def test_a_change_without_its_place_is_refused() -> None:
    with pytest.raises(NotEdited, match="LibCST finds no such place"):
        edited("a = 1\n", [After(Span(7, 1, 7, 2), "b = 2")])


def test_a_try_gets_a_finally_only_where_it_has_none() -> None:
    text = "try:\n    a = 1\nexcept ValueError:\n    a = 2\n    # so be it\nb = 3\n"
    change = Finally(Span(1, 1, 4, 10), "    c = 4")
    after = text.replace("    # so be it\n", "    # so be it\nfinally:\n    c = 4\n")
    assert edited(text, [change]) == after
    assert looked_at(text, after, [change]) == ""
    with pytest.raises(NotEdited, match="no try without a finally"):
        edited(after, [change])


def test_comments_at_the_ends_of_blocks_go_with_them(project: Path) -> None:
    """A comment that ends the body of a loop stays its end, one behind the loop stays behind it."""
    (project / "app.py").write_text(
        "import threading\nimport time\n\n\ndef handler(event, context):\n"
        "    for each in event['ids']:\n        threading.Thread(target=time.sleep, args=(0.1,)).start()  # one\n"
        "        # and so on\n    # all of them\n"
    )
    assert main(["--fix", "--quiet"]) == 0
    assert (project / "app.py").read_text() == (
        "import threading\nimport time\n\n\ndef handler(event, context):\n    threads = []\n    try:\n"
        "        for each in event['ids']:\n            thread = threading.Thread(target=time.sleep, args=(0.1,))  # one\n"
        "            thread.start()\n            threads.append(thread)\n            # and so on\n"
        "    finally:\n        for thread in threads:\n            thread.join()\n    # all of them\n"
    )
