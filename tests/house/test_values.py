"""The value types are values: frozen, slotted, and with no behaviour but what follows from their fields."""

import importlib
import inspect
import pkgutil

import msgspec
import pytest

import leaklint.ir

STRUCTS = sorted(
    {
        member
        for module in pkgutil.iter_modules(leaklint.ir.__path__, "leaklint.ir.")
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if issubclass(member, msgspec.Struct) and member is not msgspec.Struct
    },
    key=lambda struct: f"{struct.__module__}.{struct.__qualname__}",
)


def test_there_are_values() -> None:
    assert len(STRUCTS) > 50


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__qualname__)
def test_a_value_is_frozen_and_slotted(struct: type[msgspec.Struct]) -> None:
    assert struct.__struct_config__.frozen
    assert not struct.__dictoffset__


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__qualname__)
def test_a_value_has_no_methods(struct: type[msgspec.Struct]) -> None:
    own = [name for name, member in vars(struct).items() if inspect.isfunction(member)]
    assert [name for name in own if not name.startswith("__")] == []
