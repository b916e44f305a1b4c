"""What a handler is kept from: credentials, services, the network, and the environment of whoever runs it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from confirm.conftest import Observe

from leaklint.confirm.plan import Plan, Unusable
from leaklint.confirm.text import render

ENVIRONMENT = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
CONNECTS = """
import socket

def handler(event, context):
    try:
        socket.create_connection((event["host"], event["port"]), 2).close()
    except OSError as error:
        return type(error).__name__
    return "connected"
"""
FILES = """
import os, tempfile

def handler(event, context):
    with open("/tmp/leaklint-test-" + event["id"], "w") as file:
        file.write("x")
    made = tempfile.mkdtemp()
    return [os.path.expanduser("~"), made, file.name]
"""


def environment_of(report: object) -> dict[str, str]:
    return json.loads(report.record.invocations[0].answer)  # type: ignore[attr-defined, no-any-return]


def test_the_environment_is_clean_and_the_credentials_are_fake(
    observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the real one")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    found = environment_of(observe(ENVIRONMENT, times=1))
    assert "AWS_PROFILE" not in found
    assert "DATABASE_PASSWORD" not in found
    assert found["AWS_SECRET_ACCESS_KEY"] == "leaklint-no-secret"
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert found["AWS_CONFIG_FILE"] == found["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert found["HOME"] != os.environ.get("HOME")


def test_what_is_passed_on_is_there(observe: Observe) -> None:
    found = environment_of(observe(ENVIRONMENT, times=1, environment={"TABLE": "orders"}))
    assert found["TABLE"] == "orders"


def test_the_network_is_cut_off_or_the_report_says_so(observe: Observe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        report = observe(CONNECTS, event=json.dumps({"host": host, "port": port}), times=1)
    answer = json.loads(report.record.invocations[0].answer)
    assert (answer == "ConnectionRefusedError") is report.record.isolated


def test_the_network_can_be_allowed(observe: Observe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        event = json.dumps({"host": host, "port": port})
        report = observe(CONNECTS, event=event, times=1, allow_network=True)
    assert not report.record.isolated
    assert json.loads(report.record.invocations[0].answer) == "connected"


def test_the_endpoint_of_services_is_dead(observe: Observe) -> None:
    report = observe(CONNECTS, event='{"host": "127.0.0.1", "port": 1}', times=1, allow_network=True)
    assert json.loads(report.record.invocations[0].answer) == "ConnectionRefusedError"


def test_nothing_is_left_of_files_and_folders(observe: Observe) -> None:
    report = observe(FILES, times=2)
    for invocation in report.record.invocations:
        home, made, file = json.loads(invocation.answer)
        assert not Path(home).exists()
        assert not Path(made).exists()
        assert not Path(file).exists()


def test_files_that_were_there_before_stay(observe: Observe, tmp_path: Path) -> None:
    before = Path("/tmp") / f"leaklint-test-{tmp_path.name}-{os.getpid()}"
    before.write_text("precious")
    try:
        source = f"def handler(event, context):\n    open({str(before)!r}, 'a').close()\n"
        assert not observe(source).leaks
        assert before.read_text() == "precious"
    finally:
        before.unlink()


def test_the_project_is_not_littered(observe: Observe, tmp_path: Path) -> None:
    observe("import app\ndef handler(event, context): ...\n", times=1)
    assert [each.name for each in tmp_path.iterdir()] == ["app.py"]


def test_code_can_be_run_before_the_handler_is_imported(observe: Observe, tmp_path: Path) -> None:
    setup = tmp_path / "prepare.py"
    setup.write_text(
        "import sys, types\nmodule = types.ModuleType('boto3')\nmodule.KEPT = []\nsys.modules['boto3'] = module\n"
    )
    source = "import boto3\ndef handler(event, context):\n    return boto3.__name__\n"
    report = observe(source, setup=setup)
    assert json.loads(report.record.invocations[0].answer) == "boto3"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os\nraise RuntimeError('no stub')\n", "prepare.py:2: RuntimeError: no stub"),
        ("import os\n\nx = (\n", "prepare.py:3: SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit('not here')\n", "prepare.py:2: SystemExit: not here"),
        ("import json\njson.loads('')\n", "prepare.py:2: json.decoder.JSONDecodeError: Expecting value"),
    ],
)
def test_a_set_up_that_fails_is_named(observe: Observe, tmp_path: Path, code: str, says: str) -> None:
    (tmp_path / "prepare.py").write_text(code)
    report = observe("def handler(event, context): ...\n", setup=tmp_path / "prepare.py")
    assert report.record.init_error.startswith(says)
    assert not report.complete


STAND_IN = """
import socket
KEPT = []
INSTALLED = []
class Mock:
    def start(self): INSTALLED.append("mock_aws")
def mock_aws(): return Mock()
def answer(request): KEPT.append(request)
"""
USES_STAND_IN = """
import os, sys

def handler(event, context):
    moto = sys.modules["moto"]
    moto.answer(event["id"])
    return [moto.INSTALLED, os.environ.get("AWS_ENDPOINT_URL"), os.environ["AWS_ACCESS_KEY_ID"]]
"""


def test_moto_answers_in_place_of_aws_and_what_it_keeps_is_no_leak(
    observe: Observe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "moto.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(installed)
    report = observe(USES_STAND_IN, moto=True, environment={"PYTHONPATH": str(installed)})
    assert json.loads(report.record.invocations[0].answer) == [["mock_aws"], None, "leaklint-no-key"]
    assert not report.leaks
    assert "moto in place of AWS" in render(report)


def test_without_moto_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): ...\n")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unusable, match=r"pip install 'leaklint\[moto\]'"):
        Plan(root=tmp_path, handler="app:handler", moto=True).check()


def test_the_report_says_what_was_cut_off_and_what_was_passed_on(observe: Observe) -> None:
    report = observe(ENVIRONMENT, times=1, environment={"TABLE": "orders", "STAGE": "test"})
    network = "no network" if report.record.isolated else "the network could NOT be cut off"
    assert f"engine builtin, {network}, fake credentials, passed on: STAGE, TABLE\n" in render(report)


def test_a_file_that_grows_without_end_is_stopped(observe: Observe) -> None:
    source = (
        "import os, tempfile\n"
        "def handler(event, context):\n"
        "    with tempfile.TemporaryFile() as file:\n"
        "        file.truncate(600 * 1024 * 1024)\n"
    )
    report = observe(source, times=1)
    assert report.record.invocations[0].error.startswith("OSError")


@pytest.mark.parametrize(
    ("handler", "more", "says"),
    [
        ("app", {}, "write module:function"),
        ("other:handler", {}, "there is no module other"),
        ("app:handler", {"root": Path("no-such-folder")}, "is not a folder"),
        ("app:handler", {"setup": Path("no-such-file.py")}, "is not a file"),
        ("app:handler", {"python": "python3.99"}, "--python: there is no interpreter python3.99"),
        ("app:handler", {"python": "/nonexistent/python"}, "--python: there is no interpreter /nonexistent/python"),
    ],
)
def test_wrong_plans_are_refused(handler: str, more: dict[str, Path], says: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): ...\n")
    plan = Plan(**{"root": tmp_path, "handler": handler, **more})  # type: ignore[arg-type]
    with pytest.raises(Unusable, match=says):
        plan.check()


def test_without_linux_it_says_what_cannot_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(Unusable, match="needs Linux: freezing"):
        Plan(root=tmp_path, handler="app:handler").check()
