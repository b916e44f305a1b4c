"""Control-flow graphs of three-address instructions: what one function does, with no syntax left.

Terms:

*operand*
    The name of a local variable or of a temporary. Temporaries start with ``%`` and are assigned once in the text.
    Names bound in a comprehension get a suffix (``x%2``), since they do not leak into the function. A temporary that
    keeps what a variable held, for later in the same statement, ends with ``=``.
*block*
    Instructions that run one after the other. A block ends with at most one of ``Return`` and ``Raise``.
*edge*
    From a block to one that may run next, marked normal or exceptional. ``Block.raises_to`` is where an exception
    raised by any instruction of the block goes: an ``except`` dispatch, a ``finally`` copy, or ``RAISE_EXIT``.
*cell*
    A local variable that an inner function captures. The inner function reads it with ``LoadFree``.

Conditions are branches: the block that tests ends with ``Branch``; the two successors start with ``Assume``.
``finally`` suites and ``with`` exits are copied, once for each way out, so that every path is explicit.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from leaklint.ir.location import Span

Operand: TypeAlias = str
ConstantValue: TypeAlias = str | int | float | bool | None
SNAPSHOT: Final = "="
"""Last character of a temporary that keeps what a variable held."""


class Instruction(msgspec.Struct, frozen=True, gc=False, tag=True):
    """One step; ``span`` is the expression or statement that it stands for."""

    span: Span


# --------------------------------------------------------------------------------------------------- values and names
class Constant(Instruction, frozen=True, gc=False):
    """``target = <literal>``; bytes, complex numbers and ``...`` are given as their source text in ``value``."""

    target: Operand
    value: ConstantValue


class Copy(Instruction, frozen=True, gc=False):
    """``target = source`` between local names."""

    target: Operand
    source: Operand


class Annotate(Instruction, frozen=True, gc=False):
    """``target = source``, which an annotation says is of the type that ``annotation`` (source text) names."""

    target: Operand
    source: Operand
    annotation: str


class LoadGlobal(Instruction, frozen=True, gc=False):
    """Reads a module-level name or a builtin."""

    target: Operand
    name: str


class StoreGlobal(Instruction, frozen=True, gc=False):
    """Binds a module-level name: at module level every binding, in a function one declared ``global``.

    ``augmented`` is true for ``x += …``.
    """

    name: str
    value: Operand
    augmented: bool = False


class DeleteGlobal(Instruction, frozen=True, gc=False):
    """``del name`` of a module-level name."""

    name: str


class LoadFree(Instruction, frozen=True, gc=False):
    """Reads a cell of an enclosing function."""

    target: Operand
    name: str


class StoreFree(Instruction, frozen=True, gc=False):
    """Binds a cell of an enclosing function, which ``nonlocal`` declares."""

    name: str
    value: Operand
    augmented: bool = False


class DeleteLocal(Instruction, frozen=True, gc=False):
    """``del name`` of a local name."""

    name: Operand


# ------------------------------------------------------------------------------------------------ attributes and items
class GetAttribute(Instruction, frozen=True, gc=False):
    """``target = object.name``."""

    target: Operand
    object: Operand
    name: str


class SetAttribute(Instruction, frozen=True, gc=False):
    """``object.name = value``."""

    object: Operand
    name: str
    value: Operand
    augmented: bool = False


class DeleteAttribute(Instruction, frozen=True, gc=False):
    """``del object.name``."""

    object: Operand
    name: str


class GetItem(Instruction, frozen=True, gc=False):
    """``target = object[key]``; unpacking and patterns read their elements with it too."""

    target: Operand
    object: Operand
    key: Operand


class SetItem(Instruction, frozen=True, gc=False):
    """``object[key] = value``."""

    object: Operand
    key: Operand
    value: Operand
    augmented: bool = False


class DeleteItem(Instruction, frozen=True, gc=False):
    """``del object[key]``."""

    object: Operand
    key: Operand


class Slice(Instruction, frozen=True, gc=False):
    """``target = lower:upper:step``, a key of items."""

    target: Operand
    parts: tuple[Operand, ...]


# ---------------------------------------------------------------------------------------------------------- operations
class Operation(Instruction, frozen=True, gc=False):
    """``target = operator(operands)`` for operators without effect on their operands.

    ``operator``: ``+ - * / // % ** @ << >> & | ^`` (binary), ``== != < <= > >= is is-not in not-in`` (comparison),
    ``not neg pos invert`` (unary), ``format`` (f-string), ``choose`` (value of ``and``, ``or``, ``if … else``).
    """

    target: Operand
    operator: str
    operands: tuple[Operand, ...]


class InPlace(Instruction, frozen=True, gc=False):
    """``target = left <operator>= right``: a container in ``left`` is mutated, anything else gives a new value."""

    target: Operand
    operator: str
    left: Operand
    right: Operand


class BuildItem(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An element of a display: ``key`` for dictionaries, ``starred`` for ``*value`` and ``**value``."""

    value: Operand
    key: Operand | None = None
    starred: bool = False


class Build(Instruction, frozen=True, gc=False):
    """A display or comprehension: ``kind`` is ``list``, ``tuple``, ``set``, ``dict`` or ``generator``.

    A comprehension builds an empty object and fills it with ``Fill`` in an explicit loop.
    """

    target: Operand
    kind: str
    items: tuple[BuildItem, ...]


class Fill(Instruction, frozen=True, gc=False):
    """A comprehension adds an element to the object that it builds."""

    object: Operand
    item: BuildItem


# --------------------------------------------------------------------------------------------------------------- calls
class Argument(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An argument: ``name`` for keywords, ``star`` is ``""``, ``"*"`` or ``"**"``."""

    value: Operand
    name: str | None = None
    star: str = ""


class Call(Instruction, frozen=True, gc=False):
    """``target = function(arguments)``."""

    target: Operand
    function: Operand
    arguments: tuple[Argument, ...]


class Discard(Instruction, frozen=True, gc=False):
    """The value of an expression statement (or of a part of one, as in a display that is dropped) is thrown away."""

    value: Operand


class Await(Instruction, frozen=True, gc=False):
    """``target = await value``."""

    target: Operand
    value: Operand


class Yield(Instruction, frozen=True, gc=False):
    """``target = yield value``, or ``yield from value`` where ``delegates``."""

    target: Operand
    value: Operand
    delegates: bool = False


class Element(Instruction, frozen=True, gc=False):
    """``target`` is the next element of ``iterable``: first instruction of a loop's body."""

    target: Operand
    iterable: Operand
    is_async: bool = False


class Enter(Instruction, frozen=True, gc=False):
    """``target`` is what entering the context manager gives."""

    target: Operand
    manager: Operand
    is_async: bool = False


class Exit(Instruction, frozen=True, gc=False):
    """The context manager is left, by an exception where ``exceptional``."""

    manager: Operand
    is_async: bool = False
    exceptional: bool = False


class Catch(Instruction, frozen=True, gc=False):
    """First instruction of an ``except`` clause; ``types`` are the dotted source names it catches, none for bare."""

    target: Operand
    types: tuple[str, ...]


# --------------------------------------------------------------------------------------------------------- definitions
class MakeFunction(Instruction, frozen=True, gc=False):
    """A ``def`` or ``lambda``: its defaults, by parameter name, are evaluated here. Decorators are calls after it."""

    target: Operand
    function: str
    """Qualified name in this file, a key of ``FileFacts.functions``."""
    defaults: tuple[tuple[str, Operand], ...] = ()


class MakeClass(Instruction, frozen=True, gc=False):
    """A ``class`` statement: ``name`` is its qualified name, a key of ``FileFacts.classes``."""

    target: Operand
    name: str
    bases: tuple[Operand, ...] = ()
    keywords: tuple[tuple[str, Operand], ...] = ()


class ImportModule(Instruction, frozen=True, gc=False):
    """``import a.b.c``: ``target`` is ``a``; ``import a.b.c as x``: ``target`` is ``a.b.c`` (``whole``)."""

    target: Operand
    module: str
    whole: bool


class ImportName(Instruction, frozen=True, gc=False):
    """``from module import name``; ``level`` counts the leading dots; ``name`` is ``*`` for all."""

    target: Operand
    module: str
    name: str
    level: int


# ------------------------------------------------------------------------------------------------------------- control
class Assume(Instruction, frozen=True, gc=False):
    """The condition is known to be ``truth`` on this path."""

    condition: Operand
    truth: bool


class Return(Instruction, frozen=True, gc=False):
    """Leaves the function normally; ``value`` is None for a plain or implied return."""

    value: Operand | None


class Raise(Instruction, frozen=True, gc=False):
    """Raises ``value``, or raises again where it is None."""

    value: Operand | None


AnyInstruction: TypeAlias = (
    Constant
    | Copy
    | Annotate
    | LoadGlobal
    | StoreGlobal
    | DeleteGlobal
    | LoadFree
    | StoreFree
    | DeleteLocal
    | GetAttribute
    | SetAttribute
    | DeleteAttribute
    | GetItem
    | SetItem
    | DeleteItem
    | Slice
    | Operation
    | InPlace
    | Build
    | Fill
    | Call
    | Discard
    | Await
    | Yield
    | Element
    | Enter
    | Exit
    | Catch
    | MakeFunction
    | MakeClass
    | ImportModule
    | ImportName
    | Assume
    | Return
    | Raise
)

RAISE_EXIT = -1
"""The pseudo block that an exception reaches which nothing in the function catches."""


class Edge(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """To the index of a block; ``exceptional`` where an exception is under way."""

    target: int
    exceptional: bool = False


class Block(msgspec.Struct, frozen=True, gc=False):
    """Instructions without a branch between them, what may run next, and where their exceptions go.

    ``loop`` is set on the header of a ``for`` loop (and of a comprehension's loop): the operand iterated over. The
    header's first normal edge enters the body, the second leaves the loop.
    """

    instructions: tuple[AnyInstruction, ...]
    next: tuple[Edge, ...]
    raises_to: int = RAISE_EXIT
    loop: Operand | None = None
    cleanup: bool = False
    """Belongs to a ``finally`` suite."""


class Body(msgspec.Struct, frozen=True, gc=False):
    """A control-flow graph: block 0 is the entry. A block without edges ends the function."""

    blocks: tuple[Block, ...]
