"""Modules by their names: ``import_module("shop.orders")``, ``__import__("shop")``, ``sys.modules["shop"]``."""

from __future__ import annotations

from leaklint.facts.named_imports import from_package
from leaklint.ir.location import Span
from leaklint.ir.values import NOTHING, Path, Root, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve.activation import Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.lattice import of, single_constant, unknown
from leaklint.solve.lookup import MODULE_NAME, imported, library, module_object
from leaklint.solve.state import State
from leaklint.solve.world import Solving


def import_module(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``import_module(name, package)``: the module; a relative name starts at the package, else at that of the file."""
    certain, name = single_constant(arguments.positional[0] if arguments.positional else NOTHING)
    if not certain or not isinstance(name, str):
        return unknown(act.made(span))
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if not level:
        return module_object(act, name, whole=True)
    given = dict(arguments.named).get("package", arguments.positional[1] if len(arguments.positional) > 1 else NOTHING)
    certain, package = single_constant(given)
    if certain and isinstance(package, str):
        return module_object(act, from_package(package, bare, level), whole=True)
    if not _is_own_package(given):
        return unknown(act.made(span))
    module, _, last = bare.rpartition(".")
    found: Value = yield from imported(act, module, last, level)
    return found


def _is_own_package(value: Value) -> bool:
    """Whether a value is ``__package__`` or ``__name__``."""
    return value == library("builtins.__package__") or any(thing.type == MODULE_NAME for thing in value.things)


def module_by_name(act: Activation, target: Value, key: Value) -> Value | None:
    """What ``sys.modules[__name__]`` denotes, or ``sys.modules["config"]``."""
    if not any(thing.path.root.name == "sys.modules" for thing in target.things):
        return None
    names = [thing.path.root.owner for thing in key.things if thing.type.name == "module name"]
    certain, name = single_constant(key)
    if certain and isinstance(name, str) and act.world.program.modules.resolve(act.path, name) is not None:
        return module_object(act, name, whole=True)
    if len(names) == 1:
        return of(Thing(Path(Root(RootKind.MODULE, names[0])), Type(TypeKind.MODULE, names[0])))
    return None


def import_top(act: Activation, state: State, arguments: Arguments, span: Span) -> Solving:
    """``__import__(name)``: the package that a dotted name begins with, or the module where it is told what to take."""
    certain, name = single_constant(arguments.positional[0] if arguments.positional else NOTHING)
    if not certain or not isinstance(name, str):
        return unknown(act.made(span))
    return module_object(act, name, whole="fromlist" in dict(arguments.named) or len(arguments.positional) > 3)
    yield
