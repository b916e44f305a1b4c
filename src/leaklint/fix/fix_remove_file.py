"""A file or folder under the folder for temporary files is removed in a ``finally`` (LK110)."""

from __future__ import annotations

import ast

from leaklint.fix.names import member, module
from leaklint.fix.plan import Change, Enclose, Import, NoFix, Plan, fix, plan
from leaklint.fix.project import Project
from leaklint.fix.tails import in_handler
from leaklint.fix.travels import names_of_file
from leaklint.fix.tree import Function, Tree, dotted
from leaklint.fix.waits import alone, at_the_end, finally_after, span_of
from leaklint.ir.finding import Finding

_FOLDERS = ("extractall", "makedirs", "mkdir", "mkdtemp", "copytree", "unpack_archive")
_LOOKS = ("basename", "exists", "getsize", "is_file", "isfile", "len", "read_bytes", "read_text", "stat")
"""What an answer may ask of a file that is removed right after."""
_TEMPORARY = ("tempfile.gettempdir", "tempfile.gettempprefix")


@fix("remove-file")
def make(finding: Finding, project: Project) -> Plan:
    tree = project.tree(finding.place.path)
    node = tree.at(finding.place.span)
    function = tree.function(node) if node is not None else None
    if not isinstance(node, ast.Call) or function is None:
        raise NoFix("it is made by no call in a function")
    if finding.hint.operation == "mkdtemp":
        return _with_folder(finding, tree, node, function)
    statement = tree.statement(node)
    if finding.hint.operation == "mkstemp":
        return _after_mkstemp(finding, tree, node, statement, function)
    if finding.hint.operation == "NamedTemporaryFile":
        return _after_named(finding, tree, node, statement, function)
    if finding.hint.operation == "make_archive":
        raise NoFix("the file gets an ending that its name does not have")
    path = _path_of(tree, node, function)
    first = _first_to_enclose(tree, path, statement, function)
    closing, imports = _removal(tree, finding, path, function)
    block = list(tree.block(first))
    rest = block[block.index(first) :]
    alone(tree, *rest)
    names = {each.id for each in ast.walk(path) if isinstance(each, ast.Name)}
    if isinstance(path, ast.Name):
        names = names_of_file(tree, function, path.id, rest)
    safe = _stays_here(tree, finding, function, names)
    enclose = Enclose(span_of(tree, rest), f"try:\n    ...\nfinally:\n    {closing}")
    return plan(finding, [enclose, *imports], safe=safe)


# ------------------------------------------------------------------------------------------------- files with a name
def _path_of(tree: Tree, node: ast.Call, function: Function) -> ast.expr:
    """The expression that names the file: the one argument, or the receiver, that lies in the temporary folder."""
    candidates = [*node.args, *(each.value for each in node.keywords)]
    if isinstance(node.func, ast.Attribute):
        candidates.append(node.func.value)
    found = [each for each in candidates if _is_temporary(tree, each, function)]
    if len(found) != 1:
        raise NoFix("it is not clear which argument names the file")
    return found[0]


def _is_temporary(tree: Tree, node: ast.expr, function: Function, depth: int = 0) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return text.startswith(("/tmp/", "/var/tmp/")) or text == "/tmp"
        case ast.JoinedStr(values=[first, *_]):
            inner = first.value if isinstance(first, ast.FormattedValue) else first
            return _is_temporary(tree, inner, function, depth)
        case ast.BinOp(left=left, op=ast.Add() | ast.Div() | ast.Mod()):
            return _is_temporary(tree, left, function, depth)
        case ast.Call(func=ast.Attribute(value=left, attr="format" | "joinpath")):
            return _is_temporary(tree, left, function, depth)
        case ast.Call(args=[first, *_]) if dotted(node.func).rpartition(".")[2] in ("Path", "join", "str", "joinpath"):
            return _is_temporary(tree, first, function, depth)
        case ast.Call():
            return tree.full_name(node.func) in _TEMPORARY
        case ast.Name(id=name) if depth < 5:
            made = _assignment(tree, function, name)
            return made is not None and _is_temporary(tree, made.value, function, depth + 1)
    return False


def _assignment(tree: Tree, function: Function, name: str) -> ast.Assign | None:
    """The only assignment of a local name."""
    stores = [each for each in tree.uses(function, name) if not isinstance(each.ctx, ast.Load)]
    made = tree.parents[stores[0]] if len(stores) == 1 else None
    return made if isinstance(made, ast.Assign) and made.targets == stores else None


def _first_to_enclose(tree: Tree, path: ast.expr, statement: ast.stmt, function: Function) -> ast.stmt:
    """The statement from which on, to the end of its block, the file may be used."""
    if isinstance(path, ast.Name):
        made = _assignment(tree, function, path.id)
        following = tree.after(made) if made is not None else ()
        if not following:
            raise NoFix("the name of the file is made in another block than the file")
        return following[0]
    outer = statement
    for each in tree.above(statement):
        if each is function:
            break
        if isinstance(each, ast.stmt):
            outer = each
    if outer not in function.body:
        raise NoFix("the file is made in an inner function")
    start = function.body.index(outer)
    before = {name.arg for name in [*function.args.args, *function.args.kwonlyargs, *function.args.posonlyargs]}
    for each in function.body[:start]:
        before |= {name.id for name in ast.walk(each) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    for each in function.body[start:]:
        for name in ast.walk(each):
            if isinstance(name, ast.Name) and not isinstance(name.ctx, ast.Load):
                before.discard(name.id)
    known = before | _module_names(tree)
    if any(isinstance(each, ast.Name) and each.id not in known for each in ast.walk(path)):
        return _within_block(tree, path, statement, function, known)
    if any(isinstance(each, ast.Call) and tree.full_name(each.func) not in _STEADY for each in ast.walk(path)):
        raise NoFix("what names the file may be another name the next time")
    return outer


def _within_block(tree: Tree, path: ast.expr, statement: ast.stmt, function: Function, known: set[str]) -> ast.stmt:
    """The statement that makes the file, where nothing behind its block knows what the file is called."""
    rest = [statement, *tree.after(statement)]
    inside = {node for each in rest for node in ast.walk(each)}
    for name in {each.id for each in ast.walk(path) if isinstance(each, ast.Name)} - known:
        for use in tree.uses(function, name):
            if use in inside and not isinstance(use.ctx, ast.Load):
                raise NoFix("the name of the file changes after the file is made")
            if use not in inside and (use.lineno, use.col_offset) > (statement.lineno, statement.col_offset):
                raise NoFix("the file may be used behind the block in which it is made")
    return statement


_STEADY = (*_TEMPORARY, "os.path.join", "str", "pathlib.Path", "os.path.basename")


def _module_names(tree: Tree) -> set[str]:
    found = {"str"}
    for statement in tree.module.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found |= {(each.asname or each.name).partition(".")[0] for each in statement.names}
        elif isinstance(statement, ast.Assign):
            found |= {each.id for each in statement.targets if isinstance(each, ast.Name)}
    return found


def _removal(tree: Tree, finding: Finding, path: ast.expr, function: Function) -> tuple[str, list[Import]]:
    text = tree.text_of(path)
    if finding.hint.operation in _FOLDERS:
        shutil, imports = module(tree, "shutil")
        return f"{shutil}.rmtree({text}, ignore_errors=True)", imports
    name, imports = member(tree, "pathlib", "Path")
    if _is_path_object(tree, path, function):
        text = text if isinstance(path, ast.Name | ast.Attribute | ast.Call) else f"({text})"
        return f"{text}.unlink(missing_ok=True)", []
    return f"{name}({text}).unlink(missing_ok=True)", imports


def _is_path_object(tree: Tree, path: ast.expr, function: Function) -> bool:
    if isinstance(path, ast.Name):
        made = _assignment(tree, function, path.id)
        return made is not None and _is_path_object(tree, made.value, function)
    if isinstance(path, ast.BinOp) and isinstance(path.op, ast.Div):
        return True
    return isinstance(path, ast.Call) and dotted(path.func).rpartition(".")[2] in ("Path", "joinpath")


def _stays_here(tree: Tree, finding: Finding, function: Function, names: set[str]) -> bool:
    """Whether nobody can ask for the file after the function; raises where a caller does."""
    handler = in_handler(finding)
    safe = True
    for each in tree.own_nodes(function):
        if not isinstance(each, ast.Return | ast.Yield | ast.YieldFrom) or each.value is None:
            continue
        inside = [name for name in ast.walk(each.value) if isinstance(name, ast.Name) and name.id in names]
        if inside and not handler and not isinstance(each.value, ast.Call):
            raise NoFix("the name of the file goes to the caller, who may use it")
        for name in inside:
            held = tree.parents[name]
            # the platform cannot use a name that is a part of the answer, and a call may keep it
            if isinstance(held, ast.Call) and name in held.args:
                safe = safe and dotted(held.func).rpartition(".")[2] in _LOOKS
    return safe


# -------------------------------------------------------------------------------------------------- module tempfile
def _with_folder(finding: Finding, tree: Tree, node: ast.Call, function: Function) -> Plan:
    statement = tree.statement(node)
    if not isinstance(statement, ast.Assign) or statement.value is not node or len(statement.targets) != 1:
        raise NoFix("no name is bound to the folder")
    name = dotted(statement.targets[0])
    rest = list(tree.after(statement))
    if not name or "." in name or not rest:
        raise NoFix("no local name is bound to the folder")
    safe = _stays_here(tree, finding, function, names_of_file(tree, function, name, rest))
    alone(tree, statement, *rest)
    written = dotted(node.func)
    changes: list[Change] = []
    if written == "mkdtemp":
        maker, imports = member(tree, "tempfile", "TemporaryDirectory")
        changes += imports
    else:
        maker = f"{written.removesuffix('mkdtemp')}TemporaryDirectory"
    made = tree.text_with(node, (node.func, maker))
    return plan(
        finding,
        [
            Enclose(span_of(tree, [statement, *rest]), f"with {made} as {name}:\n    ...", head=tree.span(statement)),
            *changes,
        ],
        safe=safe,
    )


def _after_mkstemp(finding: Finding, tree: Tree, node: ast.Call, statement: ast.stmt, function: Function) -> Plan:
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=[_, ast.Name(id=name)])], value=value) if value is node:
            pass
        case _:
            raise NoFix("the name of the file is not bound to a name of its own")
    names = names_of_file(tree, function, name, list(tree.after(statement)) or [statement])
    safe = _stays_here(tree, finding, function, names)
    closing, imports = _unlink(tree, function, name)
    return plan(finding, [finally_after(tree, statement, closing), *imports], safe=safe)


def _unlink(tree: Tree, function: Function, name: str) -> tuple[str, list[Import]]:
    """The removal of a file that exists for certain, unless something else removes it."""
    for each in tree.own_nodes(function):
        if isinstance(each, ast.Call) and dotted(each.func).rpartition(".")[2] in ("remove", "unlink"):
            raise NoFix("the file is removed on some paths already")
    os, imports = module(tree, "os")
    return f"{os}.unlink({name})", imports


def _after_named(finding: Finding, tree: Tree, node: ast.Call, statement: ast.stmt, function: Function) -> Plan:
    name = ""
    match statement:
        case ast.With(items=[ast.withitem(context_expr=value, optional_vars=ast.Name(id=name))]) if value is node:
            pass
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            pass
        case _:
            raise NoFix("no name is bound to the file")
    names = names_of_file(tree, function, name, [statement, *tree.after(statement)])
    safe = _stays_here(tree, finding, function, names)
    closing, imports = _unlink(tree, function, f"{name}.name")
    if isinstance(statement, ast.With):
        return plan(finding, [at_the_end(tree, statement, closing), *imports], safe=safe)
    return plan(finding, [finally_after(tree, statement, closing), *imports], safe=safe)
