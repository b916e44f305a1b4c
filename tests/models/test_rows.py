"""The packaged rows: they are well formed, sorted, and name what is really there."""

from __future__ import annotations

import importlib
import inspect
import re
import sys

import pytest

from leaklint.models.load import GIVEN, Models, parse
from leaklint.models.schema import Row
from leaklint.pipeline.solving import packaged

TABLES = [*packaged("stdlib"), *packaged("libraries")]
ROWS = {file: parse(text, file) for file, text in TABLES}
MODELS = Models(ROWS.values())
FILES = [pytest.param(file, text, id=file) for file, text in TABLES]
STANDARD = sorted(name for file, rows in ROWS.items() if file.startswith("stdlib/") for name in rows)
SINCE = {
    "asyncio.EventLoop": (3, 13),
    "asyncio.eager_task_factory": (3, 12),
    "concurrent.futures.InterpreterPoolExecutor": (3, 14),
    "copy.replace": (3, 13),
    "itertools.batched": (3, 12),
    "uuid.uuid6": (3, 14),
    "uuid.uuid7": (3, 14),
}
"""Names that older Pythons do not have."""
WITHOUT_A_NAME = {
    "builtins.dict_items",
    "builtins.dict_keys",
    "builtins.dict_values",
    "builtins.generator",
    "logging.Logger.filters",
    "logging.Logger.handlers",
    "logging.Logger.level",
    "multiprocessing.managers.SyncManager.shutdown",
    "os._wrap_close.read",
    "os._wrap_close.readlines",
    "typing.Annotated",
}
"""What Python has, but keeps under no name, or only in objects, or since some version not as a class."""


def named(name: str) -> object:
    """What stands under a dotted name."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def test_a_row_that_is_read_when_asked_for_is_the_same() -> None:
    packaged_only = Models([], TABLES)
    names = {name for rows in ROWS.values() for name in rows}
    implied = {f"{name}.{below}" for rows in ROWS.values() for name, row in rows.items() for below in row.coroutines}
    for name in sorted(names | implied | {"asyncio.no_such_name", "no_such_package.name"}):
        assert packaged_only.row(name) == MODELS.row(name), name
        assert (name in packaged_only) is (name in MODELS)
    for package in sorted({name.partition(".")[0] for name in names}):
        assert packaged_only.asynchronous(package) == MODELS.asynchronous(package), package


@pytest.mark.parametrize(("file", "text"), FILES)
def test_rows_are_sorted(file: str, text: str) -> None:
    names = re.findall(r'(?m)^\["(.+)"\]$', text)
    assert names == sorted(names)
    assert len(names) == len(ROWS[file])


@pytest.mark.parametrize(("file", "text"), FILES)
def test_tables_are_short_and_say_what_they_hold(file: str, text: str) -> None:
    assert text.startswith("# ")
    assert text.count("\n") < 400
    assert max(map(len, text.splitlines())) <= 180


def test_no_name_stands_in_two_tables() -> None:
    names = [name for rows in ROWS.values() for name in rows]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(("file", "text"), FILES)
def test_every_row_becomes_summaries(file: str, text: str) -> None:
    for name in ROWS[file]:
        formals = [formal.name for formal in MODELS.parameters(name) or ()]
        assert MODELS.summary(name, {}) is not None
        assert MODELS.summary(name, dict.fromkeys(formals, GIVEN)) is not None


@pytest.mark.parametrize(("file", "text"), FILES)
def test_classes_that_rows_name_are_classes(file: str, text: str) -> None:
    for name, row in ROWS[file].items():
        variants = [variant.type for variant in row.types]
        parts = row.parts.values()
        for each in (row.type, row.elements, row.instance_of, *row.bases, *row.attributes.values(), *variants, *parts):
            assert not each or MODELS.is_class(each), f"{file}: {name}: {each}"
        if row.alias_of:
            assert row.alias_of in MODELS, f"{file}: {name}: {row.alias_of}"
            assert row == Row(alias_of=row.alias_of), f"{file}: {name}: an alias says nothing else"


@pytest.mark.parametrize("name", [name for name in STANDARD if "<" not in name])
def test_names_of_the_standard_library_exist(name: str) -> None:
    if any(name == each or name.startswith(f"{each}.") for each in WITHOUT_A_NAME):
        return
    if name in SINCE and sys.version_info < SINCE[name]:
        with pytest.raises(AttributeError):
            named(name)
        return
    assert named(name) is not None


@pytest.mark.parametrize("name", [name for name in STANDARD if "<" not in name and "." in name])
def test_only_what_stands_in_a_class_is_a_method(name: str) -> None:
    owner = name.rpartition(".")[0]
    if owner in WITHOUT_A_NAME:
        return
    assert MODELS.is_method(name) <= inspect.isclass(named(owner))


@pytest.mark.parametrize("name", [name for name in STANDARD if "<" not in name and MODELS.row(name).coroutine])
def test_coroutine_functions_of_the_standard_library_are_some(name: str) -> None:
    written_in_c = name == "builtins.anext" or name.startswith("types.AsyncGeneratorType.")
    assert inspect.iscoroutinefunction(named(name)) or written_in_c


@pytest.mark.parametrize("module", ["asyncio", "asyncio.subprocess", "contextlib"])
def test_every_coroutine_function_of_the_standard_library_has_a_row(module: str) -> None:
    missing = []
    for name, found in vars(importlib.import_module(module)).items():
        if name.startswith("_"):
            continue
        if inspect.iscoroutinefunction(found):
            row = MODELS.row(f"{module}.{name}")
            missing += [f"{module}.{name}"] if row is None or not row.coroutine else []
        elif inspect.isclass(found) and not name.endswith(("Protocol", "Transport")):
            for below in dir(found):
                if below.startswith("_") or not inspect.iscoroutinefunction(getattr(found, below, None)):
                    continue
                row = MODELS.row(MODELS.method(f"{module}.{name}", below) or "")
                missing += [f"{module}.{name}.{below}"] if row is None or not row.coroutine else []
    assert not missing, "\n".join(missing)


OUTSIDE = sorted(
    f"{name}.{each}"
    for file, rows in ROWS.items()
    if file.startswith("stdlib/")
    for name, row in rows.items()
    for each in row.outside
    if each != "*"
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_asks_the_outside_world_exists(name: str) -> None:
    assert named(name) is not None
    assert MODELS.asks_outside(name)
