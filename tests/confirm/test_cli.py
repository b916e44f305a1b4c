"""The command: what it prints in each format, its exit status, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from leaklint.confirm.events import checked
from leaklint.confirm.marks import filled
from leaklint.confirm.samples import SAMPLES, sample
from leaklint.frontends.cli import main as leaklint

LEAKY = """
import threading

SEEN = []
COUNT = 0

def handler(event, context):
    global COUNT
    SEEN.append(event["id"])
    threading.Timer(60, print, ["<late>"]).start()
    return "ok"
"""
SOUND = "def handler(event, context):\n    return event\n"
FINDINGS = [
    {"code": "LK101", "path": "app.py", "line": 9, "column": 5, "message": "appended to module-level list SEEN"},
    {"code": "LK205", "path": "app.py", "line": 10, "end_line": 10, "column": 5, "message": "timer is not finished"},
    {"code": "LK102", "path": "app.py", "line": 8, "column": 5, "message": "module-level COUNT is rebound"},
    {"code": "LK101", "path": "b.py", "line": 1, "column": 1, "message": "other", "handlers": ["b:handler"]},
]

Files = Callable[..., Path]


def main(arguments: list[str]) -> int:
    """The exit status of ``leaklint confirm``."""
    return leaklint(["confirm", *arguments])


@pytest.fixture
def here(project: Files, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a project of one file the working folder."""

    def go(source: str) -> Path:
        root = project(app=source)
        monkeypatch.chdir(root)
        return root

    return go


def test_verdicts_in_every_format(here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    root = here(LEAKY)
    (root / "event.json").write_text('{"id": "{{unique}}"}')
    (root / "report.json").write_text(json.dumps(FINDINGS))
    formats = ["text", "json:out.json", "svg:out.svg", "html:out.html"]
    words = [word for each in formats for word in ("--output-format", each)]
    status = main(["app:handler", "--event", "event.json", "--findings", "report.json", "--trace", *words])
    output = capsys.readouterr().out
    assert status == 1
    assert "confirmed  LK101 app.py:9:5 appended to module-level list SEEN\n" in output
    assert "    data of invocation 1 is still in app.SEEN[0] after invocation 2\n" in output
    assert "confirmed  LK205 app.py:10:5 timer is not finished\n" in output
    assert "not seen   LK102 app.py:8:5" in output
    assert "timer print, started at app.py:10 (handler): pending at the return, never came to its end\n" in output
    assert output.endswith("2 confirmed, 1 not seen, 0 only seen at run time. (1 finding is about another handler.)\n")

    said = json.loads((root / "out.json").read_text())
    assert [each["code"] for each in said["confirmed"]] == ["LK101", "LK205"]
    assert [each["code"] for each in said["not_seen"]] == ["LK102"]
    assert said["confirmed"][1]["observations"][0]["lines"][0] == {"path": "app.py", "line": 10, "function": "handler"}
    assert [each["status"] for each in said["invocations"]] == ["ok"] * 3

    picture = ElementTree.fromstring((root / "out.svg").read_text())
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text and text.startswith("invocation")] == [f"invocation {n}" for n in (1, 2, 3)]
    assert texts.count("frozen") == 3
    assert texts.count("never came to its end") == 3
    hints = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert hints.count("app.py:10") == 3
    assert "still there" in texts
    page = (root / "out.html").read_text()
    assert "<svg" in page
    assert "confirmed: LK205 app.py:10:5" in page


KEEPS = """
SEEN = []

def handler(event, context):
    SEEN.append(event["id"])
    return SEEN
"""


def test_an_answer_that_shows_a_leak_is_no_second_one(
    here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here(KEEPS)
    assert main(["app:handler", "--times", "5", "--trace"]) == 1
    output = capsys.readouterr().out
    assert "seen  LK101 state app.SEEN at app.py:2\n" in output
    assert "callers see it: the answer of invocation 2 holds the data of invocation 1\n" in output
    assert re.search(r"    invocation 1: returned \[.*\] after \d+\.\d ms\n", output)
    assert output.endswith("\n1 leak seen.\n")


def test_a_handler_that_always_fails_proves_nothing(
    here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here("def handler(event, context):\n    return event['no such key']\n")
    assert main(["app:handler", "--trace"]) == 2
    output = capsys.readouterr().out
    assert "invocations 1, 2 and 3 failed: KeyError: 'no such key' at app.py:2 (handler)\n" in output
    assert "    invocation 1: failed after " in output
    assert "every invocation failed: what the handler leaves when it succeeds is not known\n" in output
    assert output.endswith("\nNo leaks seen, but no invocation succeeded.\n")


def test_failures_that_differ_by_the_marker_are_one(
    here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here("import json\ndef handler(event, context):\n    return json.loads('{' + event['id'])\n")
    assert main(["app:handler"]) == 2
    output = capsys.readouterr().out
    assert output.count("failed: JSONDecodeError") == 1
    assert re.search(r"invocations 1, 2 and 3 failed: JSONDecodeError: .* at app.py:3 \(handler\)\n", output)


def test_a_handler_that_fails_for_one_event_is_judged_by_the_others(here: Callable[[str], Path]) -> None:
    root = here("def handler(event, context):\n    return event['id']\n")
    (root / "events.jsonl").write_text('{"id": 1}\n{}\n')
    assert main(["app:handler", "--event", "events.jsonl"]) == 0


def test_long_runs_are_told_shortly(here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    here(LEAKY.replace("Timer(60", "Timer(0.02"))
    assert main(["app:handler", "--times", "6"]) == 1
    output = capsys.readouterr().out
    assert (
        "started by invocations 1 to 6, pending at the return; that of 1 went on inside invocation 2 and printed"
        in (output)
    )
    assert "; and so on, up to that of 5 inside invocation 6; that of 6 never came to its end\n" in output


def test_the_trace_leaves_out_what_asyncio_does_for_itself(
    here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here("import asyncio\nasync def work(): ...\ndef handler(event, context):\n    asyncio.run(work())\n")
    assert main(["app:handler", "--times", "1", "--trace", "--output-format", "json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["work"]] == ["work"]


def test_a_sound_handler_is_silent(here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    here(SOUND)
    assert main(["app.handler", "--sample", "sqs", "--engine", "builtin"]) == 0
    assert capsys.readouterr().out.endswith("\nNo leaks seen.\n")


def test_events_are_handed_out_in_turn(here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    root = here(SOUND)
    (root / "events.jsonl").write_text('{"n": {{number}}}\n\n{"other": "{{unique}}"}\n')
    assert main(["app:handler", "--event", "events.jsonl", "--output-format", "json"]) == 0
    answers = [json.loads(each["answer"]) for each in json.loads(capsys.readouterr().out)["invocations"]]
    assert [list(each) for each in answers] == [["n"], ["other"], ["n"]]
    assert answers[2] == {"n": 3}


def test_a_handler_that_cannot_be_run_is_no_success(
    here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here("import no_such_module\n")
    assert main(["app:handler"]) == 2
    output = capsys.readouterr().out
    assert "the handler was never called: Runtime.ImportModuleError" in output
    assert "--python names an interpreter that has it" in output
    assert output.endswith("\nNothing is known of this handler.\n")


def test_a_handler_that_ends_the_process_is_judged_up_to_then(
    here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = here("import os\ndef handler(event, context):\n    if event['n'] == 2: os._exit(3)\n")
    (root / "event.json").write_text('{"n": {{number}}}')
    assert main(["app:handler", "--event", "event.json"]) == 2
    assert capsys.readouterr().out.endswith("(exit status 3)\nNo leaks seen up to that.\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["other:handler"], "there is no module other in .: --root names the folder that holds it\n"),
        (["inner:handler"], "there is no module inner in .: --root names the folder that holds it, here src\n"),
        (["app"], "error: `app` names no handler: write module:function, such as app:handler\n"),
        (
            ["app:handler", "--event", "ap.py"],
            "error: --event: ap.py: no such file or folder; did you mean `app.py`?\n",
        ),
        (["app:handler", "--event", "src"], "src: cannot be read: Is a directory"),
        (["app:handler", "--event", "app.py"], "app.py:1:1: not valid JSON: Expecting value"),
        (["app:handler", "--findings", "app.py"], "cannot be read as a JSON report"),
        (["app:handler", "--env", "NO_SUCH_VARIABLE"], "there is no such variable here"),
        (
            ["app:handler", "--output-format", "xml"],
            "--output-format: unknown format `xml`; formats are text, json, svg, html",
        ),
        (["app:handler", "--root", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_wrong_use_is_explained(
    words: list[str], says: str, here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = here(SOUND)
    (root / "src").mkdir()
    (root / "src" / "inner.py").write_text(SOUND)
    assert main(words) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["app:handler", "--times", "0"], "--times: `0` is not a number from 1 to 1000"),
        (["app:handler", "--times", "x"], "--times: `x` is not a number from 1 to 1000"),
        (["app:handler", "--timeout", "-1"], "--timeout: `-1` is not a number of seconds, more than 0 and at most 900"),
        (
            ["app:handler", "--engine", "foo"],
            "--engine: unknown value `foo`; expected one of `auto`, `awslambdaric`, `b",
        ),
        (["app:handler", "--regime", "lamda"], "--regime: unknown value `lamda`; did you mean `lambda`?"),
        (["app:handler", "--samples", "sqs"], "unknown option --samples; did you mean `--sample`?"),
        (
            ["app:handler", "--output-format", "json", "--output-format", "text"],
            "--output-format: only one format can go",
        ),
    ],
)
def test_wrong_options_are_explained_as_everywhere(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"error: {says}")


def test_output_that_cannot_be_written_is_no_traceback(
    here: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    here(SOUND)
    assert main(["app:handler", "--times", "1", "--output-format", "json:app.py/report.json"]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("source", SAMPLES)
def test_samples_are_events_with_markers(source: str) -> None:
    text = checked(sample(source), source)
    assert "u00000000n7e" in filled(text, "00000000", 7)
