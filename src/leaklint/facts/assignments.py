"""What assignments at module level bind names to, as short texts."""

from __future__ import annotations

import ast
import re

from leaklint.facts.positions import Positions

LONGEST_CALLEE = 80


def bound_calls(assigned: Assigned, positions: Positions) -> dict[str, str]:
    """What plain assignments at module level bind names to, as short text."""
    found: dict[str, str] = {}
    for name, value in assigned:
        text = short(value, positions)
        if text:
            found[name] = text
        else:
            found.pop(name, None)
    return found


def made_otherwise(assigned: Assigned, positions: Positions) -> tuple[str, ...]:
    """The names that plain assignments at module level bind to what a call gives, where no short text says which."""
    last = dict(assigned)
    return tuple(name for name, value in last.items() if _is_of_call(value) and not short(value, positions))


def _is_of_call(value: ast.expr) -> bool:
    while isinstance(value, ast.Attribute):
        value = value.value
    return isinstance(value, ast.Call)


def annotated_types(assigned: Assigned, positions: Positions) -> dict[str, str]:
    """Which names plain assignments at module level bind to ``Annotated[...]``, with its text."""
    return {
        name: positions.text(value)
        for name, value in assigned
        if isinstance(value, ast.Subscript) and dotted(value.value).rpartition(".")[2] == "Annotated"
    }


Assigned = list[tuple[str, ast.expr]]


def plain_assignments(statements: list[ast.stmt]) -> Assigned:
    """The names that are bound at module level by assignments with one target, and to what."""
    found: Assigned = []
    for statement in statements:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        else:
            continue
        if isinstance(target, ast.Name):
            found.append((target.id, value))
    return found


def at_module_level(tree: ast.Module) -> list[ast.stmt]:
    """The simple statements and definitions at module level, those under ``if``, ``try`` and ``with`` included."""
    found: list[ast.stmt] = []
    pending: list[ast.stmt] = tree.body[::-1]
    while pending:
        statement = pending.pop()
        if isinstance(statement, (ast.If, ast.Try, ast.With)):
            parts = [statement.body, *(getattr(statement, name, []) for name in ("orelse", "finalbody"))]
            parts[1:1] = [handler.body for handler in getattr(statement, "handlers", [])]
            pending += [each for part in parts for each in part][::-1]
        else:
            found.append(statement)
    return found


_DOTTED_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def dotted_strings(statements: list[ast.stmt]) -> dict[str, tuple[str, ...]]:
    """Strings at module level that look like dotted names, by what they are bound to or given to."""
    found: dict[str, list[str]] = {}
    pending: list[tuple[str, ast.expr]] = []
    for statement in statements:
        if isinstance(statement, ast.Expr):
            pending.append(("", statement.value))
        elif isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            owner = target.id if isinstance(target, ast.Name) else ""
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                owner = str(target.slice.value)
            pending.append((owner, statement.value))
        while pending:
            owner, value = pending.pop()
            if isinstance(value, ast.Constant):
                if owner and isinstance(value.value, str) and _DOTTED_NAME.fullmatch(value.value):
                    found.setdefault(owner, []).append(value.value)
            elif isinstance(value, (ast.List, ast.Tuple)):
                pending += [(owner, each) for each in reversed(value.elts)]
            elif isinstance(value, ast.BinOp):
                pending += [(owner, value.right), (owner, value.left)]
            elif isinstance(value, ast.Call):
                callee = dotted(value.func).rpartition(".")[2]
                given = [*value.args, *(each.value for each in value.keywords)]
                pending += [(callee, each) for each in reversed(given)]
    return {owner: tuple(found[owner]) for owner in sorted(found)}


def short(value: ast.expr | None, positions: Positions) -> str:
    if isinstance(value, ast.Lambda):
        span = positions.span(value)
        return f"<lambda:{span.line}:{span.column}>"
    if isinstance(value, ast.Call):
        callee = dotted(value.func)
        return f"{callee}()" if callee and len(callee) <= LONGEST_CALLEE else ""
    return dotted(value)


def dotted(value: ast.expr | None) -> str:
    names: list[str] = []
    while isinstance(value, ast.Attribute):
        names.append(value.attr)
        value = value.value
    return ".".join([value.id, *reversed(names)]) if isinstance(value, ast.Name) else ""
