"""Where no fix is sure, none is offered, and ``leaklint why`` says why; a finding with one says how to have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leaklint.frontends.cli import main


def fixes_of(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What ``leaklint why`` says of fixes on the line that ends with ``# here``."""
    (folder / "leaklint.toml").write_text("")
    (folder / "app.py").write_text(text, encoding="utf-8")
    line = 1 + text[: text.index("# here")].count("\n")
    assert main(["why", f"app.py:{line}", "--output-format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    return [each["fix"] for each in found["findings"]]


THREADS = """\
import queue
import threading
import time

kept = None


def endless():
    while True:
        time.sleep(1)


def signalled(stop):
    while not stop.is_set():
        time.sleep(1)


def work():
    time.sleep(0.01)


def handler(event, context):
{body}
    return "ok"
"""
PIPE = """\
import multiprocessing


def send(end):
    end.send("small")


def handler(event, context):
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=send, args=(there,))
    child.start()  # here
    {line}
    return size
"""
CREW = """\
import http.server
import threading
import time


class Crew(threading.Thread):
    def __init__(self):
        super().__init__()
        self.busy = True
        self.started = []
        self.start()

    def run(self):
        time.sleep(0.01)

    def hire(self):
        hired = threading.Thread(target=self.run)
        self.started.append(hired)
        hired.start()

    def dismiss(self):
        for thread in self.started:
            thread.join()

    def turn(self):
        while self.busy:
            time.sleep(1)

    def work(self):
        self.turn()

    def begin(self):
        worker = threading.Thread(target=self.work)
        worker.start()


def handler(event, context):
    crew = Crew()
    crew.hire()
    crew.begin()
    server = http.server.HTTPServer(("", 0), http.server.BaseHTTPRequestHandler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    return "ok"
"""
STATE = """\
import asyncio
import threading

SEEN = []
COUNT = 0
{more}

def handler(event, context):
{body}
    return "ok"
"""


def indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("t = threading.Thread(target=work)\nt.start()  # here", "fix: join, by `leaklint --fix`"),
        (
            "t = threading.Thread(target=event['run'])\nt.start()  # here",
            "unsafe fix: join, by `leaklint --fix --unsafe-fixes`; look at what it changes",
        ),
        (
            "t = threading.Thread(target=endless)\nt.start()  # here",
            "no fix: endless never ends, so that nothing can wait for it",
        ),
        (
            "t = threading.Thread(target=signalled, args=(threading.Event(),))\nt.start()  # here",
            "no fix: signalled never ends, so that nothing can wait for it",
        ),
        ("t = threading.Thread(target=work); t.start()  # here", "fix: join, by `leaklint --fix`"),
        (
            "t = threading.Thread(target=work)\nif event: t.start()  # here",
            "no fix: the statement shares its line with another one",
        ),
        (
            "t = threading.Thread(target=work)\nt.start()  # here\nif event:\n    return t",
            "no fix: it goes to the caller, who can wait for it",
        ),
        (
            "global kept\nif kept is None:\n    kept = threading.Thread(target=work)\n    kept.start()  # here",
            "no fix: it is kept in a variable of the module, for later invocations",
        ),
    ],
)
def test_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], body: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fixes_of(tmp_path, THREADS.format(body=indented(body)), capsys) == [said]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "size = len(here.recv())",
            "no fix: what it sends is received later, and for want of room it would never end before",
        ),
        ("size = 0", "fix: wait-for-process, by `leaklint --fix`"),
    ],
)
def test_a_process_with_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fixes_of(tmp_path, PIPE.format(line=line), capsys) == [said]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("self.start()", "no fix: __init__ would come back only when what it starts has ended"),
        ("hired.start()", "no fix: dismiss() waits for it, where somebody calls that"),
        ("worker.start()", "no fix: work never ends, so that nothing can wait for it"),
        ("serving.start()", "no fix: serve_forever never ends, so that nothing can wait for it"),
    ],
)
def test_a_thread_of_an_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fixes_of(tmp_path, CREW.replace(line, f"{line}  # here"), capsys) == [said]


@pytest.mark.parametrize(
    ("more", "body", "said"),
    [
        (
            "",
            "SEEN.append(event)  # here",
            "unsafe fix: context-variable, by `leaklint --fix --unsafe-fixes`; look at what it changes",
        ),
        ("print(SEEN)\n", "SEEN.append(event)  # here", "no fix: app.py:6: it is used while the module is imported"),
        (
            "OTHER = []\n",
            "(SEEN if event else OTHER).append(event)  # here",
            "no fix: the expression changes several variables, depending on the way to it",
        ),
        ("", "globals()['COUNT'] = event  # here", "no fix: app.py:9: a text names it"),
        (
            "\ndef look(x):\n    SEEN.append(x)\n",
            "t = threading.Thread(target=look, args=(event,))\nSEEN.append(event)  # here\nt.start()\nt.join()",
            "no fix: it is used in another thread (line 12), which has a context of its own",
        ),
        (
            "\nasync def bump():\n    global COUNT\n    COUNT += 1\n",
            "global COUNT\nCOUNT += 2  # here\nasyncio.run(bump())",
            "no fix: it is bound in a task (line 15), which has a context of its own",
        ),
        (
            "\ndef unknown():\n    return len(SEEN)\n",
            "SEEN.append(event)  # here",
            "no fix: app.py:8: it is used where no handler comes, and would not be set there",
        ),
        (
            "\ndef around(function):\n    SEEN.clear()\n    return function\n\n\n@around",
            "SEEN.append(event)  # here",
            "no fix: a decorator of the handler may use it before or after the body of the handler",
        ),
    ],
)
def test_state_of_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: str, body: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    text = STATE.format(more=more, body=indented(body)).replace("@around\n\n", "@around\n")
    assert said in fixes_of(tmp_path, text, capsys)


@pytest.mark.parametrize("method", ["apply", "imap", "imap_unordered", "map", "map_async", "starmap_async"])
def test_a_pool_has_a_context_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    monkeypatch.chdir(tmp_path)
    more = "from multiprocessing.pool import ThreadPool\n\n\ndef look(x):\n    SEEN.append(x)\n"
    text = STATE.format(more=more, body=indented(f"SEEN.append(event)  # here\nThreadPool(1).{method}(look, [event])"))
    assert "no fix: it is used in another thread (line 15), which has a context of its own" in fixes_of(
        tmp_path, text, capsys
    )


def test_a_fix_that_is_tried_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        "import asyncio\n\nSEEN = []\n\n\nasync def keep(x):\n    SEEN.append(x)\n\n\n"
        "async def main(event):\n    keep(event)  # here\n\n\n"
        "def handler(event, context):\n    asyncio.run(main(event))\n    return len(SEEN)\n"
    )
    assert fixes_of(tmp_path, text, capsys) == ["no fix: LK101 would appear in app.py"]


def test_no_rule_without_a_fix_pretends_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "class Box:\n    items = []\n\n\ndef handler(event, context):\n    Box.items.append(event)  # here\n"
    assert fixes_of(tmp_path, text, capsys) == ["no fix: it takes a decision that only you can make"]


def test_the_text_says_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leaklint.toml").write_text("")
    (tmp_path / "app.py").write_text(THREADS.format(body="    threading.Thread(target=endless).start()"))
    assert main(["why", "app.py:23"]) == 0
    assert "    no fix: endless never ends, so that nothing can wait for it\n" in capsys.readouterr().out


def test_a_module_is_imported_by_a_name_that_python_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "my-lib" / "shared"
    package.mkdir(parents=True)
    (tmp_path / "leaklint.toml").write_text("")
    (package / "__init__.py").write_text("")
    (package / "state.py").write_text("SEEN = []\n\n\ndef add(item):\n    SEEN.append(item)\n")
    (tmp_path / "app.py").write_text(
        'import sys\n\nsys.path.append("my-lib")\n\nfrom shared.state import add\n\n\n'
        'def lambda_handler(event, context):\n    add(event["id"])\n'
    )
    assert main(["check", "--no-cache", "--fix", "--unsafe-fixes", "--quiet"]) == 0
    assert "\nfrom shared.state import add, SEEN\n" in (tmp_path / "app.py").read_text()


EMPTIED = """\
import asyncio
import threading


async def tasks(keys):
    batch = []
    for key in keys:
        batch.append(asyncio.create_task(asyncio.sleep(0))){task}
        {test}
            batch.clear()
    await asyncio.gather(*batch)


def handler(event, context):
    batch = []
    for key in event["keys"]:
        thread = threading.Thread(target=print)
        thread.start(){thread}
        batch.append(thread)
        {test}
            batch.clear()
    for each in batch:
        each.join()
    asyncio.run(tasks(event["keys"]))
"""


@pytest.mark.parametrize(("task", "thread"), [("  # here", ""), ("", "  # here")])
@pytest.mark.parametrize("test", ["if len(batch) == 10:", "if True:"])
def test_what_has_lost_its_container_is_not_waited_for(
    test: str,
    task: str,
    thread: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = EMPTIED.format(test=test, task=task, thread=thread)
    reason = "what holds it is emptied before anybody could wait for it there"
    assert fixes_of(tmp_path, source, capsys) == [f"no fix: {reason}"]
