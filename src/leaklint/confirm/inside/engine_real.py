"""The engine of the real runtime: ``awslambdaric``, driven by a client of its own kind that knows the freeze point."""

from __future__ import annotations

from typing import Any

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

from leaklint.confirm.inside.observer import Observer


class Client(LambdaRuntimeClient):  # type: ignore[misc]
    """The runtime's client; asking for the next event is where the platform freezes."""

    def __init__(self, address: str, observer: Observer) -> None:
        super().__init__(address)
        self._observer = observer

    def wait_next_invocation(self) -> Any:
        """Rests, and then waits for the next event."""
        self._observer.rests()
        request = super().wait_next_invocation()
        self._observer.begins(request.invoke_id)
        return request

    def restore_next(self) -> Any:
        """Waits to be restored from the snapshot that is taken now."""
        self._observer.snapshot()
        return super().restore_next()

    def post_invocation_result(self, *arguments: Any, **named: Any) -> None:
        """Sends the answer."""
        self._observer.returns()
        super().post_invocation_result(*arguments, **named)

    def post_invocation_error(self, *arguments: Any, **named: Any) -> None:
        """Sends the error that the handler raised."""
        self._observer.returns()
        super().post_invocation_error(*arguments, **named)


def run(handler: str, address: str, observer: Observer) -> None:
    """Serves events until the container is ended."""
    client = Client(address, observer)
    observer.ready()
    bootstrap.run(handler, client)
