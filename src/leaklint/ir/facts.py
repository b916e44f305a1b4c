"""What one file says, as values: the outline (names, classes, functions, comments) and the bodies.

Facts are made from bytes alone. They hold no syntax tree and know no path, no setting and no second file, so that a
hash of the bytes is a sufficient key for caching them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from leaklint.ir.cfg import Body, ConstantValue
from leaklint.ir.location import Span


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """A parameter of a function, in the order of the signature.

    ``kind`` as in the standard library's ``inspect``: ``positional`` (only), ``either``, ``star`` (``*args``),
    ``keyword`` (only) or ``double_star`` (``**kwargs``). ``annotation`` is its source text, or ``""``. ``default`` is
    what the default value is, in the words of ``FileFacts.bound_calls``; ``default_names_nothing`` where no argument of
    that call names anything.
    """

    name: str
    kind: Literal["positional", "either", "star", "keyword", "double_star"]
    span: Span
    has_default: bool = False
    annotation: str = ""
    default: str = ""
    default_names_nothing: bool = False


class FunctionFacts(msgspec.Struct, frozen=True, gc=False):
    """A ``def``, ``lambda``, class body or the module body.

    ``name`` is qualified as ``__qualname__`` is, with ``<locals>`` between a function and what it defines; a lambda is
    ``<lambda:LINE:COLUMN>``, the body of class C ``C.<body>``, the module's ``<module>``; a second definition of one
    name in one scope gets ``#2``.
    """

    name: str
    span: Span
    """Of the ``def`` line up to the end of the body."""
    name_span: Span
    """Of the name in the ``def`` line (of the whole lambda)."""
    parameters: tuple[Parameter, ...] = ()
    is_async: bool = False
    is_generator: bool = False
    decorators: tuple[str, ...] = ()
    """Source text of each decorator, outermost first."""
    decorator_spans: tuple[Span, ...] = ()
    returns: str = ""
    """Source text of the return annotation, or ``""``."""
    free: tuple[str, ...] = ()
    """Names read or bound here, or further inside, that belong to an enclosing function."""
    cells: tuple[str, ...] = ()
    """Own names that inner functions use."""
    globals_bound: tuple[str, ...] = ()
    """Module-level names that this function binds or deletes through ``global``."""
    calls: tuple[str, ...] = ()
    """Last segments of all called names (``a.b.c()`` gives ``c``), sorted, without duplicates."""
    dropped_calls: tuple[str, ...] = ()
    """What is called where the result could be dropped unseen, as texts: see ``leaklint.facts.drops``."""
    looked_at: tuple[str, ...] = ()
    """What is called only where the result is tested, compared, formatted or iterated, or bound to a name that is read
    somewhere, before it could be dropped."""
    given_calls: tuple[str, ...] = ()
    """What is called where the result may be, or be part of, what is returned or yielded."""
    bindings: dict[str, tuple[str, ...]] = {}
    """Own names that such texts begin with, and ``self.x``, to the texts of all that is bound to them.

    A text that begins with ``(`` is an annotation, ``?`` is what nobody knows, ``@`` what an import here binds.
    """
    handed_calls: tuple[tuple[str, str, str], ...] = ()
    """Of each call that is a statement: its text, the position or the name of an argument, and, where that argument is
    the result of a call, the text of that one."""
    dropped_awaits: tuple[str, ...] = ()
    """Last segments of the calls that are awaited, and what that gives is dropped: a task perhaps."""
    stored_calls: tuple[tuple[str, str], ...] = ()
    """Attributes (``x`` for ``a.b.x = …``), each with the last segment of a call whose result is stored in it."""
    in_class: str | None = None
    """Qualified name of the class whose body defines this function."""
    has_await: bool = False
    """Holds ``await``, ``async for``, ``async with`` or an async comprehension of its own."""
    unbounded: bool = False
    """Holds a loop of its own that nothing seems to bound: ``while True``, ``while not stopped.is_set()``."""
    is_stub: bool = False
    """The body is only a docstring, ``...``, ``pass`` or ``raise NotImplementedError``."""


class ClassFacts(msgspec.Struct, frozen=True, gc=False):
    """A class: ``bases`` and ``decorators`` are source texts.

    ``attributes`` are the names its body binds, ``instance_attributes`` maps a name bound through the first parameter
    of a method (``self.x = …``) to the methods that do it, and ``annotations`` maps annotated names of the body to the
    source of the annotation. ``instance_annotations`` does so for ``self.x: … = …`` in methods.
    """

    name: str
    span: Span
    name_span: Span
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    methods: dict[str, str] = {}
    """Plain name of each method to its qualified name (the last definition where there are several)."""
    instance_attributes: dict[str, tuple[str, ...]] = {}
    annotations: dict[str, str] = {}
    instance_annotations: dict[str, str] = {}


class ImportFact(msgspec.Struct, frozen=True, gc=False):
    """An import anywhere in the file: ``name`` is ``""`` for ``import module``, ``*`` for a star import."""

    module: str
    name: str
    level: int
    alias: str
    """The name that is bound."""
    span: Span
    at_module_level: bool = True


class Suppression(msgspec.Struct, frozen=True, gc=False):
    """A comment that silences findings.

    ``kind``: ``noqa`` (flake8's), ``ignore`` (this statement), ``file`` (whole file), ``disable`` and ``enable``
    (from here on). ``codes`` as written; none means every code. ``line`` is that of the comment, ``span`` the comment.
    """

    kind: Literal["noqa", "ignore", "file", "disable", "enable"]
    codes: tuple[str, ...]
    reason: str
    span: Span


class Trouble(msgspec.Struct, frozen=True, gc=False):
    """Why a file, or a part of it, could not be analysed."""

    reason: str
    span: Span


class FileFacts(msgspec.Struct, frozen=True, gc=False):
    """All that one file says. ``module_names`` are the names bound at module level, in order of first binding."""

    functions: dict[str, FunctionFacts] = {}
    classes: dict[str, ClassFacts] = {}
    imports: tuple[ImportFact, ...] = ()
    module_names: dict[str, Span] = {}
    """Module-level names to the place of their first binding."""
    literals: dict[str, ConstantValue] = {}
    """Module-level names bound exactly once, to a constant."""
    bound_calls: dict[str, str] = {}
    """Module-level names to what the last plain assignment to them (``name = …``, annotated or not, one target) binds.

    ``f()`` for a call of ``f`` with whatever arguments (``app = func.FunctionApp(auth=X)`` gives
    ``func.FunctionApp()``), the text of a name or dotted name as it is (``handler = app.lambda_handler``), the key in
    ``functions`` of a lambda.
    Other expressions, and callees of more than 80 characters, are left out.
    """
    made_otherwise: tuple[str, ...] = ()
    """Module-level names whose last plain assignment binds what a call gives, or an attribute of that, where
    ``bound_calls`` leaves it out: ``compose(log)(run)``, ``Service().handle``."""
    annotated_types: dict[str, str] = {}
    """Module-level names to the text of the ``Annotated[...]`` that a plain assignment binds to them."""
    dotted_strings: dict[str, tuple[str, ...]] = {}
    """Strings at module level that look like dotted names, by what they belong to: the name or constant key that
    they are bound to, alone or in a list, or the last segment of the callee that they are given to
    (``include("shop.urls")``)."""
    all_names: tuple[str, ...] | None = None
    """``__all__`` where it is a literal."""
    global_writers: dict[str, tuple[str, ...]] = {}
    """Module-level names to the functions that bind them through ``global``."""
    unread: tuple[str, ...] = ()
    """Module-level names that nothing in the file reads, sorted."""
    attributes_read: tuple[str, ...] = ()
    """Names of all attributes that are read anywhere in the file, sorted."""
    passed: tuple[str, ...] = ()
    """Names and attributes that are read anywhere in the file other than to be called, sorted."""
    suppressions: tuple[Suppression, ...] = ()
    statements: tuple[tuple[int, int], ...] = ()
    """First and last line of each statement of several lines that is not a block (for suppressions)."""
    multiline_strings: tuple[tuple[int, int], ...] = ()
    """First and last line of each string or backslash continuation of several lines that holds a ``noqa``."""
    bodies: dict[str, Body] = {}
    """Control-flow graphs by function name; lowered on demand (see ``leaklint.facts.extract``)."""
    troubles: tuple[Trouble, ...] = ()


def decorator_name(text: str) -> str:
    """The last part of the name of a decorator, by its source text: ``setter`` of ``size.setter``."""
    return text.partition("(")[0].rpartition(".")[2].strip()


def is_property(function: FunctionFacts) -> bool:
    """Whether a decorator makes a property of a function, by its name: ``cached_property`` as well."""
    return any(decorator_name(text).endswith("property") for text in function.decorators)


def is_class_method(function: FunctionFacts) -> bool:
    """Whether a decorator makes a class method of a function, by its name: ``abstractclassmethod`` as well."""
    return any(decorator_name(text).endswith("classmethod") for text in function.decorators)


def is_used_by_with(function: FunctionFacts) -> bool:
    """Whether a decorator makes a context manager of a generator, by its name: ``asynccontextmanager`` as well."""
    return any(decorator_name(text).endswith("contextmanager") for text in function.decorators)


def same(one: Any, other: Any) -> bool:
    """Whether two values in an outline are the same but for places, in the same order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Span):
        return True
    if isinstance(one, msgspec.Struct):
        return all(same(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__)
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
