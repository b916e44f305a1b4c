"""Starts the container: observers first, then the platform's own, then the engine, which imports the handler."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from typing import Any


def main(text: str) -> None:
    """Runs the container that the plan describes."""
    plan: dict[str, Any] = json.loads(text)
    sys.path[0] = os.path.abspath(__file__).partition(os.sep + os.path.join("leaklint", "confirm"))[0]
    from leaklint.confirm.inside.channel import Channel
    from leaklint.confirm.inside.observer import Observer

    observer = Observer(plan, Channel(plan["channel"]))
    engine = engine_of(plan)
    sys.path[0] = plan["root"]
    sys.argv[:] = ["bootstrap"]
    observer.install()
    try:
        prepare(plan)
    except BaseException as error:
        observer.channel.say("not-prepared", reason=_reason(plan["setup"], error))
        raise
    engine(plan["handler"], plan["api"], observer)


def engine_of(plan: dict[str, Any]) -> Any:
    """The function that serves events, imported before the project's folder is on the path."""
    if plan["regime"] == "loop":
        from leaklint.confirm.inside.engine_loop import run as loop

        return loop
    if plan["engine"] == "awslambdaric":
        from leaklint.confirm.inside.engine_real import run as real

        return real
    from leaklint.confirm.inside.engine_builtin import run as builtin

    return builtin


def prepare(plan: dict[str, Any]) -> None:
    """Does what the user asked to be done before the handler is imported."""
    if plan["moto"]:
        importlib.import_module("moto").mock_aws().start()
    if plan["setup"]:
        from leaklint.confirm.inside.owners import SETUP

        spec = importlib.util.spec_from_file_location(SETUP, plan["setup"])
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[SETUP] = module
        spec.loader.exec_module(module)


def _reason(file: str | None, error: BaseException) -> str:
    """Type and message of an error, behind the line of a file that it came from, or that cannot be parsed."""
    import traceback

    said = traceback.format_exception_only(error)[-1].strip()[:1000]
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        lines.append(error.lineno)
    return f"{file}:{lines[-1]}: {said}" if lines else said


if __name__ == "__main__":
    main(sys.argv[1])
