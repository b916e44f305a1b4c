"""Failing: which calls one has to expect an exception of, and which work an exception leaves behind."""

from __future__ import annotations

from typing import Final

from leaklint.ir import cfg
from leaklint.ir.effects import Pending, Work
from leaklint.ir.values import RootKind, Thing, TypeKind
from leaklint.solve.activation import Activation
from leaklint.solve.names import value_of
from leaklint.solve.repeated import ASKING_METHODS
from leaklint.solve.state import State, Status, Token

STRICT: Final = frozenset({"builtins.int", "builtins.float", "builtins.open", "builtins.next", "builtins.eval"})
"""Builtins that refuse what comes from outside."""


SURE: Final = frozenset({"contextvars.ContextVar.reset", "contextvars.ContextVar.set"})


def never_fails(act: Activation, state: State, step: cfg.Call) -> bool:
    """Whether a row says that the call raises nothing that anybody would catch."""
    things = value_of(act, state, step.function).things
    rows = [act.world.models.row(thing.type.name) for thing in things if thing.type.kind is TypeKind.LIBRARY]
    return bool(rows) and len(rows) == len(things) and all(row is not None and row.safe for row in rows)


def never_returns(act: Activation, state: State, step: cfg.Call) -> bool:
    """Whether the process ends with the call: what comes after it is no path of the invocation."""
    things = value_of(act, state, step.function).things
    rows = [act.world.models.row(thing.type.name) for thing in things if thing.type.kind is TypeKind.LIBRARY]
    return bool(rows) and len(rows) == len(things) and all(row is not None and row.never_returns for row in rows)


def is_quiet(act: Activation, state: State, step: cfg.Call | cfg.Element) -> bool:
    """Whether one need not expect an exception: builtins, and library functions with a row that call nobody."""
    if isinstance(step, cfg.Element):
        things = value_of(act, state, step.iterable).things
        return not any(_may_fail(act, thing) for thing in things)
    things = value_of(act, state, step.function).things
    return bool(things) and all(
        _only_asks(thing)
        or (
            thing.type.kind in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD)
            and thing.type.name not in STRICT
            and (
                thing.type.name.startswith("builtins.")
                or thing.type.name in SURE
                or _calls_nobody(act, thing.type.name)
            )
        )
        for thing in things
    )


def _only_asks(method: Thing) -> bool:
    """Whether it is, of what a function is given, what texts and dictionaries are asked by: ``event.get(key)``."""
    path = method.path
    given = path.root.kind is RootKind.PARAMETER and method.type.kind is TypeKind.UNKNOWN
    return given and path.fields[-1:] != () and path.fields[-1][1:] in ASKING_METHODS


def _may_fail(act: Activation, iterable: Thing) -> bool:
    """Whether walking through an object runs code that may raise."""
    name = iterable.type.name
    if iterable.type.kind is not TypeKind.INSTANCE:
        return False
    return "::" in name or name == "builtins.generator" or act.world.models.class_row(name, "drained") is not None


def _calls_nobody(act: Activation, name: str) -> bool:
    row = act.world.models.row(name)
    return row is not None and all(invokes.moment in ("work", "later") for invokes in row.invokes)


def goes_on(token: Token) -> bool:
    """Whether work goes on where an exception ends the waiting for it: it was shielded, or another one has failed."""
    return isinstance(token.effect, Pending) and token.effect.work is Work.SIBLINGS


def leave_to_catcher(act: Activation, state: State, raised: State) -> None:
    """What goes on only where a callee has raised is there only in that state: whoever catches it decides."""
    for key, token in list(state.tokens.items()):
        path = token.effect.path
        if key not in raised.tokens and goes_on(token) and token.settled_with_exception and path is not None:
            state.tokens[key] = left = token._replace(settled_with_exception=False)
            raised.tokens[key] = left._replace(status=Status.OPEN, timed_out=bool(act.catching))
            for place, value in state.heap.under(path.root).items():
                raised.heap[place] = value
