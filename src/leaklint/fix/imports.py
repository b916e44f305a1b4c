"""Imports at the top of a file are added and taken away, in the order in which the file has them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import libcst as cst

Line = cst.SimpleStatementLine | cst.BaseCompoundStatement


def with_import(module: cst.Module, name: str, member: str = "") -> cst.Module:
    """The module with ``import name`` or ``from name import member`` at its top."""
    body = list(module.body)
    if member:
        for position, line in enumerate(body):
            found = _from(line, name)
            if found is not None and isinstance(found.names, Sequence):
                if any(alias.evaluated_name == member for alias in found.names):
                    return module
                body[position] = line.deep_replace(found, _with_member(found, member))  # type: ignore[arg-type]
                return module.with_changes(body=body)
    elif any(_plainly(line) == name for line in body):
        return module
    if not any(map(_is_import, body)):
        module = module.with_changes(header=_without_blank_end(module.header))
    text = f"from {name} import {member}\n" if member else f"import {name}\n"
    fresh = cst.parse_module(text, module.config_for_parsing).body[0]
    position = _place(body, name, bool(member))
    alone = _starts_a_group(body, position, name)
    blank = cst.EmptyLine(indent=False)
    following = body[position] if position < len(body) else None
    if following is not None and _is_import(following) and (_is_first(body, position) or alone):
        # what stood before the first import stands before the new first one
        fresh = fresh.with_changes(leading_lines=following.leading_lines)
        body[position] = following.with_changes(leading_lines=[blank] if alone else ())
    elif position and _is_future(body[position - 1]):
        fresh = fresh.with_changes(leading_lines=[blank])
    elif not any(map(_is_import, body)):
        if position > 0 or module.header:
            fresh = fresh.with_changes(leading_lines=[blank])
        if following is not None:
            wanted = 2 if isinstance(following, cst.FunctionDef | cst.ClassDef) else 1
            empty = [line for line in following.leading_lines if line.comment is None]
            missing = max(wanted - len(empty), 0)
            body[position] = following.with_changes(leading_lines=[*[blank] * missing, *following.leading_lines])
    body.insert(position, fresh)
    return module.with_changes(body=body)


def _without_blank_end(header: Sequence[cst.EmptyLine]) -> Sequence[cst.EmptyLine]:
    """The comments at the top of a file without the blank lines behind them."""
    kept = list(header)
    while kept and kept[-1].comment is None:
        kept.pop()
    return kept


def _starts_a_group(body: Sequence[Line], position: int, name: str) -> bool:
    """Whether an import of the standard library comes before foreign ones, which stand in a group of their own."""
    return (
        position < len(body)
        and _is_import(body[position])
        and _is_first(body, position)
        and _is_standard(name)
        and not _is_standard(_module_of(_only(body[position])))
    )


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def without_import(module: cst.Module, name: str) -> cst.Module:
    """The module without the import that binds a name at its top."""
    body = list(module.body)
    for position, line in enumerate(body):
        statement = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
        if not isinstance(statement, cst.Import | cst.ImportFrom) or not isinstance(statement.names, Sequence):
            continue
        kept = [alias for alias in statement.names if _bound(alias) != name]
        if len(kept) == len(statement.names):
            continue
        if kept:
            kept[-1] = kept[-1].with_changes(comma=statement.names[-1].comma)
            body[position] = line.deep_replace(statement, statement.with_changes(names=kept))  # type: ignore[arg-type]
        else:
            del body[position]
            if position < len(body):
                body[position] = _moved_up(body[position], line, first=position == 0 and not module.header)
        return module.with_changes(body=body)
    return module


def _moved_up(following: Line, gone: Line, *, first: bool) -> Line:
    """What followed an import takes over the lines before it; a file does not begin with blank ones."""
    leading = list(following.leading_lines)
    if gone.leading_lines and (not leading or _is_import(following)):
        leading = list(gone.leading_lines)
    while first and leading and leading[0].comment is None:
        del leading[0]
    return following.with_changes(leading_lines=leading)


def _bound(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


def _from(line: cst.CSTNode, name: str) -> cst.ImportFrom | None:
    match line:
        case cst.SimpleStatementLine(body=[cst.ImportFrom(module=cst.Name() | cst.Attribute(), relative=()) as found]):
            assert found.module is not None
            return found if _dotted(found.module) == name else None
    return None


def _plainly(line: cst.CSTNode) -> str:
    match line:
        case cst.SimpleStatementLine(body=[cst.Import(names=[cst.ImportAlias(asname=None) as alias])]):
            return alias.evaluated_name
    return ""


def _dotted(node: cst.BaseExpression) -> str:
    names: list[str] = []
    while isinstance(node, cst.Attribute):
        names.append(node.attr.value)
        node = node.value
    return ".".join([node.value, *reversed(names)]) if isinstance(node, cst.Name) else ""


def _with_member(found: cst.ImportFrom, member: str) -> cst.ImportFrom:
    """One more name, in its alphabetical place where the names are sorted."""
    assert isinstance(found.names, Sequence)
    names = list(found.names)
    listed = [alias.evaluated_name for alias in names]
    key = str.lower
    position = len(names)
    if listed == sorted(listed, key=key) or listed == sorted(listed):
        order = key if listed == sorted(listed, key=key) else str
        position = next((at for at, each in enumerate(listed) if order(each) > order(member)), len(names))
    fresh = cst.ImportAlias(name=cst.Name(member))
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if position == len(names):
        last = names[-1]
        if isinstance(last.comma, cst.Comma):
            before = names[-2].comma if len(names) > 1 else last.comma
            names[-1] = last.with_changes(comma=before)
            names.append(fresh.with_changes(comma=last.comma))
        else:
            names[-1] = last.with_changes(comma=comma)
            names.append(fresh)
    else:
        follows = names[position - 1].comma if position else names[0].comma
        names.insert(position, fresh.with_changes(comma=follows if isinstance(follows, cst.Comma) else comma))
    return found.with_changes(names=names)


def _is_import(line: cst.CSTNode) -> bool:
    match line:
        case cst.SimpleStatementLine(body=[cst.Import() | cst.ImportFrom()]):
            return True
    return False


def _is_first(body: Sequence[Line], position: int) -> bool:
    return not any(map(_is_import, body[:position]))


def _is_future(line: cst.CSTNode) -> bool:
    return _from(line, "__future__") is not None


def _place(body: Sequence[Line], name: str, member: bool) -> int:
    """Where the import goes: among those of its kind in the first group, in the order of the alphabet."""
    start = 0
    if body and _is_text(body[0]):
        start = 1
    while start < len(body) and _is_future(body[start]):
        start += 1
    end = start
    while end < len(body) and _is_import(body[end]):
        if end > start and any(line.comment is None for line in body[end].leading_lines):
            break
        end += 1
    group = list(range(start, end))
    plain = [at for at in group if isinstance(_only(body[at]), cst.Import)]
    listed = [at for at in group if isinstance(_only(body[at]), cst.ImportFrom)]
    if _is_standard(name) and group and not any(_is_standard(_module_of(_only(body[at]))) for at in group):
        return start
    standard = [at for at in group if _is_standard(_module_of(_only(body[at])))]
    if _is_standard(name) and standard:
        plain = [at for at in plain if at in standard]
        listed = [at for at in listed if at in standard]
        start, end = standard[0], standard[-1] + 1
    kind = listed if member else plain
    for at in kind:
        if _module_of(_only(body[at])) > name:
            return at
    if kind:
        return kind[-1] + 1
    if member:
        return end
    return start


def _only(line: cst.CSTNode) -> cst.CSTNode:
    assert isinstance(line, cst.SimpleStatementLine)
    return line.body[0]


def _module_of(statement: cst.CSTNode) -> str:
    if isinstance(statement, cst.Import):
        return statement.names[0].evaluated_name
    if isinstance(statement, cst.ImportFrom) and statement.module is not None and not statement.relative:
        return _dotted(statement.module)
    return "~"


def _is_text(line: cst.CSTNode) -> bool:
    match line:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString())]):
            return True
    return False
