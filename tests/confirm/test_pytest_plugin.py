"""The fixture ``warm_container`` in somebody's own tests, in both of its ways."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from confirm.conftest import left_of

from leaklint.confirm.plan import Unusable
from leaklint.confirm.testing import warm_container

HANDLERS = """
import threading, time

SEEN = []

def leaky(event, context):
    SEEN.append(event["id"])
    threading.Timer(1.0, print, ["late"]).start()
    return len(SEEN)

def sound(event, context):
    print("answering", event["id"])
    return {"id": event["id"], "request": context.aws_request_id}

def failing(event, context):
    raise KeyError(event["id"])
"""
TESTS = """
import app

def test_by_name(warm_container):
    container = warm_container("app:sound")
    for number in range(3):
        returned = container.invoke({"id": "{{unique}}"})
        assert returned.answer["id"]
        assert not returned.error
    assert container.leaks == []

def test_by_function(warm_container):
    container = warm_container(app.leaky)
    assert [container.invoke({"id": "{{unique}}"}).answer for _ in range(3)] == [1, 2, 3]
    assert sorted(leak.code for leak in container.leaks) == ["LK101", "LK205"]

def test_that_fails(warm_container):
    container = warm_container("app:leaky")
    for _ in range(3):
        container.invoke({"id": "{{unique}}"})
    assert container.leaks == []

def test_errors(warm_container):
    assert warm_container("app:failing").invoke({"id": "x"}).error == "KeyError: 'x'"
"""


def run_tests(folder: Path, *options: str) -> str:
    """What pytest prints for the tests of a folder, with nothing but our plugin loaded."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), *sys.path])
    command = [sys.executable, "-m", "pytest", "-p", "leaklint.pytest_plugin", "-p", "no:cacheprovider", "-q", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("options", [(), ("--leaklint-in-process",)])
def test_leaks_fail_a_test_and_explain_themselves(project: Callable[..., Path], options: tuple[str, ...]) -> None:
    output = run_tests(project(app=HANDLERS, test_app=TESTS), *options)
    assert "1 failed, 3 passed" in output
    assert "FAILED test_app.py::test_that_fails" in output
    assert "the handler leaks:" in output
    assert "LK101 state app.SEEN at app.py:4: data of invocation 1 is still in app.SEEN[" in output
    assert "LK205 timer print at app.py:8 (leaky): started by invocations 1, 2 and 3" in output


IN_SRC = """
import pytest

@pytest.mark.parametrize("named", [{}, {"root": "src"}])
def test_layout(warm_container, named):
    assert warm_container("shop.app:sound", **named).invoke({"id": 1}).answer["id"] == 1

def test_missing(warm_container):
    warm_container("shop.nothing:handler")
"""


def test_the_root_is_found_and_a_missing_module_explained(project: Callable[..., Path]) -> None:
    output = run_tests(project(src__shop__app=HANDLERS, test_shop=IN_SRC))
    assert "1 failed, 2 passed" in output
    assert "Failed: warm_container: there is no module shop.nothing in" in output
    assert "plan.py" not in output


def test_the_work_of_one_invocation_prints_inside_the_next(project: Callable[..., Path]) -> None:
    container = warm_container(
        "app:leaky", project(app=HANDLERS.replace("1.0", "0.03").replace("return len", "time.sleep(1); return len"))
    )
    try:
        assert container.invoke({"id": 1}).printed == ("late",)
        assert container.leaks == []
    finally:
        container.close()


def test_a_handler_that_cannot_be_imported_is_refused(project: Callable[..., Path]) -> None:
    with pytest.raises(Unusable, match=r"never called: Runtime\.HandlerNotFound"):
        warm_container("app:nobody", project(app=HANDLERS))


def test_an_import_that_fails_in_process_leaves_nothing_watched(project: Callable[..., Path]) -> None:
    before, path = threading.Thread.start, list(sys.path)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        warm_container("broken:handler", project(broken="import no_such_module\n"), in_process=True)
    assert threading.Thread.start is before
    assert sys.path == path


def test_a_function_without_a_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="bound by no module"):
        warm_container(lambda event, context: None, tmp_path)


def test_a_container_that_has_ended_takes_no_events(project: Callable[..., Path]) -> None:
    container = warm_container("app:handler", project(app="def handler(event, context):\n    raise SystemExit(3)\n"))
    try:
        assert container.invoke({}).error == "Runtime.ExitError: the process ended (exit status 3)"
        with pytest.raises(Unusable, match="did not live to see"):
            container.invoke({})
    finally:
        container.close()


def test_nothing_is_left_when_the_test_is_over(project: Callable[..., Path]) -> None:
    container = warm_container("app:leaky", project(app=HANDLERS))
    container.invoke({"id": 1})
    name = container._plan.run
    assert left_of(name)
    container.close()
    assert left_of(name) == []


def test_in_process_it_works_where_nothing_can_be_forked_or_frozen(project: Callable[..., Path]) -> None:
    root = project(app=HANDLERS)
    script = (
        "import asyncio, ctypes, multiprocessing.pool, os, signal, sys\n"
        "for module, names in ((os, ('fork', 'posix_spawn', 'register_at_fork', 'waitid')), "
        "(signal, ('SIGSTOP', 'SIGCHLD', 'alarm', 'setitimer', 'getitimer'))):\n"
        "    for name in names: delattr(module, name)\n"
        "sys.modules['fcntl'] = sys.modules['resource'] = None\n"
        "ctypes.PyDLL = None\n"
        "from pathlib import Path\n"
        "from leaklint.confirm.testing import warm_container\n"
        "container = warm_container('app:leaky', Path('.'), in_process=True)\n"
        "for _ in range(3): container.invoke({'id': '{{unique}}'})\n"
        "print([leak.code for leak in container.leaks])\n"
        "container.close()\n"
        "sys.platform = 'win32'\n"
        "try: warm_container('app:leaky', Path('.'))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("['LK101', 'LK205']\nUnusable confirm needs Linux: freezing"), ended.stderr
