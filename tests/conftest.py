"""Two profiles of the tests: quick by default, full where ``LEAKLINT_PROVE`` is set."""

import compileall
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from truth.runner import Driver

CACHE = "leaklint-tests-"
PROVE = bool(os.environ.get("LEAKLINT_PROVE"))

settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("prove", max_examples=1_000, deadline=None)
settings.load_profile("prove" if PROVE else "quick")


def pytest_configure(config: pytest.Config) -> None:
    """Compiles leaklint once, which tests start some hundred times, and gives them a cache of their own."""
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is signal.SIG_IGN:
            # under nohup, or behind `&`: what tests start and interrupt would ignore it too
            signal.signal(number, lambda *_: None)
    if not hasattr(config, "workerinput"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # tests that are ended clean up as well
        _remove_caches_of_the_dead()
        os.environ["LEAKLINT_CACHE_DIR"] = tempfile.mkdtemp(prefix=f"{CACHE}{os.getpid()}-")
        compileall.compile_dir(Path(__file__).parents[1] / "src", quiet=2, workers=1)


def _remove_caches_of_the_dead() -> None:
    """Removes what tests have left that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{CACHE}*-*"):
        try:
            os.kill(int(folder.name.split("-")[2]), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            continue  # somebody else's, who lives


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes the cache that the tests have used."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["LEAKLINT_CACHE_DIR"], ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests marked ``prove`` to the full profile."""
    if PROVE:
        return
    left_out = [item for item in items if item.get_closest_marker("prove")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("prove")]


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    """The process that runs fixtures and examples, each in a fork of its own."""
    driver = Driver()
    yield driver
    driver.close()
