"""What leaklint does to the machine: it reads the project, and writes its cache and the named outputs. An audit hook sees
everything else that Python does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = """
import json, os, sys

root, outside, cache, out, *arguments = sys.argv[1:]
offences = []
CHANGES = {"os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate",
           "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile", "os.setxattr", "os.removexattr"}
RUNS = {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "subprocess.Popen", "pty.spawn"}


def allowed(path):
    if isinstance(path, int) or path is None:
        return True
    path = os.path.join(os.getcwd(), os.fsdecode(path))
    return path == os.devnull or any(path == each or path.startswith(each + "/") for each in (cache, out))


def hear(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND) and not allowed(path):
            offences.append(f"writes {path}")
        if not isinstance(path, int) and os.path.realpath(os.fsdecode(path)).startswith(outside):
            offences.append(f"reads {path}")
    elif event in CHANGES and not allowed(arguments[0]):
        offences.append(f"{event} {arguments[0]}")
    elif event in RUNS:
        program = os.path.basename(os.fsdecode(arguments[0]))
        if program != "git":
            offences.append(f"{event} {arguments[0]}")
    elif event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        offences.append(event)
    elif event == "exec" and getattr(arguments[0], "co_filename", "").startswith(root):
        offences.append(f"runs {arguments[0].co_filename}")


sys.addaudithook(hear)
from leaklint.frontends.cli import main

status = main(arguments)
offences += [f"imports {name}" for name, each in sys.modules.items() if (getattr(each, "__file__", "") or "").startswith(root)]
with os.fdopen(3, "w") as told:
    json.dump([status, offences], told)
"""
TRAP = "open('/ran', 'w')\nraise SystemExit('it was run')\n"
LEAK = "SEEN = []\n\n\ndef handler(event, context):\n    SEEN.append(event)\n"
FILES = {
    "app.py": LEAK,
    "setup.py": TRAP,
    "conftest.py": TRAP,
    "sitecustomize.py": TRAP,
    "json.py": TRAP,
    "yaml.py": TRAP,
    "ast.py": TRAP,
    "leaklint_models.py": TRAP,
    "package/__init__.py": TRAP + LEAK,
    "template.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n"
    "  A: {Type: AWS::Serverless::Function, Properties: {CodeUri: ../outside, Handler: app.handler, Runtime: python3.12}}\n"
    "  B: {Type: AWS::Serverless::Function, Properties: {CodeUri: linked, Handler: app.handler, Runtime: python3.12}}\n"
    "  C: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: ../outside/more.yml}}}\n"
    "  D: !Include ../outside/more.yml\n",
    "serverless.yml": "service: x\nprovider: {name: aws, runtime: python3.12}\nfunctions: ${file(../outside/more.yml):functions}\n"
    "custom: ${file(/etc/passwd)}\n",
    "main.tf": 'locals {\n  x = file("../outside/more.yml")\n  y = yamldecode(file("/etc/passwd"))\n}\n'
    'module "m" {\n  source = "../outside"\n}\n',
    "Dockerfile": "FROM python:3.12\nCOPY ../outside/app.py .\nCMD app.handler\n",
    "cdk.json": '{"app": "python3 ../outside/app.py"}\n',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with traps, and a folder beside it that is none of its business."""
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "app.py").write_text(LEAK)
    (outside / "more.yml").write_text("functions:\n  f:\n    handler: app.handler\n")
    (root / "linked").symlink_to("../outside", target_is_directory=True)
    (root / "leaklint.toml").touch()
    return root


def watched(project: Path, tmp_path: Path, *arguments: str) -> tuple[int, list[str], str]:
    """The status of a run, what it did that it should not, and what it said on standard error."""
    reader, writer = os.pipe()
    command = [sys.executable, "-P", "-c", f"import os; os.dup2({writer}, 3)\n{WATCHED}"]
    command += [str(each) for each in (project, *(tmp_path / name for name in ("outside", "cache", "out")))]
    ended = subprocess.run(
        [*command, *arguments],
        cwd=project,
        env={**os.environ, "LEAKLINT_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        pass_fds=[writer],
    )
    os.close(writer)
    with os.fdopen(reader) as told:
        status, offences = json.load(told)
    assert "Traceback" not in ended.stderr
    return status, offences, ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [
            "check",
            "--jobs",
            "2",
            *(f"--output-format={name}:{{out}}/{name}" for name in ("json", "html", "sarif", "junit")),
        ],
        ["check", "--no-cache", "--jobs", "1"],
        ["handlers"],
        ["why", "app.py:5"],
        ["config"],
        ["explain", "LK101"],
        ["check", "--diff"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]).replace("{out}/", ""),
)
def test_nothing_else_is_read_written_or_run(project: Path, tmp_path: Path, arguments: list[str]) -> None:
    out, cache = tmp_path / "out", tmp_path / "cache"
    out.mkdir()
    before = sorted(path for path in tmp_path.rglob("*") if out not in path.parents and cache not in path.parents)
    status, offences, errors = watched(project, tmp_path, *(each.format(out=out) for each in arguments))
    assert (status in (0, 1), offences) == (True, []), errors
    after = sorted(path for path in tmp_path.rglob("*") if out not in path.parents and cache not in path.parents)
    assert [path for path in after if path not in (*before, cache)] == []


def test_what_is_named_is_seen_to_be_read(project: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    _, offences, _ = watched(project, tmp_path, "check", "../outside", "--output-format=json:report.json")
    assert any(each.startswith("reads ") for each in offences), "else the other tests would show nothing"
    assert any(each.startswith("writes ") and "report.json" in each for each in offences)


def test_modules_of_the_project_do_not_stand_in_for_those_of_python(project: Path) -> None:
    command = [sys.executable, "-m", "leaklint", "--output-format", "concise", "--no-cache", "app.py"]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert "it was run" not in ended.stderr
    assert ended.stdout.startswith("app.py:5:5: LK101")
