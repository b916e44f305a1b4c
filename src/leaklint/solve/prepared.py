"""What every run of a body needs to know of its blocks: their order, and which temporaries and handlers they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from leaklint.ir import cfg
from leaklint.ir.cfg import RAISE_EXIT, Body
from leaklint.solve.asking import only_asked
from leaklint.solve.catching import catches_all, caught
from leaklint.solve.cycles import blocks_in_cycles, ends_of_loops
from leaklint.solve.repeated import repeated_tests

_Step = TypeVar("_Step", cfg.GetItem, cfg.Call)


class Prepared:
    """What every run of a body needs to know of its blocks."""

    __slots__ = (
        "_body",
        "_ends_of_loops",
        "_in_cycles",
        "_just_put",
        "_lone_calls",
        "_lone_picks",
        "_only_asked",
        "_read_later",
        "_repeated",
        "_used",
        "catching",
        "catching_all",
        "decides",
        "handling",
        "lasting",
        "order",
        "rank",
        "repeats",
        "turns",
    )

    def __init__(self, body: Body) -> None:
        self._body = body
        self._in_cycles: frozenset[int] | None = None
        self._ends_of_loops: frozenset[cfg.Assume] | None = None
        self._used: frozenset[str] | None = None
        self._read_later: frozenset[cfg.Copy] | None = None
        self._repeated: dict[cfg.Assume, tuple[str, bool]] | None = None
        self._lone_picks: frozenset[cfg.GetItem] | None = None
        self._lone_calls: frozenset[cfg.Call] | None = None
        self._just_put: dict[cfg.GetItem, cfg.Operand] | None = None
        self._only_asked: frozenset[cfg.Call] | None = None
        self.order = _reverse_postorder(body)
        self.rank = {block: position for position, block in enumerate(self.order)}
        self.turns = _turns(body, self.rank)
        """For the head of a loop the rank behind the last of the blocks that lead back to it."""
        self.lasting = _lasting_temporaries(body, self.rank, self.turns)
        self.repeats = any(
            self.rank.get(edge.target, len(self.order)) <= self.rank[index] and body.blocks[edge.target].loop is None
            for index in self.order
            for edge in body.blocks[index].next
            if edge.target != RAISE_EXIT
        )
        self.decides = [_decides(body, index) for index in range(len(body.blocks))]
        self.catching = [caught(body, index) for index in range(len(body.blocks))]
        self.handling = [caught(body, index, handled=True) for index in range(len(body.blocks))]
        self.catching_all = frozenset(index for index in range(len(body.blocks)) if catches_all(body, index))
        """Blocks that dispatch to clauses of which none expects anything in particular."""

    def is_in_loop(self, index: int) -> bool:
        """Whether a block may run again and again."""
        if self._in_cycles is None:
            self._in_cycles = blocks_in_cycles(self._body)
        return index in self._in_cycles

    def ends_loop(self, step: cfg.Assume) -> bool:
        """Whether a test is the one with which a ``while`` ends."""
        if self._ends_of_loops is None:
            self._ends_of_loops = ends_of_loops(self._body, self.rank) if self.repeats else frozenset()
        return step in self._ends_of_loops

    def is_used(self, operand: cfg.Operand) -> bool:
        """Whether anything is done with what an expression gives."""
        if self._used is None:
            steps = (step for each in self._body.blocks for step in each.instructions if type(step) is not cfg.Discard)
            self._used = frozenset(name for step in steps for name in _operands(step))
        return operand in self._used

    def is_read_later(self, step: cfg.Copy) -> bool:
        """Whether some path reads the name that is bound before it is bound anew; asked for few functions."""
        if self._read_later is None:
            self._read_later = _read_later(self._body)
        return step in self._read_later

    def global_of(self, operand: cfg.Operand) -> str:
        """The global name that a temporary has been read from; empty where it has been made otherwise."""
        steps = (step for block in self._body.blocks for step in block.instructions)
        return next((step.name for step in steps if isinstance(step, cfg.LoadGlobal) and step.target == operand), "")

    def repeated(self, step: cfg.Assume) -> tuple[str, bool] | None:
        """What a test asks that the function asks more than once, and whether that holds on this path."""
        if self._repeated is None:
            self._repeated = repeated_tests(self._body)
        return self._repeated.get(step)

    def is_lone_pick(self, step: cfg.GetItem) -> bool:
        """Whether the one element of a local container that the function asks for is asked for here, once."""
        if self._lone_picks is None:
            self._lone_picks = self._outside_of_loops(_lone_picks(self._body))
        return step in self._lone_picks

    def is_lone_call(self, step: cfg.Call) -> bool:
        """Whether a call is made once at most, and no other call is given the same first argument."""
        if self._lone_calls is None:
            self._lone_calls = self._outside_of_loops(_lone_calls(self._body))
        return step in self._lone_calls

    def is_only_asked(self, step: cfg.Call) -> bool:
        """Whether the function asks of the result of a call only whether it is nothing."""
        if self._only_asked is None:
            self._only_asked = only_asked(self._body, _operands)
        return step in self._only_asked

    def _outside_of_loops(self, found: Iterable[tuple[int, _Step]]) -> frozenset[_Step]:
        return frozenset(step for index, step in found if not self.is_in_loop(index))

    def just_put(self, step: cfg.GetItem) -> cfg.Operand | None:
        """What has been appended right before the last element is asked for: ``jobs.append(job); jobs[-1].start()``."""
        if self._just_put is None:
            self._just_put = _just_put(self._body)
        return self._just_put.get(step)


def _turns(body: Body, rank: dict[int, int]) -> dict[int, int]:
    turns: dict[int, int] = {}
    for index, position in rank.items():
        for target in (*(edge.target for edge in body.blocks[index].next), body.blocks[index].raises_to):
            if rank.get(target, len(rank)) <= position:
                turns[target] = max(turns.get(target, 0), position + 1)
    return turns


def _decides(body: Body, index: int) -> frozenset[str]:
    """The names whose truth decides where a block goes on: at its head, a loop asks them anew in each round."""
    following = [body.blocks[edge.target] for edge in body.blocks[index].next if edge.target != RAISE_EXIT]
    first = [each.instructions[0] for each in following if each.instructions]
    return frozenset(
        each.condition for each in first if isinstance(each, cfg.Assume) and not each.condition.startswith("%")
    )


def _reverse_postorder(body: Body) -> list[int]:
    """Blocks in an order in which every block, loops aside, comes after those that lead to it.

    Of two ways, the first one comes first: the body of a loop before what comes after the loop, which then need not be
    visited for each round.
    """
    blocks = body.blocks

    def after(index: int) -> list[int]:
        block = blocks[index]
        targets = [edge.target for edge in block.next if edge.target != RAISE_EXIT]
        if block.raises_to != RAISE_EXIT:
            targets.append(block.raises_to)
        return targets[::-1]

    finished: list[int] = []
    seen = {0}
    stack: list[tuple[int, list[int]]] = [(0, after(0))]
    while stack:
        index, targets = stack[-1]
        while targets and targets[0] in seen:
            targets.pop(0)
        if targets:
            target = targets.pop(0)
            seen.add(target)
            stack.append((target, after(target)))
        else:
            finished.append(index)
            stack.pop()
    return finished[::-1]


def _lasting_temporaries(body: Body, rank: dict[int, int], turns: dict[int, int]) -> dict[str, int]:
    """Temporaries that a block uses which another one sets, each with the rank of the last block that may use it."""
    lasting: dict[str, int] = {}
    for index, block in enumerate(body.blocks):
        here = rank.get(index, 0)
        made: set[str] = set()
        for step in block.instructions:
            for name in _operands(step):
                if name[:1] == "%" and name not in made:
                    lasting[name] = max(lasting.get(name, 0), here)
            target = getattr(step, "target", None)
            if type(target) is str:
                made.add(target)
        if block.loop is not None:
            lasting[block.loop] = max(lasting.get(block.loop, 0), here)
    for block in reversed(body.blocks):
        for step in reversed(block.instructions):
            if isinstance(step, cfg.Operation) and step.target in lasting:
                for name in step.operands:
                    if name[:1] == "%":  # what a test is about
                        lasting[name] = max(lasting.get(name, 0), lasting[step.target])
    ends = list(range(len(body.blocks)))  # where a loop is in which a block lies, the rank of its last block
    for header, end in turns.items():
        for position in range(rank[header], end):
            ends[position] = max(ends[position], end - 1)
    while any(ends[last] > last for last in lasting.values()):
        lasting = {name: ends[last] for name, last in lasting.items()}
    return lasting


def _operands(step: cfg.Instruction) -> list[str]:
    names: list[str] = []
    for field in _OPERANDS.get(type(step), ()):
        value = getattr(step, field)
        if type(value) is str:
            names.append(value)
            continue
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, str):
                names.append(each)
            elif isinstance(each, cfg.Argument):
                names.append(each.value)
            elif isinstance(each, cfg.BuildItem):
                names.append(each.value)
                if each.key is not None:
                    names.append(each.key)
            elif isinstance(each, tuple):
                names.append(each[1])  # of a keyword or default
    return names


_OPERANDS: Final[dict[type, tuple[str, ...]]] = {
    cfg.Annotate: ("source",),
    cfg.Assume: ("condition",),
    cfg.Await: ("value",),
    cfg.Build: ("items",),
    cfg.Call: ("function", "arguments"),
    cfg.Copy: ("source",),
    cfg.DeleteAttribute: ("object",),
    cfg.DeleteItem: ("object", "key"),
    cfg.Discard: ("value",),
    cfg.Element: ("iterable",),
    cfg.Enter: ("manager",),
    cfg.Exit: ("manager",),
    cfg.Fill: ("object", "item"),
    cfg.GetAttribute: ("object",),
    cfg.GetItem: ("object", "key"),
    cfg.InPlace: ("left", "right"),
    cfg.MakeClass: ("bases", "keywords"),
    cfg.MakeFunction: ("defaults",),
    cfg.Operation: ("operands",),
    cfg.Raise: ("value",),
    cfg.Return: ("value",),
    cfg.SetAttribute: ("object", "value"),
    cfg.SetItem: ("object", "key", "value"),
    cfg.Slice: ("parts",),
    cfg.StoreFree: ("value",),
    cfg.StoreGlobal: ("value",),
    cfg.Yield: ("value",),
}
"""Fields of the instructions that hold operands."""


def _read_later(body: Body) -> frozenset[cfg.Copy]:
    """Bindings of local names after which some path reads the name before it is bound anew."""
    blocks = body.blocks
    entering: list[set[str]] = [set() for _ in blocks]
    found: set[cfg.Copy] = set()
    changed = True
    while changed:
        changed = False
        for index in range(len(blocks) - 1, -1, -1):
            block = blocks[index]
            caught = entering[block.raises_to] if block.raises_to != RAISE_EXIT else set()
            live = set(caught).union(*(entering[edge.target] for edge in block.next if edge.target != RAISE_EXIT))
            if block.loop is not None:
                live.add(block.loop)
            for step in reversed(block.instructions):
                target = step.name if isinstance(step, cfg.DeleteLocal) else getattr(step, "target", None)
                if isinstance(step, cfg.Copy) and target in live:
                    found.add(step)
                live.discard(target)
                live.update(name for name in _operands(step) if name[:1] != "%")
                live |= caught
            if not live <= entering[index]:
                entering[index] |= live
                changed = True
    return frozenset(found)


def _lone_picks(body: Body) -> list[tuple[int, cfg.GetItem]]:
    """Items of a local name that is asked for none other, by position or key, each with its block.

    The same of a display that is unpacked, where others of the names are there and none of them is read.
    """
    picked: dict[str, dict[object, list[tuple[int, cfg.GetItem]]]] = {}
    unread = _unread(body)
    left = _displays(body) & {
        step.object
        for block in body.blocks
        for step in block.instructions
        if isinstance(step, cfg.GetItem) and step.target in unread
    }
    for index, block in enumerate(body.blocks):
        constants: dict[str, object] = {}
        for step in block.instructions:
            if isinstance(step, cfg.Constant):
                constants[step.target] = step.value
            elif isinstance(step, cfg.Operation) and step.operator == "neg" and step.operands[0] in constants:
                constants[step.target] = ("-", constants[step.operands[0]])
            elif isinstance(step, cfg.GetItem) and (step.object[:1] != "%" or step.object in left):
                if step.object in left and step.target in unread:
                    continue
                key = constants.get(step.key, step)
                picked.setdefault(step.object, {}).setdefault(key, []).append((index, step))
    lone = [found for positions in picked.values() if len(positions) == 1 for found in positions.values()]
    return [each for found in lone for each in found]


def _displays(body: Body) -> frozenset[str]:
    """Temporaries that hold a display or a comprehension."""
    built = (step for block in body.blocks for step in block.instructions if isinstance(step, cfg.Build))
    return frozenset(step.target for step in built)


def _unread(body: Body) -> frozenset[str]:
    """Temporaries that are bound to a name, and to nothing else, which this function and those in it do not read."""
    steps = [step for block in body.blocks for step in block.instructions]
    if any(isinstance(step, cfg.MakeFunction) for step in steps):
        return frozenset()
    read = Counter(name for step in steps for name in _operands(step))
    bound = (step for step in steps if isinstance(step, cfg.Copy) and not read[step.target] and read[step.source] == 1)
    return frozenset(step.source for step in bound)


def _lone_calls(body: Body) -> list[tuple[int, cfg.Call]]:
    """Calls of which no other one has the same first argument, each with its block."""
    made: dict[str, list[tuple[int, cfg.Call]]] = {}
    for index, block in enumerate(body.blocks):
        for step in block.instructions:
            if isinstance(step, cfg.Call) and step.arguments:
                made.setdefault(step.arguments[0].value, []).append((index, step))
    return [found[0] for found in made.values() if len(found) == 1]


def choosing(body: Body, parameters: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Positions of the parameters that a function compares with something, or looks something up by, and of those of
    which it asks whether they are None.

    What it does may depend on the constant that a caller gives, or on whether it gives an object.
    """
    names: set[str] = set()
    optional: set[str] = set()
    nothing: set[str] = set()
    reading: set[str] = set()
    for block in body.blocks:
        for step in block.instructions:
            if isinstance(step, cfg.GetItem):
                names.add(step.key)
            elif isinstance(step, cfg.LoadGlobal) and step.name == "getattr":
                reading.add(step.target)
            elif isinstance(step, cfg.Call) and step.function in reading:
                names.update(each.value for each in step.arguments[1:2])
            elif isinstance(step, cfg.Operation) and step.operator in ("==", "!=", "in", "not-in"):
                names.update(step.operands)
            elif isinstance(step, cfg.Constant) and step.value is None:
                nothing.add(step.target)
            elif isinstance(step, cfg.Operation) and step.operator in ("is", "is-not"):
                optional.update(step.operands if not nothing.isdisjoint(step.operands) else ())
    return (
        frozenset(index for index, name in enumerate(parameters) if name in names),
        frozenset(index for index, name in enumerate(parameters) if name in optional),
    )


def tested(body: Body, parameters: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Positions of the parameters that a function tests for truth, and of those that it hands to a call as a test."""
    conditions: set[str] = set()
    steps = [step for block in body.blocks for step in block.instructions]
    for step in steps:
        if isinstance(step, cfg.Assume):
            conditions.add(step.condition)
        elif isinstance(step, cfg.Operation) and step.operator == "not":
            conditions.update(step.operands)
    asking = [step for step in steps if isinstance(step, cfg.Call) and step.target in conditions]
    asked = {each.value for step in asking for each in step.arguments}
    return (
        frozenset(index for index, name in enumerate(parameters) if name in conditions),
        frozenset(index for index, name in enumerate(parameters) if name in asked),
    )


def _just_put(body: Body) -> dict[cfg.GetItem, cfg.Operand]:
    """Last elements that are asked for where nothing has been called since one was appended."""
    found: dict[cfg.GetItem, cfg.Operand] = {}
    for block in body.blocks:
        spelled: dict[str, str] = {}
        """Temporaries by what they stand for: ``self.jobs.append``, ``-1``."""
        container, put = "", ""
        for step in block.instructions:
            match step:
                case cfg.Constant(target=target, value=-1):
                    spelled[target] = "-1"
                case cfg.GetAttribute(target=target, object=owner, name=name):
                    spelled[target] = f"{spelled.get(owner, owner)}.{name}"
                case cfg.Call(function=function, arguments=(cfg.Argument(value=value, name=None, star=""),)):
                    container, _, method = spelled.get(function, "").rpartition(".")
                    put = value if method == "append" else ""
                case cfg.GetItem(object=owner, key=key) if put and spelled.get(key) == "-1":
                    if spelled.get(owner, owner) == container:
                        found[step] = put
                case cfg.Call() | cfg.Await() | cfg.Yield() | cfg.Copy() | cfg.SetItem() | cfg.SetAttribute():
                    put = ""
    return found
