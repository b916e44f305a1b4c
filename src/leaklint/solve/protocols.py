"""Protocols: the special methods of the project's own classes that operators and functions of the language call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leaklint.ir.location import Span
from leaklint.ir.values import Thing, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import join_all, of, ordered
from leaklint.solve.members import class_member
from leaklint.solve.state import State
from leaklint.solve.world import Solving

BINARY: Final = {
    "%": "mod",
    "&": "and",
    "*": "mul",
    "**": "pow",
    "+": "add",
    "-": "sub",
    "/": "truediv",
    "//": "floordiv",
    "<<": "lshift",
    ">>": "rshift",
    "@": "matmul",
    "^": "xor",
    "|": "or",
}
COMPARING: Final = {
    "!=": (("__ne__", "__eq__"), ("__eq__",)),
    "<": (("__lt__",), ("__gt__",)),
    "<=": (("__le__",), ("__ge__",)),
    "==": (("__eq__",), ("__eq__",)),
    ">": (("__gt__",), ("__lt__",)),
    ">=": (("__ge__",), ("__le__",)),
}
"""Methods of the left operand, and those of the right one where the left one has none."""
ALONE: Final = {
    "format": ("__format__", "__str__", "__repr__"),
    "invert": ("__invert__",),
    "neg": ("__neg__",),
    "not": ("__bool__", "__len__"),
    "pos": ("__pos__",),
}
WALKING: Final = ("all", "any", "enumerate", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple")
FUNCTIONS: Final = {
    "builtins.abs": ("__abs__",),
    "builtins.bool": ("__bool__", "__len__"),
    "builtins.float": ("__float__",),
    "builtins.format": ("__format__", "__str__", "__repr__"),
    "builtins.hash": ("__hash__",),
    "builtins.int": ("__int__", "__index__"),
    "builtins.iter": ("__iter__",),
    "builtins.len": ("__len__",),
    "builtins.next": ("__next__",),
    "builtins.print": ("__str__", "__repr__"),
    "builtins.repr": ("__repr__",),
    "builtins.reversed": ("__reversed__",),
    "builtins.str": ("__str__", "__repr__"),
    **{f"builtins.{name}": ("__iter__",) for name in WALKING},
}
"""What a function of the language calls on its argument: the first of these methods that the class has."""


def operate(act: Activation, state: State, operator: str, operands: Sequence[Value], span: Span) -> Solving:
    """What an operator gives where the project's classes say so; None where they do not."""
    if not any(map(_of_project, operands)):
        return None
    if operator in ALONE:
        result = None
        for value in operands:
            result = yield from _called(act, state, value, ALONE[operator], (), span)
        return None if operator in ("format", "not") else result
    if len(operands) != 2:
        return None
    left, right = operands
    if operator in ("in", "not-in"):
        yield from _called(act, state, right, ("__contains__", "__iter__"), (left,), span)
        return None
    if operator in COMPARING:
        own, mirrored = COMPARING[operator]
        found = yield from _called(act, state, left, own, (right,), span)
        if found is None:
            yield from _called(act, state, right, mirrored, (left,), span)
        return None
    if operator not in BINARY:
        return None
    name = BINARY[operator]
    found = yield from _called(act, state, left, (f"__{name}__",), (right,), span)
    if found is None:
        found = yield from _called(act, state, right, (f"__r{name}__",), (left,), span)
    return found


def operate_in_place(act: Activation, state: State, operator: str, left: Value, right: Value, span: Span) -> Solving:
    """What ``left += right`` gives where the class of ``left`` says so, and whether that is a method of its own."""
    name = BINARY.get(operator.removesuffix("="))
    if name is None or not _of_project(left):
        return None, False
    found = yield from _called(act, state, left, (f"__i{name}__",), (right,), span)
    if found is not None:
        return found, True
    found = yield from _called(act, state, left, (f"__{name}__",), (right,), span)
    return found, False


def tell(act: Activation, state: State, function: str, arguments: Arguments, span: Span) -> Solving:
    """A function of the language is called: what its arguments' classes have to say runs."""
    names = FUNCTIONS.get(function, ())
    for value in arguments.positional if names else ():
        if _of_project(value):
            yield from _called(act, state, value, names, (), span)


def _of_project(value: Value) -> bool:
    return any(thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name for thing in value.things)


def _called(
    act: Activation, state: State, value: Value, names: Sequence[str], arguments: tuple[Value, ...], span: Span
) -> Solving:
    """What the first of these methods gives that the class of an object has; None where no object has one."""
    from leaklint.solve.calls import apply

    results = []
    for thing in ordered(value.things):
        method, name = yield from _method(act, state, thing, names)
        if method is not None:
            given = () if name == "__iter__" else arguments
            results.append((yield from apply(act, state, method, Arguments(given), span)))
    return join_all(results) if results else None


def _method(act: Activation, state: State, thing: Thing, names: Sequence[str]) -> Solving:
    """The first of these methods that the project gives to the class of an object, bound to it, and its name."""
    if thing.type.kind is TypeKind.INSTANCE and "::" in thing.type.name:
        for name in names:
            method = yield from class_member(act, state, thing.type.name, name, bound_to=thing, on_class=False)
            own = frozenset(each for each in method.things if each.type.kind is TypeKind.METHOD) if method else None
            if own:
                return of(*own), name
    return None, ""
