"""One container as the warden sees it: a process, its output, its channel and its side of the Runtime API."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

from leaklint.confirm import marks
from leaklint.confirm.warden import api, environment, isolate, tree

Say = Callable[[dict[str, Any]], None]
PACKET = 1 << 18
LONGEST_ANSWER = 100_000
DRAINING = 1.0
"""Seconds for which a container is listened to without a pause: what it started may never stop printing."""
START = os.path.join(os.path.dirname(os.path.dirname(__file__)), "inside", "__main__.py")


class Worker:
    """One container and what is known of the invocation that it is busy with."""

    def __init__(
        self, index: int, plan: dict[str, Any], folder: str, selector: selectors.BaseSelector, say: Say
    ) -> None:
        self.index = index
        self.plan = plan
        self.folder = folder
        self.made: list[str] = []
        self.number = 0
        """The invocation that runs, or has run last."""
        self.stopped = False
        self.rests = False
        """Whether the container has said that it is about to stop."""
        self.ended: str | None = None
        """How the process ended."""
        self.answered = False
        self.failed_init = False
        self.photos: dict[int, int | None] = {}
        """Photos under way, by invocation: the process that takes each, once it is known."""
        self._last_photo = 0
        self._selector = selector
        self._say = say
        self._left = int(plan["output_limit"])
        self._full = False
        self._waiting: api.Connection | None = None
        self._connections: list[api.Connection] = []
        self.pid = self._start()

    # Life

    def _start(self) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        self._selector.register(server, selectors.EVENT_READ, lambda: self._accept(server))
        self._server = server
        address = f"127.0.0.1:{server.getsockname()[1]}"
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (ours, theirs):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._channel = ours
        self._selector.register(ours, selectors.EVENT_READ, self.read_channel)
        root, handler = self.plan["root"], self.plan["handler"]
        plan = {
            **{
                name: self.plan[name]
                for name in ("root", "engine", "regime", "run", "freezes", "setup", "moto", "snapstart")
            },
            "handler": handler.replace(":", ".") if self.plan["engine"] == "awslambdaric" else handler,
            "output_limit": self.plan["output_limit"],
            "channel": theirs.fileno(),
            "api": address,
            "temporary": ["/tmp", "/var/tmp", os.path.join(self.folder, "tmp")],
        }
        variables = environment.environment_of(root, self.folder, address, handler, bool(self.plan["moto"]))
        if self.plan["snapstart"]:
            variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
        process = subprocess.Popen(
            [self.plan["python"], START, json.dumps(plan)],
            cwd=root,
            env={**variables, **self.plan["environment"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            preexec_fn=_before_start,  # noqa: PLW1509 (there is one thread)
        )
        theirs.close()
        self._process = process
        self._outputs = []
        for stream, pipe in ((1, process.stdout), (2, process.stderr)):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._outputs.append((stream, pipe))
            self._selector.register(pipe, selectors.EVENT_READ, lambda s=stream, p=pipe: self._read_output(s, p))
        return process.pid

    def note_status(self, status: int) -> None:
        """Takes what ``waitpid`` said of the process."""
        if os.WIFSTOPPED(status):
            self.stopped = True
        elif os.WIFEXITED(status):
            self.ended = f"exit status {os.WEXITSTATUS(status)}"
        elif os.WIFSIGNALED(status):
            self.ended = f"signal {os.WTERMSIG(status)}"
        if self.ended:
            self._process.returncode = 0

    def at_rest(self) -> bool:
        """Whether the container waits for the next event, or will do nothing more."""
        return self.ended is not None or (
            self.stopped and self.rests if self.plan["freezes"] else self._waiting is not None
        )

    def close(self) -> None:
        """Lets go of everything but the process itself."""
        files: list[Any] = [self._server, self._channel, *(pipe for _, pipe in self._outputs)]
        for each in files:
            self._forget(each)
            each.close()
        for connection in self._connections:
            self._forget(connection.stream)
            connection.stream.close()

    def _forget(self, file: Any) -> None:
        try:
            self._selector.unregister(file)
        except (KeyError, ValueError):
            return

    # What the container says

    def drain(self) -> None:
        """Reads everything that has been said and printed up to now, as far as somebody does not go on for ever."""
        deadline = time.monotonic() + DRAINING
        while self.read_channel() and time.monotonic() < deadline:
            pass
        for stream, pipe in self._outputs:
            while self._read_output(stream, pipe) and time.monotonic() < deadline:
                pass

    def read_channel(self) -> bool:
        """Takes one message; False when there is none."""
        try:
            packet = self._channel.recv(PACKET, socket.MSG_DONTWAIT)
        except OSError:
            return False
        if not packet:
            self._forget(self._channel)
            return False
        try:
            message = json.loads(packet)
        except ValueError:
            return True
        what = message.get("say")
        if what == "photo-begins":
            self._last_photo = message["invocation"]
            self.photos[self._last_photo] = None
        elif what == "rests":
            self.rests = True
        elif what == "photo-copy":
            self.photos[self._last_photo] = message["pid"]
        elif what in ("photo-ends", "photo-failed"):
            self.photos.pop(message["invocation"], None)
        elif what == "started" and message.get("kind") in ("file", "folder"):
            self.made.append(message["name"])
        self._tell(message)
        return True

    def _tell(self, message: dict[str, Any]) -> None:
        self._say({**message, "worker": self.index, "during": self.number})

    def _read_output(self, stream: int, pipe: Any) -> bool:
        """Takes what was written to a file descriptor, past the streams of Python."""
        try:
            text = os.read(pipe.fileno(), 1 << 16)
        except BlockingIOError:
            return False
        except (OSError, ValueError):
            text = b""
        if not text:
            self._forget(pipe)
            return False
        kept = text[: self._left]
        self._left -= len(kept)
        if kept:
            said = kept.decode("utf-8", "replace")
            self._tell({"say": "written", "stream": stream, "text": said, "at": time.monotonic_ns()})
        if len(kept) < len(text) and not self._full:
            self._full = True
            self._tell({"say": "output-full", "stream": stream, "at": time.monotonic_ns()})
        return True

    # The Runtime API

    def _accept(self, server: socket.socket) -> None:
        stream, _ = server.accept()
        connection = api.Connection(stream, self._serve)
        self._connections.append(connection)

        def readable() -> None:
            if not connection.readable():
                self._forget(stream)
                self._connections.remove(connection)
                if self._waiting is connection:
                    self._waiting = None
                stream.close()

        self._selector.register(stream, selectors.EVENT_READ, readable)

    def _serve(self, connection: api.Connection, call: api.Call) -> None:
        path = call.path.removeprefix(api.BASE)
        if path == "/invocation/next":
            self._waiting = connection
        elif path in ("/init/error", "/restore/error"):
            self.failed_init = True
            self._answer("init-error", call.body)
            api.accepted(connection)
        elif path == "/restore/next":
            connection.reply(200)
        elif path.startswith("/invocation/") and path.endswith(("/response", "/error")):
            if path.split("/")[2] != marks.request_id(self.plan["run"], self.number):
                connection.reply(400, b'{"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}')
                return
            self._answer("ok" if path.endswith("/response") else "error", call.body)
            api.accepted(connection)
        else:
            connection.reply(404)

    def _answer(self, status: str, body: bytes) -> None:
        self.answered = True
        text = body.decode("utf-8", "replace")
        self._tell({"say": "answered", "status": status, "body": text[:LONGEST_ANSWER], "at": time.monotonic_ns()})

    def awaits_event(self) -> bool:
        """Whether the container has asked for the next event."""
        return self._waiting is not None or self.ended is not None

    def give(self, number: int, body: str) -> None:
        """Hands an event out."""
        connection, self._waiting = self._waiting, None
        if connection is None:
            return
        self.answered = False
        deadline = int((time.time() + float(self.plan["timeout"])) * 1000)
        self._tell({"say": "given", "at": time.monotonic_ns()})
        connection.reply(
            200,
            body.encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": marks.request_id(self.plan["run"], number),
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": environment.ARN,
                "Lambda-Runtime-Trace-Id": f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)};Sampled=0",
            },
        )


def _before_start() -> None:
    """Runs in the new process, before the container's program."""
    tree.die_with_parent()
    isolate.limit_resources()
