"""Completion scripts: the shells accept them, and bash completes with them."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from leaklint.frontends.check import parser

COMPLETE = """
{script}
COMP_WORDS=(leaklint {words})
COMP_CWORD={at}
_leaklint
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(script: str, *words: str) -> list[str]:
    quoted = " ".join(f"'{word}'" for word in words)
    command = COMPLETE.format(script=script, words=quoted, at=len(words))
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    return sorted(filter(None, ended.stdout.splitlines()))


def test_bash_completes(leaklint: Any) -> None:
    script = leaklint("completion", "bash").out
    assert completed(script, "--sel") == ["--select"]
    assert completed(script, "bot", "--output-format", "js") == ["json", "json-lines"]
    assert completed(script, "--select", "LK10")[:3] == ["LK10", "LK101", "LK102"]
    assert "LK101" in completed(script, "explain", "LK")
    assert completed(script, "hand") == ["handlers"]
    assert completed(script, "bo") == ["bot"]


def test_every_option_is_known_to_every_shell(leaklint: Any) -> None:
    options = [option for action in parser()._actions for option in action.option_strings if option.startswith("--")]
    bash, fish = leaklint("completion", "bash").out, leaklint("completion", "fish").out
    assert len(options) > 25
    assert [option for option in options if option not in bash] == []
    assert [option for option in options if f"-l {option[2:]} -d '" not in fish] == []


@pytest.mark.parametrize("shell", [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)])
def test_a_shell_accepts_its_script(leaklint: Any, shell: str) -> None:
    script = leaklint("completion", shell).out
    subprocess.run([shell, "-n"], input=script, text=True, check=True)
