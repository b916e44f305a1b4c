"""Failing: which calls one has to expect an exception of, and which work an exception leaves behind."""

from __future__ import annotations

import builtins
from typing import Final

from leaklint.ir import cfg
from leaklint.ir.cfg import RAISE_EXIT, Body
from leaklint.ir.effects import Pending, Work, Write
from leaklint.ir.values import NOTHING, RootKind, Thing, TypeKind, Value
from leaklint.solve.activation import ANY, Activation
from leaklint.solve.arguments import Arguments
from leaklint.solve.fields import is_dataclass
from leaklint.solve.kinds import is_from_elsewhere
from leaklint.solve.lattice import NONE, ORIGINAL, SYMBOLIC, is_within, join, observed, survives
from leaklint.solve.names import value_of
from leaklint.solve.origins import deep_sources
from leaklint.solve.repeated import ASKING_METHODS
from leaklint.solve.state import State, Status, Token
from leaklint.solve.world import NAMED_TUPLE

STRICT: Final[dict[str, frozenset[str]]] = {
    "builtins.int": frozenset({"builtins.ValueError"}),
    "builtins.float": frozenset({"builtins.ValueError"}),
    "builtins.open": frozenset({"builtins.OSError"}),
    "builtins.next": frozenset({"builtins.StopIteration"}),
    "builtins.eval": frozenset(),
}
"""Builtins that refuse what comes from outside, and how one expects them to."""


EXCEPTION: Final = "the exception"
"""Name under which a state keeps what an exception may tell until it is caught."""
FAILED: Final = "what has failed"
"""The same for what the calls belong to that may have raised it."""
BEYOND: Final = "beyond the clauses"
"""The name that is there where it may be an exception that no clause catches."""

SURE: Final = frozenset(
    {"contextvars.ContextVar.get", "contextvars.ContextVar.reset", "contextvars.ContextVar.set", "functools.partial"}
)
"""Functions without a row; of ``get`` where nothing is set, LK406 speaks."""
VIEWS: Final = frozenset({"items", "keys", "values"})
"""Methods by which one walks through dictionaries."""


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


def finds_method(act: Activation, state: State, target: str) -> bool:
    """Whether an attribute is there, as far as its object is known: a project's method, or a library's with a row."""
    kinds = {thing.type for thing in state.env.get(target, NOTHING).things}
    known = {each for each in kinds if each.kind is not TypeKind.UNKNOWN}
    if not known or (known != kinds and not all(each.kind is TypeKind.METHOD for each in known)):
        return False
    return all(
        each.kind is TypeKind.METHOD
        or (each.kind is TypeKind.LIBRARY_METHOD and act.world.models.row(each.name) is not None)
        for each in known
    )


def got_before(act: Activation, before: State, after: State, step: cfg.Call) -> bool:
    """Whether a call gives the project's object in which this invocation has changed something: it has given it before.

    A function without arguments makes it where it is missing, which may fail, and it is not missing any more.
    """
    things = value_of(act, after, step.target).things
    places = {thing.path for thing in things if survives(thing.path) and "::" in thing.type.name}
    if step.arguments or not places or not all("::" in each.type.name or each.type == ORIGINAL for each in things):
        return False
    changed = (token.effect.path for token in before.tokens.values() if isinstance(token.effect, Write))
    return any(path is not None and is_within(path, places) for path in changed)


def is_quiet(act: Activation, state: State, step: cfg.Call | cfg.Element) -> bool:
    """Whether one need not expect an exception: builtins, and library functions with a row that call nobody."""
    if isinstance(step, cfg.Element):
        things = value_of(act, state, step.iterable).things
        return not any(_may_fail(act, thing) for thing in things)
    things = value_of(act, state, step.function).things
    return bool(things) and all(is_quiet_callee(act, thing) for thing in things)


def is_quiet_callee(act: Activation, callee: Thing) -> bool:
    """The same of one thing that is called; of what the project has written, its summary says."""
    if callee.type.kind not in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD):
        return _only_asks(callee)
    name = callee.type.name
    return name not in STRICT and (_takes_anything(act, name) or _calls_nobody(act, name))


def may_refuse(act: Activation, callee: Thing, arguments: Arguments) -> bool:
    """Whether a library may refuse what a function of the project passes on to it, or is not to be reached."""
    name = callee.type.name
    if callee.type.kind not in (TypeKind.LIBRARY, TypeKind.LIBRARY_METHOD) or _takes_anything(act, name):
        return False
    given = [source.root.kind for value in arguments.everything() for source in value.sources]
    return act.world.models.asks_outside(name) or not SYMBOLIC.isdisjoint(given)


def _takes_anything(act: Activation, name: str) -> bool:
    """Whether it is of the language itself, or only writes down what it is given."""
    return name.startswith(("builtins.", NAMED_TUPLE)) or name in SURE or act.world.models.writes_down(name)


def is_plain_class(act: Activation, class_name: str) -> bool:
    """Whether objects of a class are made by nothing but what the project, or a decorator of Python's, has written."""
    known = act.world.classes.get(class_name)
    if known is None or any(is_from_elsewhere(each) for each in known.order if "::" not in each):
        return False
    return not known.describes or is_dataclass(act.world, class_name)


def _only_asks(method: Thing) -> bool:
    """Whether it is, of what a function is given, what texts and dictionaries are asked by: ``event.get(key)``."""
    path = method.path
    given = path.root.kind is RootKind.PARAMETER and method.type.kind is TypeKind.UNKNOWN
    return given and path.fields[-1:] != () and path.fields[-1][1:] in ASKING_METHODS | VIEWS


def _may_fail(act: Activation, iterable: Thing) -> bool:
    """Whether walking through an object runs code that may raise."""
    name = iterable.type.name
    if iterable.type.kind is not TypeKind.INSTANCE:
        return False
    return "::" in name or name == "builtins.generator" or act.world.models.class_row(name, "drained") is not None


def _calls_nobody(act: Activation, name: str) -> bool:
    row = act.world.models.row(name)
    return row is not None and all(invokes.moment in ("work", "later") for invokes in row.invokes)


def raised_by(act: Activation, state: State, step: cfg.Raise) -> frozenset[str]:
    """The classes of what a ``raise`` raises; ``ANY`` where that is not known."""
    things = value_of(act, state, step.value).things if step.value is not None else frozenset()
    kinds = (TypeKind.CLASS, TypeKind.INSTANCE, TypeKind.LIBRARY)
    known = all(each.type.kind in kinds and each.type.name.partition("::")[0] for each in things)
    return frozenset(each.type.name for each in things) if things and known else frozenset({ANY})


def is_caught(act: Activation, raised: str) -> bool:
    """Whether a clause around the block under analysis catches the exceptions of a class."""
    if raised == ANY:
        return False
    order = [each.rpartition("::")[2] for each in act.world.order(raised)] if "::" in raised else [raised]
    names = {each.rpartition(".")[2] for each in order}
    for known in [getattr(builtins, name, None) for name in names]:
        if isinstance(known, type):
            names |= {base.__name__ for base in known.__mro__}
    return bool(names & act.catching) or "" in act.catching


def tell(act: Activation, state: State, raised: State, step: cfg.Instruction, *, leaves_function: bool) -> None:
    """Notes, in the state in which an instruction may raise, what its exception tells, and how far it goes."""
    if leaves_function:
        of_raise = raised_by(act, state, step) if isinstance(step, cfg.Raise) else frozenset({ANY})
        act.leaving |= act.raises if isinstance(step, cfg.Call) else of_raise
        return
    if isinstance(step, cfg.Call):
        given = [deep_sources(state, value_of(act, state, argument.value)) for argument in step.arguments]
        told = Value(frozenset(), frozenset().union(*given))
        raised.env[EXCEPTION] = join(raised.env.get(EXCEPTION, NOTHING), told)
        failed = Value(frozenset(), observed(value_of(act, state, step.function)))
        raised.env[FAILED] = join(raised.env.get(FAILED, NOTHING), failed)
    if leaves(act, state, step):
        raised.env[BEYOND] = NONE


def dispatches(body: Body, block: cfg.Block) -> bool:
    """Whether the clauses of a ``try`` are what comes next."""
    firsts = [body.blocks[edge.target].instructions[:1] for edge in block.next if edge.target != RAISE_EXIT]
    return any(isinstance(step, cfg.Catch) for first in firsts for step in first)


def leaves(act: Activation, state: State, step: cfg.Instruction) -> bool:
    """Whether an exception of an instruction in a ``try`` may be one that no clause catches, as far as is expected.

    One that is only expected because somebody catches it is one of those that he catches.
    """
    if isinstance(step, cfg.Raise):
        return not all(is_caught(act, each) for each in raised_by(act, state, step))
    if isinstance(step, cfg.Call):
        return act.fails and not all(is_caught(act, each) for each in act.raises)
    if isinstance(step, cfg.Element):
        return not is_quiet(act, state, step)
    return isinstance(step, cfg.Await | cfg.Yield)


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
