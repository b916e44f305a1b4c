"""Operations: operators, tests that are known beforehand, and assignments in place."""

from __future__ import annotations

from typing import Final

from leaklint.ir import cfg
from leaklint.ir.effects import How
from leaklint.ir.values import NOTHING, Path, RootKind, Thing, Type, TypeKind, Value
from leaklint.solve import (
    counts,
    dispatching,
    effects,
    filenames,
    folders,
    listed,
    overriding,
    pending,
    protocols,
    uses,
)
from leaklint.solve.activation import Activation, Transfer
from leaklint.solve.arguments import THERE
from leaklint.solve.asking import EMPTY, MIRRORED
from leaklint.solve.class_tests import is_of
from leaklint.solve.draining import take_all
from leaklint.solve.elements import elements
from leaklint.solve.kinds import is_number
from leaklint.solve.lattice import (
    CLOCK,
    ELEMENT,
    MEASURED,
    TEMPORARY,
    VARIES,
    bounded,
    constant,
    extend,
    field_of_key,
    join_all,
    named,
    names_in,
    observed,
    of,
    parameter,
    single_constant,
    slot,
    truth,
    with_sources,
)
from leaklint.solve.lookup import MODULE_NAME
from leaklint.solve.names import is_container, value_of
from leaklint.solve.origins import deep_sources
from leaklint.solve.reading import read_contents
from leaklint.solve.slices import put_last
from leaklint.solve.state import State
from leaklint.solve.world import Solving, instance

ANSWERS: Final = {
    "true": ("false", "true"),
    "false": ("true", "false"),
    "some": ("none", "some"),
    "none": ("some", "none"),
}
"""What a test of a kind says of the tested value where it does not hold, and where it does."""
CONTAINED: Final = {"in": "true", "not-in": "false"}
"""Tests of what is in a container, and their results where it is."""
RUNNING: Final = "threading.<running>"
RUNNING_NUMBER: Final = "threading.<number>"
"""The classes of the thread that asks which one it is, and of its number."""
LEAVING: Final = {"<": True, "<=": True, ">": False, ">=": False}
"""Comparisons of a length with a limit, and whether there is room where they hold."""
DEFINED: Final = frozenset({TypeKind.CLASS, TypeKind.FUNCTION, TypeKind.METHOD})
"""Kinds of what a program defines: where a caller hands that over, it hands over something."""
RECEIVER: Final = parameter(0).root
READING: Final = frozenset({"format", "|", "+", "%", "*", "&", "^"})
"""Operations that make something else of all that is in their operands."""
OF_LANGUAGE: Final = ("builtins.", "collections.")
"""Beginnings of the names of classes whose operators are Python's own."""
MEASURING: Final = frozenset({"-", "<", "<=", ">", ">=", "==", "!=", "is", "is-not", "in", "not-in"})


def _operation(act: Activation, state: State, step: cfg.Operation) -> Solving:
    """``a + b``, ``a in b``, ``f"{a}{b}"``: a constant where all are, else a new value with the sources of all."""
    operands = [value_of(act, state, each) for each in step.operands]
    special = yield from protocols.operate(act, state, step.operator, operands, step.span)
    folded = _folded(state, step.operator, operands)
    if step.operator == "==" and _asks_for_script(act, operands):
        folded = constant(False)
    if step.operator == "match" and len(operands) == 2:
        matches = is_of(act, state, *operands)
        folded = None if matches is None else constant(matches)
    _remember_test(state, step, operands)
    sources: frozenset[Path] = frozenset()
    for value in operands:
        sources |= observed(value) | deep_sources(state, value)
        if step.operator in READING:
            read_contents(state, value)
        if step.operator != "choose":
            _keep_in_text(act, state, step.operator, value)
    if step.operator in ("+", "format") and TEMPORARY in sources and _begins_elsewhere(operands):
        sources -= {TEMPORARY, *(named(each) for each in names_in(sources))}
    if step.operator in ("+", "format", "%", "/"):
        sources = folders.placed(operands[0], sources)
    name = folders.concatenated(operands) if step.operator in ("+", "format") else None
    if name is not None:
        # the folders are part of the name, which is all that is meant
        folded, sources = name, sources - {named(each) for each in names_in(sources)}
    if folded is not None:
        state.env[step.target] = with_sources(folded, sources)
        return
    if special is not None and special.things:
        state.env[step.target] = with_sources(special, sources)
        return
    if step.operator == "choose":
        state.env[step.target] = join_all(operands)
        return
    if step.operator in ("in", "not-in") and len(operands) == 2:
        uses.consume(act, state, operands[1], step.span, "in")
        # ``"x" in globals()`` asks for one name only
        names = [each.path for each in operands[1].things if each.path.root.kind is RootKind.MODULE]
        sources |= {extend(each, field_of_key(operands[0])) for each in names}
    kind = _result_type(step.operator, operands)
    answers = _answers(state, step, operands)
    if answers:
        kind = instance("builtins.bool")
        for answer, told in answers.items():
            state.heap[slot(act.made(step.span), f"<{answer}>")] = told
    if kind is None and (step.operator == "format" or TEMPORARY in sources):
        kind = instance("builtins.str")
    # a thing of no known type, too: together with a constant on another path, the value is not that constant
    things = frozenset({Thing(act.made(step.span), kind) if kind is not None else Thing(act.made(step.span))})
    if kind is not None and step.operator in ("+", "|", "*", "-", "&"):
        for value in operands if step.operator in ("+", "|", "*") else operands[:1]:
            part = elements(act, state, value)
            for thing in things:
                if part.things or part.sources:
                    effects.bind_field(act, state, thing, ELEMENT, part, certain=False)
    for value in operands if step.operator == "|" and len(operands) == 2 else ():
        overriding.override(act, state, Value(things), value, step.span)
    if step.operator in MEASURING and not (step.operator == "-" and _is_duration(act, operands[-1])):
        # a start mark is there to be compared with
        sources = frozenset(
            _compared(each) if each.root.owner.startswith(("snapshot:", uses.TAKEN)) else _measured(act, each)
            for each in sources
        )
    state.env[step.target] = Value(things, bounded(sources))
    if step.operator in ("+", "format"):
        dispatching.remember_beginning(state, next(iter(things)), operands[0])
        filenames.remember_end(state, next(iter(things)), operands[-1])
        put_last(state, next(iter(things)), operands[0], operands[-1])
    if step.operator in CONTAINED and len(operands) == 2:
        listed.remember(state, state.env[step.target], CONTAINED[step.operator], *operands)


def _begins_elsewhere(operands: list[Value]) -> bool:
    """Whether a text begins with something else than the folder for temporary files: a later part is no path."""
    first, *rest = operands
    later = [thing for value in rest if TEMPORARY in value.sources for thing in value.things]
    return (
        TEMPORARY not in first.sources
        and single_constant(first) != (True, "")
        and all(thing.type.constant is not None or thing.type.name == "builtins.str" for thing in later)
    )


def _is_duration(act: Activation, value: Value) -> bool:
    """Whether what is subtracted is a length of time, so that what remains is a moment like the one before."""
    certain, number = single_constant(value)
    if certain:
        return type(number) in (int, float)
    return bool(value.things) and all(
        "::" not in thing.type.name and act.world.models.class_row(thing.type.name, "duration") is not None
        for thing in value.things
    )


def _compared(snapshot: Path) -> Path:
    """What is left of a reading of a clock, an id or a random number in a difference or a test."""
    return CLOCK if snapshot.root.owner.endswith("clock") else VARIES


def _measured(act: Activation, source: Path) -> Path:
    """The source of what is compared with an attribute of ``self``: whether that is a start mark, the caller knows."""
    of_self = source.root == RECEIVER and act.facts.in_class is not None
    return slot(source, MEASURED) if of_self and source.fields and source.fields[-1][0] == "." else source


def _remember_test(state: State, step: cfg.Operation, operands: list[Value]) -> None:
    if step.operator == "not":
        state.tests = {**state.tests, step.target: ("false", step.operands[0])}
    elif step.operator in ("is", "is-not", "==", "!=") and single_constant(operands[1]) == (True, None):
        kind = "none" if step.operator in ("is", "==") else "some"
        state.tests = {**state.tests, step.target: (kind, step.operands[0])}


def _answers(state: State, step: cfg.Operation, operands: list[Value]) -> dict[str, Value]:
    """What a test says where it holds, and where not: ``poll() is None`` of work, ``var in context`` of a variable."""
    if step.operator in CONTAINED and any(thing.type.name == "contextvars.Context" for thing in operands[1].things):
        return {f"set {CONTAINED[step.operator]}": operands[0]}
    if step.operator in CONTAINED and len(operands) == 2:
        answer = CONTAINED[step.operator]
        for field, says in ((pending.FINISHED, answer), (pending.UNFINISHED, listed.OPPOSITE[answer])):
            if any(state.heap.get(extend(thing.path, field)) is not None for thing in operands[1].things):
                return {f"ended {says}": operands[0]}
    kind = state.tests.get(step.target, ("", ""))[0]
    found = _emptiness(state, step.operator, operands) | _limits(state, step.operator, operands)
    for answer, holds in (("false", False), ("true", True)) if kind else ():
        field = f"<ended {ANSWERS[kind][holds]}>"
        ended = join_all([state.heap[slot(thing.path, field)] for thing in operands[0].things])
        if ended.things:
            found[f"ended {answer}"] = ended
    told = _is_running(step.operator, operands)
    if told.things:
        found[f"ended {'true' if step.operator in ('is', '==') else 'false'}"] = told
    for holds, ended in counts.ended(state, step.operator, operands).items():
        found[f"ended {'true' if holds else 'false'}"] = ended
    return found


def _is_running(operator: str, operands: list[Value]) -> Value:
    """The threads of which a test asks whether they are the one that asks: that has none of them to wait for."""
    if operator not in ("is", "is-not", "==", "!=") or len(operands) != 2:
        return NOTHING
    for asking, asked in (operands, operands[::-1]):
        names = {thing.type.name for thing in asking.things}
        if names == {RUNNING}:
            return asked
        if names == {RUNNING_NUMBER}:
            named = [thing.path for thing in asked.things if thing.path.fields[-1:] == (".ident",)]
            return Value(frozenset(Thing(Path(path.root, path.fields[:-1])) for path in named))
    return NOTHING


def _emptiness(state: State, operator: str, operands: list[Value]) -> dict[str, Value]:
    """What the comparison of a length with a constant says of the container."""
    if operator not in MIRRORED or len(operands) != 2:
        return {}
    measured, (certain, limit) = operands[0], single_constant(operands[1])
    if not certain:
        measured, (certain, limit) = operands[1], single_constant(operands[0])
        operator = MIRRORED[operator]
    empty = [state.heap[slot(thing.path, "<empty false>")] for thing in measured.things]
    containers = join_all(empty) if certain and type(limit) is int and len(empty) == 1 else NOTHING
    for answer, tests in EMPTY.items():
        if containers.things and (operator, limit) in tests:
            return {f"empty {answer}": containers}
    return {}


def _limits(state: State, operator: str, operands: list[Value]) -> dict[str, Value]:
    """The container of which the comparison of its length with a limit says that there is room in it."""
    if operator not in LEAVING or len(operands) != 2:
        return {}
    sides = [join_all([state.heap[slot(thing.path, "<empty false>")] for thing in each.things]) for each in operands]
    room = LEAVING[operator]
    answers = ((sides[0], room), (sides[1], not room))
    return {f"room {str(holds).lower()}": measured for measured, holds in answers if measured.things}


def _keep_in_text(act: Activation, state: State, operator: str, value: Value) -> None:
    del act, operator
    pending.use(state, value)


_PATHS: Final = ("Path", "PosixPath", "WindowsPath")
"""Ends of the names of classes whose objects ``/`` puts together, in the standard library and beside it."""


def _result_type(operator: str, operands: list[Value]) -> Type | None:
    if operator == "/" and operands:
        for thing in operands[0].things:
            if thing.type.kind is TypeKind.INSTANCE and thing.type.name.endswith(_PATHS):
                return thing.type
    if operator in ("+", "|", "*", "&", "-") and operands:
        types = {thing.type for thing in operands[0].things if thing.type.kind is TypeKind.INSTANCE}
        if len(types) == 1:
            kind = types.pop()
            return kind if kind.name.startswith(OF_LANGUAGE) else None
    return None


def _folded(state: State, operator: str, operands: list[Value]) -> Value | None:
    """The value of a test on constants, where every operand is certain."""
    if operator == "not":
        known = truth(operands[0])
        return None if known is None else constant(not known)
    if operator in ("is", "is-not", "==", "!=") and len(operands) == 2:
        (one, left), (two, right) = single_constant(operands[0]), single_constant(operands[1])
        same: bool | None = None
        if one and two:
            same = left == right and type(left) is type(right)
        elif (one and left is None and _never_none(state, operands[1])) or (
            two and right is None and _never_none(state, operands[0])
        ):
            same = False
        if same is not None:
            return constant(same if operator in ("is", "==") else not same)
    return None


def _asks_for_script(act: Activation, operands: list[Value]) -> bool:
    """Whether ``__name__ == "__main__"`` is asked in a file of which it is the same what it does as a script."""
    names = [thing for value in operands for thing in value.things if thing.type == MODULE_NAME]
    if len(names) != 1 or "__main__" not in [single_constant(value)[1] for value in operands]:
        return False
    return not act.world.overview.runs_as_script(names[0].path.root.owner)


def _never_none(state: State, value: Value) -> bool:
    return bool(value.things) and all(
        (thing.path.root.kind is RootKind.MADE and thing.type.kind not in (TypeKind.CONSTANT, TypeKind.UNKNOWN))
        or (thing.path.root.kind is RootKind.PARAMETER and thing.type.kind in DEFINED)
        or state.heap.get(slot(thing.path, THERE[0])) is not None
        for thing in value.things
    )


def _taking(target: Value, operator: str, given: Value) -> Value:
    """What an assignment in place is about: a list or a dictionary is it not where a number is added.

    Neither is what may be a number itself, as its default is: ``kwargs.pop("count", 4)``.
    """
    if operator.startswith("*") or not is_number(given):
        return target
    numbers = frozenset(each for each in target.things if is_number(of(each)))
    others = frozenset(each for each in target.things if not each.type.name.startswith(OF_LANGUAGE))
    return Value(numbers or others, target.sources)


def _in_place(act: Activation, state: State, step: cfg.InPlace) -> Solving:
    act.augmented = f"{step.operator.removesuffix('=')}="
    left, right = value_of(act, state, step.left), value_of(act, state, step.right)
    special, own = yield from protocols.operate_in_place(act, state, step.operator, left, right, step.span)
    sources = deep_sources(state, right)
    left = _taking(left, step.operator, right)
    act.in_place = own or (special is None and is_container(left))
    if special is not None:
        state.env[step.target] = with_sources(special, left.sources | sources | observed(left))
        return
    if special is None:
        yield from take_all(act, state, right, step.span)
    if act.in_place:
        effects.mutate(act, state, left, How.GROW, step.operator, step.span, sources=sources)
        part = elements(act, state, right)
        for thing in left.things:
            effects.bind_field(act, state, thing, ELEMENT, with_sources(part, sources), certain=False)
        if step.operator.startswith("|"):
            overriding.override(act, state, left, right, step.span)
        state.env[step.target] = left
        return
    result = frozenset({Thing(act.made(step.span))})
    state.env[step.target] = Value(result, left.sources | sources | observed(left))


ASKING: Final[dict[type, Transfer]] = {
    cfg.Operation: _operation,
    cfg.InPlace: _in_place,
}
