"""Arguments of a call: how they meet parameters, and how an object carries them until it is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from leaklint.ir.facts import FunctionFacts
from leaklint.ir.location import Span
from leaklint.ir.summary import Formal
from leaklint.ir.values import NOTHING, Path, RootKind, Sources, Thing, Type, TypeKind, Value
from leaklint.solve import effects
from leaklint.solve.activation import Activation
from leaklint.solve.elements import together
from leaklint.solve.lattice import ELEMENT, extend, is_prefix, of, slot, unknown
from leaklint.solve.lookup import read_field
from leaklint.solve.state import PLAIN, State
from leaklint.solve.world import instance


class Arguments(NamedTuple):
    """The arguments of a call: by position, by name, and what stands for any further ones (``*args``)."""

    positional: tuple[Value, ...] = ()
    named: tuple[tuple[str, Value], ...] = ()
    rest: Value | None = None
    """Joined elements of starred arguments of unknown length."""

    def everything(self) -> list[Value]:
        """All argument values."""
        values = [*self.positional, *(value for _, value in self.named)]
        return [*values, self.rest] if self.rest is not None else values

    def before(self, first: Sequence[Value]) -> Arguments:
        """The same with further arguments in front."""
        return Arguments((*first, *self.positional), self.named, self.rest)


def formals_of(facts: FunctionFacts) -> tuple[Formal, ...]:
    """The parameters of a project's function."""
    return tuple(Formal(each.name, each.kind, each.has_default) for each in facts.parameters)


def bind(act: Activation, state: State, formals: Sequence[Formal], arguments: Arguments, span: Span) -> list[Value]:
    """Values of the parameters, in order; nothing where an argument is not given."""
    named = dict(arguments.named)
    positional = list(arguments.positional)
    result: list[Value] = []
    for index, formal in enumerate(formals):
        if formal.kind == "star":
            path = act.made(span, f"*{index}")
            if positional or arguments.rest is not None:
                given = [*positional, *([arguments.rest] if arguments.rest is not None else [])]
                state.heap[extend(path, ELEMENT)] = together(state, given)
                for position, value in enumerate(positional[:6]):
                    state.heap[extend(path, f"[{position}]")] = value
            sources = frozenset().union(*(value.sources for value in [*positional, arguments.rest] if value))
            result.append(of(Thing(path, instance("builtins.tuple")), sources=sources))
            positional = []
        elif formal.kind == "double_star":
            path = act.made(span, f"**{index}")
            sources = frozenset()
            for name, value in named.items():
                state.heap[extend(path, f"[{name!r}]")] = value
                sources |= value.sources
            if arguments.rest is not None:
                state.heap[extend(path, ELEMENT)] = arguments.rest
                sources |= arguments.rest.sources
            result.append(of(Thing(path, instance("builtins.dict")), sources=sources))
            named = {}
        elif formal.kind in ("positional", "either") and positional:
            result.append(positional.pop(0))
        elif formal.name in named and formal.kind != "positional":
            result.append(named.pop(formal.name))
        elif arguments.rest is not None and formal.kind in ("positional", "either"):
            result.append(arguments.rest)
        else:
            result.append(NOTHING)
    return result


THERE: Final = ("<there>", frozenset({(instance("builtins.bool"), ())}))
"""What the shape of an argument carries that certainly is an object, where the function asks whether it is None."""


def is_there(value: Value) -> bool:
    """Whether a value certainly is an object, which has been made here or at import."""
    return bool(value.things) and all(
        thing.type.kind is TypeKind.INSTANCE
        and thing.path.root.kind in (RootKind.MADE, RootKind.STATIC)
        and not thing.path.fields
        for thing in value.things
    )


NONE_GIVEN: Final = "<none given>"
"""Slot of what ``*args`` or ``**kwargs`` denotes where nothing is given for it: handed on, it gives nothing."""


def note_none_given(state: State, formals: Sequence[Formal], bound: Sequence[Value]) -> None:
    """Says of starred parameters for which a call gives nothing that it is so, for the callee to know."""
    for formal, value in zip(formals, bound, strict=False):
        if formal.kind in ("star", "double_star"):
            for thing in value.things:
                if thing.path.root.kind is RootKind.MADE and not state.heap.under(thing.path.root):
                    place = slot(thing.path, NONE_GIVEN)
                    state.heap[place] = of(Thing(place, instance("builtins.bool")))


def is_none_given(state: State, value: Value) -> bool:
    """Whether a starred argument gives nothing: the caller has given nothing for it, and nobody has put anything in."""
    held = [
        {key.fields for key in state.heap.under(thing.path.root) if is_prefix(thing.path, key)}
        for thing in value.things
    ]
    return bool(held) and all(
        below == {slot(thing.path, NONE_GIVEN).fields} for thing, below in zip(value.things, held, strict=True)
    )


def fits(formals: Sequence[Formal], arguments: Arguments) -> bool:
    """Whether a function can be called in this way, as far as one sees: else the call fails, or a decorator made
    something else of it.
    """
    named = {name for name, _ in arguments.named}
    given = len(arguments.positional)
    by_position = [each for each in formals if each.kind in ("positional", "either")]
    kinds = {each.kind for each in formals}
    if given > len(by_position) and "star" not in kinds:
        return False
    if "double_star" not in kinds and not named <= {each.name for each in formals if each.kind != "positional"}:
        return False
    lacking = [*by_position[given:], *(each for each in formals if each.kind == "keyword")]
    return arguments.rest is not None or all(each.has_default or each.name in named for each in lacking)


def suspended(act: Activation, state: State, callee: Value, arguments: Arguments, span: Span) -> Value:
    """A coroutine function is called: nothing runs, a coroutine that somebody has to await is made."""
    path = act.made(span)
    if any((thing.type.name, PLAIN, True) in state.conditions for thing in callee.things):
        return unknown(path, sources_of(arguments))
    kept = keep_call(act, state, path, callee, arguments)
    value = of(Thing(path, Type(TypeKind.COROUTINE, kept)), sources=sources_of(arguments))
    effects.open_coroutine(act, state, path, callee, span)
    return value


def keep_call(act: Activation, state: State, path: Path, callee: Value, arguments: Arguments) -> str:
    """Stores a callable and its arguments in the fields of an object; gives the shape that ``unpacked`` needs."""
    state.heap[slot(path, "<func>")] = callee
    for index, value in enumerate(arguments.positional):
        state.heap[slot(path, f"<{index}>")] = value
    for name, value in arguments.named:
        state.heap[slot(path, f"<{name}=>")] = value
    if arguments.rest is not None:
        state.heap[slot(path, "<rest>")] = arguments.rest
    names = ",".join(name for name, _ in arguments.named)
    return f"{len(arguments.positional)};{names};{'rest' if arguments.rest is not None else ''}"


def unpacked(act: Activation, state: State, thing: Thing) -> tuple[Value, Arguments]:
    """The callable and the arguments that an object carries (a partial, a coroutine)."""

    def at(field: str) -> Value:
        path = slot(thing.path, field)
        stored = read_field(act, state, path)
        return stored if stored is not None else unknown(path, frozenset({thing.path}))

    count, names, rest = thing.type.name.split(";")
    positional = tuple(at(f"<{index}>") for index in range(int(count)))
    named = tuple((name, at(f"<{name}=>")) for name in names.split(",") if name)
    return at("<func>"), Arguments(positional, named, at("<rest>") if rest else None)


def sources_of(arguments: Arguments) -> Sources:
    """What the arguments were made from."""
    sources: frozenset[Path] = frozenset()
    for value in arguments.everything():
        sources |= value.sources
    return sources
