"""The control-flow graph of one function while it is built.

``Flow`` holds the block that instructions go to (``here``), whether that place can be reached (``live``), where
exceptions go (``handler``), and the *frames* around the place: loops, and the ``with`` and ``finally`` suites that any
way out has to pass. ``EXPRESSIONS`` and ``STATEMENTS`` say how each kind of syntax is lowered; the modules
``expressions``, ``comprehensions``, ``statements``, ``exceptions`` and ``patterns`` fill them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeAlias

from leaklint.facts.positions import Positions
from leaklint.facts.scopes import Kind, Scope
from leaklint.facts.type_checking import is_type_checking
from leaklint.ir.cfg import (
    RAISE_EXIT,
    SNAPSHOT,
    AnyInstruction,
    Assume,
    Block,
    Body,
    Constant,
    ConstantValue,
    Copy,
    DeleteGlobal,
    DeleteLocal,
    Edge,
    LoadFree,
    LoadGlobal,
    Operand,
    StoreFree,
    StoreGlobal,
)
from leaklint.ir.location import Span

MOST_BLOCKS = 50_000
"""A function that needs more is not analysed: ``finally`` suites nested in each other are copied exponentially."""

_TEMPORARIES = [f"%{number}" for number in range(2000)]


class TooLarge(Exception):
    """The graph of a function needs more than ``MOST_BLOCKS`` blocks."""


class Draft:
    """A block that still grows; ``handler`` is where its exceptions go, None for out of the function."""

    __slots__ = ("cleanup", "handler", "instructions", "loop", "next", "number")

    def __init__(self, handler: Draft | None, loop: Operand | None = None) -> None:
        self.instructions: list[AnyInstruction] = []
        self.next: list[tuple[Draft | None, bool]] = []
        self.handler = handler
        self.loop = loop
        self.number = RAISE_EXIT
        self.cleanup = False


class Loop:
    """A frame: the loop whose suite is being lowered."""

    __slots__ = ("breaks", "handler", "header")

    def __init__(self, header: Draft, handler: Draft | None) -> None:
        self.header = header
        self.handler = handler
        self.breaks: list[Draft] = []


class Cleanup:
    """A frame: what runs on the way out of a ``with`` or ``try``; ``lower`` lowers one copy of it."""

    __slots__ = ("handler", "lower")

    def __init__(self, lower: Callable[[], None], handler: Draft | None) -> None:
        self.lower = lower
        self.handler = handler


class Flow:
    """Lowers one function; see the module's documentation."""

    __slots__ = (
        "_cleaning",
        "_count",
        "blocks",
        "env",
        "flags",
        "frames",
        "free",
        "handler",
        "here",
        "live",
        "positions",
        "scope",
        "scope_of",
        "seen",
        "span",
        "stopped",
    )

    def __init__(
        self, scope: Scope, scope_of: dict[ast.AST, Scope], positions: Positions, flags: frozenset[str] = frozenset()
    ) -> None:
        self.scope = scope
        self.flags = flags
        """The names of the module that are true for type checkers only."""
        self.scope_of = scope_of
        self.positions = positions
        self.span: Callable[[Any], Span] = positions.span
        self.stopped: ast.expr | None = None
        """The generator expression that is asked for no more than its taker needs: ``any(… for … in …)``."""
        self.free = scope.free
        self.seen: set[str] | None = None
        """In a class body: the names bound so far; before that, they mean those of the module."""
        self.env: dict[str, Operand] = {}
        """The operand of each local name, those of comprehensions around the place included."""
        if scope.kind is Kind.CLASS:
            self.seen = set()
        if scope.kind is not Kind.MODULE:
            elsewhere = scope.globals | scope.nonlocals
            self.env = {name: name for name in scope.bound if name not in elsewhere}
        self._count = 0
        self._cleaning = 0
        self.handler: Draft | None = None
        self.frames: list[Loop | Cleanup] = []
        self.blocks: list[Draft] = []
        self.live = True
        self.here = Draft(None)
        self.start(self.here)

    def is_type_checking(self, test: ast.expr) -> bool:
        """Whether a test is false whenever the program runs, and no variable of a function."""
        if not self.flags or not is_type_checking(test, self.flags):
            return False
        start = test.value if isinstance(test, ast.Attribute) else test
        name = start.id if isinstance(start, ast.Name) else ""
        return name not in self.env and name not in self.free

    def emit(self, instruction: AnyInstruction) -> None:
        """Adds an instruction to the block that is being filled."""
        self.here.instructions.append(instruction)

    # ------------------------------------------------------------------------------------------------------ operands
    def temporary(self) -> Operand:
        """A new temporary."""
        self._count = count = self._count + 1
        return _TEMPORARIES[count] if count < 2000 else f"%{count}"

    def value(self, node: Any) -> Operand:
        """Lowers an expression; gives the operand that holds its value."""
        return EXPRESSIONS[type(node)](self, node)

    def constant(self, span: Span, value: ConstantValue) -> Operand:
        """A temporary that holds a constant."""
        target = self.temporary()
        self.emit(Constant(span, target, value))
        return target

    def snapshot(self, span: Span, operand: Operand) -> Operand:
        """A temporary with the operand's present value, where the operand is a variable that may change."""
        if operand[0] == "%":
            return operand
        target = self.temporary() + SNAPSHOT
        self.emit(Copy(span, target, operand))
        return target

    def load(self, name: str, node: ast.AST) -> Operand:
        """Reads a name."""
        operand = self.env.get(name)
        unbound = operand == name and self.seen is not None and name not in self.seen
        if operand is not None and not unbound:
            return operand
        target = self.temporary()
        if name in self.free and not unbound:
            self.emit(LoadFree(self.span(node), target, self.free[name]))
        else:
            self.emit(LoadGlobal(self.span(node), target, name))
        return target

    def store(self, name: str, value: Operand, span: Span, augmented: bool = False) -> None:
        """Binds a name."""
        operand = self.env.get(name)
        if operand is not None:
            if self.seen is not None:
                self.seen.add(name)
            self.emit(Copy(span, operand, value))
        elif name in self.free:
            self.emit(StoreFree(span, self.free[name], value, augmented))
        else:
            self.emit(StoreGlobal(span, name, value, augmented))

    def delete(self, name: str, span: Span) -> None:
        """Unbinds a name; a cell of an enclosing function has no deletion and is set to None."""
        operand = self.env.get(name)
        if operand is not None:
            self.emit(DeleteLocal(span, operand))
        elif name in self.free:
            self.emit(StoreFree(span, self.free[name], self.constant(span, None)))
        else:
            self.emit(DeleteGlobal(span, name))

    # -------------------------------------------------------------------------------------------------------- blocks
    def place(self, block: Draft) -> None:
        """Gives a block its place in the order of the graph."""
        if len(self.blocks) >= MOST_BLOCKS:
            raise TooLarge
        block.cleanup = self._cleaning > 0
        self.blocks.append(block)

    def start(self, block: Draft) -> None:
        """Places a block and goes on in it."""
        self.place(block)
        self.go_on(block)

    def go_on(self, block: Draft) -> None:
        """Goes on in a block that has its place."""
        self.here = block
        self.live = True

    def begin(self) -> None:
        """Goes on under the present handler: in this block as long as it is empty, else in a new one."""
        here = self.here
        if here.handler is self.handler:
            return
        if not here.instructions and here.loop is None:
            here.handler = self.handler
            return
        block = Draft(self.handler)
        here.next.append((block, False))
        self.start(block)

    def resume(self, ends: list[Draft]) -> None:
        """Goes on where the given blocks end; nowhere if there are none."""
        if not ends:
            self.live = False
        elif len(ends) == 1 and self._goes_on(ends[0]):
            self.go_on(ends[0])
        else:
            block = Draft(self.handler)
            for end in ends:
                end.next.append((block, False))
            self.start(block)

    def _goes_on(self, block: Draft) -> bool:
        return block.handler is self.handler and block.loop is None and block.cleanup is (self._cleaning > 0)

    def jump(self, block: Draft) -> None:
        """Ends this block with an edge to another."""
        if self.live:
            self.here.next.append((block, False))
            self.live = False

    def raise_here(self) -> None:
        """Ends this block with an exception under way."""
        self.here.next.append((self.here.handler, True))
        self.live = False

    def fork(self, condition: Operand, span: Span) -> tuple[Draft, Draft]:
        """Ends this block with a branch: the blocks where the condition holds, and where it does not."""
        holds, fails = Draft(self.handler), Draft(self.handler)
        holds.instructions.append(Assume(span, condition, True))
        fails.instructions.append(Assume(span, condition, False))
        self.here.next += ((holds, False), (fails, False))
        self.place(holds)
        self.place(fails)
        self.live = False
        return holds, fails

    # ---------------------------------------------------------------------------------------------------- statements
    def statements(self, body: list[ast.stmt]) -> None:
        """Lowers a suite, as far as it can be reached."""
        table = STATEMENTS
        for node in body:
            if not self.live:
                return
            table[type(node)](self, node)

    def clean_up(self, body: list[ast.stmt]) -> None:
        """Lowers a copy of a ``finally`` suite, in blocks of its own."""
        if not self.live:
            return
        self._cleaning += 1
        if self.here.instructions or self.here.loop is not None:
            block = Draft(self.handler)
            self.here.next.append((block, False))
            self.start(block)
        self.here.cleanup = True
        self.statements(body)
        self._cleaning -= 1

    def leave(self, down_to: int, jump: Callable[[], None]) -> None:
        """Runs the cleanups of all frames above ``down_to``, innermost first, then jumps."""
        frames, handler = self.frames, self.handler
        for index in range(len(frames) - 1, down_to - 1, -1):
            frame = frames[index]
            if isinstance(frame, Cleanup):
                self.frames, self.handler = frames[:index], frame.handler
                self.begin()
                frame.lower()
                if not self.live:
                    break
        if self.live:
            jump()
        self.frames, self.handler = frames, handler
        self.live = False

    def finish(self) -> Body:
        """The graph, without the blocks that cannot be reached."""
        pending: list[Draft | None] = [self.blocks[0]]
        reached: set[Draft] = set()
        while pending:
            block = pending.pop()
            if block is not None and block not in reached:
                reached.add(block)
                pending.append(block.handler)
                for target, _ in block.next:
                    pending.append(target)
        drafts = [block for block in self.blocks if block in reached]
        for number, block in enumerate(drafts):
            block.number = number
        body = Body(tuple([_finished(block) for block in drafts]))
        for block in (*self.blocks, *reached):
            block.next.clear()  # a loop leads back to itself: without that, nothing of it would ever be collected
        return body


def _finished(block: Draft) -> Block:
    edges = tuple([Edge(RAISE_EXIT if to is None else to.number, exceptional) for to, exceptional in block.next])
    handler = RAISE_EXIT if block.handler is None else block.handler.number
    return Block(tuple(block.instructions), edges, handler, block.loop, block.cleanup)


Expression: TypeAlias = Callable[[Flow, Any], Operand]
Statement: TypeAlias = Callable[[Flow, Any], None]

EXPRESSIONS: dict[type, Expression] = {}
STATEMENTS: dict[type, Statement] = {}
