"""The pytest plugin: the fixture ``warm_container``, for tests that a handler leaks nothing.

    def test_nothing_leaks(warm_container):
        container = warm_container("app:handler")
        for _ in range(3):
            container.invoke({"id": "{{unique}}"})
        assert container.leaks == []

The handler runs in a process of its own, frozen between invocations; with ``--leaklint-in-process`` in the test's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from leaklint.confirm.testing import WarmContainer


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option of the plugin."""
    group = parser.getgroup("leaklint")
    group.addoption(
        "--leaklint-in-process",
        action="store_true",
        help="call handlers of warm containers in the process of the tests, without freezing",
    )


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Lets ``assert container.leaks == []`` say what leaks, each leak on a line of its own."""
    if op == "==" and right == [] and isinstance(left, list) and type(left[0]).__module__ == "leaklint.confirm.testing":
        return ["the handler leaks:", *(repr(leak) for leak in left)]
    return None


@pytest.fixture
def warm_container(request: pytest.FixtureRequest) -> Iterator[Callable[..., WarmContainer]]:
    """Starts warm containers: ``warm_container("module:function")`` or ``warm_container(function)``.

    Named arguments: ``root``, ``regime``, ``engine``, ``timeout``, ``environment``, ``in_process``.
    """
    from leaklint.confirm.plan import Unusable
    from leaklint.confirm.testing import warm_container as start

    started: list[WarmContainer] = []

    def begin(handler: str | Callable[..., Any], **named: Any) -> WarmContainer:
        __tracebackhide__ = True  # what matters to the user is the line of the test
        named.setdefault("in_process", request.config.getoption("--leaklint-in-process"))
        try:
            started.append(start(handler, request.config.rootpath, **named))
            return started[-1]
        except Unusable as error:
            reason = str(error)
        pytest.fail(f"warm_container: {reason}")

    yield begin
    for container in started:
        container.close()
