"""The outline of a file: its functions, classes, imports and module-level names, made from the walk over its tree."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from leaklint.facts.assignments import plain_assignments, short
from leaklint.facts.bindings import bindings
from leaklint.facts.drops import last_name, never_used, overwritten
from leaklint.facts.expressions import literal_value
from leaklint.facts.positions import Positions
from leaklint.facts.scopes import Kind, Scope
from leaklint.facts.walk import Walk
from leaklint.ir.cfg import ConstantValue
from leaklint.ir.facts import ClassFacts, FunctionFacts, Parameter
from leaklint.ir.location import Span


def function_facts(scope: Scope, positions: Positions) -> FunctionFacts:
    """The facts of a function, lambda, class body or module body, without its graph."""
    node = scope.node
    results = _results(scope)
    if scope.kind is Kind.FUNCTION and scope.parent is not None:
        owner = scope.class_name
        span = positions.span(node)
        plain_lambda = type(node) is ast.Lambda
        return FunctionFacts(
            name=scope.name,
            span=span,
            name_span=span if plain_lambda else positions.name_span(node),
            parameters=_parameters(node.args, positions),
            is_async=type(node) is ast.AsyncFunctionDef,
            is_generator=scope.is_generator,
            decorators=() if plain_lambda else tuple([positions.text(each) for each in node.decorator_list]),
            decorator_spans=() if plain_lambda else tuple([positions.span(each) for each in node.decorator_list]),
            returns="" if plain_lambda or node.returns is None else positions.text(node.returns),
            free=_sorted(scope.free.values()),
            cells=_sorted(scope.cells),
            globals_bound=tuple(sorted(scope.globals & scope.bound.keys())) if scope.globals else (),
            calls=_sorted(scope.calls),
            dropped_calls=results.dropped,
            looked_at=results.looked_at,
            given_calls=results.given,
            dropped_awaits=_names(scope, scope.awaited),
            stored_calls=_stored(scope),
            handed_calls=_handed(scope),
            bindings=bindings(scope, _looked_up(scope, results), positions),
            in_class=owner,
            has_await=scope.has_await,
            unbounded=scope.unbounded,
            is_stub=not plain_lambda and _is_stub(node.body),
        )
    is_module = scope.kind is Kind.MODULE
    return FunctionFacts(
        name=scope.name,
        span=positions.whole() if is_module else positions.span(node),
        name_span=Span(1, 1, 1, 1) if is_module else positions.name_span(node),
        is_generator=scope.is_generator,
        free=_sorted(scope.free.values()),
        cells=_sorted(scope.cells),
        globals_bound=tuple(sorted(scope.globals & scope.bound.keys())),
        calls=_sorted(scope.calls),
        dropped_calls=results.dropped,
        looked_at=results.looked_at,
        given_calls=results.given,
        dropped_awaits=_names(scope, scope.awaited),
        stored_calls=_stored(scope),
        handed_calls=_handed(scope),
        bindings=bindings(scope, _looked_up(scope, results), positions),
        has_await=scope.has_await,
    )


def _sorted(names: Collection[str]) -> tuple[str, ...]:
    """Names without duplicates; most functions have none of most kinds."""
    return tuple(sorted(set(names))) if names else ()


def _stored(scope: Scope) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(attribute, last_name(call)) for attribute, call in scope.stored})) if scope.stored else ()


def _handed(scope: Scope) -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted(scope.handed)) if scope.handed else ()


def _looked_up(scope: Scope, results: _Results) -> tuple[str, ...]:
    """The texts of calls that somebody may ask for."""
    handed = [text for call, _, inner in scope.handed for text in (call, inner)] if scope.handed else ()
    return (*results.dropped, *results.looked_at, *results.given, *handed)


class _Results(NamedTuple):
    """The calls of a function by what becomes of their results."""

    dropped: tuple[str, ...]
    """They could be dropped unseen."""
    looked_at: tuple[str, ...]
    """They are looked at, or may be, before they could be dropped; all of them."""
    given: tuple[str, ...]
    """They could be given to the caller."""


def _results(scope: Scope) -> _Results:
    dropped, looked_at, given = scope.dropped, scope.looked_at, scope.returned
    if scope.assigned and scope.kind is not Kind.CLASS:
        elsewhere = scope.globals | scope.nonlocals
        own = [pair for pair in scope.assigned if pair[0] not in elsewhere] if elsewhere else scope.assigned
        dropped = dropped.union(never_used(own, scope.read))
        looked_at = looked_at.union(overwritten(own, scope.rebound)) if scope.rebound else looked_at
    if scope.returned_names:
        given = given.union(call for name, call in scope.assigned if name in scope.returned_names)
    return _Results(_known(scope, dropped), _known(scope, looked_at - dropped), _known(scope, given))


def _known(scope: Scope, calls: Collection[str]) -> tuple[str, ...]:
    """What is called, but for parameters: outside of handlers, nobody knows what these are."""
    if not calls:
        return ()
    return tuple(sorted({call for call in calls if not call.isidentifier() or not _is_parameter(scope, call)}))


def _names(scope: Scope, calls: Collection[str]) -> tuple[str, ...]:
    if not calls:
        return ()
    return tuple(sorted({last_name(call) for call in _known(scope, calls)}))


def _is_parameter(scope: Scope, name: str) -> bool:
    """Whether a name is a parameter, here or of a function around, of which nothing says that its result is awaited."""
    owner: Scope | None = scope
    while owner is not None and owner.kind is not Kind.MODULE:
        if owner.owns(name):
            bound = owner.bound.get(name)  # nobody binds the `__class__` of a class
            if type(bound) is not ast.arg or name in owner.rebound:
                return False
            return bound.annotation is None or not any(map(_is_of_awaitable, ast.walk(bound.annotation)))
        owner = owner.parent
    return False


def _is_of_awaitable(node: ast.AST) -> bool:
    """Whether a part of an annotation names what can be awaited, as it is or within quotes."""
    said = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "value", None)
    return isinstance(said, str) and ("Awaitable" in said or "Coroutine" in said)


def _parameters(arguments: ast.arguments, positions: Positions) -> tuple[Parameter, ...]:
    span, text = positions.span, positions.text
    found: list[Parameter] = []

    def add(argument: ast.arg, kind: Any, default: ast.expr | None) -> None:
        annotation = "" if argument.annotation is None else text(argument.annotation)
        made = short(default, positions) if default is not None else ""
        bare = isinstance(default, ast.Call) and _names_nothing(default)
        found.append(Parameter(argument.arg, kind, span(argument), default is not None, annotation, made, bare))

    plain = arguments.posonlyargs + arguments.args
    first_default = len(plain) - len(arguments.defaults)
    only = len(arguments.posonlyargs)
    for index, argument in enumerate(plain):
        default = arguments.defaults[index - first_default] if index >= first_default else None
        add(argument, "positional" if index < only else "either", default)
    if arguments.vararg is not None:
        add(arguments.vararg, "star", None)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        add(argument, "keyword", default)
    if arguments.kwarg is not None:
        add(arguments.kwarg, "double_star", None)
    return tuple(found)


def _names_nothing(call: ast.Call) -> bool:
    """Whether the arguments of a call are made of constants alone, if there are any."""
    given = [*call.args, *(each.value for each in call.keywords)]
    return not any(isinstance(part, (ast.Name, ast.Lambda)) for value in given for part in ast.walk(value))


def _is_stub(body: list[ast.stmt]) -> bool:
    return all(_says_nothing(statement) for statement in body)


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Raise):
        error = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(error, ast.Name) and error.id == "NotImplementedError"
    return isinstance(statement, ast.Pass)


def classes(walk: Walk, positions: Positions) -> dict[str, ClassFacts]:
    """The facts of all classes, in the order of their places."""
    methods: dict[str, dict[str, str]] = {}
    attributes: dict[str, dict[str, list[str]]] = {}
    annotations: dict[str, dict[str, str]] = {}
    for scope in walk.scopes:
        if scope.kind is not Kind.FUNCTION or scope.class_name is None or type(scope.node) is ast.Lambda:
            continue
        methods.setdefault(scope.class_name, {})[scope.node.name] = scope.name
        bound = attributes.setdefault(scope.class_name, {})
        for name in scope.instance_attributes:
            bound.setdefault(name, []).append(scope.name)
        for name, annotation in scope.instance_annotations.items():
            annotations.setdefault(scope.class_name, {})[name] = positions.text(annotation)
    found = [
        _class_facts(scope, methods, attributes, annotations, positions)
        for scope in walk.scopes
        if scope.kind is Kind.CLASS
    ]
    return {each.name: each for each in sorted(found, key=lambda each: each.span)}


def _class_facts(
    scope: Scope,
    methods: dict[str, dict[str, str]],
    attributes: dict[str, dict[str, list[str]]],
    annotations: dict[str, dict[str, str]],
    positions: Positions,
) -> ClassFacts:
    node: ast.ClassDef = scope.node
    name = scope.class_name or node.name
    text = positions.text
    return ClassFacts(
        name=name,
        span=positions.span(node),
        name_span=positions.name_span(node),
        bases=tuple([text(base) for base in node.bases]),
        decorators=tuple([text(decorator) for decorator in node.decorator_list]),
        keywords=tuple([text(keyword) for keyword in node.keywords]),
        attributes=tuple([bound for bound in scope.bound if bound not in scope.globals]),
        methods=methods.get(name, {}),
        instance_attributes={key: tuple(value) for key, value in attributes.get(name, {}).items()},
        annotations={target: text(annotation) for target, annotation in _annotations(node.body)},
        instance_annotations=annotations.get(name, {}),
    )


def _annotations(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.annotation


def module_names(module: Scope, positions: Positions) -> dict[str, Span]:
    """Module-level names with the place of their first binding, in this order."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        name: positions.name_span(node) if isinstance(node, definitions) else positions.span(node)
        for name, node in module.bound.items()
    }


def global_writers(walk: Walk) -> dict[str, tuple[str, ...]]:
    """Module-level names with the functions that bind them through ``global``."""
    writers: dict[str, list[str]] = {}
    for scope in walk.scopes:
        for name in scope.globals & scope.bound.keys():
            writers.setdefault(name, []).append(scope.name)
    return {name: tuple(sorted(writers[name])) for name in sorted(writers)}


def literals(
    tree: ast.Module, module: Scope, writers: dict[str, tuple[str, ...]], positions: Positions
) -> dict[str, ConstantValue]:
    """Module-level names that are bound once in the whole file, to a literal."""
    found: dict[str, ConstantValue] = {}
    for name, value in plain_assignments(tree.body):
        if name in module.rebound or name in writers:
            continue
        negative = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub)
        number = value.operand if isinstance(value, ast.UnaryOp) and negative else value
        if isinstance(number, ast.Constant) and (number.value is None or isinstance(number.value, (str, int, float))):
            literal = literal_value(number, positions)
            if not negative:
                found[name] = literal
            elif isinstance(literal, (int, float)):
                found[name] = -literal
    return found


def all_names(tree: ast.Module) -> tuple[str, ...] | None:
    """The names in ``__all__``, where it is a literal and nothing else is done to it."""
    names: tuple[str, ...] | None = None
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            continue
        if not isinstance(value, (ast.List, ast.Tuple)):
            return None
        constants = [each.value for each in value.elts if isinstance(each, ast.Constant)]
        listed = tuple([each for each in constants if isinstance(each, str)])
        if len(listed) != len(value.elts):
            return None
        names = (names or ()) + listed if isinstance(statement, ast.AugAssign) else listed
    return names
