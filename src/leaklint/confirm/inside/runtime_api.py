"""The built-in engines' client of the Runtime API: ask for the next event, send answers and errors."""

from __future__ import annotations

import http.client
from json import dumps
from typing import Any, NamedTuple

BASE = "/2018-06-01/runtime"


class Request(NamedTuple):
    """One event, as the platform hands it over."""

    request_id: str
    deadline: int
    arn: str
    trace: str
    body: bytes


class RuntimeApi:
    """A connection to the platform that stays open."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self._connection = http.client.HTTPConnection(host, int(port))
        self._connection.connect()

    def next(self) -> Request:
        """Waits for the next event."""
        self._connection.request("GET", f"{BASE}/invocation/next")
        response = self._connection.getresponse()
        body = response.read()
        return Request(
            response.headers["Lambda-Runtime-Aws-Request-Id"],
            int(response.headers["Lambda-Runtime-Deadline-Ms"]),
            response.headers["Lambda-Runtime-Invoked-Function-Arn"],
            response.headers["Lambda-Runtime-Trace-Id"],
            body,
        )

    def restored(self) -> None:
        """Waits to be restored from a snapshot."""
        self._connection.request("GET", f"{BASE}/restore/next")
        self._connection.getresponse().read()

    def answer(self, request_id: str, body: str) -> None:
        """Sends what the handler returned."""
        self._post(f"/invocation/{request_id}/response", body)

    def error(self, request_id: str, error: dict[str, Any]) -> None:
        """Sends what the handler raised."""
        self._post(f"/invocation/{request_id}/error", dumps(error))

    def init_error(self, error: dict[str, Any]) -> None:
        """Says that there is no handler to call."""
        self._post("/init/error", dumps(error))

    def _post(self, path: str, body: str) -> None:
        self._connection.request("POST", BASE + path, body.encode("utf-8", "surrogatepass"))
        self._connection.getresponse().read()
