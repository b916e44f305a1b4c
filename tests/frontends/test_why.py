"""``leaklint why``: who reaches a line and how, what is reported there, and why the rest is silent."""

import json

import pytest

from leaklint.frontends.cli import main

APP = """\
from store import Box, keep, fresh

CLIENT = None


def handler(event, context):
    prepare(event)
    return keep(event["id"])


def prepare(event):
    global CLIENT
    if CLIENT is None:
        CLIENT = object()
    event.sender.send(event)
    box = Box()
    box.fill(event)


def unused(event):
    keep(event)


def alone(event):
    keep(event)  # noqa: LK101
"""
STORE = """\
KEPT = []
LOG = []


def keep(item):
    KEPT.append(item)
    fresh(item)


def fresh(item):
    LOG.append(item)  # noqa: LK101
    LOG.clear()


def send(item):
    KEPT.append(item)


class Box:
    def fill(self, item):
        self.item = item


LOG.append(keep)
"""


@pytest.fixture
def why(tmp_path, monkeypatch, capsys):
    """Runs the command in a small project, and gives the object that it prints for each line."""
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "store.py").write_text(STORE)
    (tmp_path / "notes.txt").write_text("x\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "made.py").write_text("A = []\n")
    (tmp_path / "leaklint.toml").write_text("")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, status=0):
        assert main(["why", *arguments, "--output-format", "json"]) == status
        out = capsys.readouterr()
        return json.loads(out.out) if out.out else out.err

    return run


def line_of(text, code):
    return 1 + text[: text.index(code)].count("\n")


def test_the_way_from_the_handler_over_two_calls(why):
    (found,) = why(f"store.py:{line_of(STORE, 'LOG.append(item)')}")
    (way,) = found["reached_by"]
    assert (found["function"], way["handler"], way["path"]) == ("fresh", "app:handler", "app.py")
    assert [(call["path"], call["line"]) for call in way["calls"]] == [("app.py", 8), ("store.py", 7)]
    assert found["not_reached"] == []


def test_a_finding_and_where_it_is_said(why):
    (found,) = why("store.py:6")
    (reason,) = found["findings"]
    assert reason["what"].startswith("LK101 module-state-mutated, error: request data")
    assert reason["why"] == "reported"


def test_a_column_may_follow(why):
    assert why("store.py:6:5") == why("store.py:6") == why("store.py:6:5:")


def test_a_habit_decides(why):
    (found,) = why(f"app.py:{line_of(APP, 'CLIENT = object()')}")
    (reason,) = found["silent"]
    assert found["findings"] == []
    assert reason["what"].startswith("CLIENT = object()") or reason["what"].startswith("CLIENT")
    assert reason["why"].startswith("habit 1, lazy initialisation: ")


def test_the_function_undoes_it_itself(why):
    (found,) = why(f"store.py:{line_of(STORE, 'LOG.append(item)')}")
    assert [reason["why"] for reason in found["silent"]] == [
        "fresh undoes or finishes it on every path (habits 2 and 6)"
    ]


def test_nothing_is_known_of_a_call(why):
    (found,) = why(f"app.py:{line_of(APP, 'event.sender.send')}")
    assert found["unknown"] == ["event.sender.send(event)"]


def test_a_function_that_only_something_unknown_may_call(why):
    (found,) = why(f"store.py:{line_of(STORE, 'def send') + 1}")
    assert found["reached_by"] == []
    assert found["not_reached"] == [
        "prepare (app.py:11) calls something named send, but nothing is known of the object"
    ]
    assert [reason["why"] for reason in found["silent"]] == ["no handler reaches it"]


def test_a_function_that_nobody_calls(why):
    (found,) = why(f"app.py:{line_of(APP, 'def unused') + 1}")
    assert found["not_reached"] == ["nothing that a handler reaches is known to call it"]
    (found,) = why(f"store.py:{line_of(STORE, 'def send') + 1}")
    assert len(found["not_reached"]) == 1


def test_a_caller_that_no_handler_reaches(why, tmp_path):
    (tmp_path / "more.py").write_text(
        "def outer():\n    inner()\n\n\ndef inner():\n    pass\n\n\nX = inner()\n\ndef last():\n    inner()\n"
    )
    (tmp_path / "app.py").write_text("import more\n" + APP)
    (found,) = why("more.py:6")
    assert found["not_reached"] == [
        "more.py:9 calls it when that module is imported, which happens once",
        "more.py:12 calls it in last, which no handler reaches either",
        "more.py:2 calls it in outer, which no handler reaches either",
    ]


def test_module_level_code(why):
    (found,) = why(f"store.py:{line_of(STORE, 'LOG.append(keep)')}")
    assert found["function"] == "<module>"
    assert "runs once" in found["not_reached"][0]


def test_an_object_of_the_invocation(why):
    (found,) = why(f"store.py:{line_of(STORE, 'self.item = item')}")
    assert found["reached_by"][0]["handler"] == "app:handler"
    assert found["findings"] == []


@pytest.mark.parametrize(
    ("settings", "fate"),
    [
        ('select = ["LK2"]', "the settings do not select it here"),
        ('min-severity = "error"\nseverity = { LK101 = "warning" }', "its severity is warning, below error"),
    ],
)
def test_findings_that_are_not_shown(why, tmp_path, settings, fate):
    (tmp_path / "leaklint.toml").write_text(settings)
    (found,) = why("store.py:6")
    assert fate in found["findings"][0]["why"]


def test_a_suppressed_finding(why, tmp_path):
    (tmp_path / "store.py").write_text(
        STORE.replace("KEPT.append(item)\n    fresh", "KEPT.append(item)  # noqa\n    fresh")
    )
    (found,) = why("store.py:6")
    assert found["findings"][0]["why"] == "not shown: the comment on line 6 suppresses it"


def test_a_suppression_that_silences_nothing(why, tmp_path):
    (tmp_path / "store.py").write_text(STORE + "X = 1  # noqa: LK101\n")
    (found,) = why(f"store.py:{STORE.count(chr(10)) + 1}")
    assert [reason["what"][:32] for reason in found["findings"]] == ["LK902 unused-suppression, warnin"]
    assert found["findings"][0]["why"] == "reported"


def test_a_handler_of_a_template_that_is_not_there(why, tmp_path):
    (tmp_path / "template.yaml").write_text(
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        "      CodeUri: .\n      Handler: app.nope\n      Runtime: python3.13\n"
    )
    (found,) = why("template.yaml:6")
    assert [reason["what"] for reason in found["findings"]] == ["LK903 handler-not-found, error: app.py has no 'nope'"]
    assert (found["not_analysed"], found["not_reached"], found["function"]) == ("", [], "")
    assert why("template.yaml:5")[0]["not_analysed"] == "no Python code stands here"


def test_a_file_that_cannot_be_parsed(why, tmp_path):
    (tmp_path / "bad.py").write_text("def f(:\n\nx = 1\n")
    (found,) = why("bad.py:1")
    assert found["findings"][0]["what"].startswith("LK901 file-not-analysed, error: not analysed: cannot be parsed")
    assert found["not_reached"] == []
    assert why("bad.py:3")[0]["not_analysed"] == "cannot be parsed: invalid syntax"


def test_lines_without_code(why):
    assert why("store.py:3")[0]["not_reached"] == ["no code stands on the line"]
    assert why("store.py:2")[0]["not_reached"] == [
        "it runs once, when the module is imported, and not in each invocation"
    ]


def test_a_file_that_is_left_out(why):
    (found,) = why("build/made.py:1")
    assert "left out" in found["not_analysed"]


def test_code_in_a_template(why, tmp_path):
    (tmp_path / "template.yaml").write_text(
        "Resources:\n"
        + "".join(
            f"  {name}:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: python3.13\n"
            f"      Handler: index.run\n      Code:\n        ZipFile: |\n          SEEN = []\n"
            f"          def run(message, meta):\n              {line}\n"
            for name, line in (("A", "return SEEN"), ("B", "SEEN.append(message)"))
        )
    )
    (found,) = why("template.yaml:21")
    assert (found["path"], found["function"]) == ("template.yaml", "run")
    assert [reason["what"][:5] for reason in found["findings"]] == ["LK101"]
    assert [(way["handler"], way["path"], way["line"]) for way in found["reached_by"]] == [
        ("index:run", "template.yaml", 20)
    ]
    (other,) = why("template.yaml:11")
    assert (other["function"], other["findings"]) == ("run", [])
    assert why("template.yaml:2")[0]["not_analysed"] == "no Python code stands here"


def test_without_any_handler(why, tmp_path):
    (tmp_path / "app.py").write_text("def run(x):\n    return x\n")
    (found,) = why("app.py:2")
    assert found["not_reached"] == ["the project has no handler that leaklint sees; `leaklint handlers` lists them"]


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("app.py", "FILE:LINE"),
        ("app.py:x", "FILE:LINE"),
        ("nowhere.py:1", "no such file"),
        ("app.py:99", "and none with the number 99"),
        (":3", "FILE:LINE"),
    ],
)
def test_wrong_places(why, place, complaint):
    assert complaint in why(place, status=2)


def test_as_text(why, capsys):
    assert main(["why", "store.py:6", "store.py:11"]) == 0
    out = capsys.readouterr().out
    assert "reached by 1 handler" in out
    assert "called at app.py:8" in out
    assert "LK101 module-state-mutated" in out
    assert "silent here" in out


@pytest.mark.parametrize(("ending", "count"), [("\n", 1), ("\r\n", 1), ("", 1), ("\n\n", 2)])
def test_the_line_behind_the_last_one_is_none(tmp_path, monkeypatch, capsys, ending: str, count: int) -> None:
    (tmp_path / "app.py").write_bytes(f"X = 1{ending}".encode())
    monkeypatch.chdir(tmp_path)
    assert main(["why", f"app.py:{count}"]) == 0
    assert main(["why", f"app.py:{count + 1}"]) == 2
    assert f"has {count} line" in capsys.readouterr().err


def test_without_settings_the_working_folder_is_the_root(tmp_path, monkeypatch, capsys):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "state.py").write_text("SEEN = []\n\n\ndef add(item):\n    SEEN.append(item)\n")
    (tmp_path / "app.py").write_text(
        'from lib.state import add\n\n\ndef lambda_handler(event, context):\n    add(event["id"])\n'
    )
    monkeypatch.chdir(tmp_path / "lib")
    assert main(["why", "state.py:5"]) == 0
    assert "the folder lib is taken for the whole project: an empty leaklint.toml" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert main(["why", "lib/state.py:5"]) == 0
    assert "reached by 1 handler" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "lib")
    (tmp_path / "leaklint.toml").write_text("")
    assert main(["why", "state.py:5"]) == 0
    assert "reached by 1 handler" in capsys.readouterr().out
