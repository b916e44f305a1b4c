"""The parts of a value, found without running any code of the user's.

``type(value)``, never ``isinstance``, which asks proxies; built-in iteration by the base type's own methods; instance
variables and slots by the descriptors of the class; no ``__getattr__``, ``__eq__``, ``__hash__``, ``__repr__``,
``__len__`` or ``__bool__`` of the user's; iterators are looked at and never advanced.
"""

from __future__ import annotations

import _thread
import contextvars
import datetime
import decimal
import fractions
import functools
import gc
import io
import itertools
import operator
import os
import pathlib
import types
import uuid
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

Part = tuple[str, Any]
"""How a part is reached from the whole, and the part."""


class Position(str):
    """How far something that is consumed has come; no value of the user's."""

    __slots__ = ()


ATOMS = frozenset({str, bytes, int, float, complex, bool, type(None), type(...), type(NotImplemented), range})
OPAQUE = frozenset(
    {
        types.ModuleType,
        types.CodeType,
        types.FrameType,
        types.TracebackType,
        types.BuiltinFunctionType,
        types.MethodDescriptorType,
        types.WrapperDescriptorType,
        types.MethodWrapperType,
        types.GetSetDescriptorType,
        types.MemberDescriptorType,
    }
)
PLAIN_TEXT: dict[type, Callable[[Any], str]] = {
    kind: kind.__repr__
    for kind in (
        datetime.datetime,
        datetime.date,
        datetime.time,
        datetime.timedelta,
        decimal.Decimal,
        fractions.Fraction,
        uuid.UUID,
        pathlib.PosixPath,
        pathlib.PurePosixPath,
        pathlib.WindowsPath,
        pathlib.PureWindowsPath,
    )
}
"""Values that are what they print as."""
HASHERS = frozenset({"_hashlib", "_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_blake2"})
"""Modules whose objects are what they have been fed, as far as their digest tells."""
MOST_PARTS = 50_000
"""Of one container; what comes after is not looked at."""

SEQUENCES: tuple[Any, ...] = (list, tuple, deque)
SETS: tuple[Any, ...] = (set, frozenset)

_dict_of_type = type.__dict__["__dict__"].__get__
_mro_of_type = type.__dict__["__mro__"].__get__
_module_of_type = type.__dict__["__module__"].__get__
_name_of_type = type.__dict__["__name__"].__get__
LRU_CACHE = type(functools.lru_cache(lambda: None))
COMPUTED = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
ITERATORS: frozenset[Any] = frozenset(
    {
        type(iter([])),
        type(iter(())),
        type(iter(set())),
        type(iter({})),
        type(iter({}.values())),
        type(iter({}.items())),
        type(reversed([])),
        type(iter(range(0))),
        type(iter(range(2**70))),
        type(iter("")),
        type(iter("é")),
        type(iter(b"")),
        itertools.repeat,
    }
)
"""Built-in iterators that know how much is left of them."""
WRAPPING_ITERATORS: frozenset[Any] = frozenset(
    {map, filter, zip, enumerate, reversed, itertools.chain, itertools.islice}
)


def home_of(kind: type) -> str:
    """The module that a class says it is from."""
    module = _module_of_type(kind)
    return module if type(module) is str else ""


def class_name(kind: type) -> str:
    """The bare name of a class."""
    return str(_name_of_type(kind))


def home_of_cache(value: Any) -> str:
    """The module of the function that a cache of ``functools`` keeps the answers of."""
    function = dict(instance_parts(value)).get(".__wrapped__")
    return str(function.__globals__.get("__name__", "")) if type(function) is types.FunctionType else ""


def attributes_of_class(kind: type) -> dict[str, Any]:
    """The variables of one class, without those of its bases."""
    return dict(_dict_of_type(kind))


def instance_parts(value: Any) -> Iterator[Part]:
    """Instance variables and slots."""
    for kind in _mro_of_type(type(value)):
        for name, attribute in dict.items(attributes_of_class(kind)):
            if type(attribute) is types.GetSetDescriptorType and name == "__dict__" and kind is not type:
                variables = attribute.__get__(value)
                if type(variables) is dict:
                    yield from ((f".{key}", item) for key, item in list(variables.items()) if type(key) is str)
            elif type(attribute) is types.MemberDescriptorType and home_of(kind) != "builtins":
                try:
                    yield f".{name}", attribute.__get__(value)
                except (AttributeError, TypeError):
                    continue


def key_label(key: Any) -> str:
    """How an entry of a dictionary is reached."""
    if type(key) in ATOMS:
        return f"[{key!r}]"
    return f"[{class_name(key if issubclass(type(key), type) else type(key))}]"


def container_parts(value: Any, kind: type) -> Iterator[Part] | None:
    """What a built-in container, or an instance of a subclass of one, contains; None for anything else."""
    if issubclass(kind, dict):
        return _entries(value)
    if kind is types.MappingProxyType:
        return iter([("", part) for part in gc.get_referents(value)])
    iterate = next((base.__iter__ for base in SEQUENCES if issubclass(kind, base)), None)
    if iterate is not None:
        items = list(itertools.islice(iterate(value), MOST_PARTS))
        return ((f"[{index}]", item) for index, item in enumerate(items))
    iterate = next((base.__iter__ for base in SETS if issubclass(kind, base)), None)
    if iterate is not None:
        return (("{…}", item) for item in list(itertools.islice(iterate(value), MOST_PARTS)))
    return None


def _entries(value: Any) -> Iterator[Part]:
    for key, item in list(itertools.islice(dict.items(value), MOST_PARTS)):
        yield f"(key {key_label(key)[1:-1]})", key
        yield key_label(key), item


def size_of(value: Any, kind: type) -> int:
    """The length of a built-in container, -1 for anything else."""
    for base in (dict, list, tuple, deque, set, frozenset, bytearray):
        if issubclass(kind, base):
            return base.__len__(value)
    return -1


def text_of(value: Any, kind: type) -> str | None:
    """The text that stands for a value without parts; None where it has parts."""
    if kind is Position:
        return str(value)
    if kind in ATOMS:
        return f"{class_name(kind)} {value!r}"
    if kind in PLAIN_TEXT:
        return PLAIN_TEXT[kind](value)
    if kind is bytearray:
        return f"bytearray {bytes(value)!r}"
    if kind is array:
        return f"array {array.tobytes(value)!r}"
    if kind in (io.StringIO, io.BytesIO):
        return "closed" if value.closed else f"{class_name(kind)} {kind.getvalue(value)!r} at {kind.tell(value)}"
    if kind is itertools.count:
        held = [part for part in gc.get_referents(value) if part is not kind]  # since Python 3.12 its class, too
        if all(type(part) in (int, float) for part in held):
            return f"iterator {value!r}"
    digest = attributes_of_class(kind).get("hexdigest") if home_of(kind) in HASHERS else None
    if digest is not None:
        return f"hash {digest(value, 32) if 'XOF' in class_name(kind) else digest(value)}"
    if kind in ITERATORS:
        return f"iterator with {operator.length_hint(value)} left"
    if class_name(kind) == "reader" and home_of(kind) == "_csv":
        return f"iterator at line {value.line_num}"
    if kind in OPAQUE:
        return class_name(kind)
    return None


def special_parts(value: Any, kind: type) -> Iterator[Part] | None:
    """The parts of what is neither container nor instance; None for anything else."""
    if kind is types.FunctionType:
        return _function_parts(value)
    if kind is types.MethodType:
        return iter([(".__self__", value.__self__), (".__func__", value.__func__)])
    if kind in (classmethod, staticmethod):
        return iter([("", value.__func__)])
    if kind is property:
        return iter([("", value.fget)])
    if kind is functools.partial:
        return iter([("(function)", value.func), ("(arguments)", value.args), ("(keywords)", value.keywords)])
    if kind is LRU_CACHE:
        return (("(cache)", part) for part in gc.get_referents(value) if type(part) not in (types.FunctionType, type))
    if kind in COMPUTED:
        return _suspended_parts(value, kind)
    if kind in WRAPPING_ITERATORS:
        return (("(iterated)", part) for part in gc.get_referents(value))
    if kind is contextvars.ContextVar:
        return (("(default)", part) for part in gc.get_referents(value) if type(part) is not str)
    if kind is contextvars.Context:
        return ((f"({variable.name})", item) for variable, item in contextvars.Context.items(value))
    if kind is types.CellType:
        return (("", part) for part in gc.get_referents(value))
    if issubclass(kind, _thread._local):
        variables = _thread._local.__getattribute__(value, "__dict__")
        return iter([(f".{name}", item) for name, item in variables.items()])
    if kind is io.TextIOWrapper or home_of(kind) == "_io":
        return iter([("(position)", _position(value))])
    return None


def _function_parts(function: types.FunctionType) -> Iterator[Part]:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=False):
        yield f"(default of {name})", value
    for name, value in (function.__kwdefaults__ or {}).items():
        yield f"(default of {name})", value
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        yield f"(closure {name})", cell
    for name, value in list(function.__dict__.items()):
        yield f".{name}", value


def _suspended_parts(value: Any, kind: type) -> Iterator[Part]:
    frame = getattr(value, {"generator": "gi", "coroutine": "cr"}.get(class_name(kind), "ag") + "_frame")
    yield "(position)", Position(f"iterator at {frame.f_lasti if frame is not None else 'its end'}")
    if frame is not None:
        yield from ((f"(local {name})", item) for name, item in dict(frame.f_locals).items())


def _position(stream: Any) -> Position:
    """Where a file is read or written next, as far as the system knows; looking must not flush."""
    buffer = stream.buffer if type(stream) is io.TextIOWrapper else stream
    if home_of(type(buffer)) != "_io":
        return Position("stream")
    try:
        return Position(
            f"iterator at byte {os.lseek(stream.fileno(), 0, os.SEEK_CUR)}" if not stream.closed else "closed"
        )
    except (OSError, ValueError, AttributeError):
        return Position("stream")


def parts(value: Any) -> Iterator[Part]:
    """Everything that a value refers to; of what is written in C, whatever the garbage collector knows."""
    kind = type(value)
    special = special_parts(value, kind)
    if special is not None:
        yield from special
        return
    inside = container_parts(value, kind)
    if inside is not None:
        yield from inside
        if home_of(kind) != "builtins":
            yield from instance_parts(value)
        return
    if issubclass(kind, BaseException):
        yield ".args", BaseException.args.__get__(value)  # type: ignore[attr-defined]
    found = False
    for part in instance_parts(value):
        found = True
        yield part
    if not found and not issubclass(kind, type):
        yield from (("", part) for part in gc.get_referents(value) if type(part) is not type)
