"""The built-in engine: the order of calls and the error types of the real runtime, where that cannot be installed."""

from __future__ import annotations

import decimal
import importlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from json import dumps, loads
from typing import Any

from leaklint.confirm.inside.observer import Observer
from leaklint.confirm.inside.runtime_api import Request, RuntimeApi

Handler = Callable[..., Any]


class Fault(Exception):
    """What the platform reports in place of an exception of the handler's."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Context:
    """The second argument of a handler."""

    def __init__(self, request: Request) -> None:
        self.aws_request_id = request.request_id
        self.invoked_function_arn = request.arn
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.tenant_id = None
        self.client_context = None
        self.identity = None
        self._deadline = request.deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the invocation."""
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Writes to the log of the function."""
        sys.stdout.write(str(message))


class _CurrentRequest(logging.Filter):
    """Puts the id of the current request into each record."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


class _Log(logging.Handler):
    """Writes records where the platform collects them; asks for the stream each time, as the runtime does."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record))


def set_up_logging() -> _CurrentRequest:
    """Gives the root logger the handler that the runtime gives it."""
    logging.Formatter.converter = time.gmtime
    log = _Log()
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
    log.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    current = _CurrentRequest()
    log.addFilter(current)
    logging.getLogger().addHandler(log)
    return current


def load(handler: str) -> Handler:
    """The handler that ``module.function`` names."""
    module, _, attribute = (
        handler.replace(":", ".", 1).rpartition(".") if ":" not in handler else handler.partition(":")
    )
    if not module:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}'")
    if module.partition(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module} as a handler module")
    try:
        found: Any = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except SyntaxError as error:
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}") from error
    for name in attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            message = f"Handler '{attribute}' missing on module '{module}'"
            raise Fault("Runtime.HandlerNotFound", message) from error
    return found  # type: ignore[no-any-return]


def as_error(error: BaseException, request_id: str = "") -> dict[str, Any]:
    """What the platform is told of an exception."""
    kind = error.kind if isinstance(error, Fault) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    here = os.path.dirname(__file__)
    lines = [] if isinstance(error, Fault) else [each for each in frames if not each.filename.startswith(here)]
    return {
        "errorMessage": _message_of(error),
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": traceback.format_list(lines),
    }


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "the exception cannot be printed"


def say(error: dict[str, Any]) -> None:
    """Logs an error as the runtime does: on one line of the log."""
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
    for frame in error["stackTrace"]:
        lines += frame.rstrip("\n").split("\n")
    sys.stdout.write("\r".join(lines) + "\n")


def marshalled(result: Any) -> str:
    """What the handler returned, as JSON."""
    try:
        return dumps(result, ensure_ascii=False, default=_plain)
    except Exception as error:
        message = f"Unable to marshal response: {_message_of(error)}"
        raise Fault("Runtime.MarshalError", message) from error


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def unmarshalled(body: bytes) -> Any:
    """The event that a request carries."""
    try:
        return loads(body)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def loaded(handler: str, api: RuntimeApi) -> Handler:
    """The handler; where there is none, the platform is told and the container ends."""
    try:
        return load(handler)
    except Exception as error:
        said = as_error(error)
        say(said)
        api.init_error(said)
        sys.exit(1)


def restore(api: RuntimeApi, observer: Observer) -> None:
    """Lets the snapshot be taken and waits to be restored, with the hooks that the project has registered for both."""
    hooks: Any = sys.modules.get("snapshot_restore_py")  # nobody has registered any where it is not imported
    try:
        before = hooks.get_before_snapshot() if hooks else []
        while before:
            function, arguments, named = before.pop()
            function(*arguments, **named)
        observer.snapshot()
        api.restored()
        for function, arguments, named in hooks.get_after_restore() if hooks else ():
            function(*arguments, **named)
    except Exception as error:
        said = as_error(error)
        say(said)
        api.init_error(said)
        sys.exit(1)


def run(handler: str, address: str, observer: Observer) -> None:
    """Serves events until the container is ended."""
    api = RuntimeApi(address)
    current = set_up_logging()
    observer.ready()
    function = loaded(handler, api)
    if observer.snapstart:
        restore(api, observer)
    while True:
        observer.rests()
        request = api.next()
        observer.begins(request.request_id)
        current.request_id = request.request_id
        os.environ["_X_AMZN_TRACE_ID"] = request.trace
        _serve(function, request, api, observer)


def _serve(function: Handler, request: Request, api: RuntimeApi, observer: Observer) -> None:
    """One invocation; nothing of it is left in this frame's caller."""
    try:
        answer = marshalled(function(unmarshalled(request.body), Context(request)))
    except Exception as error:
        said = as_error(error, request.request_id)
        del error
        say(said)
        observer.returns()
        api.error(request.request_id, said)
        return
    observer.returns()
    api.answer(request.request_id, answer)
